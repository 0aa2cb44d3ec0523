"""The Medallion Architecture at run time: what a layer gives to its assets, and what it refuses.

The layer of an asset is the folder of its file: `defs/bronze`, `defs/silver` or `defs/gold`. A
project whose dependencies break the rule does not load.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple

import dagster as dg

from {{ cookiecutter.__package_name }}.settings import bronze_cron


class Layer(NamedTuple):
    """What a layer's assets may depend on, and what they get unless their file says otherwise."""

    upstream: str | None
    freshness: dg.FreshnessPolicy
    automation: dg.AutomationCondition | None = None
    owners: tuple[str, ...] = ("team:data",)


# Bronze is scheduled daily (settings.py): a day, and some hours to mend what failed.
DAILY = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=26), fail_window=timedelta(hours=36)
)
WHEN_UPSTREAMS_CHANGE = (
    dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()
).with_label("upstreams changed, their blocking checks passed")

LAYERS = {
    "bronze": Layer(upstream=None, freshness=DAILY),
    "silver": Layer(upstream="bronze", freshness=DAILY, automation=WHEN_UPSTREAMS_CHANGE),
    "gold": Layer(upstream="silver", freshness=DAILY, automation=WHEN_UPSTREAMS_CHANGE),
}
SCHEDULED = ("schedule", "bronze")  # the tag of what the bronze schedule runs
SOURCE = "source"
KINDS_SHOWN = 3  # Dagster refuses more on one asset


class MedallionError(dg.DagsterInvalidDefinitionError):
    """The definitions break the Medallion Architecture; the message has one line a break."""


def enforce(defs: dg.Definitions) -> dg.Definitions:
    """Give every asset what its layer gives, after checking every dependency.

    Args:
        defs: the definitions loaded from the `defs/` folder.

    Returns:
        The same definitions, each asset with what its layer gives.

    Raises:
        MedallionError: an asset is outside the three folders, or depends on what its layer may not.
    """
    layers = layers_by_folder(defs)
    if problems := list(broken_edges(defs, layers)):
        raise MedallionError("\n".join(problems))
    return dg.Definitions(
        assets=[dressed(asset, layers) for asset in unique(defs.assets)],
        asset_checks=list(unique(defs.asset_checks)),
        schedules=defs.schedules,
        sensors=defs.sensors,
        jobs=defs.jobs,
        resources=defs.resources,
        executor=defs.executor,
        loggers=defs.loggers,
        metadata=defs.metadata,
        component_tree=defs.component_tree,
    )


def layers_by_folder(defs: dg.Definitions) -> dict[dg.AssetKey, str]:
    """Return the layer of every asset: the folder under `defs/` whose files define it.

    A file may import an asset of the layer below to name it as a dependency, so an asset can be
    seen in more than one folder: it belongs to the most upstream one.
    """
    layers: dict[dg.AssetKey, str] = {}
    tree = defs.component_tree
    for layer in LAYERS:
        if tree and (tree.defs_module_path / layer).is_dir():
            for asset in tree.build_defs_at_path(layer).assets or ():
                for key in executable_keys(asset):
                    layers.setdefault(key, layer)
    return layers


def executable_keys(asset: object) -> set[dg.AssetKey]:
    """Return the keys that `asset` computes: none for an external source."""
    computes = isinstance(asset, dg.AssetsDefinition) and asset.is_executable
    return set(asset.keys) if computes else set()


def broken_edges(defs: dg.Definitions, layers: Mapping[dg.AssetKey, str]) -> Iterator[str]:
    """Yield one sentence for each asset or check that breaks the architecture."""
    assets = list(unique(defs.assets))
    sources = {
        spec.key
        for asset in assets
        if not executable_keys(asset)
        for spec in ([asset] if isinstance(asset, dg.AssetSpec) else getattr(asset, "specs", ()))
    }
    for asset in assets:
        for key in sorted(executable_keys(asset)):
            name = key.to_user_string()
            if key not in layers:
                folders = ", ".join(f"defs/{layer}" for layer in LAYERS)
                yield f"{name} is defined outside {folders}: move its file into its layer's folder."
                continue
            for upstream in sorted(asset.asset_deps[key] - {key}):
                if upstream in layers:
                    problem = edge_error(
                        name, layers[key], upstream.to_user_string(), layers[upstream]
                    )
                elif upstream in sources:
                    problem = edge_error(name, layers[key], upstream.to_user_string(), SOURCE)
                else:
                    problem = (
                        f"{name} ({layers[key]}) depends on {upstream.to_user_string()}, which no "
                        f"file under defs/ defines: correct the name, or add that asset."
                    )
                if problem:
                    yield problem
    yield from broken_checks(defs, layers)


def broken_checks(defs: dg.Definitions, layers: Mapping[dg.AssetKey, str]) -> Iterator[str]:
    """Yield one sentence for each asset check that looks beyond its own layer and the one below."""
    for checks in unique(defs.asset_checks):
        for spec in checks.check_specs:
            layer = layers.get(spec.asset_key)
            allowed = {layer, LAYERS[layer].upstream} if layer else set()
            for dep in spec.additional_deps:
                other = layers.get(dep.asset_key)
                if layer and other and other not in allowed:
                    yield (
                        f"check {spec.name} of {spec.asset_key.to_user_string()} ({layer}) looks "
                        f"at {dep.asset_key.to_user_string()} ({other}): a check may look only "
                        f"at its own layer and the one below."
                    )


def edge_error(key: str, layer: str, upstream: str, upstream_layer: str) -> str | None:
    """Say why `key` may not depend on `upstream`, or return None if it may."""
    allowed = LAYERS[layer].upstream
    if upstream_layer == (allowed or SOURCE):
        return None
    if allowed is None:
        rule = f"{layer} may depend on nothing but external sources."
        fix = f"Remove the dependency, or move {key} to silver."
    else:
        rule = f"{layer} may depend only on {allowed}."
        fix = f"Depend on a {allowed} asset instead, or move {key} to another layer."
    return f"{key} ({layer}) depends on {upstream} ({upstream_layer}): {rule} {fix}"


def dressed(asset: object, layers: Mapping[dg.AssetKey, str]) -> object:
    """Return `asset` with what its layer gives; what its own file says stays."""
    if isinstance(asset, dg.AssetsDefinition) and asset.is_executable:
        return asset.map_asset_specs(lambda spec: dressed_spec(spec, layers[spec.key]))
    return asset


def dressed_spec(spec: dg.AssetSpec, layer: str) -> dg.AssetSpec:
    """Return `spec` with what its layer gives, where its own file says nothing else."""
    own = sorted(spec.kinds)[: KINDS_SHOWN - 1] or ["polars"]
    tags = {**spec.tags, "layer": layer}
    automation = spec.automation_condition or LAYERS[layer].automation
    if automation is None and spec.partitions_def:  # a job cannot hold different partitions
        automation = dg.AutomationCondition.on_cron(bronze_cron(), "UTC")
    elif automation is None:
        tags |= dict([SCHEDULED])
    return spec.replace_attributes(
        group_name=spec.group_name if spec.group_name not in (None, "default") else layer,
        kinds={layer, *own},
        automation_condition=automation,
        freshness_policy=spec.freshness_policy or LAYERS[layer].freshness,
        owners=spec.owners or LAYERS[layer].owners,
        tags=tags,
    )


def unique(definitions: object) -> Iterator:
    """Yield each object once: a module that imports an asset shows it a second time."""
    seen: set[int] = set()
    for definition in definitions or ():
        if id(definition) not in seen:
            seen.add(id(definition))
            yield definition
