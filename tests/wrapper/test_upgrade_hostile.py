"""Nothing leaves the project's folder, whatever its `.polster.json` and `.polster/` say."""

import json
import os
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from polster.upgrading.paths import is_owned
from tests.wrapper.conftest import contents

Run = Callable[..., subprocess.CompletedProcess[str]]
ZEROS = "0" * 64

OUTSIDE = [
    "../outside.txt", "a/../../outside.txt", "/etc/outside.txt", "C:/outside.txt", "C:outside.txt",
    "..\\outside.txt", "a\\..\\..\\outside.txt", "//host/share", "", ".", "..", "./x", "a//b", "a/",
    "nul\0.txt", "line\nend", ".git/hooks/pre-commit", ".GIT/config", "sub/.git/config",
    ".git./config", ".git /config", "GIT~1/config", ".polster/lock", ".polster/upgrade/000001/x",
    "a:stream", "x" * 500, "\ud800",
]  # fmt: skip
RECORDS = [".polster.json", ".Polster.JSON", ".polster.json/x"]  # Polster's own


@pytest.fixture
def home(project: Path, tmp_path: Path) -> Path:
    """Return the folder around the project, with something in it to destroy."""
    assert project.parent.parent == tmp_path
    (tmp_path / "outside.txt").write_text("precious", encoding="utf-8")
    (project / ".git").mkdir()
    (project / ".git" / "config").write_text("precious", encoding="utf-8")
    return tmp_path


def everything(folder: Path) -> dict[str, object]:
    """Return all that lies below a folder: texts, links, folders; but for the project's lock."""
    found: dict[str, object] = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file():
            found[name] = path.read_bytes()
    return {name: what for name, what in found.items() if not name.endswith(".polster/lock")}


