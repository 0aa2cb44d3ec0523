"""Tidy what the template's way here may have left, and note what the vendored tooling looks like."""

import hashlib
import os
import shutil
from pathlib import Path

# An overwritten project may hold folders that are not the template's.
NOT_OURS = {".git", ".nox", ".venv"}

for folder, subfolders, files in os.walk("."):
    subfolders[:] = set(subfolders) - NOT_OURS
    # pip compiles the Python files of an installed template, ruff keeps notes in one that it checks.
    for cache in {"__pycache__", ".ruff_cache"} & set(subfolders):
        subfolders.remove(cache)
        shutil.rmtree(Path(folder, cache))
    # Files of a read-only template (a system's package, a sealed store) come out read-only.
    for path in (Path(folder, file) for file in files):
        if not path.is_symlink() and not path.stat().st_mode & 0o200:
            path.chmod(path.stat().st_mode | 0o200)

# The folders of a CI provider that was not chosen are empty, because files with an empty name are skipped.
for folder in (Path(".github/workflows"), Path(".github")):
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()

# `polster upgrade` tells local edits by it, and so does `sha256sum --check` in that folder.
MANIFEST = Path("polster_tasks/manifest.sha256")
MANIFEST.unlink(missing_ok=True)
vendored = [path for path in sorted(MANIFEST.parent.rglob("*")) if path.is_file()]
digests = [(hashlib.sha256(path.read_bytes()).hexdigest(), path) for path in vendored]
lines = [f"{digest}  {path.relative_to(MANIFEST.parent).as_posix()}\n" for digest, path in digests]
MANIFEST.write_text("".join(lines), encoding="utf-8", newline="\n")
