"""The chosen CI provider's file, and no other; each passes its provider's linters."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conftest import clean_environment

FILES = {
    "github": ".github/workflows/ci.yml",
    "gitlab": ".gitlab-ci.yml",
    "azure": "azure-pipelines.yml",
}
SCHEMAS = {
    "github": "vendor.github-workflows",
    "gitlab": "vendor.gitlab-ci",
    "azure": "vendor.azure-pipelines",
}


def tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of this Python's environment."""
    path = Path(sys.executable).with_name(name)
    return subprocess.run([path, *arguments], capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("provider", [*FILES, "none"])
def test_a_bake_holds_the_chosen_file_and_no_other(bake, provider) -> None:
    project = bake(ci=provider)
    there = {name for name, file in FILES.items() if (project / file).exists()}
    assert there == ({provider} - {"none"})
    assert (project / ".github").exists() == (provider == "github")


@pytest.mark.parametrize("provider", FILES)
def test_the_file_keeps_its_schema(bake, provider) -> None:
    file = bake(ci=provider) / FILES[provider]
    # Azure's schema has expressions of JavaScript that only Python's engine takes.
    done = tool(
        "check-jsonschema",
        *("--regex-variant", "python" if provider == "azure" else "default"),
        *("--builtin-schema", SCHEMAS[provider], file),
    )
    assert done.returncode == 0, done.stdout


def test_zizmor_finds_nothing_in_the_workflow(bake) -> None:
    done = tool("zizmor", "--offline", "--persona", "pedantic", bake(ci="github"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout


def test_the_workflow_has_least_permissions_and_pins_each_action_with_its_version(bake) -> None:
    text = (bake(ci="github") / FILES["github"]).read_text(encoding="utf-8")
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    assert "permissions" not in yaml.safe_load(text)["jobs"]["check"]
    uses = re.findall(r"uses: (.*)", text)
    assert uses
    for action in uses:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action
    assert "validate --format github" in text


@pytest.mark.parametrize("provider", FILES)
def test_every_provider_checks_caches_and_pushes_nothing(bake, provider) -> None:
    text = (bake(ci=provider) / FILES[provider]).read_text(encoding="utf-8")
    assert "nox -s lint validate tests" in text
    assert "cache" in text.lower()
    assert "python run_polster.py" in text
    assert not re.search(r"git (push|commit|add)|--force", text)


@pytest.mark.slow
def test_pre_commit_passes_on_a_fresh_project_and_finds_a_broken_layer(bake, tmp_path) -> None:
    project = bake(starter="ecommerce")
    variables = clean_environment(PRE_COMMIT_HOME=str(tmp_path / "hooks"))

    def shell(*command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=project, env=variables, capture_output=True, text=True, timeout=300
        )

    shell("git", "init", "--quiet", ".")
    shell("git", "add", "--all")
    pre_commit = Path(sys.executable).with_name("pre-commit")
    done = shell(pre_commit, "run", "--all-files")
    assert done.returncode == 0, done.stdout

    gold = project / "src" / "my_pipeline" / "defs" / "gold" / "shortcut.py"
    gold.write_text(
        "import dagster as dg\nimport polars as pl\n\n\n@dg.asset\n"
        "def gold_shortcut(bronze_raw_orders: pl.LazyFrame) -> pl.LazyFrame:\n"
        '    """Go past silver."""\n    return bronze_raw_orders\n',
        encoding="utf-8",
    )
    shell("git", "add", "--all")
    done = shell(pre_commit, "run")
    assert done.returncode == 1
    assert "gold may depend only on silver" in done.stdout


def test_the_minimal_starter_has_no_hooks(bake) -> None:
    assert not (bake(starter="minimal") / ".pre-commit-config.yaml").exists()
