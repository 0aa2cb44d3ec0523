"""What a release needs: workflows, the pre-commit hook, the changelog, one version."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from polster.template import version

REPOSITORY = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
Run = Callable[..., subprocess.CompletedProcess[str]]


def load(name: str) -> dict:
    """Return a workflow; YAML reads its key `on` as True."""
    path = REPOSITORY / ".github" / "workflows" / name
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_workflows_are_well_formed_and_safe(run_in: Run) -> None:
    schema = ("--builtin-schema", "vendor.github-workflows")
    run_in(REPOSITORY, sys.executable, "-m", "check_jsonschema", *schema, *WORKFLOWS)
    zizmor = Path(sys.executable).with_name("zizmor")
    run_in(REPOSITORY, zizmor, "--offline", "--persona", "pedantic", *WORKFLOWS)


def test_the_tests_run_on_three_systems_and_every_supported_python() -> None:
    matrix = load("tests.yml")["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    assert matrix["python"] == re.findall(r"Python :: (3\.\d+)", text)


def test_publishing_has_no_token_and_the_least_permissions() -> None:
    workflow = load("publish.yml")
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    assert "secrets." not in (WORKFLOWS[0].read_text(encoding="utf-8"))


def test_the_changelog_keeps_the_form() -> None:
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text.startswith("# Changelog\n") and "\n## [Unreleased]\n" in text
    headings = re.findall(r"^## \[(.+?)\](.*)$", text, re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    for release, date in headings[1:]:
        assert re.fullmatch(r"\d+\.\d+\.\d+", release) and re.fullmatch(r" - \d{4}-\d\d-\d\d", date)
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_hook_lists_exactly_the_files_of_the_template() -> None:
    """`python .ci/list_template_files.py` writes the lists; what is not in them is not upgraded."""
    template = REPOSITORY / "{{cookiecutter.project_slug}}"
    present = {
        path.relative_to(template).as_posix()
        for path in template.rglob("*")
        if path.is_file() and not re.search(r"__pycache__|_cache/|\.pyc$", path.as_posix())
    }
    hook = (REPOSITORY / "hooks" / "post_gen_project.py").read_text(encoding="utf-8")
    owned, examples = (
        hook.partition(f'\n{name} = """\n')[2].partition('"""\n')[0].splitlines()
        for name in ("OWNED", "EXAMPLES")
    )
    assert sorted(present) == sorted([*owned, *examples])
    assert owned == sorted(owned) and examples == sorted(examples)
    assert {name for name in present if "== 'ecommerce'" in name} == set(examples)


def test_the_version_is_written_in_one_place() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+([a-z]+\d+)?", version())
    for path in ("pyproject.toml", *(f"polster/{p.name}" for p in REPOSITORY.glob("polster/*.py"))):
        text = (REPOSITORY / path).read_text(encoding="utf-8")
        assert f'"{version()}"' not in text, path


@pytest.mark.slow
def test_another_repository_uses_validate_as_a_hook(
    repository: Path, run_in: Run, tmp_path: Path
) -> None:
    """pre-commit installs this repository, and the project's own copy does the checking."""
    shop = tmp_path / "shop"
    run_in(
        tmp_path,
        sys.executable,
        "-m",
        "cookiecutter",
        repository,
        "--no-input",
        "project_name=shop",
    )
    run_in(
        shop,
        sys.executable,
        "-m",
        "polster_tasks",
        "add-asset",
        "--layer",
        "bronze",
        "--name",
        "raw",
    )
    run_in(shop, "git", "init", "-q")
    hooks = [{"repo": repository.as_uri(), "rev": "v1", "hooks": [{"id": "polster-validate"}]}]
    config = yaml.safe_dump({"repos": hooks})
    (shop / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    run_in(shop, "git", "add", "--all")
    hook = (sys.executable, "-m", "pre_commit", "run", "--all-files")
    extra = {"PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}
    assert "Passed" in run_in(shop, *hook, **extra).stdout
    gold = shop / "src/shop/defs/gold/wrong.py"
    gold.write_text(
        "import dagster as dg\n\n\n@dg.asset\ndef gold_wrong(bronze_raw):\n    return bronze_raw\n",
        encoding="utf-8",
    )
    run_in(shop, "git", "add", "--all")
    done = run_in(shop, *hook, check=False, **extra)
    assert done.returncode == 1
    assert "gold_wrong (gold) depends on bronze_raw (bronze)" in done.stdout
