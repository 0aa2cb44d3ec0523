"""The transcripts of docs/polster-command.md are true to the letter, and so is its reference."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import clean_environment, find_uv, make_environment, uv_path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "polster-command.md").read_text(encoding="utf-8")
TRANSCRIPTS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
SHOWN = re.findall(r"```\n\$ polster (.*)\n((?:(?!```).*\n)*)```", PAGE)
LAST = {
    "pipx": 'pipx run --spec "git+$POLSTER" polster ui',
    "uvx": 'uvx --from "git+$POLSTER" polster ui',
    "cookiecutter": "nox -s ui",
    "cruft": "nox -s ui",
    "polster": "polster ui",
}
Run = Callable[..., subprocess.CompletedProcess[str]]


def ids(transcript: str) -> str:
    """Name a transcript by the command that it begins with."""
    return transcript.split()[0]


@pytest.fixture(scope="module")
def stranger(workshop: Path, installed: Path, run_in: Run) -> dict[str, Path]:
    """Return, for each door, the commands that a user of it has: Dagster is nowhere among them."""
    venv = make_environment(workshop / "tools", "cookiecutter", "cruft", "nox", "pipx")
    uv = uv_path()
    needs = {"pipx": ["pipx"], "uvx": [], "cookiecutter": ["cookiecutter", "nox"]}
    needs |= {"cruft": ["cruft", "nox"], "polster": []}
    folders = {}
    for door, names in needs.items():
        folders[door] = workshop / "commands" / door
        folders[door].mkdir(parents=True)
        for name in names:
            (folders[door] / name).symlink_to(venv / "bin" / name)
        for path in (Path(uv), Path(uv).with_name("uvx")) if uv else ():
            (folders[door] / path.name).symlink_to(path)
    (folders["polster"] / "polster").symlink_to(installed / "bin" / "polster")
    return folders


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the transcripts are a POSIX shell's")
@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=ids)
def test_a_new_users_transcript(
    transcript: str,
    repository: Path,
    stranger: dict[str, Path],
    run_in: Run,
    tmp_path: Path,
) -> None:
    """Every line works with what its first line needs; the last one serves the UI until Ctrl-C."""
    *lines, last = transcript.splitlines()
    door = ids(transcript)
    assert last == LAST[door]
    if door == "uvx":
        find_uv()
    extra = {
        "PATH": os.pathsep.join((str(stranger[door]), "/usr/bin", "/bin")),
        "POLSTER": repository.as_uri(),
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
    }
    run_in(tmp_path, "bash", "-euc", "\n".join(lines), timeout=900, **extra)
    (project,) = (path.parent for path in tmp_path.glob("*/run_polster.py"))
    environment = clean_environment(**extra, PIPX_HOME=str(tmp_path / "pipx"))
    with subprocess.Popen(
        ["bash", "-euc", last],
        cwd=project, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    ) as ui:  # fmt: skip
        assert ui.stdout is not None
        shown = []
        try:
            for line in ui.stdout:
                shown.append(line)
                if found := re.search(r"http://127\S+", line):
                    break
            assert found, "".join(shown)
            assert "Dagster" in wait_for(found[0], ui)
        finally:
            stop(ui)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the commands are quoted for a POSIX shell")
@pytest.mark.parametrize("door", ["pipx", "uvx", "polster"])
def test_what_init_says_next_works_in_the_same_shell(
    door: str, checkout: Path, stranger: dict[str, Path], run_in: Run, tmp_path: Path
) -> None:
    if door == "uvx":
        find_uv()
    source = shlex.quote(str(checkout))
    start = {"pipx": f"pipx run --spec {source} polster", "uvx": f"uvx --from {source} polster"}
    extra = {
        "PATH": os.pathsep.join((str(stranger[door]), "/usr/bin", "/bin")),
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
    }
    made = run_in(tmp_path, "bash", "-euc", f"{start.get(door, 'polster')} init shop", **extra)
    *lines, last = [line for line in made.stdout.splitlines() if line.startswith("  ")]
    assert lines[0] == "  cd shop" and last.endswith(" polster ui" if door != "polster" else "ui")
    status = last.removesuffix("ui") + "status"  # of the same door; it ends by itself
    run_in(tmp_path, "bash", "-euc", "\n".join([*lines, status]), timeout=900, **extra)
    assert (tmp_path / "shop/src/shop/defs/bronze/raw_orders.py").is_file()


def stop(process: subprocess.Popen[str]) -> None:
    """Press Ctrl-C, which a terminal sends to all of its foreground processes."""
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


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
    assert [ids(transcript) for transcript in TRANSCRIPTS] == list(LAST)


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
