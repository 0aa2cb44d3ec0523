"""When the pipeline runs by itself: bronze by the clock, silver and gold after their upstreams.

Both need the daemon, which `python run_polster.py --ui` starts. POLSTER_BRONZE_CRON and
POLSTER_AUTOMATION (.env.example) change them; what a layer reacts to is in medallion.py.
"""

import os
from collections import defaultdict
from collections.abc import Iterator

import dagster as dg

DAILY = "0 5 * * *"
BRONZE = dg.AssetSelection.tag("layer", "bronze")


def automation_is_on() -> bool:
    """Tell whether the pipeline runs by itself; it does unless POLSTER_AUTOMATION stops it."""
    wanted = os.environ.get("POLSTER_AUTOMATION") or "running"
    if wanted not in ("running", "stopped"):
        raise dg.DagsterInvalidDefinitionError(
            f"POLSTER_AUTOMATION is {wanted!r}: set it to running or stopped."
        )
    return wanted == "running"


def run_bronze(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """Request every bronze asset that has no automation condition of its own.

    Assets that share their partitions share a run, for the newest partition of the time.
    """
    graph = context.repository_def.asset_graph
    tick = context.scheduled_execution_time
    by_partitions = defaultdict(list)
    for key in sorted(BRONZE.resolve(graph)):
        if graph.get(key).automation_condition is None:
            by_partitions[graph.get(key).partitions_def].append(key)
    for partitions, keys in by_partitions.items():
        names = ", ".join(key.to_user_string() for key in keys)
        if partitions is None:
            yield dg.RunRequest(run_key=f"{tick}", asset_selection=keys)
        elif not isinstance(partitions, dg.TimeWindowPartitionsDefinition):
            context.log.warning(f"Not partitioned by time, so it needs its own schedule: {names}.")
        elif newest := partitions.get_last_partition_key(tick):
            yield dg.RunRequest(
                run_key=f"{tick} {names}", asset_selection=keys, partition_key=newest
            )


@dg.definitions
def automation() -> dg.Definitions:
    """Schedule bronze, and watch what silver and gold wait for."""
    status = "RUNNING" if automation_is_on() else "STOPPED"
    cron = os.environ.get("POLSTER_BRONZE_CRON") or DAILY
    try:
        bronze_schedule = dg.ScheduleDefinition(
            name="bronze_schedule",
            target=BRONZE,
            cron_schedule=cron,
            execution_timezone="UTC",
            execution_fn=run_bronze,
            default_status=dg.DefaultScheduleStatus(status),
        )
    except dg.DagsterInvalidDefinitionError:
        raise dg.DagsterInvalidDefinitionError(
            f"POLSTER_BRONZE_CRON is {cron!r}, which is no cron expression: write five fields, "
            f"such as {DAILY!r} for every day at 05:00 UTC."
        ) from None
    watcher = dg.AutomationConditionSensorDefinition(
        name="automation_sensor",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus(status),
    )
    return dg.Definitions(schedules=[bronze_schedule], sensors=[watcher])
