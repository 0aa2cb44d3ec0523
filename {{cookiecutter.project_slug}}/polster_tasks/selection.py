"""Ask a person: menus, ranges, confirmations. Nothing here is reached when nobody can answer."""

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from .project import Refusal, UsageError

T = TypeVar("T")


def interactive() -> bool:
    """Say whether somebody sits at the other end."""
    try:
        return sys.stdin.isatty()
    except (AttributeError, ValueError):  # no stdin at all, or a closed one
        return False


def ask(question: str) -> str:
    """Return one line of answer.

    Raises:
        Refusal: the input ended.
    """
    print(question, end=" ", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer:
        print(file=sys.stderr)
        raise Refusal("No answer, so nothing was changed.")
    return answer.rstrip("\r\n")


def ask_until(question: str, read: Callable[[str], T]) -> T:
    """Ask again, with the reason, until `read` takes the answer.

    Args:
        question: what is printed before the cursor.
        read: turns the answer into a value, or raises UsageError or Refusal with the reason.
    """
    while True:
        answer = ask(question)
        try:
            return read(answer)
        except (UsageError, Refusal) as error:
            print(error, file=sys.stderr)


def parse(answer: str, count: int, *, empty: bool = False) -> list[int]:
    """Read a selection such as `1,3`, `2-4,6` or `all`.

    Args:
        answer: what was typed; numbers count from 1.
        count: how many things the menu holds.
        empty: whether choosing nothing is allowed.

    Returns:
        Indexes counted from 0, in the menu's order, each once.

    Raises:
        UsageError: it is no such selection; the sentence says why.
    """
    if answer.strip().lower() == "all":
        return list(range(count))
    chosen: set[int] = set()
    for part in filter(None, (part.strip() for part in answer.split(","))):
        first, dash, last = (number.strip() for number in part.partition("-"))
        last = last if dash else first
        if not all(n.isascii() and n.isdigit() and len(n) < 10 for n in (first, last)):
            raise UsageError(
                f"{part!r} is not a number or a range; type for example 1,3 or 1-3 or all."
            )
        if not 1 <= int(first) <= int(last) <= count:
            raise UsageError(f"{part} does not lie between 1 and {count}.")
        chosen.update(range(int(first) - 1, int(last)))
    if not chosen and not empty:
        raise UsageError("Choose at least one, for example 1.")
    return sorted(chosen)


def menu(title: str, items: Sequence[str]) -> None:
    """Print a numbered list."""
    lines = [f"{number}. {item}" for number, item in enumerate(items, 1)]
    print(title, *lines, "", sep="\n", file=sys.stderr)


def choose(
    title: str, question: str, items: Sequence[str], *, one: bool = False
) -> tuple[list[int], bool]:
    """Show a menu and return the chosen indexes, and whether the answer was `all`."""
    menu(title, items)

    def read(answer: str) -> tuple[list[int], bool]:
        if one and answer.strip().lower() in items:
            return [list(items).index(answer.strip().lower())], False
        chosen = parse(answer, len(items))
        if one and len(chosen) > 1:
            raise UsageError("Choose exactly one.")
        return chosen, answer.strip().lower() == "all"

    return ask_until(question, read)
