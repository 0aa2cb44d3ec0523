"""Follow names from file to file, as imports would, and read the few expressions that name assets.

What only running the code would tell raises Unresolved: nothing here guesses.
"""

import ast
import builtins
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

from .module import Arguments, Definition, Module, arguments_of, dotted_name

Place = tuple[ast.expr, Module]  # an expression, and the module that gives its names their meaning
_PLAIN = {"polars", "pandas", "numpy", "pyarrow", "dataframely", "duckdb", "deltalake"}
_NAMING = {"AssetKey": "path", "AssetDep": "asset", "AssetSpec": "key"}
_DEEPEST = 4  # lists within lists: no list that doubles at every line


class Unresolved(Exception):
    """Only running the code would tell; the argument is the expression."""


class Found(NamedTuple):
    """Where a dotted name leads."""

    kind: str  # asset, class, function, value, module, outside, unknown or missing
    module: Module
    name: str
    thing: Any = None  # the Definition, the bases of the class, the expression of the value


class Names:
    """The modules of a project, by dotted name."""

    def __init__(self, modules: Iterable[Module], package: str):
        self.modules = {module.name: module for module in modules}
        self.package = package
        self._found: dict[str, Found] = {}
        for name in [*self.modules, f"{package}.defs"]:
            while name := name.rpartition(".")[0]:
                if name not in self.modules:
                    self.modules[name] = Module(name)  # a folder

    def find(self, dotted: str, seen: tuple[str, ...] = ()) -> Found:
        """Return where a dotted name leads."""
        found = self._found.get(dotted) or self._find(dotted, seen)
        if not seen:
            self._found[dotted] = found
        return found

    def _find(self, dotted: str, seen: tuple[str, ...]) -> Found:
        root, *rest = dotted.split(".")
        if root != self.package or dotted in seen or len(seen) > 50:
            return Found("unknown" if root == self.package else "outside", Module(), dotted)
        module = self.modules[root]
        for index, name in enumerate(rest):
            below = self.modules.get(f"{module.name}.{name}")
            meaning = module.names.get(name)
            if meaning == f"{module.name}.{name}":
                if not below:
                    thing = module.definitions.get(name, module.classes.get(name))
                    kinds = {Definition: "asset", list: "class"}
                    return Found(kinds.get(type(thing), "function"), module, name, thing)
            elif type(meaning) is str:
                return self.find(".".join([meaning, *rest[index + 1 :]]), (*seen, dotted))
            elif name in module.names and not below:
                return Found("value" if meaning else "unknown", module, name, meaning)
            if not below:
                return Found("unknown" if module.open else "missing", module, name)
            module = below
        return Found("module", module, dotted)

    def of(self, node: ast.expr | None, module: Module) -> Found | None:
        """Return where a name or attribute leads, or None where it cannot be told."""
        dotted = dotted_name(node, module.names) if node else None
        return self.find(dotted) if dotted else None

    def plain(self, node: ast.expr, module: Module) -> Place:
        """Return the expression that a name stands for, or the one given if it is no such name."""
        for _ in range(10):
            meaning = module.names.get(node.id) if isinstance(node, ast.Name) else None
            found = self.of(node, module)
            if isinstance(meaning, ast.expr):
                node = meaning
            elif found and found.kind == "value":
                node, module = found.thing, found.module
            else:
                return node, module
        raise Unresolved(node)

    def text(self, node: ast.expr, module: Module) -> str:
        """Return the text that an expression gives."""
        value = getattr(self.plain(node, module)[0], "value", None)
        if isinstance(value, str):
            return value
        raise Unresolved(node)

    def elements(self, node: ast.expr, module: Module, depth: int = 0) -> list[Place]:
        """Return the elements of a list, wherever its parts are written."""
        found, where = self.plain(node, module)
        parts = getattr(found, "elts", None)
        if isinstance(found, ast.BinOp) and isinstance(found.op, ast.Add):
            parts = [ast.Starred(found.left), ast.Starred(found.right)]
        if parts is None or depth > _DEEPEST:
            raise Unresolved(node)
        places = []
        for one in parts:
            starred = isinstance(one, ast.Starred)
            places += self.elements(one.value, where, depth + 1) if starred else [(one, where)]
        return places

    def items(self, node: ast.expr, module: Module) -> list[tuple[str, Place]]:
        """Return the items of a dict whose keys are texts."""
        found, where = self.plain(node, module)
        if not isinstance(found, ast.Dict) or None in found.keys:
            raise Unresolved(node)
        pairs = zip(found.keys, found.values, strict=True)
        return [(self.text(key, where), self.plain(value, where)) for key, value in pairs]

    def call(self, node: ast.expr, module: Module) -> tuple[str, Arguments]:
        """Return the name in Dagster of what an expression calls, and the arguments."""
        found = self.of(node.func, module) if isinstance(node, ast.Call) else None
        arguments = arguments_of(node)
        if not found or not found.name.startswith("dagster.") or "**" in arguments:
            raise Unresolved(node)
        return found.name.partition(".")[2], arguments

    def keys(self, node: ast.expr, module: Module) -> list[str]:
        """Return the asset keys that an expression names: several for a multi_asset."""
        found, where = self.plain(node, module)
        if isinstance(found, ast.Constant):
            return [self.text(found, where)]
        if isinstance(found, ast.List | ast.Tuple):
            return ["/".join([self.text(*one) for one in self.elements(found, where)])]
        if isinstance(found, ast.Name | ast.Attribute):
            key = getattr(found, "attr", "") in ("key", "keys")
            asset = self.of(found.value if key else found, where)
            if asset and asset.kind == "asset":
                return self.definition_keys(asset.thing, asset.module)
            raise Unresolved(node)
        called, arguments = self.call(found, where)
        named = arguments.get("0") or arguments.get(_NAMING.get(called, ""))
        if not named or called not in (*_NAMING, "AssetKey.from_user_string"):
            raise Unresolved(node)
        return self.keys(named, where)

    def key(self, node: ast.expr, module: Module) -> str:
        """Return the one asset key that an expression names."""
        keys = self.keys(node, module)
        if len(keys) != 1:
            raise Unresolved(node)
        return keys[0]

    def named(self, name: str, arguments: Arguments, module: Module) -> str:
        """Return the key that key=, or name= and key_prefix=, give."""
        if "**" in arguments:
            raise Unresolved(arguments["**"])
        if key := arguments.get("key") or arguments.get("0"):
            return self.key(key, module)
        if "name" in arguments:
            name = self.text(arguments["name"], module)
        prefix = arguments.get("key_prefix")
        return f"{self.key(prefix, module)}/{name}" if prefix else name

    def definition_keys(self, definition: Definition, module: Module) -> list[str]:
        """Return the keys that a definition makes."""
        return [self.named(*output[:3]) for output in self.outputs(definition, module)]

    def outputs(self, definition: Definition, module: Module) -> list[tuple]:
        """Return (name, arguments, module, expression) of the output, or of each of several."""
        arguments = definition.arguments
        if definition.maker != "multi_asset":
            return [(definition.function, arguments, module, None)]
        if not arguments or {"**", "0", "internal_asset_deps"} & arguments.keys():
            raise Unresolved(None)
        maker, made = "AssetOut", []
        if "specs" in arguments:
            maker = "AssetSpec"
            made = [("", self.plain(*one)) for one in self.elements(arguments["specs"], module)]
        elif "outs" in arguments:
            made = self.items(arguments["outs"], module)
        outputs = []
        for name, (node, where) in made:
            called, words = self.call(node, where)
            if called != maker:
                raise Unresolved(node)
            outputs.append((name, words, where, node))
        return outputs

    def resource(self, node: ast.expr | None, module: Module) -> bool | None:
        """Tell whether Dagster takes a parameter for a resource; None where it cannot be told."""
        if node is None or isinstance(node, ast.BinOp | ast.Constant):
            return False  # `Resource | None` is no resource for Dagster
        if isinstance(node, ast.Subscript):
            return self.resource(node.value, module)
        found = self.of(node, module)
        if found is None:
            name = getattr(node, "id", "")
            return False if name not in module.names and hasattr(builtins, name) else None
        if found.kind == "class":
            kinds = [self.resource(base, found.module) for base in found.thing]
            return True if True in kinds else None if None in kinds else False
        root, last = found.name.partition(".")[0], found.name.rpartition(".")[2]
        if found.kind != "outside" or last == "Annotated":
            return None
        if root.startswith("dagster"):
            resource = "Resource" in last or last.endswith(("IOManager", "Factory", "Client"))
            return resource or (False if root == "dagster" else None)
        return False if root in _PLAIN or root in sys.stdlib_module_names else None
