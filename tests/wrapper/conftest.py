"""Run the `polster` command of this checkout as a process, with or without a terminal."""

import io
import logging
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from polster.__main__ import main
from polster.template import version

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
            patch.setattr("polster.door.own_command", lambda: "polster")
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
    (root / "polster_tasks" / "__init__.py").write_text('__version__ = "0.0.1"\n', encoding="utf-8")
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


LATER = "99.0.0"
TEMPLATE_FOLDER = "{{cookiecutter.project_slug}}"
PACKAGE_FOLDER = "src/{{cookiecutter.__package_name}}"


def append(path: Path, text: str) -> None:
    """Add a line to a text file."""
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(text)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a project by relative path, without what Python or Polster keeps."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and not {"__pycache__", ".polster", ".git"} & set(path.relative_to(folder).parts)
    }


@pytest.fixture(scope="session")
def later_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a later release of this template: files changed, added, removed, a dependency more."""
    copy = tmp_path_factory.mktemp("later") / "polster"
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
    for name in ("cookiecutter.json", "hooks", TEMPLATE_FOLDER):
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=ignored)
        else:
            copy.mkdir(exist_ok=True)
            shutil.copy(source, copy / name)
    template = copy / TEMPLATE_FOLDER
    init = template / "polster_tasks" / "__init__.py"
    text = init.read_text(encoding="utf-8").replace(f'"{version()}"', f'"{LATER}"')
    init.write_text(text, encoding="utf-8", newline="\n")
    for name in (
        "README.md",
        "noxfile.py",
        "workspace.yaml",
        "polster_tasks/layers.py",
        "polster_tasks/report.py",
        f"{PACKAGE_FOLDER}/polster/project.py",
    ):
        append(template / name, "# later\n")
    # Modules that need what is new in others, which come later in the alphabet.
    append(template / "polster_tasks/report.py", "\n\ndef later() -> None: ...\n")
    append(template / "polster_tasks/commands.py", "\n\nfrom .report import later  # noqa\n")
    for name in ("polster_tasks/later/__init__.py", f"{PACKAGE_FOLDER}/polster/later.py"):
        (template / name).parent.mkdir(exist_ok=True)
        (template / name).write_text('"""Later."""\n', encoding="utf-8")
    (template / "tests" / "conftest.py").unlink()
    (template / PACKAGE_FOLDER / "defs" / "alerts.py").unlink()
    pyproject = template / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    assert "line-length = 100" in text and '    "rich>=13",\n' in text
    text = text.replace('    "rich>=13",\n', '    "rich>=14",\n    "tenacity>=9",\n')
    pyproject.write_text(text.replace("line-length = 100", "line-length = 120"), encoding="utf-8")

    hook = copy / "hooks" / "post_gen_project.py"
    text = hook.read_text(encoding="utf-8")
    gone = ("tests/conftest.py", f"{PACKAGE_FOLDER}/defs/alerts.py")
    come = ("polster_tasks/later/__init__.py", f"{PACKAGE_FOLDER}/polster/later.py")
    for name in gone:
        assert f"\n{name}\n" in text
        text = text.replace(f"\n{name}\n", "\n")
    text = text.replace(
        "\npolster_tasks/__init__.py\n", "\n".join(("", *come, "polster_tasks/__init__.py", ""))
    )
    hook.write_text(text, encoding="utf-8", newline="\n")
    return copy


@pytest.fixture
def later_release(later_template: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make this process's `polster` that of the later release; return its version."""
    monkeypatch.setattr("polster.create.template", lambda: later_template)
    monkeypatch.setattr("polster.template.template", lambda: later_template)
    return LATER


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out, in this process, what only matters when the power fails."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
