"""POL4xx: habits, and what cannot be read. All of them are warnings."""

import os
from collections.abc import Iterator

from .findings import Place, View, at, rule
from .layers import LAYERS
from .rules_graph import unknown


@rule("POL401", "no-description", "warning")
def no_description(view: View) -> Iterator[Place]:
    """An asset has no description, so that Dagster's catalog shows a bare name.

    Bad:   def silver_orders(bronze_orders): return ...
    Good:  a docstring, or @dg.asset(description="Orders, one row each, valid dates only.")
    """
    for asset in view.catalog.assets:
        if not (asset.description or "").strip() and not asset.unresolved:
            yield at(asset, f"{asset.key} has no description. Give its function a docstring.")


@rule("POL402", "no-test", "warning")
def no_test(view: View) -> Iterator[Place]:
    """An asset has no test file of its own.

    Bad:   defs/silver/orders.py alone
    Good:  tests/silver/test_silver_orders.py beside it
    """
    tests = set()
    for layer in LAYERS:
        folder = os.path.join(view.project.root, "tests", layer)
        tests.update(os.listdir(folder) if os.path.isdir(folder) else ())
    for asset in view.catalog.assets:
        stem = asset.path.rpartition("/")[2].removesuffix(".py")
        named = [f"test_{asset.layer}_{name}.py" for name in (asset.name, stem)]
        if asset.layer and asset.known and tests.isdisjoint(named):
            yield at(asset, f"{asset.key} has no test. Add tests/{asset.layer}/{named[0]}.")


@rule("POL403", "unused-asset", "warning")
def unused_asset(view: View) -> Iterator[Place]:
    """Nothing depends on a bronze or silver asset.

    Bad:   bronze_orders, and no silver asset that takes it
    Good:  def silver_orders(bronze_orders): ...
    """
    above = {layer.upstream: name for name, layer in LAYERS.items() if layer.upstream}
    for asset in view.catalog.assets:
        if asset.layer in above and asset.known and asset.key not in view.used:
            fix = f"Use it in a {above[asset.layer]} asset, or remove it."
            yield at(asset, f"Nothing depends on {asset.key}. {fix}")


@rule("POL404", "pandas", "warning")
def pandas(view: View) -> Iterator[Place]:
    """pandas in a Polars pipeline: a second library, whole tables in memory, other null values.

    Bad:   pd.read_csv(...), frame.to_pandas()
    Good:  pl.scan_csv(...), frame
    """
    for link in view.catalog.links:
        if link.found.dotted.partition(".")[0] == "pandas":
            yield at(link, "pandas is imported. Use Polars.")
    yield from view.spots("pandas", "{}() leaves Polars for pandas. Stay in Polars.")


@rule("POL405", "naive-now", "warning")
def naive_now(view: View) -> Iterator[Place]:
    """The time of day without a time zone: it means something else on another machine.

    Bad:   datetime.now()
    Good:  datetime.now(timezone.utc)
    """
    yield from view.spots("now", "{} has no time zone. Use datetime.now(timezone.utc).")


@rule("POL406", "unresolved", "warning")
def unresolved(view: View) -> Iterator[Place]:
    """Something that only running the code would tell: it is not checked here, only said.

    Dagster checks the layers again when the project loads.

    Bad:   @dg.asset(key=make_key()), assets from a function, a definition under an if
    Good:  keys and dependencies written as constants, one asset a file
    """
    end = "It is not checked here. Write it out, or leave it to the check at load."
    for kind in ("unresolved", "definitions"):
        yield from view.spots(kind, f"Cannot read {{}}. {end}")
    for asset in (*view.catalog.assets, *view.catalog.sources, *view.catalog.checks):
        for note in asset.unresolved:
            yield at(asset, f"{asset.key} cannot be read whole: {note}. {end}")
    for asset, one in unknown(view) if view.catalog.open else ():
        what = f"{asset.key} depends on {one.key}, which no file defines that can be read"
        yield at(asset, f"{what}. {end}", one)
