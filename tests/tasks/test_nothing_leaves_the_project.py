"""A hostile or damaged `.polster/` moves, writes and reads nothing that is not the project's."""

import itertools
import json
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from polster_tasks.__main__ import main
from polster_tasks.changing.paths import is_link, is_plain

Tasks = Callable[..., int]

DEFS = "src/my_pipeline/defs/bronze"
READING = [
    ("validate",),
    ("list-assets",),
    ("list-assets", "--format", "json"),
    ("add-asset", "--template", "list"),
    ("add-asset", "--layer", "bronze", "--name", "another", "--dry-run"),
    ("remove-asset", "--name", "bronze_order", "--dry-run"),
    ("--help",),
    ("add-asset", "--help"),
    ("--version",),
]
ADD = ("add-asset", "--layer", "bronze", "--name", "another")
REMOVE = ("remove-asset", "--name", "bronze_order", "--yes")
UNDO = ("remove-asset", "--undo")
CHANGING = [ADD, REMOVE, UNDO, (*UNDO, "--force")]

# Paths that no command writes, wherever one of its own is expected.
BAD_PATHS = {
    "absolute": "/{outside}/file.py",
    "upwards": "../outside/file.py",
    "upwards from a folder that is allowed": "tests/../../outside/file.py",
    "upwards and back": f"{DEFS}/../../../../../my_pipeline/{DEFS}/x.py",
    "here": f"{DEFS}/./x.py",
    "empty part": f"{DEFS}//x.py",
    "drive": "C:\\outside\\file.py",
    "drive with slashes": "C:/outside/file.py",
    "drive without a slash": "C:file.py",
    "share": "\\\\server\\share\\file.py",
    "backslash upwards": "..\\outside\\file.py",
    "backslash below": f"{DEFS}\\x.py",
    "mixed slashes": "tests/..\\..\\outside\\file.py",
    "stream": f"{DEFS}/x.py:stream.py",
    "home": "~/file.py",
    "NUL": f"{DEFS}/x\0.py",
    "newline": f"{DEFS}/x\n.py",
    "escape sequence": f"{DEFS}/\x1b[2Jx.py",
    "written backwards": f"{DEFS}/\u202eyp.x.py",
    "surrogate": f"{DEFS}/\udcff.py",
    "dot at the end": f"{DEFS}./x.py",
    "space at the end": f"{DEFS} /x.py",
    "git": ".git/hooks/post-checkout",
    "git in capitals": ".GIT/hooks/x.py",
    "the tooling": "polster_tasks/evil.py",
    "Polster's own part": "src/my_pipeline/polster/evil.py",
    "root": "noxfile.py",
    "what loads the assets": "src/my_pipeline/definitions.py",
    "what all tests share": "tests/conftest.py",
    "what all tests of a layer share": "tests/bronze/conftest.py",
    "another package": "src/other/defs/x.py",
    "another file": f"{DEFS}/x.sh",
    "state": ".polster/lock",
    "in capitals": f"{DEFS.upper()}/X.PY",
    "wide dots": "\uff0e\uff0e/outside/file.py",
    "wide slash": f"..\uff0foutside\uff0f{DEFS}/x.py",
    "nothing": "",
    "a dot": ".",
    "folder": f"{DEFS}/",
}


