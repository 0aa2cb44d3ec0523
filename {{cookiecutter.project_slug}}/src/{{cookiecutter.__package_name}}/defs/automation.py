"""When the pipeline runs by itself: bronze on a schedule, silver and gold after their upstreams.

Both need the daemon, which `python run_polster.py --ui` starts. POLSTER_BRONZE_CRON sets the
schedule (.env.example); `layers.py` sets the automation of silver and gold.
"""

import dagster as dg

from {{ cookiecutter.__package_name }}.polster import SCHEDULED, automation_is_on, bronze_cron

STATUS = "RUNNING" if automation_is_on() else "STOPPED"

bronze_schedule = dg.ScheduleDefinition(
    name="bronze_schedule",
    job=dg.define_asset_job("bronze", selection=dg.AssetSelection.tag(*SCHEDULED)),
    cron_schedule=bronze_cron(),
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus(STATUS),
)

automation_sensor = dg.AutomationConditionSensorDefinition(
    name="automation_sensor",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus(STATUS),
)
