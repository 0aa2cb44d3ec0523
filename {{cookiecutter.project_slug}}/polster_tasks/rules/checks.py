"""What breaks a rule: one function a family, each yields code, place and message."""

import os
import re
from collections.abc import Iterator
from itertools import chain

from ..layers import LAYERS, SOURCE, edge_error, layer_of_name
from ..project import Project
from ..reading.catalog import Asset, Catalog, Dependency, Link

Found = tuple[str, str, int, int, str]  # code, path, line, column, message
Said = tuple[str, Asset | Link, str] | tuple[str, Asset, str, Dependency]  # code, where, message

UNCHECKED = "It is not checked here. Write it out, or leave it to the check at load."
SPOTS = {  # by kind: the rule that a spot breaks, and what to say of its text, {}
    "unreadable": ("POL003", "This cannot be read: {}. Make it a readable Python file."),
    "syntax": ("POL003", "This is not valid Python: {}. Correct it."),
    "overwritten": ("POL103", "A later line hides {} from Dagster. Rename one of the two."),
    "context": ("POL205", "Dagster takes {} for an asset. Call it context, and put it first."),
    "dropped": ("POL206", "Dagster does not see the input {}. Remove the * or / in the signature."),
    "annotation": ("POL208", "Dagster refuses {}. Write pl.LazyFrame; let a contract check it."),
    "quoted": ("POL208", "Dagster refuses {} as text. Remove quotes or the __future__ import."),
    "import": ("POL301", "{} leads out of the package. Correct the import."),
    "read": ("POL303", "{} reads a layer's files. Take the asset as a parameter instead."),
    "pandas": ("POL404", "{}() leaves Polars for pandas. Stay in Polars."),
    "now": ("POL405", "{} has no time zone. Use datetime.now(timezone.utc)."),
    "unresolved": ("POL406", f"Cannot read {{}}. {UNCHECKED}"),
    "definitions": ("POL406", f"Cannot read {{}}. {UNCHECKED}"),
}


def everything(project: Project, catalog: Catalog) -> Iterator[Found]:
    """Yield what breaks any rule but that of the settings."""
    for path, spot in catalog.spots:
        code, message = SPOTS[spot.kind]
        yield code, path, spot.line, spot.column, message.replace("{}", spot.text)
    for path in _missing(project):
        message = f"{path} is missing. Restore it, from git or from a fresh project."
        yield "POL001", path, 1, 1, message
    for code, thing, message, *dependency in chain(
        _names(catalog),
        _dependencies(catalog),
        _circles({asset.key: asset for asset in reversed(catalog.assets)}),
        _imports(project, catalog),
        _habits(project, catalog),
    ):
        place = dependency[0] if dependency else thing
        yield code, thing.path, place.line, place.column, message


def _missing(project: Project) -> Iterator[str]:
    for path in (
        "definitions.py",
        "layers.py",
        "polster/medallion",
        *(f"defs/{layer}" for layer in LAYERS),
    ):
        full = project.source / path
        if not (full.is_file() if full.suffix else full.is_dir()):
            yield f"src/{project.package}/{path}"


def _names(catalog: Catalog) -> Iterator[Said]:
    first: dict[str, Asset] = {}
    for asset in (*catalog.assets, *catalog.sources):
        other = first.setdefault(asset.key, asset)
        if asset.known and other is not asset:
            where = f"is defined in {other.path}:{other.line} as well."
            yield "POL103", asset, f"{asset.key} {where} Rename one of them."
    for asset in catalog.assets:
        last = asset.key.rpartition("/")[2]
        if not asset.layer:
            where = f"is defined outside {', '.join(f'defs/{layer}' for layer in LAYERS)}"
            yield "POL004", asset, f"{asset.key} {where}: move its file into its layer's folder."
        elif asset.known and (message := _mismatch(asset, last)):
            yield "POL101", asset, message
        snake = last.isascii() and last.isidentifier() and last.islower() and last[0] != "_"
        if asset.known and not snake:
            words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", last).strip("_").lower()
            fix = f"Call it {words or 'plainly'}."
            yield "POL102", asset, f"{asset.key} is not snake_case. {fix}"


def _mismatch(asset: Asset, last: str) -> str | None:
    """Say which of folder, file, function and key disagrees; `last` is the key's last part."""
    key, stem, several = asset.key, _stem(asset), "multi" in asset.maker
    right = f"{asset.layer}_{asset.name if several else stem}"
    if not last.startswith(f"{asset.layer}_"):
        other = layer_of_name(last)
        move = f", or move its file to defs/{other}" if other else ""
        return f"{key} is in defs/{asset.layer}. Call it {right}{move}."
    if several:  # its file may have any name
        return None
    if last != right:
        return f"{key} is defined in {stem}.py. Call it {right}, or move it to {asset.name}.py."
    if asset.function != last:
        return f"The function of {key} is called {asset.function}. Call it {last}."
    return None


def _stem(asset: Asset) -> str:
    return asset.path.rpartition("/")[2].removesuffix(".py")


