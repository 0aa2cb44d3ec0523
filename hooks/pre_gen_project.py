"""Refuse a name that would make a broken project; note what an existing folder holds already."""

import json
import keyword
import os
import re
import stat
import sys
from pathlib import Path

PROJECT_NAME = {{cookiecutter.project_name | tojson}}
SLUG = {{cookiecutter.project_slug | tojson}}
DESCRIPTION = {{cookiecutter.description | tojson}}

# Read, and removed, by the post_gen hook.
SNAPSHOT = Path(".polster-snapshot.json")
MANIFEST = Path(".polster.json")  # and what the post_gen hook writes first, before it renames it
NEW_MANIFEST = Path(".polster.json.new")
LARGE = {".git", ".nox", ".venv"}  # nothing of the template is in them

LONGEST_SLUG = 32  # with which no line of a generated file gets longer than its linter allows

# Folders and modules that stand beside the package in every project, or that it imports.
TAKEN = {
    "cookiecutter", "dagster", "dagster_webserver", "data", "dataframely", "deltalake", "dotenv",
    "hypothesis", "nox", "noxfile", "polars", "polster", "polster_tasks", "pytest", "rich", "ruff",
    "run_polster", "src", "tests",
}  # fmt: skip
# Device names: Windows cannot make such a folder.
RESERVED_ON_WINDOWS = {"aux", "con", "nul", "prn"} | {
    f"{d}{n}" for d in ("com", "lpt") for n in range(10)
}


def refusal(slug: str) -> str | None:
    """Return one sentence saying why `slug` cannot name a project, or None if it can."""
    if not re.fullmatch(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", slug):
        words = re.sub(r"[^a-z0-9]+", "_", slug.lower()).strip("_")
        suggestion = words if words[:1].isalpha() else f"pipeline_{words}".rstrip("_")
        return (
            f"The project slug {slug!r} cannot name a Python package: use lowercase letters, digits and "
            f"single underscores, starting with a letter, for example {suggestion[:LONGEST_SLUG]!r}."
        )
    if len(slug) > LONGEST_SLUG:
        return f"The project slug {slug!r} has {len(slug)} characters: use at most {LONGEST_SLUG}."
    package = slug.replace("-", "_")
    reasons = {
        "is a Python keyword": keyword.iskeyword(package) or keyword.issoftkeyword(package),
        "is a module of Python's standard library": package in sys.stdlib_module_names,
        "is a name that the project itself needs": package in TAKEN,
        "is a reserved device name on Windows": package in RESERVED_ON_WINDOWS,
    }
    for reason, holds in reasons.items():
        if holds:
            return f"The project slug {slug!r} {reason}: choose another, for example '{package}_pipeline'."
    return None


def control_character(text: str) -> bool:
    """Tell whether `text` holds a control character that is not white space."""
    return any(not c.isprintable() and not c.isspace() and ord(c) < 160 for c in text)


def obstacle() -> Path | None:
    """Return what lies where the hooks write a file of theirs and is no regular file, if anything."""
    for path in (MANIFEST, NEW_MANIFEST, SNAPSHOT):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(mode):
            return path
    return None


def snapshot() -> dict[str, object]:
    """Return what lies in this folder before the bake: files with size, time and number, folders."""
    files: dict[str, list[int]] = {}
    folders: list[str] = []
    for folder, subfolders, names in os.walk("."):
        here = Path(folder)
        folders += [(here / name).as_posix() for name in subfolders]
        subfolders[:] = set(subfolders) - LARGE
        if here == Path("data"):
            subfolders[:] = set(subfolders) & {"landing"}
        for name in names:
            state = (here / name).lstat()
            files[(here / name).as_posix()] = [state.st_size, state.st_mtime_ns, state.st_ino]
    return {"files": files, "folders": folders}


if control_character(PROJECT_NAME) or control_character(DESCRIPTION):
    sys.exit("The project name and the description cannot hold control characters.")
if problem := refusal(SLUG):
    sys.exit(problem)
if path := obstacle():
    sys.exit(f"{path.absolute()} is not a regular file: move it away. Nothing was changed.")

# A bake over an existing folder: the post_gen hook needs to tell what was there before.
SNAPSHOT.unlink(missing_ok=True)
if any(Path().iterdir()):
    SNAPSHOT.write_text(json.dumps(snapshot()), encoding="utf-8")
