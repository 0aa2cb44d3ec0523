"""What the doors lead from: a checkout, its git repository with two tags, its wheel and sdist.

Everything is made once a run, in a folder whose name has spaces and letters beyond ASCII.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import executable, make_environment, uv_path

REPOSITORY = Path(__file__).resolve().parents[2]
LEFTOVERS = shutil.ignore_patterns(
    ".git", ".nox", ".venv", ".*_cache", ".hypothesis", "__pycache__", "*.egg-info",
)  # fmt: skip
NOT_COPIED = {"benchmarks", "build", "demo", "dist", "tests"}  # of the repository's own
LEAKS = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONSAFEPATH", "NO_COLOR", "FORCE_COLOR", "GIT_DIR")
LATER = "99.0.0"
BUILD = (sys.executable, "-m", "build", *(["--installer", "uv"] if uv_path() else []))
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of all that the doors share."""
    return tmp_path_factory.mktemp("thé doors")


@pytest.fixture(scope="session")
def run_in(workshop: Path) -> Run:
    """Return a function that runs a command in a folder, with a clean environment and home.

    The home keeps cookiecutter, cruft, git and pipx away from the user's own.
    """
    home = workshop / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if name not in LEAKS}
    kept = {name: value for name, value in kept.items() if not name.startswith("COOKIECUTTER_")}
    person = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com"}
    person |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in person.items()}
    homes = {
        "COOKIECUTTER_CONFIG": str(home / "cookiecutter.yaml"),
        "PIPX_HOME": str(home / "pipx"),
    }
    homes |= {"XDG_CONFIG_HOME": str(home), "GIT_CONFIG_GLOBAL": str(home / "gitconfig")}
    always = {"PYTHONUTF8": "1", "UV_PYTHON_DOWNLOADS": "never"}
    (home / "cookiecutter.yaml").write_text(
        f'cookiecutters_dir: "{(home / "templates").as_posix()}"\n'
        f'replay_dir: "{(home / "replay").as_posix()}"\n'
        f'abbreviations: {{shelf: "{(workshop / "{0}").as_uri()}"}}\n'.replace("%7B0%7D", "{0}"),
        encoding="utf-8",
    )
    (home / "gitconfig").write_text("[protocol.file]\n\tallow = always\n", encoding="utf-8")

    def run_command(
        cwd: Path, *argv: str | Path, check: bool = True, timeout: float = 600, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(argument) for argument in argv],
            cwd=cwd,
            env=kept | person | homes | always | extra,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
        )
        if check and done.returncode:
            pytest.fail(f"{argv} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    return run_command


@pytest.fixture(scope="session")
def checkout(workshop: Path) -> Path:
    """Return a copy of this repository's files as a checkout without git has them."""
    copy = workshop / "a checkoüt"

    def ignored(folder: str, names: list[str]) -> set[str]:
        own = NOT_COPIED if Path(folder) == REPOSITORY else set()
        return {*LEFTOVERS(folder, names), *own & set(names)}

    shutil.copytree(REPOSITORY, copy, symlinks=True, ignore=ignored)
    return copy


@pytest.fixture(scope="session")
def repository(workshop: Path, checkout: Path, run_in: Run) -> Path:
    """Return a git repository with the tags v1 (this version) and v2 (a later one, its head)."""
    clone = workshop / "polster.git"
    shutil.copytree(checkout, clone, symlinks=True)
    template = clone / "{{cookiecutter.project_slug}}"
    for command in ("init -q -b main", "add --all", "commit -q -m one", "tag v1"):
        run_in(clone, "git", *command.split())
    init = template / "polster_tasks" / "__init__.py"
    init.write_text(f'"""Later."""\n\n__version__ = "{LATER}"\n', encoding="utf-8", newline="\n")
    (template / "polster_tasks" / "later.py").write_text("# later\n", encoding="utf-8")
    with (template / "README.md").open("a", encoding="utf-8", newline="\n") as readme:
        readme.write("\nThe later version says this.\n")
    run_in(clone, sys.executable, ".ci/list_template_files.py")
    for command in ("add --all", "commit -q -m two", "tag v2"):
        run_in(clone, "git", *command.split())
    return clone


@pytest.fixture(scope="session")
def distributions(workshop: Path, checkout: Path, run_in: Run) -> tuple[Path, Path]:
    """Return the sdist, and the wheel that was built from it, as releases are."""
    folder = workshop / "dist"
    run_in(checkout, *BUILD, "--outdir", folder)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="session")
def pip_install(run_in: Run) -> Callable[[Path, Path], Path]:
    """Return a function that makes a virtual environment in which pip installs a distribution.

    What polster depends on comes before it, where possible by uv: seconds instead of a minute.
    """
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    needed = project["project"]["dependencies"]

    def install(venv: Path, distribution: Path) -> Path:
        make_environment(venv, *needed)
        pip = (executable(venv, "python"), "-m", "pip", "install", "-q")
        run_in(venv.parent, *pip, "--disable-pip-version-check", distribution)
        return venv

    return install


@pytest.fixture(scope="session")
def installed(
    workshop: Path, distributions: tuple[Path, Path], pip_install: Callable[[Path, Path], Path]
) -> Path:
    """Return a virtual environment into which pip installed the wheel, and compiled it."""
    return pip_install(workshop / "from the wheel", distributions[1])


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder by its relative path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="session")
def expected(workshop: Path, checkout: Path, run_in: Run) -> dict[str, bytes]:
    """Return the files that every door must deliver for the project `shop`, by relative path."""
    folder = workshop / "expected"
    command = (sys.executable, "-m", "cookiecutter", "--no-input", "-o", folder)
    run_in(workshop, *command, checkout, "project_name=shop")
    return contents(folder / "shop")


@pytest.fixture(scope="session")
def holds(run_in: Run, expected: dict[str, bytes]) -> Callable[[Path], None]:
    """Return a function that fails unless a folder holds the project `shop`, whole and working."""

    def check(project: Path) -> None:
        files = contents(project)
        assert files.keys() == expected.keys()
        assert files == expected
        for path, content in files.items():
            assert "__pycache__" not in path and "{{" not in path and "{%" not in path
            assert b"\r\n" not in content, path
            assert os.access(project / path, os.W_OK), path
            assert b"{{ cookiecutter" not in content and b"{{cookiecutter" not in content, path
        tasks = (sys.executable, "-m", "polster_tasks")
        run_in(project, *tasks, "add-asset", "--layer", "bronze", "--name", "raw_orders")
        run_in(project, *tasks, "validate")

    return check
