"""Every way in which cookiecutter takes a template gives the same project."""

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polster.upgrading.manifest import read_manifest

Run = Callable[..., Any]
COOKIECUTTER = (sys.executable, "-m", "cookiecutter", "--no-input")
SHOP = "project_name=shop"
LATER = "99.0.0"


def later(project: Path) -> bool:
    """Tell whether a project came from the repository's later tag."""
    return LATER in (project / "polster_tasks/__init__.py").read_text(encoding="utf-8")


def test_a_local_path(
    checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP)
    holds(tmp_path / "shop")


def test_a_path_as_typed_in_the_checkout_itself(
    checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    run_in(checkout, *COOKIECUTTER, ".", SHOP, "-o", tmp_path / "one")
    holds(tmp_path / "one/shop")
    run_in(checkout / "hooks", *COOKIECUTTER, "..", SHOP, "-o", tmp_path / "two")
    holds(tmp_path / "two/shop")


def test_pythonsafepath_changes_nothing(
    checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, PYTHONSAFEPATH="1")
    holds(tmp_path / "shop")


def test_a_git_url_at_its_head_and_at_a_tag(
    repository: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    run_in(tmp_path, *COOKIECUTTER, repository.as_uri(), SHOP, "-o", "head")
    assert later(tmp_path / "head/shop")
    run_in(tmp_path, *COOKIECUTTER, repository.as_uri(), SHOP, "--checkout", "v1")
    holds(tmp_path / "shop")


def test_an_abbreviation(
    repository: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    run_in(tmp_path, *COOKIECUTTER, "shelf:polster.git", SHOP, "--checkout", "v1")
    holds(tmp_path / "shop")


def test_a_zip_as_a_forge_makes_it(
    repository: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    archive = tmp_path / "polster-v1.zip"
    run_in(repository, "git", "archive", "--prefix=polster-v1/", "-o", archive, "v1")
    run_in(tmp_path, *COOKIECUTTER, archive, SHOP)
    holds(tmp_path / "shop")


def test_a_replay(checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path) -> None:
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "description={{ '{{ 7*7 }}' }}", "-o", "one")
    run_in(tmp_path, *COOKIECUTTER[:-1], checkout, "--replay", "-o", "two")
    assert "{{ 7*7 }}" in (tmp_path / "two/shop/pyproject.toml").read_text(encoding="utf-8")
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "-o", "three")
    run_in(tmp_path, *COOKIECUTTER[:-1], checkout, "--replay", "-o", "four")
    holds(tmp_path / "four/shop")


def test_a_checkout_without_symlinks(
    checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    """Windows without developer mode writes a link as a text file: nothing may depend on it."""
    copy = tmp_path / "copy"
    shutil.copytree(checkout, copy, symlinks=True)
    (copy / "polster_tasks").unlink()
    (copy / "polster_tasks").write_text(
        "{{cookiecutter.project_slug}}/polster_tasks", encoding="utf-8"
    )
    run_in(tmp_path, *COOKIECUTTER, copy, SHOP)
    holds(tmp_path / "shop")


@pytest.mark.skipif(os.name == "nt", reason="modes as POSIX has them")
def test_a_read_only_template(
    checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    """The project's files are writable all the same."""
    copy = tmp_path / "copy"
    shutil.copytree(checkout, copy, symlinks=True)
    paths = [path for path in copy.rglob("*") if not path.is_symlink()]
    modes = {path: path.stat().st_mode for path in paths}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        run_in(tmp_path, *COOKIECUTTER, copy, SHOP)
        for path in (tmp_path / "shop").rglob("*"):
            assert path.stat().st_mode & 0o200, path
        holds(tmp_path / "shop")
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def test_a_project_folder_with_spaces_and_letters_beyond_ascii(
    checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    folder = tmp_path / "çà et là (x)"
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "-o", folder)
    holds(folder / "shop")


def test_leftovers_of_tools_in_the_template_are_not_baked(
    checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(checkout, copy, symlinks=True)
    template = copy / "{{cookiecutter.project_slug}}"
    for path in (
        ".ruff_cache/0.17.6/1",
        "polster_tasks/.ruff_cache/0.17.6/1",
        "polster_tasks/__pycache__/layers.cpython-311.pyc",
        "src/{{cookiecutter.__package_name}}/__pycache__/store.cpython-311.pyc",
    ):
        (template / path).parent.mkdir(parents=True)
        (template / path).write_bytes(b"{{ no Jinja, no UTF-8: \x94")
    run_in(tmp_path, *COOKIECUTTER, copy, SHOP)
    holds(tmp_path / "shop")


MINE = (
    "src/shop/defs/gold/mine.py",
    "data/landing/mine.csv",
    "polster_tasks/templates/gold/mine.py.txt",
    "polster_tasks/mine.py",
    "notes.md",
    "mine/__pycache__/mine.pyc",
    "polster_tasks/__pycache__/mine.pyc",
    ".ruff_cache/mine",
    ".venv/lib/__pycache__/mine.pyc",
    "data/__pycache__/mine.pyc",
    "data/bronze/__pycache__/mine.pyc",
    ".git/config",
)


@pytest.fixture
def lived_in(checkout: Path, run_in: Run, tmp_path: Path) -> Path:
    """Return a project in which its user has edited, deleted, added and locked files."""
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP)
    shop = tmp_path / "shop"
    for name in MINE:
        (shop / name).parent.mkdir(parents=True, exist_ok=True)
        (shop / name).write_text("mine", encoding="utf-8")
        (shop / name).chmod(0o444)
    (shop / "noxfile.py").write_text("# mine\n", encoding="utf-8")
    (shop / "README.md").unlink()
    (shop / ".github/mine").mkdir(parents=True)
    return shop


def manifest(project: Path) -> dict[str, Any]:
    """Return what a project's `.polster.json` says."""
    return json.loads((project / ".polster.json").read_text(encoding="utf-8"))


def checksum(path: Path) -> str:
    """Return what a file is recorded by."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("how", [["-f"], ["-f", "-s"]], ids=["overwrite", "skip"])
def test_baking_over_a_project_keeps_what_its_user_made(
    how: list[str], lived_in: Path, checkout: Path, run_in: Run, tmp_path: Path
) -> None:
    modes = {name: (lived_in / name).stat().st_mode for name in MINE}
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "ci=none", *how)
    for name in MINE:
        assert (lived_in / name).read_text(encoding="utf-8") == "mine"
        assert (lived_in / name).stat().st_mode == modes[name], name
    assert (lived_in / ".github/mine").is_dir()
    assert not list(lived_in.glob(".polster-*"))
    assert not {name for name in manifest(lived_in)["files"] if "mine" in name}


def test_an_overwritten_file_is_the_released_one_again(
    lived_in: Path, checkout: Path, run_in: Run, expected: dict[str, bytes], tmp_path: Path
) -> None:
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "--overwrite-if-exists")
    for name, content in expected.items():
        assert (lived_in / name).read_bytes() == content


def test_a_file_that_a_bake_skips_keeps_what_was_recorded_of_it(
    lived_in: Path, checkout: Path, run_in: Run, tmp_path: Path
) -> None:
    before = manifest(lived_in)
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "-f", "-s")
    assert (lived_in / "README.md").is_file()  # it was missing, so it was written
    assert manifest(lived_in) == before
    assert before["files"]["noxfile.py"] != checksum(lived_in / "noxfile.py")


def test_files_that_were_there_before_are_never_counted_as_released(
    checkout: Path, run_in: Run, tmp_path: Path
) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    for name in ("README.md", "pyproject.toml"):
        (shop / name).write_text("mine", encoding="utf-8")
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "-f", "-s")
    files = manifest(shop)["files"]
    assert "README.md" not in files and "pyproject.toml" not in files
    assert manifest(shop)["settings"] == []
    assert files["noxfile.py"] == checksum(shop / "noxfile.py")
    assert (shop / "README.md").read_text(encoding="utf-8") == "mine"


@pytest.fixture
def outside(lived_in: Path, tmp_path: Path) -> Path:
    """Return where links of the project lead: to caches, empty folders and a read-only file."""
    out = tmp_path / "out"
    out.mkdir()
    (lived_in / "tests").rename(out / "tests")
    (lived_in / "tests").symlink_to(out / "tests")
    shutil.rmtree(lived_in / ".github")
    (out / "gh/workflows").mkdir(parents=True)
    (lived_in / ".github").symlink_to(out / "gh")
    (out / "tests/__pycache__").mkdir()
    (out / "tests/__pycache__/mine.pyc").write_bytes(b"mine")
    (out / "tests/conftest.py").chmod(0o444)
    return out


@pytest.mark.skipif(os.name == "nt", reason="links and modes as POSIX has them")
def test_what_a_link_leads_to_is_left_as_it_is_and_never_counted_as_released(
    outside: Path, lived_in: Path, checkout: Path, run_in: Run, tmp_path: Path
) -> None:
    (lived_in / ".polster.json").unlink()
    before = {path: path.lstat().st_mode for path in outside.rglob("*")}
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "ci=gitlab", "-f", "-s")
    assert {path: path.lstat().st_mode for path in outside.rglob("*")} == before
    assert not [name for name in manifest(lived_in)["files"] if name.startswith("tests/")]


def test_a_file_whose_name_differs_in_case_is_the_users_where_the_disk_ignores_case(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = (checkout / "hooks/post_gen_project.py").read_text(encoding="utf-8")
    functions = re.sub(r"(?ms)^ANSWERS = .*?^}$|^main\(\)$", "", hook)
    module: dict[str, Any] = {}
    exec(functions, module)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    state = (tmp_path / "README.md").lstat()
    noted = {"files": {"readme.md": [state.st_size, state.st_mtime_ns, state.st_ino]}}
    assert not module["is_fresh"](Path("README.md"), module["states_before"](noted))
    noted = {"files": {"readme.md": [state.st_size, state.st_mtime_ns, state.st_ino + 1]}}
    assert module["is_fresh"](Path("README.md"), module["states_before"](noted))


@pytest.mark.skipif(os.name == "nt", reason="links and pipes as POSIX has them")
@pytest.mark.parametrize("name", [".polster.json", ".polster.json.new", ".polster-snapshot.json"])
@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "broken link"])
def test_what_is_no_file_where_the_hooks_write_one_is_one_sentence_and_left(
    kind: str, name: str, checkout: Path, run_in: Run, tmp_path: Path
) -> None:
    path = tmp_path / "shop" / name
    path.parent.mkdir()
    mine = tmp_path / "mine.json"
    mine.write_text("mine", encoding="utf-8")
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(mine if kind == "link" else tmp_path / "nowhere")
    done = run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "-f", check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"{name} is not a regular file: move it away" in done.stderr
    assert [entry.name for entry in path.parent.iterdir()] == [name]
    assert mine.read_text(encoding="utf-8") == "mine" and path.is_symlink() == ("link" in kind)


WRONG_TYPES = {
    "files": {"README.md": 7, "noxfile.py": "0", "pyproject.toml": None},
    "settings": ["[x] y: 1", 7, "\ud800", "x" * 20_000],
}


@pytest.mark.parametrize("wrong", [WRONG_TYPES, {"files": [], "settings": "x"}, {"settings": {}}])
def test_a_bake_that_skips_over_a_damaged_manifest_records_only_what_an_upgrade_can_read(
    wrong: dict[str, object], lived_in: Path, checkout: Path, run_in: Run, tmp_path: Path
) -> None:
    path = lived_in / ".polster.json"
    path.write_text(json.dumps(manifest(lived_in) | wrong), encoding="utf-8")
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "-f", "-s")
    recorded = read_manifest(lived_in)
    assert recorded is not None
    assert ("noxfile.py" in recorded.files) == ("files" not in wrong)
    assert recorded.settings == (("[x] y: 1",) if wrong is WRONG_TYPES else ())


@pytest.mark.parametrize("content", ["{", "[]", '{"files": 7}', "[" * 100_000])
def test_a_bake_over_a_damaged_manifest_writes_a_good_one(
    content: str, checkout: Path, run_in: Run, expected: dict[str, bytes], tmp_path: Path
) -> None:
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP)
    path = tmp_path / "shop" / ".polster.json"
    path.write_text(content, encoding="utf-8")
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "-f")
    assert path.read_bytes() == expected[".polster.json"]


@pytest.mark.parametrize("starter", ["standard", "ecommerce", "minimal"])
def test_the_manifest_records_every_file_but_those_of_the_example(
    starter: str, checkout: Path, run_in: Run, tmp_path: Path
) -> None:
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, f"starter={starter}", "ci=gitlab")
    shop = tmp_path / "shop"
    recorded = manifest(shop)
    assert list(recorded) == ["format", "version", "answers", "settings", "files"]
    assert recorded["answers"]["starter"] == starter and recorded["format"] == 1
    files = {
        path.relative_to(shop).as_posix(): checksum(path)
        for path in shop.rglob("*")
        if path.is_file() and path.name != ".polster.json"
    }
    examples = files.keys() - recorded["files"].keys()
    assert recorded["files"] == {name: files[name] for name in sorted(files.keys() - examples)}
    assert bool(examples) == (starter == "ecommerce")
    assert all(
        re.search("orders|customer|product_analytics|test_ecommerce", name) for name in examples
    )
    lines = (shop / ".polster.json").read_text(encoding="utf-8").splitlines()
    assert len(lines) > len(recorded["files"])  # a file a line


def test_without_hooks_there_is_no_manifest(checkout: Path, run_in: Run, tmp_path: Path) -> None:
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "--accept-hooks", "no")
    assert not (tmp_path / "shop/.polster.json").exists()
