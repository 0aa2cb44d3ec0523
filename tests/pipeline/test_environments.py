"""Every way to an environment works, and run_polster.py finds one from a Python that has none."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from uv import find_uv_bin

from conftest import clean_environment

pytestmark = pytest.mark.slow

BIN = "Scripts" if os.name == "nt" else "bin"


def call(
    folder: Path, *command: str | Path, check: bool = True, **extra: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder with a clean environment."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=clean_environment(**extra),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    if check and done.returncode:
        pytest.fail(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python with nothing installed but itself."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, with_pip=False)
    return folder / BIN / "python"


def test_a_python_with_neither_dagster_nor_nox_says_what_to_install(
    project: Path, bare_python: Path
) -> None:
    done = call(project, bare_python, "run_polster.py", check=False, PATH=os.defpath)

    assert done.returncode == 1
    assert done.stderr.startswith("This Python has no Dagster: run `pip install -e .`")
    assert done.stderr.count("\n") == 1


def test_help_needs_nothing(project: Path, bare_python: Path) -> None:
    assert "examples:" in call(project, bare_python, "run_polster.py", "--help").stdout


def test_uv_sync_makes_an_environment_that_run_polster_finds(
    bake: Callable[..., Path], bare_python: Path
) -> None:
    project = bake(starter="ecommerce")
    call(project, find_uv_bin(), "sync", "--python", sys.executable, "--quiet")

    done = call(project, bare_python, "run_polster.py", "--asset", "raw_orders", "raw_customers")

    assert "handing over to the project's .venv" in done.stderr
    assert "Materialized 2 assets" in done.stdout
    # The exit status comes through untouched.
    assert call(project, bare_python, "run_polster.py", "--port", "1", check=False).returncode == 2
    wrong = call(project, bare_python, "run_polster.py", "--asset", "nothing", check=False)
    assert wrong.returncode == 1

    python = project / ".venv" / BIN / "python"
    call(project, python, "-m", "pytest", "-q")
    for dagster_command in (
        ["dg", "check", "defs"],
        ["dg", "list", "defs", "--json"],
        ["dagster", "definitions", "validate", "-w", "workspace.yaml"],
    ):
        name, *words = dagster_command
        told = call(project, python.with_name(name), *words, DAGSTER_HOME=str(project / ".dagster"))
        # Dagster says of its older commands that `dg` supersedes them; nothing else is warned of.
        said = (told.stdout + told.stderr).replace("SupersessionWarning", "")
        assert "Warning" not in said, dagster_command


def test_the_nox_sessions_make_their_own_environments(
    bake: Callable[..., Path], bare_python: Path
) -> None:
    project = bake(starter="ecommerce")
    nox = (sys.executable, "-m", "nox", "-s")

    assert "gold_customer_ltv  12 rows" in call(project, *nox, "run").stdout
    told = call(project, *nox, "status", "--", "--format", "json").stdout
    assert {asset["status"] for asset in json.loads(told)["assets"]} == {"fresh"}
    # A nox that is installed for the user (pipx, uvx) is found on the path.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.defpath))
    handed = call(project, bare_python, "run_polster.py", "--status", PATH=path)
    assert "handing over to nox -s status" in handed.stderr
    assert "gold_customer_ltv" in handed.stdout
    call(project, sys.executable, "-m", "nox")
    assert not call(project, *nox, "list_assets", "--", "--format", "json").stderr.count("Error")


def test_pip_install_makes_a_working_environment(project: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    call(project, find_uv_bin(), "venv", "--seed", "--python", sys.executable, environment)
    python = environment / BIN / "python"
    pip = ("-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check")
    call(project, python, *pip, "-e", ".")
    call(project, python, "-m", "polster_tasks", "add-asset", "--layer", "bronze", "--name", "a")

    assert "Materialized 1 asset" in call(project, python, "run_polster.py").stdout
