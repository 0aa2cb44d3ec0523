"""Show the status of each asset and the next scheduled runs: for people, scripts and monitors."""

import json
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from . import loading, timing
from .asset_status import AssetStatus, collect

COLOURS = {"fresh": "green", "stale": "yellow", "never": "dim"}


def show(output_format: str, check: bool = False) -> int:
    """Print the status of every asset and the next ticks, as a table or as JSON.

    Args:
        output_format: `table` or `json`.
        check: return 1 unless every asset is well, and name the problems on stderr.

    Returns:
        1 if `check` is set and an asset failed, is stale or was never materialized; else 0.

    Raises:
        CommandError: the pipeline or its Dagster instance cannot be loaded.
    """
    with loading.open_instance() as instance:
        pipeline = loading.load_pipeline()
        statuses = collect(pipeline, instance)
        ticks = timing.next_ticks(pipeline, instance)
        daemon = timing.daemon_is_running(instance)
    if output_format == "json":
        assets = [status._asdict() for status in statuses]
        schedules = [tick._asdict() for tick in ticks]
        print(json.dumps({"assets": assets, "schedules": schedules, "daemon": daemon}, indent=2))
    elif statuses:
        print_table(statuses)
        print_ticks(ticks, daemon)
    else:
        print(loading.NO_ASSETS)
    if not check:
        return 0
    unwell = [status for status in statuses if status.problems]
    for status in unwell:
        print(f"{status.key}: {'; '.join(status.problems)}", file=sys.stderr)
    return 1 if unwell else 0


def print_table(statuses: list[AssetStatus]) -> None:
    """Print the statuses for people; colour only on a terminal."""
    table = Table(box=None, pad_edge=False)
    table.add_column("asset", no_wrap=True)
    table.add_column("layer")
    table.add_column("status")
    table.add_column("last materialized (UTC)", no_wrap=True)
    table.add_column("rows", justify="right")
    table.add_column("quarantined", justify="right")
    table.add_column("problems", overflow="fold")
    for status in statuses:
        problems = [problem for problem in status.problems if problem != status.status]
        colour = "red" if problems else COLOURS[status.status]
        table.add_row(
            status.key,
            status.layer,
            f"[{colour}]{status.status}[/{colour}]",
            (status.last_materialized or "")[:19].replace("T", " "),
            _with_separators(status.row_count),
            _with_separators(status.quarantined_rows),
            escape("; ".join(problems + status.warnings)),
        )
    # A pipe has no width: fold nothing there, and add no spaces at the end of a line.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 500)
    with console.capture() as capture:
        console.print(table)
    print("\n".join(line.rstrip() for line in capture.get().splitlines()))


def _with_separators(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def print_ticks(schedules: Sequence[timing.Tick], daemon: bool) -> None:
    """Print when each schedule runs next, and how to start the daemon if none runs."""
    print()
    for tick in schedules:
        if tick.next_tick:
            print(f"{tick.schedule}: next {tick.next_tick[:16].replace('T', ' ')} UTC")
        else:
            print(f"{tick.schedule}: stopped")
    if not daemon:
        print(
            "No daemon is running, so nothing starts by itself: "
            "python run_polster.py --ui starts one."
        )
