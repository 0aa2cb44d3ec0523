"""`polster upgrade`: the tooling moves on, local edits and user code stay."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from polster import upgrade as upgrading
from polster.errors import Refusal
from polster.template import version

Run = Callable[..., subprocess.CompletedProcess[str]]
VERSION = version()
RELEASED = Path(__file__).parents[2] / "{{cookiecutter.project_slug}}" / "polster_tasks"


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a project by relative path, without what Python or Polster keeps."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {"__pycache__", ".polster"} & set(path.relative_to(folder).parts)
    }


def write_manifest(tasks: Path) -> None:
    """Record the present state of the tooling as the one it was released in."""
    files = upgrading.read(tasks)
    lines = [
        f"{hashlib.sha256(text).hexdigest()}  {path}\n" for path, text in sorted(files.items())
    ]
    (tasks / upgrading.MANIFEST).write_text("".join(lines), encoding="utf-8", newline="\n")


@pytest.fixture
def outdated(project: Path) -> Path:
    """Return a project as an earlier release, 0.0.1, made it, with an asset of its user's."""
    tasks = project / "polster_tasks"
    init = tasks / "__init__.py"
    init.write_text(init.read_text(encoding="utf-8").replace(VERSION, "0.0.1"), encoding="utf-8")
    (tasks / "layers.py").write_text("LAYERS = {}\n", encoding="utf-8")
    (tasks / "abandoned.py").write_text("", encoding="utf-8")
    (tasks / "templates/gold/default.py.txt").unlink()
    write_manifest(tasks)
    (project / "src/my_pipeline/defs/gold/mine.py").write_text("# mine\n", encoding="utf-8")
    return project


def test_a_fresh_project_has_nothing_to_upgrade(project: Path, polster_here: Run) -> None:
    before = contents(project)
    done = polster_here("upgrade", cwd=project / "src")
    assert done.returncode == 0 and f"is {VERSION} already" in done.stdout
    assert contents(project) == before and not (project / ".polster").exists()


def test_it_brings_exactly_this_versions_tooling_and_shows_what_changes(
    outdated: Path, bake: Callable[..., Path], polster_here: Run, polster: Run
) -> None:
    before = contents(outdated)
    done = polster_here("upgrade", cwd=outdated / "src")
    assert done.returncode == 0, done.stderr
    assert f"polster_tasks 0.0.1 -> {VERSION}" in done.stdout
    for kind, path in (
        ("changed", "layers.py"),
        ("changed", "__init__.py"),
        ("removed", "abandoned.py"),
        ("added", "templates/gold/default.py.txt"),
    ):
        assert any(kind in line and path in line for line in done.stdout.splitlines()), path
    after = contents(outdated)
    fresh = contents(bake(project_slug="fresh"))
    assert {k: v for k, v in after.items() if k.startswith("polster_tasks/")} == {
        k: v for k, v in fresh.items() if k.startswith("polster_tasks/")
    }
    assert {k: v for k, v in after.items() if not k.startswith("polster_tasks/")} == {
        k: v for k, v in before.items() if not k.startswith("polster_tasks/")
    }
    assert polster("validate", cwd=outdated).stderr == ""


def test_undo_goes_back_and_a_second_undo_goes_forth(outdated: Path, polster_here: Run) -> None:
    old = contents(outdated)
    polster_here("upgrade", cwd=outdated)
    new = contents(outdated)
    done = polster_here("upgrade", "--undo", cwd=outdated)
    assert done.returncode == 0 and f"polster_tasks {VERSION} -> 0.0.1" in done.stdout
    assert contents(outdated) == old
    assert polster_here("upgrade", "--undo", cwd=outdated).returncode == 0
    assert contents(outdated) == new


def test_a_dry_run_shows_and_changes_nothing(outdated: Path, polster_here: Run) -> None:
    before = contents(outdated)
    for options in ([], ["--force"]):
        done = polster_here("upgrade", "--dry-run", *options, cwd=outdated)
        assert done.returncode == 0 and "layers.py" in done.stdout
        assert contents(outdated) == before and not (outdated / ".polster").exists()


def test_verbose_shows_the_lines(outdated: Path, polster_here: Run) -> None:
    done = polster_here("--verbose", "upgrade", "--dry-run", cwd=outdated)
    assert "-LAYERS = {}" in done.stdout


