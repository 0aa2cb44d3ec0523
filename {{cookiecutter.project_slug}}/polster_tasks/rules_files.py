"""POL0xx: the project and its files. POL1xx: names."""

import os
import re
from collections.abc import Iterator

from .findings import RULES, Place, View, at, rule
from .layers import LAYERS, layer_of_name

_SNAKE = re.compile(r"[a-z][a-z0-9_]*")


@rule("POL001", "missing-file", "error")
def missing_file(view: View) -> Iterator[Place]:
    """A file or folder without which the project does not load, or is not enforced, is missing.

    Bad:   src/my_pipeline/medallion.py deleted
    Good:  definitions.py, medallion.py and defs/bronze, defs/silver, defs/gold in place
    """
    package = f"src/{view.project.package}"
    needed = [f"{package}/{name}" for name in ("definitions.py", "medallion.py")]
    for path in [*needed, *(f"{package}/defs/{layer}" for layer in LAYERS)]:
        full = os.path.join(view.project.root, path)
        if not (os.path.isfile(full) if path.endswith(".py") else os.path.isdir(full)):
            yield path, 1, 1, f"{path} is missing. Restore it, from git or from a fresh project."


@rule("POL002", "bad-setting", "error")
def bad_setting(view: View) -> Iterator[Place]:
    """[tool.polster] in pyproject.toml has a setting that means nothing, or ignores an error.

    Bad:   ignore = ["wrong-layer"]      an error: it cannot be ignored
    Good:  ignore = ["no-description"]   a warning
    """
    for problem in view.project.problems:
        yield "pyproject.toml", 1, 1, f"{problem} Correct it, or remove it."
    for word in view.project.ignore:
        matching = [
            one for one in RULES.values() if word.strip().lower() in (one.code.lower(), one.name)
        ]
        matching += [
            one for one in RULES.values() if len(word) > 3 and one.code.startswith(word.upper())
        ]
        if not matching:
            yield (
                "pyproject.toml",
                1,
                1,
                (
                    f"[tool.polster] ignores {word!r}, but no rule is called so. Correct or remove it."
                ),
            )
        elif any(one.severity == "error" for one in matching):
            yield (
                "pyproject.toml",
                1,
                1,
                (
                    f"[tool.polster] ignores {word!r}, which is an error: only warnings can be ignored. "
                    f"Remove it, and mend what it reports."
                ),
            )


@rule("POL003", "unreadable-file", "error")
def unreadable_file(view: View) -> Iterator[Place]:
    """A file cannot be read, so nothing in it can be checked.

    Bad:   a folder that is called orders.py; a file that its owner may not read
    Good:  a plain text file
    """
    for path, line, column, text in view.spots("unreadable"):
        yield path, line, column, f"This cannot be read: {text}. Make it a readable Python file."


@rule("POL004", "syntax-error", "error")
def syntax_error(view: View) -> Iterator[Place]:
    """A file is not Python: a mistake in the code, a wrong encoding, a null byte.

    Bad:   def silver_orders(bronze_orders:
    Good:  def silver_orders(bronze_orders):
    """
    for path, line, column, text in view.spots("syntax"):
        yield path, line, column, f"This is not valid Python: {text}. Correct it."


@rule("POL005", "outside-layers", "error")
def outside_layers(view: View) -> Iterator[Place]:
    """An asset is defined outside the three layer folders, so that it has no layer.

    Bad:   src/my_pipeline/defs/orders.py defines bronze_orders
    Good:  src/my_pipeline/defs/bronze/orders.py defines it
    """
    for asset in view.catalog.assets:
        if asset.layer is None:
            folders = ", ".join(f"defs/{layer}" for layer in LAYERS)
            yield at(
                asset,
                f"{asset.key} is defined outside {folders}: move its file into its layer's folder.",
            )


