"""What is known of a project: its assets, and what they depend on."""

from typing import NamedTuple

from .module import Import, Module, Spot

OPENING = frozenset(["unresolved", "definitions", "unreadable", "syntax"])  # spots that hide assets


class Dependency(NamedTuple):
    """One edge of the graph and the place that draws it."""

    key: str
    line: int
    column: int
    how: str  # parameter, deps, ins or asset (what a check checks)


class Asset(NamedTuple):
    """One asset, source or check as Dagster will see it."""

    key: str  # Dagster's user string: "silver_orders", "shop/silver_orders"
    name: str  # the last part of the key without the layer's prefix: "orders"
    layer: str | None  # the folder that defines it, None outside the three layers
    dependencies: tuple[Dependency, ...]
    description: str | None
    path: str  # relative to the project's root, with slashes
    line: int
    column: int
    unresolved: tuple[str, ...]  # what could not be read
    function: str
    maker: str
    known: bool  # its key could be read


class Link(NamedTuple):
    """An import within the project, or of pandas, and where it leads."""

    path: str
    line: int
    column: int
    module: Module
    found: Import
    kind: str  # asset, class, function, value, module, outside, unknown or missing
    target: str  # the path of the file that it leads to
    layer: str | None  # of that file
    keys: list[str] | None  # of the asset that it leads to


class Catalog(NamedTuple):
    """Every asset of a project, and the modules that it was read from."""

    assets: tuple[Asset, ...]
    sources: tuple[Asset, ...]  # external: declared here, computed elsewhere
    checks: tuple[Asset, ...]  # an asset check, under the key of its asset
    modules: tuple[Module, ...]
    spots: tuple[tuple[str, Spot], ...]  # a path, and something to know about it
    links: tuple[Link, ...]

    @property
    def open(self) -> bool:
        """Tell whether there may be assets that could not be read."""
        known = all(one.known for one in (*self.assets, *self.sources))
        return not known or any(spot.kind in OPENING for _, spot in self.spots)

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Return a sentence for each file that could not be read."""
        return tuple(
            f"{path}:{spot.line}: cannot be read: {spot.text}"
            for path, spot in self.spots
            if spot.kind in ("unreadable", "syntax")
        )

    def find(self, key: str) -> Asset | None:
        """Return the asset, or the source, with exactly this key."""
        return next((one for one in (*self.assets, *self.sources) if one.key == key), None)

    def in_layer(self, layer: str) -> tuple[Asset, ...]:
        """Return a layer's assets, by key."""
        return tuple(asset for asset in self.assets if asset.layer == layer)

    def dependents(self, key: str) -> tuple[Asset, ...]:
        """Return the other assets, and the checks, that depend on exactly this key."""
        others = (asset for asset in self.assets if asset.key != key)
        return tuple(
            one for one in (*others, *self.checks) if key in {each.key for each in one.dependencies}
        )

    def importers(self, path: str) -> tuple[tuple[str, int], ...]:
        """Return the places, path and line, that import from the module at a path."""
        return tuple((one.path, one.line) for one in self.links if one.target == path != one.path)
