"""Find each asset's layer, and the dependencies that the rule does not allow."""

from collections.abc import Iterable, Iterator, Mapping

import dagster as dg

from .rule import SOURCE, UPSTREAM, dependency_error

LayersByKey = Mapping[dg.AssetKey, str]


def layers_by_folder(defs: dg.Definitions) -> dict[dg.AssetKey, str]:
    """Return the layer of every asset: the folder under `defs/` whose files define it.

    A file may import an asset of the layer below to name it as a dependency, so an asset can appear
    in more than one folder: it belongs to the most upstream one.
    """
    layers: dict[dg.AssetKey, str] = {}
    tree = defs.component_tree
    if tree is None:
        return layers
    for layer in UPSTREAM:
        if (tree.defs_module_path / layer).is_dir():
            for asset in tree.build_defs_at_path(layer).assets or ():
                for key in executable_keys(asset):
                    layers.setdefault(key, layer)
    return layers


def executable_keys(asset: object) -> set[dg.AssetKey]:
    """Return the keys that `asset` computes: none for an external source."""
    if isinstance(asset, dg.AssetsDefinition) and asset.is_executable:
        return set(asset.keys)
    return set()


def dependency_problems(defs: dg.Definitions, layers: LayersByKey) -> Iterator[str]:
    """Yield one sentence for each asset or check that breaks the architecture."""
    assets = list(unique(defs.assets))
    sources = {key for asset in assets for key in _source_keys(asset)}
    for asset in assets:
        for key in sorted(executable_keys(asset)):
            if key in layers:
                yield from _problems_of_asset(asset, key, layers, sources)
            else:
                folders = ", ".join(f"defs/{layer}" for layer in UPSTREAM)
                yield (
                    f"{key.to_user_string()} is defined outside {folders}: "
                    "move its file into its layer's folder."
                )
    yield from _problems_of_checks(defs, layers)


def _source_keys(asset: object) -> set[dg.AssetKey]:
    """Return the keys of `asset` if it is an external source."""
    if executable_keys(asset):
        return set()
    specs = [asset] if isinstance(asset, dg.AssetSpec) else getattr(asset, "specs", ())
    return {spec.key for spec in specs}


def _problems_of_asset(
    asset: dg.AssetsDefinition, key: dg.AssetKey, layers: LayersByKey, sources: set[dg.AssetKey]
) -> Iterator[str]:
    """Yield one sentence for each dependency of an asset that its layer may not have."""
    name, layer = key.to_user_string(), layers[key]
    for upstream in sorted(asset.asset_deps[key] - {key}):
        upstream_name = upstream.to_user_string()
        if upstream in layers:
            problem = dependency_error(name, layer, upstream_name, layers[upstream])
        elif upstream in sources:
            problem = dependency_error(name, layer, upstream_name, SOURCE)
        else:
            problem = (
                f"{name} ({layer}) depends on {upstream_name}, which no file under defs/ defines: "
                "correct the name, or add that asset."
            )
        if problem:
            yield problem


def _problems_of_checks(defs: dg.Definitions, layers: LayersByKey) -> Iterator[str]:
    """Yield one sentence for each check that looks beyond its own layer and the one below."""
    for checks in unique(defs.asset_checks):
        for spec in checks.check_specs:
            layer = layers.get(spec.asset_key)
            if layer is None:
                continue
            for dependency in spec.additional_deps:
                other = layers.get(dependency.asset_key)
                if other not in (None, layer, UPSTREAM[layer]):
                    yield (
                        f"check {spec.name} of {spec.asset_key.to_user_string()} ({layer}) looks "
                        f"at {dependency.asset_key.to_user_string()} ({other}): a check may look "
                        "only at its own layer and the one below."
                    )


def unique(definitions: Iterable | None) -> Iterator:
    """Yield each object once: a module that imports an asset contains it a second time."""
    seen: set[int] = set()
    for definition in definitions or ():
        if id(definition) not in seen:
            seen.add(id(definition))
            yield definition
