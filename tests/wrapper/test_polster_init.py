"""`polster init`: the template's files, whole or not at all; sentences instead of tracebacks."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from polster import cli

REPOSITORY = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder by its relative path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize(
    ("starter", "ci"),
    [("standard", "github"), ("ecommerce", "gitlab"), ("minimal", "azure"), ("standard", "none")],
)
def test_the_files_are_those_of_cookiecutter_byte_for_byte(
    starter: str, ci: str, polster: Run, bake: Callable[..., Path], tmp_path: Path
) -> None:
    done = polster("init", "my_project", "--template", starter, "--ci", ci, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    baked = bake(project_name="my_project", starter=starter, ci=ci)
    assert contents(tmp_path / "my_project") == contents(baked)


def test_the_defaults_are_those_of_cookiecutter(
    polster_here: Run, bake: Callable[..., Path], tmp_path: Path
) -> None:
    assert polster_here("init", "my_project", cwd=tmp_path).returncode == 0
    baked = bake(project_name="my_project", ci="github")
    assert contents(tmp_path / "my_project") == contents(baked)


def test_the_choices_are_those_of_the_template() -> None:
    questions = json.loads((REPOSITORY / "cookiecutter.json").read_text(encoding="utf-8"))
    assert list(cli.STARTERS) == questions["starter"]
    assert list(cli.CI) == questions["ci"]


def test_it_makes_the_folder_here_and_prints_three_commands_that_work(
    polster: Run, tmp_path: Path
) -> None:
    done = polster("init", "my_project", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["my_project"]
    commands = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    assert commands[0] == "cd my_project"
    assert commands[1].endswith("add-asset --layer bronze --name raw_orders")
    assert commands[2].endswith("polster ui")
    added = polster(*commands[1].split()[-5:], cwd=tmp_path / "my_project")
    assert added.returncode == 0, added.stderr


@pytest.mark.parametrize(
    "name",
    ["class", "polars", "json", "My Pipeline", "1st", "../evil", "/tmp/x/y", "a/b", ".", "..", "",
     "x\n", "a__b", "con", "é", "{{ 7*7 }}", "{% raw %}", "'", '"', "--", "a" * 51],
)  # fmt: skip
def test_a_bad_name_is_refused_in_one_sentence_before_anything_is_written(
    name: str, polster_here: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "in here"
    folder.mkdir()
    done = polster_here("init", "--", name, cwd=folder)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert repr(name) in done.stderr
    assert list(folder.iterdir()) == [] and list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("kind", ["empty folder", "folder", "file", "broken link"])
def test_what_exists_is_refused_and_left_alone(
    kind: str, polster_here: Run, tmp_path: Path
) -> None:
    target = tmp_path / "my_project"
    if kind == "file":
        target.write_text("mine", encoding="utf-8")
    elif kind == "broken link":
        target.symlink_to("nowhere")
    else:
        target.mkdir()
        if kind == "folder":
            (target / "mine.txt").write_text("mine", encoding="utf-8")
    before = contents(tmp_path)
    done = polster_here("init", "my_project", cwd=tmp_path)
    assert done.returncode == 1
    assert "my_project exists already" in done.stderr and len(done.stderr.splitlines()) == 1
    assert contents(tmp_path) == before and list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    "description",
    ["{{ 7 * 7 }}", "{% raw %}{{ cookiecutter.x }}", "{# gone? #}", 'say "hi" \\ back', "naïve 😀"],
)
def test_a_description_arrives_literally(
    description: str, polster_here: Run, tmp_path: Path
) -> None:
    done = polster_here("init", "my_project", "--description", description, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    project = tomllib.loads((tmp_path / "my_project/pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["description"] == description


def test_a_dry_run_lists_the_files_and_writes_nothing(polster_here: Run, tmp_path: Path) -> None:
    planned = polster_here(
        "init", "my_project", "--dry-run", "--output-dir", "new/one", cwd=tmp_path
    )
    assert planned.returncode == 0
    assert list(tmp_path.iterdir()) == []
    polster_here("init", "my_project", cwd=tmp_path)
    listed = {line.strip() for line in planned.stdout.splitlines()[1:]}
    assert listed == contents(tmp_path / "my_project").keys()


def test_the_output_dir_is_made_when_it_is_missing(polster_here: Run, tmp_path: Path) -> None:
    done = polster_here("init", "my_project", "--output-dir", "new/one", cwd=tmp_path)
    assert done.returncode == 0
    assert f"cd {Path('new/one/my_project')}" in done.stdout
    assert (tmp_path / "new/one/my_project/pyproject.toml").is_file()


def test_git_only_when_asked(polster_here: Run, tmp_path: Path) -> None:
    polster_here("init", "plain", cwd=tmp_path)
    polster_here("init", "versioned", "--git", cwd=tmp_path)
    assert not (tmp_path / "plain/.git").exists()
    assert (tmp_path / "versioned/.git").is_dir()


def test_git_of_a_hook_that_calls_is_not_meant(polster_here: Run, tmp_path: Path) -> None:
    env = {"GIT_DIR": str(tmp_path / "other"), "GIT_WORK_TREE": str(tmp_path)}
    assert polster_here("init", "versioned", "--git", cwd=tmp_path, env=env).returncode == 0
    assert (tmp_path / "versioned/.git/HEAD").is_file() and not (tmp_path / "other").exists()


def test_git_that_fails_leaves_nothing(polster_here: Run, tmp_path: Path) -> None:
    env = {"GIT_TEMPLATE_DIR": "", "GIT_DEFAULT_HASH": "no such hash"}
    done = polster_here("init", "my_project", "--git", cwd=tmp_path, env=env)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_git_that_is_not_installed_is_said_before_anything_is_written(
    polster_here: Run, tmp_path: Path
) -> None:
    (tmp_path / "nothing").mkdir()
    env = {"PATH": str(tmp_path / "nothing")}
    done = polster_here("init", "my_project", "--git", cwd=tmp_path, env=env)
    assert done.returncode == 1 and "git" in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "my_project").exists()


def test_off_a_terminal_nothing_is_asked_and_a_missing_name_is_said(
    polster: Run, tmp_path: Path
) -> None:
    done = polster("init", cwd=tmp_path, input="a_name\n")
    assert done.returncode == 2 and done.stdout == ""
    assert "needs a name" in done.stderr


def test_on_a_terminal_cookiecutter_asks_for_what_is_missing(
    on_terminal: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    keys = "A {{ 1+1 }} pipeline\n3\n"
    status, shown = on_terminal("init", "my_project", "--ci", "none", cwd=tmp_path, keys=keys)
    assert status == 0, shown
    assert "One sentence about the pipeline" in shown and "Starter" in shown
    assert "Continuous integration" not in shown and "Project name" not in shown
    baked = (tmp_path / "my_project/pyproject.toml").read_text(encoding="utf-8")
    assert 'description = "A {{ 1+1 }} pipeline"' in baked
    assert not (tmp_path / "my_project/AGENTS.md").exists()  # the third starter is minimal


def test_on_a_terminal_no_input_asks_nothing(
    on_terminal: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    status, shown = on_terminal("init", "my_project", "--no-input", cwd=tmp_path)
    assert status == 0 and "[1/" not in shown


def test_the_users_cookiecutter_defaults_hold_and_their_replay_is_left_alone(
    polster: Run, tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    replay = tmp_path / "replay"
    config.write_text(
        f'default_context: {{ci: gitlab}}\nreplay_dir: "{replay.as_posix()}"\n', encoding="utf-8"
    )
    (tmp_path / "home").mkdir()
    env = {"COOKIECUTTER_CONFIG": str(config), "HOME": str(tmp_path / "home")}
    assert polster("init", "my_project", cwd=tmp_path, env=env).returncode == 0
    assert not (tmp_path / "my_project/.github").exists()
    assert not replay.exists() and not list((tmp_path / "home").iterdir())


def test_the_next_command_fits_what_was_baked(polster_here: Run, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("default_context: {starter: ecommerce}\n", encoding="utf-8")
    env = {"COOKIECUTTER_CONFIG": str(config)}
    chosen = polster_here("init", "my_project", cwd=tmp_path, env=env)
    assert "list-assets" in chosen.stdout and "add-asset" not in chosen.stdout
    named = polster_here("init", "other", "--template", "minimal", cwd=tmp_path, env=env)
    assert "add-asset" in named.stdout and "list-assets" not in named.stdout


def test_a_broken_cookiecutter_configuration_is_one_sentence(
    polster_here: Run, tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("default_context: [", encoding="utf-8")
    done = polster_here(
        "init", "my_project", cwd=tmp_path, env={"COOKIECUTTER_CONFIG": str(config)}
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert not (tmp_path / "my_project").exists()


def test_an_output_dir_that_is_a_file_is_one_sentence(polster_here: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = polster_here("init", "my_project", "--output-dir", "file/below", cwd=tmp_path)
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr


def test_of_many_at_once_exactly_one_makes_the_project(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "polster", "init", "my_project"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    started = [
        subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    errors = [process.communicate(timeout=120)[1].decode() for process in started]
    assert sorted(process.returncode for process in started) == [0, 1, 1, 1]
    assert sum(len(error.splitlines()) for error in errors) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["my_project"]


@pytest.mark.parametrize(("keys", "status"), [("\x03", 130), ("\x04", 130)])
def test_on_a_terminal_leaving_the_questions_leaves_nothing(
    keys: str, status: int, on_terminal: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    ended, shown = on_terminal("init", "my_project", cwd=tmp_path, keys=keys, wait="pipeline")
    assert ended == status and "Traceback" not in shown
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="locales as POSIX has them")
def test_an_ascii_locale_changes_nothing(
    polster: Run, bake: Callable[..., Path], tmp_path: Path
) -> None:
    env = {
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "PYTHONIOENCODING": "ascii",
    }
    (tmp_path / "é").mkdir()
    done = polster("init", "my_project", cwd=tmp_path / "é", env=env)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "é/my_project") == contents(
        bake(project_name="my_project", ci="github")
    )


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM that a process can hear")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_init_leaves_all_or_nothing(
    sent: signal.Signals, polster: Run, tmp_path: Path
) -> None:
    polster("init", "whole", cwd=tmp_path)
    everything = contents(tmp_path / "whole").keys()
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    stopped = 0
    for attempt in range(12):
        folder = tmp_path / f"attempt {attempt}"
        folder.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-m", "polster", "init", "whole"],
            cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        time.sleep(random.uniform(0.2, 1.2))
        os.killpg(process.pid, sent)
        status = process.wait(timeout=60)
        left = contents(folder)
        assert left == {} or {f"whole/{name}" for name in everything} == left.keys()
        if not left:
            assert status != 0
            assert list(folder.iterdir()) == []
            stopped += 1
    assert stopped
