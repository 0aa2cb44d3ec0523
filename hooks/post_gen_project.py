"""Tidy what the bake left, and write `.polster.json`: what was released, for `polster upgrade`.

The hook touches what this bake wrote, and nothing else: a bake over an existing folder leaves the
modes, the caches and the empty folders of its owner alone, and all that a link in it leads to.
"""

import hashlib
import json
import os
import re
import shutil
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path

ANSWERS = {
    "project_name": {{cookiecutter.project_name | tojson}},
    "project_slug": {{cookiecutter.project_slug | tojson}},
    "description": {{cookiecutter.description | tojson}},
    "starter": {{cookiecutter.starter | tojson}},
    "ci": {{cookiecutter.ci | tojson}},
}

MANIFEST = Path(".polster.json")
SNAPSHOT = Path(".polster-snapshot.json")  # written by the pre_gen hook over an existing folder
CACHES = {"__pycache__", ".ruff_cache"}
LARGEST = 4_000_000  # bytes of a manifest; one of ours has some 15,000

# The template's own files; cookiecutter renders these names as it renders the files themselves.
# Written by `python .ci/list_template_files.py`; a test compares them with the template.
# BEGIN LISTS
OWNED = """
.dagster/dagster.yaml
.env.example
.gitattributes
.github/workflows/{% if cookiecutter.ci == 'github' %}ci.yml{% endif %}
.gitignore
README.md
data/landing/README.md
noxfile.py
polster_tasks/__init__.py
polster_tasks/__main__.py
polster_tasks/advice.py
polster_tasks/changing/__init__.py
polster_tasks/changing/adding.py
polster_tasks/changing/change.py
polster_tasks/changing/disk.py
polster_tasks/changing/interrupted.py
polster_tasks/changing/journal.py
polster_tasks/changing/kept_data.py
polster_tasks/changing/lock.py
polster_tasks/changing/paths.py
polster_tasks/changing/record.py
polster_tasks/changing/removing.py
polster_tasks/changing/rendering.py
polster_tasks/changing/undo_store.py
polster_tasks/command_line.py
polster_tasks/commands.py
polster_tasks/layers.py
polster_tasks/project.py
polster_tasks/questions.py
polster_tasks/reading/__init__.py
polster_tasks/reading/assets.py
polster_tasks/reading/building.py
polster_tasks/reading/catalog.py
polster_tasks/reading/definitions.py
polster_tasks/reading/dependencies.py
polster_tasks/reading/expressions.py
polster_tasks/reading/files.py
polster_tasks/reading/imports.py
polster_tasks/reading/module.py
polster_tasks/reading/names.py
polster_tasks/reading/roles.py
polster_tasks/reading/statements.py
polster_tasks/reading/values.py
polster_tasks/report.py
polster_tasks/rules/__init__.py
polster_tasks/rules/dependencies.py
polster_tasks/rules/habits.py
polster_tasks/rules/imports.py
polster_tasks/rules/matching.py
polster_tasks/rules/naming.py
polster_tasks/rules/registry.py
polster_tasks/rules/rule.py
polster_tasks/rules/structure.py
polster_tasks/streams.py
polster_tasks/templates/bronze/default.py.txt
polster_tasks/templates/bronze/default.test.py.txt
polster_tasks/templates/gold/default.py.txt
polster_tasks/templates/gold/default.test.py.txt
polster_tasks/templates/silver/contract.py.txt
polster_tasks/templates/silver/deduplicate.py.txt
polster_tasks/templates/silver/deduplicate.test.py.txt
polster_tasks/templates/silver/default.many.py.txt
polster_tasks/templates/silver/default.py.txt
polster_tasks/templates/silver/default.test.py.txt
polster_tasks/terminal.py
pyproject.toml
run_polster.py
src/{{cookiecutter.__package_name}}/__init__.py
src/{{cookiecutter.__package_name}}/definitions.py
src/{{cookiecutter.__package_name}}/defs/__init__.py
src/{{cookiecutter.__package_name}}/defs/alerts.py
src/{{cookiecutter.__package_name}}/defs/automation.py
src/{{cookiecutter.__package_name}}/defs/bronze/__init__.py
src/{{cookiecutter.__package_name}}/defs/execution.py
src/{{cookiecutter.__package_name}}/defs/gold/__init__.py
src/{{cookiecutter.__package_name}}/defs/resources.py
src/{{cookiecutter.__package_name}}/defs/silver/__init__.py
src/{{cookiecutter.__package_name}}/layers.py
src/{{cookiecutter.__package_name}}/polster/README.md
src/{{cookiecutter.__package_name}}/polster/__init__.py
src/{{cookiecutter.__package_name}}/polster/alerts/__init__.py
src/{{cookiecutter.__package_name}}/polster/alerts/channels.py
src/{{cookiecutter.__package_name}}/polster/alerts/mail.py
src/{{cookiecutter.__package_name}}/polster/alerts/message.py
src/{{cookiecutter.__package_name}}/polster/alerts/webhook.py
src/{{cookiecutter.__package_name}}/polster/commands/__init__.py
src/{{cookiecutter.__package_name}}/polster/commands/asset_status.py
src/{{cookiecutter.__package_name}}/polster/commands/choosing.py
src/{{cookiecutter.__package_name}}/polster/commands/environment.py
src/{{cookiecutter.__package_name}}/polster/commands/errors.py
src/{{cookiecutter.__package_name}}/polster/commands/loading.py
src/{{cookiecutter.__package_name}}/polster/commands/materialization.py
src/{{cookiecutter.__package_name}}/polster/commands/network.py
src/{{cookiecutter.__package_name}}/polster/commands/report.py
src/{{cookiecutter.__package_name}}/polster/commands/run.py
src/{{cookiecutter.__package_name}}/polster/commands/services.py
src/{{cookiecutter.__package_name}}/polster/commands/status.py
src/{{cookiecutter.__package_name}}/polster/commands/streams.py
src/{{cookiecutter.__package_name}}/polster/commands/timing.py
src/{{cookiecutter.__package_name}}/polster/commands/ui.py
src/{{cookiecutter.__package_name}}/polster/failures.py
src/{{cookiecutter.__package_name}}/polster/medallion/__init__.py
src/{{cookiecutter.__package_name}}/polster/medallion/defaults.py
src/{{cookiecutter.__package_name}}/polster/medallion/dependencies.py
src/{{cookiecutter.__package_name}}/polster/medallion/enforcement.py
src/{{cookiecutter.__package_name}}/polster/medallion/rule.py
src/{{cookiecutter.__package_name}}/polster/project.py
src/{{cookiecutter.__package_name}}/polster/quality/__init__.py
src/{{cookiecutter.__package_name}}/polster/quality/buckets.py
src/{{cookiecutter.__package_name}}/polster/quality/contract.py
src/{{cookiecutter.__package_name}}/polster/quality/contract_checks.py
src/{{cookiecutter.__package_name}}/polster/quality/parsing.py
src/{{cookiecutter.__package_name}}/polster/quality/quarantine.py
src/{{cookiecutter.__package_name}}/polster/quality/references.py
src/{{cookiecutter.__package_name}}/polster/settings.py
src/{{cookiecutter.__package_name}}/polster/sources/__init__.py
src/{{cookiecutter.__package_name}}/polster/sources/files.py
src/{{cookiecutter.__package_name}}/polster/storage/__init__.py
src/{{cookiecutter.__package_name}}/polster/storage/credentials.py
src/{{cookiecutter.__package_name}}/polster/storage/delta.py
src/{{cookiecutter.__package_name}}/polster/storage/description.py
src/{{cookiecutter.__package_name}}/polster/storage/errors.py
src/{{cookiecutter.__package_name}}/polster/storage/history.py
src/{{cookiecutter.__package_name}}/polster/storage/inputs.py
src/{{cookiecutter.__package_name}}/polster/storage/io_manager.py
src/{{cookiecutter.__package_name}}/polster/storage/local_files.py
src/{{cookiecutter.__package_name}}/polster/storage/locations.py
src/{{cookiecutter.__package_name}}/polster/storage/scratch.py
src/{{cookiecutter.__package_name}}/polster/storage/store.py
src/{{cookiecutter.__package_name}}/polster/storage/variables.py
src/{{cookiecutter.__package_name}}/polster/wording.py
tests/conftest.py
tests/test_definitions.py
workspace.yaml
{% if cookiecutter.ci == 'azure' %}azure-pipelines.yml{% endif %}
{% if cookiecutter.ci == 'gitlab' %}.gitlab-ci.yml{% endif %}
{% if cookiecutter.starter != 'minimal' %}.pre-commit-config.yaml{% endif %}
{% if cookiecutter.starter != 'minimal' %}AGENTS.md{% endif %}
"""
EXAMPLES = """
data/landing/{% if cookiecutter.starter == 'ecommerce' %}raw_customers.csv{% endif %}
data/landing/{% if cookiecutter.starter == 'ecommerce' %}raw_orders.csv{% endif %}
src/{{cookiecutter.__package_name}}/defs/bronze/{% if cookiecutter.starter == 'ecommerce' %}raw_customers.py{% endif %}
src/{{cookiecutter.__package_name}}/defs/bronze/{% if cookiecutter.starter == 'ecommerce' %}raw_orders.py{% endif %}
src/{{cookiecutter.__package_name}}/defs/gold/{% if cookiecutter.starter == 'ecommerce' %}customer_ltv.py{% endif %}
src/{{cookiecutter.__package_name}}/defs/gold/{% if cookiecutter.starter == 'ecommerce' %}product_analytics.py{% endif %}
src/{{cookiecutter.__package_name}}/defs/silver/{% if cookiecutter.starter == 'ecommerce' %}clean_customers.py{% endif %}
src/{{cookiecutter.__package_name}}/defs/silver/{% if cookiecutter.starter == 'ecommerce' %}validated_orders.py{% endif %}
tests/bronze/{% if cookiecutter.starter == 'ecommerce' %}test_bronze_raw_customers.py{% endif %}
tests/bronze/{% if cookiecutter.starter == 'ecommerce' %}test_bronze_raw_orders.py{% endif %}
tests/gold/{% if cookiecutter.starter == 'ecommerce' %}test_gold_customer_ltv.py{% endif %}
tests/gold/{% if cookiecutter.starter == 'ecommerce' %}test_gold_product_analytics.py{% endif %}
tests/silver/{% if cookiecutter.starter == 'ecommerce' %}test_silver_clean_customers.py{% endif %}
tests/silver/{% if cookiecutter.starter == 'ecommerce' %}test_silver_validated_orders.py{% endif %}
tests/silver/{% if cookiecutter.starter == 'ecommerce' %}test_silver_validated_orders_properties.py{% endif %}
tests/{% if cookiecutter.starter == 'ecommerce' %}test_ecommerce.py{% endif %}
"""
# END LISTS


