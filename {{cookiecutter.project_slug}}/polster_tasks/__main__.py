"""The command line: arguments in, one call, exit status out.

Exit status 0: done. 1: findings, or the project refuses. 2: the command line alone is
unacceptable. 130: interrupted. Results go to stdout, everything else to stderr.
"""

import os
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from . import __version__, commands
from .changing.journal import repair
from .layers import LAYERS
from .project import Refusal, UsageError, open_project


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # an old console shows escapes rather than fail
            stream.reconfigure(errors="backslashreplace")
    try:
        arguments = _parser().parse_args(argv, Namespace(project=".", verbose=False))
        project = open_project(Path(arguments.project))
        repair(project)
        status = arguments.run(project, arguments)
        print(end="", flush=True)  # here, where a closed pipe is expected
        return status
    except BrokenPipeError:  # the reader of our output left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (UsageError, Refusal, OSError) as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


def _parser() -> ArgumentParser:
    common = ArgumentParser(add_help=False, argument_default=SUPPRESS)
    common.add_argument("--version", action="version", version=f"polster {__version__}")
    common.add_argument("--verbose", action="store_true", help="show the text of new files too")
    common.add_argument("--project", metavar="DIR", help="the project's root (default: here)")
    summary = "Add, list and remove this project's assets, and validate its layers."
    parser = ArgumentParser("python -m polster_tasks", description=summary, parents=[common])
    added = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(run: Callable) -> Callable:
        name, about = run.__name__.replace("_", "-"), run.__doc__ or ""
        summary = about.partition("\n")[0]
        one = added.add_parser(name, help=summary, description=about, parents=[common])
        one.set_defaults(run=run)
        return one.add_argument

    option = command(commands.add_asset)
    option("--layer", choices=LAYERS)
    option("--name", help="lowercase letters, digits and underscores")
    option("--dependencies", metavar="A,B", help="assets of the layer below")
    option("--description", metavar="TEXT", help="what Dagster shows, unchanged")
    option("--template", default="default", metavar="NAME", help="`list` shows them all")
    option("--dry-run", action="store_true", help="show what would be written")

    option = command(commands.remove_asset)
    option("--layer", choices=LAYERS)
    option("--name", metavar="A,B", help="with or without the layer's prefix")
    option("--undo", action="store_true", help="put back the last removal, whole")
    option("--dry-run", action="store_true", help="show the files and who needs them")
    option("--yes", action="store_true", help="do not ask for confirmation")
    option("--force", action="store_true", help="nor check what depends on them")

    option = command(commands.list_assets)
    option("--layer", choices=LAYERS)
    option("--format", choices=("table", "json", "mermaid"), default="table")

    option = command(commands.validate)
    option("--format", choices=("text", "json", "github"), default="text")
    option("--explain", metavar="CODE", help="explain a rule, with examples")
    option("--select", default="", metavar="CODES", help="only these warnings")
    option("--ignore", default="", metavar="CODES", help="not these warnings")
    option("--strict", action="store_true", help="warnings count as errors")
    return parser


if __name__ == "__main__":
    sys.exit(main())
