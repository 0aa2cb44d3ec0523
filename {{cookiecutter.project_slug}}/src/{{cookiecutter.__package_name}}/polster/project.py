"""The project's root, from which relative paths are resolved, and whether it is complete."""

import stat
import tomllib
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[3]
LARGEST_TEXT = 1_000_000  # bytes; settings are far smaller


class ProjectError(Exception):
    """The project around this package is incomplete; the message says what to do."""


def read_text(file: Path) -> str:
    """Return the text of a file of settings. A device or a pipe could be read for ever: it is not.

    Raises:
        ProjectError: it is not a regular file, or is too large.
        OSError: it cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ProjectError(f"{file} is not a regular file. Replace it with one.")
    if status.st_size > LARGEST_TEXT:
        raise ProjectError(f"{file} is larger than {LARGEST_TEXT:,} bytes. Shorten it.")
    return file.read_text(encoding="utf-8")


def require_project() -> None:
    """Check that this package runs from its project.

    Raises:
        ProjectError: the project has no pyproject.toml, or it cannot be read.
    """
    file = PROJECT_ROOT / "pyproject.toml"
    try:
        tomllib.loads(read_text(file))
    except FileNotFoundError:
        raise ProjectError(
            f"{PROJECT_ROOT} has no pyproject.toml: run the pipeline from its project's source "
            "tree (pip install -e ., or a container that copies the whole project)."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ProjectError(f"{file} cannot be read: {error}. Correct it.") from error