def select_files(names: str) -> list[Path]:
    """Return the files of a list that belong to the answers: each other name ends empty."""
    return [Path(name) for name in names.splitlines() if name and not name.endswith("/")]


def is_link(path: Path) -> bool:
    """Tell whether a path is a symbolic link or, on Windows, a junction."""
    try:
        state = path.lstat()
    except OSError:
        return False
    # Python 3.11 knows a junction by its tag only.
    junction = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", None)
    is_junction = junction is not None and getattr(state, "st_reparse_tag", None) == junction
    return stat.S_ISLNK(state.st_mode) or is_junction


def leads_outside(path: Path) -> bool:
    """Tell whether a path, or a folder above it, is a link."""
    return any(is_link(part) for part in (path, *path.parents))


def read_json(path: Path) -> dict:
    """Return the object that a JSON file holds; an empty one if it cannot be read."""
    if leads_outside(path) or not path.is_file() or path.stat().st_size > LARGEST:
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def states_before(snapshot: dict) -> dict[str, list[list[int]]]:
    """Return what the pre_gen hook noted of each file, by names whose case makes no difference.

    On a disk that ignores case, the user's `readme.md` is what a bake finds as `README.md`.
    """
    states: dict[str, list[list[int]]] = {}
    for name, state in snapshot.get("files", {}).items():
        states.setdefault(name.casefold(), []).append(state)
    return states


