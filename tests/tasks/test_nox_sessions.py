"""A project's nox sessions: one mends style, the others change nothing; they need no venv."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import clean_environment
from polster_tasks.advice import SESSIONS

UGLY = 'import os\nimport sys\n\nNAMES = {  "a":sys.path }\n'
MENDED = 'import sys\n\nNAMES = {"a": sys.path}\n'


@pytest.fixture
def nox(project: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs sessions with this Python, which has what they install."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "nox", "--no-venv", *arguments],
            cwd=project,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return run


def sources(project: Path) -> dict[str, bytes]:
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in project.rglob("*.py")
        if "__pycache__" not in path.parts
    }


def test_format_mends_what_is_the_users_and_leaves_polsters_folders_alone(
    project: Path, nox: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    before = sources(project)
    asset = project / "src/my_pipeline/defs/bronze/ugly.py"
    test = project / "tests/bronze/test_bronze_ugly.py"
    polsters = [project / "polster_tasks/ugly.py", project / "src/my_pipeline/polster/ugly.py"]
    for file in (asset, test, *polsters):
        file.write_text(UGLY, encoding="utf-8")

    assert nox("-s", "lint").returncode == 1
    done = nox("-s", "format")
    assert done.returncode == 0, done.stdout
    assert asset.read_text(encoding="utf-8") == test.read_text(encoding="utf-8") == MENDED
    assert [file.read_text(encoding="utf-8") for file in polsters] == [UGLY, UGLY]
    assert before.items() <= sources(project).items()
    done = nox("-s", "lint")
    assert done.returncode == 0, done.stdout


def test_format_mends_the_rest_where_something_cannot_be_mended(
    project: Path, nox: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    asset = project / "src/my_pipeline/defs/bronze/ugly.py"
    asset.write_text(UGLY + "missing( )\n", encoding="utf-8")
    assert nox("-s", "format").returncode == 0
    assert asset.read_text(encoding="utf-8") == MENDED + "missing()\n"
    done = nox("-s", "lint")
    assert done.returncode == 1 and "missing" in done.stdout


def test_a_bare_nox_runs_lint_validate_and_tests_which_change_nothing(
    project: Path, nox: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    chosen = [line[2:].split()[0] for line in nox("-l").stdout.splitlines() if line[:2] == "* "]
    assert sorted(chosen) == ["lint", "tests", "validate"]
    (project / "src/my_pipeline/defs/ugly.py").write_text(UGLY, encoding="utf-8")
    before = sources(project)
    nox("-s", "lint", "validate")
    assert sources(project) == before


def test_messages_know_the_sessions_that_run_the_tooling(project: Path) -> None:
    text = (project / "noxfile.py").read_text(encoding="utf-8")
    commands = re.findall(r'    polster_tasks\(session, "([\w-]+)"\)', text)
    assert sorted(SESSIONS) == sorted(command.replace("-", "_") for command in commands)
    assert all(f"def {name}(" in text for name in SESSIONS)


@pytest.mark.slow
def test_without_an_environment_of_their_own_sessions_use_this_python(
    bake: Callable[..., Path], run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    project = bake(starter="ecommerce")
    for arguments in (("--no-venv", "-s", "run"), ("--no-venv", "--no-dependencies", "-s", "run")):
        done = run(project, "-m", "nox", *arguments)
        assert "Traceback" not in done.stderr
        assert "Materialized 6 assets" in done.stdout + done.stderr
    done = run(project, "-m", "nox", "--no-venv", "-s", "tests", "--", "-q", "tests/silver")
    assert " passed" in done.stdout