@pytest.fixture
def tasks(project: Path) -> Tasks:
    """Return a function that runs a command in this process and returns the exit status."""
    return lambda *arguments: main(["--project", str(project), *arguments])


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the projects that nothing may touch."""
    folder = tmp_path / "bakes" / "outside"
    folder.mkdir(parents=True)
    (folder / "file.py").write_text("OUTSIDE = 1\n", encoding="utf-8")
    (folder / "journal.json").write_text("{}", encoding="utf-8")
    return folder


@pytest.fixture
def project(bake: Callable[..., Path], outside: Path) -> Path:
    """A project with bronze_order, whose name is also that of the package."""
    project = bake()
    assert (
        main(["--project", str(project), "add-asset", "--layer", "bronze", "--name", "order"]) == 0
    )
    return project


def snapshot(folder: Path) -> dict[str, tuple[int, bytes | str | None]]:
    """Everything below a folder: kind, and text or where a link leads; bytecode is left out."""
    found: dict[str, tuple[int, bytes | str | None]] = {}
    for path in sorted(folder.rglob("*")):
        if "__pycache__" in path.parts:
            continue
        status = path.lstat()
        content: bytes | str | None = None
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file():
            content = path.read_bytes()
        found[path.relative_to(folder).as_posix()] = (status.st_mode, content)
    return found


def without_state(found: dict) -> dict:
    """The same without `.polster/`, where a command that is refused may have made its lock."""
    return {path: what for path, what in found.items() if ".polster" not in path.split("/")}


def record(action: str, *moves: tuple[object, object], **other: object) -> dict:
    """A journal or manifest as a command writes it."""
    return {
        "format": 1,
        "action": action,
        "keys": ["bronze_evil"],
        "moves": [{"source": source, "target": target} for source, target in moves],
        "store": "" if action == "add" else ".polster/undo/000007",
        "needs": [],
    } | other


def stage(project: Path, name: str = "0") -> None:
    folder = project / ".polster" / "stage"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("EVIL = 1\n", encoding="utf-8")


def write_journal(project: Path, content: object) -> Path:
    file = project / ".polster" / "journal.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def assert_reading_changes_nothing(project: Path, tasks: Tasks) -> None:
    before = snapshot(project.parent)
    for command in READING:
        refused = 1 if "--dry-run" in command else 0  # as the change itself would be
        assert tasks(*command) in (0, refused), command
    assert snapshot(project.parent) == before


def assert_refused(
    project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str], named: str, *commands: tuple
) -> None:
    """Each command ends with 1 and one sentence that names a file, and has changed nothing."""
    before = without_state(snapshot(project.parent))
    for command in commands:
        capsys.readouterr()
        assert tasks(*command) == 1, command
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1 and err.isprintable() is False and "\x1b" not in err, err
        assert named in err, err
        assert without_state(snapshot(project.parent)) == before


def bad_records() -> Iterator[tuple[str, dict]]:
    asset = f"{DEFS}/evil.py"
    kept = f".polster/undo/000007/{asset}"
    for name, path in BAD_PATHS.items():
        yield f"add to: {name}", record("add", (".polster/stage/0", path))
        yield f"add from: {name}", record("add", (path, asset))
        yield f"remove from: {name}", record("remove", (path, f".polster/undo/000007/{path}"))
        yield f"remove to: {name}", record("remove", (f"{DEFS}/order.py", path))
        yield f"undo to: {name}", record("undo", (f".polster/undo/000007/{path}", path))
        yield f"store: {name}", record("remove", (asset, f"{path}/{asset}"), store=path)
    good = (".polster/stage/0", asset)
    yield "two to one place", record("add", good, (".polster/stage/1", asset))
    yield "one to two places", record("add", good, (".polster/stage/0", f"{DEFS}/other.py"))
    yield "an addition from an undo", record("add", (kept, asset))
    yield "an undo of another store", record("undo", (kept.replace("7", "8"), asset))
    yield "an undo to another place", record("undo", (kept, f"{DEFS}/other.py"))
    yield "an undo from the stage", record("undo", good)
    yield "store with another digit", record("undo", (kept, asset), store=".polster/undo/\u0667")
    yield "a store too many", record("undo", (kept, asset), store=".polster/undo/000007/.")
    for value in (None, 1, True, "text", [], {}, ["a"], [["a", "b"]], [{}], [{"source": "a"}]):
        yield f"moves: {value!r}", record("add", good, moves=value)
        yield f"source: {value!r}", record("add", (value, asset))
        yield f"format: {value!r}", record("add", good, format=0 if value == 1 else value)
        yield f"action: {value!r}", record("add", good) | {"action": value}
        yield f"store: {value!r}", record("undo", (kept, asset), store=value)
        if value != ["a"]:
            yield f"keys: {value!r}", record("add", good, keys=value)
        if value not in ([], ["a"]):
            yield f"needs: {value!r}", record("add", good, needs=value)
    yield "an escape sequence as a key", record("add", good, keys=["\x1b]0;owned\x07"])
    for key in record("add", good):
        yield f"no {key}", {name: v for name, v in record("add", good).items() if name != key}


def test_a_journal_that_no_command_wrote_is_refused(
    project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str], outside: Path
) -> None:
    stage(project)
    journal = project / ".polster" / "journal.json"
    journal.touch()
    before = snapshot(project.parent)
    at_journal = {journal.relative_to(project.parent).as_posix(): (0, None)}
    for name, content in bad_records():
        text = json.dumps(content).replace("{outside}", str(outside).strip("/"))
        journal.write_text(text, encoding="utf-8")
        capsys.readouterr()
        assert tasks(*ADD) == 1, name
        err = capsys.readouterr().err.splitlines()[-1]
        assert f"{journal} is damaged: " in err and err.isprintable(), name
        assert journal.read_text(encoding="utf-8") == text
        assert snapshot(project.parent) | at_journal == before | at_journal, name


def test_a_manifest_that_no_command_wrote_is_refused(
    project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str], outside: Path
) -> None:
    assert tasks(*REMOVE) == 0
    store = project / ".polster" / "undo" / "000007"
    (store / DEFS).mkdir(parents=True)
    (store / DEFS / "evil.py").write_text("EVIL = 1\n", encoding="utf-8")
    manifest = store / "manifest.json"
    manifest.touch()
    before = snapshot(project.parent)
    at_manifest = {manifest.relative_to(project.parent).as_posix(): (0, None)}
    ways = itertools.cycle([UNDO, (*UNDO, "--force"), (*UNDO, "--dry-run")])
    for (name, content), command in zip(bad_records(), ways, strict=False):
        text = json.dumps(content).replace("{outside}", str(outside).strip("/"))
        manifest.write_text(text, encoding="utf-8")
        capsys.readouterr()
        assert tasks(*command) == 1, name
        err = capsys.readouterr().err
        assert f"{manifest} is damaged: " in err and err.count("\n") == 1, name
        assert manifest.read_text(encoding="utf-8") == text
        assert snapshot(project.parent) | at_manifest == before | at_manifest, name


@pytest.mark.parametrize(
    "content",
    [
        record("add", (".polster/stage/0", f"{DEFS}/evil.py")),  # as a command would write it
        record("add", (".polster/stage/0", "../outside/evil.py")),
        record("remove", (f"{DEFS}/order.py", f".polster/undo/000007/{DEFS}/order.py")),
    ],
)
def test_commands_that_read_follow_no_journal(content: dict, project: Path, tasks: Tasks) -> None:
    stage(project)
    write_journal(project, content)
    assert_reading_changes_nothing(project, tasks)


TEXTS = {
    "empty": b"",
    "no JSON": b"not JSON",
    "no UTF-8": b'{"format": 1, "action": "\xff"}',
    "a list": b"[]",
    "deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "a huge number": b'{"format": ' + b"9" * 10_000 + b"}",
    "NUL": b"\0" * 100,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_journal_that_is_no_record_is_refused(
    text: bytes, project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = project / ".polster" / "journal.json"
    journal.write_bytes(text)
    assert_reading_changes_nothing(project, tasks)
    assert_refused(project, tasks, capsys, f"{journal} is damaged", *CHANGING)


def test_a_journal_that_is_huge_is_refused(
    project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = project / ".polster" / "journal.json"
    with journal.open("wb") as file:
        file.truncate(2**31)  # it takes no room on the disk
    capsys.readouterr()
    assert tasks("validate") == 0
    assert tasks(*ADD) == 1
    assert f"{journal} is damaged: it is too large" in capsys.readouterr().err
    journal.unlink()


def test_a_later_format_is_refused_with_what_to_do(
    project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tasks(*REMOVE) == 0
    manifest = project / ".polster/undo/000001/manifest.json"
    written = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(written | {"format": 2, "moves": "new"}), encoding="utf-8")
    assert_refused(project, tasks, capsys, f"{manifest} has format 2", UNDO, (*UNDO, "--force"))
    journal = write_journal(project, written | {"format": 3})
    assert_refused(project, tasks, capsys, f"{journal} has format 3", UNDO, ADD)


def test_what_is_no_regular_file_is_refused(
    project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipe would be waited for, a folder cannot be read."""
    journal = project / ".polster" / "journal.json"
    lock = project / ".polster" / "lock"
    for file in (journal, lock):
        for make in (os.mkfifo, os.mkdir):
            file.unlink(missing_ok=True)
            make(file)
            assert_reading_changes_nothing(project, tasks)
            assert_refused(project, tasks, capsys, f"{file} is not a regular file", *CHANGING)
            file.unlink() if make is os.mkfifo else file.rmdir()

    for name in ("0", "0.new"):
        staged = project / ".polster" / "stage" / name
        staged.parent.mkdir(exist_ok=True)
        os.mkfifo(staged)
        assert_refused(project, tasks, capsys, f"{staged} is not a regular file", ADD)
        staged.unlink()
    assert tasks(*ADD) == 0


