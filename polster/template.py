"""The template that travels with this package, and the version it has."""

import re
from pathlib import Path

from polster.files import read_regular

TASKS = "polster_tasks"
UNKNOWN = "unknown"  # the version of a copy that states none
_PROJECT = "{{cookiecutter.project_slug}}"


def template() -> Path:
    """Return the template's folder: inside an installed package, or the checkout around it."""
    here = Path(__file__).resolve().parent
    bundled = here / "template"
    return bundled if bundled.is_dir() else here.parent


def tasks_version(tasks: Path) -> str:
    """Return the version that a `polster_tasks` folder states, or "unknown"."""
    try:
        text = read_regular(tasks / "__init__.py")
    except OSError:
        return UNKNOWN
    return stated_version(text)


def stated_version(text: bytes) -> str:
    """Return the version that the text of polster_tasks/__init__.py states, or "unknown"."""
    decoded = text.decode("utf-8", errors="replace")
    found = re.search(r'^__version__ = "([0-9A-Za-z][0-9A-Za-z.+_-]{0,40})"', decoded, re.MULTILINE)
    return found[1] if found else UNKNOWN


def bundled_project() -> Path:
    """Return the template's own project folder, whose `polster_tasks` runs as it is."""
    return template() / _PROJECT


def version() -> str:
    """Return this package's version, read from the template's `polster_tasks`: the one place."""
    return tasks_version(bundled_project() / TASKS)


def order(release: str) -> tuple[tuple[int, ...], bool]:
    """Return a release as what compares: "0.10" is later than "0.9" and than its own "0.10rc1"."""
    numbers = re.match(r"[\d.]*", release)[0]
    return tuple(int(number) for number in numbers.split(".") if number), numbers == release
