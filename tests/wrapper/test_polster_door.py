"""What `init` says next works in the shell from which `polster` was started."""

import json
import shutil
import sys
from importlib import metadata
from pathlib import Path

import pytest

from polster.door import installed_from, own_command, temporary_runner


@pytest.mark.parametrize(
    ("prefix", "runner"),
    [
        ("/home/a/.cache/uv/archive-v0/uSm5scfqT82I3Ehs", "uvx"),
        ("/home/a/.cache/uv/environments-v2/polster-0a", "uvx"),
        ("/home/a/.cache/pipx/6f6d2ee36ebe523", "pipx"),
        ("/home/a/.local/pipx/.cache/6f6d2ee36ebe523", "pipx"),
        ("/Users/a/Library/Caches/pipx/6f6d2ee36ebe523", "pipx"),
        ("/home/a/.local/share/pipx/venvs/polster", None),
        ("/home/a/.local/share/uv/tools/polster", None),
        ("/home/a/project/.venv", None),
        ("/usr", None),
    ],
)
def test_an_environment_that_is_not_kept_is_recognized(
    prefix: str, runner: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    assert temporary_runner(Path(prefix))[:1] == ([runner] if runner else [])


class Package:
    """An installed package that came from somewhere."""

    def __init__(self, origin: object) -> None:
        self.origin = origin

    def read_text(self, name: str) -> str | None:
        """Return what an installer noted."""
        assert name == "direct_url.json"
        return None if self.origin is None else json.dumps(self.origin)


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        (None, None),
        ({"url": "file:///a/b%20c", "dir_info": {}}, "/a/b c"),
        ({"url": "https://x/p.whl", "archive_info": {}}, "https://x/p.whl"),
        ({"url": "https://x/p.git", "vcs_info": {"vcs": "git"}}, "git+https://x/p.git"),
        (
            {"url": "https://x/p.git", "vcs_info": {"vcs": "git", "requested_revision": "v1"}},
            "git+https://x/p.git@v1",
        ),
    ],
)
def test_the_source_is_the_one_that_was_installed(
    origin: object, source: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "distribution", lambda _: Package(origin))
    assert installed_from() == source


def test_the_whole_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    origin = {"url": "file:///a/b%20c", "dir_info": {}}
    monkeypatch.setattr(metadata, "distribution", lambda _: Package(origin))
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(sys, "prefix", "/home/a/.cache/uv/archive-v0/u")
    assert own_command() == "uvx --from '/a/b c' polster"
    monkeypatch.setattr(sys, "prefix", "/home/a/.cache/pipx/6f6d2e")
    assert own_command() == "pipx run --spec '/a/b c' polster"
    monkeypatch.setattr(sys, "prefix", "/home/a/venv")
    assert own_command() == "polster"
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert own_command() == f"{sys.executable} -m polster"
