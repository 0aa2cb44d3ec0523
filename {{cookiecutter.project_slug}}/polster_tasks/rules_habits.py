"""POL4xx: habits, and what cannot be read. All of them are warnings."""

import os
from collections.abc import Iterator
from contextlib import suppress

from .findings import Place, View, at, rule
from .layers import LAYERS
from .rules_graph import _unknown


@rule("POL401", "no-description", "warning")
def no_description(view: View) -> Iterator[Place]:
    """An asset has no description, so that Dagster's catalog shows a bare name.

    Bad:   def silver_orders(bronze_orders): return ...
    Good:  a docstring, or @dg.asset(description="Orders, one row each, valid dates only.")
    """
    for asset in view.catalog.assets:
        if (
            not (asset.description or "").strip()
            and "its arguments are computed" not in asset.unresolved
        ):
            yield at(asset, f"{asset.key} has no description. Give its function a docstring.")


@rule("POL402", "no-test", "warning")
def no_test(view: View) -> Iterator[Place]:
    """An asset has no test file of its own.

    Bad:   defs/silver/orders.py alone
    Good:  tests/silver/test_silver_orders.py beside it
    """
    tests = set()
    for layer in LAYERS:
        with suppress(OSError):  # no such folder, so no test in it
            tests.update(os.listdir(os.path.join(view.project.root, "tests", layer)))
    for asset in view.catalog.assets:
        if asset.layer and asset.known and f"test_{asset.layer}_{asset.name}.py" not in tests:
            stem = asset.path.rpartition("/")[2]
            if f"test_{asset.layer}_{stem}" not in tests:
                yield at(asset, (
                    f"{asset.key} has no test. Add "
                    f"tests/{asset.layer}/test_{asset.layer}_{asset.name}.py."
                ))  # fmt: skip


@rule("POL403", "unused-asset", "warning")
def unused_asset(view: View) -> Iterator[Place]:
    """Nothing depends on a bronze or silver asset.

    Bad:   bronze_orders, and no silver asset that takes it
    Good:  def silver_orders(bronze_orders): ...
    """
    for asset in view.catalog.assets:
        if asset.layer in ("bronze", "silver") and asset.known and asset.key not in view.used:
            above = "silver" if asset.layer == "bronze" else "gold"
            yield at(asset, (
                f"Nothing depends on {asset.key}. Use it in a {above} asset, or remove it."
            ))  # fmt: skip


@rule("POL404", "pandas", "warning")
def pandas(view: View) -> Iterator[Place]:
    """pandas in a Polars pipeline: a second library, whole tables in memory, other null values.

    Bad:   pd.read_csv(...), frame.to_pandas()
    Good:  pl.scan_csv(...), frame
    """
    for module in view.catalog.modules:
        for found in module.imports:
            if found.dotted.partition(".")[0] == "pandas":
                yield module.path, found.line, found.column, "pandas is imported. Use Polars."
    for path, line, column, text in view.spots("pandas"):
        yield path, line, column, f"{text}() leaves Polars for pandas. Stay in Polars."


@rule("POL405", "naive-now", "warning")
def naive_now(view: View) -> Iterator[Place]:
    """The time of day without a time zone: it means something else on another machine.

    Bad:   datetime.now()
    Good:  datetime.now(timezone.utc)
    """
    for path, line, column, text in view.spots("now"):
        yield path, line, column, f"{text} has no time zone. Use datetime.now(timezone.utc)."


@rule("POL406", "unresolved", "warning")
def unresolved(view: View) -> Iterator[Place]:
    """Something that only running the code would tell: it is not checked here, only said.

    Dagster checks the layers again when the project loads.

    Bad:   @dg.asset(key=make_key()), assets from a function, a definition under an if
    Good:  keys and dependencies written as constants, one asset a file
    """
    end = "It is not checked here. Write it out, or leave it to the check at load."
    for path, line, column, text in view.spots("unresolved", "definitions"):
        yield path, line, column, f"Cannot read {text}. {end}"
    for path, line, column, text in view.spots("nested"):
        yield path, line, column, f"Cannot read the assets that {text} makes when it runs. {end}"
    for asset in (*view.catalog.assets, *view.catalog.sources, *view.catalog.checks):
        for note in asset.unresolved:
            yield at(asset, f"{asset.key} cannot be read whole: {note}. {end}")
    if view.catalog.open:
        for asset, dependency in _unknown(view):
            yield (
                asset.path,
                dependency.line,
                dependency.column,
                (
                    f"{asset.key} depends on {dependency.key}, which no file defines that can be read. {end}"
                ),
            )
