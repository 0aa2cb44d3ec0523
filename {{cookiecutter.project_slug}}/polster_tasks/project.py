"""Find a project and say where its things lie."""

import os
import tomllib
from pathlib import Path
from typing import NamedTuple

_SETTINGS_FILE = "pyproject.toml"


class UsageError(Exception):
    """The command line alone is unacceptable, or the folder is not a project: exit status 2."""


class Refusal(Exception):
    """The command is well formed, but the project refuses it: exit status 1."""


class Project(NamedTuple):
    """A generated project: where its files lie, and what its settings say."""

    root: Path
    package: str
    ignore: tuple[str, ...] = ()  # the warnings that are not shown
    problems: tuple[str, ...] = ()  # what is wrong with [tool.polster]

    @property
    def source(self) -> Path:
        """The package's folder, `src/<package>`."""
        return self.root / "src" / self.package

    @property
    def defs(self) -> Path:
        """The folder that Dagster loads, `src/<package>/defs`."""
        return self.source / "defs"

    @property
    def state(self) -> Path:
        """The git-ignored folder of lock, journal and undo store."""
        return self.root / ".polster"

    def asset_path(self, layer: str, name: str) -> Path:
        """Return the file that defines `<layer>_<name>`."""
        return self.defs / layer / f"{name}.py"

    def test_path(self, layer: str, name: str) -> Path:
        """Return the file that tests `<layer>_<name>`."""
        return self.root / "tests" / layer / f"test_{layer}_{name}.py"

    def landing_path(self, name: str) -> Path:
        """Return the sample that the bronze asset `name` reads."""
        return self.root / "data" / "landing" / f"{name}.csv"

    def relative(self, path: Path) -> str:
        """Return a path as it is shown: from the root, with slashes."""
        return path.relative_to(self.root).as_posix()


def leads_outside(root: Path, path: str | Path) -> bool:
    """Tell whether a path leads, by a link in it, to what is not in the project.

    Args:
        root: The project's root, which may itself be reached through a link.
        path: A path in the project, there or not, absolute or relative to the root.
    """
    real_root = os.path.normcase(os.path.realpath(root))
    real_path = os.path.normcase(os.path.realpath(os.path.join(root, path)))
    return real_path != real_root and not real_path.startswith(os.path.join(real_root, ""))


def open_project(root: Path) -> Project:
    """Read a project's pyproject.toml.

    Args:
        root: The folder that holds it.

    Raises:
        UsageError: The folder is not a Polster project.
    """
    root = Path(root).absolute()
    table = _read_toml(root)
    settings = _look_up(table, "tool", "polster")
    if not isinstance(settings, dict):
        raise _not_a_project(root, "its pyproject.toml has no [tool.polster]")
    package = _look_up(table, "tool", "dg", "project", "root_module")
    if not isinstance(package, str) or not package.isidentifier():
        fix = "set root_module in [tool.dg.project]"
        raise UsageError(f"{root / _SETTINGS_FILE} does not name the project's package: {fix}.")

    problems = [f"[tool.polster] has no setting {key!r}." for key in settings if key != "ignore"]
    ignore = settings.get("ignore", [])
    if not isinstance(ignore, list) or not all(isinstance(word, str) for word in ignore):
        ignore = []
        problems.append("[tool.polster] ignore must be a list of codes or names.")
    return Project(root, package, tuple(ignore), tuple(problems))


def _read_toml(root: Path) -> dict[str, object]:
    """Return what a project's pyproject.toml says."""
    file = root / _SETTINGS_FILE
    if file.exists() and not file.is_file():  # reading a pipe would never end
        raise UsageError(f"{file} cannot be read: it is not a regular file.")
    if leads_outside(root, file):
        raise UsageError(f"{file} cannot be read: it is a link that leads out of the project.")
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise _not_a_project(root, "it has no pyproject.toml") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{file} cannot be read: {error}.") from None


def _not_a_project(root: Path, lack: str) -> UsageError:
    hint = "Run this at the root of a Polster project, or name it with --project DIR."
    return UsageError(f"{root} is not a Polster project: {lack}. {hint}")


def _look_up(table: object, *keys: str) -> object:
    """Return what lies under some keys, or None where nothing does."""
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table
