"""Plan the removal of assets, or the return of what was removed. Nothing is written here."""

import ast
import os
import re
from pathlib import PurePosixPath

from .catalog import Asset, Catalog
from .journal import Change, last_removal, store_path
from .layers import LAYERS
from .project import Project, Refusal, UsageError
from .scaffold import split_names


def find_keys(catalog: Catalog, layer: str | None, names: str) -> list[str]:
    """Return the keys that a comma-separated list means, with or without a layer's prefix.

    Raises:
        UsageError: the list is empty, or a name could be several assets.
        Refusal: a name is no asset's; the sentence offers a similar one.
    """
    assets = [asset for asset in catalog.assets if layer in (None, asset.layer)]
    keys = [_find(assets, layer, name).key for name in split_names(names)]
    if not keys:
        raise UsageError("--name is empty.")
    return keys


def _find(assets: list[Asset], layer: str | None, name: str) -> Asset:
    """Return the one asset that a name means."""
    found = [a for a in assets if a.key in (name, f"{layer}_{name}")]
    found = found or [a for a in assets if a.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(f"{asset.key} ({asset.path}:{asset.line})" for asset in found)
        raise UsageError(f"{name!r} could be any of: {places}. Make it one of them.")
    from difflib import get_close_matches

    known = {spelling: a.key for a in assets for spelling in (a.key, a.name)}
    close = get_close_matches(name, known, 1)
    hint = f" Did you mean {known[close[0]]}?" if close else " `list-assets` shows all."
    raise Refusal(f"There is no {f'{layer} ' if layer else ''}asset {name!r}.{hint}")


def plan_remove(project: Project, catalog: Catalog, keys: list[str], *, force: bool) -> Change:
    """Plan the removal of assets with their tests.

    Args:
        project: where.
        catalog: its assets.
        keys: which.
        force: remove even what others need; the change then says what breaks.

    Raises:
        Refusal: other assets or modules need them, or their file holds something else too.
    """
    going = [asset for asset in catalog.assets if asset.key in keys]
    files = {asset.path for asset in going}
    for asset in catalog.assets:
        if asset.path in files and asset.key not in keys:
            raise Refusal(
                f"{asset.path} defines {asset.key} too. Remove them together, or edit the file "
                "by hand."
            )
    needed = _needed(project, catalog, keys, files)
    if needed and not force:
        raise Refusal(
            "Nothing was removed, because others need it:\n"
            + "".join(f"  {sentence}\n" for sentence in needed)
            + "Remove those too, change them first, or use --force."
        )
    # What nothing depends on goes first, so that the project loads after every single step.
    order = list(LAYERS)
    going.sort(key=lambda a: order.index(a.layer) if a.layer in order else -1, reverse=True)
    tests = []
    for asset in going:
        for name in (asset.name, PurePosixPath(asset.path).stem) if asset.layer else ():
            file = project.test_path(asset.layer, name)
            others = catalog.find(f"{asset.layer}_{name}")
            if file.is_file() and (not others or others.key in keys):
                tests.append(file.relative_to(project.root).as_posix())
    sources = [*(asset.path for asset in going), *tests]
    needs = {dependency.key for asset in going for dependency in asset.dependencies}
    store = store_path(project, new=True)
    return Change(
        "remove",
        tuple(asset.key for asset in going),
        tuple((source, f"{store}/{source}") for source in dict.fromkeys(sources)),
        notes=_notes(project, going),
        broken=tuple(needed),
        needs=tuple(sorted(key for key in needs if catalog.find(key) and key not in keys)),
    )


def plan_undo(project: Project, catalog: Catalog, *, force: bool) -> Change:
    """Plan to put back the last removal, file by file as it was.

    Raises:
        Refusal: there is none, or something stands in its way.
    """
    change = last_removal(project)
    problems = [f"{path} exists" for path in change.files if os.path.lexists(project.root / path)]
    if not problems and not force:
        present = {asset.key for asset in catalog.assets}
        twice = [asset for asset in catalog.assets if asset.key in change.keys]
        problems += [f"{asset.key} is defined in {asset.path} now" for asset in twice]
        problems += [
            f"{key}, which it needs, is gone" for key in change.needs if key not in present
        ]
    if problems:
        raise Refusal(
            f"{', '.join(change.keys)} cannot be put back: {'; '.join(problems)}. Put that right, "
            f"then undo again; until then the files wait in {store_path(project, new=False)}."
        )
    return change


def _notes(project: Project, going: list[Asset]) -> tuple[str, ...]:
    """Say what stays."""
    root = os.environ.get("POLSTER_STORAGE_URL") or "data"
    data = [f"{root}/{asset.layer}/{asset.key.replace('/', '.')}.parquet" for asset in going]
    landing = [project.landing_path(a.name) for a in going if a.layer == "bronze"]
    stays = [file.relative_to(project.root).as_posix() for file in landing if file.exists()]
    notes = [f"Materialized data, if there is any, stays: {', '.join(data)}"]
    return (*notes, f"Landing files stay: {', '.join(stays)}") if stays else tuple(notes)


def _needed(project: Project, catalog: Catalog, keys: list[str], files: set[str]) -> list[str]:
    """Say who needs what would go: assets, checks, imports, and jobs that select it by name."""
    needed = []
    gone = [*keys, *(source.key for source in catalog.sources if source.path in files)]
    for key in gone:
        for one in catalog.dependents(key):
            line = next((d.line for d in one.dependencies if d.key == key), one.line)
            verb = "depends on" if one in catalog.assets else "has a check that looks at"
            if one.path not in files:
                needed.append(f"{one.key} ({one.path}:{line}) {verb} {key}")
    told = "\n".join(needed)
    for path in sorted(files):
        for user, line in catalog.importers(path):
            if user not in files and f"({user}:" not in told:
                needed.append(f"{user}:{line} imports from {path}")
    words = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, gone))})(?!\w)")
    for module in catalog.modules:
        source = b"" if module.path in files else (project.root / module.path).read_bytes()
        if f"({module.path}:" in told or not words.search(source.decode("utf-8", "replace")):
            continue
        for node in ast.walk(ast.parse(source)):
            text = getattr(node, "value", None)
            named = isinstance(node, ast.Constant) and isinstance(text, str) and " " not in text
            if named and (match := words.search(text)):
                needed.append(f"{module.path}:{node.lineno} names {match[1]}")
    return list(dict.fromkeys(needed))
