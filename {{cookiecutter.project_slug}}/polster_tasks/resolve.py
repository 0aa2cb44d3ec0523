"""Follow names from module to module, as Python's imports would."""

import ast
from typing import Any, NamedTuple

from .module import MAKERS, Definition, Module
from .source import Reader
from .values import Item, Made, Ref, evaluate

_PLAIN = frozenset(
    [
        "polars",
        "typing",
        "typing_extensions",
        "collections",
        "datetime",
        "pandas",
        "numpy",
        "pyarrow",
        "dataframely",
        "pathlib",
        "decimal",
        "narwhals",
        "duckdb",
        "deltalake",
        "builtins",
    ]
)


class Found(NamedTuple):
    """Where a dotted name leads."""

    kind: str  # asset, module, class, factory, checker, name, outside, unknown or missing
    module: Module | None = None
    name: str = ""
    definition: Definition | None = None


class Resolver:
    """The modules of a project, by dotted name."""

    def __init__(self, modules: list[Module], package: str, reader):
        self.modules = {module.name: module for module in modules}
        self.package = package
        self._reader = reader  # gives the Reader of a module, read again
        self._found: dict[str, Found] = {}
        self._readers: dict[str, Reader] = {}
        self._makers: dict[str, str | None] = {}
        self._resources: dict[str, bool | None] = {}
        self._attributes: dict[str, dict[str, Definition]] = {}
        self._keys: dict[int, list[str] | None] = {}
        for module in modules:
            for parent in _parents(module.name):
                if parent not in self.modules:
                    self.modules[parent] = Module(parent, "", None)

    def lookup(self, dotted: str, seen: tuple[str, ...] = ()) -> Found:
        """Return what a dotted name means."""
        known = self._found.get(dotted)
        if known is None:
            known = self._lookup(dotted, seen)
            if not seen:
                self._found[dotted] = known
        return known

    def _lookup(self, dotted: str, seen: tuple[str, ...]) -> Found:
        parts = dotted.split(".")
        if parts[0] != self.package:
            return Found("outside", None, dotted)
        if dotted in seen:
            return Found("unknown", None, dotted)
        module = self.modules.get(parts[0])
        for index, name in enumerate(parts[1:], 1):
            if module is None:
                return Found("missing", None, dotted)
            found = self._attribute(module, name, (*seen, dotted))
            below = self.modules.get(".".join(parts[: index + 1]))
            rest = parts[index + 1 :]
            if found and found.kind == "module" and rest:
                return self.lookup(".".join([found.module.name, *rest]), (*seen, dotted))
            if found and not (below and found.kind in ("unknown", "missing")):
                return found
            if below is None:
                return Found("unknown" if module.open else "missing", module, name)
            module = below
        return Found("module", module, dotted)

    def _attribute(self, module: Module, name: str, seen: tuple[str, ...]) -> Found | None:
        known = self._attributes.get(module.name)
        if known is None:
            known = {one.binding: one for one in module.definitions}
            self._attributes[module.name] = known
        if name in known:
            maker = self.maker(known[name])
            if maker:
                return Found("asset", module, name, known[name])
        if name in module.classes:
            return Found("class", module, name)
        for kind, names in (("factory", module.factories), ("checker", module.checkers)):
            if name in names:
                return Found(kind, module, name)
        stars = []
        for found in module.imports:
            if found.binding == name and not found.local:
                if found.target == f"{module.name}.{name}":
                    return None  # a package that imports its own submodule
                return self.lookup(found.target, seen)
            if found.binding is None and not found.local:
                stars.append(found.dotted)
        if name in module.names:
            return Found("name", module, name)
        for star in stars:
            source = self.modules.get(star)
            if source is None and star.split(".")[0] != self.package:
                return Found("unknown", module, name)
            if source and f"{star}.*" not in seen and not name.startswith("_"):
                found = self._attribute(source, name, (*seen, f"{star}.*"))
                if found:
                    return found
        return None

    def maker(self, definition: Definition) -> str | None:
        """Return which of Dagster's makers a definition uses, or None if it is no asset at all."""
        dotted = definition.maker.dotted
        if dotted not in self._makers:
            self._makers[dotted] = self._maker(dotted)
        return self._makers[dotted]

    def _maker(self, dotted: str) -> str | None:
        root, _, rest = dotted.partition(".")
        if root != "dagster":
            found = self.lookup(dotted)
            if found.kind != "outside" or not found.name.startswith("dagster."):
                return None
            rest = found.name
        last = rest.rpartition(".")[2]
        return last if root == "dagster" or last in MAKERS else None

    def constant(self, value: Any) -> Any:
        """Return the value that a Ref to another module's constant stands for."""
        for _ in range(10):
            if not isinstance(value, Ref):
                break
            found = self.lookup(value.dotted)
            if found.kind != "name":
                break
            scope = self._again(found.module).scope
            value = evaluate(ast.Name(found.name, ast.Load(), lineno=1, col_offset=0), scope)
        return value

    def _again(self, module: Module) -> Reader:
        if module.name not in self._readers:
            self._readers[module.name] = self._reader(module)
        return self._readers[module.name]

    def used(self, module: Module) -> frozenset[str]:
        """Return the imported names that a module uses otherwise than to name a dependency."""
        return self._again(module).used if module.used is None else module.used

    def expand(self, value: Any, place: tuple[int, int]) -> tuple[list[Item], bool]:
        """Return the elements of a list, wherever its parts are written, and whether that is all."""
        value = self.constant(value)
        if value is None:
            return [], True
        if isinstance(value, Ref | Made) and self.keys(value):
            return [Item(value, *place)], True
        if not isinstance(value, list):
            return [], False
        items, whole = [], True
        for item in value:
            if item.starred:
                more, complete = self.expand(item.value, (item.line, item.column))
                items += [Item(one.value, item.line, item.column) for one in more]
                whole = whole and complete
            else:
                items.append(item)
        return items, whole

    def keys(self, value: Any) -> list[str] | None:
        """Return the asset keys that a value names: several for a multi_asset, None if unknown."""
        value = self.constant(value)
        if isinstance(value, str):
            return [value]
        if isinstance(value, list):
            parts = [self.constant(item.value) for item in value]
            return ["/".join(parts)] if all(isinstance(part, str) for part in parts) else None
        if isinstance(value, Ref):
            dotted = value.dotted.removesuffix(".key").removesuffix(".keys")
            found = self.lookup(dotted)
            return self.definition_keys(found.definition) if found.definition else None
        if isinstance(value, Made) and isinstance(value.maker, Ref):
            root, _, rest = self._dagster(value.maker).partition(".")
            last = rest.rpartition(".")[2]
            if root != "dagster" or "**" in value.keywords:
                return None
            named = {
                "AssetKey": "path",
                "AssetDep": "asset",
                "AssetSpec": "key",
                "SourceAsset": "key",
            }
            if last in named:
                argument = value.keywords.get(named[last])
                return self.keys(value.arguments[0] if value.arguments else argument)
            if last == "from_user_string" and value.arguments:
                return self.keys(value.arguments[0])
        return None

    def _dagster(self, maker: Ref) -> str:
        """Return a maker's dotted name, through a module of the project that passes it on."""
        if maker.dotted.partition(".")[0] != self.package:
            return maker.dotted
        found = self.lookup(maker.dotted)
        return found.name if found.kind == "outside" else ""

    def definition_keys(self, definition: Definition) -> list[str] | None:
        """Return the keys that a definition makes, or None where only running it would tell."""
        known = self._keys.get(id(definition), False)
        if known is not False:
            return known
        self._keys[id(definition)] = None
        keys = self._keys[id(definition)] = self._make_keys(definition)
        return keys

    def _make_keys(self, definition: Definition) -> list[str] | None:
        maker, words = self.maker(definition), definition.keywords
        if "**" in words:
            return None
        if maker in ("AssetSpec", "SourceAsset"):
            return self.keys(words.get("key"))
        if maker in ("multi_asset", "graph_multi_asset", "multi_observable_source_asset"):
            keys = [key for key, *_ in self.outputs(definition)[0]]
            return keys if keys and None not in keys else None
        if not words and definition.function:
            return [definition.function]
        if words.get("key") is not None:
            return self.keys(words["key"])
        name = self.constant(words.get("name")) or definition.function
        prefix = self.prefix(words.get("key_prefix"))
        if not isinstance(name, str) or prefix is None:
            return None
        return ["/".join([*prefix, name])]

    def prefix(self, value: Any) -> list[str] | None:
        """Return a key_prefix= as its parts, or None where only running it would tell."""
        value = self.constant(value)
        if value is None or isinstance(value, str):
            return [value] if value else []
        if isinstance(value, list):
            parts = [self.constant(item.value) for item in value]
            return parts if all(isinstance(part, str) for part in parts) else None
        return None

    def outputs(self, definition: Definition) -> tuple[list[tuple], bool]:
        """Return a multi_asset's outputs as (key or None, output name, Made, line, column)."""
        words, place = definition.keywords, (definition.line, definition.column)
        if words.get("specs") is not None:
            items, whole = self.expand(words["specs"], place)
            found = [
                ((self.keys(item.value) or [None])[0], "", self.spec(item.value), *item[1:3])
                for item in items
            ]
            return found, whole
        outs = self.constant(words.get("outs"))
        if not isinstance(outs, dict):
            return [], False
        found = []
        for name, value in outs.items():
            value = self.constant(value)
            key = None
            if isinstance(value, Made) and not value.arguments and "**" not in value.keywords:
                if value.keywords.get("key") is not None:
                    key = (self.keys(value.keywords["key"]) or [None])[0]
                else:
                    prefix = self.prefix(value.keywords.get("key_prefix"))
                    key = None if prefix is None else "/".join([*prefix, name])
            if isinstance(value, Made) and self._dagster(value.maker).endswith(
                "AssetOut.from_spec"
            ):
                value = self.spec(value.arguments[0] if value.arguments else None)
                key = (self.keys(value) or [None])[0]
            where = (value.line, value.column) if isinstance(value, Made) else place
            found.append((key, name, value, *where))
        return found, True

    def spec(self, value: Any) -> Made | None:
        """Return an AssetSpec as it was called, whether written here or named."""
        value = self.constant(value)
        if isinstance(value, Ref):
            found = self.lookup(value.dotted)
            one = found.definition
            return Made(one.maker, [], one.keywords, one.line, one.column) if one else None
        return value if isinstance(value, Made) else None

    def resource(self, annotation: Any) -> bool | None:
        """Tell whether Dagster takes a parameter for a resource; None where it cannot be told."""
        if isinstance(annotation, Made):
            dotted = self._dagster(annotation.maker) if isinstance(annotation.maker, Ref) else ""
            if dotted.endswith("Annotated"):
                return annotation.arguments == ["resource_param"]
            return dotted.endswith(".ResourceParam") or self.resource(annotation.maker)
        if annotation is None:
            return False
        if not isinstance(annotation, Ref):
            return None
        if annotation.dotted not in self._resources:
            self._resources[annotation.dotted] = self._resource(annotation.dotted)
        return self._resources[annotation.dotted]

    def _resource(self, dotted: str) -> bool | None:
        found = self.lookup(dotted)
        if found.kind == "name":
            value = self.constant(Ref(dotted))
            return (
                self.resource(value) if isinstance(value, Ref) and value.dotted != dotted else None
            )
        if found.kind == "class":
            kinds = [self.resource(base) for base in found.module.classes[found.name]]
            return True if True in kinds else None if None in kinds else False
        if found.kind != "outside":
            return None
        root, last = found.name.partition(".")[0], found.name.rpartition(".")[2]
        if root == "dagster":
            return "Resource" in last or last.endswith(("IOManager", "IOManagerFactory", "Client"))
        if root in _PLAIN:
            return False
        return True if root.startswith("dagster_") else None


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]
