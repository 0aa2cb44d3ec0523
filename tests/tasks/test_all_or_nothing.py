"""All or nothing: killed at any moment, out of space, not allowed to write, sixteen at once."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from polster.upgrading import lock as upgrading_lock
from polster_tasks.__main__ import main
from polster_tasks.changing import lock
from polster_tasks.project import open_project
from polster_tasks.reading.assets import read_catalog
from polster_tasks.rules.registry import check

Tasks = Callable[..., int]
READING = [
    ("validate",),
    ("list-assets",),
    ("list-assets", "--format", "json"),
    ("add-asset", "--template", "list"),
    ("add-asset", "--layer", "bronze", "--name", "another", "--dry-run"),
]
# It changes nothing itself, because there is no such asset, but completes what was interrupted.
NEXT_CHANGE = ("remove-asset", "--name", "no_such_asset", "--yes")
SEEN: dict[frozenset, list[str]] = {}


def disturb(root: str, at: int, how: str) -> Callable[[], int]:
    """Disturb this process from its n-th act on the project's files on; return a count of acts.

    It is killed or interrupted there, or the disk is full (no new data, but renames) or
    read-only from there on.
    """
    acts = 0

    def act(place: object, *, needs_room: bool = False) -> None:
        nonlocal acts
        if not isinstance(place, str | os.PathLike) or not os.fspath(place).startswith(root):
            return
        acts += 1
        if acts == at and how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if acts == at and how == "interrupt":
            raise KeyboardInterrupt
        if acts >= at and (how == "EROFS" or (how == "ENOSPC" and needs_room)):
            number = getattr(errno, how)
            raise OSError(number, os.strerror(number), os.fspath(place))

    def hook(event: str, args: tuple) -> None:
        if event == "open" and (args[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            act(args[0], needs_room=True)
        elif event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"):
            act(args[0], needs_room=event == "os.mkdir")

    fsync = os.fsync
    os.fsync = lambda handle: (act(root, needs_room=True), fsync(handle))
    sys.addaudithook(hook)
    return lambda: acts


@pytest.fixture
def tasks(project: Path) -> Tasks:
    """Return a function that runs a command in this process and returns the exit status."""
    return lambda *arguments: main(["--project", str(project), *arguments])


@pytest.fixture
def chain(project: Path, tasks: Tasks) -> Path:
    """A project with bronze_sales, silver_clean on it, gold_metrics on that, and bronze_order."""
    for name in ("sales", "order"):
        tasks("add-asset", "--layer", "bronze", "--name", name)
    tasks("add-asset", "--layer", "silver", "--name", "clean", "--dependencies", "sales")
    tasks("add-asset", "--layer", "gold", "--name", "metrics", "--dependencies", "clean")
    return project


def disturbed(project: Path, at: int, how: str, *arguments: str) -> tuple[int, int, str]:
    """Run a command, in a fork of this process, that is killed or fails at its act number `at`.

    Returns:
        Its exit status, the number of its acts (0 if it was killed), and what it said.
    """
    said = project.parent / "said"
    child = os.fork()
    if child == 0:
        status = 99
        try:
            with open(os.devnull) as sys.stdin, open(said, "w", buffering=1) as sys.stdout:
                sys.stderr = sys.stdout
                acts = disturb(str(project), at, how)
                status = main(["--project", str(project), *arguments])
                print("acts", acts())
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    text, _, acts = said.read_text(encoding="utf-8").partition("acts ")
    return status, int(acts or 0), text


def tree(project: Path) -> dict[str, bytes]:
    """Every file of the project that a command could touch, by path."""
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for top in ("src", "tests", "data")
        for path in (project / top).rglob("*")
        if path.suffix in (".py", ".csv")
    }


def everything(project: Path) -> dict[str, bytes | None]:
    """What lies in the project, its folders and its state included, by path."""
    return {
        path.relative_to(project).as_posix(): path.read_bytes() if path.is_file() else None
        for path in project.rglob("*")
        if "__pycache__" not in path.parts
    }


def errors(project: Path) -> list[str]:
    """What `validate` calls errors; the same files are not read twice."""
    opened = open_project(project)
    files = frozenset((path, text) for path, text in tree(project).items() if path[-3:] == ".py")
    if files not in SEEN:
        findings = check(opened, read_catalog(opened))
        SEEN[files] = [f"{f.path}: {f.message}" for f in findings if f.severity == "error"]
    return SEEN[files]


def assert_tidy(project: Path) -> None:
    """Nothing of an unfinished change is left."""
    left = {path.name for path in (project / ".polster").iterdir()}
    # the next change writes over what was staged for one that never began
    assert left <= {"lock", "undo", "stage", "journal.json.new"}
    assert not [*project.rglob(".*.polster")]


COMMANDS = {
    "add bronze": ("add-asset", "--layer", "bronze", "--name", "new"),
    "remove one": ("remove-asset", "--name", "bronze_order", "--yes"),
    "remove a chain": ("remove-asset", "--name", "sales,silver_clean,gold_metrics", "--yes"),
    "undo": ("remove-asset", "--undo"),
}


def steps(name: str, chain: Path, tasks: Tasks, how: str) -> Iterator[tuple[int, dict, str]]:
    """Disturb a command at each of its acts in turn; yield the act, the tree before, what was said.

    Between two, the project is put back as it was, by commands. Ends when the command got through.
    """
    if name == "undo":
        tasks("remove-asset", "--name", "silver_clean,gold_metrics", "--yes")
    before = tree(chain)
    expected = {"kill": -signal.SIGKILL, "interrupt": 130}.get(how, 1)
    for at in range(1, 200):
        status, acts, said = disturbed(chain, at, how, *COMMANDS[name])
        through = status == 0 and acts == at - 1
        if not through:
            assert status in (expected, 0), said
            yield at, before, said
        if tree(chain) != before:  # it was completed: take it back
            back = {
                "add bronze": ("remove-asset", "--name", "bronze_new", "--yes"),
                "undo": ("remove-asset", "--name", "silver_clean,gold_metrics", "--yes"),
            }.get(name, ("remove-asset", "--undo"))
            assert tasks(*back) == 0
            (chain / "data" / "landing" / "new.csv").unlink(missing_ok=True)
        assert tree(chain) == before
        if through:
            assert at > 15, "the command's acts were not seen"
            return
    pytest.fail("the command never got through")


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in [*COMMANDS][1:]]


@pytest.mark.parametrize("name", ["add bronze", *SLOW])
def test_killed_at_any_act_the_project_validates_and_the_next_command_repairs(
    name: str, chain: Path, tasks: Tasks
) -> None:
    seen = set()
    for at, before, _ in steps(name, chain, tasks, "kill"):
        assert errors(chain) == [], f"killed at act {at}"
        interrupted = everything(chain)
        assert [tasks(*command) for command in READING] == [0] * len(READING)
        assert everything(chain) == interrupted, "a command that only reads changed something"
        assert tasks(*NEXT_CHANGE) == 1
        assert errors(chain) == []
        assert_tidy(chain)
        after = tree(chain)
        seen.add(after == before)
        added, gone = {*after} - {*before}, {*before} - {*after}
        if after != before:  # then all of it was done
            assert len(added | gone) == {"add bronze": 3, "remove a chain": 6, "undo": 4}.get(
                name, 2
            )
        assert all(after[path] == before[path] for path in {*after} & {*before})
    assert seen == {True, False}, "it was never killed before, or never after, the commit point"


FAULTS = [
    ("ENOSPC", "add bronze"),
    pytest.param("ENOSPC", "remove one", marks=pytest.mark.slow),
    pytest.param("ENOSPC", "undo", marks=pytest.mark.slow),
    pytest.param("EROFS", "add bronze", marks=pytest.mark.slow),
    pytest.param("EROFS", "remove one", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("how", "name"), FAULTS)
def test_a_disk_that_turns_full_or_read_only_is_one_sentence_and_the_next_command_repairs(
    how: str, name: str, chain: Path, tasks: Tasks
) -> None:
    refused = 0
    for at, before, said in steps(name, chain, tasks, how):
        assert "Traceback" not in said
        assert errors(chain) == [], f"disturbed from act {at} on"
        if said.startswith("Nothing was changed"):
            assert tree(chain) == before
            refused += 1
        tasks(*NEXT_CHANGE)
        assert errors(chain) == []
        assert_tidy(chain)
    assert refused > 1 or how == "EROFS"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["add bronze", "remove one"])
def test_ctrl_c_at_any_act_is_one_line_and_exit_130(name: str, chain: Path, tasks: Tasks) -> None:
    for _, _, said in steps(name, chain, tasks, "interrupt"):
        assert said.split("\n")[-2:] == ["Interrupted.", ""]
        tasks(*NEXT_CHANGE)
        assert_tidy(chain)


def test_a_real_limit_on_file_size_is_survived(project: Path, tasks: Tasks) -> None:
    before = tree(project)
    done = subprocess.run(
        [sys.executable, "-m", "polster_tasks", *COMMANDS["add bronze"]],
        cwd=project,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "File too large" in done.stderr and "Traceback" not in done.stderr
    assert tree(project) == before
    assert tasks(*COMMANDS["add bronze"]) == 0


def test_what_was_edited_after_a_kill_is_not_written_over(chain: Path, tasks: Tasks) -> None:
    test = chain / "tests" / "bronze" / "test_bronze_new.py"
    asset = chain / "src" / "my_pipeline" / "defs" / "bronze" / "new.py"
    for _ in steps("add bronze", chain, tasks, "kill"):
        if test.exists():
            break
        tasks(*NEXT_CHANGE)
    assert test.exists() and not asset.exists()
    test.write_text("EDITED = 1\n", encoding="utf-8")
    asset.write_text("MINE = 1\n", encoding="utf-8")
    tasks(*NEXT_CHANGE)
    assert test.read_text(encoding="utf-8") == "EDITED = 1\n"
    assert asset.read_text(encoding="utf-8") == "MINE = 1\n"
    assert_tidy(chain)


def test_sixteen_adds_at_once_all_succeed(project: Path) -> None:
    children = [add(project, f"asset{number}") for number in range(16)]
    said = [child.communicate(timeout=120)[1] for child in children]
    assert [child.returncode for child in children] == [0] * 16, said
    assert len([*project.glob("src/my_pipeline/defs/bronze/asset*.py")]) == 16
    assert len([*project.glob("tests/bronze/test_bronze_asset*.py")]) == 16
    assert len([*project.glob("data/landing/asset*.csv")]) == 16
    assert errors(project) == []
    assert_tidy(project)


def test_of_eight_adds_of_one_name_exactly_one_wins_and_the_others_are_told(project: Path) -> None:
    children = [add(project, "same") for _ in range(8)]
    said = [child.communicate(timeout=120)[1] for child in children]
    assert sorted(child.returncode for child in children) == [0] + [1] * 7
    assert sum("exists already" in text for text in said) == 7


def test_a_removal_and_an_add_that_needs_it_do_not_meet_halfway(chain: Path) -> None:
    for _ in range(4):
        remove = start(chain, *COMMANDS["remove one"])
        need = ("--dependencies", "order")
        adding = start(chain, "add-asset", "--layer", "silver", "--name", "needs", *need)
        remove.communicate(timeout=120), adding.communicate(timeout=120)
        assert sorted([remove.returncode, adding.returncode]) == [0, 1]
        assert errors(chain) == []
        if adding.returncode == 0:
            start(chain, "remove-asset", "--name", "silver_needs", "--yes").wait(timeout=120)
        else:
            start(chain, "remove-asset", "--undo").wait(timeout=120)


def test_both_tools_wait_equally_long_for_the_lock_that_they_share() -> None:
    assert upgrading_lock.PATIENCE == lock.PATIENCE


def test_a_command_that_works_is_waited_for_and_a_dead_ones_lock_is_not(
    project: Path, tasks: Tasks
) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\n"
            "from pathlib import Path\n"
            "from polster_tasks.changing.journal import ready_to_change\n"
            "from polster_tasks.project import open_project\n"
            "with ready_to_change(open_project(Path('.'))):\n"
            "    print('held', flush=True); time.sleep(60)",
        ],
        cwd=project,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline() == "held\n"
        waiting = add(project, "patient")
        time.sleep(0.5)
        assert waiting.poll() is None
        holder.kill()
        holder.wait()
        assert waiting.wait(timeout=60) == 0
    finally:
        holder.kill()
        holder.stdout.close()
        waiting.communicate()


def test_git_ignores_the_state_folder(project: Path) -> None:
    assert "/.polster/" in (project / ".gitignore").read_text(encoding="utf-8").split()


def test_data_may_lie_on_another_file_system(
    project: Path, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mount needs rights that tests do not have, so the rename fails as it would there."""
    rename = os.rename

    def across(source: Path, target: Path) -> None:
        if "landing" in str(target):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source))
        rename(source, target)

    monkeypatch.setattr(os, "rename", across)
    assert tasks(*COMMANDS["add bronze"]) == 0
    assert {path.name for path in (project / "data/landing").iterdir()} == {"README.md", "new.csv"}
    assert (project / "data/landing/new.csv").read_text(encoding="utf-8").count("sample row") == 3
    assert_tidy(project)


