"""The command line: arguments in, one call, exit status out.

Exit status 0: done. 1: findings, or the project refuses. 2: the command line alone is
unacceptable. 130: interrupted. Results go to stdout, everything else to stderr.
"""

import argparse
import os
import sys
from pathlib import Path

from . import __version__
from .layers import LAYERS
from .project import Project, Refusal, UsageError, open_project

ADD = """\
On a terminal, what is missing is asked for. Off a terminal it is an error, exit 2.

examples:
  add-asset --layer bronze --name raw_orders
  add-asset --layer silver --name orders --dependencies raw_orders --description "Clean orders"
  add-asset --layer gold --name revenue --dependencies orders,customers --dry-run
"""
REMOVE = """\
Removes the asset's file and its test; landing files and materialized data stay. Refused while
other assets depend on it. On a terminal it asks: more than 3 assets need CONFIRM typed, `all`
needs REMOVE_ALL_ASSETS. Off a terminal it needs --yes or --force.

examples:
  remove-asset --layer silver --name orders --dry-run
  remove-asset --name silver_orders,gold_revenue --yes
  remove-asset --undo
"""
LIST = "examples:\n  list-assets --layer gold\n  list-assets --format mermaid >> README.md\n"
VALIDATE = """\
Exit status 0: clean. 1: findings. 2: could not run. Errors cannot be ignored.

examples:
  validate --strict
  validate --format github
  validate --explain POL201
"""

_STREAMS = {"stdin": "surrogateescape", "stdout": "backslashreplace", "stderr": "backslashreplace"}


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream, errors in _STREAMS.items():  # an old console shows escapes rather than fail
        if hasattr(getattr(sys, stream), "reconfigure"):
            getattr(sys, stream).reconfigure(errors=errors)
    argv = sys.argv[1:] if argv is None else argv
    try:
        arguments = _parser(argv).parse_args(argv, argparse.Namespace(project=".", verbose=False))
        project = open_project(Path(arguments.project))
        _repair(project)
        status = arguments.command(project, arguments)
        print(end="", flush=True)  # here, where a closed pipe is expected
        return status
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except Refusal as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our output left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


def _repair(project: Project) -> None:
    """Put right what a killed command left; leave a command that is still at work alone."""
    if not project.state.exists():
        return
    from .journal import interrupted, locked

    if interrupted(project):
        try:
            with locked(project, patience=0):
                pass
        except (Refusal, OSError):
            pass


def _add(project: Project, arguments: argparse.Namespace) -> int:
    from .commands import add_asset

    return add_asset(project, arguments)


def _remove(project: Project, arguments: argparse.Namespace) -> int:
    from .commands import remove_asset, undo_removal

    return (undo_removal if arguments.undo else remove_asset)(project, arguments)


def _list(project: Project, arguments: argparse.Namespace) -> int:
    from . import catalog, report

    assets = catalog.read_catalog(project).assets
    shown = tuple(asset for asset in assets if arguments.layer in (None, asset.layer))
    print(getattr(report, f"assets_{arguments.format}")(shown))
    return 0


def _validate(project: Project, arguments: argparse.Namespace) -> int:
    from . import catalog, report, rules

    if arguments.explain:
        print(rules.explain(arguments.explain))
        return 0
    found = catalog.read_catalog(project)
    findings = rules.filter_findings(
        project, rules.check(project, found), _codes(arguments.select), _codes(arguments.ignore)
    )
    print(getattr(report, f"findings_{arguments.format}")(findings, len(found.assets)))
    return int(any(arguments.strict or finding.severity == "error" for finding in findings))


def _codes(text: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in text.split(",") if code.strip())


def _parser(argv: list[str]) -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--version", action="version", version=f"polster {__version__}")
    common.add_argument("--verbose", action="store_true", help="show the text of new files too")
    common.add_argument("--project", metavar="DIR", help="the project's root (default: here)")
    raw = {"formatter_class": argparse.RawDescriptionHelpFormatter, "parents": [common]}
    parser = argparse.ArgumentParser(
        prog="python -m polster_tasks",
        description="Add, list and remove this project's assets, and validate its layers.",
        epilog="COMMAND --help explains a command, with examples.",
        **raw,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: object, summary: str, epilog: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary, epilog=epilog, **raw)
        added.set_defaults(command=run)
        return added

    epilog = ADD
    if "add-asset" in argv and {"-h", "--help"} & {*argv}:
        from .rendering import template_list

        known, _ = common.parse_known_args(argv, argparse.Namespace(project="."))
        epilog += f"\ntemplates:\n{template_list(Path(known.project))}"
    add = command("add-asset", _add, "Write an asset, its test and, for bronze, a sample.", epilog)
    add.add_argument("--layer", choices=LAYERS)
    add.add_argument("--name", help="lowercase letters, digits and underscores")
    add.add_argument("--dependencies", metavar="A,B", help="assets of the layer below")
    add.add_argument("--description", metavar="TEXT", help="what Dagster shows, unchanged")
    add.add_argument("--template", default="default", metavar="NAME", help="`list` shows them all")
    add.add_argument("--dry-run", action="store_true", help="show what would be written")

    remove = command("remove-asset", _remove, "Remove assets, or put them back.", REMOVE)
    remove.add_argument("--layer", choices=LAYERS)
    which = remove.add_mutually_exclusive_group()
    which.add_argument("--name", metavar="A,B", help="with or without the layer's prefix")
    which.add_argument("--undo", action="store_true", help="put back the last removal")
    remove.add_argument("--dry-run", action="store_true", help="show the files and who needs them")
    remove.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    remove.add_argument("--force", action="store_true", help="nor check what depends on them")

    listing = command("list-assets", _list, "Show the assets.", LIST)
    listing.add_argument("--layer", choices=LAYERS)
    listing.add_argument("--format", choices=("table", "json", "mermaid"), default="table")

    check = command("validate", _validate, "Check names, layers, dependencies, imports.", VALIDATE)
    check.add_argument("--format", choices=("text", "json", "github"), default="text")
    check.add_argument("--explain", metavar="CODE", help="explain a rule, with examples")
    check.add_argument("--select", default="", metavar="CODES", help="only these warnings")
    check.add_argument("--ignore", default="", metavar="CODES", help="not these warnings")
    check.add_argument("--strict", action="store_true", help="warnings count as errors")
    return parser


if __name__ == "__main__":
    sys.exit(main())