def edit_manifest(project: Path, change: Callable[[dict], object]) -> None:
    """Change what a project's `.polster.json` says."""
    path = project / ".polster.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def write_store(project: Path, steps: list, state: str) -> Path:
    """Write an upgrade's store by hand, as a stranger's repository could hold it."""
    store = project / ".polster" / "upgrade" / f"000001{state}"
    store.mkdir(parents=True)
    plan = {"format": 1, "before": "0.0.1", "after": "0.1.0", "folders": [], "steps": steps}
    (store / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    for step in steps:
        if not isinstance(step, dict):
            continue
        for side in ("old", "new"):
            try:
                copy = store / side / str(step.get("path")).lstrip("/")
                copy.parent.mkdir(parents=True, exist_ok=True)
                if not copy.exists() and project in copy.resolve().parents:
                    copy.write_text("evil", encoding="utf-8")
            except (OSError, ValueError):
                pass
    return store


def refused(done: subprocess.CompletedProcess[str]) -> bool:
    """Tell whether a command ended with one sentence and status 1."""
    lines = done.stderr.splitlines()
    return done.returncode == 1 and len(lines) == 1 and lines[0].startswith("polster: ")


@pytest.mark.parametrize("path", [*OUTSIDE, *RECORDS])
def test_no_such_path_is_a_file_of_the_template(path: str) -> None:
    assert not is_owned(path)


def test_a_path_of_the_template_is() -> None:
    for path in ("a", ".github/workflows/ci.yml", "src/é/x y.py", ".gitignore", "..a", "git/x"):
        assert is_owned(path)


@pytest.mark.parametrize("path", [*OUTSIDE, *RECORDS])
def test_a_manifest_that_leads_elsewhere_is_refused(
    path: str, project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    digest = sha256(b"precious").hexdigest()
    edit_manifest(project, lambda manifest: manifest["files"].update({path: digest}))
    before = everything(home)
    for options in ([], ["--force"], ["--dry-run"]):
        assert refused(polster_here("upgrade", *options, cwd=project))
        assert everything(home) == before


@pytest.mark.parametrize("state", ["", ".active", ".undoing"])
@pytest.mark.parametrize("path", OUTSIDE)
def test_a_store_that_leads_elsewhere_is_refused(
    path: str, state: str, project: Path, home: Path, polster_here: Run
) -> None:
    evil, precious = sha256(b"evil").hexdigest(), sha256(b"precious").hexdigest()
    steps = [{"path": path, "before": evil, "after": precious}]
    write_store(project, steps, state)
    before = everything(home)
    commands = [["--undo"], ["--undo", "--dry-run"]] + ([[], ["--force"]] if state else [])
    for options in commands:
        assert refused(polster_here("upgrade", *options, cwd=project)), options
        assert everything(home) == before


HOSTILE_MANIFESTS: dict[str, str | Callable[[dict], object]] = {
    "no JSON": "{",
    "empty": "",
    "a list": "[]",
    "null": "null",
    "deep": "[" * 100_000 + "]" * 100_000,
    "deep object": '{"format":' * 50_000 + "1" + "}" * 50_000,
    "huge number": '{"format": ' + "9" * 10_000 + "}",
    "huge": '{"format": 1, "x": "' + "x" * 5_000_000 + '"}',
    "twice": '{"format": 1, "format": 1}',
    "no format": lambda m: m.pop("format"),
    "format true": lambda m: m.update(format=True),
    "format text": lambda m: m.update(format="1"),
    "a later format": lambda m: m.update(format=2),
    "version list": lambda m: m.update(version=["0.1.0"]),
    "version path": lambda m: m.update(version="../../x"),
    "version escape": lambda m: m.update(version="\x1b[2J"),
    "no answers": lambda m: m.pop("answers"),
    "answers more": lambda m: m["answers"].update(_copy_without_render="*"),
    "answer number": lambda m: m["answers"].update(project_name=7),
    "answer surrogate": lambda m: m["answers"].update(description="\ud800"),
    "files list": lambda m: m.update(files=[]),
    "checksum short": lambda m: m["files"].update({"README.md": "0"}),
    "checksum number": lambda m: m["files"].update({"README.md": 0}),
    "settings text": lambda m: m.update(settings="x"),
    "setting object": lambda m: m.update(settings=[{}]),
}


@pytest.mark.parametrize("kind", HOSTILE_MANIFESTS)
def test_a_damaged_manifest_is_one_sentence(
    kind: str, project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    hostile = HOSTILE_MANIFESTS[kind]
    if isinstance(hostile, str):
        (project / ".polster.json").write_text(hostile, encoding="utf-8")
    else:
        edit_manifest(project, hostile)
    before = everything(home)
    for options in ([], ["--force"]):
        assert refused(polster_here("upgrade", *options, cwd=project))
        assert everything(home) == before


@pytest.mark.parametrize(
    "answer",
    [
        {"project_slug": "../evil"}, {"project_slug": "/tmp/evil"}, {"project_slug": "class"},
        {"starter": "../evil"}, {"ci": "{{ 7 * 7 }}"}, {"project_slug": "{{ 'x' }}"},
    ],
)  # fmt: skip
def test_answers_that_the_template_refuses_change_nothing(
    answer: dict[str, str], project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    edit_manifest(project, lambda manifest: manifest["answers"].update(answer))
    before = everything(home)
    done = polster_here("upgrade", cwd=project)
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr + done.stdout
    assert everything(home) == before


def test_answers_are_text_and_never_templates(
    project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    evil = "{{ cookiecutter.__class__ }} {% raw %}"
    edit_manifest(project, lambda manifest: manifest["answers"].update(description=evil))
    assert polster_here("upgrade", cwd=project).returncode == 0
    assert evil in (project / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    [
        ".polster", ".polster.json", "src", "polster_tasks", "tests", "README.md",
        "polster_tasks/layers.py", "src/my_pipeline/polster",
    ],
)  # fmt: skip
def test_links_are_refused(
    name: str, project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    elsewhere = home / "elsewhere"
    if (project / name).exists():
        (project / name).rename(elsewhere)
    else:
        elsewhere.mkdir()
    (project / name).symlink_to(elsewhere)
    before = everything(home)
    for options in ([], ["--force"]):
        done = polster_here("upgrade", *options, cwd=project)
        assert refused(done) and "is a link" in done.stderr
        assert everything(home) == before


@pytest.mark.parametrize(
    "name", ["upgrade", "lock", "upgrade/000001", "upgrade/99.0.0", "upgrade/000001.new"]
)
def test_links_in_the_state_are_refused(
    name: str, project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    (project / "README.md").write_text("mine", encoding="utf-8")
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_text("mine", encoding="utf-8")
    link = project / ".polster" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(home / "outside.txt" if name == "lock" else elsewhere)
    before = everything(home)
    assert refused(polster_here("upgrade", cwd=project))
    assert everything(home) == before


def test_a_link_where_a_temporary_file_goes_is_not_written_through(
    project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    for name in (".noxfile.py.polster-new", "polster_tasks/.layers.py.polster-new"):
        (project / name).symlink_to(home / "outside.txt")
    assert polster_here("upgrade", cwd=project).returncode == 0
    assert (home / "outside.txt").read_text(encoding="utf-8") == "precious"


def test_a_link_where_a_new_text_is_laid_is_not_written_through(
    project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    (project / "README.md").write_text("mine", encoding="utf-8")
    offered = project / ".polster/upgrade/99.0.0/README.md"
    offered.parent.mkdir(parents=True)
    offered.symlink_to(home / "outside.txt")
    before = everything(home)
    assert refused(polster_here("upgrade", cwd=project))
    assert everything(home) == before


def test_a_link_that_appears_in_a_store_is_not_read(
    project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    polster_here("upgrade", cwd=project)
    copy = project / ".polster/upgrade/000001/old/noxfile.py"
    (home / "copy.py").write_bytes(copy.read_bytes())
    copy.unlink()
    copy.symlink_to(home / "copy.py")
    before = everything(home)
    assert refused(polster_here("upgrade", "--undo", cwd=project))
    assert everything(home) == before


@pytest.mark.parametrize("damage", ["changed", "missing", "no plan", "plan cut", "later format"])
@pytest.mark.parametrize("state", ["", ".active", ".undoing"])
def test_a_store_that_cannot_be_verified_is_not_obeyed(
    damage: str, state: str, project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    polster_here("upgrade", cwd=project)
    done = project / ".polster/upgrade/000001"
    store = done.rename(done.with_name(f"000001{state}")) if state else done
    plan = store / "plan.json"
    if damage == "changed":
        (store / "old/noxfile.py").write_text("evil", encoding="utf-8")
    elif damage == "missing":
        (store / "old/noxfile.py").unlink()
    elif damage == "no plan":
        plan.unlink()
    elif damage == "plan cut":
        plan.write_text(plan.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    else:
        text = plan.read_text(encoding="utf-8").replace('"format": 1', '"format": 2')
        plan.write_text(text, encoding="utf-8")
    before = everything(home)
    assert refused(polster_here("upgrade", "--undo", cwd=project))
    assert everything(home) == before


@pytest.mark.parametrize(
    "plan",
    [
        {"steps": {}}, {"steps": [1]}, {"steps": [{}]}, {"folders": "x"}, {"before": "../x"},
        {"after": None}, {"steps": [{"path": "a", "before": None, "after": None}]},
        {"steps": [{"path": "a", "before": "x", "after": None}]},
        {"steps": [{"path": 1, "before": None, "after": ZEROS}]},
        {"steps": [{"path": p, "before": None, "after": ZEROS} for p in ("a", "a")]},
        {"steps": [{"path": "a", "before": None, "after": ZEROS, "mode": 1}]},
    ],
)  # fmt: skip
def test_a_damaged_plan_is_one_sentence(
    plan: dict, project: Path, home: Path, polster_here: Run
) -> None:
    store = write_store(project, [], ".active")
    text = (store / "plan.json").read_text(encoding="utf-8")
    (store / "plan.json").write_text(json.dumps(json.loads(text) | plan), encoding="utf-8")
    before = everything(home)
    for options in ([], ["--undo"], ["--dry-run"]):
        assert refused(polster_here("upgrade", *options, cwd=project))
        assert everything(home) == before


def test_two_unfinished_upgrades_are_not_ours(project: Path, home: Path, polster_here: Run) -> None:
    for name in ("000001.active", "000002.undoing"):
        (project / ".polster/upgrade" / name).mkdir(parents=True)
    before = everything(home)
    assert refused(polster_here("upgrade", cwd=project))
    assert everything(home) == before


def test_a_persons_own_files_among_the_stores_are_left_alone(
    project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    folder = project / ".polster/upgrade"
    mine = ("000001 copy/x", "notes.txt", "1/x", "000002.bak/x", "0000001/x")
    for name in mine:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine", encoding="utf-8")
    before = contents(project)
    assert polster_here("upgrade", cwd=project).returncode == 0
    assert polster_here("upgrade", "--undo", cwd=project).returncode == 0
    assert contents(project) == before
    assert all((folder / name).read_text(encoding="utf-8") == "mine" for name in mine)


def test_a_stray_file_in_a_stores_place_stops_no_upgrade(
    project: Path, later_release: str, polster_here: Run
) -> None:
    folder = project / ".polster/upgrade"
    folder.mkdir(parents=True)
    for name in ("000001.new", "000002"):
        (folder / name).write_text("", encoding="utf-8")
    assert polster_here("upgrade", cwd=project).returncode == 0
    assert (folder / "000003").is_dir()


@pytest.mark.parametrize("stated", ["0.1.0 (ours)", "\x1b[2J", "9" * 5000, "x" * 50])
def test_a_version_that_is_none_is_unknown(
    stated: str, project: Path, later_release: str, polster_here: Run, polster: Run
) -> None:
    init = project / "polster_tasks/__init__.py"
    init.write_text(f'__version__ = "{stated}"\n', encoding="utf-8")
    assert polster("validate", cwd=project).returncode == 0
    (project / ".polster.json").unlink()
    done = polster_here("upgrade", "--force", cwd=project)
    assert done.returncode == 0 and "unknown -> 99.0.0" in done.stdout
    assert polster_here("upgrade", "--undo", cwd=project).returncode == 0


def test_a_strangers_settings_move_no_cursor(
    project: Path, later_release: str, polster_here: Run
) -> None:
    edit_manifest(project, lambda m: m["settings"].append("[x] y: \x1b[2J"))
    with (project / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('[x]\ny = "\\u001b[2J"\n')
    done = polster_here("upgrade", cwd=project)
    assert "[x] y: remove" in done.stdout and "\x1b" not in done.stdout


@pytest.mark.parametrize("text", ["x = " + "[" * 50_000, "[tool.polster", "\x00"])
def test_a_pyproject_that_nobody_can_read_is_left_and_said(
    text: str, project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    (project / "pyproject.toml").write_text(text, encoding="utf-8")
    done = polster_here("upgrade", cwd=project)
    assert done.returncode == 0, done.stderr
    assert "it cannot be read" in done.stdout and "Traceback" not in done.stderr
    assert (project / "pyproject.toml").read_text(encoding="utf-8") == text


@pytest.mark.skipif(os.name == "nt", reason="pipes as POSIX has them")
@pytest.mark.parametrize(
    ("name", "options"),
    [
        (".polster.json", ()),
        ("README.md", ()),
        ("pyproject.toml", ()),
        (".polster/upgrade/000001", ("--undo",)),
    ],
)
def test_nobody_waits_for_a_pipe(
    name: str,
    options: tuple[str, ...],
    project: Path,
    home: Path,
    later_release: str,
    polster_here: Run,
) -> None:
    (project / name).unlink(missing_ok=True)
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(project / name)
    assert refused(polster_here("upgrade", *options, cwd=project))


@pytest.mark.skipif(os.name == "nt", reason="pipes as POSIX has them")
@pytest.mark.parametrize("name", ["pyproject.toml", "polster_tasks/__init__.py"])
def test_without_a_manifest_nobody_waits_for_a_pipe_either(
    name: str, project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    for path in (project / ".polster.json", project / name):
        path.unlink()
    os.mkfifo(project / name)
    assert refused(polster_here("upgrade", cwd=project))


def test_the_version_is_not_read_through_a_link(
    project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    (project / ".polster.json").unlink()
    (project / "polster_tasks").rename(home / "elsewhere")
    (project / "polster_tasks").symlink_to(home / "elsewhere")
    done = polster_here("upgrade", cwd=project)
    assert refused(done) and "is a link" in done.stderr


def test_a_file_too_large_to_be_of_the_template_is_refused_unread(
    project: Path, home: Path, later_release: str, polster_here: Run
) -> None:
    with (project / "README.md").open("wb") as file:
        file.truncate(50_000_000_000)  # a hole, which takes no room
    done = polster_here("upgrade", cwd=project)
    assert refused(done) and "too large" in done.stderr