def is_fresh(path: Path, before: dict[str, list[list[int]]]) -> bool:
    """Tell whether this bake wrote `path`, which may have been there before."""
    if leads_outside(path) or not path.is_file():
        return False
    state = path.lstat()
    known = before.get(path.as_posix().casefold(), [])
    return [state.st_size, state.st_mtime_ns, state.st_ino] not in known


def checksum_ignoring_line_ends(path: Path) -> str:
    """Return the SHA-256 of a text with LF as line end, as git may check it out with another."""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def flatten(table: dict, name: str = "") -> Iterator[str]:
    """Yield each setting of a TOML table as a line: `[project] dependencies: polars>=2.0,<3`."""
    for key, value in table.items():
        key = bare_or_quoted(key)
        if isinstance(value, dict):
            yield from flatten(value, f"{name}.{key}" if name else key)
            continue
        for item in value if isinstance(value, list) and value else [value]:
            shown = item if isinstance(item, str) else json.dumps(item, default=str)
            yield f"[{name}] {key}: {shown}"


def bare_or_quoted(key: str) -> str:
    """Return a key as TOML has it: quoted, if something else than a word is in it."""
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else json.dumps(key)


def remove_caches(folders: set[Path], before: set[str]) -> None:
    """Remove the caches that pip and ruff make in a template, and that came along with it."""
    for folder in folders:
        for name in CACHES:
            cache = folder / name
            if cache.as_posix() in before or leads_outside(cache):
                continue
            if cache.is_dir():
                shutil.rmtree(cache)


