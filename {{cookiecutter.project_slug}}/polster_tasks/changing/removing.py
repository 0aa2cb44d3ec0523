"""Plan the removal of assets, or the return of what was removed. Nothing is written here."""

import ast
import os
import re
import warnings
from collections.abc import Collection, Iterator
from typing import NamedTuple

from ..advice import command_line
from ..project import Project, Refusal, UsageError
from ..reading.assets import read_catalog
from ..reading.catalog import Asset, Catalog
from ..terminal import split_names
from .change import Change, Move
from .kept_data import note_on_data
from .paths import is_asset_or_test
from .undo_store import last_removal, next_store


class Use(NamedTuple):
    """A place that needs an asset: the file, and a sentence that says how."""

    path: str
    sentence: str


def plan_remove(project: Project, layer: str | None, names: str, *, force: bool) -> Change:
    """Plan the removal of assets, with their tests.

    Args:
        project: the project.
        layer: take only assets of this layer.
        names: comma-separated names or keys.
        force: remove them although others need them; the change's notes name those.

    Raises:
        Refusal: others need them, or a file defines another asset as well.
    """
    catalog = read_catalog(project)
    keys = _find_keys(project, catalog, layer, names)
    # Upper layers go first, so that the project loads after every single move.
    leaving = [asset for asset in reversed(catalog.assets) if asset.key in keys]
    files = {asset.path for asset in leaving}
    _refuse_shared_files(catalog, keys, files)
    _refuse_files_elsewhere(project, files)

    uses = [use for use in _find_uses(project, catalog, keys, files) if use.path not in files]
    users = "".join(f"\n  {use.sentence}" for use in uses)
    if uses and not force:
        advice = "Remove those too, change them first, or use --force."
        raise Refusal(f"Nothing was removed, because it is needed:{users}\n{advice}")

    store = next_store(project)
    sources = dict.fromkeys([asset.path for asset in leaving] + _tests_of(project, leaving))
    removed = tuple(asset.key for asset in leaving)
    notes = [note_on_data(project, removed)]
    if uses:
        notes.append(f"The project no longer loads without it:{users}")
    return Change(
        action="remove",
        keys=removed,
        moves=tuple(Move(source, f"{store}/{source}") for source in sources),
        store=store,
        needs=_needs(catalog, leaving),
        notes=tuple(notes),
        advice=f"To put it back: {command_line(project, 'remove-asset --undo')}",
    )


def plan_undo(project: Project, *, force: bool) -> Change:
    """Plan to put back the last removal as it was.

    Args:
        project: the project.
        force: put back what is left of it, whatever it needs and whoever defines it now.

    Raises:
        Refusal: something is in the way; the sentence names all of it.
    """
    change = last_removal(project)
    if force:
        kept = [move for move in change.moves if os.path.lexists(project.root / move.source)]
        change = change._replace(moves=tuple(kept))
        problems = [*_files_in_the_way(project, change), *_empty_store(change)]
    else:
        catalog = read_catalog(project)
        problems = [
            *_files_in_the_way(project, change),
            *_missing_files(project, change),
            *_assets_in_the_way(catalog, change),
            *_missing_dependencies(catalog, change),
        ]
    if problems:
        what, why = ", ".join(change.keys), "; ".join(problems)
        advice = f"Correct that, then undo again; the files wait in {change.store}."
        raise Refusal(f"{what} cannot be put back: {why}. {advice}")
    return change


def _files_in_the_way(project: Project, change: Change) -> list[str]:
    """Say which files of an undo exist in the project."""
    return [f"{path} exists" for path in change.files if os.path.lexists(project.root / path)]


def _empty_store(change: Change) -> list[str]:
    """Say that there is nothing left to put back, if so."""
    return [] if change.moves else [f"{change.store} is empty"]


def _missing_files(project: Project, change: Change) -> list[str]:
    """Say which files of an undo are no longer in the store."""
    kept = [move.source for move in change.moves]
    return [f"{path} is missing" for path in kept if not os.path.lexists(project.root / path)]


def _assets_in_the_way(catalog: Catalog, change: Change) -> list[str]:
    """Say which assets of an undo something else defines now."""
    paths = {asset.key: asset.path for asset in catalog.assets}
    return [f"{key} is now defined in {paths[key]}" for key in change.keys if key in paths]


