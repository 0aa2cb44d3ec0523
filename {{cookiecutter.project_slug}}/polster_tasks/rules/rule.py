"""What a rule is, and the decorator that makes one of a function."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from ..project import Project
from ..reading.catalog import Catalog

ERROR = "error"
WARNING = "warning"


class Breach(NamedTuple):
    """A place that breaks a rule."""

    path: str  # relative to the project's root, with slashes
    line: int
    column: int
    message: str  # what is wrong, and what to do


class Located(Protocol):
    """Anything with a place in a file: an asset, an observation, an import."""

    @property
    def path(self) -> str: ...

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


Check = Callable[[Project, Catalog], Iterator[Breach]]


class Rule(NamedTuple):
    """One rule of `validate`."""

    code: str
    name: str
    severity: str  # ERROR, or WARNING, which can be ignored
    check: Check

    @property
    def is_error(self) -> bool:
        """Whether nothing can switch it off."""
        return self.severity == ERROR

    @property
    def explanation(self) -> str:
        """Why the rule is there, with a bad and a good example."""
        from textwrap import dedent

        text = self.check.__doc__ or "Python was started with -OO, which drops explanations."
        first, _, rest = text.partition("\n")
        return f"{first}\n{dedent(rest)}".strip()


RULES: dict[str, Rule] = {}  # by code; `registry` imports the modules that fill it


def rule(code: str, name: str, severity: str) -> Callable[[Check], Check]:
    """Make a rule of a function that yields what breaks it; its docstring explains the rule."""

    def register(check: Check) -> Check:
        RULES[code] = Rule(code, name, severity, check)
        return check

    return register


def breach(place: Located, message: str) -> Breach:
    """Return a breach at the place of an asset, an observation or an import."""
    return Breach(place.path, place.line, place.column, message)
