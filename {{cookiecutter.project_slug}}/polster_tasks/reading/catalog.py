"""What is known of a project: its assets, and what they depend on."""

from collections.abc import Iterator
from typing import NamedTuple

from .module import NOT_READ, Import, Kind, Module, Observation
from .names import TargetKind

# What may hide assets that are not in the catalog.
_HIDING = frozenset((Kind.UNRESOLVED, Kind.DEFINITIONS, *NOT_READ))


class Dependency(NamedTuple):
    """A dependency on an asset, and the place that names it."""

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

    @property
    def last_part(self) -> str:
        """The last part of the key: "silver_orders" for "shop/silver_orders"."""
        return self.key.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The name of the file without `.py`."""
        return self.path.rpartition("/")[2].removesuffix(".py")


class Link(NamedTuple):
    """An import within the project, or of pandas, and where it leads."""

    path: str
    line: int
    column: int
    importer: Module
    name: Import
    kind: TargetKind
    target: str  # the path of the file that it leads to
    target_layer: str | None
    keys: list[str] | None  # of the asset that it leads to


class Catalog(NamedTuple):
    """Every asset of a project, and the modules that it was read from."""

    assets: tuple[Asset, ...]
    sources: tuple[Asset, ...]  # external: declared here, computed elsewhere
    checks: tuple[Asset, ...]  # an asset check, under the key of its asset
    modules: tuple[Module, ...]
    observations: tuple[Observation, ...]
    links: tuple[Link, ...]

    @property
    def open(self) -> bool:
        """Whether there may be assets that could not be read."""
        if not all(asset.known for asset in (*self.assets, *self.sources)):
            return True
        return any(observation.kind in _HIDING for observation in self.observations)

    @property
    def unreadable(self) -> tuple[str, ...]:
        """A sentence for each file that could not be read."""
        return tuple(
            f"{seen.path}:{seen.line}: cannot be read: {seen.text}"
            for seen in self.observed(*NOT_READ)
        )

    def observed(self, *kinds: Kind) -> Iterator[Observation]:
        """Yield the observations of some kinds."""
        return (observation for observation in self.observations if observation.kind in kinds)

    def find(self, key: str) -> Asset | None:
        """Return the asset, or the source, with exactly this key."""
        for asset in (*self.assets, *self.sources):
            if asset.key == key:
                return asset
        return None

    def in_layer(self, layer: str) -> tuple[Asset, ...]:
        """Return a layer's assets, by file."""
        return tuple(asset for asset in self.assets if asset.layer == layer)

    def dependents(self, key: str) -> tuple[Asset, ...]:
        """Return the other assets, and the checks, that depend on exactly this key."""
        others = [asset for asset in self.assets if asset.key != key]
        return tuple(
            asset
            for asset in (*others, *self.checks)
            if any(dependency.key == key for dependency in asset.dependencies)
        )

    def importers(self, path: str) -> tuple[tuple[str, int], ...]:
        """Return the places, path and line, that import from the module at a path."""
        return tuple(
            (link.path, link.line) for link in self.links if link.target == path != link.path
        )
