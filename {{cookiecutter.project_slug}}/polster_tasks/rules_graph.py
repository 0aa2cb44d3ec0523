"""POL2xx: dependencies. POL3xx: imports and reads that go around the graph."""

from collections.abc import Iterator

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
            upstream = view.assets.get(dependency.key)
            layer = (
                upstream.layer if upstream else SOURCE if dependency.key in view.sources else None
            )
            if layer and dependency.key != asset.key:
                message = edge_error(asset.key, asset.layer, dependency.key, layer)
                if message:
                    yield asset.path, dependency.line, dependency.column, message


@rule("POL202", "unknown-upstream", "error")
def unknown_upstream(view: View) -> Iterator[Place]:
    """A dependency names an asset that no file defines.

    Every parameter but `context`, `config` and resources is a dependency on the asset of its name.

    Bad:   def silver_orders(bronze_order): ...     the asset is called bronze_orders
    Good:  def silver_orders(bronze_orders): ...
    """
    if view.catalog.open:
        return  # it may be one of the assets that cannot be read: unresolved says so
    for asset, dependency in _unknown(view):
        yield (
            asset.path,
            dependency.line,
            dependency.column,
            (
                f"{asset.key} ({asset.layer}) depends on {dependency.key}, which no file under defs/ "
                f"defines: correct the name, or add that asset.{_hint(view, dependency.key)}"
            ),
        )


def _unknown(view: View):
    for asset in (*view.catalog.assets, *view.catalog.checks):
        contexts = {context.key for context in asset.contexts}
        for dependency in asset.dependencies:
            key = dependency.key
            if key not in view.assets and key not in view.sources and key not in contexts:
                yield asset, dependency


def _hint(view: View, key: str) -> str:
    last = key.rpartition("/")[2]
    for known in (*view.assets, *view.sources):
        if known.rpartition("/")[2] == last:
            return f' Its full key is {known}: use ins={{"{last}": AssetIn(key=...)}} or deps=.'
    from difflib import get_close_matches

    close = get_close_matches(key, view.assets, 1, 0.75)
    return f" Did you mean {close[0]}?" if close else ""


@rule("POL203", "cycle", "error")
def cycle(view: View) -> Iterator[Place]:
    """Assets depend on each other in a circle.

    Bad:   silver_a depends on silver_b, silver_b on silver_a
    Good:  what both need in an asset of its own, one layer below
    """
    state: dict[str, int] = {}  # 1: on the path, 2: done
    for start in view.assets:
        path = [start]
        stack = [iter(view.assets[start].dependencies)] if start not in state else []
        state.setdefault(start, 1)
        while stack:
            dependency = next(stack[-1], None)
            if dependency is None:
                stack.pop()
                state[path.pop()] = 2
            elif dependency.key in view.assets and dependency.key not in state:
                state[dependency.key] = 1
                path.append(dependency.key)
                stack.append(iter(view.assets[dependency.key].dependencies))
            elif state.get(dependency.key) == 1 and not (
                dependency.key == path[-1] and dependency.how == "ins"
            ):
                circle = " -> ".join([*path[path.index(dependency.key) :], dependency.key])
                asset = view.assets[path[-1]]
                yield (
                    asset.path,
                    dependency.line,
                    dependency.column,
                    (
                        f"Assets depend on each other in a circle: {circle}. Remove one of the "
                        f"dependencies."
                    ),
                )


@rule("POL204", "no-upstream", "error")
def no_upstream(view: View) -> Iterator[Place]:
    """A silver or gold asset depends on nothing, so what it holds did not come through the layers.

    Bad:   def silver_orders(): return pl.read_csv(...)
    Good:  def silver_orders(bronze_orders): ...
    """
    for asset in view.catalog.assets:
        allowed = LAYERS[asset.layer].upstream if asset.layer else None
        if allowed and not asset.dependencies and not asset.unresolved:
            yield at(asset, (
                f"{asset.key} depends on nothing. Name a {allowed} asset as a parameter, or move it "
                f"to bronze if it reads a source."
            ))  # fmt: skip


@rule("POL205", "context-name", "error")
def context_name(view: View) -> Iterator[Place]:
    """A context parameter that Dagster takes for an asset: it knows the context by name and place.

    Bad:   def silver_orders(ctx: dg.AssetExecutionContext, bronze_orders): ...
    Good:  def silver_orders(context: dg.AssetExecutionContext, bronze_orders): ...
    """
    for asset in view.catalog.assets:
        for one in asset.contexts:
            yield (
                asset.path,
                one.line,
                one.column,
                (f"Dagster takes {one.key} for an asset. Call it context, and put it first."),
            )


@rule("POL206", "dropped-input", "error")
def dropped_input(view: View) -> Iterator[Place]:
    """A keyword-only or positional-only parameter: Dagster does not take it for an input.

    Bad:   def silver_orders(*, bronze_orders): ...
    Good:  def silver_orders(bronze_orders): ...
    """
    for asset in view.catalog.assets:
        for one in asset.dropped:
            yield (
                asset.path,
                one.line,
                one.column,
                (
                    f"Dagster does not see {one.key} of {asset.key} as an input. Make it a plain "
                    f"parameter: remove the * or / from the signature."
                ),
            )


