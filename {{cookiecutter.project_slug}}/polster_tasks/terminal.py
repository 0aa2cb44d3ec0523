"""Ask a person, and read what people type: lists, menus, ranges."""

import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from .project import Refusal, UsageError


def need_terminal(option: str) -> None:
    """Refuse to ask where nobody can answer; the option would have made it needless."""
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        raise UsageError(f"{option} is missing, and off a terminal nothing is asked.")


def ask(question: str, read: Callable[[str], Any] = str) -> Any:
    """Ask until `read` takes the answer; say why it does not, as it raises. No input: Refusal."""
    while True:
        print(question, end=" ", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        if not answer:
            raise Refusal("\nNo answer, so nothing was changed.")
        try:
            return read(answer.strip())
        except (UsageError, Refusal) as error:
            print(error, file=sys.stderr)


def choose(title: str, question: str, items: Sequence[str]) -> tuple[list[str], bool]:
    """Show a menu; return the chosen items, and whether the answer was `all`."""
    lines = [f"{number}. {item}" for number, item in enumerate(items, 1)]
    print(title, *lines, "", sep="\n", file=sys.stderr)
    return ask(
        question,
        lambda answer: ([items[n] for n in parse(answer, len(items))], answer.lower() == "all"),
    )


def split_names(text: str) -> list[str]:
    """Return the names of a comma-separated list, each once, in order."""
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def parse(answer: str, count: int) -> list[int]:
    """Return the indexes, from 0 and in order, that `1,3`, `2-4,6` or `all` choose of `count`."""
    if answer.strip().lower() == "all":
        return list(range(count))
    chosen: set[int] = set()
    for part in split_names(answer):
        match = re.fullmatch(r"([0-9]{1,9})(?:\s*-\s*([0-9]{1,9}))?", part)
        if not match:
            raise UsageError(f"{part!r} is not a number or a range: type 1,3 or 1-3 or all.")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= count:
            raise UsageError(f"{part} does not lie between 1 and {count}.")
        chosen.update(range(first - 1, last))
    if not chosen:
        raise UsageError("Choose at least one, for example 1.")
    return sorted(chosen)
