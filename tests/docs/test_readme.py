"""The documents cannot lie: commands run as written, links lead somewhere."""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from conftest import TEMPLATE, clean_environment, find_uv

README = (TEMPLATE / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [
    *sorted(TEMPLATE.glob("*.md")),
    *sorted((TEMPLATE / "docs").glob("*.md")),
    *sorted((TEMPLATE / "examples").rglob("*.md")),
]

# What is never imported need not be compiled.
PIP = {"PIP_NO_COMPILE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def block(heading: str) -> list[str]:
    """Return the commands of the first code block under a heading of the README."""
    section = README.split(f"\n## {heading}\n")[1]
    return re.search(r"```\n(.*?)```", section, re.DOTALL)[1].splitlines()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text):
        assert (document.parent / target).exists(), target


def test_every_picture_is_shown_somewhere() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    pictures = [path.name for path in (TEMPLATE / "docs" / "images").iterdir()]
    assert pictures
    assert [name for name in pictures if f"images/{name})" not in texts] == []


def test_every_command_of_the_readme_names_a_session_or_command_that_exists() -> None:
    ours = (TEMPLATE / "noxfile.py").read_text(encoding="utf-8")
    theirs = (TEMPLATE / "{{cookiecutter.project_slug}}/noxfile.py").read_text(encoding="utf-8")
    named = set(re.findall(r"nox -s (\w+)", README))
    assert named
    assert [name for name in named if f"def {name}(" not in ours + theirs] == []


@pytest.mark.slow
def test_the_quick_start_works_word_for_word(tmp_path: Path) -> None:
    """Run the README's lines in a copy of the checkout, with nothing but Python on the path."""
    checkout = tmp_path / "polster"
    ignored = shutil.ignore_patterns(".git", ".nox", ".venv", "demo", "__pycache__", ".*_cache")
    shutil.copytree(TEMPLATE, checkout, symlinks=True, ignore=ignored)
    make = [find_uv(), "venv", "--quiet", "--seed", "--python", sys.executable]
    subprocess.run([*make, tmp_path / "venv"], check=True)
    path = os.pathsep.join((str(tmp_path / "venv/bin"), "/usr/local/bin", "/usr/bin", "/bin"))
    environment = clean_environment(PATH=path, HOME=str(tmp_path), **PIP)
    *lines, ui = block("Quick start")
    assert ui.startswith("python run_polster.py --ui ")

    script = "set -e\n" + "\n".join(lines)
    done = subprocess.run(
        ["bash", "-c", script], cwd=checkout, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr

    project = checkout / "my_first_pipeline"
    with subprocess.Popen(
        ["bash", "-c", "exec " + ui.partition("#")[0]],
        cwd=project,
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as server:
        try:
            for line in server.stdout:
                if url := re.search(r"http://127\.0\.0\.1:\d+", line):
                    break
            else:
                pytest.fail("The UI never said where it is.")
            wait_for(url[0] + "/server_info")
        finally:
            os.killpg(server.pid, signal.SIGINT)  # as Ctrl-C on a terminal: to nox and the UI
            server.wait(120)


def wait_for(url: str, seconds: float = 240) -> None:
    """Wait until a server answers."""
    import time

    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def test_every_setting_that_the_code_reads_is_in_the_example_of_env() -> None:
    template = TEMPLATE / "{{cookiecutter.project_slug}}"
    named = {
        name
        for path in (template / "src").rglob("*.py")
        for name in re.findall(r"\"(POLSTER_[A-Z_]+)\"", path.read_text(encoding="utf-8"))
    }
    example = (template / ".env.example").read_text(encoding="utf-8")
    assert sorted(named) == sorted(re.findall(r"^# (POLSTER_[A-Z_]+)=", example, re.MULTILINE))
