"""The settings that decide whether and when the pipeline runs by itself (.env.example)."""

import os

import dagster as dg

DAILY = "0 5 * * *"


def bronze_cron() -> str:
    """Return when bronze runs, in UTC: POLSTER_BRONZE_CRON, or daily at 05:00.

    Raises:
        dagster.DagsterInvalidDefinitionError: the variable is not a cron expression.
    """
    cron = os.environ.get("POLSTER_BRONZE_CRON") or DAILY
    try:
        dg.AutomationCondition.on_cron(cron)
    except Exception:  # a CheckError, which Dagster does not export
        raise dg.DagsterInvalidDefinitionError(
            f"POLSTER_BRONZE_CRON is {cron!r}, which is not a cron expression: write five fields, "
            f"such as {DAILY!r} for every day at 05:00 UTC."
        ) from None
    return cron


def automation_is_on() -> bool:
    """Return whether the pipeline runs by itself: it does unless POLSTER_AUTOMATION stops it.

    Raises:
        dagster.DagsterInvalidDefinitionError: the variable is neither running nor stopped.
    """
    setting = os.environ.get("POLSTER_AUTOMATION") or "running"
    if setting not in ("running", "stopped"):
        raise dg.DagsterInvalidDefinitionError(
            f"POLSTER_AUTOMATION is {setting!r}: set it to running or stopped."
        )
    return setting == "running"
