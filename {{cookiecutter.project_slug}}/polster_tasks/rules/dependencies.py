"""POL2xx: Dependencies."""

from collections.abc import Iterator
from typing import NamedTuple

from ..layers import LAYERS, SOURCE, dependency_error
from ..project import Project
from ..reading.catalog import Asset, Catalog, Dependency
from ..reading.module import Kind
from .rule import ERROR, Breach, breach, rule


@rule("POL201", "wrong-layer", ERROR)
def wrong_layer(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """An asset depends on an asset in a layer that its own layer may not depend on.

    Bronze depends on nothing but external sources, silver only on bronze, gold only on silver:
    never backwards, within a layer, or past one. The project refuses to load as well.

    Bad:   def gold_revenue(bronze_orders): ...
    Good:  def gold_revenue(silver_orders): ...
    """
    layers = layers_by_key(catalog)
    for asset in catalog.assets:
        for dependency in asset.dependencies:
            upstream_layer = layers.get(dependency.key)
            if not asset.layer or not upstream_layer or dependency.key == asset.key:
                continue
            message = dependency_error(asset.key, asset.layer, dependency.key, upstream_layer)
            if message:
                yield at_dependency(asset, dependency, message)


@rule("POL202", "unknown-upstream", ERROR)
def unknown_upstream(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """A dependency names an asset that no file defines.

    Every parameter but context, config and resources is a dependency on the asset of its name.

    Bad:   def silver_orders(bronze_order): ...     the asset is called bronze_orders
    Good:  def silver_orders(bronze_orders): ...
    """
    if catalog.open:  # it may be an asset that cannot be read: POL406 says so
        return
    known = list(layers_by_key(catalog))
    for unknown in unknown_dependencies(catalog):
        asset, dependency = unknown
        where = f"{asset.key} ({asset.layer}) depends on {dependency.key}"
        fix = f"correct the name, or add that asset.{_hint(dependency.key, known)}"
        message = f"{where}, which no file under defs/ defines: {fix}"
        yield at_dependency(asset, dependency, message)


def _hint(key: str, known: list[str]) -> str:
    """Return a sentence that names the asset that was probably meant, if there is one."""
    for full_key in known:
        if full_key.endswith(f"/{key}"):
            fix = f'use ins={{"{key}": AssetIn(key=...)}} or deps=.'
            return f" Its full key is {full_key}: {fix}"
    from difflib import get_close_matches

    close = get_close_matches(key, known, 1, 0.75)
    return f" Did you mean {close[0]}?" if close else ""


@rule("POL203", "cycle", ERROR)
def cycle(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """Assets depend on each other in a circle, so none can be materialized first.

    Bad:   silver_a depends on silver_b, silver_b on silver_a
    Good:  what both need in an asset of its own, one layer below
    """
    assets = {asset.key: asset for asset in reversed(catalog.assets)}
    done: set[str] = set()  # no circle leads through these, or it was found
    for start in assets:
        # The keys from `start` to the asset at hand, each with the dependencies still to follow.
        path: dict[str, Iterator[Dependency]] = {}
        if start not in done:
            path[start] = iter(assets[start].dependencies)
        while path:
            here = next(reversed(path))
            dependency = next(path[here], None)
            if dependency is None:
                done.add(here)
                del path[here]
                continue
            key = dependency.key
            reads_itself = key == here and dependency.how == "ins"  # yesterday's partition
            if key in path and not reads_itself:
                keys = [*path, key]
                circle = " -> ".join(keys[keys.index(key) :])
                message = f"Assets depend on each other in a circle: {circle}. Remove one of them."
                yield at_dependency(assets[here], dependency, message)
            elif key in assets and key not in done and key not in path:
                path[key] = iter(assets[key].dependencies)


@rule("POL204", "no-upstream", ERROR)
def no_upstream(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """A silver or gold asset has no upstream: its data did not come through the layers.

    Bad:   def silver_orders(): return pl.read_csv(...)
    Good:  def silver_orders(bronze_orders): ...
    """
    for asset in catalog.assets:
        upstream = LAYERS[asset.layer].upstream if asset.layer else None
        if upstream and not asset.dependencies and not asset.unresolved:
            fix = f"Name a {upstream} asset as a parameter"
            other = "or move it to bronze if it reads a source"
            yield breach(asset, f"{asset.key} depends on nothing. {fix}, {other}.")


@rule("POL205", "context-name", ERROR)
def context_name(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """Dagster recognizes the context by its name and place; any other name is an asset.

    Bad:   def silver_orders(ctx: dg.AssetExecutionContext, bronze_orders): ...
    Good:  def silver_orders(context: dg.AssetExecutionContext, bronze_orders): ...
    """
    for seen in catalog.observed(Kind.CONTEXT_NAME):
        fix = "Call it context, and put it first."
        yield breach(seen, f"Dagster takes {seen.text} for an asset. {fix}")


@rule("POL206", "dropped-input", ERROR)
def dropped_input(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """Dagster takes only plain parameters as inputs, and drops keyword-only ones.

    Bad:   def silver_orders(*, bronze_orders): ...
    Good:  def silver_orders(bronze_orders): ...
    """
    for seen in catalog.observed(Kind.DROPPED_INPUT):
        fix = "Remove the * or / in the signature."
        yield breach(seen, f"Dagster does not see the input {seen.text}. {fix}")


@rule("POL207", "check-elsewhere", ERROR)
def check_elsewhere(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """An asset check looks beyond its own layer and the one below.

    Bad:   @dg.asset_check(asset="silver_orders", additional_deps=["gold_revenue"])
    Good:  @dg.asset_check(asset="silver_orders", additional_deps=["bronze_orders"])
    """
    layers = layers_by_key(catalog)
    for check in catalog.checks:
        layer = layers.get(check.key)
        if layer not in LAYERS:
            continue
        for dependency in check.dependencies:
            other = layers.get(dependency.key)
            if other not in LAYERS or other in (layer, LAYERS[layer].upstream):
                continue
            checked = f"check {check.name} of {check.key} ({layer})"
            what = f"{checked} looks at {dependency.key} ({other})"
            limit = "a check may look only at its own layer and the one below."
            message = f"{what}: {limit} Check {dependency.key} instead."
            yield at_dependency(check, dependency, message)


@rule("POL208", "bad-annotation", ERROR)
def bad_annotation(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """An annotation keeps Dagster from loading the asset.

    Bad:   def silver_orders(bronze_orders: dy.LazyFrame[Order]) -> dy.LazyFrame[Order]: ...
           from __future__ import annotations, beside context: dg.AssetExecutionContext
    Good:  def silver_orders(bronze_orders: pl.LazyFrame) -> pl.LazyFrame: ...
    """
    for seen in catalog.observed(Kind.REFUSED_ANNOTATION):
        fix = "Write pl.LazyFrame; let a contract check it."
        yield breach(seen, f"Dagster refuses {seen.text}. {fix}")
    for seen in catalog.observed(Kind.TEXT_ANNOTATION):
        fix = "Remove quotes or the __future__ import."
        yield breach(seen, f"Dagster refuses {seen.text} as text. {fix}")


class UnknownDependency(NamedTuple):
    """A dependency of an asset or a check on a key that no file defines."""

    asset: Asset
    dependency: Dependency


def unknown_dependencies(catalog: Catalog) -> Iterator[UnknownDependency]:
    """Yield the dependencies on keys that no file defines."""
    known = layers_by_key(catalog)
    for asset in (*catalog.assets, *catalog.checks):
        for dependency in asset.dependencies:
            if dependency.key not in known:
                yield UnknownDependency(asset, dependency)


def layers_by_key(catalog: Catalog) -> dict[str, str | None]:
    """Return the layer of each known key, `SOURCE` for an external source."""
    layers: dict[str, str | None] = {source.key: SOURCE for source in catalog.sources}
    for asset in reversed(catalog.assets):  # of two with one key, the first counts
        layers[asset.key] = asset.layer
    return layers


def at_dependency(asset: Asset, dependency: Dependency, message: str) -> Breach:
    """Return a breach at the place where an asset names a dependency."""
    return Breach(asset.path, dependency.line, dependency.column, message)
