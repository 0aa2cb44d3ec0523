"""Every choice bakes exactly the files that it should, and nothing that looks unfinished."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}"
PACKAGE = "src/my_pipeline"

CI_FILES = {
    "github": {".github/workflows/ci.yml"},
    "gitlab": {".gitlab-ci.yml"},
    "azure": {"azure-pipelines.yml"},
    "none": set(),
}
NOT_MINIMAL = {"AGENTS.md", ".pre-commit-config.yaml"}
ECOMMERCE_ASSETS = {
    "bronze": ["raw_orders", "raw_customers"],
    "silver": ["validated_orders", "clean_customers"],
    "gold": ["customer_ltv", "product_analytics"],
}
ECOMMERCE = {
    "data/landing/raw_orders.csv",
    "data/landing/raw_customers.csv",
    "tests/silver/test_silver_validated_orders_properties.py",
    "tests/test_ecommerce.py",
} | {
    file
    for layer, names in ECOMMERCE_ASSETS.items()
    for name in names
    for file in (
        f"{PACKAGE}/defs/{layer}/{name}.py",
        f"tests/{layer}/test_{layer}_{name}.py",
    )
}
STARTERS = ("standard", "ecommerce", "minimal")


def files(project: Path) -> set[str]:
    """Return every file of a project, relative, with forward slashes."""
    return {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()}


def common_files() -> set[str]:
    """Return the files of the template that no choice decides about."""
    names = (
        path.relative_to(TEMPLATE).as_posix() for path in TEMPLATE.rglob("*") if path.is_file()
    )
    return {
        name.replace("{{cookiecutter.__package_name}}", "my_pipeline")
        for name in names
        if "{%" not in name and "_cache" not in name and "__pycache__" not in name
    }


@pytest.mark.parametrize("ci", CI_FILES)
@pytest.mark.parametrize("starter", STARTERS)
def test_each_choice_bakes_exactly_its_files(
    bake: Callable[..., Path], starter: str, ci: str
) -> None:
    project = bake(starter=starter, ci=ci)
    chosen = files(project) - common_files()
    expected = {".polster.json"} | CI_FILES[ci] | (set() if starter == "minimal" else NOT_MINIMAL)
    if starter == "ecommerce":
        expected |= ECOMMERCE
    assert chosen == expected
    assert common_files() <= files(project)


# Who owns what. A file is Polster's if it is named here or lies in one of its two folders.
POLSTERS_FOLDERS = (f"{PACKAGE}/polster/", "polster_tasks/")
POLSTERS_FILES = {
    ".dagster/dagster.yaml",
    ".gitattributes",
    ".github/workflows/ci.yml",
    ".gitignore",
    ".gitlab-ci.yml",
    ".polster.json",
    ".pre-commit-config.yaml",
    "azure-pipelines.yml",
    "noxfile.py",
    "run_polster.py",
    "workspace.yaml",
}
USERS_FOLDERS = (f"{PACKAGE}/defs/", "tests/", "data/landing/")
USERS_FILES = {
    ".env.example",
    "AGENTS.md",
    "README.md",
    "pyproject.toml",
    f"{PACKAGE}/__init__.py",
    f"{PACKAGE}/definitions.py",
    f"{PACKAGE}/layers.py",
}


@pytest.mark.parametrize("ci", CI_FILES)
@pytest.mark.parametrize("starter", STARTERS)
def test_every_file_has_an_owner(bake: Callable[..., Path], starter: str, ci: str) -> None:
    for name in files(bake(starter=starter, ci=ci)):
        polsters = name in POLSTERS_FILES or name.startswith(POLSTERS_FOLDERS)
        users = name in USERS_FILES or name.startswith(USERS_FOLDERS)
        assert polsters != users, name


@pytest.mark.parametrize("starter", STARTERS)
def test_the_readme_names_every_file_and_folder_at_the_root_that_has_an_owner(
    bake: Callable[..., Path], starter: str
) -> None:
    project = bake(starter=starter, ci="none")
    text = (project / "README.md").read_text(encoding="utf-8").partition("## Where things are")[2]
    names = {name.partition("/")[0] for name in files(project)} - {"README.md", "AGENTS.md", "src"}
    pre_commit = {".pre-commit-config.yaml"}  # "the CI and pre-commit files"
    assert [name for name in sorted(names - pre_commit) if name not in text] == []


def test_the_tree_in_the_readme_is_aligned(project: Path) -> None:
    text = (project / "README.md").read_text(encoding="utf-8")
    trees = text.partition("## Where things are")[2].split("```")[1::2]
    assert len(trees) == 2
    for tree in trees:
        columns = {
            match.start(1) for line in tree.splitlines() if (match := re.search(r"\S  +(\S)", line))
        }
        assert len(columns) == 1, tree


@pytest.mark.parametrize("starter", STARTERS)
def test_no_folder_is_empty_but_those_that_wait_for_tests(
    bake: Callable[..., Path], starter: str
) -> None:
    project = bake(starter=starter)
    empty = {
        path.relative_to(project).as_posix()
        for path in project.rglob("*")
        if path.is_dir() and not any(path.iterdir())
    }
    assert empty <= {"tests/bronze", "tests/silver", "tests/gold"}


@pytest.mark.parametrize("starter", STARTERS)
@pytest.mark.parametrize("ci", CI_FILES)
def test_a_bake_holds_text_with_unix_line_ends_and_no_jinja(
    bake: Callable[..., Path], starter: str, ci: str
) -> None:
    project = bake(starter=starter, ci=ci)
    for name in files(project):
        content = (project / name).read_bytes()
        assert b"\r" not in content, name
        assert not content or content.endswith(b"\n"), name
        assert "cookiecutter" not in name, name
        assert "{%" not in name, name
        if not name.startswith(POLSTERS_FOLDERS) and not name.endswith(".yml"):
            assert b"{%" not in content, name
            assert b"cookiecutter." not in content, name
    assert not any("__pycache__" in name or name.endswith(".pyc") for name in files(project))


@pytest.mark.parametrize("folder", ["polster_tasks", "src/{{cookiecutter.__package_name}}/polster"])
@pytest.mark.parametrize("starter", STARTERS)
def test_polsters_folders_arrive_byte_for_byte(
    bake: Callable[..., Path], starter: str, folder: str
) -> None:
    project = bake(starter=starter)
    baked_folder = project / folder.replace("{{cookiecutter.__package_name}}", "my_pipeline")

    def contents(root: Path) -> dict[str, bytes]:
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    copies = contents(baked_folder)
    copies.pop("manifest.sha256", None)  # made by the hook
    assert copies == contents(TEMPLATE / folder)


@pytest.mark.parametrize("autocrlf", ["true", "input", "false"])
def test_a_clone_has_the_same_bytes_whatever_autocrlf_says(
    bake: Callable[..., Path], tmp_path: Path, autocrlf: str
) -> None:
    project = bake(starter="ecommerce", ci="github")
    received = project / "data" / "landing" / "windows.csv"
    received.write_bytes(b"id,name\r\n1,a\r\n")
    git = ["git", "-c", f"core.autocrlf={autocrlf}", "-c", "user.name=x", "-c", "user.email=x@x"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *command], cwd=project, check=True, capture_output=True)
    clone = tmp_path / "clone"
    subprocess.run([*git, "clone", "-q", str(project), str(clone)], check=True, capture_output=True)
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=clone, check=True, capture_output=True, text=True
    ).stdout.split("\0")[:-1]
    assert "data/landing/windows.csv" in tracked
    for name in tracked:
        assert (clone / name).read_bytes() == (project / name).read_bytes(), name


def test_no_symbolic_link_is_baked(project: Path) -> None:
    assert [path for path in project.rglob("*") if path.is_symlink()] == []


@pytest.mark.parametrize("starter", STARTERS)
def test_a_bake_is_clean_for_ruff(bake: Callable[..., Path], starter: str) -> None:
    # The longest slug that is accepted, so that no import outgrows the line.
    project = bake(project_slug="a" * 15 + "_" + "z" * 16, starter=starter)
    for command in (["check"], ["format", "--check", "--diff"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
            cwd=project,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "description",
    [
        'She said "hi" \\ and {left}',
        "two\nlines",
        "Umsätze 🎉 'quoted'",
        "ends with a backslash \\",
    ],
)
def test_a_description_survives_in_pyproject(bake: Callable[..., Path], description: str) -> None:
    import tomllib

    text = (bake(description=description) / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["description"] == " ".join(description.split())


def test_skip_if_file_exists_keeps_what_the_user_wrote(bake: Callable[..., Path]) -> None:
    from cookiecutter.main import cookiecutter

    project = bake()
    own = project / PACKAGE / "defs/bronze/raw_orders.py"
    own.write_text("# mine\n", encoding="utf-8")
    workflow = project / ".github/workflows/ci.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("# mine\n", encoding="utf-8")
    for again in ({"overwrite_if_exists": True}, {"skip_if_file_exists": True}):
        cookiecutter(
            str(TEMPLATE.parent),
            no_input=True,
            output_dir=str(project.parent),
            extra_context={"project_name": "My Pipeline", "ci": "none"},
            **({"overwrite_if_exists": True} | again),
        )
        assert own.read_text(encoding="utf-8") == "# mine\n"
        assert workflow.read_text(encoding="utf-8") == "# mine\n"
