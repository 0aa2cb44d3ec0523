"""The files that a project gets from this package's release."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from polster.create import bake, temporary_folder
from polster.errors import Refusal
from polster.template import TASKS, stated_version
from polster.upgrading.manifest import Manifest, read_manifest
from polster.upgrading.paths import read

_CI_FILES = {
    "github": ".github/workflows/ci.yml",
    "gitlab": ".gitlab-ci.yml",
    "azure": "azure-pipelines.yml",
}


class Released(NamedTuple):
    """One file as this release has it."""

    text: bytes
    mode: int


class Release(NamedTuple):
    """This package's release, baked with the answers of one project."""

    manifest: Manifest
    files: Mapping[str, Released]

    @property
    def version(self) -> str:
        """The release's version."""
        return self.manifest.version


def bake_release(answers: Mapping[str, str]) -> Release:
    """Return what a project that gave these `answers` gets from this release.

    Raises:
        Refusal: if an answer is one that the template refuses.
    """
    with temporary_folder() as folder:
        project = bake(answers, folder)
        manifest = read_manifest(project)
        if manifest is None:
            raise Refusal("This polster's template is incomplete: install polster again.")
        files = {}
        for name in manifest.files:
            path = project / name
            files[name] = Released(path.read_bytes(), path.stat().st_mode & 0o777)
    return Release(manifest, files)


def assumed_manifest(root: Path) -> Manifest:
    """Return what can be told of a project that was baked without the template's hooks.

    Nothing is known of its released files, so that every file that differs counts as edited.
    """
    try:
        table = tomllib.loads((read(root, "pyproject.toml") or b"").decode("utf-8-sig"))
    except (ValueError, RecursionError):
        table = {}
    project = table.get("project")
    project = project if isinstance(project, dict) else {}
    name = str(project.get("name", root.name))
    ci = [choice for choice, path in _CI_FILES.items() if read(root, path) is not None]
    answers = {
        "project_name": name,
        "project_slug": name,
        "description": str(project.get("description", "")),
        "starter": "minimal" if read(root, "AGENTS.md") is None else "standard",
        "ci": ci[0] if ci else "none",
    }
    version = stated_version(read(root, f"{TASKS}/__init__.py") or b"")
    return Manifest(version, answers, (), {})
