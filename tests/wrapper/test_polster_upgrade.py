"""`polster upgrade`: what the template owns moves on, what a user did stays."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from polster import template as templates
from polster.template import order, version
from polster.upgrading.lock import locked
from polster.upgrading.settings import flatten, needed
from tests.wrapper.conftest import TEMPLATE_FOLDER, append, contents, environment

Run = Callable[..., subprocess.CompletedProcess[str]]
VERSION = version()
OFFERED = ".polster/upgrade/99.0.0"


def kept_copies(project: Path) -> dict[str, bytes]:
    """Return every copy that upgrades keep of the files before them."""
    folder = project / ".polster" / "upgrade"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.glob("0*/old/**/*")
        if path.is_file()
    }


def test_a_fresh_project_has_nothing_to_upgrade(project: Path, polster_here: Run) -> None:
    before = contents(project)
    done = polster_here("upgrade", cwd=project / "src")
    assert done.returncode == 0
    assert done.stdout == f"The project is at {VERSION} already: nothing to do.\n"
    assert contents(project) == before and not (project / ".polster").exists()


@pytest.mark.parametrize(
    ("starter", "ci"), [("standard", "github"), ("ecommerce", "gitlab"), ("minimal", "azure")]
)
def test_an_unedited_project_becomes_what_a_new_bake_is(
    starter: str,
    ci: str,
    bake: Callable[..., Path],
    later_release: str,
    polster_here: Run,
    tmp_path: Path,
) -> None:
    project = bake(starter=starter, ci=ci)
    before = contents(project)
    done = polster_here("upgrade", cwd=project)
    assert done.returncode == 0, done.stderr
    options = ("--no-input", "--template", starter, "--ci", ci, "--output-dir", tmp_path / "new")
    assert polster_here("init", "my_pipeline", *options, cwd=tmp_path).returncode == 0
    fresh = contents(tmp_path / "new" / "my_pipeline")
    after = contents(project)
    renamed = {"README.md", ".polster.json", "pyproject.toml", "AGENTS.md", "noxfile.py"}
    assert after.keys() == fresh.keys()
    assert {k: v for k, v in after.items() if k not in renamed} == {
        k: v for k, v in fresh.items() if k not in renamed
    }
    assert json.loads(after[".polster.json"])["version"] == later_release
    assert polster_here("upgrade", cwd=project).stdout.endswith("nothing to do.\n")
    assert polster_here("upgrade", "--undo", cwd=project).returncode == 0
    assert contents(project) == before


def test_each_kind_of_file_has_its_fate_and_its_line(
    project: Path, later_release: str, polster_here: Run
) -> None:
    for name in ("README.md", "noxfile.py", "run_polster.py", "tests/conftest.py"):
        append(project / name, "# mine\n")
    for name in ("workspace.yaml", "AGENTS.md"):
        (project / name).unlink()
    (project / "src/my_pipeline/polster/later.py").write_text("# mine\n", encoding="utf-8")
    (project / "polster_tasks/mine.py").write_text("# mine\n", encoding="utf-8")
    (project / "src/my_pipeline/defs/gold/mine.py").write_text("# mine\n", encoding="utf-8")
    before = contents(project)

    done = polster_here("upgrade", cwd=project / "src")
    assert done.returncode == 0, done.stderr
    after = contents(project)
    changed = {path for path in {**before, **after} if before.get(path) != after.get(path)}
    assert changed == {
        ".polster.json",
        "pyproject.toml",
        "polster_tasks/__init__.py",
        "polster_tasks/commands.py",
        "polster_tasks/layers.py",
        "polster_tasks/later/__init__.py",
        "polster_tasks/report.py",
        "src/my_pipeline/defs/alerts.py",
        "src/my_pipeline/polster/project.py",
    }
    assert done.stdout.splitlines()[0] == f"{VERSION} -> {later_release}"
    for line in (
        "  replaced  polster_tasks/layers.py  +1 -0",
        "  added     polster_tasks/later/__init__.py  +1 -0",
        "  removed   src/my_pipeline/defs/alerts.py  +0 -",
        "  left      README.md: edited here and changed by the release",
        "/polster/later.py: your own file, where the release has a new one",
        "  left      tests/conftest.py: edited here and no longer in the release; it is yours now",
        "  absent    AGENTS.md: you deleted it; `polster upgrade --force AGENTS.md` brings it back",
        "6 files replaced, 1 added, 1 removed, 4 left as you have them, 2 left deleted.",
    ):
        assert line in done.stdout
    assert "run_polster.py" not in done.stdout  # edited, and the same in the release
    for name in ("README.md", "noxfile.py", "src/my_pipeline/polster/later.py"):
        assert (project / OFFERED / name).is_file()
    assert "Our" not in (project / OFFERED / "README.md").read_text(encoding="utf-8")

    again = polster_here("upgrade", cwd=project)
    assert "nothing to do" in again.stdout and contents(project) == after


def test_the_command_that_shows_a_difference_can_be_pasted(
    project: Path, later_release: str, polster_here: Run
) -> None:
    odd = project.rename(project.with_name("it's my $HOME"))
    append(odd / "README.md", "# mine\n")
    done = polster_here("upgrade", cwd=odd / "src")
    (command,) = re.findall(r"^ +((?:git )?diff .*)$", done.stdout, re.MULTILINE)
    shown = subprocess.run(["sh", "-c", command], cwd=odd / "src", capture_output=True, text=True)
    assert "-# mine" in shown.stdout and "+# later" in shown.stdout


def test_settings_that_an_edited_pyproject_needs_are_said_line_by_line(
    project: Path, later_release: str, polster_here: Run
) -> None:
    append(project / "pyproject.toml", "# mine\n")
    done = polster_here("upgrade", cwd=project)
    needs = done.stdout.partition("yours to change:\n")[2].splitlines()[:3]
    assert needs == [
        "  [project] dependencies: change rich>=13 to rich>=14",
        "  [project] dependencies: add tenacity>=9",
        "  [tool.ruff] line-length: change 100 to 120",
    ]


def test_settings_are_compared_with_what_the_user_has() -> None:
    released = ["[project] dependencies: a>=1", "[project] dependencies: b>=1", "[x] y: 1"]
    new = ["[project] dependencies: a>=2", "[project] dependencies: c", "[x] y: 2", "[x] z: 1"]
    mine = b'[project]\ndependencies = ["A==1.5", "b>=1", "mine"]\n[x]\ny = 2\n'
    assert needed(released, new, mine) == [
        "[project] dependencies: change A==1.5 to a>=2",
        "[project] dependencies: add c",
        "[project] dependencies: remove b>=1",
        "[x] z: add 1",
    ]
    assert needed(released, new, b"[project") != []


@pytest.mark.parametrize(
    ("released", "new", "mine", "lines"),
    [
        ([], ["[x] y: true"], "[x]\ny = false", ["[x] y: change false to true"]),
        (["[x] y: 1"], ["[x] y: 2"], "[x]\ny = 7", ["[x] y: change 7 to 2"]),
        (["[x] y: 1"], ["[x] y: 1"], "[x]\ny = 7", []),
        ([], ["[x] y: a"], "[x]\ny = 'b'", ["[x] y: change b to a"]),
        ([], ["[x] y: a"], "[x]\ny = ['b']", ["[x] y: add a"]),
        ([], ["[x] y: a"], "[x]\ny = []", ["[x] y: change [] to a"]),
        ([], ["[x] y: a"], "", ["[x] y: add a"]),
        (["[x] y: a"], [], "[x]\ny = ['a', 'b']", ["[x] y: remove a"]),
        (['[x] "a: b": 2'], ['[x] "a: b": 3'], '[x]\n"a: b" = 2', ['[x] "a: b": change 2 to 3']),
        ([], ['[x."]: "] y: 3'], "", ['[x."]: "] y: add 3']),
        (
            ["[p] d: rich>=13"], ["[p] d: rich>=14"],
            """[p]\nd = ["x", "Rich [jupyter] >= 13 ; python_version < '4'"]""",
            ["[p] d: change Rich [jupyter] >= 13 ; python_version < '4' to "
             "rich[jupyter]>=14; python_version < '4'"],
        ),
        (["[p] d: r>=1"], ["[p] d: r>=2"], "[p]\nd = ['x', 'r[a]>=2']", []),
        (["[p] d: r>=1"], ["[p] d: r[b]>=2; m"], "[p]\nd = ['x', 'r']",
         ["[p] d: change r to r[b]>=2; m"]),
    ],
)  # fmt: skip
def test_each_kind_of_setting_has_its_advice(
    released: list[str], new: list[str], mine: str, lines: list[str]
) -> None:
    assert needed(released, new, mine.encode()) == lines


def test_a_setting_is_read_back_as_it_was_written() -> None:
    table = {"a: b": {"c]": ["x: y", 3]}, "d": {'"': "\n"}, "top": True}
    lines = list(flatten(table))
    assert needed([], lines, b"") == [
        '["a: b"] "c]": add x: y',
        '["a: b"] "c]": add 3',
        '[d] "\\"": add \n',
        "[] top: add true",
    ]


def test_the_hook_records_the_settings_that_the_upgrade_reads(project: Path) -> None:
    import tomllib

    recorded = json.loads((project / ".polster.json").read_text(encoding="utf-8"))["settings"]
    table = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    assert recorded == list(flatten(table))


def test_a_dry_run_writes_nothing_at_all(
    project: Path, later_release: str, polster_here: Run
) -> None:
    append(project / "README.md", "# mine\n")
    before = contents(project)
    for options in ([], ["--force"], ["--verbose"]):
        done = polster_here("upgrade", "--dry-run", *options, cwd=project)
        assert done.returncode == 0 and "polster_tasks/layers.py" in done.stdout
        assert " would be replaced, " in done.stdout and "Done" not in done.stdout
        assert contents(project) == before and not (project / ".polster").exists()


@pytest.mark.parametrize("argv", [("--verbose", "upgrade"), ("upgrade", "--verbose")])
def test_verbose_shows_the_lines(
    argv: tuple[str, ...], project: Path, later_release: str, polster_here: Run
) -> None:
    done = polster_here(*argv, "--dry-run", cwd=project)
    assert "+# later" in done.stdout.splitlines()


def test_force_makes_everything_as_released_and_undo_brings_the_edits_back(
    project: Path, later_release: str, polster_here: Run
) -> None:
    append(project / "README.md", "# mine\n")
    append(project / "run_polster.py", "# mine\n")
    append(project / "tests/conftest.py", "# mine\n")
    (project / "AGENTS.md").unlink()
    before = contents(project)
    assert polster_here("upgrade", "--force", cwd=project).returncode == 0
    after = contents(project)
    assert b"# mine" not in b"".join(after.values())
    assert "AGENTS.md" in after and "tests/conftest.py" not in after
    assert polster_here("upgrade", "--undo", cwd=project).returncode == 0
    assert contents(project) == before


def test_force_with_paths_reaches_those_only(
    project: Path, later_release: str, polster_here: Run
) -> None:
    append(project / "README.md", "# mine\n")
    append(project / "polster_tasks/layers.py", "# mine\n")
    done = polster_here("upgrade", "--force", "polster_tasks/", cwd=project)
    assert done.returncode == 0, done.stderr
    after = contents(project)
    assert b"# mine" in after["README.md"] and b"# mine" not in after["polster_tasks/layers.py"]


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        (".", "./polster_tasks"), (".", "polster_tasks//"), (".", "src/../polster_tasks/layers.py"),
        ("polster_tasks", "layers.py"), ("polster_tasks", "."), ("src", "../polster_tasks"),
        ("src", "polster_tasks"), ("..", "polster_tasks"), ("..", "my_pipeline/polster_tasks"),
    ],
)  # fmt: skip
def test_a_forced_path_is_seen_from_the_current_folder_or_from_the_projects_root(
    folder: str, path: str, project: Path, later_release: str, polster_here: Run
) -> None:
    append(project / "README.md", "# mine\n")
    append(project / "polster_tasks/layers.py", "# mine\n")
    options = ("--project", project.name) if folder == ".." else ()
    path = path.replace("my_pipeline", project.name)
    done = polster_here(*options, "upgrade", "--force", path, cwd=project / folder)
    assert done.returncode == 0, done.stderr
    after = contents(project)
    assert b"# mine" in after["README.md"] and b"# mine" not in after["polster_tasks/layers.py"]


def test_what_is_advised_from_outside_the_project_can_be_pasted_there(
    project: Path, later_release: str, polster_here: Run
) -> None:
    (project / "AGENTS.md").unlink()
    done = polster_here("--project", project.name, "upgrade", cwd=project.parent)
    command = f"polster --project {project.name} upgrade"
    assert f"`{command} --force AGENTS.md` brings it back" in done.stdout
    assert f"`{command} --undo` goes back" in done.stdout
    assert polster_here(*f"{command} --undo".split()[1:], cwd=project.parent).returncode == 0


@pytest.mark.parametrize(
    "argv",
    [
        ("--force", "nowhere"),
        ("--force", "../x"),
        ("--force", ""),
        ("--force", "/"),
        ("README.md",),
        ("--undo", "--force"),
    ],
)
def test_a_wrong_command_line_is_refused_with_2(
    argv: tuple[str, ...], project: Path, polster_here: Run
) -> None:
    done = polster_here("upgrade", *argv, cwd=project)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1


def test_a_later_project_is_not_taken_back_unless_forced(
    project: Path, later_release: str, polster_here: Run, polster: Run
) -> None:
    old = contents(project)
    polster_here("upgrade", cwd=project)
    new = contents(project)
    done = polster("upgrade", cwd=project)
    assert done.returncode == 1 and f"{later_release} is later" in done.stderr
    assert contents(project) == new
    assert polster("upgrade", "--force", cwd=project).returncode == 0
    assert contents(project) == old
    assert polster_here("upgrade", "--undo", cwd=project).returncode == 0
    assert contents(project) == new


def test_repeated_undo_walks_back_and_no_copy_is_lost(
    project: Path, later_release: str, polster_here: Run
) -> None:
    states = [contents(project)]
    for number in range(3):
        append(project / "README.md", f"# edit {number}\n")
        states.append(contents(project))
        polster_here("upgrade", "--force", cwd=project)
    copies = kept_copies(project)
    assert b"# edit 2" in b"".join(copies.values())
    for state in reversed(states[1:]):
        done = polster_here("upgrade", "--undo", cwd=project)
        assert done.returncode == 0, done.stderr
        assert contents(project) == state
        path = project / "README.md"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        if state is not states[1]:
            path.write_text("".join(lines[:-1]), encoding="utf-8")
    assert sorted(kept_copies(project).values()) == sorted(copies.values())
    done = polster_here("upgrade", "--undo", cwd=project)
    assert done.returncode == 1 and "Nothing to undo" in done.stderr


def test_stores_are_taken_in_the_order_of_their_numbers(
    project: Path, later_release: str, polster_here: Run
) -> None:
    before = contents(project)
    polster_here("upgrade", cwd=project)
    folder = project / ".polster/upgrade"
    (folder / "000001").rename(folder / "999999")
    append(project / "README.md", "# mine\n")
    middle = contents(project)
    polster_here("upgrade", "--force", cwd=project)
    assert (folder / "1000000").is_dir()
    polster_here("upgrade", "--undo", cwd=project)
    assert contents(project) == middle
    done = polster_here("upgrade", "--undo", cwd=project)
    assert "README.md: edited since" in done.stdout
    after = contents(project)
    assert after.pop("README.md") == middle["README.md"]
    before.pop("README.md")
    assert after == before


@pytest.mark.parametrize("number", ["999999999999", "9" * 40])
def test_an_upgrade_after_any_number_can_be_undone(
    number: str, project: Path, later_release: str, polster_here: Run
) -> None:
    before = contents(project)
    store = project / ".polster/upgrade" / f"{number}.undone"
    store.mkdir(parents=True)
    assert polster_here("upgrade", cwd=project).returncode == 0
    assert polster_here("upgrade", "--undo", cwd=project).returncode == 0
    assert contents(project) == before


def test_a_file_edited_since_the_upgrade_is_left_by_its_undo_and_its_copy_named(
    project: Path, later_release: str, polster_here: Run
) -> None:
    before = contents(project)
    polster_here("upgrade", cwd=project)
    append(project / "noxfile.py", "# since\n")
    edited = (project / "noxfile.py").read_bytes()
    done = polster_here("upgrade", "--undo", cwd=project)
    assert done.returncode == 0 and "noxfile.py: edited since" in done.stdout
    assert (project / "noxfile.py").read_bytes() == edited
    copy = project / ".polster/upgrade/000001.undone/old/noxfile.py"
    assert copy.read_bytes() == before["noxfile.py"]
    assert os.path.relpath(copy, project) in done.stdout


def test_without_a_manifest_every_file_that_differs_counts_as_edited(
    project: Path, later_release: str, polster_here: Run
) -> None:
    (project / ".polster.json").unlink()
    before = contents(project)
    done = polster_here("upgrade", cwd=project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The project has no .polster.json, so every file")
    after = contents(project)
    assert {path: after[path] for path in before} == before
    assert "left      polster_tasks/layers.py" in done.stdout
    assert json.loads(after[".polster.json"])["answers"]["project_slug"] == "my_pipeline"
    assert polster_here("upgrade", "--force", cwd=project).returncode == 0
    assert "# later" in (project / "polster_tasks/layers.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("ends", ["all files", "one file"])
def test_line_ends_that_git_changed_are_no_edit_and_stay(
    ends: str, project: Path, later_release: str, polster_here: Run
) -> None:
    changed = project.rglob("*.py") if ends == "all files" else [project / "noxfile.py"]
    for path in [*changed, project / ".polster.json"]:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    done = polster_here("upgrade", cwd=project)
    assert done.returncode == 0 and " left " not in done.stdout
    for path in (project / "noxfile.py", project / ".polster.json"):
        text = path.read_bytes()
        assert text.count(b"\n") == text.count(b"\r\n") > 0
    assert b"# later\r\n" in (project / "noxfile.py").read_bytes()
    assert "nothing to do" in polster_here("upgrade", cwd=project).stdout


def test_missing_tooling_is_said_by_both_commands_and_brought_back_by_force(
    project: Path, polster_here: Run, polster: Run
) -> None:
    before = contents(project)
    shutil.rmtree(project / "polster_tasks")
    advice = "polster upgrade --force polster_tasks"
    done = polster_here("upgrade", cwd=project)
    assert done.returncode == 0 and advice in done.stdout
    assert len(done.stdout.splitlines()) == 2
    done = polster("validate", cwd=project)
    assert done.returncode == 1 and advice in done.stderr
    assert polster_here(*advice.split()[1:], cwd=project).returncode == 0
    assert contents(project) == before


@pytest.mark.skipif(os.name == "nt", reason="modes as POSIX has them")
def test_modes_are_kept(project: Path, later_release: str, polster_here: Run) -> None:
    modes = {"noxfile.py": 0o755, "workspace.yaml": 0o600, "src/my_pipeline/defs/alerts.py": 0o640}
    for name, mode in modes.items():
        (project / name).chmod(mode)
    assert polster_here("upgrade", cwd=project).returncode == 0
    for name in ("noxfile.py", "workspace.yaml"):
        assert (project / name).stat().st_mode & 0o777 == modes[name]
    assert polster_here("upgrade", "--undo", cwd=project).returncode == 0
    for name, mode in modes.items():
        assert (project / name).stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("obstacle", ["folder for a file", "file for a folder"])
def test_something_else_in_a_files_place_is_one_sentence(
    obstacle: str, project: Path, later_release: str, polster_here: Run
) -> None:
    if obstacle == "folder for a file":
        (project / "noxfile.py").unlink()
        (project / "noxfile.py").mkdir()
    else:
        shutil.rmtree(project / "polster_tasks")
        (project / "polster_tasks").write_text("mine", encoding="utf-8")
    before = contents(project)
    done = polster_here("upgrade", cwd=project)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr
    assert "Nothing was changed" in done.stderr and contents(project) == before


def test_a_command_at_work_is_waited_for(
    project: Path, later_release: str, polster_here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polster.upgrading.lock.PATIENCE", 0.1)
    before = contents(project)
    with locked(project):
        done = polster_here("upgrade", cwd=project)
    assert done.returncode == 1 and "Another command is at work" in done.stderr
    assert contents(project) == before
    assert polster_here("upgrade", cwd=project).returncode == 0


def test_the_lock_is_the_one_that_polster_tasks_takes(project: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from polster_tasks.changing.lock import hold_lock\n"
        "from polster_tasks.project import open_project\n"
        "with hold_lock(open_project(Path('.')), patience=0.1): pass\n"
    )
    with locked(project):
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=project, capture_output=True, text=True
        )
    assert "Another command is at work" in done.stderr


def test_a_users_assets_are_none_of_an_upgrades_business(
    bake: Callable[..., Path], later_release: str, polster_here: Run
) -> None:
    project = bake(starter="ecommerce")
    mine = {
        path: text
        for path, text in contents(project).items()
        if re.search(r"(raw|clean|validated|ltv|analytics|ecommerce)", path)
    }
    assert len(mine) > 12
    recorded = json.loads((project / ".polster.json").read_text(encoding="utf-8"))["files"]
    assert not mine.keys() & recorded.keys()
    for path in mine:
        append(project / path, "# mine\n")
    (project / "data/landing/raw_orders.csv").unlink()
    before = contents(project)
    done = polster_here("upgrade", "--force", cwd=project)
    assert done.returncode == 0, done.stderr
    after = contents(project)
    for path in mine:
        assert after.get(path) == before.get(path)
        assert path not in done.stdout


def test_nothing_to_undo_is_said(project: Path, polster_here: Run) -> None:
    done = polster_here("upgrade", "--undo", cwd=project)
    assert done.returncode == 1 and "Nothing to undo" in done.stderr
    assert not (project / ".polster").exists()


def test_a_python_file_changes_after_those_that_it_imports() -> None:
    from polster.upgrading.sequence import import_order

    texts = {
        "a.txt": b"import z",
        "p/a.py": b"from . import b\nfrom .c import x\nimport os",
        "p/b.py": b"def f():\n    from ..q.d import y",
        "p/c.py": b"from p import a",  # a circle
        "p/e.py": b"no Python \x00",
        "q/d.py": b"import shop.g.h",
        "src/shop/g/h.py": b"from . import j",
        "src/shop/g/__init__.py": b"",
        "src/shop/g/j.py": b"",
    }
    order = import_order(texts)
    assert sorted(order) == sorted(texts)
    for one, other in (
        ("p/b.py", "p/a.py"),
        ("q/d.py", "p/b.py"),
        ("src/shop/g/h.py", "q/d.py"),
        ("src/shop/g/j.py", "src/shop/g/h.py"),
    ):
        assert order.index(one) < order.index(other)


def test_order_of_versions() -> None:
    releases = [
        "unknown", "0.0.9", "0.1.0.dev1", "0.1.0a1.dev2", "0.1.0a1", "0.1.0a2", "0.1.0b1",
        "0.1.0rc1", "0.1.0rc1.post1", "0.1.0", "0.1.0+local", "0.1.0+2", "0.1.0+10",
        "0.1.0.post1.dev1", "0.1.0.post1", "0.1.0.post2", "0.1.1", "0.10.0", "1.0", "1!0.1",
    ]  # fmt: skip
    assert sorted(reversed(releases), key=order) == releases


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "1.0.0"), ("1", "1.0"), ("1.0RC1", "1.0.rc.1"), ("v1.0", "1.0")]
)
def test_two_spellings_of_one_version_are_equal(one: str, other: str) -> None:
    assert order(one) == order(other)


@pytest.mark.parametrize("text", ["", "1..0", "1.0x", "final", "unknown", "1.0-"])
def test_what_is_no_version_comes_before_every_version(text: str) -> None:
    assert order(text) < order("0.0.1.dev0")


@pytest.fixture
def renamed_in_case(
    later_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str]:
    """Make this process's `polster` a release that renames a file only in case."""
    old, new = "workspace.yaml", "Workspace.yaml"
    template = Path(shutil.copytree(later_template, tmp_path / "renamed"))
    folder = template / TEMPLATE_FOLDER
    (folder / old).rename(folder / new)
    hook = template / "hooks" / "post_gen_project.py"
    text = hook.read_text(encoding="utf-8")
    hook.write_text(text.replace(f"\n{old}\n", f"\n{new}\n"), encoding="utf-8", newline="\n")
    monkeypatch.setattr("polster.create.template", lambda: template)
    monkeypatch.setattr("polster.template.template", lambda: template)
    return old, new


