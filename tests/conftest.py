"""Fixtures for every test: bake a project, run something in it."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[1]

# The outer environment must not leak into a baked project.
LEAKS = (
    "VIRTUAL_ENV",
    "UV_PROJECT_ENVIRONMENT",
    "PYTHONPATH",
    "PYTHONSAFEPATH",
    "NO_COLOR",
    "FORCE_COLOR",
)
LEAKING_PREFIXES = ("DAGSTER_", "POLSTER_", "PYTEST_", "NOX_", "COOKIECUTTER_")


def clean_environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without what would leak into a project, plus `extra`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in LEAKS and not name.startswith(LEAKING_PREFIXES)
    }
    return kept | extra


@pytest.fixture(autouse=True)
def cookiecutter_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep cookiecutter's replay and template folders out of the user's home."""
    home = tmp_path_factory.getbasetemp() / "cookiecutter"
    home.mkdir(exist_ok=True)
    config = home / "config.yaml"
    if not config.exists():
        config.write_text(
            f'cookiecutters_dir: "{(home / "templates").as_posix()}"\n'
            f'replay_dir: "{(home / "replay").as_posix()}"\n',
            encoding="utf-8",
        )
    monkeypatch.setenv("COOKIECUTTER_CONFIG", str(config))


@pytest.fixture
def bake(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that bakes the template and returns the project's folder."""

    def bake_project(**context: str) -> Path:
        context = {"project_name": "My Pipeline", "ci": "none"} | context
        folder = tmp_path / "bakes"
        folder.mkdir(exist_ok=True)
        return Path(
            cookiecutter(
                str(TEMPLATE), no_input=True, output_dir=str(folder), extra_context=context
            )
        )

    return bake_project


@pytest.fixture
def project(bake: Callable[..., Path]) -> Path:
    """Return a freshly baked standard project, `my_pipeline`."""
    return bake()


@pytest.fixture
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs this Python in a project with a clean environment."""

    def run_python(
        project: Path,
        *argv: str,
        check: bool = True,
        env: Mapping[str, str] | None = None,
        input: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join((str(project / "src"), str(project)))
        done = subprocess.run(
            [sys.executable, *argv],
            cwd=project,
            env=clean_environment(PYTHONPATH=path, **(env or {})),
            input="" if input is None else input,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=600,
        )
        if check and done.returncode:
            pytest.fail(f"{argv} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    return run_python
