"""Say how each asset is: last materialized when, with how many rows; fresh, stale or never."""

import datetime as dt
import json
import sys
from typing import NamedTuple

import dagster as dg
from rich.console import Console
from rich.table import Table

from {{ cookiecutter.__package_name }}.commands import loading
from {{ cookiecutter.__package_name }}.commands.run import first_cause, row_count


class AssetStatus(NamedTuple):
    """What the Dagster instance knows about one asset.

    `status` is `never` (not materialized yet), `stale` (something upstream is newer, or was never
    materialized) or `fresh`; `last_materialized` is UTC in ISO 8601; `last_error` is what the
    latest attempt failed with, None if it did not.
    """

    key: str
    layer: str
    status: str
    last_materialized: str | None
    row_count: int | None
    last_error: str | None
    run_id: str | None


def show(output_format: str) -> int:
    """Print the status of every asset, as a table or as JSON, and return 0."""
    with loading.open_instance() as instance:
        statuses = collect(loading.load_pipeline(), instance)
    if output_format == "json":
        print(json.dumps({"assets": [status._asdict() for status in statuses]}, indent=2))
    elif statuses:
        print_table(statuses)
    else:
        print(loading.NO_ASSETS)
    return 0


def collect(pipeline: dg.Definitions, instance: dg.DagsterInstance) -> list[AssetStatus]:
    """Return the status of every asset, upstream ones first."""
    graph = pipeline.resolve_asset_graph()
    keys = [key for key in graph.toposorted_asset_keys if key in graph.executable_asset_keys]
    records = {record.asset_entry.asset_key: record for record in instance.get_asset_records(keys)}
    statuses: dict[dg.AssetKey, AssetStatus] = {}
    for key in keys:
        record = records.get(key)
        entry = record.asset_entry if record else None
        event = entry.last_materialization if entry else None
        upstream = [parent for parent in graph.get(key).parent_keys if parent in statuses]
        statuses[key] = AssetStatus(
            key=key.to_user_string(),
            layer=graph.get(key).group_name,
            status=freshness(event, [statuses[parent] for parent in upstream]),
            last_materialized=iso_time(event.timestamp) if event else None,
            row_count=row_count(event.asset_materialization) if event else None,
            last_error=last_error(entry, event, pipeline, instance) if entry else None,
            run_id=entry.last_run_id if entry else None,
        )
    return list(statuses.values())


def freshness(event: dg.EventLogEntry | None, upstream: list[AssetStatus]) -> str:
    """Return `never`, `stale` or `fresh` for an asset with this last materialization."""
    if event is None:
        return "never"
    when = iso_time(event.timestamp)
    newer = any(parent.last_materialized and parent.last_materialized > when for parent in upstream)
    return "stale" if newer or any(parent.status != "fresh" for parent in upstream) else "fresh"


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
    table.add_column("last error", overflow="fold")
    colours = {"fresh": "green", "stale": "yellow", "never": "dim"}
    for status in statuses:
        when = (status.last_materialized or "")[:19].replace("T", " ")
        rows = "" if status.row_count is None else f"{status.row_count:,}"
        colour = "red" if status.last_error else colours[status.status]
        table.add_row(
            status.key,
            status.layer,
            f"[{colour}]{status.status}[/{colour}]",
            when,
            rows,
            (status.last_error or "").replace("[", r"\["),
        )
    # A pipe has no width: nothing is folded there.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 500)
    console.print(table)
