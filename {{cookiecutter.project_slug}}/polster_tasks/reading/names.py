"""Follow names from file to file, as imports would, and read the expressions that name assets.

What only running the code would tell raises Unresolved: nothing here guesses.
"""

import ast
import builtins
import sys
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from .module import Arguments, Definition, Module, arguments_of, dotted_name, empty_module

_PLAIN_LIBRARIES = frozenset(
    ("polars", "pandas", "numpy", "pyarrow", "dataframely", "duckdb", "deltalake")
)  # none of them defines a resource
_KEY_ARGUMENTS = {"AssetKey": "path", "AssetDep": "asset", "AssetSpec": "key"}
_DEEPEST_LIST = 4  # lists within lists: no list that doubles at every line
_LONGEST_CHAIN = 50  # of imports from file to file
_OUTSIDE = empty_module("")


class Unresolved(Exception):
    """Only running the code would tell."""

    def __init__(self, node: ast.expr | None = None):
        super().__init__(node)
        self.line: int | None = getattr(node, "lineno", None)


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
    module: Module  # that defines it
    name: str  # in that module; dotted for a module, and for what lies outside
    definition: Definition | None = None
    bases: list[ast.expr] | None = None  # of a class
    value: ast.expr | None = None


class Place(NamedTuple):
    """An expression, and the module that gives its names their meaning."""

    node: ast.expr
    module: Module


class Item(NamedTuple):
    """An item of a dict whose keys are texts."""

    name: str
    value: Place


class Called(NamedTuple):
    """What an expression calls in Dagster, and the arguments."""

    name: str
    arguments: Arguments


class Output(NamedTuple):
    """One asset that a definition makes, before its key is read."""

    name: str
    arguments: Arguments  # that give its key
    module: Module
    node: ast.expr | None  # of a multi_asset: the spec or the AssetOut


