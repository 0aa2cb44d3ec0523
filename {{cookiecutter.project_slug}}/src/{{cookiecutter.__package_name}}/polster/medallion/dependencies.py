"""Find each asset's layer, and the dependencies that the rule does not allow."""

from collections.abc import Iterator, Mapping

import dagster as dg

from .rule import SOURCE, UPSTREAM, edge_error


def layers_by_folder(defs: dg.Definitions) -> dict[dg.AssetKey, str]:
    """Return the layer of every asset: the folder under `defs/` whose files define it.

    A file may import an asset of the layer below to name it as a dependency, so an asset can be
    seen in more than one folder: it belongs to the most upstream one.
    """
    layers: dict[dg.AssetKey, str] = {}
    tree = defs.component_tree
    for layer in UPSTREAM:
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
                folders = ", ".join(f"defs/{layer}" for layer in UPSTREAM)
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
            allowed = {layer, UPSTREAM[layer]} if layer else set()
            for dep in spec.additional_deps:
                other = layers.get(dep.asset_key)
                if layer and other and other not in allowed:
                    yield (
                        f"check {spec.name} of {spec.asset_key.to_user_string()} ({layer}) looks "
                        f"at {dep.asset_key.to_user_string()} ({other}): a check may look only "
                        f"at its own layer and the one below."
                    )


def unique(definitions: object) -> Iterator:
    """Yield each object once: a module that imports an asset shows it a second time."""
    seen: set[int] = set()
    for definition in definitions or ():
        if id(definition) not in seen:
            seen.add(id(definition))
            yield definition
