"""Plan the removal of assets, or the return of what was removed. Nothing is written here."""

import ast
import os
import re

from ..project import Project, Refusal, UsageError
from ..reading.assets import read_catalog
from ..reading.catalog import Catalog
from ..terminal import split_names
from .journal import Change, last_removal, next_store


def plan_remove(project: Project, layer: str | None, names: str, *, force: bool) -> Change:
    """Plan the removal of assets, by comma-separated names or keys, with their tests.

    A Refusal says that, without `force`, others need them, or that a file holds another asset too.
    """
    catalog = read_catalog(project)
    keys = _find_keys(catalog, layer, names)
    # Upper layers go first, so that the project loads after every single step.
    going = [asset for asset in reversed(catalog.assets) if asset.key in keys]
    files = {asset.path for asset in going}
    for asset in catalog.assets:
        if asset.path in files and asset.key not in keys:
            raise Refusal(f"{asset.path} defines {asset.key} too: remove them together.")
    needed = "".join(f"\n  {sentence}" for sentence in _needed(project, catalog, keys, files))
    if needed and not force:
        advice = "Remove those too, change them first, or use --force."
        raise Refusal(f"Nothing was removed, because others need it:{needed}\n{advice}")
    tests = [project.test_path(asset.layer, asset.name) for asset in going if asset.layer]
    sources = [asset.path for asset in going]
    sources += [project.relative(test) for test in tests if test.is_file()]
    upstreams = {dependency.key for asset in going for dependency in asset.dependencies}
    root = os.environ.get("POLSTER_STORAGE_URL") or "data"
    data = [f"{root}/{asset.layer}/{asset.key.replace('/', '.')}.parquet" for asset in going]
    notes = ["Landing files stay, and materialized data, if any: " + ", ".join(data)]
    store = next_store(project)
    return Change(
        "remove",
        [asset.key for asset in going],
        [(source, f"{store}/{source}") for source in dict.fromkeys(sources)],
        store=store,
        needs=sorted(key for key in upstreams if catalog.find(key) and key not in keys),
        notes=[*notes, f"With this the project no longer loads:{needed}"] if needed else notes,
        advice="To put it back: remove-asset --undo",
    )


def plan_undo(project: Project, *, force: bool) -> Change:
    """Plan to put back the last removal as it was; a Refusal says what stands in its way."""
    change = last_removal(project)
    problems = [f"{path} exists" for path in change.files if os.path.lexists(project.root / path)]
    if not force:
        now = {asset.key: asset.path for asset in read_catalog(project).assets}
        problems += [f"{key} is defined in {now[key]} now" for key in change.keys if key in now]
        problems += [f"{key}, which it needs, is gone" for key in change.needs if key not in now]
    if problems:
        what, why = ", ".join(change.keys), "; ".join(problems)
        advice = f"Put that right, then undo again; the files wait in {change.store}."
        raise Refusal(f"{what} cannot be put back: {why}. {advice}")
    return change


def _find_keys(catalog: Catalog, layer: str | None, names: str) -> list[str]:
    """Return the keys that names mean, with or without a layer's prefix."""
    assets = [asset for asset in catalog.assets if layer in (None, asset.layer)]
    keys = []
    for name in split_names(names):
        exact = {asset.key for asset in assets if asset.key == name}
        found = sorted(exact or {asset.key for asset in assets if asset.name == name})
        if len(found) > 1:
            raise UsageError(f"{name!r} could be {' or '.join(found)}: say which.")
        if not found:
            what = f"{layer} asset" if layer else "asset"
            raise Refusal(f"There is no {what} {name!r}; list-assets shows all.")
        keys += found
    if not keys:
        raise UsageError("--name is empty.")
    return keys


def _needed(project: Project, catalog: Catalog, keys: list[str], files: set[str]) -> list[str]:
    """Say who needs what would go: assets, checks, imports, and jobs that select it by name."""
    needed = []  # paths and sentences
    for key in keys:
        for one in catalog.dependents(key):
            line = next(edge.line for edge in one.dependencies if edge.key == key)
            verb = "depends on" if one in catalog.assets else "has a check that looks at"
            needed.append((one.path, f"{one.key} ({one.path}:{line}) {verb} {key}"))
    for file in sorted(files):
        for path, line in catalog.importers(file):
            needed.append((path, f"{path}:{line} imports from {file}"))
    told = files | {path for path, _ in needed}
    word = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, keys))})(?!\w)")
    for path in [module.path for module in catalog.modules if module.path not in told]:
        source = (project.root / path).read_bytes()
        if word.search(source.decode("utf-8", "replace")):
            for node in ast.walk(ast.parse(source)):
                text = getattr(node, "value", None)
                if isinstance(text, str) and " " not in text and (match := word.search(text)):
                    needed.append((path, f"{path}:{node.lineno} names {match[1]}"))
    return [sentence for path, sentence in needed if path not in files]
