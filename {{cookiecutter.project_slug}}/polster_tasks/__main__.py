"""The command line: arguments in, one call, exit status out.

Exit status 0: done. 1: findings, or the project refuses. 2: the command line alone is unacceptable. 130: interrupted.
"""

import argparse
import os
import sys
from pathlib import Path

from . import __version__
from .layers import LAYERS
from .project import Project, Refusal, UsageError, open_project

EXAMPLES = """\
examples:
  add-asset --layer bronze --name raw_orders
  add-asset --layer silver --name orders --dependencies raw_orders --description "Orders, cleaned"
  add-asset                                  (on a terminal: asks for everything)
  remove-asset --layer silver --name orders --dry-run
  remove-asset --undo
  list-assets --format mermaid
  validate --strict
"""


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # an old console shows \\u escapes rather than failing
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments)
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
        print(f"{error.strerror or error}: {error.filename or arguments.project}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


def _run(arguments: argparse.Namespace) -> int:
    project = open_project(Path(arguments.project))
    _repair(project)
    status = arguments.command(project, arguments)
    sys.stdout.flush()
    return status


def _repair(project: Project) -> None:
    """Put right what a killed command left; leave a command that is still at work alone."""
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
    from .commands import remove_asset

    return remove_asset(project, arguments)


def _list(project: Project, arguments: argparse.Namespace) -> int:
    from . import catalog, report

    assets = catalog.read_catalog(project).assets
    if arguments.layer:
        assets = tuple(asset for asset in assets if asset.layer == arguments.layer)
    print(getattr(report, f"assets_{arguments.format}")(assets))
    return 0


def _validate(project: Project, arguments: argparse.Namespace) -> int:
    from . import catalog, report, rules

    if arguments.explain:
        print(rules.explain(arguments.explain))
        return 0
    assets = catalog.read_catalog(project)
    findings = rules.check(project, assets)
    print(getattr(report, f"findings_{arguments.format}")(findings, len(assets.assets)))
    return int(any(f.severity == "error" or arguments.strict for f in findings))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="polster_tasks",
        description="Add, list and remove assets, and validate the layers of this project.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"polster {__version__}")
    parser.add_argument(
        "--verbose", action="store_true", help="show more, such as the text of new files"
    )
    parser.add_argument(
        "--project", default=".", metavar="DIR", help="the project's root (default: here)"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    add = commands.add_parser(
        "add-asset", help="write an asset, its test and, for bronze, a sample"
    )
    add.set_defaults(command=_add)
    add.add_argument("--layer", choices=LAYERS)
    add.add_argument("--name", help="lowercase letters, digits, underscores")
    add.add_argument("--dependencies", metavar="A,B", help="names in the layer below")
    add.add_argument("--description", metavar="TEXT", help="what Dagster shows")
    add.add_argument("--template", default="default", metavar="NAME", help="`list` shows all")
    add.add_argument("--dry-run", action="store_true", help="show what would be written")

    remove = commands.add_parser(
        "remove-asset", help="remove assets and their tests; --undo puts back"
    )
    remove.set_defaults(command=_remove)
    remove.add_argument("--layer", choices=LAYERS)
    remove.add_argument("--name", metavar="A,B")
    remove.add_argument("--dry-run", action="store_true", help="show files and impact")
    remove.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    remove.add_argument("--force", action="store_true", help="nor check what depends on it")
    remove.add_argument("--undo", action="store_true", help="put back the last removal")

    listing = commands.add_parser("list-assets", help="show the assets")
    listing.set_defaults(command=_list)
    listing.add_argument("--layer", choices=LAYERS)
    listing.add_argument("--format", choices=("table", "json", "mermaid"), default="table")

    validate = commands.add_parser("validate", help="check names, layers, dependencies, imports")
    validate.set_defaults(command=_validate)
    validate.add_argument("--format", choices=("text", "json", "github"), default="text")
    validate.add_argument("--explain", metavar="CODE", help="explain a rule")
    validate.add_argument("--select", metavar="CODES")
    validate.add_argument("--ignore", metavar="CODES")
    validate.add_argument("--strict", action="store_true", help="warnings count as errors")
    return parser


if __name__ == "__main__":
    sys.exit(main())