@pytest.mark.parametrize("edit", ["changed", "added"])
def test_local_edits_are_refused_unless_forced_and_then_kept_for_undo(
    edit: str, outdated: Path, polster_here: Run
) -> None:
    path = outdated / "polster_tasks" / ("rules.py" if edit == "changed" else "our_rules.py")
    with path.open("a", encoding="utf-8") as file:
        file.write("# ours\n")
    before = contents(outdated)
    done = polster_here("upgrade", cwd=outdated)
    assert done.returncode == 1
    assert f"polster_tasks/{path.name}" in done.stderr and "--force" in done.stderr
    assert "abandoned.py" not in done.stderr  # the release's own file, not an edit
    assert "abandoned.py" in done.stdout  # what would change is shown all the same
    assert "Done" not in done.stdout
    assert contents(outdated) == before
    assert polster_here("upgrade", "--force", cwd=outdated).returncode == 0
    assert not path.exists() or "# ours" not in path.read_text(encoding="utf-8")
    assert polster_here("upgrade", "--undo", cwd=outdated).returncode == 0
    assert contents(outdated) == before


def test_an_edit_that_the_new_version_has_too_is_no_loss(outdated: Path, polster_here: Run) -> None:
    layers = outdated / "polster_tasks/layers.py"
    layers.write_bytes((RELEASED / "layers.py").read_bytes())
    assert polster_here("upgrade", cwd=outdated).returncode == 0


def test_without_a_manifest_nobody_can_tell_so_it_is_refused(
    outdated: Path, polster_here: Run
) -> None:
    (outdated / "polster_tasks" / upgrading.MANIFEST).unlink()
    done = polster_here("upgrade", cwd=outdated)
    assert done.returncode == 1 and "layers.py" in done.stderr
    assert polster_here("upgrade", "--force", cwd=outdated).returncode == 0
    assert (outdated / "polster_tasks" / upgrading.MANIFEST).is_file()


def test_line_ends_that_git_changed_are_no_edit(outdated: Path, polster_here: Run) -> None:
    for path in (outdated / "polster_tasks").rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert polster_here("upgrade", cwd=outdated).returncode == 0


def test_missing_tooling_is_brought_back(outdated: Path, polster_here: Run, polster: Run) -> None:
    shutil.rmtree(outdated / "polster_tasks")
    done = polster_here("upgrade", cwd=outdated)
    assert done.returncode == 0, done.stderr
    assert polster("validate", cwd=outdated).returncode in (0, 1)


def test_a_newer_project_is_not_taken_back_unless_forced(outdated: Path, polster_here: Run) -> None:
    init = outdated / "polster_tasks/__init__.py"
    init.write_text(init.read_text(encoding="utf-8").replace("0.0.1", "99.0"), encoding="utf-8")
    write_manifest(outdated / "polster_tasks")
    before = contents(outdated)
    done = polster_here("upgrade", cwd=outdated)
    assert done.returncode == 1 and "99.0 is newer" in done.stderr and contents(outdated) == before
    assert polster_here("upgrade", "--force", cwd=outdated).returncode == 0


def test_nothing_to_undo_is_said(project: Path, polster_here: Run) -> None:
    done = polster_here("upgrade", "--undo", cwd=project)
    assert done.returncode == 1 and "Nothing to undo" in done.stderr


def test_a_failed_exchange_leaves_the_old_tooling(
    outdated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(outdated)
    rename = Path.rename

    def fail_for_the_fresh_copy(path: Path, target: Path) -> Path:
        if ".polster-" in str(path):
            raise OSError(28, "No space left on device", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_fresh_copy)
    with pytest.raises(OSError, match="No space"):
        upgrading.upgrade(outdated, force=False, dry_run=False)
    assert contents(outdated) == before


def test_the_manifest_is_one_that_sha256sum_reads(project: Path) -> None:
    tasks = project / "polster_tasks"
    lines = (tasks / upgrading.MANIFEST).read_text(encoding="utf-8").splitlines()
    recorded = {path: digest for digest, _, path in (line.partition("  ") for line in lines)}
    files = upgrading.read(tasks)
    assert recorded == {path: hashlib.sha256(text).hexdigest() for path, text in files.items()}


def test_order_of_versions() -> None:
    from polster.template import order

    releases = ["unknown", "0.0.9", "0.1.0rc1", "0.1.0", "0.10.0", "1.0"]
    assert sorted(reversed(releases), key=order) == releases


def test_undo_outside_a_project_is_refused() -> None:
    with pytest.raises(Refusal):
        upgrading.undo(Path("/nowhere"), dry_run=True)