def test_a_staged_or_kept_folder_is_not_moved_as_if_it_were_a_file(
    project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / ".polster/stage/0").mkdir(parents=True)
    journal = write_journal(project, record("add", (".polster/stage/0", f"{DEFS}/evil.py")))
    assert_refused(project, tasks, capsys, ".polster/stage/0 is not a regular file", *CHANGING)
    journal.unlink()
    kept = f".polster/undo/000007/{DEFS}/evil.py"
    (project / kept).mkdir(parents=True)
    manifest = project / ".polster/undo/000007/manifest.json"
    content = record("remove", (f"{DEFS}/evil.py", kept))
    manifest.write_text(json.dumps(content), encoding="utf-8")
    assert_refused(project, tasks, capsys, f"{kept} is not a regular file", UNDO)


@pytest.mark.parametrize("kind", ["file", "link", "dangling link"])
def test_a_state_folder_that_is_none_is_refused(
    kind: str, project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str], outside: Path
) -> None:
    state = project / ".polster"
    shutil.rmtree(state)
    if kind == "file":
        state.write_text("", encoding="utf-8")
    else:
        state.symlink_to(outside if kind == "link" else outside / "new")
    assert_reading_changes_nothing(project, tasks)
    said = f"{state} is not a folder" if kind == "file" else f"{state} is a link"
    assert_refused(project, tasks, capsys, said, ADD, REMOVE)


