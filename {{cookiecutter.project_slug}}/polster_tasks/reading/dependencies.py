"""Read what a definition depends on: its parameters, ins= and deps=."""

import ast
from functools import cached_property
from typing import NamedTuple

from .catalog import Dependency
from .definitions import CONTEXT_NAMES
from .module import Arguments, Definition, Kind, Module, Observation, Parameter
from .names import Names
from .roles import Role, role_of
from .values import Values, attempt


class Input(NamedTuple):
    """An item of ins=: the parameter, and the key that it names if that could be read."""

    parameter: str
    key: str | None


class DependencyReader:
    """Reads dependencies; adds what Dagster takes otherwise to `observations`.

    What cannot be read is added to the list `unresolved` that each method is given.
    """

    def __init__(self, names: Names, values: Values, observations: list[Observation]):
        self._names = names
        self._values = values
        self._observations = observations

    @cached_property
    def _all_keys(self) -> set[str]:
        """The keys of all assets, where it is not plain whether a parameter is one."""
        keys: set[str] = set()
        for module in self._names.modules.values():
            for definition in module.definitions.values():
                read = self._values.definition_keys
                keys.update(attempt([], "its key", read, definition, module) or ())
        return keys

    def inputs(
        self, module: Module, definition: Definition, unresolved: list[str]
    ) -> list[Dependency]:
        """Return what the parameters, ins= and deps= of a definition name."""
        inputs: dict[str, Dependency] = {}
        for index, parameter in enumerate(definition.parameters):
            is_context = index == 0 and parameter.name in CONTEXT_NAMES
            if is_context or parameter.name == "config":
                continue
            if self._is_dependency(parameter, module, unresolved):
                place = (parameter.line, parameter.column)
                inputs[parameter.name] = Dependency(parameter.name, *place, "parameter")
        items = self.ins("ins", definition.arguments, module, unresolved)
        if items is None:  # any parameter may be named there
            inputs = {name: inputs[name] for name in inputs if name in self._all_keys}
        for item in items or ():
            named_at = inputs.pop(item.parameter, None) or definition
            if item.key:
                place = (named_at.line, named_at.column)
                inputs[item.parameter] = Dependency(item.key, *place, "ins")
        return [*inputs.values(), *self.listed("deps", definition.arguments, module, unresolved)]

    def _is_dependency(self, parameter: Parameter, module: Module, unresolved: list[str]) -> bool:
        """Tell whether Dagster takes a parameter for an asset; observe what it takes otherwise."""
        name, annotation = parameter.name, parameter.annotation
        place = (module.path, parameter.line, parameter.column)
        role = attempt([], name, role_of, annotation, module, self._names) or Role.UNKNOWN
        if not parameter.is_input:
            if role is Role.INPUT:
                self._observations.append(Observation(Kind.DROPPED_INPUT, *place, name))
            return False
        target = self._names.target_of(annotation, module)
        if target and target.name.startswith("dagster.") and target.name.endswith("Context"):
            self._observations.append(Observation(Kind.CONTEXT_NAME, *place, name))
            return False
        if role is Role.UNKNOWN and name not in self._all_keys:
            unresolved.append(f"{name} may be an asset or a resource")
            return False
        return role is not Role.RESOURCE

    def ins(
        self, argument: str, arguments: Arguments, module: Module, unresolved: list[str]
    ) -> list[Input] | None:
        """Return the items of a dict such as ins=, None where it cannot be read."""
        if argument not in arguments:
            return []
        what, node = f"its {argument}=", arguments[argument]
        items = attempt(unresolved, what, self._values.items, node, module)
        if items is None:
            return None
        inputs = []
        for name, place in items:
            what, read = f"its input {name}", self._key_of_input
            key = attempt(unresolved, what, read, name, place.node, place.module)
            inputs.append(Input(name, key))
        return inputs

    def _key_of_input(self, name: str, node: ast.expr, module: Module) -> str:
        """Return the key that an AssetIn declares."""
        called = self._values.call(node, module)
        arguments = called.arguments if called.name == "AssetIn" else {"0": node}
        return self._values.key_from(name, arguments, module)

    def listed(
        self, argument: str, arguments: Arguments, module: Module, unresolved: list[str]
    ) -> list[Dependency]:
        """Return the dependencies that a list such as deps= names."""
        if argument not in arguments:
            return []
        what, node = f"its {argument}=", arguments[argument]
        elements = attempt(unresolved, what, self._values.elements, node, module)
        dependencies = []
        for element in elements or ():
            read = self._values.keys
            keys = attempt(unresolved, "a dependency", read, element.node, element.module)
            here = element.node if element.module is module else node  # the place in this file
            place = (here.lineno, here.col_offset + 1)
            dependencies += [Dependency(key, *place, "deps") for key in keys or ()]
        return dependencies
