"""What a layer gives its assets, unless an asset's own file says otherwise."""

from collections.abc import Mapping
from typing import NamedTuple

import dagster as dg

from ..settings import bronze_cron
from .rule import UPSTREAM

SCHEDULED = ("schedule", "bronze")  # the tag of the assets that the bronze schedule runs
MAX_KINDS = 3  # Dagster refuses more on one asset


class LayerDefaults(NamedTuple):
    """What the assets of one layer get, unless their own file says otherwise.

    Args:
        freshness: how old an asset's data may become.
        automation: when the assets run; without it, the bronze schedule runs them.
        owners: e-mail addresses, or teams such as `team:data`.
    """

    freshness: dg.FreshnessPolicy | None = None
    automation: dg.AutomationCondition | None = None
    owners: tuple[str, ...] = ()


def table_problem(table: object) -> str | None:
    """Say what is wrong with the table of `layers.py`, or return None."""
    layers = ", ".join(UPSTREAM)
    if not isinstance(table, Mapping):
        return f"LAYERS is of type {type(table).__name__}: make it a dict with the keys {layers}."
    missing = [layer for layer in UPSTREAM if layer not in table]
    if missing:
        return f"LAYERS lacks {', '.join(missing)}: it needs an entry for each of {layers}."
    unknown = [repr(name) for name in table if name not in UPSTREAM]
    if unknown:
        return f"LAYERS has an entry for {', '.join(unknown)}: the only layers are {layers}."
    for layer in UPSTREAM:
        problem = _entry_problem(table[layer])
        if problem:
            return f"the entry for {layer} in LAYERS {problem}"
    return None


def _entry_problem(entry: object) -> str | None:
    """Say what is wrong with one layer's entry, or return None."""
    if not isinstance(entry, LayerDefaults):
        return f"is of type {type(entry).__name__}: make it a LayerDefaults(...)."
    if not isinstance(entry.freshness, dg.FreshnessPolicy | None):
        return "has a freshness that is not a dg.FreshnessPolicy."
    if not isinstance(entry.automation, dg.AutomationCondition | None):
        return "has an automation that is not a dg.AutomationCondition."
    owners = entry.owners
    if not isinstance(owners, tuple | list) or not all(isinstance(name, str) for name in owners):
        return 'has owners that are not a tuple of strings, such as ("team:data",).'
    return None


def with_defaults(spec: dg.AssetSpec, layer: str, defaults: LayerDefaults) -> dg.AssetSpec:
    """Return `spec` with its layer's defaults, where it does not set a value of its own."""
    own_kinds = sorted(spec.kinds)[: MAX_KINDS - 1] or ["polars"]
    has_own_group = spec.group_name not in (None, "default")
    tags = {**spec.tags, "layer": layer}
    automation = spec.automation_condition or defaults.automation
    if automation is None:
        if spec.partitions_def:  # one job cannot hold assets with different partitions
            automation = dg.AutomationCondition.on_cron(bronze_cron(), "UTC")
        else:
            tag, value = SCHEDULED
            tags[tag] = value
    return spec.replace_attributes(
        group_name=spec.group_name if has_own_group else layer,
        kinds={layer, *own_kinds},
        automation_condition=automation,
        freshness_policy=spec.freshness_policy or defaults.freshness,
        owners=spec.owners or defaults.owners,
        tags=tags,
    )
