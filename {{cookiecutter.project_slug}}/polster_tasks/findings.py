"""Findings, and the registry of the rules that make them."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from .catalog import Asset, Catalog, Dependency, Link
from .project import Project

Place = tuple[str, int, int, str]  # path, line, column, message


class Finding(NamedTuple):
    """One thing to put right, and its place."""

    code: str
    name: str
    severity: str  # error or warning
    path: str  # relative to the project's root, with slashes
    line: int
    column: int
    message: str


class View(NamedTuple):
    """What a rule looks at."""

    project: Project
    catalog: Catalog
    assets: dict[str, Asset]  # by key
    sources: dict[str, Asset]
    used: frozenset[str]  # keys that something depends on

    def spots(self, kind: str, message: str) -> Iterator[Place]:
        """Yield the places of a kind; `{}` in the message stands for the text of each."""
        for path, spot in self.catalog.spots:
            if spot.kind == kind:
                yield path, spot.line, spot.column, message.replace("{}", spot.text)

    def layer(self, key: str) -> str | None:
        """Return the layer of an asset, None if there is no such asset in a layer."""
        return self.assets[key].layer if key in self.assets else None


class Rule(NamedTuple):
    """One rule; the docstring of its function is the explanation."""

    code: str
    name: str
    severity: str
    find: Callable[[View], Iterator[Place]]


RULES: dict[str, Rule] = {}


def rule(code: str, name: str, severity: str) -> Callable:
    """Register a function that yields the places where the rule is broken."""

    def register(find: Callable) -> Callable:
        RULES[code] = Rule(code, name, severity, find)
        return find

    return register


def at(thing: Asset | Link, message: str, dependency: Dependency | None = None) -> Place:
    """Return the place of an asset or import, or of a dependency, with a message."""
    place = dependency or thing
    return thing.path, place.line, place.column, message
