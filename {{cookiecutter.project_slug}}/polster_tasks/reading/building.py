"""A module while it is being read: what its names stand for so far, and what was observed."""

import ast
from collections import deque
from typing import NamedTuple

from ..layers import LAYERS
from .module import Definition, Import, Kind, Meaning, Meanings, Module, Observation, Reference


class Scope:
    """What names mean to the code at hand: that of the module itself, or of a part of it."""

    def __init__(self, names: Meanings, owner: str = "", is_module: bool = False):
        self.names = names
        self.owner = owner  # the outermost function or class around the code, if any
        self.is_module = is_module  # names that are bound here are the module's


class Body(NamedTuple):
    """The body of a function or lambda, which runs when the module has been read, if at all."""

    nodes: list[ast.AST]
    owner: str
    around: Scope


class ModuleBuilder:
    """Collects what one file says, and makes a Module of it."""

    def __init__(self, name: str, path: str, package: str):
        parts = path.split("/")  # src, the package, the folders, the file
        self.name = name
        self.path = path
        self.package = package
        self.in_defs = len(parts) > 3 and parts[2] == "defs"
        self.is_polsters = len(parts) > 3 and parts[2] == "polster"
        in_layer = self.in_defs and len(parts) > 4 and parts[3] in LAYERS
        self.layer = parts[3] if in_layer else None

        self.names: Meanings = {}
        self.definitions: dict[str, Definition] = {}
        self.classes: dict[str, list[ast.expr]] = {}
        self.imports: list[Import] = []
        self.calls: list[Reference] = []
        self.raw_reads: list[Reference] = []
        self.observations: list[Observation] = []
        self.factories: set[str] = set()
        self.used: set[str] = set()
        self.open = False
        self.bodies: deque[Body] = deque()  # still to be read
        self._changed: set[ast.expr] = set()  # lists and dicts that are changed in place

    def build(self) -> Module:
        """Return what was collected; a list that is changed in place has no known meaning."""
        for name, meaning in self.names.items():
            if meaning in self._changed:
                self.names[name] = None
        return Module(
            self.name,
            self.path,
            self.in_defs,
            self.layer,
            self.is_polsters,
            self.names,
            self.definitions,
            self.classes,
            self.imports,
            self.calls,
            self.raw_reads,
            self.observations,
            self.factories,
            self.used,
            self.open,
        )

    def bind(self, name: str, meaning: Meaning, condition: ast.AST | None) -> None:
        """Give a name of the module its meaning; two meanings make it unknown.

        Args:
            name: The name.
            meaning: What it stands for from now on.
            condition: What decides whether this happens, None if it is certain.
        """
        if name in self.names and type(condition) is ast.ExceptHandler:
            return  # what the body of `try` says comes first
        if name in self.definitions and condition is None:
            hidden = self.definitions.pop(name)
            place = (self.path, hidden.line, hidden.column)
            what = hidden.function or name
            self.observations.append(Observation(Kind.OVERWRITTEN, *place, what))
        same = self.names.get(name, meaning) == meaning
        self.names[name] = meaning if same else None

    def define(self, name: str, definition: Definition) -> None:
        """Remember a definition, beside one that it may or may not replace."""
        if name in self.definitions:
            self.definitions[f"{name}@{definition.line}"] = self.definitions[name]
        self.definitions[name] = definition

    def forget(self, name: str) -> None:
        """Forget what a name of the module stands for: it is bound in a way not followed."""
        self.change(name)  # `names += [...]` changes the list as well
        self.names[name] = None

    def delete(self, name: str, conditions: list[str]) -> None:
        """Forget a name of the module that is deleted, and what is defined under it.

        Args:
            name: The name.
            conditions: What decides whether this happens; empty if it is certain.
        """
        self.forget(name)
        defined = [one for one in self.definitions if one.partition("@")[0] == name]
        for one in defined:
            definition = self.definitions.pop(one)
            if conditions:
                unresolved = [*definition.unresolved, *conditions]
                self.definitions[one] = definition._replace(unresolved=unresolved)

    def change(self, name: str) -> None:
        """Note that a list or dict is changed in place, whatever other names it has."""
        meaning = self.names.get(name)
        if isinstance(meaning, ast.expr):
            self._changed.add(meaning)

    def unresolved(self, node: ast.AST, what: str) -> None:
        """Note what only running the code would tell, where it may define assets."""
        if self.in_defs:
            self.observe(Kind.UNRESOLVED, node, what)

    def observe(self, kind: Kind, node: ast.AST, text: str) -> None:
        """Note something at the place of a node."""
        place = (node.lineno, node.col_offset + 1)
        self.observations.append(Observation(kind, self.path, *place, text))
