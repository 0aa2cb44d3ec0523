"""Run the `polster` command of this checkout as a process, with or without a terminal."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

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
        typed = False
        try:
            while True:
                if not typed and wait.encode() in shown:
                    os.write(terminal, keys.encode())
                    typed = True
                if not (piece := os.read(terminal, 4096)):
                    break
                shown += piece
        except OSError:  # Linux says end of file with an error
            pass
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status), shown.decode(errors="replace")

    return run_on_terminal
