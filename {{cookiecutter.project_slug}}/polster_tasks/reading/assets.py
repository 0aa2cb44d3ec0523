"""Turn the definitions of every module into assets, sources and checks."""

import gc

from ..layers import LAYERS
from ..project import Project
from .catalog import Asset, Catalog, Dependency, Link
from .dependencies import DependencyReader
from .files import read_modules
from .module import Definition, Import, Kind, Module, Observation
from .names import Names, TargetKind
from .values import Output, Values, attempt

# What a call at import may lead to without making assets; functions among them are looked at.
_READABLE = frozenset((
    TargetKind.ASSET, TargetKind.CLASS, TargetKind.FUNCTION, TargetKind.VALUE, TargetKind.MODULE
))  # fmt: skip


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
        self.values = Values(self.names)
        self.dependencies = DependencyReader(self.names, self.values, problems)
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
            read = self.values.definition_keys
            keys = attempt([], "its key", read, target.definition, target.module) or []
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
            inputs = self.dependencies.inputs(module, definition, unresolved)
        read = self.values.outputs
        outputs = attempt(unresolved, "what it makes", read, definition, module)
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
        arguments, where = output.arguments, output.module
        read = self.values.key_from
        key = attempt(unresolved, "its key", read, output.name, arguments, where)

        is_one_of_several = output.node is not None
        is_spec = is_one_of_several and "specs" in definition.arguments
        if is_spec or definition.maker == "AssetSpec":  # it names its dependencies itself
            inputs = self.dependencies.listed("deps", arguments, where, unresolved)

        description = None if is_one_of_several else definition.description
        if "description" in arguments:
            written = arguments["description"]
            description = attempt(unresolved, "its description", self.values.text, written, where)

        asset = self._asset(module, definition, key, output.name, inputs, unresolved)
        asset = asset._replace(description=description)
        if output.node is not None:
            asset = asset._replace(line=output.node.lineno, column=output.node.col_offset + 1)
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
        first_of_each = {dependency.key: dependency for dependency in reversed(dependencies)}
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
            read = self.values.key
            key = attempt(unresolved, "what it checks", read, checked, module)
        place = (definition.line, definition.column)
        dependencies = [Dependency(key, *place, "asset")] if key else []
        dependencies += self.dependencies.listed("additional_deps", arguments, module, unresolved)
        for item in self.dependencies.ins("additional_ins", arguments, module, unresolved) or ():
            if item.key:
                dependencies.append(Dependency(item.key, *place, "ins"))
        name = None
        if "name" in arguments:
            read = self.values.text
            name = attempt(unresolved, "its name", read, arguments["name"], module)
        name = name or definition.function
        asset = self._asset(module, definition, key, name, dependencies, unresolved)
        return asset._replace(name=name)
