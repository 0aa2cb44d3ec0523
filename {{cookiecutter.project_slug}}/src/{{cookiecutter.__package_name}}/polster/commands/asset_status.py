"""What the Dagster instance knows about each asset."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import dagster as dg

from ..failures import first_cause
from . import timing
from .materialization import recorded_number, row_count


class AssetStatus(NamedTuple):
    """What the Dagster instance knows about one asset.

    Args:
        key: the asset's key.
        layer: bronze, silver or gold.
        status: `never` materialized; `stale`: something upstream is newer, or is itself stale or
            missing; or `fresh`.
        freshness: what its freshness policy says: `pass`, `warn`, `fail`; None without a policy.
        last_materialized: when, in UTC and ISO 8601.
        row_count: the rows of the last materialization.
        quarantined_rows: the rows that a contract kept out; None without a contract.
        failed_checks: the severity, `WARN` or `ERROR`, of each check that failed.
        last_error: why the latest attempt failed; None if it did not.
        run_id: the latest run.
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
        """What a monitor should report; nothing if all is well."""
        problems = []
        if self.status != "fresh":
            problems.append(self.status)
        if self.freshness == "fail" and self.status != "never":
            problems.append("overdue")
        for name, severity in self.failed_checks.items():
            if severity == "ERROR":
                problems.append(f"check {name} failed")
        if self.last_error:
            problems.append(f"failed: {self.last_error}")
        return problems

    @property
    def warnings(self) -> list[str]:
        """What people should see, but a monitor should not report."""
        return [
            f"check {name} warns"
            for name, severity in self.failed_checks.items()
            if severity == "WARN"
        ]


def collect(pipeline: dg.Definitions, instance: dg.DagsterInstance) -> list[AssetStatus]:
    """Return the status of every asset, upstream ones first."""
    graph = pipeline.resolve_asset_graph()
    keys = [key for key in graph.toposorted_asset_keys if key in graph.executable_asset_keys]
    records = {record.asset_entry.asset_key: record for record in instance.get_asset_records(keys)}
    checks = sorted(graph.asset_check_keys)
    statuses: dict[dg.AssetKey, AssetStatus] = {}
    for key in keys:
        node = graph.get(key)
        record = records.get(key)
        entry = record.asset_entry if record else None
        event = entry.last_materialization if entry else None
        stored = event.asset_materialization if event else None
        upstream = [statuses[parent] for parent in node.parent_keys if parent in statuses]
        checks_of_key = [check for check in checks if check.asset_key == key]
        statuses[key] = AssetStatus(
            key=key.to_user_string(),
            layer=node.tags["layer"],
            status=status_of(event, upstream),
            freshness=timing.freshness(node.freshness_policy, event),
            last_materialized=iso_time(event.timestamp) if event else None,
            row_count=row_count(stored) if stored else None,
            quarantined_rows=recorded_number(stored, "quarantined_rows") if stored else None,
            failed_checks=failed_checks(instance, checks_of_key),
            last_error=last_error(entry, event, pipeline, instance) if entry else None,
            run_id=entry.last_run_id if entry else None,
        )
    return list(statuses.values())


def status_of(event: dg.EventLogEntry | None, upstream: list[AssetStatus]) -> str:
    """Return `never`, `stale` or `fresh` for an asset with this last materialization."""
    if event is None:
        return "never"
    when = iso_time(event.timestamp)
    for parent in upstream:
        is_newer = parent.last_materialized is not None and parent.last_materialized > when
        if is_newer or parent.status != "fresh":
            return "stale"
    return "fresh"


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
    """Return why the latest attempt at an asset failed, or None if it did not fail.

    Args:
        entry: Dagster's record of the asset (`AssetRecord.asset_entry`).
        event: the asset's last materialization.
        pipeline: the project's definitions.
        instance: where runs are recorded.
    """
    if entry.last_run_id is None or (event and event.run_id == entry.last_run_id):
        return None
    step = pipeline.resolve_assets_def(entry.asset_key).node_def.name
    failures = instance.all_logs(entry.last_run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    for failure in failures:
        if failure.step_key == step:
            return first_cause(failure.dagster_event.step_failure_data.error, step)
    return None
