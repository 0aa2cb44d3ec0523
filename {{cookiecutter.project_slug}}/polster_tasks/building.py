"""Turn what the modules say into assets: their keys, and what they depend on."""

from typing import Any

from .catalog import Asset, Catalog, Dependency
from .module import CONTEXT, SPECS, Definition, Module, Spot
from .resolve import Resolver
from .values import Made


class Builder:
    """Turn the definitions of every module into assets, sources and checks."""

    def __init__(self, resolver: Resolver, problems: list[tuple[str, Spot]]):
        self.resolver, self.spots = resolver, problems
        self.assets: dict[str, Asset] = {}
        self.doubles: list[Asset] = []
        self.sources: list[Asset] = []
        self.checks: list[Asset] = []
        self.keys: set[str] = set()

    def build(self, modules: list[Module]) -> Catalog:
        resolver = self.resolver
        for module in modules:
            for definition in module.definitions:
                if resolver.maker(definition):
                    self.keys.update(resolver.definition_keys(definition) or ())
        for module in modules:
            for spot in module.spots:
                self.spots.append((module.path, spot))
            aside = module.layer and any(one.kind == "definitions" for one in module.spots)
            for definition in module.definitions:
                if aside:
                    note = "Dagster loads only what the Definitions of its file name"
                    definition = definition._replace(notes=(*definition.notes, note))
                self._add(module, definition)
        package = resolver.package
        inner = f"{package}."
        links = [
            (module, found, resolver.lookup(found.dotted))
            for module in modules
            for found in module.imports
            if found.dotted.startswith(inner) or found.dotted == package
        ]
        order = sorted([*self.assets.values(), *self.doubles], key=lambda one: (one.path, one.line))
        order.sort(key=lambda one: _ORDER.get(one.layer, 9))
        return Catalog(
            tuple(order),
            tuple(self.sources),
            tuple(self.checks),
            tuple(modules),
            tuple(self.spots),
            resolver,
            tuple(links),
        )

    def _add(self, module: Module, definition: Definition) -> None:
        maker = self.resolver.maker(definition)
        if maker is None:
            self._made(module, definition)
            return
        notes = list(definition.notes)
        if "**" in definition.keywords:
            notes.append("its arguments are computed")
        if maker in ("asset_check", "multi_asset_check"):
            self._add_checks(module, definition, maker, notes)
        elif maker in SPECS or "observable" in maker:
            for key, dependencies, description in self._outputs(definition, maker, [], notes):
                self._keep(module, definition, maker, key, dependencies, description, notes, [], [])
        else:
            inputs, contexts, dropped = self._inputs(definition, notes)
            for key, dependencies, text in self._outputs(definition, maker, inputs, notes):
                self._keep(
                    module, definition, maker, key, dependencies, text, notes, contexts, dropped
                )

    def _made(self, module: Module, definition: Definition) -> None:
        """Keep what one of the project's own functions makes: checks by the assets they name."""
        found = self.resolver.lookup(definition.maker.dotted)
        place = definition.line, definition.column
        words = [*definition.keywords.get("", ()), *definition.keywords.values()]
        named = [word for word in words if isinstance(word, str)]
        if found.kind == "checker" and named and not definition.function:
            others = [Dependency(key, *place, "deps") for key in named[1:] if key in self.keys]
            one = Asset(
                named[0],
                definition.binding,
                module.layer,
                (Dependency(named[0], *place, "asset"), *others),
                None,
                module.path,
                *place,
            )
            self.checks.append(one)
        elif found.kind in ("factory", "unknown", "asset", "missing") or (
            found.kind == "class" and found.name in found.module.factories
        ):
            text = f"what {definition.maker.dotted} makes"
            self.spots.append((module.path, Spot("unresolved", *place, text)))

    def _keep(self, module, definition, maker, key, dependencies, text, notes, contexts, dropped):
        last = (key or definition.function).rpartition("/")[2]
        if len(dependencies) > 1:
            unique = {dependency.key: dependency for dependency in reversed(dependencies)}
            dependencies = reversed(unique.values())
        external = maker in SPECS or "observable" in maker
        asset = Asset(
            key or definition.function or definition.binding,
            last.removeprefix(f"{module.layer}_"),
            None if external else module.layer,
            tuple(dependencies),
            text,
            module.path,
            definition.line,
            definition.column,
            tuple(notes if key else [*notes, "its key is computed"]),
            definition.function,
            maker,
            tuple(contexts),
            tuple(dropped),
            key is not None,
        )
        if external:
            self.sources.append(asset)
            return
        old = self.assets.get(asset.key)
        if old is None:
            self.assets[asset.key] = asset
        elif old.path == asset.path and old.unresolved and asset.unresolved:
            both = {one.key: one for one in (*asset.dependencies, *old.dependencies)}
            self.assets[asset.key] = old._replace(
                dependencies=tuple(both.values()),
                unresolved=tuple(dict.fromkeys((*old.unresolved, *asset.unresolved))),
            )
        else:
            self.doubles.append(asset)

    def _inputs(self, definition: Definition, notes: list[str]) -> tuple[list, list, list]:
        """Return what an asset's parameters and ins= name, and what Dagster takes otherwise."""
        resolver, words = self.resolver, definition.keywords
        inputs: dict[str, Dependency] = {}
        contexts, dropped = [], []
        for index, parameter in enumerate(definition.parameters):
            name, kind = parameter.name, parameter.kind
            if (index == 0 and name in CONTEXT) or name == "config" or kind in ("*", "**"):
                continue
            place = Dependency(name, parameter.line, parameter.column, "parameter")
            note = parameter.annotation
            if note is None and kind == "plain":
                inputs[name] = place
                continue
            resource = resolver.resource(note)
            dotted = getattr(note, "dotted", "")
            if resource:
                continue
            if kind != "plain":
                if resource is False:
                    dropped.append(place)
                continue
            if resource is None and name not in self.keys:
                notes.append(f"{name} may be an asset or a resource")
                continue
            if dotted.startswith("dagster.") and dotted.endswith("Context"):
                contexts.append(place)
            inputs[name] = place
        ins = resolver.constant(words["ins"]) if "ins" in words else None
        if isinstance(ins, dict):
            for name, value in ins.items():
                place = inputs.pop(name, None) or Dependency(
                    name, definition.line, definition.column, "ins"
                )
                inputs[name] = self._input(name, resolver.constant(value), place, notes)
        elif ins is not None:
            notes.append("its ins= is computed")
            inputs = {name: one for name, one in inputs.items() if name in self.keys}
        found = [one for one in inputs.values() if one]
        if "deps" in words:
            found += self._named(words["deps"], definition, notes)
        return found, contexts, dropped

    def _input(self, name: str, value: Any, place: Dependency, notes: list[str]):
        """Return the dependency that an AssetIn declares."""
        key = None
        if isinstance(value, Made) and "**" not in value.keywords:
            named = value.arguments[0] if value.arguments else value.keywords.get("key")
            if named is not None:
                key = (self.resolver.keys(named) or [None])[0]
            else:
                prefix = self.resolver.prefix(value.keywords.get("key_prefix"))
                key = None if prefix is None else "/".join([*prefix, name])
        elif value is not None:
            key = (self.resolver.keys(value) or [None])[0]
        if key is None:
            notes.append(f"the key of its input {name} is computed")
            return None
        return place._replace(key=key, how="ins")

    def _named(self, value: Any, definition, notes: list[str], how="deps") -> list[Dependency]:
        """Return the dependencies that deps= names."""
        items, whole = self.resolver.expand(value, (definition.line, definition.column))
        if not whole:
            notes.append("part of its deps= is computed")
        found = []
        for item in items:
            keys = self.resolver.keys(item.value)
            if keys is None:
                notes.append(f"its dependency at line {item.line} is computed")
            found += [Dependency(key, item.line, item.column, how) for key in keys or ()]
        return found

    def _outputs(self, definition, maker, inputs, notes) -> list[tuple]:
        """Return (key or None, dependencies, description) for each asset of a definition."""
        resolver, words = self.resolver, definition.keywords
        text = definition.description
        if "description" in words:
            about = resolver.constant(words["description"]) or text
            text = about if isinstance(about, str) else None
        if "multi" not in maker:
            keys = resolver.definition_keys(definition)
            if maker in SPECS:
                inputs = self._named(words.get("deps"), definition, notes)
            return [((keys or [None])[0], inputs, text)]
        outputs, whole = resolver.outputs(definition)
        if not whole or not outputs:
            notes.append("some of its outputs are computed")
        internal = resolver.constant(words.get("internal_asset_deps"))
        if internal is not None and not isinstance(internal, dict):
            notes.append("its internal_asset_deps= is computed")
        found = []
        for key, name, made, line, column in outputs:
            place = definition._replace(line=line, column=column)
            own = made.keywords if isinstance(made, Made) else {}
            dependencies = inputs
            if words.get("specs") is not None:
                dependencies = self._named(own.get("deps"), place, notes)
            elif isinstance(internal, dict):
                dependencies = self._named(internal.get(name), place, notes)
            about = resolver.constant(own.get("description"))
            found.append((key, dependencies, about if isinstance(about, str) else None))
        return found or [(None, inputs, text)]

    def _add_checks(self, module, definition, maker, notes) -> None:
        """Keep what a check looks at: first its own asset, then the others."""
        resolver, words = self.resolver, definition.keywords
        place = (definition.line, definition.column)
        if maker == "asset_check":
            specs = [Made(definition.maker, [], words, *place)]
        else:
            items, whole = resolver.expand(words.get("specs"), place)
            specs = [resolver.constant(item.value) for item in items]
            if not whole:
                notes.append("some of its specs are computed")
        for made in specs:
            own = made.keywords if isinstance(made, Made) else {}
            key = (resolver.keys(own.get("asset")) or [None])[0]
            others = self._named(own.get("additional_deps"), definition, notes)
            ins = resolver.constant(own.get("additional_ins")) or {}
            for name, value in ins.items() if isinstance(ins, dict) else ():
                where = Dependency(name, *place, "ins")
                one = self._input(name, resolver.constant(value), where, notes)
                others += [one] if one else []
            name = resolver.constant(own.get("name")) or definition.function
            self.checks.append(
                Asset(
                    key or definition.function,
                    str(name),
                    module.layer,
                    (*([Dependency(key, *place, "asset")] if key else ()), *others),
                    definition.description,
                    module.path,
                    *place,
                    tuple(notes if key else [*notes, "the asset that it checks is computed"]),
                    definition.function,
                    maker,
                    (),
                    (),
                    key is not None,
                )
            )


_ORDER = {"bronze": 0, "silver": 1, "gold": 2}
