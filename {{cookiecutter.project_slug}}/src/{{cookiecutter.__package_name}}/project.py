"""Where the project lies: relative paths are meant from its root, whatever the working folder."""

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]


def require_project() -> None:
    """Raise FileNotFoundError, in one sentence, if this package does not run from its project."""
    if not (PROJECT_ROOT / "pyproject.toml").is_file():
        raise FileNotFoundError(
            f"{PROJECT_ROOT} has no pyproject.toml: run the pipeline from its project's source "
            "tree (pip install -e ., or a container that copies the whole project)."
        )
