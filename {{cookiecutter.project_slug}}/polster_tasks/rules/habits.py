"""POL4xx: Habits, and what cannot be read."""

import os
from collections.abc import Iterator

from ..layers import LAYERS
from ..project import Project
from ..reading.catalog import Catalog
from ..reading.module import Kind
from .dependencies import at_dependency, unknown_dependencies
from .rule import WARNING, Breach, breach, rule

_UNCHECKED = "It is checked only when the project loads. Write it out to have it checked here."


@rule("POL401", "no-description", WARNING)
def no_description(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """An asset has no description, so Dagster's catalog shows a bare name.

    Bad:   def silver_orders(bronze_orders): return ...
    Good:  a docstring, or @dg.asset(description="Orders, one row each, valid dates only.")
    """
    for asset in catalog.assets:
        is_described = (asset.description or "").strip()
        if not is_described and not asset.unresolved:
            fix = "Give its function a docstring."
            yield breach(asset, f"{asset.key} has no description. {fix}")


@rule("POL402", "no-test", WARNING)
def no_test(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """An asset has no test file of its own.

    Bad:   defs/silver/orders.py alone
    Good:  tests/silver/test_silver_orders.py beside it
    """
    tests: set[str] = set()
    for layer in LAYERS:
        folder = project.root / "tests" / layer
        if folder.is_dir():
            tests.update(os.listdir(folder))
    for asset in catalog.assets:
        if not asset.layer or not asset.known:
            continue
        expected = f"test_{asset.layer}_{asset.name}.py"
        accepted = {expected, f"test_{asset.layer}_{asset.stem}.py"}
        if tests.isdisjoint(accepted):
            yield breach(asset, f"{asset.key} has no test. Add tests/{asset.layer}/{expected}.")


@rule("POL403", "unused-asset", WARNING)
def unused_asset(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """Nothing depends on a bronze or silver asset.

    Bad:   bronze_orders, and no silver asset that takes it
    Good:  def silver_orders(bronze_orders): ...
    """
    layer_above = {layer.upstream: layer.name for layer in LAYERS.values() if layer.upstream}
    used = {
        dependency.key
        for asset in (*catalog.assets, *catalog.checks)
        for dependency in asset.dependencies
        if dependency.how != "asset"  # a check does not use what it checks
    }
    for asset in catalog.assets:
        if asset.known and asset.layer in layer_above and asset.key not in used:
            fix = f"Use it in a {layer_above[asset.layer]} asset, or remove it."
            yield breach(asset, f"Nothing depends on {asset.key}. {fix}")


@rule("POL404", "pandas", WARNING)
def pandas(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """pandas holds whole tables in memory, and treats missing values differently.

    Bad:   pd.read_csv(...), frame.to_pandas()
    Good:  pl.scan_csv(...), frame
    """
    for seen in catalog.observed(Kind.TO_PANDAS):
        yield breach(seen, f"{seen.text}() leaves Polars for pandas. Stay in Polars.")
    for link in catalog.links:
        if link.name.dotted.partition(".")[0] == "pandas":
            yield breach(link, "pandas is imported. Use Polars.")


@rule("POL405", "naive-now", WARNING)
def naive_now(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """A time without a time zone means something else on another machine.

    Bad:   datetime.now()
    Good:  datetime.now(timezone.utc)
    """
    for seen in catalog.observed(Kind.NAIVE_NOW):
        yield breach(seen, f"{seen.text} has no time zone. Use datetime.now(timezone.utc).")


@rule("POL406", "unresolved", WARNING)
def unresolved(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """What only running the code would tell is reported, because it is not checked.

    The layers are checked again when the project loads.

    Bad:   @dg.asset(key=make_key()), assets from a function, a definition under an if
    Good:  keys and dependencies written as constants, one asset a file
    """
    for seen in catalog.observed(Kind.UNRESOLVED, Kind.DEFINITIONS):
        yield breach(seen, f"Cannot read {seen.text}. {_UNCHECKED}")
    for asset in (*catalog.assets, *catalog.checks, *catalog.sources):
        for reason in asset.unresolved:
            message = f"{asset.key} cannot be read in full: {reason}. {_UNCHECKED}"
            yield breach(asset, message)
    if not catalog.open:  # then POL202 reports what no file defines
        return
    for asset, dependency in unknown_dependencies(catalog):
        what = f"{asset.key} ({asset.layer}) depends on {dependency.key}"
        message = f"{what}, which no readable file defines. {_UNCHECKED}"
        yield at_dependency(asset, dependency, message)
