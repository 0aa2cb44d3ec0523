"""The project's root, from which relative paths are resolved, and whether it is complete."""

import tomllib
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[3]


class ProjectError(Exception):
    """The project around this package is incomplete; the message says what to do."""


def require_project() -> None:
    """Check that this package runs from its project.

    Raises:
        ProjectError: the project has no pyproject.toml, or it cannot be read.
    """
    file = PROJECT_ROOT / "pyproject.toml"
    try:
        tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(
            f"{PROJECT_ROOT} has no pyproject.toml: run the pipeline from its project's source "
            "tree (pip install -e ., or a container that copies the whole project)."
        ) from None
    except ValueError as error:
        raise ProjectError(f"{file} cannot be read: {error}. Correct it.") from error
