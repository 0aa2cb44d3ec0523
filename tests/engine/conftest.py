"""A baked project whose package the engine's tests import, and a short way to run assets in it."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[2]
MODULES = {
    "credentials": "polster.storage.credentials",
    "polster": "polster",
    "delta": "polster.storage.delta",
    "errors": "polster.storage.errors",
    "files": "polster.sources.files",
    "scratch": "polster.storage.scratch",
    "store": "polster.storage.store",
}


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory):
    """The modules of a baked project, as attributes; `root` is its folder."""
    folder = tmp_path_factory.mktemp("engine")
    context = {"project_name": "Engine Lab", "ci": "none", "starter": "standard"}
    root = Path(
        cookiecutter(str(TEMPLATE), no_input=True, output_dir=str(folder), extra_context=context)
    )
    sys.path.insert(0, str(root / "src"))
    modules = {
        name: importlib.import_module(f"engine_lab.{path}") for name, path in MODULES.items()
    }
    yield SimpleNamespace(root=root, **modules)
    sys.path.remove(str(root / "src"))


@pytest.fixture
def io_manager(engine, tmp_path: Path):
    """The I/O manager on an empty folder."""
    return engine.polster.PolarsIOManager(storage_url=str(tmp_path / "data"))


@pytest.fixture
def materialize(io_manager) -> Callable[..., dg.ExecuteInProcessResult]:
    """Run assets with the real I/O manager; a failure does not raise but is in the result."""

    def run(*assets, manager=None, **options) -> dg.ExecuteInProcessResult:
        options = {"raise_on_error": False, "instance": dg.DagsterInstance.ephemeral()} | options
        return dg.materialize(
            list(assets), resources={"io_manager": manager or io_manager}, **options
        )

    return run


@pytest.fixture
def error_of() -> Callable[[dg.ExecuteInProcessResult], str]:
    """Return the sentence with which the only failed step of a run failed."""

    def sentence(result: dg.ExecuteInProcessResult) -> str:
        failed = [e for e in result.all_events if e.is_step_failure]
        assert len(failed) == 1, [e.step_key for e in failed]
        return failed[0].step_failure_data.error.message

    return sentence