@rule("POL207", "refused-annotation", "error")
def refused_annotation(view: View) -> Iterator[Place]:
    """An annotation with which Dagster refuses to load the asset.

    Bad:   def silver_orders(bronze_orders) -> dy.LazyFrame[Orders]: ...
           from __future__ import annotations, and a context: dg.AssetExecutionContext
    Good:  def silver_orders(bronze_orders) -> pl.LazyFrame: ...   the schema applied inside
    """
    for path, line, column, text in view.spots("annotation"):
        yield (
            path,
            line,
            column,
            (
                f"Dagster cannot load an asset that is annotated {text}. Annotate it with pl.LazyFrame "
                f"or pl.DataFrame, and apply the schema inside."
            ),
        )
    for path, line, column, text in view.spots("future"):
        yield (
            path,
            line,
            column,
            (
                f"Dagster cannot read the annotation of {text} under `from __future__ import "
                f"annotations`. Remove that import, or the annotation."
            ),
        )


@rule("POL208", "check-elsewhere", "error")
def check_elsewhere(view: View) -> Iterator[Place]:
    """An asset check looks at assets beyond its own layer and the one below.

    Bad:   @dg.asset_check(asset="silver_orders", additional_deps=["gold_revenue"])
    Good:  @dg.asset_check(asset="silver_orders", additional_deps=["bronze_orders"])
    """
    for one in view.catalog.checks:
        layer = view.assets[one.key].layer if one.key in view.assets else None
        for dependency in one.dependencies if layer else ():
            other = view.assets[dependency.key].layer if dependency.key in view.assets else None
            if other and other not in (layer, LAYERS[layer].upstream):
                yield (
                    one.path,
                    dependency.line,
                    dependency.column,
                    (
                        f"check {one.name} of {one.key} ({layer}) looks at {dependency.key} ({other}): "
                        f"a check may look only at its own layer and the one below. Remove that, or "
                        f"check {dependency.key} instead."
                    ),
                )


@rule("POL301", "missing-import", "error")
def missing_import(view: View) -> Iterator[Place]:
    """An import of something that is not in the project.

    Bad:   from my_pipeline.defs.bronze.order import bronze_orders     there is no order.py
    Good:  from my_pipeline.defs.bronze.orders import bronze_orders
    """
    broken = {path for path, _ in view.catalog.spots} - {one.path for one in view.catalog.modules}
    for module, found, target in view.catalog.links:
        if target.kind == "missing" and not found.guarded:
            if not _unparsed(found.dotted, broken):
                yield (
                    module.path,
                    found.line,
                    found.column,
                    (f"There is no {found.dotted} in this project. Correct the import, or add it."),
                )
    for path, line, column, text in view.spots("import"):
        yield path, line, column, f"{text} leads out of the package. Correct the import."


def _unparsed(dotted: str, broken: set[str]) -> bool:
    """Tell whether an import leads into a file that has a finding of its own."""
    path = f"src/{dotted.replace('.', '/')}"
    return any(
        f"{start}{end}" in broken
        for start in (path, path.rpartition("/")[0])
        for end in (".py", "/__init__.py", "")
    )


@rule("POL302", "import-around", "error")
def import_around(view: View) -> Iterator[Place]:
    """A layer's file imports from an asset's file, and not to name a dependency.

    Calling another asset's function, or reading its file's constants, makes a dependency that
    Dagster does not know: nothing is materialized in order, and no layer is checked.

    Bad:   from my_pipeline.defs.bronze.orders import bronze_orders
           def silver_orders(): return bronze_orders()
    Good:  def silver_orders(bronze_orders): ...      or @dg.asset(deps=[bronze_orders])
    """
    resolver = view.catalog.resolver
    for module, found, target in view.catalog.links:
        other = target.module.layer if target.module else None
        if not module.layer or not other or target.module.path == module.path:
            continue
        if target.kind == "module":
            keys = {one.key for one in view.catalog.assets if one.path == target.module.path}
        elif target.definition:
            keys = set(resolver.definition_keys(target.definition) or ())
        else:
            keys = None  # no asset: a helper, which the files of a layer may share
        if keys is None and other == module.layer:
            continue
        if keys is not None and not found.local and found.binding not in resolver.used(module):
            named = {
                dependency.key
                for one in (*view.catalog.assets, *view.catalog.checks)
                if one.path == module.path
                for dependency in one.dependencies
                if dependency.how != "parameter"
            }
            if named & keys:
                continue
        yield (
            module.path,
            found.line,
            found.column,
            (
                f"{found.dotted} belongs to {other}: a {module.layer} file may import it only to name "
                f"it in deps= or ins=. Take its data as a parameter instead."
            ),
        )


@rule("POL303", "read-around", "error")
def read_around(view: View) -> Iterator[Place]:
    """A silver or gold file reads a layer's files itself instead of taking the asset as a parameter.

    Dagster then knows nothing of the dependency: no order, no lineage, no layer that is checked.

    Bad:   def silver_orders(bronze_orders): return pl.scan_parquet("data/bronze/orders.parquet")
    Good:  def silver_orders(bronze_orders): return bronze_orders
    """
    for path, line, column, text in view.spots("read"):
        yield (
            path,
            line,
            column,
            (
                f"{text if len(text) < 80 else text[:76] + '...'} reads a layer's files around the "
                f"graph. Take the asset as a parameter instead."
            ),
        )
    landing = f"{view.project.package}.landing"
    for module, found, _ in view.catalog.links:
        if module.layer in ("silver", "gold") and f"{found.dotted}.".startswith(f"{landing}."):
            yield (
                module.path,
                found.line,
                found.column,
                (
                    f"{module.layer} may not read raw files. Read them in a bronze asset, and take what "
                    f"it holds as a parameter."
                ),
            )
