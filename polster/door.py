"""How `polster` was started, so that the next command can be named as it works here."""

import json
import os
import re
import shlex
import shutil
import sys
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname


def own_command() -> str:
    """Return the words that start `polster` again from the same shell."""
    runner = temporary_runner(Path(sys.prefix))
    if runner:
        source = installed_from()
        given = [_option(runner), quoted(source)] if source else []
        return " ".join([*runner, *given, "polster"])
    if shutil.which("polster"):
        return "polster"
    return f"{quoted(sys.executable)} -m polster"


def own_command_for(root: Path) -> str:
    """Return the words that start `polster` from the current folder on the project `root`."""
    try:
        here = Path.cwd()
        shown = short_path(root)
    except FileNotFoundError:  # the current folder is gone
        return f"{own_command()} --project {quoted(str(root))}"
    if root in (here, *here.parents):
        return own_command()
    return f"{own_command()} --project {quoted(shown)}"


def short_path(path: Path) -> str:
    """Return a path as it is seen from the current folder."""
    try:
        return os.path.relpath(path)
    except ValueError:  # another drive of Windows
        return str(path)


def temporary_runner(prefix: Path) -> list[str]:
    """Return what runs `polster` from a cache, without installing it; nothing if it is installed.

    Args:
        prefix: The environment that this process runs in. uvx puts its commands on the PATH of
            this process, where the user's shell does not find them afterwards.
    """
    near = list(prefix.parents)[:2]
    if any(re.match(r"(archive|environments)-v\d", folder.name) for folder in near):
        return ["uvx"] if shutil.which("uvx") else ["uv", "tool", "run"]
    names = [folder.name for folder in near]
    if names[:1] == [".cache"] or names[:2] in (["pipx", ".cache"], ["pipx", "Caches"]):
        return ["pipx", "run"]
    if "pipx" in prefix.parts and prefix.parent.name.casefold() == "cache":
        return ["pipx", "run"]  # as on Windows
    return []


def _option(runner: list[str]) -> str:
    """Return the option by which a runner takes a package from somewhere else than the index."""
    return "--spec" if runner[0] == "pipx" else "--from"


def installed_from() -> str | None:
    """Return where this package came from, or None if from an index: a folder, or a git URL."""
    try:
        origin = json.loads(metadata.distribution("polster").read_text("direct_url.json") or "{}")
        url = str(origin["url"])
    except (metadata.PackageNotFoundError, KeyError, TypeError, ValueError):
        return None
    if vcs := origin.get("vcs_info"):
        revision = vcs.get("requested_revision")
        return f"{vcs.get('vcs', 'git')}+{url}" + (f"@{revision}" if revision else "")
    parts = urlsplit(url)
    return url2pathname(parts.path) if parts.scheme == "file" else url


def quoted(word: str) -> str:
    """Return a word as this system's usual shell takes it."""
    if os.name != "nt":
        return shlex.quote(word)
    return f'"{word}"' if not word or re.search(r"[\s&()^;,]", word) else word
