"""The project's assets and what they depend on, read from the source without importing it."""

import ast
from typing import NamedTuple

from .layers import LAYERS
from .project import Project


class Dependency(NamedTuple):
    """One edge of the graph and the place that draws it."""

    key: str
    line: int
    column: int
    how: str  # parameter, deps or ins


class Asset(NamedTuple):
    """One asset as Dagster will see it."""

    key: str  # Dagster's user string: "silver_orders", "shop/silver_orders"
    name: str  # the last part of the key without the layer's prefix: "orders"
    layer: str | None  # the folder that defines it, None outside the three layers
    dependencies: tuple[Dependency, ...]
    description: str | None
    path: str  # relative to the project's root, with slashes
    line: int
    column: int
    unresolved: tuple[str, ...] = ()  # what could not be read, one sentence each


class Catalog(NamedTuple):
    """Every asset of a project."""

    assets: tuple[Asset, ...]

    def find(self, key: str) -> Asset | None:
        """Return the asset with exactly this key."""
        return next((asset for asset in self.assets if asset.key == key), None)

    def in_layer(self, layer: str) -> tuple[Asset, ...]:
        """Return a layer's assets, by key."""
        return tuple(asset for asset in self.assets if asset.layer == layer)

    def dependents(self, key: str) -> tuple[Asset, ...]:
        """Return the assets that depend on exactly this key."""
        return tuple(a for a in self.assets if any(d.key == key for d in a.dependencies))


def read_catalog(project: Project) -> Catalog:
    """Read every asset file of a project."""
    assets = []
    for layer in LAYERS:
        for file in sorted(project.layer_folder(layer).glob("*.py")):
            path = file.relative_to(project.root).as_posix()
            for node in ast.parse(file.read_bytes()).body:
                if isinstance(node, ast.FunctionDef) and node.decorator_list:
                    dependencies = tuple(
                        Dependency(a.arg, a.lineno, a.col_offset + 1, "parameter")
                        for a in node.args.args
                        if a.arg != "context"
                    )
                    name = node.name.removeprefix(f"{layer}_")
                    description = ast.get_docstring(node)
                    assets.append(
                        Asset(
                            node.name, name, layer, dependencies, description,
                            path, node.lineno, node.col_offset + 1,
                        )
                    )
    return Catalog(tuple(assets))