def test_a_killed_copy_to_another_file_system_is_completed_whole(
    project: Path, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def across(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source))

    monkeypatch.setattr(os, "rename", across)
    for at in range(1, 100):
        status, _, said = disturbed(project, at, "kill", *COMMANDS["add bronze"])
        tasks(*NEXT_CHANGE)
        samples = [path for path in (project / "data/landing").iterdir() if path.suffix == ".csv"]
        assert [path.read_text(encoding="utf-8").count("sample") for path in samples] in ([], [3])
        assert_tidy(project)
        if samples:
            assert errors(project) == []
            assert tasks("remove-asset", "--name", "bronze_new", "--yes") == 0
            samples[0].unlink()
        if status == 0:
            assert at > 20, said
            return
    pytest.fail("the command never got through")


REMOVALS = [
    "remove one",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("remove a chain", "undo")),
]


@pytest.mark.parametrize("name", REMOVALS)
def test_a_killed_removal_across_file_systems_leaves_each_file_in_one_place(
    name: str, chain: Path, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`steps` also puts back what was completed, which an undo can do only if it is whole."""

    def across(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source))

    monkeypatch.setattr(os, "rename", across)
    moved = {"remove one": 2, "remove a chain": 6, "undo": 4}[name]
    seen = set()
    for at, before, _ in steps(name, chain, tasks, "kill"):
        assert tasks(*NEXT_CHANGE) == 1
        assert errors(chain) == [], f"killed at act {at}"
        assert_tidy(chain)
        after = tree(chain)
        assert len({*before} ^ {*after}) in (0, moved)
        store = chain / ".polster" / "undo"
        kept = {path.relative_to(store).as_posix() for path in store.rglob("*.py")}
        assert not {path.partition("/")[2] for path in kept} & {*after}
        seen.add(after == before)
    assert seen == {True, False}, "it was never killed before, or never after, the commit point"


@pytest.mark.parametrize("name", ["add bronze", "remove one"])
def test_a_copy_whose_original_cannot_be_removed_is_taken_back(
    name: str, chain: Path, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def across(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source))

    before = tree(chain)
    store = chain / ".polster" / "undo"
    unlink = os.unlink
    failed = []

    def fail_once(path: Path) -> None:
        if not failed and Path(path).exists() and not Path(path).name.endswith(".new"):
            failed.append(path)
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        unlink(path)

    monkeypatch.setattr(os, "rename", across)
    monkeypatch.setattr(os, "unlink", fail_once)
    assert tasks(*COMMANDS[name]) == 1
    assert failed
    assert tree(chain) == before
    assert not [*store.rglob("*.py")]
    assert_tidy(chain)
    assert tasks(*COMMANDS[name]) == 0


def test_a_file_that_changed_after_its_copy_was_made_is_not_lost(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the copy and the end of the original; then a person edits the original."""

    def across(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source))

    monkeypatch.setattr(os, "rename", across)
    asset = chain / "src/my_pipeline/defs/bronze/order.py"
    for at in range(1, 100):
        disturbed(chain, at, "kill", *COMMANDS["remove one"])
        if asset.exists() and [*(chain / ".polster" / "undo").rglob("order.py")]:
            break
        tasks(*NEXT_CHANGE)
        if not asset.exists():
            assert tasks("remove-asset", "--undo") == 0
    assert at < 99
    asset.write_text(asset.read_text(encoding="utf-8") + "\n# mine\n", encoding="utf-8")
    capsys.readouterr()
    assert tasks(*NEXT_CHANGE) == 1
    assert "Took back the interrupted removal of bronze_order" in capsys.readouterr().err
    assert asset.read_text(encoding="utf-8").endswith("# mine\n")
    assert errors(chain) == []
    assert tasks(*COMMANDS["remove one"]) == 0
    assert not asset.exists()
    assert tasks("remove-asset", "--undo") == 0
    assert asset.read_text(encoding="utf-8").endswith("# mine\n")


