"""Say how each asset is, and when the pipeline runs next: for people, for scripts, for monitors."""

import datetime as dt
import json
import sys
from collections.abc import Sequence
from typing import NamedTuple

import dagster as dg
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..failures import first_cause
from . import loading, timing
from .run import row_count


class AssetStatus(NamedTuple):
    """What the Dagster instance knows about one asset.

    `status` is `never` (not materialized yet), `stale` (something upstream is newer, or was never
    materialized) or `fresh`; `freshness` is what its policy says: `pass`, `warn`, `fail`, None
    without a policy; `last_materialized` is UTC in ISO 8601; `last_error` is what the latest
    attempt failed with, None if it did not; `failed_checks` has the severity, `WARN` or `ERROR`, of
    each check that failed; `quarantined_rows` were kept out by a contract, None without one.
    """

    key: str
    layer: str
    status: str
    freshness: str | None
    last_materialized: str | None
    row_count: int | None
    quarantined_rows: int | None
    failed_checks: dict[str, str]
    last_error: str | None
    run_id: str | None

    @property
    def problems(self) -> list[str]:
        """What a monitor should report, as words."""
        words = [] if self.status == "fresh" else [self.status]
        words += ["overdue"] if self.freshness == "fail" and self.status != "never" else []
        errors = [name for name, severity in self.failed_checks.items() if severity == "ERROR"]
        words += [f"check {name} failed" for name in errors]
        words += [f"failed: {self.last_error}"] if self.last_error else []
        return words


def show(output_format: str, check: bool = False) -> int:
    """Print the status of every asset and the next ticks, as a table or as JSON.

    Args:
        output_format: `table` or `json`.
        check: make the exit status tell whether all is well.

    Returns:
        1 if `check` is asked for and an asset failed, is stale or was never materialized; else 0.
    """
    with loading.open_instance() as instance:
        pipeline = loading.load_pipeline()
        statuses = collect(pipeline, instance)
        ticks = timing.next_ticks(pipeline, instance)
        daemon = timing.daemon_is_alive(instance)
    if output_format == "json":
        assets = [status._asdict() for status in statuses]
        schedules = [tick._asdict() for tick in ticks]
        print(json.dumps({"assets": assets, "schedules": schedules, "daemon": daemon}, indent=2))
    elif statuses:
        print_table(statuses)
        print_ticks(ticks, daemon)
    else:
        print(loading.NO_ASSETS)
    bad = [status for status in statuses if status.problems] if check else []
    for status in bad:
        print(f"{status.key}: {'; '.join(status.problems)}", file=sys.stderr)
    return 1 if bad else 0


def collect(pipeline: dg.Definitions, instance: dg.DagsterInstance) -> list[AssetStatus]:
    """Return the status of every asset, upstream ones first."""
    graph = pipeline.resolve_asset_graph()
    keys = [key for key in graph.toposorted_asset_keys if key in graph.executable_asset_keys]
    records = {record.asset_entry.asset_key: record for record in instance.get_asset_records(keys)}
    checks = sorted(graph.asset_check_keys)
    statuses: dict[dg.AssetKey, AssetStatus] = {}
    for key in keys:
        record = records.get(key)
        entry = record.asset_entry if record else None
        event = entry.last_materialization if entry else None
        upstream = [parent for parent in graph.get(key).parent_keys if parent in statuses]
        statuses[key] = AssetStatus(
            key=key.to_user_string(),
            layer=graph.get(key).tags["layer"],
            status=standing(event, [statuses[parent] for parent in upstream]),
            freshness=timing.freshness(graph.get(key).freshness_policy, event),
            last_materialized=iso_time(event.timestamp) if event else None,
            row_count=row_count(event.asset_materialization) if event else None,
            quarantined_rows=number(event, "quarantined_rows") if event else None,
            failed_checks=failed_checks(instance, [c for c in checks if c.asset_key == key]),
            last_error=last_error(entry, event, pipeline, instance) if entry else None,
            run_id=entry.last_run_id if entry else None,
        )
    return list(statuses.values())


def standing(event: dg.EventLogEntry | None, upstream: list[AssetStatus]) -> str:
    """Return `never`, `stale` or `fresh` for an asset with this last materialization."""
    if event is None:
        return "never"
    when = iso_time(event.timestamp)
    newer = any(parent.last_materialized and parent.last_materialized > when for parent in upstream)
    return "stale" if newer or any(parent.status != "fresh" for parent in upstream) else "fresh"


def number(event: dg.EventLogEntry, name: str) -> int | None:
    """Return a number that a materialization recorded, or None if it recorded none."""
    value = event.asset_materialization.metadata.get(name)
    return value.value if value else None


def failed_checks(
    instance: dg.DagsterInstance, checks: Sequence[dg.AssetCheckKey]
) -> dict[str, str]:
    """Return the severity of each check whose latest evaluation failed, by the check's name."""
    failed = {}
    for check in checks:
        record = instance.get_latest_asset_check_evaluation_record(check)
        evaluation = record.evaluation if record else None
        # A run that was stopped leaves checks that were planned and never evaluated.
        if isinstance(evaluation, dg.AssetCheckEvaluation) and not evaluation.passed:
            failed[check.name] = evaluation.severity.value
    return failed


def iso_time(timestamp: float) -> str:
    """Return a time in seconds since 1970 as UTC in ISO 8601, to the microsecond."""
    return dt.datetime.fromtimestamp(timestamp, dt.UTC).isoformat(timespec="microseconds")


def last_error(
    entry: object,
    event: dg.EventLogEntry | None,
    pipeline: dg.Definitions,
    instance: dg.DagsterInstance,
) -> str | None:
    """Return why the latest attempt at an asset failed, or None if it did not fail."""
    if entry.last_run_id is None or (event and event.run_id == entry.last_run_id):
        return None
    step = pipeline.resolve_assets_def(entry.asset_key).node_def.name
    failures = instance.all_logs(entry.last_run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    for failure in failures:
        if failure.step_key == step:
            return first_cause(failure.dagster_event.step_failure_data.error)
    return None


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
        problems = [word for word in status.problems if word != status.status]
        problems += [
            f"check {name} warns" for name, s in status.failed_checks.items() if s == "WARN"
        ]
        colour = {"fresh": "green", "stale": "yellow", "never": "dim"}[status.status]
        colour = "red" if set(status.problems) - {status.status} else colour
        table.add_row(
            status.key,
            status.layer,
            f"[{colour}]{status.status}[/{colour}]",
            (status.last_materialized or "")[:19].replace("T", " "),
            *("" if n is None else f"{n:,}" for n in (status.row_count, status.quarantined_rows)),
            escape("; ".join(problems)),
        )
    # A pipe has no width, so nothing is folded there, and nothing needs to be filled up.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 500)
    with console.capture() as capture:
        console.print(table)
    print("\n".join(line.rstrip() for line in capture.get().splitlines()))


def print_ticks(schedules: Sequence[timing.Tick], daemon: bool) -> None:
    """Print when each schedule runs next, and whether anything will see to it."""
    print()
    for tick in schedules:
        when = f"next {tick.next_tick[:16].replace('T', ' ')} UTC" if tick.next_tick else "stopped"
        print(f"{tick.schedule}: {when}")
    if not daemon:
        print("No daemon runs, so nothing starts by itself: python run_polster.py --ui starts one.")
