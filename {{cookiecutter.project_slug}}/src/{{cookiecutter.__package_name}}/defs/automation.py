"""When the pipeline runs by itself: bronze by the clock, silver and gold after their upstreams.

Both need the daemon, which `python run_polster.py --ui` starts. The clock is set in the environment
(.env.example); what silver and gold wait for, and partitioned bronze too, is in layers.py.
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
