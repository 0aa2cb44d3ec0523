"""The map in docs/architecture.md and AGENTS.md is that of the code."""

import re
from pathlib import Path

from conftest import TEMPLATE

PROJECT = TEMPLATE / "{{cookiecutter.project_slug}}"
PACKAGE = PROJECT / "src" / "{{cookiecutter.__package_name}}"
PAGE = (TEMPLATE / "docs" / "architecture.md").read_text(encoding="utf-8")
AGENTS = (TEMPLATE / "AGENTS.md").read_text(encoding="utf-8")


def rooms(folder: Path) -> set[str]:
    """Return the rooms of a package: its folders of Python, with a slash, and its modules."""
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return modules | {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}


def first_cells(heading: str) -> list[str]:
    """Return the names in the first column of the table under a heading, in order."""
    section = PAGE.split(f"\n### {heading}\n")[1].split("\n#")[0]
    cells = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def test_every_room_of_the_projects_package_is_on_the_map() -> None:
    assert set(first_cells("Inside `src/<package>/polster/`")) == rooms(PACKAGE / "polster")


def test_every_room_of_the_tooling_is_on_the_map() -> None:
    assert set(first_cells("Inside `polster_tasks/`")) == rooms(PROJECT / "polster_tasks")


def test_the_files_that_an_asset_passes_are_there_and_short() -> None:
    way = AGENTS.split("## Follow one asset")[1].split("\n## ")[0]
    files = re.findall(r"^\d\. `(.+?)`", way, re.MULTILINE)
    assert len(files) == 4
    for name in files:
        text = (PROJECT / "polster_tasks" / name).read_text(encoding="utf-8")
        assert text.count("\n") < 300, name
    for name in re.findall(r"`((?:changing|polster)/\S+\.py)`", way):
        assert any((root / name).is_file() for root in (PROJECT / "polster_tasks", TEMPLATE)), name


def test_the_readmes_tree_is_that_of_a_project() -> None:
    readme = (TEMPLATE / "README.md").read_text(encoding="utf-8")
    tree = readme.split("```\nmy_first_pipeline/\n")[1].split("```")[0]
    folders: list[str] = []
    named = 0
    for line in tree.splitlines():
        indent, name = re.match(r"([│├└─ ]*)(\S+)", line).groups()
        depth = len(indent) // 4
        folders[depth - 1 :] = [name.strip("/").replace("my_first_pipeline", PACKAGE.name)]
        assert (PROJECT / "/".join(folders)).exists(), line
        named += 1
    assert named > 8
