"""What the environment decides about running by itself (.env.example names every variable)."""

import os

import dagster as dg

DAILY = "0 5 * * *"


def bronze_cron() -> str:
    """Return when bronze runs, in UTC: POLSTER_BRONZE_CRON, or daily at 05:00."""
    cron = os.environ.get("POLSTER_BRONZE_CRON") or DAILY
    try:
        dg.AutomationCondition.on_cron(cron)
    except Exception:  # a CheckError, which Dagster does not export
        raise dg.DagsterInvalidDefinitionError(
            f"POLSTER_BRONZE_CRON is {cron!r}, which is no cron expression: write five fields, "
            f"such as {DAILY!r} for every day at 05:00 UTC."
        ) from None
    return cron


def automation_is_on() -> bool:
    """Tell whether the pipeline runs by itself; it does unless POLSTER_AUTOMATION stops it."""
    wanted = os.environ.get("POLSTER_AUTOMATION") or "running"
    if wanted not in ("running", "stopped"):
        raise dg.DagsterInvalidDefinitionError(
            f"POLSTER_AUTOMATION is {wanted!r}: set it to running or stopped."
        )
    return wanted == "running"
