"""Tidy what the template's way here may have left: compiled files and folders that no choice filled."""

import shutil
from pathlib import Path

# pip compiles the Python files of an installed template, so a bake can carry the caches along.
for cache in Path("polster_tasks").rglob("__pycache__"):
    shutil.rmtree(cache)

# The folders of a CI provider that was not chosen are empty, because files with an empty name are skipped.
for folder in (Path(".github/workflows"), Path(".github")):
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
