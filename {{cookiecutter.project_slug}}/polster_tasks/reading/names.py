"""Follow names from file to file, as imports would."""

import ast
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from .module import Definition, Module, dotted_name, empty_module

_MOST_IMPORTS = 50  # that lead from file to file before a name is called unknown
_NO_MODULE = empty_module("")  # where a name leads that is followed no further


class TargetKind(Enum):
    """What a dotted name leads to."""

    ASSET = "a definition of an asset, source or check"
    CLASS = "a class"
    FUNCTION = "a function"
    VALUE = "an expression that a name was given"
    MODULE = "a module or a folder"
    OUTSIDE = "something outside of the project"
    UNKNOWN = "something that cannot be told"
    MISSING = "nothing: the project has no such name"


class Target(NamedTuple):
    """Where a dotted name leads."""

    kind: TargetKind
    module: Module  # that defines it, or an empty one
    name: str  # in that module; dotted for a module, and for what lies outside
    definition: Definition | None = None
    bases: list[ast.expr] | None = None  # of a class
    value: ast.expr | None = None


class Names:
    """The modules of a project, by dotted name."""

    def __init__(self, modules: Iterable[Module], package: str):
        self.modules = {module.name: module for module in modules}
        self._package = package
        self._targets: dict[str, Target] = {}
        for name in [*self.modules, f"{package}.defs"]:
            parent = name.rpartition(".")[0]
            while parent:
                if parent not in self.modules:
                    self.modules[parent] = empty_module(parent)
                parent = parent.rpartition(".")[0]

    def find(self, dotted: str) -> Target:
        """Return where a dotted name leads."""
        target = self._targets.get(dotted)
        if target is None:
            target = self._follow(dotted)
            self._targets[dotted] = target
        return target

    def _follow(self, dotted: str) -> Target:
        """Follow a dotted name from module to module, as often as one imports it from another."""
        seen: set[str] = set()
        while True:
            if dotted.partition(".")[0] != self._package:
                return Target(TargetKind.OUTSIDE, _NO_MODULE, dotted)
            if dotted in seen or len(seen) > _MOST_IMPORTS:
                return Target(TargetKind.UNKNOWN, _NO_MODULE, dotted)
            seen.add(dotted)
            found = self._step(dotted)
            if isinstance(found, Target):
                return found
            dotted = found

    def _step(self, dotted: str) -> Target | str:
        """Return where a dotted name leads, or the dotted name that it stands for."""
        root, *rest = dotted.split(".")
        module = self.modules[root]
        for index, name in enumerate(rest, 1):
            own = f"{module.name}.{name}"
            submodule = self.modules.get(own)
            meaning = module.names.get(name)
            if isinstance(meaning, str) and meaning != own:
                return ".".join([meaning, *rest[index:]])
            if submodule:
                module = submodule
            elif meaning == own:
                return self._defined(module, name)
            elif isinstance(meaning, ast.expr):
                return Target(TargetKind.VALUE, module, name, value=meaning)
            elif name in module.names or module.open:
                return Target(TargetKind.UNKNOWN, module, name)
            else:
                return Target(TargetKind.MISSING, module, name)
        return Target(TargetKind.MODULE, module, dotted)

    def _defined(self, module: Module, name: str) -> Target:
        """Return what a module defines under a name."""
        if name in module.definitions:
            return Target(TargetKind.ASSET, module, name, definition=module.definitions[name])
        if name in module.classes:
            return Target(TargetKind.CLASS, module, name, bases=module.classes[name])
        return Target(TargetKind.FUNCTION, module, name)

    def target_of(self, node: ast.expr | None, module: Module) -> Target | None:
        """Return where a name or attribute leads, or None where it cannot be told."""
        dotted = dotted_name(node, module.names)
        return self.find(dotted) if dotted else None