@rule("POL006", "no-asset", "warning")
def no_asset(view: View) -> Iterator[Place]:
    """A file in a layer's folder defines no asset that can be read.

    Bad:   defs/silver/helpers.py with helper functions only
    Good:  defs/silver/_helpers.py, or src/my_pipeline/helpers.py
    """
    full = {one.path for one in (*view.catalog.assets, *view.catalog.sources, *view.catalog.checks)}
    for module in view.catalog.modules:
        private = module.path.rpartition("/")[2].startswith("_")
        if module.layer and not private and module.path not in full:
            yield (
                module.path,
                1,
                1,
                (
                    "This file defines no asset that can be read. Add one, or move what it holds out of "
                    "the layer's folder."
                ),
            )


@rule("POL101", "name-mismatch", "error")
def name_mismatch(view: View) -> Iterator[Place]:
    """File, function and asset key do not agree, so that an asset cannot be found by its name.

    Bad:   defs/silver/orders.py:  def silver_clean_orders(bronze_orders): ...
    Good:  defs/silver/orders.py:  def silver_orders(bronze_orders): ...
    """
    for asset in view.catalog.assets:
        if asset.layer is None or not asset.known or "multi" in asset.maker:
            continue
        last = asset.key.rpartition("/")[2]
        stem = asset.path.rpartition("/")[2].removesuffix(".py")
        if not last.startswith(f"{asset.layer}_") or not _SNAKE.fullmatch(last):
            continue
        if asset.name != stem:
            yield at(asset, (
                f"{asset.key} is defined in {stem}.py. Move it to {asset.name}.py, or call it "
                f"{asset.layer}_{stem}."
            ))  # fmt: skip
        elif asset.function != last:
            yield at(
                asset, f"The function of {asset.key} is called {asset.function}. Call it {last}."
            )


@rule("POL102", "layer-prefix", "error")
def layer_prefix(view: View) -> Iterator[Place]:
    """An asset's name does not begin with the layer of its folder.

    Bad:   defs/silver/orders.py:  def orders(bronze_orders): ...
    Good:  defs/silver/orders.py:  def silver_orders(bronze_orders): ...
    """
    for asset in view.catalog.assets:
        last = asset.key.rpartition("/")[2]
        if asset.layer is None or not asset.known or last.startswith(f"{asset.layer}_"):
            continue
        other = layer_of_name(last)
        new = f"{asset.layer}_{last.removeprefix(f'{other}_') if other else last}"
        move = f", or move its file to defs/{other}" if other else ""
        yield at(asset, f"{asset.key} is in defs/{asset.layer}. Call it {new}{move}.")


@rule("POL103", "not-snake-case", "error")
def not_snake_case(view: View) -> Iterator[Place]:
    """An asset's name is not lowercase words joined by underscores.

    Bad:   def silver_cleanOrders(bronze_orders): ...
    Good:  def silver_clean_orders(bronze_orders): ...
    """
    for asset in view.catalog.assets:
        last = asset.key.rpartition("/")[2]
        if asset.known and not _SNAKE.fullmatch(last):
            new = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", last).strip("_").lower()
            yield at(asset, f"{asset.key} is not snake_case. Call it {new or 'by a plain name'}.")


@rule("POL104", "duplicate-key", "error")
def duplicate_key(view: View) -> Iterator[Place]:
    """Two assets have the same key: Dagster refuses to load them.

    Bad:   orders.py and orders2.py both define silver_orders
    Good:  each key once
    """
    first = {}
    for asset in (*view.catalog.assets, *view.catalog.sources):
        if asset.known and asset.key in first:
            other = first[asset.key]
            yield at(asset, (
                f"{asset.key} is defined in {other.path}:{other.line} as well. Give one of them "
                f"another name."
            ))  # fmt: skip
        first.setdefault(asset.key, asset)


@rule("POL105", "overwritten", "error")
def overwritten(view: View) -> Iterator[Place]:
    """A later line takes the name of an asset, so that Dagster never sees the asset.

    Bad:   two functions called _ with @asset(name=...)
    Good:  each function under a name of its own
    """
    for path, line, column, text in view.spots("overwritten"):
        yield (
            path,
            line,
            column,
            (
                f"{text} is an asset, but its name is used again further down, so Dagster never sees "
                f"it. Give one of the two another name."
            ),
        )