LINKS = {
    ".polster/lock": ("file.py", [ADD, REMOVE]),
    ".polster/stage": ("", [ADD]),
    ".polster/stage/0": ("file.py", [ADD]),
    ".polster/stage/0.new": ("file.py", [ADD]),
    ".polster/stage/1.new": ("new.py", [ADD]),
    ".polster/journal.json": ("journal.json", [ADD, REMOVE, UNDO]),
    ".polster/journal.json.new": ("file.py", [ADD, REMOVE]),
    ".polster/undo": ("", [REMOVE]),
    ".polster/undo/000001": ("", [REMOVE]),
    "src": ("", [ADD]),
    "src/my_pipeline/defs": ("", [ADD]),
    DEFS: ("", [ADD]),
    "tests": ("", [ADD]),
    "tests/bronze": ("", [ADD]),
}


@pytest.mark.parametrize(("link", "case"), LINKS.items(), ids=LINKS)
def test_nothing_is_written_or_moved_through_a_link(
    link: str,
    case: tuple[str, list[tuple]],
    project: Path,
    tasks: Tasks,
    capsys: pytest.CaptureFixture[str],
    outside: Path,
) -> None:
    target, commands = case
    place = project / link
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside / target)
    before = snapshot(outside)
    if link == ".polster/undo/000001":  # the next removal takes the number after it
        assert tasks(*REMOVE) == 0
    else:
        assert_refused(project, tasks, capsys, f"{place} is a link", *commands)
    for command in READING:
        tasks(*command)
    assert snapshot(outside) == before


def test_a_manifest_and_kept_files_are_not_read_through_a_link(
    project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str], outside: Path
) -> None:
    assert tasks(*REMOVE) == 0
    store = project / ".polster/undo/000001"
    kept = store / DEFS / "order.py"
    kept.unlink()
    kept.symlink_to(outside / "file.py")
    assert_refused(project, tasks, capsys, f"{kept} is a link", UNDO, (*UNDO, "--force"))
    kept.unlink()
    shutil.copytree(store, outside / "store")
    shutil.rmtree(store)
    store.symlink_to(outside / "store")
    assert_refused(project, tasks, capsys, f"{store} is a link", UNDO, (*UNDO, "--force"))


