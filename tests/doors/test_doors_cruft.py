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


@pytest.mark.slow
def test_polster_upgrade_and_cruft_update_agree(
    shop: Path, repository: Path, run_in: Run, tmp_path: Path
) -> None:
    """A project that took the tooling by `polster upgrade` takes the rest by `cruft update`."""
    later = tmp_path / "later"
    run_in(tmp_path, "git", "clone", "-q", "--branch", "v2", repository.as_uri(), later)
    run_in(shop, sys.executable, "-m", "polster", "upgrade", PYTHONPATH=str(later))
    upgraded = {p: p.read_bytes() for p in (shop / "polster_tasks").rglob("*.*") if p.is_file()}
    commit(shop, run_in)
    run_in(shop, *CRUFT, "update", "--skip-apply-ask", "--checkout", "v2")
    after = {p: p.read_bytes() for p in (shop / "polster_tasks").rglob("*.*") if p.is_file()}
    assert {p: t for p, t in after.items() if "__pycache__" not in p.parts} == {
        p: t for p, t in upgraded.items() if "__pycache__" not in p.parts
    }
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