def _dependencies(catalog: Catalog) -> Iterator[Said]:
    layers: dict[str, str | None] = {source.key: SOURCE for source in catalog.sources}
    layers.update((asset.key, asset.layer) for asset in reversed(catalog.assets))
    hidden = catalog.open  # then what no file defines may be one that cannot be read
    for asset in catalog.assets:
        key, below = asset.key, LAYERS[asset.layer].upstream if asset.layer else None
        if below and not asset.dependencies and not asset.unresolved:
            fix = f"Name a {below} asset as a parameter, or move it to bronze if it reads a source."
            yield "POL204", asset, f"{key} depends on nothing. {fix}"
        for one in asset.dependencies if asset.layer else ():
            layer = layers.get(one.key)
            message = layer and one.key != key and edge_error(key, asset.layer, one.key, layer)
            if message:
                yield "POL201", asset, message, one
    for check in catalog.checks:
        layer = layers.get(check.key)
        for one in check.dependencies if layer in LAYERS else ():
            other = layers.get(one.key)
            if other in LAYERS and other not in (layer, LAYERS[layer].upstream):
                what = f"check {check.name} of {check.key} ({layer}) looks at {one.key} ({other})"
                rule = "a check may look only at its own layer and the one below."
                yield "POL207", check, f"{what}: {rule} Check {one.key} instead.", one
    for asset in (*catalog.assets, *catalog.checks):
        for one in asset.dependencies:
            if one.key in layers:
                continue
            what = f"{asset.key} ({asset.layer}) depends on {one.key}, which no file"
            if hidden:
                yield "POL406", asset, f"{what} defines that can be read. {UNCHECKED}", one
            else:
                fix = f"correct the name, or add that asset.{_hint(one.key, [*layers])}"
                yield "POL202", asset, f"{what} under defs/ defines: {fix}", one


def _hint(key: str, known: list[str]) -> str:
    from difflib import get_close_matches

    for full in known:
        if full.endswith(f"/{key}"):
            return f' Its full key is {full}: use ins={{"{key}": AssetIn(key=...)}} or deps=.'
    return "".join(f" Did you mean {one}?" for one in get_close_matches(key, known, 1, 0.75))


def _circles(assets: dict[str, Asset]) -> Iterator[Said]:
    done: set[str] = set()
    for start in assets:
        path = {} if start in done else {start: iter(assets[start].dependencies)}
        while path:
            here = next(reversed(path))
            one = next(path[here], None)
            if one is None:
                done.add(here)
                del path[here]
            elif one.key in path and not (one.key == here and one.how == "ins"):
                keys = [*path, one.key]
                circle = " -> ".join(keys[keys.index(one.key) :])
                message = f"Assets depend on each other in a circle: {circle}. Remove one of them."
                yield "POL203", assets[here], message, one
            elif one.key in assets and one.key not in done and one.key not in path:
                path[one.key] = iter(assets[one.key].dependencies)


def _imports(project: Project, catalog: Catalog) -> Iterator[Said]:
    unread = {path for path, spot in catalog.spots if spot.kind in ("unreadable", "syntax")}
    made: dict[str, set[str]] = {}  # by file, as the next
    declared: dict[str, set[str]] = {}  # the keys that deps=, ins= and checks name
    for asset in (*catalog.assets, *catalog.checks):
        named = (one.key for one in asset.dependencies if one.how != "parameter")
        declared.setdefault(asset.path, set()).update(named)
        made.setdefault(asset.path, set()).add(asset.key)
    raw_files = tuple(
        f"{project.package}.polster.{name}."
        for name in ("sources", "scan_csv", "scan_ndjson", "scan_parquet", "LANDING")
    )
    for link in catalog.links:
        layer, dotted, keys = link.module.layer, link.found.dotted, link.keys
        if dotted.partition(".")[0] == "pandas":
            yield "POL404", link, "pandas is imported. Use Polars."
        if link.kind == "missing" and not link.found.guarded:
            file = f"src/{dotted.replace('.', '/')}.py"
            if unread.isdisjoint((file, f"{file.rpartition('/')[0]}.py")):
                message = f"There is no {dotted} in this project. Correct the import, or add it."
                yield "POL301", link, message
        if layer in ("silver", "gold") and f"{dotted}.".startswith(raw_files):
            message = f"{layer} may not read raw files. Read them in a bronze asset instead."
            yield "POL303", link, message
        if not layer or not link.layer or link.target == link.path:
            continue
        if link.kind == "module":
            keys = made.get(link.target)
        elif keys is None and link.layer == layer:
            continue  # a helper, which the files of a layer may share
        names_it = not declared.get(link.path, set()).isdisjoint(keys or ())
        if not names_it or link.found.binding in link.module.used:
            only = f"a {layer} file may import it only to name it in deps= or ins=."
            message = f"{dotted} belongs to {link.layer}: {only}"
            yield "POL302", link, f"{message} Take its data as a parameter instead."


def _habits(project: Project, catalog: Catalog) -> Iterator[Said]:
    folders = [project.root / "tests" / layer for layer in LAYERS]
    tests = {name for folder in folders if folder.is_dir() for name in os.listdir(folder)}
    above = {layer.upstream: layer.name for layer in LAYERS.values() if layer.upstream}
    both = (*catalog.assets, *catalog.checks)
    used = {edge.key for one in both for edge in one.dependencies if edge.how != "asset"}
    for asset in catalog.assets:
        if not (asset.description or "").strip() and not asset.unresolved:
            yield "POL401", asset, f"{asset.key} has no description. Give its function a docstring."
        if not asset.layer or not asset.known:
            continue
        named = [f"test_{asset.layer}_{name}.py" for name in (asset.name, _stem(asset))]
        if tests.isdisjoint(named):
            yield "POL402", asset, f"{asset.key} has no test. Add tests/{asset.layer}/{named[0]}."
        if asset.layer in above and asset.key not in used:
            fix = f"Use it in a {above[asset.layer]} asset, or remove it."
            yield "POL403", asset, f"Nothing depends on {asset.key}. {fix}"
    for asset in (*both, *catalog.sources):
        for note in asset.unresolved:
            yield "POL406", asset, f"{asset.key} cannot be read whole: {note}. {UNCHECKED}"
