"""Fixtures for every test: bake a project, run something in it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
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
LEAKING_PREFIXES = ("DAGSTER_", "POLSTER_", "_POLSTER_", "PYTEST_", "NOX_", "COOKIECUTTER_")


# What is started in the background of a shell ignores Ctrl-C, and so would all that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def uv_path() -> str | None:
    """Return where uv is, if it is installed."""
    try:
        from uv import find_uv_bin

        return find_uv_bin()
    except (ImportError, FileNotFoundError):
        return shutil.which("uv")


def find_uv() -> str:
    """Return where uv is; without it, skip the test that asks."""
    return uv_path() or pytest.skip("NOT TESTED: there is no uv here")


def make_environment(folder: Path, *requirements: str | Path, python: Path | str = "") -> Path:
    """Make a virtual environment with pip and some requirements, by uv where it is installed.

    Args:
        folder: where to make it.
        requirements: what `pip install` takes, options included.
        python: the interpreter; this one if none is given.
    """
    base, uv = str(python or sys.executable), uv_path()
    if uv:
        make = [uv, "venv", "--quiet", "--seed", "--python", base, str(folder)]
        install = [uv, "pip", "install", "--quiet", "--python", str(folder)]
    else:
        make = [base, "-m", "venv", str(folder)]
        install = [str(executable(folder, "python")), "-m", "pip", "install", "--quiet"]
    subprocess.run(make, check=True)
    if requirements:
        subprocess.run([*install, *map(str, requirements)], check=True)
    return folder


def executable(environment: Path, name: str) -> Path:
    """Return a command of a virtual environment."""
    return environment / ("Scripts" if os.name == "nt" else "bin") / name


UNSYNCED = str(Path(__file__).with_name("unsynced"))  # see the module in it


def clean_environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without what would leak into a project, plus `extra`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in LEAKS and not name.startswith(LEAKING_PREFIXES)
    }
    return kept | {"PYTHONPATH": UNSYNCED} | extra


# With two workers (pytest -n 2), what shares a costly fixture, or a port, stays on one of them.
TOGETHER = {
    "tests/browser/": "user interfaces",
    "tests/demo/": "demo",
    "tests/docs/": "doors",  # both start a UI that looks for a port from 3000 on
    "tests/doors/": "doors",
    "tests/engine/test_object_stores.py": "object stores",
    "tests/pipeline/test_quick_start.py": "quick start",
    "tests/production/test_deploying.py": "user interfaces",
    "tests/production/test_left_alone.py": "user interfaces",
    "tests/production/test_ui.py": "user interfaces",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Let each worker take one test after another, or all of those that belong together."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            groups = (group for start, group in TOGETHER.items() if nodeid.startswith(start))
            return next(groups, nodeid)

    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give two workers the slow tests first, so that neither waits long for the other's last."""
    if hasattr(config, "workerinput"):  # pytest-xdist's
        items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def cookiecutter_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a configuration that keeps cookiecutter's folders out of the user's home."""
    home = tmp_path_factory.mktemp("cookiecutter")
    config = home / "config.yaml"
    config.write_text(
        f'cookiecutters_dir: "{(home / "templates").as_posix()}"\n'
        f'replay_dir: "{(home / "replay").as_posix()}"\n',
        encoding="utf-8",
    )
    return config


@pytest.fixture(autouse=True)
def cookiecutter_home(cookiecutter_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test that configuration."""
    monkeypatch.setenv("COOKIECUTTER_CONFIG", str(cookiecutter_config))


@pytest.fixture(scope="session")
def baked(
    tmp_path_factory: pytest.TempPathFactory, cookiecutter_config: Path
) -> Callable[..., Path]:
    """Return a function that returns the folder of a project, baked at its first use."""
    bakes: dict[tuple, Path] = {}

    def bake_once(**context: str) -> Path:
        context = {"project_name": "My Pipeline", "ci": "none"} | context
        kind = tuple(sorted(context.items()))
        if kind not in bakes:
            bakes[kind] = Path(
                cookiecutter(
                    str(TEMPLATE),
                    no_input=True,
                    config_file=str(cookiecutter_config),
                    output_dir=str(tmp_path_factory.mktemp("baked")),
                    extra_context=context,
                )
            )
        return bakes[kind]

    return bake_once


@pytest.fixture
def bake(baked: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """Return a function that gives a project of the test's own: a copy of a baked one."""

    def copy_of_baked(**context: str) -> Path:
        source = baked(**context)
        return Path(shutil.copytree(source, tmp_path / "bakes" / source.name, symlinks=True))

    return copy_of_baked


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
        path = os.pathsep.join((str(project / "src"), str(project), UNSYNCED))
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


# Each command line is as in a process of its own, but for the imports of Dagster and Polars.
ONE_AFTER_ANOTHER = """
import contextlib, io, json, os, sys
import dagster, polars, run_polster

def one(argv, variables):
    out, err = io.StringIO(), io.StringIO()
    before = dict(os.environ)
    os.environ.update(variables)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = run_polster.main(argv)
        except SystemExit as end:
            status = end.code
            if isinstance(status, str):
                print(status, file=sys.stderr)
                status = 1
    os.environ.clear()
    os.environ.update(before)
    for name in [n for n in sys.modules if n.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    return status, out.getvalue(), err.getvalue()

PACKAGE = sys.argv[1]
print(json.dumps([one(argv, variables) for argv, variables in json.load(sys.stdin)]))
"""


@pytest.fixture
def run_each(run) -> Callable[..., list[subprocess.CompletedProcess[str]]]:
    """Return a function that gives run_polster.py several command lines, in one process.

    Where only the answer matters, this saves the seconds in which Dagster is imported.
    """

    def run_commands(
        project: Path, *commands: Sequence[str], variables: Sequence[Mapping[str, str]] = ()
    ) -> list[subprocess.CompletedProcess[str]]:
        cases = [[list(c), {}] for c in commands] + [[[], dict(v)] for v in variables]
        package = next((project / "src").iterdir()).name
        done = run(project, "-c", ONE_AFTER_ANOTHER, package, input=json.dumps(cases))
        return [
            subprocess.CompletedProcess(case, *answer)
            for case, answer in zip(cases, json.loads(done.stdout), strict=True)
        ]

    return run_commands
