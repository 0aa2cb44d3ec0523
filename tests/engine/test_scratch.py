"""A file that is not complete lies in a scratch folder, of which nothing stays behind."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

FAILING_SINKS = 200
WRITER = """
import fcntl, pathlib, sys
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True)
lock = open(folder / "lock", "xb")
fcntl.flock(lock, fcntl.LOCK_EX)
(folder / "data.parquet").write_bytes(b"half a file")
print("writing", flush=True)
sys.stdin.read()
"""


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob(".polster-*"))


@pytest.fixture
def store(engine, tmp_path: Path):
    return engine.store.Store(str(tmp_path / "data"))


@pytest.fixture
def busy_machine():
    """Keep every core busy, so that Polars' threads are late."""
    loop = [sys.executable, "-c", "while True: pass"]
    loops = [subprocess.Popen(loop) for _ in range(2 * (os.cpu_count() or 1))]
    yield
    for process in loops:
        process.kill()
        process.wait()


def test_failed_sinks_leave_nothing_on_a_busy_machine(store, busy_machine, tmp_path: Path) -> None:
    """Polars' own thread may create its file after the query has failed and was cleaned up."""
    text = pl.LazyFrame({"a": ["1", "2", "x"]}).select(pl.col("a").cast(pl.Int64))
    for number in range(FAILING_SINKS):
        with pytest.raises(pl.exceptions.PolarsError):
            store.write(text, store.uri(f"bronze{number}", "rows"))
    threading.Event().wait(1)  # for a thread that is late
    assert leftovers(tmp_path) == []


def test_a_thread_that_keeps_creating_its_file_cannot_once_the_writer_failed(
    engine, tmp_path: Path
) -> None:
    refused = threading.Event()

    def create_again_and_again(path: Path) -> None:
        while True:
            try:
                path.write_bytes(b"late")
            except OSError:
                refused.set()
                return

    with pytest.raises(RuntimeError), engine.scratch.scratch_folder(tmp_path) as folder:
        late = threading.Thread(target=create_again_and_again, args=(folder / "data.parquet",))
        late.start()
        raise RuntimeError
    assert refused.wait(10)
    late.join()
    assert leftovers(tmp_path) == []


def test_a_finished_file_is_the_only_thing_in_its_folder(store) -> None:
    written = store.write(pl.LazyFrame({"a": [1]}), store.uri("bronze", "rows"))
    assert os.listdir(Path(written.uri).parent) == ["rows.parquet"]
    assert written.rows == 1
    assert written.size_bytes == os.path.getsize(written.uri)


@pytest.mark.parametrize(
    "files",
    [["lock", "data.parquet"], ["lock"], ["data.parquet"], []],
    ids=["killed while it wrote", "before it wrote", "while it was removed", "at its first act"],
)
def test_the_folder_of_a_dead_writer_is_removed_by_the_next(store, tmp_path, files) -> None:
    abandoned = tmp_path / "data" / "bronze" / ".polster-dead.tmp"
    abandoned.mkdir(parents=True)
    for name in files:
        (abandoned / name).write_bytes(b"half a file")
    store.write(pl.LazyFrame({"a": [1]}), store.uri("bronze", "rows"))
    assert leftovers(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_that_is_named_like_a_scratch_folder_is_not_followed(store, tmp_path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").touch()
    (tmp_path / "data" / "bronze").mkdir(parents=True)
    (tmp_path / "data" / "bronze" / ".polster-link.tmp").symlink_to(elsewhere)
    store.write(pl.LazyFrame({"a": [1]}), store.uri("bronze", "rows"))
    assert (elsewhere / "mine").exists()


@pytest.mark.skipif(os.name == "nt", reason="the writer uses fcntl")
def test_the_folder_of_a_live_writer_is_left_alone_until_it_dies(store, tmp_path) -> None:
    folder = tmp_path / "data" / "bronze" / ".polster-alive.tmp"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert writer.stdout.readline().strip() == b"writing"
        store.write(pl.LazyFrame({"a": [1]}), store.uri("bronze", "rows"))
        assert sorted(os.listdir(folder)) == ["data.parquet", "lock"]
    finally:
        writer.kill()
        writer.communicate()
    store.write(pl.LazyFrame({"a": [1]}), store.uri("bronze", "rows"))
    assert leftovers(tmp_path) == []


def test_many_writers_in_one_folder_do_not_take_each_other_for_dead(store, tmp_path) -> None:
    problems = []

    def write(number: int) -> None:
        for _ in range(20):
            try:
                store.write(pl.LazyFrame({"a": [number]}), store.uri("bronze", f"rows{number % 3}"))
            except Exception as error:
                problems.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert problems == []
    assert leftovers(tmp_path) == []


TEMPORARY = """
import sys
from engine_lab.polster.storage.scratch import temporary_folder

with temporary_folder() as folder:
    (folder / "bad.parquet").write_bytes(b"rows that broke a contract")
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps temporary files elsewhere")
def test_the_rows_that_a_killed_run_kept_apart_are_removed_by_the_next(
    engine, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    writer = subprocess.Popen(
        [sys.executable, "-c", TEMPORARY],
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(engine.root / "src")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert writer.stdout.readline().strip() == b"writing"
        with engine.scratch.temporary_folder():
            assert len(list(tmp_path.rglob("bad.parquet"))) == 1  # its writer is alive
    finally:
        writer.kill()
        writer.communicate()
    assert len(list(tmp_path.rglob("bad.parquet"))) == 1
    with engine.scratch.temporary_folder():
        assert list(tmp_path.rglob("bad.parquet")) == []
    assert leftovers(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has a temporary folder for each user")
def test_no_other_user_sees_or_chooses_where_such_rows_lie(engine, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with engine.scratch.temporary_folder() as folder:
        assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder.parent)] == [
            0o700
        ] * 2
    folder.parent.rmdir()
    (tmp_path / "elsewhere").mkdir()
    folder.parent.symlink_to(tmp_path / "elsewhere")
    with (
        pytest.raises(OSError, match="is not this user's own folder"),
        engine.scratch.temporary_folder(),
    ):
        pass


def test_a_junction_that_is_named_like_a_scratch_folder_is_not_followed(
    engine, tmp_path, monkeypatch
) -> None:
    """Python 3.11 has no `is_junction`, and to `is_symlink` a junction is none."""
    folder = tmp_path / ".polster-junction.tmp"
    folder.mkdir()
    (folder / "mine").touch()
    monkeypatch.setattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", 0xA0000003, raising=False)
    junction = SimpleNamespace(st_mode=stat.S_IFDIR, st_reparse_tag=0xA0000003)
    monkeypatch.setattr(engine.scratch.os, "lstat", lambda path: junction)
    engine.scratch.remove_abandoned(tmp_path)
    monkeypatch.undo()
    assert (folder / "mine").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="needs a disk with few inodes")
def test_a_disk_without_room_for_the_lock_is_full_and_nothing_stays(engine, tmp_path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    few = ["mount", "-t", "tmpfs", "-o", "size=2m,nr_inodes=3", "tmpfs", str(disk)]
    if subprocess.run(few, capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk")
    try:
        store = engine.store.Store(str(disk))
        with pytest.raises(engine.errors.StorageError, match=r"is full; .* Make room"):
            store.write(pl.LazyFrame({"a": [1]}), store.uri("bronze", "rows"))
        assert leftovers(disk) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