def make_writable(path: Path) -> None:
    """Make a file writable: those of a read-only template come out read-only."""
    mode = path.stat().st_mode
    if not mode & 0o200:
        path.chmod(mode | 0o200)


def recorded_files(manifest: dict) -> dict[str, str]:
    """Return the checksums that an earlier manifest recorded, but for what is none."""
    files = manifest.get("files")
    if not isinstance(files, dict):
        return {}
    return {
        name: checksum
        for name, checksum in files.items()
        if isinstance(checksum, str) and re.fullmatch("[0-9a-f]{64}", checksum)
    }


def recorded_settings(manifest: dict) -> list[str]:
    """Return the settings that an earlier manifest recorded, but for what is no line of text."""
    lines = manifest.get("settings")
    if not isinstance(lines, list):
        return []
    return [line for line in lines if isinstance(line, str) and is_text(line)]


def is_text(line: str) -> bool:
    """Tell whether `polster upgrade` takes a line: it has a limit, and can be written."""
    return len(line) <= 10_000 and not re.search("[\ud800-\udfff]", line)


def write_manifest(fresh: set[Path]) -> None:
    """Record what was released: the files of this bake, and what an earlier one recorded."""
    earlier = read_json(MANIFEST)
    files = recorded_files(earlier)
    recorded = {}
    for path in select_files(OWNED):
        name = path.as_posix()
        recorded[name] = checksum_ignoring_line_ends(path) if path in fresh else files.get(name)
    pyproject = Path("pyproject.toml")
    lines = recorded_settings(earlier)
    if pyproject in fresh:
        lines = list(flatten(tomllib.loads(pyproject.read_text(encoding="utf-8"))))
    version = Path("polster_tasks/__init__.py").read_text(encoding="utf-8")
    manifest = {
        "format": 1,
        "version": re.search(r'^__version__ = "([^"]+)"', version, re.MULTILINE)[1],
        "answers": ANSWERS,
        "settings": lines,
        "files": {path: entry for path, entry in sorted(recorded.items()) if entry},
    }
    temporary = MANIFEST.with_name(f"{MANIFEST.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8", newline="\n")
    os.replace(temporary, MANIFEST)


def main() -> None:
    """Tidy the bake and record it."""
    before = read_json(SNAPSHOT)
    SNAPSHOT.unlink(missing_ok=True)
    files_before, folders_before = states_before(before), set(before.get("folders", []))

    listed = [*select_files(OWNED), *select_files(EXAMPLES)]
    fresh = {path for path in listed if is_fresh(path, files_before)}
    for path in fresh:
        make_writable(path)
    remove_caches({folder for path in listed for folder in path.parents}, folders_before)

    # The folders of a CI provider that was not chosen are empty: its file has an empty name.
    for folder in (Path(".github/workflows"), Path(".github")):
        ours = folder.as_posix() not in folders_before and not leads_outside(folder)
        if ours and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    write_manifest(fresh)


main()
