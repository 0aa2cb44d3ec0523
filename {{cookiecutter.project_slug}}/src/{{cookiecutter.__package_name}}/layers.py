"""What each layer gives its assets, unless an asset's own file sets it. Edit it freely."""

from datetime import timedelta

import dagster as dg

from {{ cookiecutter.__package_name }}.polster import LayerDefaults

# Bronze runs daily (POLSTER_BRONZE_CRON): a day, and some hours to repair a failure.
DAILY = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=26), fail_window=timedelta(hours=36)
)
WHEN_UPSTREAMS_CHANGE = (
    dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()
).with_label("upstreams changed, their blocking checks passed")
OWNERS = ("team:data",)

LAYERS = {
    "bronze": LayerDefaults(freshness=DAILY, owners=OWNERS),
    "silver": LayerDefaults(freshness=DAILY, owners=OWNERS, automation=WHEN_UPSTREAMS_CHANGE),
    "gold": LayerDefaults(freshness=DAILY, owners=OWNERS, automation=WHEN_UPSTREAMS_CHANGE),
}
