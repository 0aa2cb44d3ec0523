"""POL1xx: Names."""

import re
from collections.abc import Iterator

from ..layers import layer_of_name
from ..project import Project
from ..reading.catalog import Asset, Catalog
from ..reading.module import Kind
from .rule import ERROR, Breach, breach, rule

_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


@rule("POL101", "name-mismatch", ERROR)
def name_mismatch(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """Folder, file, function and key disagree, so the asset is hard to find.

    Bad:   defs/silver/orders.py:  def orders(bronze_orders): ...
    Good:  defs/silver/orders.py:  def silver_orders(bronze_orders): ...
    """
    for asset in catalog.assets:
        message = _mismatch(asset) if asset.layer and asset.known else None
        if message:
            yield breach(asset, message)


def _mismatch(asset: Asset) -> str | None:
    """Say which of folder, file, function and key disagrees with the others."""
    key, last = asset.key, asset.last_part
    is_one_of_several = "multi" in asset.maker  # then its file may have any name
    right = f"{asset.layer}_{asset.name if is_one_of_several else asset.stem}"
    if not last.startswith(f"{asset.layer}_"):
        other = layer_of_name(last)
        move = f", or move its file to defs/{other}" if other else ""
        return f"{key} is in defs/{asset.layer}. Call it {right}{move}."
    if is_one_of_several:
        return None
    if last != right:
        fix = f"Call it {right}, or move it to {asset.name}.py."
        return f"{key} is defined in {asset.stem}.py. {fix}"
    if asset.function != last:
        return f"The function of {key} is called {asset.function}. Call it {last}."
    return None


@rule("POL102", "not-snake-case", ERROR)
def not_snake_case(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """An asset's name is not lowercase words joined by underscores.

    Bad:   def silver_cleanOrders(bronze_orders): ...
    Good:  def silver_clean_orders(bronze_orders): ...
    """
    for asset in catalog.assets:
        name = asset.last_part
        is_snake_case = name.isascii() and name.isidentifier() and name.islower()
        if asset.known and not (is_snake_case and name[0] != "_"):
            better = _BETWEEN_WORDS.sub("_", name).strip("_").lower()
            fix = f"Call it {better}." if better else "Give it a name of plain words."
            yield breach(asset, f"{asset.key} is not snake_case. {fix}")


@rule("POL103", "duplicate-name", ERROR)
def duplicate_name(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """Two definitions share a name, so Dagster refuses them or overlooks one.

    Bad:   orders.py and orders2.py both define silver_orders; two functions called _
    Good:  each key once, each function under a name of its own
    """
    for seen in catalog.observed(Kind.OVERWRITTEN):
        yield breach(seen, f"A later line hides {seen.text} from Dagster. Rename one of the two.")
    first_with_key: dict[str, Asset] = {}
    for asset in (*catalog.assets, *catalog.sources):
        first = first_with_key.setdefault(asset.key, asset)
        if asset.known and first is not asset:
            where = f"is defined in {first.path}:{first.line} as well."
            yield breach(asset, f"{asset.key} {where} Rename one of them.")
