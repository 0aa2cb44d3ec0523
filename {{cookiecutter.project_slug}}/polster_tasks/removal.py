"""Plan the removal of assets, or the return of what was removed. Nothing is written here."""

import ast
import os
import re

from .catalog import Catalog
from .journal import Change, last_removal, next_store
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
    keys = []
    for name in split_names(names):
        found = [asset.key for asset in assets if asset.key == name]
        found = found or [asset.key for asset in assets if asset.name == name]
        if len(found) > 1:
            raise UsageError(f"{name!r} could be {' or '.join(found)}: say which.")
        if not found:
            what = f"{layer} asset" if layer else "asset"
            raise Refusal(f"There is no {what} {name!r}; list-assets shows all.")
        keys += found
    if not keys:
        raise UsageError("--name is empty.")
    return keys


def plan_remove(project: Project, catalog: Catalog, keys: list[str], *, force: bool) -> Change:
    """Plan the removal of assets with their tests.

    Raises:
        Refusal: without `force`, that others need them; or their file holds something else too.
    """
    going = [asset for asset in catalog.assets if asset.key in keys]
    files = {asset.path for asset in going}
    for asset in catalog.assets:
        if asset.path in files and asset.key not in keys:
            raise Refusal(f"{asset.path} defines {asset.key} too: remove them together.")
    needed = _needed(project, catalog, keys, files)
    if needed and not force:
        raise Refusal(
            "Nothing was removed, because others need it:\n"
            + "".join(f"  {sentence}\n" for sentence in needed)
            + "Remove those too, change them first, or use --force."
        )
    # What nothing depends on goes first, so that the project loads after every single step.
    going.sort(key=lambda asset: [*LAYERS, None].index(asset.layer), reverse=True)
    tests = [project.test_path(asset.layer, asset.name) for asset in going if asset.layer]
    sources = [asset.path for asset in going]
    sources += [test.relative_to(project.root).as_posix() for test in tests if test.is_file()]
    upstreams = {dependency.key for asset in going for dependency in asset.dependencies}
    root = os.environ.get("POLSTER_STORAGE_URL") or "data"
    data = [f"{root}/{asset.layer}/{asset.key.replace('/', '.')}.parquet" for asset in going]
    store = next_store(project)
    return Change(
        "remove",
        [asset.key for asset in going],
        [(source, f"{store}/{source}") for source in dict.fromkeys(sources)],
        store=store,
        needs=sorted(key for key in upstreams if catalog.find(key) and key not in keys),
        notes=["Landing files stay, and materialized data, if any: " + ", ".join(data)],
        broken=needed,
    )


def plan_undo(project: Project, catalog: Catalog, *, force: bool) -> Change:
    """Plan to put back the last removal, file by file as it was.

    Raises:
        Refusal: there is none, or something stands in its way.
    """
    change = last_removal(project)
    problems = [f"{path} exists" for path in change.files if os.path.lexists(project.root / path)]
    if not force:
        now = {asset.key: asset.path for asset in catalog.assets}
        problems += [f"{key} is defined in {now[key]} now" for key in change.keys if key in now]
        problems += [f"{key}, which it needs, is gone" for key in change.needs if key not in now]
    if problems:
        raise Refusal(
            f"{', '.join(change.keys)} cannot be put back: {'; '.join(problems)}. Put that right, "
            f"then undo again; until then the files wait in {change.store}."
        )
    return change


def _needed(project: Project, catalog: Catalog, keys: list[str], files: set[str]) -> list[str]:
    """Say who needs what would go: assets, checks, imports, and jobs that select it by name."""
    needed, told = [], {*files}
    for key in keys:
        for one in catalog.dependents(key):
            line = next(d.line for d in one.dependencies if d.key == key)
            verb = "depends on" if one in catalog.assets else "has a check that looks at"
            if one.path not in files:
                needed.append(f"{one.key} ({one.path}:{line}) {verb} {key}")
                told.add(one.path)
    for file in sorted(files):
        for user, line in catalog.importers(file):
            if user not in told:
                needed.append(f"{user}:{line} imports from {file}")
    told |= {user for file in files for user, _ in catalog.importers(file)}
    word = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, keys))})(?!\w)")
    for module in catalog.modules:
        source = "" if module.path in told else (project.root / module.path).read_bytes()
        if not word.search(source.decode("utf-8", "replace") if source else ""):
            continue
        for node in ast.walk(ast.parse(source)):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and " " not in text and (match := word.search(text)):
                needed.append(f"{module.path}:{node.lineno} names {match[1]}")
    return needed
