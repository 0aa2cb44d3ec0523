"""POL2xx: dependencies."""

from collections.abc import Iterator

from .catalog import Asset, Dependency
from .findings import Place, View, at, rule
from .layers import LAYERS, SOURCE, edge_error


@rule("POL201", "wrong-layer", "error")
def wrong_layer(view: View) -> Iterator[Place]:
    """An asset depends on an asset of a layer that its own layer may not see.

    Bronze depends on nothing but external sources, silver only on bronze, gold only on silver:
    not backwards, not across, not past a layer. Dagster refuses to load the project as well.

    Bad:   def gold_revenue(bronze_orders): ...
    Good:  def gold_revenue(silver_orders): ...
    """
    for asset in view.catalog.assets:
        for dependency in asset.dependencies if asset.layer else ():
            key = dependency.key
            layer = view.layer(key)
            if key not in view.assets and key in view.sources:
                layer = SOURCE
            if layer and key != asset.key:
                message = edge_error(asset.key, asset.layer, key, layer)
                if message:
                    yield at(asset, message, dependency)


@rule("POL202", "unknown-upstream", "error")
def unknown_upstream(view: View) -> Iterator[Place]:
    """A dependency names an asset that no file defines.

    Every parameter but `context`, `config` and resources is a dependency on the asset of its name.

    Bad:   def silver_orders(bronze_order): ...     the asset is called bronze_orders
    Good:  def silver_orders(bronze_orders): ...
    """
    if view.catalog.open:
        return  # it may be one of the assets that cannot be read: unresolved says so
    for asset, one in unknown(view):
        start = f"{asset.key} ({asset.layer}) depends on {one.key}"
        fix = f"correct the name, or add that asset.{_hint(view, one.key)}"
        yield at(asset, f"{start}, which no file under defs/ defines: {fix}", one)


def unknown(view: View) -> Iterator[tuple[Asset, Dependency]]:
    """Yield the assets, and checks, with each dependency that no file defines."""
    for asset in (*view.catalog.assets, *view.catalog.checks):
        for one in asset.dependencies:
            if one.key not in view.assets and one.key not in view.sources:
                yield asset, one


def _hint(view: View, key: str) -> str:
    from difflib import get_close_matches

    for known in (*view.assets, *view.sources):
        if known.rpartition("/")[2] == key:
            return f' Its full key is {known}: use ins={{"{key}": AssetIn(key=...)}} or deps=.'
    close = get_close_matches(key, view.assets, 1, 0.75)
    return f" Did you mean {close[0]}?" if close else ""


@rule("POL203", "cycle", "error")
def cycle(view: View) -> Iterator[Place]:
    """Assets depend on each other in a circle.

    Bad:   silver_a depends on silver_b, silver_b on silver_a
    Good:  what both need in an asset of its own, one layer below
    """
    done: set[str] = set()
    for start in view.assets:
        path = {} if start in done else {start: iter(view.assets[start].dependencies)}
        while path:
            here = next(reversed(path))
            one = next(path[here], None)
            if one is None:
                done.add(here)
                del path[here]
            elif one.key in path and not (one.key == here and one.how == "ins"):
                keys = list(path)
                circle = " -> ".join([*keys[keys.index(one.key) :], one.key])
                message = f"Assets depend on each other in a circle: {circle}. Remove one of them."
                yield at(view.assets[here], message, one)
            elif one.key in view.assets and one.key not in done and one.key not in path:
                path[one.key] = iter(view.assets[one.key].dependencies)


@rule("POL204", "no-upstream", "error")
def no_upstream(view: View) -> Iterator[Place]:
    """A silver or gold asset depends on nothing, so what it holds did not come through the layers.

    Bad:   def silver_orders(): return pl.read_csv(...)
    Good:  def silver_orders(bronze_orders): ...
    """
    for asset in view.catalog.assets:
        allowed = LAYERS[asset.layer].upstream if asset.layer else None
        if allowed and not asset.dependencies and not asset.unresolved:
            fix = (
                f"Name a {allowed} asset as a parameter, or move it to bronze if it reads a source."
            )
            yield at(asset, f"{asset.key} depends on nothing. {fix}")


@rule("POL205", "context-name", "error")
def context_name(view: View) -> Iterator[Place]:
    """A context parameter that Dagster takes for an asset: it knows the context by name and place.

    Bad:   def silver_orders(ctx: dg.AssetExecutionContext, bronze_orders): ...
    Good:  def silver_orders(context: dg.AssetExecutionContext, bronze_orders): ...
    """
    fix = "Call it context, and put it first."
    yield from view.spots("context", f"Dagster takes {{}} for an asset. {fix}")


@rule("POL206", "dropped-input", "error")
def dropped_input(view: View) -> Iterator[Place]:
    """A keyword-only or positional-only parameter: Dagster does not take it for an input.

    Bad:   def silver_orders(*, bronze_orders): ...
    Good:  def silver_orders(bronze_orders): ...
    """
    fix = "Make it a plain parameter: remove the * or / from the signature."
    yield from view.spots("dropped", f"Dagster does not see the input {{}}. {fix}")


@rule("POL207", "check-elsewhere", "error")
def check_elsewhere(view: View) -> Iterator[Place]:
    """An asset check looks at assets beyond its own layer and the one below.

    Bad:   @dg.asset_check(asset="silver_orders", additional_deps=["gold_revenue"])
    Good:  @dg.asset_check(asset="silver_orders", additional_deps=["bronze_orders"])
    """
    for one in view.catalog.checks:
        layer = view.layer(one.key)
        for dependency in one.dependencies if layer else ():
            other = view.layer(dependency.key)
            if other and other not in (layer, LAYERS[layer].upstream):
                what = (
                    f"check {one.name} of {one.key} ({layer}) looks at {dependency.key} ({other})"
                )
                rule = "a check may look only at its own layer and the one below."
                yield at(one, f"{what}: {rule} Check {dependency.key} instead.", dependency)
