"""Turn the definitions of every module into assets, sources and checks."""

import ast
import gc
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple, TypeVar

from ..layers import LAYERS
from ..project import Project
from .catalog import Asset, Catalog, Dependency, Link
from .definitions import CONTEXT_NAMES
from .files import read_modules
from .module import Arguments, Definition, Import, Kind, Module, Observation, Parameter
from .names import Names, Output, Role, TargetKind, Unresolved

Result = TypeVar("Result")

# What a call at import may lead to without making assets; functions among them are looked at.
_READABLE = frozenset((
    TargetKind.ASSET, TargetKind.CLASS, TargetKind.FUNCTION, TargetKind.VALUE, TargetKind.MODULE
))  # fmt: skip


class _Input(NamedTuple):
    """An item of ins=: the parameter, and the key that it names if that could be read."""

    parameter: str
    key: str | None


def read_catalog(project: Project) -> Catalog:
    """Read every module of a project, without importing any."""
    is_collecting = gc.isenabled()
    gc.disable()  # syntax trees hold no cycles, and looking for some doubles the time
    try:
        modules, problems = read_modules(project)
        return _Builder(project, modules, problems).build()
    finally:
        if is_collecting:
            gc.freeze()
            gc.enable()


class _Builder:
    """Builds one Catalog."""

    def __init__(self, project: Project, modules: list[Module], problems: list[Observation]):
        self.modules = modules
        self.names = Names(modules, project.package)
        self.raw_readers = f"src/{project.package}/polster/sources/"
        self.observations = problems
        self.assets: list[Asset] = []
        self.sources: list[Asset] = []
        self.checks: list[Asset] = []
        self.links: list[Link] = []

    def build(self) -> Catalog:
        """Return everything that the modules define; of Polster's own files, nothing."""
        for module in self.modules:
            if module.is_polsters:
                continue
            for definition in module.definitions.values():
                self._add(module, definition)
            self.observations += module.observations
            self._judge_calls(module)
            self._judge_raw_reads(module)
            self.links += [self._link(module, name) for name in module.imports]
        order = {layer: number for number, layer in enumerate(LAYERS)}
        last = len(order)
        self.assets.sort(key=lambda asset: (order.get(asset.layer, last), asset.path, asset.line))
        return Catalog(
            tuple(self.assets),
            tuple(self.sources),
            tuple(self.checks),
            tuple(self.modules),
            tuple(self.observations),
            tuple(self.links),
        )

    # What only the whole project can tell about a module ---------------------------------------

    def _judge_calls(self, module: Module) -> None:
        """Observe the calls at import that may make assets: those of the project's factories."""
        for call in module.calls:
            target = self.names.find(call.dotted)
            factories = target.module.factories
            is_factory = target.name in factories
            if target.kind is TargetKind.VALUE:  # a lambda or a partial has no name there
                is_factory = "" in factories
            if is_factory or target.kind not in _READABLE:
                place = (module.path, call.line, call.column)
                what = f"what {call.dotted} makes"
                self.observations.append(Observation(Kind.UNRESOLVED, *place, what))

    def _judge_raw_reads(self, module: Module) -> None:
        """Observe the attributes that lead to Polster's readers of raw files."""
        for read in module.raw_reads:
            target = self.names.find(read.dotted)
            if target.module.path.startswith(self.raw_readers):
                place = (module.path, read.line, read.column)
                self.observations.append(Observation(Kind.RAW_READ, *place, read.dotted))

    def _link(self, module: Module, name: Import) -> Link:
        """Return where an import leads."""
        target = self.names.find(name.dotted)
        keys = None
        if target.definition is not None:
            keys = self._keys(target.definition, target.module)
        return Link(
            module.path,
            name.line,
            name.column,
            module,
            name,
            target.kind,
            target.module.path,
            target.module.layer,
            keys,
        )

    @cached_property
    def all_keys(self) -> set[str]:
        """The keys of all assets, where it is not plain whether a parameter is one."""
        return {
            key
            for module in self.modules
            for definition in module.definitions.values()
            for key in self._keys(definition, module)
        }

    def _keys(self, definition: Definition, module: Module) -> list[str]:
        """Return the keys that a definition makes, none where they cannot be read."""
        read = self.names.definition_keys
        return self._attempt([], "its key", read, definition, module) or []

    def _attempt(
        self, unresolved: list[str], what: str, read: Callable[..., Result], *arguments: object
    ) -> Result | None:
        """Read something, or note that only running the code would tell what it is."""
        try:
            return read(*arguments)
        except Unresolved as error:
            where = f" at line {error.line}" if error.line else ""
            unresolved.append(f"{what} is computed{where}")
        except RecursionError:
            unresolved.append(f"{what} needs itself")
        return None

    # Definitions become assets -----------------------------------------------------------------

    def _add(self, module: Module, definition: Definition) -> None:
        """Keep the asset, source or check that a definition makes; of a multi_asset all."""
        unresolved = list(definition.unresolved)
        is_hidden = any(seen.kind is Kind.DEFINITIONS for seen in module.observations)
        if module.layer and is_hidden:
            unresolved.append("Dagster loads only what the Definitions of its file name")
        if definition.maker == "asset_check":
            self.checks.append(self._check(module, definition, unresolved))
            return
        inputs: list[Dependency] = []
        if definition.maker != "AssetSpec":
            inputs = self._inputs(module, definition, unresolved)
        read = self.names.outputs
        outputs = self._attempt(unresolved, "what it makes", read, definition, module)
        kept = self.sources if definition.maker == "AssetSpec" else self.assets
        if outputs is None:
            kept.append(
                self._asset(module, definition, None, definition.function, inputs, unresolved)
            )
        for output in outputs or ():
            kept.append(self._output(module, definition, output, inputs, list(unresolved)))

    def _output(
        self,
        module: Module,
        definition: Definition,
        output: Output,
        inputs: list[Dependency],
        unresolved: list[str],
    ) -> Asset:
        """Return the asset of one output."""
        name, arguments, where, node = output
        key = self._attempt(unresolved, "its key", self.names.key_from, name, arguments, where)
        is_spec = definition.maker == "AssetSpec" or (node and "specs" in definition.arguments)
        if is_spec:  # it names its dependencies itself
            inputs = self._listed("deps", arguments, where, unresolved)
        description = None if node else definition.description
        if "description" in arguments:
            read, written = self.names.text, arguments["description"]
            description = self._attempt(unresolved, "its description", read, written, where)
        asset = self._asset(module, definition, key, name, inputs, unresolved)
        asset = asset._replace(description=description)
        if node:
            asset = asset._replace(line=node.lineno, column=node.col_offset + 1)
        return asset

    def _asset(
        self,
        module: Module,
        definition: Definition,
        key: str | None,
        name: str,
        dependencies: list[Dependency],
        unresolved: list[str],
    ) -> Asset:
        """Return an asset; one whose key cannot be read goes by the name of its function."""
        first_of_each = {one.key: one for one in reversed(dependencies)}
        last_part = (key or name).rpartition("/")[2]
        return Asset(
            key=key or definition.function,
            name=last_part.removeprefix(f"{module.layer}_"),
            layer=None if definition.maker == "AssetSpec" else module.layer,
            dependencies=tuple(reversed(first_of_each.values())),
            description=definition.description,
            path=module.path,
            line=definition.line,
            column=definition.column,
            unresolved=tuple(unresolved),
            function=definition.function,
            maker=definition.maker,
            known=key is not None,
        )

    def _check(self, module: Module, definition: Definition, unresolved: list[str]) -> Asset:
        """Return what a check looks at: first its own asset, then the others."""
        arguments = definition.arguments
        checked = arguments.get("asset") or arguments.get("0")
        key = None
        if checked:
            read = self.names.key
            key = self._attempt(unresolved, "what it checks", read, checked, module)
        place = (definition.line, definition.column)
        dependencies = [Dependency(key, *place, "asset")] if key else []
        dependencies += self._listed("additional_deps", arguments, module, unresolved)
        for item in self._ins("additional_ins", arguments, module, unresolved) or ():
            if item.key:
                dependencies.append(Dependency(item.key, *place, "ins"))
        name = None
        if "name" in arguments:
            read = self.names.text
            name = self._attempt(unresolved, "its name", read, arguments["name"], module)
        name = name or definition.function
        asset = self._asset(module, definition, key, name, dependencies, unresolved)
        return asset._replace(name=name)

    # Dependencies ------------------------------------------------------------------------------

    def _inputs(
        self, module: Module, definition: Definition, unresolved: list[str]
    ) -> list[Dependency]:
        """Return what parameters, ins= and deps= name."""
        inputs: dict[str, Dependency] = {}
        for index, parameter in enumerate(definition.parameters):
            is_context = index == 0 and parameter.name in CONTEXT_NAMES
            if is_context or parameter.name == "config":
                continue
            if self._is_dependency(parameter, module, unresolved):
                place = (parameter.line, parameter.column)
                inputs[parameter.name] = Dependency(parameter.name, *place, "parameter")
        items = self._ins("ins", definition.arguments, module, unresolved)
        if items is None:  # any parameter may be named there
            inputs = {name: one for name, one in inputs.items() if name in self.all_keys}
        for item in items or ():
            parameter_input = inputs.pop(item.parameter, None)
            named_at = parameter_input or definition
            if item.key:
                place = (named_at.line, named_at.column)
                inputs[item.parameter] = Dependency(item.key, *place, "ins")
        return [*inputs.values(), *self._listed("deps", definition.arguments, module, unresolved)]

    def _is_dependency(self, parameter: Parameter, module: Module, unresolved: list[str]) -> bool:
        """Tell whether Dagster takes a parameter for an asset; observe what it takes otherwise."""
        name, annotation = parameter.name, parameter.annotation
        place = (module.path, parameter.line, parameter.column)
        role = self._attempt([], "", self.names.role, annotation, module) or Role.UNKNOWN
        if not parameter.is_input:
            if role is Role.INPUT:
                self.observations.append(Observation(Kind.DROPPED_INPUT, *place, name))
            return False
        target = self.names.target_of(annotation, module)
        if target and target.name.startswith("dagster.") and target.name.endswith("Context"):
            self.observations.append(Observation(Kind.CONTEXT_NAME, *place, name))
            return False
        if role is Role.UNKNOWN and name not in self.all_keys:
            unresolved.append(f"{name} may be an asset or a resource")
            return False
        return role is not Role.RESOURCE

    def _ins(
        self, argument: str, arguments: Arguments, module: Module, unresolved: list[str]
    ) -> list[_Input] | None:
        """Return the items of a dict such as ins=, None where it cannot be read."""
        if argument not in arguments:
            return []
        what, node = f"its {argument}=", arguments[argument]
        items = self._attempt(unresolved, what, self.names.items, node, module)
        if items is None:
            return None
        inputs = []
        for name, place in items:
            what, read = f"its input {name}", self._key_of_input
            key = self._attempt(unresolved, what, read, name, place.node, place.module)
            inputs.append(_Input(name, key))
        return inputs

    def _key_of_input(self, name: str, node: ast.expr, module: Module) -> str:
        """Return the key that an AssetIn declares."""
        called = self.names.call(node, module)
        arguments = called.arguments if called.name == "AssetIn" else {"0": node}
        return self.names.key_from(name, arguments, module)

    def _listed(
        self, argument: str, arguments: Arguments, module: Module, unresolved: list[str]
    ) -> list[Dependency]:
        """Return the dependencies that a list such as deps= names."""
        if argument not in arguments:
            return []
        what, node = f"its {argument}=", arguments[argument]
        elements = self._attempt(unresolved, what, self.names.elements, node, module)
        dependencies = []
        for element in elements or ():
            read = self.names.keys
            keys = self._attempt(unresolved, "a dependency", read, element.node, element.module)
            here = element.node if element.module is module else node  # the place in this file
            place = (here.lineno, here.col_offset + 1)
            dependencies += [Dependency(key, *place, "deps") for key in keys or ()]
        return dependencies
