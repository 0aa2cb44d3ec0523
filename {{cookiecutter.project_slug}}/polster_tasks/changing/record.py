"""Changes as JSON: the journal of one that is at work, the manifest of a removal.

Whatever is read back is checked in full, because anybody may have written it.
"""

import json
from pathlib import Path
from typing import Any

from ..project import Project, Refusal
from .change import Change, Move
from .disk import read_whole, write_whole
from .paths import may_move

FORMAT = 1  # of the records; a reader refuses a later one
LARGEST = 64 * 2**20  # bytes; the removal of 100,000 assets takes less


class Damaged(Exception):
    """A record that no command wrote; the message says what is wrong with it."""


def write_record(project: Project, path: str, change: Change) -> None:
    """Write a change to a file of `.polster/`."""
    record = {
        "format": FORMAT,
        "action": change.action,
        "keys": change.keys,
        "moves": [move._asdict() for move in change.moves],
        "store": change.store,
        "needs": change.needs,
    }
    write_whole(project.root, path, json.dumps(record).encode("ascii"))


def read_record(project: Project, path: str) -> Change:
    """Return the change that a file of `.polster/` holds.

    Raises:
        Refusal: the file is no record, comes from a later version, or names what no command would
            touch; the sentence says which.
    """
    data = read_whole(project.root, path, LARGEST + 1)
    file = project.root / path
    try:
        record = _parse(data)
        _check_format(record, file)
        change = _change_from(record)
        check_moves(project, change)
    except Damaged as reason:
        advice = "Move it away; `git status` shows what was changed."
        raise Refusal(f"{file} is damaged: {reason}. {advice}") from None
    return change


def check_moves(project: Project, change: Change) -> None:
    """Raise Damaged unless a command may make every move, and no file takes part in two."""
    sources: set[str] = set()
    targets: set[str] = set()
    for move in change.moves:
        if not may_move(project, change.action, change.store, move):
            raise Damaged(f"it would move {move.source!a} to {move.target!a}")
        if move.source in sources or move.target in targets:
            raise Damaged(f"it names {move.target!a} twice")
        sources.add(move.source)
        targets.add(move.target)


def _parse(data: bytes) -> dict[str, Any]:
    if len(data) > LARGEST:
        raise Damaged("it is too large")
    try:
        record = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Damaged("it is not JSON") from None
    if not isinstance(record, dict):
        raise Damaged("it is not a JSON object")
    return record


def _check_format(record: dict[str, Any], file: Path) -> None:
    number = record.get("format")
    if type(number) is not int or number < 1:
        raise Damaged("it names no format")
    if number > FORMAT:
        advice = "Bring polster_tasks to that version, then try again."
        raise Refusal(f"{file} has format {number}, and this version reads {FORMAT}. {advice}")


def _change_from(record: dict[str, Any]) -> Change:
    action = record.get("action")
    if action not in ("add", "remove", "undo"):
        raise Damaged("it names no action")
    keys = _texts(record.get("keys"), "keys")
    if not keys:
        raise Damaged("it names no asset")
    moves = record.get("moves")
    if not isinstance(moves, list) or not moves:
        raise Damaged("it has no list of moves")
    return Change(
        action=action,
        keys=keys,
        moves=tuple(_move(move) for move in moves),
        store=_text(record.get("store"), "store"),
        needs=_texts(record.get("needs"), "needs"),
    )


def _move(value: object) -> Move:
    if not isinstance(value, dict):
        raise Damaged("a move is not an object")
    return Move(
        source=_text(value.get("source"), "source"),
        target=_text(value.get("target"), "target"),
    )


def _texts(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Damaged(f"{name} is not a list")
    return tuple(_text(item, name) for item in value)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise Damaged(f"{name} is not text")
    return value
