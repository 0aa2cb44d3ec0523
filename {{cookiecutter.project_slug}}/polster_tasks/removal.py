"""Plan the removal of assets, or the return of what was removed. Nothing is written here."""

import ast
import os
import re
from pathlib import PurePosixPath

from .catalog import Asset, Catalog
from .journal import Change, last_removal, store_path
from .layers import LAYERS
from .project import Project, Refusal, UsageError


def find_asset(catalog: Catalog, layer: str | None, name: str) -> Asset:
    """Return the asset of this name, with or without its layer's prefix.

    Raises:
        UsageError: several layers have one.
        Refusal: there is none; the sentence offers a similar one.
    """
    assets = [asset for asset in catalog.assets if layer in (None, asset.layer)]
    names = (name, f"{layer}_{name}")
    found = [a for a in assets if a.key in names] or [a for a in assets if a.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(f"{asset.key} ({asset.path}:{asset.line})" for asset in found)
        raise UsageError(f"{name!r} could be any of: {places}. Name one of them.")
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
    needed, dependents = [], set()
    for asset in catalog.assets:
        for dependency in asset.dependencies if asset.path not in files else ():
            if dependency.key in keys:
                place = f"{asset.key} ({asset.path}:{dependency.line})"
                needed.append(f"{place} depends on {dependency.key}")
                dependents.add(asset.path)
    needed += _mentions(project, keys, files, files | dependents)
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
    notes = [f"What was materialized stays: {', '.join(data)}"]
    return (*notes, f"Landing files stay: {', '.join(stays)}") if stays else tuple(notes)


def _mentions(project: Project, keys: list[str], files: set[str], skip: set[str]) -> list[str]:
    """Say where the package's other modules use these assets: jobs, checks, imports."""
    modules = {".".join(PurePosixPath(path).with_suffix("").parts[1:]) for path in files}
    stems = {PurePosixPath(path).stem for path in files}
    words = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, keys))})(?!\w)")
    found = []
    for path in sorted(project.source.rglob("*.py")):
        shown = path.relative_to(project.root).as_posix()
        source = b"" if shown in skip else path.read_bytes()
        if not any(word.encode() in source for word in (*keys, *stems)):
            continue
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if used := _used(node, modules, words):
                found.append(f"{shown}:{node.lineno} uses {used}")
    return list(dict.fromkeys(found))


def _used(node: ast.AST, modules: set[str], words: re.Pattern[str]) -> str | None:
    """Return what a node takes from the modules or names among the keys, if it does."""
    if isinstance(node, ast.Import):
        return next((alias.name for alias in node.names if alias.name in modules), None)
    if isinstance(node, ast.ImportFrom):
        names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        tails = {name for name in names if any(f".{m}".endswith(f".{name}") for m in modules)}
        return next(iter(sorted(tails & modules or (tails if node.level else set()))), None)
    if isinstance(node, ast.Name | ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        return name if words.fullmatch(name) else None
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
        match = words.search(node.value)
        return match[0] if match else None
    return None
