"""An upgrade that is killed, or fails, at any act: the project works, and nothing is lost.

Each process here is forked, so that hundreds of them, killed one act later each, take seconds. An
act is whatever changes the disk: Python tells of each just before it happens.
"""

import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from polster.errors import Refusal
from polster.upgrading import apply, store
from polster.upgrading import upgrade as upgrading
from polster.upgrading.manifest import read_manifest
from polster.upgrading.plan import Force
from polster.upgrading.release import bake_release
from tests.wrapper.conftest import append, contents

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes as POSIX has them")

ACTS = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.chmod", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
REFUSED = 3  # the exit status of a process that ended with a Refusal
INTERRUPTED = 130
SURVIVED = 4  # and of one that went on in spite of a disturbance


class Case(NamedTuple):
    """A project with its user's edits, what the upgrade makes of it, and how to try."""

    before: Path
    after: dict[str, bytes]
    upgrade: Callable[[Path], None]
    undo: Callable[[Path], None]


def silent(_: str) -> None:
    """Say nothing."""


@pytest.fixture
def case(
    project: Path, later_release: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Case:
    """Return a project with edits, deletions and additions, ready for the later release."""
    append(project / "README.md", "# mine\n")
    append(project / "polster_tasks/terminal.py", "# mine\n")
    (project / "workspace.yaml").unlink()
    (project / "polster_tasks/mine.py").write_text("# mine\n", encoding="utf-8")
    (project / "src/my_pipeline/defs/gold/mine.py").write_text("# mine\n", encoding="utf-8")
    known = read_manifest(project)
    assert known
    release = bake_release(known.answers)
    monkeypatch.setattr(upgrading, "bake_release", lambda _: release)

    def upgrade(root: Path) -> None:
        upgrading.upgrade(root, Force(False), dry_run=False, verbose=False, say=silent)

    def undo(root: Path) -> None:
        upgrading.undo(root, dry_run=False, say=silent)

    whole = Path(shutil.copytree(project, tmp_path / "whole"))
    upgrade(whole)
    return Case(project, contents(whole), upgrade, undo)


def in_a_process(work: Callable[[], object]) -> int:
    """Do `work` in a process of its own; return its exit status, or minus the signal."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except Refusal:
            os._exit(REFUSED)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def disturb(number: int, root: Path, disturbance: Callable[[int], None]) -> None:
    """Call `disturbance` at act `number` below `root`, and at each later one."""
    seen = 0

    def hook(event: str, arguments: tuple) -> None:
        nonlocal seen
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        if not writes and event not in ACTS:
            return
        if not any(str(root) in str(argument) for argument in arguments[:2]):
            return
        seen += 1
        if seen >= number:
            disturbance(seen - number)

    sys.addaudithook(hook)


def killed(number: int, root: Path, work: Callable[[Path], None]) -> bool:
    """Do `work` in a process that is killed at act `number`; tell whether it came that far."""

    def kill(_: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def disturbed() -> None:
        disturb(number, root, kill)
        work(root)

    status = in_a_process(disturbed)
    assert status in (0, -signal.SIGKILL)
    return status != 0


def copies(case: Case, tmp_path: Path, step: int = 1) -> Iterator[tuple[int, Path]]:
    """Yield numbers from 1 on, each with a fresh copy of the project; stop it yourself."""
    for number in range(1, 1000, step):
        root = tmp_path / "copy"
        shutil.rmtree(root, ignore_errors=True)
        # Links are quick, and safe: an upgrade never writes into a file that is there.
        yield number, Path(shutil.copytree(case.before, root, copy_function=os.link))
    raise AssertionError("it never ended")


@cache
def compiles(text: bytes) -> bool:
    """Tell that a file is Python: nothing was cut off."""
    compile(text, "a file", "exec")
    return True


@cache
def validates(files: frozenset[tuple[str, bytes]], root: Path) -> bool:
    """Tell whether the project validates, by its own tooling, in a process of its own."""

    def validate() -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == "polster_tasks"]:
            del sys.modules[name]
        sys.path.insert(0, str(root))
        sys.dont_write_bytecode = True
        from polster_tasks.__main__ import main

        assert Path(sys.modules["polster_tasks"].__file__ or "").parent.parent == root
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os._exit(main(["validate", "--project", str(root)]))

    return in_a_process(validate) == 0


def check_whole(root: Path, case: Case) -> None:
    """Check that every file is whole, none is missing, and the project validates."""
    before, present = contents(case.before), contents(root)
    for path in {**before, **case.after, **present}:
        if path.endswith(".polster-new"):
            continue
        assert present.get(path) in (before.get(path), case.after.get(path)), path
    assert all(compiles(text) for path, text in present.items() if path.endswith(".py"))
    assert validates(frozenset(present.items()), root)


def check_tidy(root: Path) -> None:
    """Check that nothing is left of an interrupted upgrade but its copies."""
    assert not list(root.rglob("*.polster-new"))
    left = {path.suffix for path in (root / ".polster/upgrade").glob("0*")}
    assert left <= {"", ".undone"}


def test_killed_at_every_act_the_project_works_and_the_next_upgrade_finishes(
    case: Case, tmp_path: Path
) -> None:
    before = contents(case.before)
    for number, root in copies(case, tmp_path):
        if not killed(number, root, case.upgrade):
            break
        check_whole(root, case)
        assert in_a_process(lambda root=root: case.upgrade(root)) == 0
        assert contents(root) == case.after
        check_tidy(root)
        if number % 3 == 0:
            assert in_a_process(lambda root=root: case.undo(root)) == 0
            assert contents(root) == before
    assert number > 50


def test_killed_at_every_act_an_undo_goes_back_byte_for_byte(case: Case, tmp_path: Path) -> None:
    before = contents(case.before)
    for number, root in copies(case, tmp_path):
        if not killed(number, root, case.upgrade):
            break
        changed = contents(root) != before
        status = in_a_process(lambda root=root: case.undo(root))
        assert status == 0 or (status == REFUSED and not changed)
        remaining = contents(root)
        assert {path: text for path, text in remaining.items() if path in before} == before
        assert in_a_process(lambda root=root: case.upgrade(root)) == 0
        assert contents(root) == case.after
        check_tidy(root)


def test_killed_at_every_act_of_an_undo_the_next_one_finishes(case: Case, tmp_path: Path) -> None:
    before = contents(case.before)
    case.upgrade(case.before)
    upgraded = case
    for number, root in copies(upgraded, tmp_path):
        kept = {path.read_bytes() for path in root.glob(".polster/upgrade/0*/old/**/*.*")}
        if not killed(number, root, case.undo):
            break
        present = contents(root)
        for path in {**before, **case.after}:
            assert present.get(path) in (before.get(path), case.after.get(path)), path
        assert validates(frozenset(present.items()), root)
        command = case.undo if number % 2 else case.upgrade
        assert in_a_process(lambda root=root, command=command: command(root)) == 0
        assert contents(root) in (before, case.after)
        if number % 2 or contents(root) == before:
            assert contents(root) == before
            check_tidy(root)
        assert {path.read_bytes() for path in root.glob(".polster/upgrade/0*/old/**/*.*")} >= kept
    assert number > 20


def test_killed_again_while_it_finishes_it_still_finishes(case: Case, tmp_path: Path) -> None:
    for number, root in copies(case, tmp_path, step=29):
        if not killed(number, root, case.upgrade):
            break
        for again in range(1, 200, 5):
            if not killed(again, root, case.upgrade):
                break
            check_whole(root, case)
        assert contents(root) == case.after
        check_tidy(root)


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("command", ["upgrade", "undo"])
def test_a_full_disk_at_any_act_is_one_sentence_and_everything_is_as_before(
    command: str, lasting: bool, case: Case, tmp_path: Path
) -> None:
    old = contents(case.before)
    if command == "undo":
        case.upgrade(case.before)
    before, after = (old, case.after) if command == "upgrade" else (case.after, old)
    work = case.upgrade if command == "upgrade" else case.undo
    refused = 0
    for number, root in copies(case, tmp_path, step=3 if lasting else 1):
        status = in_a_process(
            lambda number=number, root=root: out_of_space(number, root, lasting, work)
        )
        if status == 0:
            break
        assert status in (SURVIVED, REFUSED)
        refused += status == REFUSED
        present = contents(root)
        if status == SURVIVED:
            assert present == after
        elif not lasting:
            assert present == before
            check_tidy(root)
        else:
            assert validates(frozenset(present.items()), root)
        if status == REFUSED:
            again = in_a_process(lambda root=root: work(root))
            assert again == 0 or (command == "undo" and contents(root) == old)
        assert contents(root) == after
        check_tidy(root)
    assert refused > 10


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("command", ["upgrade", "undo"])
def test_ctrl_c_at_any_act_takes_everything_back(
    command: str, when: str, case: Case, tmp_path: Path
) -> None:
    if command == "undo":
        case.upgrade(case.before)
    work = case.upgrade if command == "upgrade" else case.undo
    before = contents(case.before)
    states = {path.name for path in case.before.glob(".polster/upgrade/0*")}
    for number, root in copies(case, tmp_path, step=4 if when == "before" else 1):
        status = in_a_process(lambda n=number, root=root: pressed(n, root, when, False, work))
        if status == 0:
            break
        assert status == INTERRUPTED, status
        assert contents(root) == before
        left = {path.name for path in root.glob(".polster/upgrade/0*")}
        assert {name for name in left if not name.endswith(".new")} == states
        assert in_a_process(lambda root=root: work(root)) == 0
    assert number > 10


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("command", ["upgrade", "undo"])
def test_ctrl_c_again_and_again_says_what_to_do_next(
    command: str, when: str, case: Case, tmp_path: Path
) -> None:
    if command == "undo":
        case.upgrade(case.before)
    work = case.upgrade if command == "upgrade" else case.undo
    before = contents(case.before)
    halfway = 0
    for number, root in copies(case, tmp_path, step=3 if when == "before" else 1):
        status = in_a_process(lambda n=number, root=root: pressed(n, root, when, True, work))
        if status == 0:
            break
        unfinished = [
            path
            for path in root.glob(".polster/upgrade/0*")
            if path.suffix in (".active", ".undoing")
        ]
        # A Refusal has a sentence; without one, nothing is halfway.
        assert status == (REFUSED if unfinished else INTERRUPTED)
        assert unfinished or contents(root) == before
        halfway += len(unfinished)
    assert halfway > 3


def pressed(
    number: int, root: Path, when: str, lasting: bool, work: Callable[[Path], None]
) -> None:
    """Do `work` while Ctrl-C comes before act `number`, or after a rename, and perhaps again."""
    seen = 0

    def press(since: int) -> None:
        if since == 0 or (lasting and since < 3):
            raise KeyboardInterrupt

    def after_renaming(_: Path) -> None:
        nonlocal seen
        seen += 1
        if seen >= number:
            press(seen - number)

    if when == "before":
        disturb(number, root, press)
    else:
        for module in (apply, store):
            module.sync_folder = after_renaming  # a rename comes before each
    try:
        work(root)
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)
    except Refusal as refusal:
        assert str(refusal).startswith("Interrupted. ") and refusal.status == INTERRUPTED
        raise


def out_of_space(number: int, root: Path, lasting: bool, work: Callable[[Path], None]) -> None:
    """Do `work` on a disk that is full at act `number`, and perhaps from then on."""
    disturbed = False

    def full(since: int) -> None:
        nonlocal disturbed
        disturbed = True
        if lasting or since == 0:
            raise OSError(errno.ENOSPC, "No space left on device")

    disturb(number, root, full)
    work(root)
    os._exit(SURVIVED if disturbed else 0)


def test_what_a_person_edits_between_a_kill_and_the_next_upgrade_is_not_lost(
    case: Case, tmp_path: Path
) -> None:
    edited = 0
    for number, root in copies(case, tmp_path, step=3):
        if not killed(number, root, case.upgrade):
            break
        if not list(root.glob(".polster/upgrade/*.active")):
            continue
        mine = (root / "noxfile.py").read_bytes() + b"# since\n"
        (root / "noxfile.py").unlink()
        (root / "noxfile.py").write_bytes(mine)
        (root / "pyproject.toml").unlink()
        command = case.upgrade if number % 2 else case.undo
        assert in_a_process(lambda root=root, command=command: command(root)) == 0
        assert (root / "noxfile.py").read_bytes() == mine
        assert not (root / "pyproject.toml").exists()
        edited += 1
    assert edited > 8


@pytest.mark.slow
def test_dagster_loads_the_project_wherever_the_upgrade_was_killed(
    case: Case, tmp_path: Path, run: Callable[..., object]
) -> None:
    seen = set()
    for number, root in copies(case, tmp_path):
        if not killed(number, root, case.upgrade):
            break
        state = frozenset(contents(root).items())
        if state in seen:
            continue
        seen.add(state)
        if len(seen) % 4 == 0:
            run(root, "-c", "from my_pipeline.definitions import defs; print(defs)")
    assert len(seen) > 8
