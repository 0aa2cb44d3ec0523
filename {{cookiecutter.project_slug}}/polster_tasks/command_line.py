"""Read the command line, make one call, and turn what it raises into a sentence and a status."""

import re
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from . import __version__, commands, report
from .layers import LAYERS
from .project import Refusal, UsageError, open_project
from .streams import flush_stdout, prepare_streams, say

PROGRAM = "python -m polster_tasks"

_ONLY_DASHES = re.compile("(--[^=]+)=--")


def run(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status.

    Args:
        argv: the arguments, without the program's name (default: those of the process).
    """
    prepare_streams()
    try:
        arguments = _parse(sys.argv[1:] if argv is None else argv)
        project = open_project(Path(arguments.project))
        return arguments.run(project, arguments)
    except SystemExit as end:  # argparse has shown its help, or an error
        flush_stdout()
        return int(end.code or 0)
    except UsageError as error:
        say(str(error))
        return 2
    except (Refusal, OSError) as error:
        say(str(error))
        return 1


def _parse(argv: list[str]) -> Namespace:
    for argument in argv:
        match = _ONLY_DASHES.fullmatch(argument)  # argparse makes an empty list of it, up to 3.12
        if match:
            raise UsageError(f"{argument} has no value: write {match[1]}=VALUE.")
    return _parser().parse_args(argv, Namespace(project=".", verbose=False))


def _parser() -> ArgumentParser:
    common = ArgumentParser(add_help=False, argument_default=SUPPRESS)
    common.add_argument(
        "--version",
        action="version",
        version=f"polster {__version__}",
        help="show the version and exit",
    )
    common.add_argument("--verbose", action="store_true", help="show more: the text of new files")
    common.add_argument(
        "--project", metavar="DIR", help="root of the project (default: the current folder)"
    )
    parser = ArgumentParser(
        PROGRAM,
        description="Add, list and remove this project's assets, and check its layers.",
        parents=[common],
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    # What all commands' parsers are made with.
    shared: dict[str, Any] = {
        "parents": [common],
        "formatter_class": RawDescriptionHelpFormatter,
    }
    _add_asset_options(
        subparsers.add_parser("add-asset", help="add an asset and its test", **shared)
    )
    _remove_asset_options(
        subparsers.add_parser(
            "remove-asset", help="remove assets and their tests, or undo that", **shared
        )
    )
    _list_assets_options(
        subparsers.add_parser(
            "list-assets", help="list the assets and what they depend on", **shared
        )
    )
    _validate_options(
        subparsers.add_parser(
            "validate", help="check names, layers, dependencies and imports", **shared
        )
    )
    return parser


def _add_asset_options(parser: ArgumentParser) -> None:
    parser.set_defaults(run=commands.add_asset)
    parser.description = f"""\
Add an asset, its test and, for bronze, a sample of landing data. Existing files
stay as they are. On a terminal, you are asked for what is missing.

  {PROGRAM} add-asset --layer bronze --name raw_orders
  {PROGRAM} add-asset --layer silver --name orders --dependencies raw_orders
"""
    parser.add_argument("--layer", choices=LAYERS, help="layer of the asset")
    parser.add_argument("--name", help="its name, in lowercase letters, digits and underscores")
    parser.add_argument(
        "--dependencies",
        metavar="NAME,NAME",
        help="assets of the layer below that it depends on (bronze: none)",
    )
    parser.add_argument("--description", metavar="TEXT", help="what Dagster shows about the asset")
    parser.add_argument(
        "--template",
        default="default",
        metavar="NAME",
        help="template to start from; `list` lists them all (default: default)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be added, and write nothing"
    )


def _remove_asset_options(parser: ArgumentParser) -> None:
    parser.set_defaults(run=commands.remove_asset)
    parser.description = f"""\
Remove assets and their tests. Landing files and materialized data stay. Assets
that others depend on are not removed.

On a terminal you are asked to confirm: to remove more than 3 assets, type
CONFIRM; to remove all of them, type REMOVE_ALL_ASSETS. Without a terminal,
--yes or --force is required.

  {PROGRAM} remove-asset --name silver_orders,gold_revenue
  {PROGRAM} remove-asset --undo
"""
    parser.add_argument("--layer", choices=LAYERS, help="only assets of this layer")
    parser.add_argument(
        "--name", metavar="NAME,NAME", help="assets to remove, with or without the layer's prefix"
    )
    parser.add_argument("--undo", action="store_true", help="put the last removal back")
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would change, and change nothing"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    parser.add_argument(
        "--force",
        action="store_true",
        help="do not ask, and do not check what depends on the assets",
    )


def _list_assets_options(parser: ArgumentParser) -> None:
    parser.set_defaults(run=commands.list_assets)
    parser.description = "List the assets and what they depend on."
    parser.add_argument("--layer", choices=LAYERS, help="only assets of this layer")
    parser.add_argument(
        "--format",
        choices=report.ASSET_FORMATS,
        default="table",
        help="how to print them (default: table)",
    )


def _validate_options(parser: ArgumentParser) -> None:
    parser.set_defaults(run=commands.validate)
    parser.description = """\
Check names, layers, dependencies, imports and habits. The exit status is 1 if
there are errors, or, with --strict, warnings.
"""
    parser.add_argument(
        "--format",
        choices=report.FINDING_FORMATS,
        default="text",
        help="how to print the findings (default: text)",
    )
    parser.add_argument("--explain", metavar="CODE", help="explain a rule, with examples")
    parser.add_argument("--select", default="", metavar="CODES", help="report only these warnings")
    parser.add_argument(
        "--ignore", default="", metavar="CODES", help="do not report these warnings"
    )
    parser.add_argument("--strict", action="store_true", help="treat warnings as errors")