def _missing_dependencies(catalog: Catalog, change: Change) -> list[str]:
    """Say which dependencies of an undo's assets are gone."""
    whose = "its" if len(change.keys) == 1 else "their"
    gone = [key for key in change.needs if not catalog.find(key)]
    return [f"{whose} dependency {key} is gone" for key in gone]


def _find_keys(project: Project, catalog: Catalog, layer: str | None, names: str) -> list[str]:
    """Return the keys that names mean, with or without a layer's prefix."""
    assets = [asset for asset in catalog.assets if layer in (None, asset.layer)]
    keys: list[str] = []
    for name in split_names(names):
        by_key = {asset.key for asset in assets if asset.key == name}
        by_name = {asset.key for asset in assets if asset.name == name}
        found = sorted(by_key or by_name)
        if len(found) > 1:
            raise UsageError(f"{name!r} could be {' or '.join(found)}: write which.")
        if not found:
            kind = f"{layer} asset" if layer else "asset"
            command = command_line(project, "list-assets")
            raise Refusal(f"There is no {kind} {name!r}. To list them: {command}")
        keys += found
    if not keys:
        raise UsageError("--name is empty.")
    return keys


def _refuse_shared_files(catalog: Catalog, keys: Collection[str], files: set[str]) -> None:
    """Refuse to remove half of a file."""
    for asset in catalog.assets:
        if asset.path in files and asset.key not in keys:
            raise Refusal(f"{asset.path} defines {asset.key} too: remove them together.")


def _refuse_files_elsewhere(project: Project, files: set[str]) -> None:
    """Refuse to remove a file from outside of `defs/`, where it may be more than an asset."""
    for path in sorted(files):
        if not is_asset_or_test(project, path):
            folder = project.relative(project.defs)
            raise Refusal(f"{path} is not in {folder}: remove it by hand.")


def _tests_of(project: Project, assets: list[Asset]) -> list[str]:
    """Return the paths of the tests that assets have."""
    tests = [project.test_path(asset.layer, asset.name) for asset in assets if asset.layer]
    return [project.relative(test) for test in tests if os.path.lexists(test)]


def _needs(catalog: Catalog, leaving: list[Asset]) -> tuple[str, ...]:
    """Return the keys of the assets that stay and that the leaving ones depend on."""
    keys = {asset.key for asset in leaving}
    needed = {dependency.key for asset in leaving for dependency in asset.dependencies}
    return tuple(sorted(key for key in needed - keys if catalog.find(key)))


def _find_uses(
    project: Project, catalog: Catalog, keys: list[str], files: set[str]
) -> Iterator[Use]:
    """Yield who needs assets: other assets, checks, imports, and jobs that select them by name."""
    found: set[str] = set(files)
    for use in (*_dependents(catalog, keys), *_importers(catalog, files)):
        found.add(use.path)
        yield use
    word = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, keys))})(?!\w)")
    for module in catalog.modules:
        if module.path not in found:
            yield from _mentions(project, module.path, word)


def _dependents(catalog: Catalog, keys: list[str]) -> Iterator[Use]:
    for key in keys:
        for asset in catalog.dependents(key):
            line = next(one.line for one in asset.dependencies if one.key == key)
            verb = "depends on" if asset in catalog.assets else "has a check that looks at"
            yield Use(asset.path, f"{asset.key} ({asset.path}:{line}) {verb} {key}")


def _importers(catalog: Catalog, files: set[str]) -> Iterator[Use]:
    for file in sorted(files):
        for path, line in catalog.importers(file):
            yield Use(path, f"{path}:{line} imports from {file}")


def _mentions(project: Project, path: str, word: re.Pattern[str]) -> Iterator[Use]:
    """Yield the texts in a module that select an asset, as `define_asset_job` does."""
    source = (project.root / path).read_bytes()
    if not word.search(source.decode("utf-8", "replace")):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the project's code, which `validate` is for
        tree = ast.parse(source)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        match = word.search(node.value)
        if match and " " not in node.value:
            yield Use(path, f"{path}:{node.lineno} names {match[1]}")
