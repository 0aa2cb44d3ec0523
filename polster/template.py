"""The template that travels with this package, and the version it has."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from polster.files import read_regular

if TYPE_CHECKING:
    from packaging.version import Version

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


def order(release: str) -> "tuple[bool] | tuple[bool, Version]":
    """Return a release as what compares, as PEP 440 says; what is no version comes first."""
    from packaging.version import InvalidVersion, Version  # here, for the time that it takes

    try:
        return True, Version(release)
    except InvalidVersion:
        return (False,)
