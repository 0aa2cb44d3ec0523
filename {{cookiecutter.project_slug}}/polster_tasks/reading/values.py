"""Read the few expressions that name assets: texts, lists, dicts, keys.

What only running the code would tell raises Unresolved: nothing here guesses.
"""

import ast
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from .module import Arguments, Definition, Module, arguments_of
from .names import Names

_KEY_ARGUMENTS = {"AssetKey": "path", "AssetDep": "asset", "AssetSpec": "key"}
_DEEPEST_LIST = 4  # lists within lists: no list that doubles at every line
_MOST_NAMES = 10  # that stand for one another before an expression is called unresolved

Result = TypeVar("Result")


class Unresolved(Exception):
    """Only running the code would tell."""

    def __init__(self, node: ast.expr | None = None):
        super().__init__(node)
        self.line: int | None = getattr(node, "lineno", None)


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


def attempt(
    unresolved: list[str], what: str, read: Callable[..., Result], *arguments: object
) -> Result | None:
    """Read something, or note in `unresolved` that only running the code would tell what it is."""
    try:
        return read(*arguments)
    except Unresolved as error:
        where = f" at line {error.line}" if error.line else ""
        unresolved.append(f"{what} is computed{where}")
    except RecursionError:
        unresolved.append(f"{what} needs itself")
    return None


class Values:
    """Reads expressions, in whichever module they are written."""

    def __init__(self, names: Names):
        self._names = names

    def plain(self, node: ast.expr, module: Module) -> Place:
        """Return the expression that a name stands for, or the one given if it is no such name."""
        for _ in range(_MOST_NAMES):
            meaning = module.names.get(node.id) if isinstance(node, ast.Name) else None
            if isinstance(meaning, ast.expr):
                node = meaning
                continue
            target = self._names.target_of(node, module)
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
        target = self._names.target_of(node.func, module) if isinstance(node, ast.Call) else None
        arguments = arguments_of(node)
        if not target or not target.name.startswith("dagster.") or "**" in arguments:
            raise Unresolved(node)
        return Called(target.name.partition(".")[2], arguments)

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
        target = self._names.target_of(asset, module)
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
