"""What depends on the clock: freshness, the next tick of a schedule, whether the daemon runs."""

import datetime as dt
import time
from typing import NamedTuple

import dagster as dg

from .services import last_heartbeat

MAX_HEARTBEAT_AGE = 90  # seconds; a running daemon has a heartbeat every 30


class Tick(NamedTuple):
    """When a schedule runs next: UTC in ISO 8601, or None if it is switched off."""

    schedule: str
    cron: str
    timezone: str
    next_tick: str | None


def freshness(
    policy: dg.FreshnessPolicy | None,
    event: dg.EventLogEntry | None,
    now: dt.datetime | None = None,
) -> str | None:
    """Return `pass`, `warn` or `fail`; None without a policy. A missing asset fails."""
    if policy is None:
        return None
    if event is None:
        return "fail"
    now = now or dt.datetime.now(dt.UTC)
    then = dt.datetime.fromtimestamp(event.timestamp, dt.UTC)
    if cron := getattr(policy, "deadline_cron", None):
        deadline = (
            ticks(cron, policy.timezone).get_prev_partition_window(now, respect_bounds=False).end
        )
        return "pass" if then >= deadline - policy.lower_bound_delta else "fail"
    age = now - then
    if age > policy.fail_window.to_timedelta():
        return "fail"
    return "warn" if policy.warn_window and age > policy.warn_window.to_timedelta() else "pass"


def next_ticks(pipeline: dg.Definitions, instance: dg.DagsterInstance) -> list[Tick]:
    """Return the next tick of every schedule; a switch that was used in the UI counts."""
    switched = {state.name: state.is_running for state in instance.all_instigator_state()}
    now = dt.datetime.now(dt.UTC)
    found = []
    for schedule in pipeline.schedules or ():
        zone = schedule.execution_timezone or "UTC"
        declared = schedule.default_status == dg.DefaultScheduleStatus.RUNNING
        crons = schedule.cron_schedule
        crons = [crons] if isinstance(crons, str) else crons
        upcoming = [
            ticks(cron, zone).get_next_partition_window(now, respect_bounds=False).start
            for cron in crons
        ]
        when = min(upcoming).astimezone(dt.UTC).isoformat()
        running = switched.get(schedule.name, declared)
        found.append(Tick(schedule.name, ", ".join(crons), zone, when if running else None))
    return found


def ticks(cron: str, timezone: str) -> dg.TimeWindowPartitionsDefinition:
    """Return the ticks of a cron expression, as the starts of Dagster's time windows."""
    return dg.TimeWindowPartitionsDefinition(
        cron_schedule=cron, timezone=timezone, start=dt.datetime(2000, 1, 1), fmt="%Y-%m-%dT%H:%M"
    )


def daemon_is_running(instance: dg.DagsterInstance) -> bool:
    """Return whether a daemon had a heartbeat lately; without one, nothing runs by itself."""
    return time.time() - last_heartbeat(instance) < MAX_HEARTBEAT_AGE
