"""What a layer gives its assets, unless an asset's own file says otherwise."""

from typing import NamedTuple

import dagster as dg

from ..settings import bronze_cron

SCHEDULED = ("schedule", "bronze")  # the tag of the assets that the bronze schedule runs
MOST_KINDS = 3  # Dagster refuses more on one asset


class LayerDefaults(NamedTuple):
    """What the assets of one layer get, unless their own file says otherwise."""

    freshness: dg.FreshnessPolicy | None = None
    automation: dg.AutomationCondition | None = None
    owners: tuple[str, ...] = ()


def with_defaults(spec: dg.AssetSpec, layer: str, defaults: LayerDefaults) -> dg.AssetSpec:
    """Return `spec` with its layer's defaults, where it does not set a value of its own."""
    own_kinds = sorted(spec.kinds)[: MOST_KINDS - 1] or ["polars"]
    tags = {**spec.tags, "layer": layer}
    automation = spec.automation_condition or defaults.automation
    if automation is None and spec.partitions_def:  # a job cannot hold different partitions
        automation = dg.AutomationCondition.on_cron(bronze_cron(), "UTC")
    elif automation is None:
        tags |= dict([SCHEDULED])
    return spec.replace_attributes(
        group_name=spec.group_name if spec.group_name not in (None, "default") else layer,
        kinds={layer, *own_kinds},
        automation_condition=automation,
        freshness_policy=spec.freshness_policy or defaults.freshness,
        owners=spec.owners or defaults.owners,
        tags=tags,
    )