def test_an_asset_that_is_a_link_is_not_removed(
    project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str], outside: Path
) -> None:
    asset = project / DEFS / "order.py"
    asset.rename(project / "order.py")
    asset.symlink_to(project / "order.py")
    assert_refused(project, tasks, capsys, f"{asset} is a link", REMOVE)
    lead(asset, outside / "file.py")
    assert_refused(project, tasks, capsys, "There is no asset 'bronze_order'", REMOVE)


def test_the_project_itself_may_be_reached_through_a_link(project: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(project)
    for command in (ADD, REMOVE, UNDO):
        assert main(["--project", str(link), *command]) == 0


@pytest.mark.parametrize("link", ["data/landing", "data"])
def test_landing_data_that_lies_elsewhere_gets_no_sample_but_the_asset_is_added(
    link: str, project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str], outside: Path
) -> None:
    shutil.rmtree(project / link)
    (project / link).symlink_to(outside)
    before = snapshot(outside)
    capsys.readouterr()
    assert tasks(*ADD) == 0
    out, err = capsys.readouterr()
    assert "data/landing" not in out
    assert "data/landing is a link, so no sample was written: put another.csv there." in err
    assert (project / DEFS / "another.py").is_file()
    assert (project / "tests/bronze/test_bronze_another.py").is_file()
    assert snapshot(outside) == before
    assert tasks("remove-asset", "--name", "bronze_another", "--yes") == 0
    assert snapshot(outside) == before


def test_landing_data_that_waits_behind_a_link_is_what_the_asset_reads(
    project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str], outside: Path
) -> None:
    shutil.rmtree(project / "data/landing")
    (project / "data/landing").symlink_to(outside)
    (outside / "another.csv").write_text("id\n1\n", encoding="utf-8")
    capsys.readouterr()
    assert tasks(*ADD) == 0
    assert "data/landing/another.csv was there already" in capsys.readouterr().err


def test_an_interrupted_addition_is_not_completed_into_landing_data_elsewhere(
    project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str], outside: Path
) -> None:
    stage(project)
    write_journal(project, record("add", (".polster/stage/0", "data/landing/evil.csv")))
    shutil.rmtree(project / "data/landing")
    (project / "data/landing").symlink_to(outside)
    assert_refused(project, tasks, capsys, "data/landing is a link", *CHANGING)


