"""The interactive paths, on a real pseudo-terminal."""

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from polster_tasks.__main__ import main
from polster_tasks.project import UsageError
from polster_tasks.terminal import read_selection

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")


class Terminal:
    """A command with a terminal of its own, to be read and typed at."""

    def __init__(self, project: Path, *arguments: str) -> None:
        self.shown = ""
        self.child, self.master = pty.fork()
        if self.child == 0:
            os.chdir(project)
            environment = os.environ | {"PYTHONPATH": str(project), "TERM": "xterm"}
            argv = [sys.executable, "-m", "polster_tasks", *arguments]
            os.execve(sys.executable, argv, environment)

    def until(self, text: str, seconds: float = 60) -> str:
        """Read until a text appears; return what was shown since the last time."""
        start, end = len(self.shown), time.monotonic() + seconds
        while text not in self.shown[start:]:
            assert time.monotonic() < end, f"{text!r} never came:\n{self.shown}"
            if not self._read(end - time.monotonic()):
                pytest.fail(f"it ended before {text!r}:\n{self.shown}")
        return self.shown[start:]

    def type(self, line: str) -> None:
        os.write(self.master, line.encode() + b"\n")

    def wait(self, seconds: float = 120) -> int:
        """Read to the end and return the exit status; what does not end is killed."""
        end = time.monotonic() + seconds
        while self._read(end - time.monotonic()):
            if time.monotonic() > end:
                os.kill(self.child, signal.SIGKILL)
        status = os.waitpid(self.child, 0)[1]
        os.close(self.master)
        return os.waitstatus_to_exitcode(status)

    def _read(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], max(seconds, 0))[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # Linux says so when the other end is closed
            return False
        self.shown += data.decode().replace("\r\n", "\n")
        return bool(data)


@pytest.fixture
def three(project: Path) -> Path:
    """A project with the three bronze assets of the example."""
    for name in ("raw_user_events", "raw_user_logs", "raw_signups"):
        main(["--project", str(project), "add-asset", "--layer", "bronze", "--name", name])
    return project


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Return a function that starts a command on a terminal; what is left over is ended."""
    started: list[Terminal] = []

    def start(project: Path, *arguments: str) -> Terminal:
        started.append(Terminal(project, *arguments))
        return started[-1]

    yield start
    for one in started:
        try:
            os.kill(one.child, signal.SIGKILL)
            os.waitpid(one.child, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def signature(project: Path, layer: str, name: str) -> str:
    text = (project / "src/my_pipeline/defs" / layer / f"{name}.py").read_text(encoding="utf-8")
    return text[text.index("def ") :]


def test_the_menu_is_shown_and_numbers_choose(
    three: Path, terminal: Callable[..., Terminal]
) -> None:
    screen = terminal(three, "add-asset", "--layer", "silver", "--name", "users")
    assert screen.until("numbers):").rstrip() == (
        "Available Bronze assets to depend on:\n"
        "1. raw_signups\n"
        "2. raw_user_events\n"
        "3. raw_user_logs\n"
        "\n"
        "Select dependencies (comma-separated numbers):"
    )
    screen.type("1,3")
    assert screen.wait() == 0
    source = signature(three, "silver", "users")
    assert "bronze_raw_signups" in source and "bronze_raw_user_logs" in source
    assert "bronze_raw_user_events" not in source


def test_everything_is_asked_for_and_a_wrong_answer_is_explained_and_asked_again(
    three: Path, terminal: Callable[..., Terminal]
) -> None:
    screen = terminal(three, "add-asset")
    screen.until("Layer (bronze, silver, gold):")
    screen.type("platinum")
    assert "'platinum' is not a layer" in screen.until("Layer (bronze, silver, gold):")
    screen.type("silver")
    screen.until("Name of the asset:")
    screen.type("Bad Name")
    assert "is not a name for an asset" in screen.until("Name of the asset:")
    screen.type("silver_users")
    screen.until("numbers):")
    wrong_answers = {
        **dict.fromkeys(("4", "0", "3-1"), "not between 1 and 3"),
        **dict.fromkeys(("a", "1-"), "not a number"),
        "": "at least one",
    }
    for wrong, why in wrong_answers.items():
        screen.type(wrong)
        assert why in screen.until("numbers):"), wrong
    screen.type(" 1-2, 2 ")
    screen.until("Description (empty for none):")
    screen.type("Users, as they are 🛒")
    assert screen.wait() == 0
    source = signature(three, "silver", "users")
    assert '"""Users, as they are 🛒"""' in source
    assert source.count(": pl.LazyFrame") == 2


def test_all_chooses_all(three: Path, terminal: Callable[..., Terminal]) -> None:
    screen = terminal(three, "add-asset", "--layer", "silver", "--name", "users")
    screen.until("numbers):")
    screen.type("all")
    assert screen.wait() == 0
    assert signature(three, "silver", "users").count(": pl.LazyFrame") == 3


def test_bronze_is_not_asked_for_dependencies(
    three: Path, terminal: Callable[..., Terminal]
) -> None:
    assert terminal(three, "add-asset", "--layer", "bronze", "--name", "more").wait() == 0


def test_what_is_complete_asks_nothing(three: Path, terminal: Callable[..., Terminal]) -> None:
    more = ("--name", "users", "--dependencies", "raw_signups")
    assert terminal(three, "add-asset", "--layer", "silver", *more).wait() == 0


def test_where_nothing_can_be_offered_it_says_how_to_begin(
    project: Path, terminal: Callable[..., Terminal]
) -> None:
    screen = terminal(project, "add-asset", "--layer", "gold", "--name", "users")
    assert screen.wait() == 1
    assert "add-asset --layer silver" in screen.shown


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("yes", 0), ("n", 1), ("", 1), ("x", 1)])
def test_one_removal_is_confirmed_by_yes(
    answer: str, status: int, three: Path, terminal: Callable[..., Terminal]
) -> None:
    screen = terminal(three, "remove-asset", "--name", "raw_signups")
    assert "src/my_pipeline/defs/bronze/raw_signups.py" in screen.until("[y/N]")
    screen.type(answer)
    assert screen.wait() == status
    assert (three / "src/my_pipeline/defs/bronze/raw_signups.py").exists() == bool(status)


@pytest.mark.parametrize(("answer", "status"), [("CONFIRM", 0), ("confirm", 1), ("y", 1)])
def test_more_than_three_need_confirm_typed(
    answer: str, status: int, three: Path, terminal: Callable[..., Terminal]
) -> None:
    main(["--project", str(three), "add-asset", "--layer", "bronze", "--name", "x"])
    screen = terminal(three, "remove-asset", "--layer", "bronze")
    screen.until("or all):")
    screen.type("1-4")
    screen.until("Type CONFIRM to go on:")
    screen.type(answer)
    assert screen.wait() == status
    assert len([*three.glob("src/my_pipeline/defs/bronze/[!_]*.py")]) == (4 if status else 0)


@pytest.mark.parametrize(("answer", "status"), [("REMOVE_ALL_ASSETS", 0), ("CONFIRM", 1)])
def test_all_needs_its_own_word(
    answer: str, status: int, three: Path, terminal: Callable[..., Terminal]
) -> None:
    screen = terminal(three, "remove-asset")
    assert "1. bronze_raw_signups\n" in screen.until("or all):")
    screen.type("all")
    screen.until("Type REMOVE_ALL_ASSETS to go on:")
    screen.type(answer)
    assert screen.wait() == status
    assert len([*three.glob("src/my_pipeline/defs/bronze/[!_]*.py")]) == (3 if status else 0)


def test_yes_asks_nothing_on_a_terminal_either(
    three: Path, terminal: Callable[..., Terminal]
) -> None:
    assert terminal(three, "remove-asset", "--name", "raw_signups", "--yes").wait() == 0


@pytest.mark.parametrize(("key", "status"), [(b"\x03", 130), (b"\x04", 1)])
def test_ctrl_c_and_ctrl_d_end_it_in_one_line_with_nothing_done(
    key: bytes, status: int, three: Path, terminal: Callable[..., Terminal]
) -> None:
    screen = terminal(three, "add-asset", "--layer", "silver", "--name", "users")
    screen.until("numbers):")
    os.write(screen.master, key)
    assert screen.wait() == status
    assert "Traceback" not in screen.shown
    assert not (three / "src/my_pipeline/defs/silver/users.py").exists()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("1", [0]), ("3,1", [0, 2]), ("1-3,5", [0, 1, 2, 4]), (" 2 - 3 ", [1, 2]), ("2,2,1-2", [0, 1]),
     ("all", [0, 1, 2, 3, 4]), ("ALL ", [0, 1, 2, 3, 4]), ("1,", [0])],
)  # fmt: skip
def test_selections(answer: str, expected: list[int]) -> None:
    assert read_selection(answer, 5) == expected


@pytest.mark.parametrize(
    "answer", ["0", "6", "1-6", "2-1", "x", "-1", "1--2", "1-2-3", "²", "1 2", "", ","]
)
def test_wrong_selections_are_explained(answer: str) -> None:
    with pytest.raises(UsageError, match=r"\w+ \w+"):
        read_selection(answer, 5)