class Role(Enum):
    """What Dagster takes a parameter for."""

    INPUT = "an asset"
    RESOURCE = "a resource"
    UNKNOWN = "one of the two: only running the code would tell"


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

    # Where a name leads ------------------------------------------------------------------------

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
                return Target(TargetKind.OUTSIDE, _OUTSIDE, dotted)
            if dotted in seen or len(seen) > _LONGEST_CHAIN:
                return Target(TargetKind.UNKNOWN, _OUTSIDE, dotted)
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
            if type(meaning) is str and meaning != own:
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

    # What an expression says -------------------------------------------------------------------

    def plain(self, node: ast.expr, module: Module) -> Place:
        """Return the expression that a name stands for, or the one given if it is no such name."""
        for _ in range(10):
            meaning = module.names.get(node.id) if isinstance(node, ast.Name) else None
            if isinstance(meaning, ast.expr):
                node = meaning
                continue
            target = self.target_of(node, module)
            if target is None or target.value is None:
                return Place(node, module)
            node, module = target.value, target.module
        raise Unresolved(node)

    def text(self, node: ast.expr, module: Module) -> str:
        """Return the text that an expression gives."""
        found = self.plain(node, module).node
        if isinstance(found, ast.Constant) and isinstance(found.value, str):
            return found.value
        raise Unresolved(node)

    def elements(self, node: ast.expr, module: Module, depth: int = 0) -> list[Place]:
        """Return the elements of a list, tuple or set, wherever its parts are written."""
        found, where = self.plain(node, module)
        if depth > _DEEPEST_LIST:
            raise Unresolved(node)
        if isinstance(found, ast.BinOp) and isinstance(found.op, ast.Add):
            left = self.elements(found.left, where, depth + 1)
            return left + self.elements(found.right, where, depth + 1)
        if not isinstance(found, ast.List | ast.Tuple | ast.Set):
            raise Unresolved(node)
        places = []
        for element in found.elts:
            if isinstance(element, ast.Starred):
                places += self.elements(element.value, where, depth + 1)
            else:
                places.append(Place(element, where))
        return places

    def items(self, node: ast.expr, module: Module) -> list[Item]:
        """Return the items of a dict whose keys are texts."""
        found, where = self.plain(node, module)
        if not isinstance(found, ast.Dict):
            raise Unresolved(node)
        items = []
        for key, value in zip(found.keys, found.values, strict=True):
            if key is None:  # {**others}
                raise Unresolved(node)
            items.append(Item(self.text(key, where), self.plain(value, where)))
        return items

    def call(self, node: ast.expr, module: Module) -> Called:
        """Return what an expression calls in Dagster."""
        target = self.target_of(node.func, module) if isinstance(node, ast.Call) else None
        arguments = arguments_of(node)
        if not target or not target.name.startswith("dagster.") or "**" in arguments:
            raise Unresolved(node)
        return Called(target.name.partition(".")[2], arguments)

    # What an expression says of keys -----------------------------------------------------------

    def keys(self, node: ast.expr, module: Module) -> list[str]:
        """Return the asset keys that an expression names: several for a multi_asset."""
        found, where = self.plain(node, module)
        if isinstance(found, ast.Constant):
            return [self.text(found, where)]
        if isinstance(found, ast.List | ast.Tuple):
            parts = [self.text(part.node, part.module) for part in self.elements(found, where)]
            return ["/".join(parts)]
        if isinstance(found, ast.Name | ast.Attribute):
            return self._keys_of_asset(found, where)
        called = self.call(found, where)
        argument = called.arguments.get("0")
        if argument is None and called.name in _KEY_ARGUMENTS:
            argument = called.arguments.get(_KEY_ARGUMENTS[called.name])
        if argument is None or called.name not in (*_KEY_ARGUMENTS, "AssetKey.from_user_string"):
            raise Unresolved(node)
        return self.keys(argument, where)

    def _keys_of_asset(self, node: ast.Name | ast.Attribute, module: Module) -> list[str]:
        """Return the keys of `orders`, which is an asset, or of `orders.key`."""
        asset: ast.expr = node
        if isinstance(node, ast.Attribute) and node.attr in ("key", "keys"):
            asset = node.value
        target = self.target_of(asset, module)
        if target is None or target.definition is None:
            raise Unresolved(node)
        return self.definition_keys(target.definition, target.module)

    def key(self, node: ast.expr, module: Module) -> str:
        """Return the one asset key that an expression names."""
        keys = self.keys(node, module)
        if len(keys) != 1:
            raise Unresolved(node)
        return keys[0]

    def key_from(self, name: str, arguments: Arguments, module: Module) -> str:
        """Return the key that key=, or name= and key_prefix=, give; `name` without a name=."""
        if "**" in arguments:
            raise Unresolved(arguments["**"])
        key = arguments.get("key") or arguments.get("0")
        if key:
            return self.key(key, module)
        if "name" in arguments:
            name = self.text(arguments["name"], module)
        prefix = arguments.get("key_prefix")
        return f"{self.key(prefix, module)}/{name}" if prefix else name

    def definition_keys(self, definition: Definition, module: Module) -> list[str]:
        """Return the keys that a definition makes."""
        return [
            self.key_from(output.name, output.arguments, output.module)
            for output in self.outputs(definition, module)
        ]

    def outputs(self, definition: Definition, module: Module) -> list[Output]:
        """Return the output of a definition, or each of several."""
        arguments = definition.arguments
        if definition.maker != "multi_asset":
            return [Output(definition.function, arguments, module, None)]
        if {"**", "0", "internal_asset_deps"} & arguments.keys():
            raise Unresolved
        if "specs" in arguments:
            specs = self.elements(arguments["specs"], module)
            items = [Item("", self.plain(spec.node, spec.module)) for spec in specs]
            expected = "AssetSpec"
        elif "outs" in arguments:
            items = self.items(arguments["outs"], module)
            expected = "AssetOut"
        else:
            raise Unresolved
        outputs = []
        for name, place in items:
            called = self.call(place.node, place.module)
            if called.name != expected:
                raise Unresolved(place.node)
            outputs.append(Output(name, called.arguments, place.module, place.node))
        return outputs

    # What a parameter is -----------------------------------------------------------------------

    def role(self, annotation: ast.expr | None, module: Module) -> Role:
        """Return what Dagster takes a parameter for, by its annotation."""
        if annotation is None or isinstance(annotation, ast.BinOp | ast.Constant):
            return Role.INPUT  # `Resource | None` is no resource for Dagster
        if isinstance(annotation, ast.Subscript):
            return self.role(annotation.value, module)
        target = self.target_of(annotation, module)
        if target is None:
            return self._role_of_builtin(annotation, module)
        if target.bases is not None:
            return self._role_of_class(target.bases, target.module)
        if target.kind is TargetKind.OUTSIDE:
            return self._role_of_library(target.name)
        return Role.UNKNOWN

    def _role_of_builtin(self, annotation: ast.expr, module: Module) -> Role:
        if not isinstance(annotation, ast.Name) or annotation.id in module.names:
            return Role.UNKNOWN
        return Role.INPUT if hasattr(builtins, annotation.id) else Role.UNKNOWN

    def _role_of_class(self, bases: list[ast.expr], module: Module) -> Role:
        roles = {self.role(base, module) for base in bases}
        for role in (Role.RESOURCE, Role.UNKNOWN):
            if role in roles:
                return role
        return Role.INPUT

    def _role_of_library(self, dotted: str) -> Role:
        root, last = dotted.partition(".")[0], dotted.rpartition(".")[2]
        if last == "Annotated":
            return Role.UNKNOWN
        if root.startswith("dagster"):
            if "Resource" in last or last.endswith(("IOManager", "Factory", "Client")):
                return Role.RESOURCE
            return Role.INPUT if root == "dagster" else Role.UNKNOWN
        is_plain = root in _PLAIN_LIBRARIES or root in sys.stdlib_module_names
        return Role.INPUT if is_plain else Role.UNKNOWN
