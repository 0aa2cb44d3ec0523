"""cruft: make a project, see that a later release is out, and take it, with work of one's own."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

LATER = "99.0.0"
Run = Callable[..., CompletedProcess[str]]
CRUFT = (sys.executable, "-m", "cruft")
TASKS = (sys.executable, "-m", "polster_tasks")


def commit(project: Path, run_in: Run) -> None:
    """Commit everything: cruft updates clean repositories only."""
    if not (project / ".git").exists():
        run_in(project, "git", "init", "-q", "-b", "main")
    run_in(project, "git", "add", "--all")
    run_in(project, "git", "commit", "-q", "-m", "Work")


@pytest.fixture
def shop(repository: Path, run_in: Run, tmp_path: Path) -> Path:
    """Return a project made by `cruft create` at v1, with assets of its user's, committed."""
    context = json.dumps({"project_name": "shop"})
    command = ("create", repository.as_uri(), "--no-input", "--checkout", "v1")
    run_in(tmp_path, *CRUFT, *command, "--extra-context", context)
    shop = tmp_path / "shop"
    run_in(shop, *TASKS, "add-asset", "--layer", "bronze", "--name", "raw_orders")
    silver = ("--layer", "silver", "--name", "orders", "--dependencies", "raw_orders")
    run_in(shop, *TASKS, "add-asset", *silver)
    commit(shop, run_in)
    return shop


@pytest.mark.slow
def test_create_makes_the_same_project(
    repository: Path, run_in: Run, holds: Callable[[Path], None], tmp_path: Path
) -> None:
    context = json.dumps({"project_name": "shop"})
    command = ("create", repository.as_uri(), "--no-input", "--checkout", "v1")
    run_in(tmp_path, *CRUFT, *command, "--extra-context", context)
    (tmp_path / "shop/.cruft.json").unlink()
    holds(tmp_path / "shop")


@pytest.mark.slow
def test_check_and_update_take_the_next_release_and_leave_the_users_work(
    shop: Path, run_in: Run
) -> None:
    assert run_in(shop, *CRUFT, "check", "--checkout", "v1", check=False).returncode == 0
    assert run_in(shop, *CRUFT, "check", "--checkout", "v2", check=False).returncode == 1
    readme = shop / "README.md"
    readme.write_text("Ours first.\n" + readme.read_text(encoding="utf-8"), encoding="utf-8")
    mine = shop / "src/shop/defs/silver/orders.py"
    mine.write_text(mine.read_text(encoding="utf-8") + "# ours\n", encoding="utf-8")
    commit(shop, run_in)
    before = {path: path.read_bytes() for path in (shop / "src/shop/defs").rglob("*.py")}
    run_in(shop, *CRUFT, "update", "--skip-apply-ask", "--checkout", "v2")
    assert LATER in (shop / "polster_tasks/__init__.py").read_text(encoding="utf-8")
    assert (shop / "polster_tasks/later.py").is_file()
    text = readme.read_text(encoding="utf-8")
    assert text.startswith("Ours first.") and "The later version says this." in text
    assert {path: path.read_bytes() for path in before} == before
    assert not list(shop.rglob("*.rej"))
    assert run_in(shop, *CRUFT, "check", "--checkout", "v2", check=False).returncode == 0
    run_in(shop, *TASKS, "validate")


@pytest.fixture
def later(repository: Path, run_in: Run, tmp_path: Path) -> Path:
    """Return a checkout of the later release, whose `polster` package can be imported."""
    folder = tmp_path / "later"
    run_in(tmp_path, "git", "clone", "-q", "--branch", "v2", repository.as_uri(), folder)
    return folder


@pytest.mark.slow
def test_the_manifest_is_right_after_an_update(shop: Path, later: Path, run_in: Run) -> None:
    """An edit is still an edit to `polster upgrade`, and everything else is as released."""
    readme = shop / "README.md"
    readme.write_text("Ours first.\n" + readme.read_text(encoding="utf-8"), encoding="utf-8")
    commit(shop, run_in)
    run_in(shop, *CRUFT, "update", "--skip-apply-ask", "--checkout", "v2")
    recorded = json.loads((shop / ".polster.json").read_text(encoding="utf-8"))
    assert recorded["version"] == LATER and "polster_tasks/later.py" in recorded["files"]
    done = run_in(shop, sys.executable, "-m", "polster", "upgrade", PYTHONPATH=str(later))
    assert done.stdout == (
        f"The project is at {LATER} already (1 file edited here): nothing to do.\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("cure", ["git", "polster"])
def test_a_conflict_in_the_tooling_has_a_cure(
    cure: str, shop: Path, later: Path, run_in: Run
) -> None:
    init = shop / "polster_tasks" / "__init__.py"
    text = init.read_text(encoding="utf-8").replace('"0.1.0"', '"0.1.0+ours"')
    init.write_text(text, encoding="utf-8")
    commit(shop, run_in)
    run_in(shop, *CRUFT, "update", "--skip-apply-ask", "--checkout", "v2")
    assert "<<<<<<< " in init.read_text(encoding="utf-8")
    assert run_in(shop, *TASKS, "validate", check=False).returncode != 0
    if cure == "git":
        run_in(shop, "git", "checkout", "--theirs", "polster_tasks")
    else:
        polster = (sys.executable, "-m", "polster", "upgrade", "--force", "polster_tasks")
        run_in(shop, *polster, PYTHONPATH=str(later))
    assert LATER in init.read_text(encoding="utf-8")
    run_in(shop, *TASKS, "validate")
    done = run_in(shop, sys.executable, "-m", "polster", "upgrade", PYTHONPATH=str(later))
    assert "nothing to do" in done.stdout


@pytest.mark.slow
def test_polster_upgrade_and_cruft_update_agree(shop: Path, later: Path, run_in: Run) -> None:
    """After `polster upgrade`, `cruft update` finds everything in place."""
    run_in(shop, sys.executable, "-m", "polster", "upgrade", PYTHONPATH=str(later))
    assert LATER in (shop / "polster_tasks/__init__.py").read_text(encoding="utf-8")
    commit(shop, run_in)
    run_in(shop, *CRUFT, "update", "--skip-apply-ask", "--checkout", "v2")
    changed = run_in(shop, "git", "status", "--short").stdout.splitlines()
    assert [line.split()[-1] for line in changed] == [".cruft.json"]
    assert not list(shop.rglob("*.rej"))


@pytest.mark.slow
def test_a_project_of_polster_init_can_join_cruft(
    repository: Path, run_in: Run, tmp_path: Path
) -> None:
    earlier = tmp_path / "earlier"
    run_in(tmp_path, "git", "clone", "-q", "--branch", "v1", repository.as_uri(), earlier)
    run_in(tmp_path, sys.executable, "-m", "polster", "init", "shop", PYTHONPATH=str(earlier))
    shop = tmp_path / "shop"
    context = json.dumps({"project_name": "shop"})
    command = ("link", repository.as_uri(), "--no-input", "--checkout", "v1")
    run_in(shop, *CRUFT, *command, "--extra-context", context)
    commit(shop, run_in)
    run_in(shop, *CRUFT, "update", "--skip-apply-ask", "--checkout", "v2")
    assert (shop / "polster_tasks/later.py").is_file()
    assert not list(shop.rglob("*.rej"))