def test_a_file_that_a_release_renames_only_in_case_is_renamed_and_back(
    project: Path, renamed_in_case: tuple[str, str], polster_here: Run
) -> None:
    _, new = renamed_in_case
    before = contents(project)
    done = polster_here("upgrade", cwd=project)
    assert done.returncode == 0, done.stderr
    assert (project / new).is_file()
    assert "nothing to do" in polster_here("upgrade", cwd=project).stdout
    assert polster_here("upgrade", "--undo", cwd=project).returncode == 0
    assert contents(project) == before


def test_a_file_renamed_in_case_is_not_removed_where_the_disk_ignores_case(
    project: Path,
    renamed_in_case: tuple[str, str],
    polster_here: Run,
) -> None:
    old, new = renamed_in_case
    # Such a disk, as far as two names of one file go.
    os.link(project / old, project / new)
    done = polster_here("upgrade", cwd=project)
    assert done.returncode == 0, done.stderr
    assert (project / old).is_file() and (project / new).is_file()
    assert f"removed   {old}" not in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="pipes and devices as POSIX has them")
@pytest.mark.parametrize("options", [[], ["--undo"]])
@pytest.mark.parametrize("where", ["a closed pipe", "a full disk", "closed"])
def test_the_output_decides_nothing(
    where: str, options: list[str], project: Path, later_release: str, polster_here: Run
) -> None:
    before = contents(project)
    polster_here("upgrade", cwd=project)
    after = contents(project)
    if not options:
        polster_here("upgrade", "--undo", cwd=project)
    script = (
        "import sys; from polster import create, template; from pathlib import Path\n"
        "folder = Path(sys.argv.pop(1))\n"
        "create.template = template.template = lambda: folder\n"
        "from polster.__main__ import main; main()\n"
    )
    command = [sys.executable, "-c", script, str(templates.template()), "upgrade", *options]
    redirection = {"a closed pipe": "| true", "a full disk": "> /dev/full", "closed": ">&-"}[where]
    if where == "a full disk" and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", *command],
        cwd=project, env=environment(), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert contents(project) == (before if options else after)
    if where == "a full disk":
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
        assert "its output was not written" in done.stderr
    else:
        assert done.returncode == 0 and done.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM that a process can hear")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_terminated_upgrade_leaves_nothing_among_the_temporary_files(
    sent: signal.Signals, project: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    before = contents(project)
    process = subprocess.Popen(
        [sys.executable, "-m", "polster", "upgrade", "--dry-run"],
        cwd=project, env=environment(TMPDIR=str(temporary)), stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + 60
    while not list(temporary.glob("polster-*/*/polster_tasks")) and time.monotonic() < end:
        time.sleep(0.005)
    process.send_signal(sent)
    assert process.wait(timeout=60) == 128 + sent
    assert not list(temporary.glob("polster-*")) and contents(project) == before


def test_a_full_temporary_folder_is_one_sentence_with_its_place(
    project: Path, later_release: str, polster_here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    done = polster_here("upgrade", cwd=project)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "No space left on device" in done.stderr and "TMPDIR" in done.stderr
