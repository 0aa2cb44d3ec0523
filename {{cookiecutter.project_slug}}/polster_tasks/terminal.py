"""Ask a person, and read what people type: lists, menus, ranges."""

import re
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from .project import Refusal, UsageError
from .streams import say

Answer = TypeVar("Answer")

_RANGE = re.compile(r"([0-9]{1,9})(?:\s*-\s*([0-9]{1,9}))?")


class Choice(NamedTuple):
    """What a person chose from a menu."""

    items: list[str]
    everything: bool  # by the answer `all`


def need_terminal(option: str) -> None:
    """Refuse to ask where nobody can answer.

    Args:
        option: what would have made the question unnecessary.
    """
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        raise UsageError(f"{option} is missing, and without a terminal nothing can be asked.")


def ask(question: str, read: Callable[[str], Answer]) -> Answer:
    """Ask until an answer is acceptable, and return what it means.

    Args:
        question: what to print before the answer.
        read: returns what an answer means, or raises a UsageError or Refusal that says why not.

    Raises:
        Refusal: there is no more input.
    """
    while True:
        say(question, end=" ")
        answer = sys.stdin.readline()
        if not answer:
            raise Refusal("\nNo answer, so nothing was changed.")
        try:
            return read(answer.strip())
        except (UsageError, Refusal) as error:
            say(str(error))


def choose(title: str, question: str, items: Sequence[str]) -> Choice:
    """Show a menu and return what was chosen."""
    lines = [f"{number}. {item}" for number, item in enumerate(items, start=1)]
    say("\n".join([title, *lines, ""]))

    def read(answer: str) -> Choice:
        chosen = [items[index] for index in read_selection(answer, len(items))]
        return Choice(chosen, everything=answer.lower() == "all")

    return ask(question, read)


def split_names(text: str) -> list[str]:
    """Return the names of a comma-separated list, each once, in order."""
    names = (part.strip() for part in text.split(","))
    return list(dict.fromkeys(name for name in names if name))


def read_selection(answer: str, count: int) -> list[int]:
    """Return the indexes, from 0 and in order, that `1,3`, `2-4,6` or `all` choose of `count`."""
    if answer.strip().lower() == "all":
        return list(range(count))
    chosen: set[int] = set()
    for part in split_names(answer):
        match = _RANGE.fullmatch(part)
        if not match:
            raise UsageError(f"{part!r} is not a number or a range: type 1,3 or 1-3 or all.")
        first = int(match[1])
        last = int(match[2] or first)
        if not 1 <= first <= last <= count:
            raise UsageError(f"{part} is not between 1 and {count}.")
        chosen.update(range(first - 1, last))
    if not chosen:
        raise UsageError("Choose at least one, for example 1.")
    return sorted(chosen)
