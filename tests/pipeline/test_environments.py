"""Every way to an environment works, and run_polster.py finds one from a Python that has none."""

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import clean_environment, find_uv, make_environment

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
    assert done.stderr.startswith(
        "run_polster.py: This Python has no Dagster: run `pip install -e .`"
    )
    assert "install uv or nox" in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_polsters_files_it_says_how_to_get_them_back(
    project: Path, bare_python: Path
) -> None:
    shutil.rmtree(project / "src/my_pipeline/polster")
    done = call(project, bare_python, "run_polster.py", check=False, PATH=os.defpath)

    assert done.returncode == 1
    assert done.stderr == (
        "run_polster.py: No module named 'my_pipeline.polster': `polster upgrade --force "
        "src/my_pipeline/polster` brings Polster's files back.\n"
    )


def test_a_package_that_needs_polars_hides_no_way_to_a_python_that_has_it(
    project: Path, bare_python: Path
) -> None:
    (project / "src/my_pipeline/__init__.py").write_text("import polars\n", encoding="utf-8")
    done = call(project, bare_python, "run_polster.py", check=False, PATH=os.defpath)
    assert done.stderr.startswith("run_polster.py: This Python has no Dagster: run `pip install")
    shutil.copytree(bare_python.parents[1], project / ".venv", symlinks=True)
    done = call(project, bare_python, "run_polster.py", check=False, PATH=os.defpath)
    assert "handing over to the project's .venv" in done.stderr


def test_that_a_command_was_handed_over_is_not_passed_on(project: Path) -> None:
    asset = project / "src/my_pipeline/defs/bronze/seen.py"
    asset.write_text("import os\nraise ValueError(os.environ.get('_POLSTER_HANDED_OVER'))\n")
    done = call(project, sys.executable, "run_polster.py", check=False, _POLSTER_HANDED_OVER="1")
    assert done.stderr == "run_polster.py: The pipeline does not load: ValueError: None\n"


@pytest.mark.parametrize("tool", ["uv", "nox"])
def test_nothing_is_installed_below_a_percent_sign(
    project: Path, bare_python: Path, tmp_path: Path, tool: str
) -> None:
    """Dagster's migrations take a % in the path of their own package for a placeholder."""
    moved = Path(shutil.move(project, tmp_path / "100% mine"))
    path = in_path(tmp_path / "bin", **{tool: "echo started"})
    done = call(moved, bare_python, "run_polster.py", check=False, PATH=path)

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"run_polster.py: Dagster cannot be installed below {moved}: ")
    assert done.stderr.count("\n") == 1


def test_dagster_below_a_percent_sign_is_one_sentence(project: Path, tmp_path: Path) -> None:
    import dagster

    source = Path(dagster.__file__).parent
    (tmp_path / "100% there").mkdir()
    (tmp_path / "100% there" / "dagster").symlink_to(source)
    path = str(tmp_path / "100% there")
    done = call(project, sys.executable, "run_polster.py", "--status", check=False, PYTHONPATH=path)

    assert done.returncode == 1
    assert done.stderr.startswith(f"run_polster.py: Dagster cannot run from {path}: ")
    assert "Traceback" not in done.stderr


def in_path(folder: Path, **commands: str) -> str:
    """Return a PATH with the given commands, each a shell script, before the system's own."""
    folder.mkdir(exist_ok=True)
    for name, script in commands.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return os.pathsep.join((str(folder), os.defpath))


@pytest.mark.skipif(os.name == "nt", reason="the commands are shell scripts")
def test_uv_is_preferred_to_nox_where_both_are_installed(
    project: Path, bare_python: Path, tmp_path: Path
) -> None:
    path = in_path(tmp_path / "bin", uv='echo "uv $@"', nox='echo "nox $@"')
    done = call(project, bare_python, "run_polster.py", "--status", "--check", PATH=path)
    assert "handing over to uv run" in done.stderr
    script = project / "run_polster.py"
    assert done.stdout == f"uv run --project {project} --no-dev python {script} --status --check\n"
    (tmp_path / "bin" / "uv").unlink()
    done = call(project, bare_python, "run_polster.py", "--status", "--check", PATH=path)
    assert done.stdout == f"nox -f {project / 'noxfile.py'} -s status -- --check\n"


