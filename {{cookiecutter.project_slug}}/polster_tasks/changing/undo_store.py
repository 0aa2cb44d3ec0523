"""The files of past removals: `.polster/undo/000001/`, each with a manifest of what it holds."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from ..project import Project, Refusal
from .change import Change
from .paths import UNDO
from .record import read_record

_NUMBER = re.compile("[0-9]{1,18}")


class Store(NamedTuple):
    """The folder of one removal; a later removal has a greater number."""

    number: int
    path: str  # relative to the root

    @property
    def manifest(self) -> str:
        """The path of its manifest, which an undo takes away."""
        return f"{self.path}/manifest.json"


def next_store(project: Project) -> str:
    """Return the folder, relative to the root, for the files of the next removal."""
    last = max((store.number for store in _stores(project)), default=0)
    return f"{UNDO}/{last + 1:06}"


def last_removal(project: Project) -> Change:
    """Return the change that puts back the last removal.

    Raises:
        Refusal: there is none, or its manifest is not to be trusted.
    """
    waiting = [store for store in _stores(project) if _exists(project.root, store.manifest)]
    if not waiting:
        raise Refusal("There is no removal to undo.")
    store = max(waiting)
    removal = read_record(project, store.manifest)
    if removal.action != "remove" or removal.store != store.path:
        advice = "Move it away; `git status` shows what was changed."
        file = project.root / store.manifest
        raise Refusal(f"{file} is damaged: it does not belong to this folder. {advice}")
    return Change(
        action="undo",
        keys=removal.keys,
        moves=removal.reversed_moves(),
        store=removal.store,
        needs=removal.needs,
    )


def _stores(project: Project) -> list[Store]:
    """Return the folders of past removals; a person's copy of one has another name."""
    try:
        names = os.listdir(project.root / UNDO)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [Store(int(name), f"{UNDO}/{name}") for name in names if _NUMBER.fullmatch(name)]


def _exists(root: Path, path: str) -> bool:
    return os.path.lexists(root / path)
