"""Run the `polster` command of this checkout as a process, with or without a terminal."""

import io
import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from polster.__main__ import main

REPOSITORY = Path(__file__).resolve().parents[2]
LEAKS = ("VIRTUAL_ENV", "PYTHONSAFEPATH", "NO_COLOR", "FORCE_COLOR")
Run = Callable[..., subprocess.CompletedProcess[str]]

# A project whose tooling reports how it was called.
SPY = """\
import os, sys
print(sys.argv[1:])
print(os.getcwd())
print(__file__)
print(sys.stdin.read() if not sys.stdin.isatty() else "a terminal")
sys.exit(7)
"""


def environment(**extra: str) -> dict[str, str]:
    """Return a clean environment in which this checkout's `polster` package is importable."""
    kept = {name: value for name, value in os.environ.items() if name not in LEAKS}
    return kept | {"PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "utf-8"} | extra


@pytest.fixture
def polster() -> Run:
    """Return a function that runs `polster ARGUMENTS` in a folder, off a terminal."""

    def run_polster(
        *argv: str | Path, cwd: Path, env: Mapping[str, str] | None = None, input: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "polster", *map(str, argv)],
            cwd=cwd,
            env=environment(**(env or {})),
            input=input,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )

    return run_polster


@pytest.fixture
def polster_here(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Return a function like `polster` that stays in this process: baking is then much faster."""

    def run_polster(
        *argv: str | Path, cwd: Path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as patch:
            patch.chdir(cwd)
            patch.setattr(sys, "argv", ["polster", *map(str, argv)])
            patch.setattr(sys, "stdin", io.StringIO())
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            capfd.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = capfd.readouterr()
        return subprocess.CompletedProcess(argv, int(ended.value.code or 0), out, err)

    level = logging.getLogger("cookiecutter").level
    yield run_polster
    logging.getLogger("cookiecutter").setLevel(level)


@pytest.fixture
def spy_project(tmp_path: Path) -> Path:
    """Return a project whose polster_tasks and run_polster.py report how they were called."""
    root = tmp_path / "a spy's projéct"
    (root / "polster_tasks").mkdir(parents=True)
    (root / "pyproject.toml").write_text("[tool.polster]\nignore = []\n", encoding="utf-8")
    (root / "polster_tasks" / "__init__.py").write_text('__version__ = "0.1.0"\n', encoding="utf-8")
    (root / "polster_tasks" / "__main__.py").write_text(SPY, encoding="utf-8")
    (root / "run_polster.py").write_text(SPY, encoding="utf-8")
    return root


@pytest.fixture
def on_terminal() -> Callable[..., tuple[int, str]]:
    """Return a function that runs `polster ARGUMENTS` on a terminal; `keys` are typed after `wait`.

    It returns the exit status and all that the terminal showed.
    """
    pty = pytest.importorskip("pty", reason="pseudo-terminals exist on Linux and macOS only")

    def run_on_terminal(*argv: str, cwd: Path, keys: str = "", wait: str = "") -> tuple[int, str]:
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(cwd)
            command = [sys.executable, "-m", "polster", *argv]
            os.execve(sys.executable, command, environment(TERM="dumb", NO_COLOR="1"))
        shown = b""
        patience = (
            20  # of three seconds each: a terminal that changes its mode can drop what is typed
        )
        typed = False
        while patience:
            if wait.encode() in shown and not typed:
                os.write(terminal, keys.encode())
                typed = True
            if not select.select([terminal], [], [], 3)[0]:
                patience -= 1
                typed = False
                continue
            try:
                piece = os.read(terminal, 4096)
            except OSError:  # Linux says end of file with an error
                break
            if not piece:
                break
            shown += piece
        else:
            os.kill(pid, signal.SIGKILL)
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status), shown.decode(errors="replace")

    return run_on_terminal
