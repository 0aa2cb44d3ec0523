"""Whatever is wrong around it, run_polster.py ends with one sentence: never with a traceback."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import clean_environment

pytestmark = pytest.mark.slow

Run = Callable[..., subprocess.CompletedProcess[str]]
FILES_OF_UNIX = pytest.mark.skipif(os.name == "nt", reason="such files are Unix's")
CONFLICT = "<<<<<<< before updating\n"


@pytest.fixture
def pipeline(project: Path, run: Run) -> Path:
    """Return a project with one asset."""
    run(project, "-m", "polster_tasks", "add-asset", "--layer", "bronze", "--name", "a")
    return project


def sentence_of(project: Path, *arguments: str, python: str = sys.executable, **extra: str) -> str:
    """Return the one sentence with which run_polster.py refuses."""
    done = subprocess.run(
        [python, "run_polster.py", *arguments],
        cwd=project,
        env=clean_environment(**extra),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 1, done
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("run_polster.py: ")
    return done.stderr.removeprefix("run_polster.py: ").rstrip("\n")


@FILES_OF_UNIX
@pytest.mark.parametrize(
    "output", [">&-", ">&- 2>&-", ">/dev/full", ">/dev/full 2>&1", "| head -0"]
)
def test_output_that_cannot_be_written_fails_no_command(pipeline: Path, output: str) -> None:
    for arguments in ([], ["--status"]):
        words = shlex.join([sys.executable, "run_polster.py", *arguments])
        done = subprocess.run(
            ["sh", "-c", f"{{ {words}; echo $? >&3; }} 3>status {output}"],
            cwd=pipeline,
            env=clean_environment(),
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
        assert (pipeline / "status").read_text() == "0\n"
        assert done.stderr == ""
    assert (pipeline / "data/bronze/bronze_a.parquet").is_file()


@FILES_OF_UNIX
@pytest.mark.parametrize("name", ["pyproject.toml", ".env", ".dagster/dagster.yaml"])
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_file_that_never_ends_is_not_read(
    pipeline: Path, name: str, make: Callable[[Path], None]
) -> None:
    (pipeline / name).unlink(missing_ok=True)
    make(pipeline / name)
    sentence = sentence_of(pipeline, "--status")
    assert sentence.endswith(f"{name} is not a regular file. Replace it with one.")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("pyproject.toml", "a = " + 100_000 * "[", "cannot be read: maximum recursion depth"),
        ("pyproject.toml", "#" * 1_000_001, "is larger than 1,000,000 bytes"),
        (".env", "A=b\0c", "holds a value that cannot be set"),
    ],
    ids=["nested too deeply", "too large", "NUL"],
)
def test_settings_that_cannot_be_read_are_named(
    pipeline: Path, name: str, content: str, expected: str
) -> None:
    (pipeline / name).write_text(content, encoding="utf-8")
    assert f"{name} {expected}" in sentence_of(pipeline, "--status")


def test_a_folder_called_env_is_an_environment_and_not_read(pipeline: Path, run: Run) -> None:
    (pipeline / ".env").mkdir()
    assert "bronze_a" in run(pipeline, "run_polster.py", "--status").stdout


def test_a_damaged_database_is_named(pipeline: Path, run: Run) -> None:
    run(pipeline, "run_polster.py")
    os.truncate(pipeline / ".dagster/history/runs/index.db", 5000)
    for arguments in ([], ["--status"]):
        sentence = sentence_of(pipeline, *arguments)
        assert "database disk image is malformed" in sentence
        assert str(pipeline / ".dagster") in sentence


def test_an_exit_in_an_asset_file_is_named_and_does_not_decide_the_status(pipeline: Path) -> None:
    asset = next((pipeline / "src/my_pipeline/defs/bronze").glob("a*.py"))
    text = asset.read_text(encoding="utf-8")
    for value in ("3", "0"):
        asset.write_text(f"{text}\nraise SystemExit({value})\n", encoding="utf-8")
        for arguments in ([], ["--status"]):
            sentence = sentence_of(pipeline, *arguments)
            assert sentence.startswith(f"The pipeline does not load: SystemExit: {value} (")
            assert str(asset) in sentence


@pytest.mark.parametrize("module", ["environment", "errors", "loading", "run"])
def test_conflict_markers_in_polsters_files_are_named_with_the_way_back(
    pipeline: Path, module: str
) -> None:
    file = pipeline / "src/my_pipeline/polster/commands" / f"{module}.py"
    file.write_text(CONFLICT + file.read_text(encoding="utf-8"), encoding="utf-8")
    sentence = sentence_of(pipeline)
    assert f"({file}, line 1)" in sentence
    assert "`polster upgrade --force src/my_pipeline/polster` brings" in sentence


def test_conflict_markers_in_the_users_package_are_named(pipeline: Path) -> None:
    file = pipeline / "src/my_pipeline/__init__.py"
    file.write_text(CONFLICT, encoding="utf-8")
    sentence = sentence_of(pipeline)
    assert sentence.startswith("The pipeline does not load: SyntaxError:")
    assert f"({file}, line 1)" in sentence


def test_what_nobody_foresaw_is_one_sentence_and_a_traceback_with_verbose(
    pipeline: Path, run: Run
) -> None:
    file = pipeline / "src/my_pipeline/polster/commands/status.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}\n\ndef show(*_):\n    raise TypeError('a\\nb')\n", encoding="utf-8")
    sentence = sentence_of(pipeline, "--status")
    assert sentence == "unexpected error: TypeError: a b; --verbose shows the traceback."
    done = run(pipeline, "run_polster.py", "--status", "--verbose", check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
