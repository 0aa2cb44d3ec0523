"""Read the project's assets, and what they depend on, from the source without importing it."""

import ast
import gc
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from ..layers import LAYERS
from ..project import Project
from .catalog import Asset, Catalog, Dependency, Link
from .files import read_modules
from .module import CONTEXT, Arguments, Definition, Module, Spot
from .names import Names, Unresolved

_READABLE = ("function", "class", "value", "asset", "module")


def read_catalog(project: Project) -> Catalog:
    """Read every module of a project."""
    collecting = gc.isenabled()
    gc.disable()  # nothing here holds cycles, and looking for some would double the time
    try:
        modules, problems = read_modules(project)
        return Builder(Names(modules, project.package), problems).build(modules)
    finally:
        if collecting:
            gc.freeze()
            gc.enable()


class Builder:
    """Turn the definitions of every module into assets, sources and checks."""

    def __init__(self, names: Names, problems: list[tuple[str, Spot]]):
        self.names, self.spots = names, problems
        self.assets: list[Asset] = []
        self.sources: list[Asset] = []
        self.checks: list[Asset] = []

    def build(self, modules: list[Module]) -> Catalog:
        """Return everything that the modules define."""
        for module in modules:
            for definition in module.definitions.values():
                self._add(module, definition)
            self.spots += [(module.path, spot) for spot in self._spots(module)]
        order = {layer: number for number, layer in enumerate(LAYERS)}
        self.assets.sort(key=lambda one: (order.get(one.layer, 9), one.path, one.line))
        links = [self._link(module, one) for module in modules for one in module.imports]
        groups = (self.assets, self.sources, self.checks, modules, self.spots, links)
        return Catalog(*map(tuple, groups))

    def _read(self, notes: list[str], what: str, read: Callable, *arguments: Any) -> Any:
        """Read something, or note that only running the code would tell what it is."""
        try:
            return read(*arguments)
        except Unresolved as error:
            line = getattr(error.args[0], "lineno", None)
            notes.append(f"{what} is computed" + (f" at line {line}" if line else ""))
        except RecursionError:
            notes.append(f"{what} needs itself")
        return None

    @cached_property
    def keys(self) -> set[str]:
        """The keys of all assets, where it is not plain whether a parameter is one."""
        modules = self.names.modules.values()
        made = [self._keys(one, each) for each in modules for one in each.definitions.values()]
        return {key for keys in made for key in keys}

    def _keys(self, definition: Definition, module: Module) -> list[str]:
        return self._read([], "", self.names.definition_keys, definition, module) or []

    def _spots(self, module: Module) -> Iterable[Spot]:
        """Yield a module's spots; what the project's own functions make is known only now."""
        for spot in module.spots:
            if spot.kind == "made":
                found = self.names.find(spot.text)
                if found.kind in _READABLE and found.name not in found.module.factories:
                    continue
                spot = spot._replace(kind="unresolved", text=f"what {spot.text} makes")
            yield spot

    def _link(self, module: Module, one: Any) -> Link:
        found = self.names.find(one.dotted)
        keys = self._keys(found.thing, found.module) if found.kind == "asset" else None
        place, target = (module.path, one.line, one.column), found.module
        return Link(*place, module, one, found.kind, target.path, target.layer, keys)

    def _add(self, module: Module, definition: Definition) -> None:
        """Keep the asset, source or check that a definition makes; of a multi_asset all."""
        maker, words, notes = definition.maker, definition.arguments, list(definition.notes)
        if module.layer and any([spot.kind == "definitions" for spot in module.spots]):
            notes.append("Dagster loads only what the Definitions of its file name")
        if maker == "asset_check":
            self.checks.append(self._check(module, definition, notes))
            return
        inputs = [] if maker == "AssetSpec" else self._inputs(module, definition, notes)
        outputs = self._read(notes, "what it makes", self.names.outputs, definition, module)
        for name, own, where, node in outputs or [
            (definition.function, {"**": None}, module, None)
        ]:
            said, found = list(notes), inputs
            key = self._read(said, "its key", self.names.named, name, own, where)
            if maker == "AssetSpec" or (node and "specs" in words):  # it says so itself
                found = self._named("deps", own, where, said)
            asset = self._asset(module, definition, key, name, found, said)
            if node:
                place = {"line": node.lineno, "column": node.col_offset + 1}
                asset = asset._replace(description=None, **place)
            if "description" in own:
                about = own["description"]
                text = self._read(said, "its description", self.names.text, about, where)
                asset = asset._replace(description=text, unresolved=tuple(said))
            (self.sources if maker == "AssetSpec" else self.assets).append(asset)

    def _asset(self, module, definition, key, name, found, notes) -> Asset:
        maker, function = definition.maker, definition.function
        return Asset(
            key or function,
            (key or name).rpartition("/")[2].removeprefix(f"{module.layer}_"),
            None if maker == "AssetSpec" else module.layer,
            tuple({one.key: one for one in reversed(found)}.values())[::-1],
            definition.description,
            module.path,
            definition.line,
            definition.column,
            tuple(notes),
            function,
            maker,
            key is not None,
        )

    def _inputs(self, module: Module, definition: Definition, notes: list[str]) -> list[Dependency]:
        """Return what parameters, ins= and deps= name; remember what Dagster takes otherwise."""
        inputs: dict[str, Dependency] = {}
        for index, (name, line, column, seen, node) in enumerate(definition.parameters):
            if (index == 0 and name in CONTEXT) or name == "config":
                continue
            resource = self.names.resource(node, module)
            found = self.names.of(node, module)
            if not seen:
                if resource is False:
                    self.spots.append((module.path, Spot("dropped", line, column, name)))
            elif found and found.name.startswith("dagster.") and found.name.endswith("Context"):
                self.spots.append((module.path, Spot("context", line, column, name)))
            elif resource is None and name not in self.keys:
                notes.append(f"{name} may be an asset or a resource")
            elif not resource:
                inputs[name] = Dependency(name, line, column, "parameter")
        items = self._items("ins", definition.arguments, module, notes)
        if items is None:
            inputs = {name: one for name, one in inputs.items() if name in self.keys}
        for name, key in items or ():
            old = inputs.pop(name, None)
            place = old[1:3] if old else (definition.line, definition.column)
            if key:
                inputs[name] = Dependency(key, *place, "ins")
        return [*inputs.values(), *self._named("deps", definition.arguments, module, notes)]

    def _items(self, word: str, words: Arguments, module: Module, notes: list) -> list | None:
        """Return the names and keys of a dict such as ins=, None where it cannot be read."""
        node, found = words.get(word), []
        items = self._read(notes, f"its {word}=", self.names.items, node, module) if node else []
        for name, value in items or ():
            found.append((name, self._read(notes, f"its input {name}", self._input, name, *value)))
        return found if items is not None else None

    def _input(self, name: str, node: ast.expr, module: Module) -> str:
        """Return the key that an AssetIn declares."""
        called, arguments = self.names.call(node, module)
        return self.names.named(name, arguments if called == "AssetIn" else {"0": node}, module)

    def _named(self, word: str, words: Arguments, module: Module, notes: list) -> list[Dependency]:
        """Return the dependencies that a list such as deps= names."""
        found, node, read = [], words.get(word), self.names.elements
        places = self._read(notes, f"its {word}=", read, node, module) if node else ()
        for one, where in places or ():
            here = one if where is module else node
            keys = self._read(notes, "a dependency", self.names.keys, one, where) or ()
            found += [Dependency(key, here.lineno, here.col_offset + 1, "deps") for key in keys]
        return found

    def _check(self, module: Module, definition: Definition, notes: list[str]) -> Asset:
        """Return what a check looks at: first its own asset, then the others."""
        words, name = definition.arguments, definition.function
        asset = words.get("asset") or words.get("0")
        place = (definition.line, definition.column)
        key = self._read(notes, "what it checks", self.names.key, asset, module) if asset else None
        found = [Dependency(key, *place, "asset")] if key else []
        found += self._named("additional_deps", words, module, notes)
        items = self._items("additional_ins", words, module, notes) or ()
        found += [Dependency(other, *place, "ins") for _, other in items if other]
        if "name" in words:
            name = self._read(notes, "its name", self.names.text, words["name"], module) or name
        return self._asset(module, definition, key, name, found, notes)._replace(name=name)