def test_a_journal_is_plain_json_and_says_its_format(chain: Path, tasks: Tasks) -> None:
    tasks(*COMMANDS["remove one"])
    [manifest] = (chain / ".polster" / "undo").glob("*/manifest.json")
    record = json.loads(manifest.read_text(encoding="utf-8"))
    assert (record["format"], record["keys"]) == (1, ["bronze_order"])


def interrupt(project: Path, *arguments: str) -> dict:
    """Kill a command once its journal is there, before its last move; return the journal."""
    journal = project / ".polster" / "journal.json"
    for at in range(1, 100):
        disturbed(project, at, "kill", *arguments)
        if journal.exists():
            return json.loads(journal.read_text(encoding="utf-8"))
        assert main(["--project", str(project), *NEXT_CHANGE]) == 1
    pytest.fail("the command was never interrupted with a journal")


def test_commands_that_read_say_that_a_change_was_interrupted_and_what_completes_it(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt(chain, *COMMANDS["add bronze"])
    capsys.readouterr()
    for command in (("validate",), ("list-assets",), (*COMMANDS["remove one"], "--dry-run")):
        assert tasks(*command) == 0
        said = capsys.readouterr().err
        assert "a change was interrupted" in said
        assert "the next add-asset or remove-asset completes it" in said
    assert tasks(*NEXT_CHANGE) == 1
    assert "Completed the interrupted addition of bronze_new." in capsys.readouterr().err
    assert tasks("validate") == 0
    assert "interrupted" not in capsys.readouterr().err


def test_a_change_that_is_at_work_is_not_called_interrupted(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    from polster_tasks.changing.lock import hold_lock

    interrupt(chain, *COMMANDS["add bronze"])
    with hold_lock(open_project(chain)):
        capsys.readouterr()
        assert tasks("validate") == 0
        assert capsys.readouterr().err == ""
    assert tasks("validate") == 0
    assert "interrupted" in capsys.readouterr().err


def test_an_addition_whose_staged_asset_is_gone_is_taken_back(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(chain)
    journal = interrupt(chain, *COMMANDS["add bronze"])
    (chain / journal["moves"][-1]["source"]).unlink()
    assert tasks(*NEXT_CHANGE) == 1
    assert "Took back the interrupted addition of bronze_new" in capsys.readouterr().err
    assert tree(chain) == before
    assert_tidy(chain)


@pytest.mark.parametrize("text", ["", '{"keys"', "[]", '{"nonsense": 1}', '{"format": 1}'])
def test_a_damaged_journal_or_record_is_one_sentence(
    text: str, chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks(*COMMANDS["remove one"])
    [manifest] = (chain / ".polster" / "undo").glob("*/manifest.json")
    journal = chain / ".polster" / "journal.json"
    manifest.write_text(text, encoding="utf-8")
    assert tasks("remove-asset", "--undo") == 1
    assert f"{manifest} is damaged" in capsys.readouterr().err
    journal.write_text(text, encoding="utf-8")
    assert tasks("list-assets") == 0  # what only reads goes on
    assert tasks("add-asset", "--layer", "bronze", "--name", "later") == 1
    assert f"{journal} is damaged" in capsys.readouterr().err
    journal.unlink()
    assert tasks("add-asset", "--layer", "bronze", "--name", "later") == 0


def start(project: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "polster_tasks", *arguments],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def add(project: Path, name: str) -> subprocess.Popen:
    return start(project, "add-asset", "--layer", "bronze", "--name", name)
