"""POL0xx: the project and its files. POL1xx: names."""

import os
import re
from collections.abc import Iterator

from .findings import RULES, Place, View, at, rule
from .layers import LAYERS, layer_of_name

_SNAKE = re.compile(r"[a-z][a-z0-9_]*")


def matching(word: str) -> list[str]:
    """Return the codes that a code, its beginning (POL4) or a name means."""
    word = word.strip()
    return [
        code
        for code, one in RULES.items()
        if word.lower() == one.name or (len(word) > 3 and code.startswith(word.upper()))
    ]


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
    said = [f"{problem} Correct it, or remove it." for problem in view.project.problems]
    for word in view.project.ignore:
        start = f"[tool.polster] ignores {word!r}"
        codes = matching(word)
        if not codes:
            said.append(f"{start}, but no rule is called so. Correct or remove it.")
        elif any(RULES[code].severity == "error" for code in codes):
            said.append(f"{start}, which is an error: only warnings can be ignored. Remove it.")
    for message in said:
        yield "pyproject.toml", 1, 1, message


@rule("POL003", "unreadable-file", "error")
def unreadable_file(view: View) -> Iterator[Place]:
    """A file cannot be read, or is not Python, so nothing in it can be checked.

    Bad:   def silver_orders(bronze_orders:      also a wrong encoding, a folder called orders.py
    Good:  def silver_orders(bronze_orders):
    """
    yield from view.spots("unreadable", "This cannot be read: {}. Make it a readable Python file.")
    yield from view.spots("syntax", "This is not valid Python: {}. Correct it.")


@rule("POL004", "outside-layers", "error")
def outside_layers(view: View) -> Iterator[Place]:
    """An asset is defined outside the three layer folders, so that it has no layer.

    Bad:   src/my_pipeline/defs/orders.py defines bronze_orders
    Good:  src/my_pipeline/defs/bronze/orders.py defines it
    """
    folders = ", ".join(f"defs/{layer}" for layer in LAYERS)
    for asset in view.catalog.assets:
        if asset.layer is None:
            move = "move its file into its layer's folder."
            yield at(asset, f"{asset.key} is defined outside {folders}: {move}")


@rule("POL101", "name-mismatch", "error")
def name_mismatch(view: View) -> Iterator[Place]:
    """Folder, file, function and asset key do not agree, so an asset is not found by its name.

    Bad:   defs/silver/orders.py:  def orders(bronze_orders): ...
    Good:  defs/silver/orders.py:  def silver_orders(bronze_orders): ...
    """
    for asset in view.catalog.assets:
        last = asset.key.rpartition("/")[2]
        stem = asset.path.rpartition("/")[2].removesuffix(".py")
        right = f"{asset.layer}_{stem}"
        other = layer_of_name(last)
        if not asset.known or not asset.layer:
            continue
        if not last.startswith(f"{asset.layer}_"):
            right = right if "multi" not in asset.maker else f"{asset.layer}_{asset.name}"
            move = f", or move its file to defs/{other}" if other else ""
            yield at(asset, f"{asset.key} is in defs/{asset.layer}. Call it {right}{move}.")
        elif "multi" in asset.maker:
            continue  # its file holds several
        elif last != right:
            fix = f"Call it {right}, or move it to {asset.name}.py."
            yield at(asset, f"{asset.key} is defined in {stem}.py. {fix}")
        elif asset.function != last:
            fix = f"is called {asset.function}. Call it {last}."
            yield at(asset, f"The function of {asset.key} {fix}")


@rule("POL102", "not-snake-case", "error")
def not_snake_case(view: View) -> Iterator[Place]:
    """An asset's name is not lowercase words joined by underscores.

    Bad:   def silver_cleanOrders(bronze_orders): ...
    Good:  def silver_clean_orders(bronze_orders): ...
    """
    for asset in view.catalog.assets:
        last = asset.key.rpartition("/")[2]
        if asset.known and not _SNAKE.fullmatch(last):
            words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", last).strip("_")
            yield at(asset, f"{asset.key} is not snake_case. Call it {words.lower() or 'plainly'}.")


@rule("POL103", "duplicate-name", "error")
def duplicate_name(view: View) -> Iterator[Place]:
    """Two assets have the same key, or a later line takes the name of an asset.

    Dagster refuses to load the first, and never sees the second.

    Bad:   orders.py and orders2.py both define silver_orders; two functions called _
    Good:  each key once, each function under a name of its own
    """
    first = {}
    for asset in (*view.catalog.assets, *view.catalog.sources):
        other = first.setdefault(asset.key, asset)
        if asset.known and other is not asset:
            where = f"{other.path}:{other.line}"
            yield at(asset, f"{asset.key} is defined in {where} as well. Rename one of them.")
    hidden = "is an asset, but its name is used again further down, so Dagster never sees it."
    yield from view.spots("overwritten", f"{{}} {hidden} Rename one of the two.")
