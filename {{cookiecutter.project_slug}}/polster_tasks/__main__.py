"""The command line: arguments in, one call, exit status out.

Exit status 0: done. 1: findings, or the project refuses. 2: the command line alone is
unacceptable. 130: interrupted. Results go to stdout, everything else to stderr.
"""

import os
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path

from . import __version__
from .layers import LAYERS
from .project import Project, Refusal, UsageError, open_project

ADD = """\
On a terminal, what is missing is asked for. Off a terminal it is an error, exit 2. For example:
add-asset --layer silver --name orders --dependencies raw_orders --description "Clean orders"
"""
REMOVE = """\
Removes the asset's file and its test; landing files and materialized data stay. Refused while
other assets depend on it. On a terminal it asks: more than 3 assets need CONFIRM typed, `all`
needs REMOVE_ALL_ASSETS. Off a terminal it needs --yes or --force.
"""


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # an old console shows escapes rather than fail
            stream.reconfigure(errors="backslashreplace")
    try:
        arguments = _parser().parse_args(argv, Namespace(project=".", verbose=False))
        project = open_project(Path(arguments.project))
        if (project.state / "journal.json").exists():
            from .journal import repair

            repair(project)
        status = arguments.run(project, arguments)
        print(end="", flush=True)  # here, where a closed pipe is expected
        return status
    except (UsageError, Refusal) as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except UnicodeError as error:
        print(f"That is not text: {error}.", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


def _change(project: Project, arguments: Namespace) -> int:
    from . import commands

    return getattr(commands, arguments.command)(project, arguments)


def _list(project: Project, arguments: Namespace) -> int:
    from . import building, report

    found = building.read_catalog(project)
    for sentence in found.unreadable:
        print(sentence, file=sys.stderr)
    shown = tuple(asset for asset in found.assets if arguments.layer in (None, asset.layer))
    print(getattr(report, f"assets_{arguments.format}")(shown))
    return 0


def _validate(project: Project, arguments: Namespace) -> int:
    from . import building, report, rules

    if arguments.explain:
        print(rules.explain(arguments.explain))
        return 0
    found = building.read_catalog(project)
    select, ignore = (
        tuple(code.strip() for code in text.split(",") if code.strip())
        for text in (arguments.select, arguments.ignore)
    )
    findings = rules.filter_findings(project, rules.check(project, found), select, ignore)
    print(getattr(report, f"findings_{arguments.format}")(findings, len(found.assets)))
    return int(any(arguments.strict or finding.severity == "error" for finding in findings))


def _parser() -> ArgumentParser:
    common = ArgumentParser(add_help=False, argument_default=SUPPRESS)
    common.add_argument("--version", action="version", version=f"polster {__version__}")
    common.add_argument("--verbose", action="store_true", help="show the text of new files too")
    common.add_argument("--project", metavar="DIR", help="the project's root (default: here)")
    raw = {"formatter_class": RawDescriptionHelpFormatter, "parents": [common]}
    summary = "Add, list and remove this project's assets, and validate its layers."
    parser = ArgumentParser(prog="python -m polster_tasks", description=summary, **raw)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable, summary: str, epilog: str = "") -> Callable:
        added = commands.add_parser(name, help=summary, description=summary, epilog=epilog, **raw)
        added.set_defaults(run=run, command=name.replace("-", "_"))
        return added.add_argument

    option = command(
        "add-asset", _change, "Write an asset, its test and, for bronze, a sample.", ADD
    )
    option("--layer", choices=LAYERS)
    option("--name", help="lowercase letters, digits and underscores")
    option("--dependencies", metavar="A,B", help="assets of the layer below")
    option("--description", metavar="TEXT", help="what Dagster shows, unchanged")
    option("--template", default="default", metavar="NAME", help="`list` shows them all")
    option("--dry-run", action="store_true", help="show what would be written")

    option = command("remove-asset", _change, "Remove assets, or put them back.", REMOVE)
    option("--layer", choices=LAYERS)
    option("--name", metavar="A,B", help="with or without the layer's prefix")
    option("--undo", action="store_true", help="put back the last removal")
    option("--dry-run", action="store_true", help="show the files and who needs them")
    option("--yes", action="store_true", help="do not ask for confirmation")
    option("--force", action="store_true", help="nor check what depends on them")

    option = command("list-assets", _list, "Show the assets.")
    option("--layer", choices=LAYERS)
    option("--format", choices=("table", "json", "mermaid"), default="table")

    option = command("validate", _validate, "Check names, layers, dependencies, imports.")
    option("--format", choices=("text", "json", "github"), default="text")
    option("--explain", metavar="CODE", help="explain a rule, with examples")
    option("--select", default="", metavar="CODES", help="only these warnings")
    option("--ignore", default="", metavar="CODES", help="not these warnings")
    option("--strict", action="store_true", help="warnings count as errors")
    return parser


if __name__ == "__main__":
    sys.exit(main())