@pytest.mark.skipif(os.name == "nt", reason="links to a Python")
@pytest.mark.parametrize("has_configuration", [True, False])
def test_a_venv_without_dagster_is_tried_once_and_then_said(
    project: Path, bare_python: Path, has_configuration: bool
) -> None:
    """With pyvenv.cfg it is an environment and gets its turn; without, it is none."""
    python = project / ".venv" / BIN / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(bare_python.resolve())
    if has_configuration:
        configuration = (bare_python.parents[1] / "pyvenv.cfg").read_text(encoding="utf-8")
        (project / ".venv" / "pyvenv.cfg").write_text(configuration, encoding="utf-8")
    done = call(project, bare_python, "run_polster.py", check=False, PATH=os.defpath)
    assert done.returncode == 1
    assert done.stderr.count("handing over") == has_configuration
    last = done.stderr.splitlines()[-1]
    assert last.startswith("run_polster.py: ")
    assert ("has no Dagster either: run `" in last) == has_configuration
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="the commands are shell scripts")
def test_a_nox_that_comes_back_with_the_same_python_ends(
    project: Path, bare_python: Path, tmp_path: Path
) -> None:
    path = in_path(tmp_path / "bin", nox=f'exec "{bare_python}" "{project / "run_polster.py"}"')
    done = call(project, bare_python, "run_polster.py", check=False, PATH=path)
    assert done.returncode == 1
    assert done.stderr.count("handing over") == 1
    assert "has no Dagster either" in done.stderr


def test_a_venv_whose_python_cannot_be_started_is_one_sentence(
    project: Path, bare_python: Path
) -> None:
    folder = project / ".venv"
    (folder / BIN).mkdir(parents=True)
    (folder / "pyvenv.cfg").touch()
    python = folder / BIN / ("python.exe" if os.name == "nt" else "python")
    python.write_bytes(b"")
    done = call(project, bare_python, "run_polster.py", check=False, PATH=os.defpath)
    assert done.returncode == 1
    assert f"\nrun_polster.py: {python} cannot be started" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dependency_that_is_missing_is_named_with_the_command_that_installs_it(
    project: Path,
) -> None:
    pyproject = project / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    more = """
    "not-there-at-all[fast]>=1.0",
    "for-another-system; sys_platform == 'plan9'",
]"""
    pyproject.write_text(text.replace("\n]", more, 1), encoding="utf-8")
    done = call(project, sys.executable, "run_polster.py", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("run_polster.py: not-there-at-all is not installed for ")
    assert "pip install" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("package", ["rich", "dotenv", "polars", "dagster"])
def test_a_dependency_that_is_broken_is_one_sentence(
    project: Path, tmp_path: Path, package: str
) -> None:
    broken = tmp_path / "broken" / package
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise OSError('cannot open shared object')\n")
    done = call(
        project, sys.executable, "run_polster.py", check=False, PYTHONPATH=str(broken.parent)
    )
    assert done.returncode == 1
    assert "a dependency is broken (OSError: cannot open shared object): run `" in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_needs_nothing(project: Path, bare_python: Path) -> None:
    assert "examples:" in call(project, bare_python, "run_polster.py", "--help").stdout


def test_uv_sync_makes_an_environment_that_run_polster_finds(
    bake: Callable[..., Path], bare_python: Path
) -> None:
    project = bake(starter="ecommerce")
    call(project, find_uv(), "sync", "--python", sys.executable, "--quiet")

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
    bake: Callable[..., Path], bare_python: Path, tmp_path: Path
) -> None:
    project = bake(starter="ecommerce")
    nox = (sys.executable, "-m", "nox", "-s")

    first = call(project, *nox, "run")
    assert "gold_customer_ltv  12 rows" in first.stdout
    assert "install -e ." in first.stderr
    # Nothing changed, so nothing is installed again.
    second = call(project, *nox, "status", "--", "--format", "json")
    assert {asset["status"] for asset in json.loads(second.stdout)["assets"]} == {"fresh"}
    assert "install" not in second.stderr
    with (project / "pyproject.toml").open("a", encoding="utf-8") as pyproject:
        pyproject.write("\n# changed\n")
    assert "install -e ." in call(project, *nox, "status").stderr
    # A nox that is installed for the user (pipx, uvx) is found on the path.
    nox_alone = tmp_path / "bin"
    nox_alone.mkdir()
    for name in ("nox", "nox.exe"):
        installed = Path(sys.executable).with_name(name)
        if installed.exists():
            shutil.copy(installed, nox_alone)
    path = os.pathsep.join((str(nox_alone), os.defpath))
    handed = call(project, bare_python, "run_polster.py", "--status", PATH=path)
    assert "handing over to nox -s status" in handed.stderr
    assert "gold_customer_ltv" in handed.stdout
    call(project, sys.executable, "-m", "nox")
    assert not call(project, *nox, "list_assets", "--", "--format", "json").stderr.count("Error")


def test_pip_install_makes_a_working_environment(project: Path, tmp_path: Path) -> None:
    python = make_environment(tmp_path / "environment") / BIN / "python"
    pip = ("-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check")
    call(project, python, *pip, "-e", ".")
    call(project, python, "-m", "polster_tasks", "add-asset", "--layer", "bronze", "--name", "a")

    assert "Materialized 1 asset" in call(project, python, "run_polster.py").stdout