def test_a_journal_of_a_removal_does_not_replace_an_earlier_manifest(
    project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tasks(*REMOVE) == 0
    assert tasks("add-asset", "--layer", "bronze", "--name", "other") == 0
    store = ".polster/undo/000001"
    move = (f"{DEFS}/other.py", f"{store}/{DEFS}/other.py")
    journal = write_journal(project, record("remove", move, store=store))
    kept = (project / store / "manifest.json").read_bytes()
    assert_refused(project, tasks, capsys, store, ADD, REMOVE, UNDO)
    assert (project / store / "manifest.json").read_bytes() == kept
    journal.unlink()
    assert tasks(*UNDO) == 0


def test_undo_folders_count_by_number(project: Path, tasks: Tasks) -> None:
    """Six digits are for people: 000009 comes before 000010, and 1000000 after 999999."""
    undo = project / ".polster" / "undo"
    names = ("a", "b", "c")
    for name in names:
        assert tasks("add-asset", "--layer", "bronze", "--name", name) == 0
    for name, number in zip(names, ("000009", "000010", "1000000"), strict=True):
        (undo / str(int(number) - 1).zfill(6)).mkdir(parents=True, exist_ok=True)
        assert tasks("remove-asset", "--name", f"bronze_{name}", "--yes") == 0
        assert (undo / number / "manifest.json").is_file()
    for name in reversed(names):
        assert tasks(*UNDO) == 0
        assert (project / DEFS / f"{name}.py").is_file()


def test_a_manifest_of_another_removal_is_refused(
    project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tasks(*REMOVE) == 0
    shutil.copytree(project / ".polster/undo/000001", project / ".polster/undo/000007")
    said = "000007/manifest.json is damaged: it does not belong to this folder. "
    assert_refused(project, tasks, capsys, said, UNDO, (*UNDO, "--force"))


def test_an_undo_of_which_a_file_is_gone_is_refused_and_forced_restores_the_rest(
    project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tasks(*REMOVE) == 0
    kept = ".polster/undo/000001/tests/bronze/test_bronze_order.py"
    (project / kept).unlink()
    assert_refused(project, tasks, capsys, f"{kept} is missing", UNDO)
    capsys.readouterr()
    assert tasks(*UNDO, "--force") == 0
    assert capsys.readouterr().out == f"Restored bronze_order:\n  {DEFS}/order.py\n"


def test_a_junction_counts_as_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows calls it a folder; its tag tells what it is."""
    monkeypatch.setattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", 0xA0000003, raising=False)
    junction = SimpleNamespace(st_mode=stat.S_IFDIR, st_reparse_tag=0xA0000003)
    folder = SimpleNamespace(st_mode=stat.S_IFDIR, st_reparse_tag=0)
    assert (is_link(junction), is_link(folder)) == (True, False)


@pytest.mark.parametrize("path", ["a", "a/b.py", ".polster/stage/0", "größe/b c.py", "a/..b"])
def test_a_plain_path(path: str) -> None:
    assert is_plain(path)


@pytest.mark.parametrize("path", ["", "/", "a/", "/a", "a//b", ".", "a/.", "..", "a/../b", "a:b"])
def test_a_path_that_is_not_plain(path: str) -> None:
    assert not is_plain(path)


def lead(link: Path, target: Path) -> None:
    """Make a link in place of what is there."""
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)
    link.unlink(missing_ok=True)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


@pytest.fixture
def secrets(outside: Path) -> Path:
    """Files outside of the project, laid out so that a link to them would be taken for code."""
    for path in ("secret.py", "bronze/secret.py", "bronze/default.py"):
        file = outside / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(
            'import dagster as dg\n\n\n@dg.asset\ndef bronze_secret():\n    """SECRET."""\n',
            encoding="utf-8",
        )
    chain = outside.parent / "chain"
    chain.symlink_to(outside)
    return outside


# Links in the project, and what they lead to from the folder beside it.
LEADING_OUT = {
    "file": {f"{DEFS}/secret.py": "secret.py"},
    "file that is gone": {f"{DEFS}/secret.py": "gone.py"},
    "folder": {f"{DEFS}/linked": "bronze"},
    "folder with a file's name": {f"{DEFS}/linked.py": "bronze"},
    "layer": {DEFS: "bronze"},
    "defs": {"src/my_pipeline/defs": "."},
    "package": {"src/my_pipeline": "."},
    "src": {"src": "."},
    "everything": {f"{DEFS}/root": "/"},
    "device": {f"{DEFS}/zero.py": "/dev/zero"},
    "the folder above": {f"{DEFS}/above": ".."},
    "chain of files": {"hidden": "secret.py", f"{DEFS}/secret.py": "{root}/hidden"},
    "chain of folders": {".hidden": "../chain", f"{DEFS}/linked": "{root}/.hidden"},
    "chain through a folder inside": {".hidden": ".", f"{DEFS}/linked": "{root}/.hidden/bronze"},
}  # fmt: skip


@pytest.mark.parametrize("links", LEADING_OUT.values(), ids=LEADING_OUT)
def test_what_a_link_leads_to_outside_is_one_finding_and_is_not_read(
    links: dict,
    project: Path,
    secrets: Path,
    tasks: Tasks,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for link, target in links.items():
        lead(project / link, secrets / target.format(root=project))
    opened = []
    watching = True

    def watch(event: str, args: tuple) -> None:  # which cannot be taken off again
        if watching and event == "open":
            opened.append(args[0])

    sys.addaudithook(watch)
    capsys.readouterr()
    assert tasks("validate", "--format", "json") == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    [finding] = [one for one in findings if one["code"] == "POL003"]
    assert finding["path"] in (*links, "src/my_pipeline")
    assert "leads out of the project" in finding["message"]

    assert tasks("list-assets") == 0
    out, err = capsys.readouterr()
    assert "SECRET" not in out and "bronze_secret" not in out
    assert f"{finding['path']}:1: cannot be read: it is a link that leads out" in err
    tasks("add-asset", "--layer", "silver", "--name", "x", "--dependencies", "secret", "--dry-run")
    assert "silver_x" not in capsys.readouterr().out
    watching = False
    read = [os.path.realpath(path) for path in opened if isinstance(path, str)]
    assert os.path.realpath(project / "pyproject.toml") in read
    real = os.path.realpath(secrets)
    assert not [path for path in read if path.startswith(real) or path == "/dev/zero"]


def test_an_import_from_what_is_not_read_is_not_called_missing(
    project: Path, secrets: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    lead(project / DEFS / "linked", secrets / "bronze")
    importer = project / "src/my_pipeline/defs/silver/clean.py"
    importer.write_text(
        "from my_pipeline.defs.bronze.linked.secret import bronze_secret\n"
        "from my_pipeline.defs.bronze.unlinked.secret import other\n",
        encoding="utf-8",
    )
    capsys.readouterr()
    assert tasks("validate") == 1
    found = [line for line in capsys.readouterr().out.splitlines() if "POL301" in line]
    assert len(found) == 1 and "unlinked" in found[0]


@pytest.mark.parametrize(
    "links",
    [
        {f"{DEFS}/again.py": f"{DEFS}/order.py"},
        {f"{DEFS}/again": "tests"},
        {f"{DEFS}/again": "."},
        {f"{DEFS}/again": "shared", "shared": "tests"},
    ],
    ids=["file", "folder", "the root", "chain"],
)
def test_a_link_that_stays_inside_is_followed(
    links: dict, project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "tests" / "extra.py").write_text(
        "import dagster as dg\n\n\n@dg.asset\ndef bronze_extra(): ...\n", encoding="utf-8"
    )
    for link, target in links.items():
        lead(project / link, project / target)
    capsys.readouterr()
    tasks("validate")
    assert "POL003" not in capsys.readouterr().out
    assert tasks("list-assets") == 0
    shown = capsys.readouterr().out
    assert f"{DEFS}/again" in shown


@pytest.mark.parametrize("name", ["loop.py", "loop"])
def test_a_link_to_itself_ends_no_command(
    name: str, project: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    lead(project / DEFS / name, project / DEFS / name)
    capsys.readouterr()
    assert tasks("validate") == (1 if name == "loop.py" else 0)
    assert capsys.readouterr().out.count("POL003") == (1 if name == "loop.py" else 0)
    assert tasks("list-assets") == 0
    assert f"{DEFS}/order.py" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("asset_templates", "."),
        ("asset_templates/bronze", "bronze"),
        ("asset_templates/bronze/default.py", "secret.py"),
        ("asset_templates/bronze/default.test.py", "secret.py"),
    ],
)
def test_templates_are_not_read_outside(
    link: str,
    target: str,
    project: Path,
    secrets: Path,
    tasks: Tasks,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lead(project / link, secrets / target)
    for command in (("add-asset", "--template", "list"), ADD):
        assert_refused(project, tasks, capsys, "leads out of the project", command)


@pytest.mark.parametrize("link", ["asset_templates", "asset_templates/bronze", ".env"])
def test_a_loop_elsewhere_ends_no_command(link: str, project: Path, tasks: Tasks) -> None:
    lead(project / link, project / link)
    for command in (("validate",), ("add-asset", "--template", "list"), ADD, REMOVE):
        assert tasks(*command) == 0, command


def test_the_settings_of_a_linked_env_file_are_not_read_outside(
    project: Path, secrets: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    (secrets / "env").write_text("POLSTER_STORAGE_URL=SECRET\n", encoding="utf-8")
    lead(project / ".env", secrets / "env")
    assert tasks(*REMOVE) == 0
    err = capsys.readouterr().err
    assert "SECRET" not in err and ".env leads out of the project" in err
    lead(project / ".env", project / "env")
    (project / "env").write_text("POLSTER_STORAGE_URL=elsewhere\n", encoding="utf-8")
    assert tasks(*UNDO) == 0
    assert tasks(*REMOVE) == 0
    assert "elsewhere/bronze/bronze_order" in capsys.readouterr().err


def test_the_settings_of_a_project_are_not_read_outside(
    project: Path, secrets: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.move(project / "pyproject.toml", secrets / "pyproject.toml")
    lead(project / "pyproject.toml", secrets / "pyproject.toml")
    assert tasks("validate") == 2
    assert "leads out of the project" in capsys.readouterr().err
