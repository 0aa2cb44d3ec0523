"""Findings, and the registry of the rules that make them."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from .catalog import Asset, Catalog
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

    def spots(self, *kinds: str) -> Iterator[tuple[str, int, int, str]]:
        """Yield path, line, column and text of the places of some kinds."""
        for path, spot in self.catalog.spots:
            if spot.kind in kinds:
                yield path, spot.line, spot.column, spot.text


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


def at(thing: NamedTuple, message: str) -> Place:
    """Return an asset's place with a message."""
    return thing.path, thing.line, thing.column, message
