"""Ask a person: questions, menus, ranges. Nothing here is reached when nobody can answer."""

import re
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


def ask(question: str, read: Callable[[str], T]) -> T:
    """Ask until `read` takes the answer; say why it does not, as it raises. No input: Refusal."""
    while True:
        print(question, end=" ", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        if not answer:
            print(file=sys.stderr)
            raise Refusal("No answer, so nothing was changed.")
        try:
            return read(answer.strip())
        except (UsageError, Refusal) as error:
            print(error, file=sys.stderr)


def choose(title: str, question: str, items: Sequence[str]) -> tuple[list[str], bool]:
    """Show a menu; return the chosen items, and whether the answer was `all`."""
    lines = [f"{number}. {item}" for number, item in enumerate(items, 1)]
    print(title, *lines, "", sep="\n", file=sys.stderr)

    def read(answer: str) -> tuple[list[str], bool]:
        return [items[index] for index in parse(answer, len(items))], answer.lower() == "all"

    return ask(question, read)


def parse(answer: str, count: int) -> list[int]:
    """Read a selection such as `1,3`, `2-4,6` or `all` of so many things.

    Returns:
        Indexes counted from 0, in the menu's order, each once.

    Raises:
        UsageError: it is no such selection; the sentence says why.
    """
    if answer.strip().lower() == "all":
        return list(range(count))
    chosen: set[int] = set()
    for part in filter(None, (part.strip() for part in answer.split(","))):
        match = re.fullmatch(r"([0-9]{1,9})(?:\s*-\s*([0-9]{1,9}))?", part)
        if not match:
            raise UsageError(
                f"{part!r} is not a number or a range; type for example 1,3 or 1-3 or all."
            )
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= count:
            raise UsageError(f"{part} does not lie between 1 and {count}.")
        chosen.update(range(first - 1, last))
    if not chosen:
        raise UsageError("Choose at least one, for example 1.")
    return sorted(chosen)
