"""The transcripts of docs/polster-command.md are true to the letter, and so is its reference."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import uv

from conftest import UNSYNCED
from tests.doors.conftest import contents

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "polster-command.md").read_text(encoding="utf-8")
TRANSCRIPTS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
SHOWN = re.findall(r"```\n\$ polster (.*)\n((?:(?!```).*\n)*)```", PAGE)
LAST = "python run_polster.py --ui"
Run = Callable[..., subprocess.CompletedProcess[str]]


def ids(transcript: str) -> str:
    """Name a transcript by the command that it begins with."""
    return transcript.split()[0]


@pytest.fixture(scope="module")
def served() -> list[dict[str, bytes]]:
    """Return the files of the projects whose UI was seen."""
    return []


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the transcripts are a POSIX shell's")
@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=ids)
def test_a_new_users_transcript(
    transcript: str,
    repository: Path,
    installed: Path,
    run_in: Run,
    served: list[dict[str, bytes]],
    tmp_path: Path,
) -> None:
    """Every line as it stands; the last one serves Dagster's UI, until Ctrl-C.

    Most doors lead to the same project to the byte: its UI is started once.
    """
    *lines, last = transcript.splitlines()
    assert last == LAST
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "polster").symlink_to(installed / "bin" / "polster")
    folders = (commands, Path(sys.executable).parent, Path(uv.find_uv_bin()).parent)
    extra = {
        "PATH": os.pathsep.join((*map(str, folders), os.environ["PATH"])),
        "POLSTER": repository.as_uri(),
        "PYTHONPATH": UNSYNCED,
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
    }
    run_in(tmp_path, "bash", "-euc", "\n".join(lines), timeout=900, **extra)
    (project,) = (path.parent for path in tmp_path.glob("*/run_polster.py"))
    made = what_counts(project)
    assert f"src/{project.name}/definitions.py" in made
    if made in served:
        return
    with subprocess.Popen(
        last.split(), cwd=project, env=os.environ | extra, stdout=subprocess.PIPE, text=True
    ) as ui:
        assert ui.stdout is not None
        try:
            url = next(found[0] for line in ui.stdout if (found := re.search(r"http://\S+", line)))
            answer = wait_for(url, ui)
        finally:
            ui.send_signal(signal.SIGINT)
            try:
                ui.wait(timeout=120)
            except subprocess.TimeoutExpired:
                ui.kill()
    assert "Dagster" in answer
    served.append(made)


def what_counts(project: Path) -> dict[str, bytes]:
    """Return the files of a project, without what its tools keep for themselves."""
    own = {".polster", ".nox", ".git", ".cruft.json", "__pycache__"}
    return {
        path: content
        for path, content in contents(project).items()
        if not own & set(Path(path).parts)
    }


def wait_for(url: str, server: subprocess.Popen[str], patience: float = 240) -> str:
    """Return what `url` answers, once it does."""
    end = time.monotonic() + patience
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")


def test_there_is_a_transcript_for_each_door() -> None:
    assert [ids(transcript) for transcript in TRANSCRIPTS] == [
        "pipx", "uvx", "cookiecutter", "cruft", "polster",
    ]  # fmt: skip


@pytest.mark.parametrize(("arguments", "output"), SHOWN, ids=[arguments for arguments, _ in SHOWN])
def test_the_reference_is_what_help_prints(arguments: str, output: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "polster", *arguments.split()],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "COLUMNS": "80"},
        capture_output=True,
        text=True,
    )
    assert done.stdout == output


def test_the_reference_shows_every_command_of_polsters_own() -> None:
    assert [arguments for arguments, _ in SHOWN] == ["--help", "init --help", "upgrade --help"]


def test_each_shell_has_its_line() -> None:
    for shell in ("bash", "zsh", "fish"):
        assert f"_POLSTER_COMPLETE={shell}_source polster" in PAGE
