"""Find a project and say where its things lie."""

import tomllib
from pathlib import Path
from typing import NamedTuple


class UsageError(Exception):
    """The command line alone is unacceptable, or the folder is no project: exit status 2."""


class Refusal(Exception):
    """The command is well formed, but the project refuses it: exit status 1."""


class Project(NamedTuple):
    """A generated project: its root, its package, and the warnings that it leaves out."""

    root: Path
    package: str
    ignore: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

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
        """The git-ignored folder of locks, journal and undo store."""
        return self.root / ".polster"

    def layer_folder(self, layer: str) -> Path:
        """Return the folder of a layer's asset files."""
        return self.defs / layer

    def asset_path(self, layer: str, name: str) -> Path:
        """Return the file that defines `<layer>_<name>`."""
        return self.defs / layer / f"{name}.py"

    def test_path(self, layer: str, name: str) -> Path:
        """Return the file that tests `<layer>_<name>`."""
        return self.root / "tests" / layer / f"test_{layer}_{name}.py"

    def landing_path(self, name: str) -> Path:
        """Return the sample that the bronze asset `name` reads."""
        return self.root / "data" / "landing" / f"{name}.csv"


def open_project(root: Path) -> Project:
    """Read a project's pyproject.toml.

    Args:
        root: the project's root folder.

    Raises:
        UsageError: the folder is not a Polster project; one sentence says why.
    """
    root = Path(root).absolute()
    file = root / "pyproject.toml"
    hint = "Run this at the root of a Polster project, or name it with --project DIR."
    try:
        table = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(
            f"{root} is not a Polster project: it has no pyproject.toml. {hint}"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}.") from None
    tool = table.get("tool")
    tool = tool if isinstance(tool, dict) else {}
    if not isinstance(tool.get("polster"), dict):
        raise UsageError(
            f"{root} is not a Polster project: its pyproject.toml has no [tool.polster]. {hint}"
        )
    dg = tool.get("dg")
    project = dg.get("project") if isinstance(dg, dict) else None
    package = project.get("root_module") if isinstance(project, dict) else None
    if not isinstance(package, str) or not package.isidentifier():
        raise UsageError(
            f"{file} does not name the project's package: set root_module in [tool.dg.project]."
        )
    ignore, problems = _ignored(tool["polster"])
    return Project(root, package, ignore, problems)


def _ignored(table: dict) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read `[tool.polster]`: the warnings to leave out, and what is wrong with the table."""
    problems = [f"[tool.polster] has no setting {key!r}." for key in table if key != "ignore"]
    ignore = table.get("ignore", [])
    if not isinstance(ignore, list) or not all(isinstance(item, str) for item in ignore):
        return (), (*problems, "[tool.polster] ignore must be a list of codes or names.")
    return tuple(ignore), tuple(problems)
