"""Alerts: every failed run is reported to a webhook, by e-mail, or both."""

import dagster as dg

from {{ cookiecutter.__package_name }}.polster import Channels, first_cause

CHANNELS = Channels.from_environment()


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    monitor_all_code_locations=True,  # a run of run_polster.py belongs to none
)
def failure_alerts(context: dg.RunFailureSensorContext) -> None:
    """Send what failed, why, and a link, unless Dagster is going to retry the run."""
    run = context.dagster_run
    if run.tags.get("dagster/will_retry") == "true":
        context.log.info(f"Run {run.run_id} failed and will be retried: no alert is sent yet.")
        return
    reasons = [
        f"{event.step_key}: {first_cause(event.step_failure_data.error, event.step_key)}"
        for event in context.get_step_failure_events()
    ]
    reasons = reasons or [context.failure_event.message or "no reason given"]
    sent = CHANNELS.send(run.run_id, reasons)
    if sent:
        context.log.info(f"Run {run.run_id} failed: reported by {' and '.join(sent)}.")
    else:
        context.log.warning(
            f"Run {run.run_id} failed and no alert was sent: set POLSTER_ALERT_WEBHOOK or "
            "POLSTER_ALERT_EMAIL (.env.example)."
        )
