"""What a command is about to do to the project's files, as a record that can be shown."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Action = Literal["add", "remove", "undo"]

NOUNS: dict[Action, str] = {"add": "addition", "remove": "removal", "undo": "undo"}


class Move(NamedTuple):
    """A file that changes its place; both paths are relative to the root, with slashes."""

    source: str
    target: str

    def reversed(self) -> "Move":
        """Return the move that takes this one back."""
        return Move(source=self.target, target=self.source)


class Change(NamedTuple):
    """A complete plan: every file that comes or goes, and what a person should know about it."""

    action: Action
    keys: tuple[str, ...]  # of the assets that come or go
    moves: tuple[Move, ...]  # carried out in this order
    contents: Mapping[str, str] = MappingProxyType(
        {}
    )  # an addition's texts, by their move's source
    store: str = ""  # the folder of a removal's files, which its undo empties
    needs: tuple[str, ...] = ()  # the keys that the removed assets depend on
    notes: tuple[str, ...] = ()  # sentences for a person, before and after it is done
    advice: str = ""  # what a person can do next, once it is done

    @property
    def files(self) -> list[str]:
        """The project's own files that come or go."""
        if self.action == "remove":
            return [move.source for move in self.moves]
        return [move.target for move in self.moves]

    @property
    def description(self) -> str:
        """The change in words, for a sentence: `addition of bronze_orders`."""
        return f"{NOUNS[self.action]} of {', '.join(self.keys)}"

    def reversed_moves(self) -> tuple[Move, ...]:
        """Return the moves that take the change back, the last one first."""
        return tuple(move.reversed() for move in reversed(self.moves))
