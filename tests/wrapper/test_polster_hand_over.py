"""The project's own tooling does the work; arguments, terminal, signals, status are untouched."""

import os
import py_compile
import signal
import subprocess
import sys
import time
from ast import literal_eval
from collections.abc import Callable
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from polster.handover import RUN_COMMANDS, TASK_COMMANDS, is_project
from polster.template import tasks_version

REPOSITORY = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]

AWKWARD = ["--name", "a b", "", "--", "--help", "-x", "--dependencies=a,b", "é", "*"]


@pytest.mark.parametrize("command", TASK_COMMANDS)
def test_arguments_stdin_and_exit_status_are_the_tasks_own(
    command: str, polster: Run, spy_project: Path
) -> None:
    (spy_project / "src" / "deep").mkdir(parents=True)
    done = polster(command, *AWKWARD, cwd=spy_project / "src" / "deep", input="typed\nlines")
    argv, cwd, file, stdin = done.stdout.split("\n", 3)
    assert literal_eval(argv) == [command, *AWKWARD]
    assert Path(cwd) == spy_project
    assert Path(file) == spy_project / "polster_tasks" / "__main__.py"
    assert stdin == "typed\nlines\n"
    assert done.returncode == 7 and done.stderr == ""


@pytest.mark.parametrize("command", RUN_COMMANDS)
def test_run_ui_and_status_are_run_polsters_own(
    command: str, polster: Run, spy_project: Path
) -> None:
    (spy_project / "src").mkdir()
    done = polster(command, *AWKWARD, cwd=spy_project / "src")
    argv, cwd, *_ = done.stdout.split("\n")
    own = {"run": [], "ui": ["--ui"], "status": ["--status"]}[command]
    assert literal_eval(argv) == [*own, *AWKWARD]
    assert Path(cwd) == spy_project
    assert done.returncode == 7 and done.stderr == ""


@pytest.mark.parametrize("command", ["validate", "run"])
def test_help_inside_a_project_is_the_projects_own(
    command: str, polster: Run, spy_project: Path
) -> None:
    done = polster(command, "--help", cwd=spy_project)
    assert literal_eval(done.stdout.split("\n")[0])[-1] == "--help" and done.returncode == 7


@pytest.mark.parametrize("command", ["validate", "run", "init", "upgrade"])
def test_help_outside_a_project_is_polsters(command: str, polster: Run, tmp_path: Path) -> None:
    done = polster(command, "--help", cwd=tmp_path)
    assert done.returncode == 0 and f"polster {command}" in done.stdout


@pytest.mark.parametrize("command", ["validate", "run"])
def test_verbose_goes_along(command: str, polster: Run, spy_project: Path) -> None:
    done = polster("--verbose", command, "x", cwd=spy_project)
    expected = ["--verbose", "validate", "x"] if command == "validate" else ["--verbose", "x"]
    assert literal_eval(done.stdout.split("\n")[0]) == expected


def test_another_project_can_be_named(polster: Run, spy_project: Path, tmp_path: Path) -> None:
    done = polster("--project", spy_project / "polster_tasks", "validate", cwd=tmp_path)
    assert Path(done.stdout.split("\n")[1]) == spy_project


def test_a_terminal_stays_a_terminal(
    on_terminal: Callable[..., tuple[int, str]], spy_project: Path
) -> None:
    for command in ("validate", "run"):
        status, shown = on_terminal(command, cwd=spy_project)
        assert status == 7 and "a terminal" in shown


def test_no_other_copy_gets_in_the_way(polster: Run, spy_project: Path, tmp_path: Path) -> None:
    """Not one on PYTHONPATH, not one in the current folder, and PYTHONSAFEPATH changes nothing."""
    decoy = tmp_path / "decoy"
    (decoy / "polster_tasks").mkdir(parents=True)
    (decoy / "polster_tasks" / "__init__.py").write_text("", encoding="utf-8")
    (decoy / "polster_tasks" / "__main__.py").write_text("print('decoy')", encoding="utf-8")
    here = spy_project / "polster_tasks" / "inner"
    (decoy / "polster_tasks").rename(decoy / "kept")
    here.mkdir()
    (decoy / "kept").rename(here / "polster_tasks")
    paths = os.pathsep.join((str(here), str(REPOSITORY)))
    for safe in ("", "1"):
        env = {"PYTHONPATH": paths, "PYTHONSAFEPATH": safe}
        done = polster("validate", cwd=here, env=env)
        assert done.returncode == 7 and "decoy" not in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows folders cannot hold a colon")
def test_a_project_folder_may_hold_a_path_separator(polster: Run, spy_project: Path) -> None:
    renamed = spy_project.rename(spy_project.with_name("a:b"))
    assert polster("validate", cwd=renamed, env={"PYTHONSAFEPATH": "1"}).returncode == 7


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
@pytest.mark.parametrize(
    ("command", "sent"),
    [("validate", signal.SIGTERM), ("run", signal.SIGINT), ("run", signal.SIGTERM)],
)
def test_signals_arrive_and_the_end_is_told_as_without_polster(
    command: str, sent: signal.Signals, spy_project: Path
) -> None:
    script = "print('ready', flush=True)\nimport time\ntime.sleep(60)\n"
    (spy_project / "polster_tasks/__main__.py").write_text(script, encoding="utf-8")
    (spy_project / "run_polster.py").write_text(script, encoding="utf-8")
    direct = {"validate": ["-m", "polster_tasks"], "run": ["run_polster.py"]}[command]
    ends = []
    for argv in (direct, ["-m", "polster", command]):
        process = subprocess.Popen(
            [sys.executable, *argv],
            cwd=spy_project, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)} if argv is not direct else None,
        )  # fmt: skip
        assert process.stdout and process.stdout.readline() == b"ready\n"
        time.sleep(0.05)
        process.send_signal(sent)
        ends.append(process.wait(timeout=20))
        process.stdout.close()
    assert ends[0] == ends[1] != 0


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
@pytest.mark.parametrize("place", ["__init__", "__main__"])
def test_ctrl_c_in_the_tooling_is_one_word_and_130(place: str, spy_project: Path) -> None:
    script = "print('ready', flush=True)\nimport time\ntime.sleep(60)\n"
    (spy_project / f"polster_tasks/{place}.py").write_text(script, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "polster", "validate"],
        cwd=spy_project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert process.stdout and process.stdout.readline() == "ready\n"
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "Interrupted.\n")


@pytest.mark.parametrize("command", [*TASK_COMMANDS, *RUN_COMMANDS, "upgrade"])
def test_outside_a_project_is_one_sentence(command: str, polster: Run, tmp_path: Path) -> None:
    done = polster(command, cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and "polster init" in done.stderr


def test_missing_tooling_is_one_sentence(polster: Run, spy_project: Path) -> None:
    (spy_project / "polster_tasks/__main__.py").unlink()
    done = polster("validate", cwd=spy_project)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1 and "polster upgrade" in done.stderr


def test_a_missing_run_polster_is_one_sentence(polster: Run, spy_project: Path) -> None:
    (spy_project / "run_polster.py").unlink()
    done = polster("run", cwd=spy_project)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("theirs", "said"),
    [("0.0.9", "polster upgrade"), ("99.0", "later"), ("unknown", "does not say")],
)
def test_another_version_is_said_to_people_and_not_to_scripts(
    theirs: str,
    said: str,
    polster: Run,
    on_terminal: Callable[..., tuple[int, str]],
    spy_project: Path,
) -> None:
    init = spy_project / "polster_tasks/__init__.py"
    stated = "" if theirs == "unknown" else f'__version__ = "{theirs}"\n'
    init.write_text(stated, encoding="utf-8")
    assert polster("validate", cwd=spy_project).stderr == ""
    _, shown = on_terminal("validate", cwd=spy_project)
    assert "Note: " in shown and said in shown and "not compared" in shown


def notes(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the notes that a command wrote on stderr."""
    return [line for line in done.stderr.splitlines() if line.startswith("Note: ")]


def test_the_released_tooling_runs_without_a_word(polster: Run, project: Path) -> None:
    done = polster("validate", cwd=project)
    assert done.returncode == 0 and done.stderr == ""
    (project / "polster_tasks/__pycache__").mkdir(exist_ok=True)
    (project / "polster_tasks/__pycache__/x.pyc").write_bytes(b"")
    for path in (project / "polster_tasks").rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert notes(polster("validate", cwd=project)) == []


@pytest.mark.parametrize("command", ["validate", "list-assets"])
def test_nothing_of_the_project_runs_where_its_tooling_is_the_released_one(
    command: str, polster: Run, project: Path
) -> None:
    evil = "raise SystemExit('evil')\n"
    for name in ("argparse.py", "json.py", "tomllib.py", "ast.py"):
        (project / name).write_text(evil, encoding="utf-8")
    tasks = project / "polster_tasks"
    for name in ("__main__", "__init__", "commands"):
        # Python runs such a cache without a look at the source beside it.
        source = project / "evil.py"
        source.write_text(evil, encoding="utf-8")
        cache = cache_from_source(str(tasks / f"{name}.py"))
        py_compile.compile(
            str(source), cache, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
        )
    source.unlink()
    done = polster(command, cwd=project / "src", env={"PYTHONSAFEPATH": "1"})
    assert done.returncode == 0, done.stderr
    assert "evil" not in done.stdout + done.stderr


def test_the_advice_of_a_note_works_where_it_is_given(polster: Run, project: Path) -> None:
    (project / "polster_tasks/mine.py").write_text("", encoding="utf-8")
    for options, where in (([], project), (["--project", project.name], project.parent)):
        done = polster(*options, "validate", cwd=where)
        (note,) = notes(done)
        shown = f" --project {project.name}" if options else ""
        assert f"polster{shown} --bundled COMMAND` runs the released one" in note


@pytest.mark.parametrize("kind", ["changed", "added", "missing", "link", "link inside", "pipe"])
def test_tooling_that_is_not_the_released_one_is_said_in_one_sentence(
    kind: str, polster: Run, project: Path, tmp_path: Path
) -> None:
    tasks = project / "polster_tasks"
    file = tasks / "report.py"
    if kind == "changed":
        file.write_text(file.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    elif kind == "added":
        file = tasks / "rules" / "mine.py"
        file.write_text("", encoding="utf-8")
    elif kind == "missing":
        file = tasks / "templates/gold/default.test.py.txt"
        file.unlink()
    elif kind == "link":
        file.rename(tmp_path / "report.py")
        file.symlink_to(tmp_path / "report.py")
    elif kind == "pipe":
        file = tasks / "pipe"
        os.mkfifo(file)
    else:
        tasks.rename(tmp_path / "elsewhere")
        tasks.symlink_to(tmp_path / "elsewhere")
    done = polster("validate", cwd=project)
    assert done.returncode == 0
    (note,) = notes(done)
    assert "differs from the released 0.1.0" in note and "project's own code" in note
    if kind != "link inside":
        assert f"in 1 file ({file.relative_to(tasks).as_posix()})" in note


def test_bundled_runs_the_released_tooling_and_nothing_of_the_project(
    polster: Run, project: Path
) -> None:
    evil = "raise SystemExit('evil')\n"
    for path in (project / "polster_tasks").rglob("*.py"):
        path.write_text(evil, encoding="utf-8")
    for name in ("json.py", "argparse.py", "ast.py", "sitecustomize.py", "run_polster.py"):
        (project / name).write_text(evil, encoding="utf-8")
    wrong = project / "src/my_pipeline/defs/gold/wrong.py"
    wrong.write_text(
        "import dagster as dg\n\n\n@dg.asset\ndef gold_x(bronze_y): ...\n", encoding="utf-8"
    )
    # `python -m` puts the current folder first, which the installed command `polster` does not.
    env = {"PYTHONSAFEPATH": "1"}
    for where in (project, project / "src", project.parent):
        options = ("--project", project, "--bundled")
        done = polster(*options, "validate", cwd=where, env=env)
        assert done.returncode == 1 and "evil" not in done.stdout + done.stderr
        assert "gold_x" in done.stdout and done.stderr == ""
    done = polster("--bundled", "list-assets", cwd=project, env=env)
    assert done.returncode == 0 and "gold/wrong.py" in done.stdout


@pytest.mark.parametrize("command", RUN_COMMANDS)
def test_bundled_does_not_go_with_commands_that_run_the_project(
    command: str, polster: Run, project: Path
) -> None:
    done = polster("--bundled", command, cwd=project)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1


def test_a_pyproject_that_cannot_be_read_is_for_the_project_to_say(
    polster: Run, spy_project: Path
) -> None:
    (spy_project / "pyproject.toml").write_text("[tool.polster\n", encoding="utf-8")
    assert polster("validate", cwd=spy_project).returncode == 7


@pytest.mark.skipif(os.name == "nt", reason="pipes and devices as POSIX has them")
@pytest.mark.parametrize("kind", ["pipe", "device", "huge"])
@pytest.mark.parametrize("name", ["pyproject.toml", "polster_tasks/__init__.py"])
def test_a_pipe_or_a_device_stops_nobody(name: str, kind: str, spy_project: Path) -> None:
    (spy_project / name).unlink()
    if kind == "pipe":
        os.mkfifo(spy_project / name)
    elif kind == "device":
        (spy_project / name).symlink_to("/dev/zero")
    else:
        with (spy_project / name).open("wb") as file:
            file.truncate(50_000_000_000)
    assert is_project(spy_project)
    assert tasks_version(spy_project / "polster_tasks") in ("unknown", "0.0.1")


def test_a_foreign_pyproject_on_the_way_up_is_passed_by(polster: Run, spy_project: Path) -> None:
    inner = spy_project / "notebooks"
    inner.mkdir()
    for text in ("[project]\nname = 'x'\n", "tool = 1\n", "[tool.other]\n", "not toml"):
        (inner / "pyproject.toml").write_text(text, encoding="utf-8")
        assert polster("validate", cwd=inner).returncode == 7


def test_the_whole_life_of_an_asset(polster: Run, tmp_path: Path) -> None:
    assert polster("init", "shop", cwd=tmp_path).returncode == 0
    inside = tmp_path / "shop" / "src"
    for command in (
        "add-asset --layer bronze --name ingest_sales",
        "add-asset --layer silver --name clean_sales --dependencies ingest_sales",
        "add-asset --layer gold --name sales_metrics --dependencies clean_sales",
        "validate",
        "list-assets",
        "remove-asset --layer gold --name sales_metrics --force",
        "validate",
    ):
        done = polster(*command.split(), cwd=inside)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert not (inside / "shop/defs/gold/sales_metrics.py").exists()
    assert polster("add-asset", "--layer", "silver", cwd=inside).returncode == 2
    duplicate = polster("add-asset", "--layer", "bronze", "--name", "ingest_sales", cwd=inside)
    assert duplicate.returncode == 1


def test_help_and_version_work_where_there_is_no_folder_at_all(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"import os, shutil; shutil.rmtree({str(gone)!r}); "
    script += "os.execv({0!r}, [{0!r}, '-m', 'polster', {1!r}])"
    for option, expected in (("--help", "Usage: polster"), ("--version", "polster 0.")):
        done = subprocess.run(
            [sys.executable, "-c", script.format(sys.executable, option)],
            cwd=gone if gone.exists() else gone.mkdir() or gone,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY), "HOME": "/nowhere"},
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(expected) and done.stderr == ""


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["validate", "--help"], ["validate"]])
def test_cookiecutter_is_loaded_for_baking_only(argv: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "polster", *argv],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "polster.handover" in loaded
    assert not loaded & {"cookiecutter", "jinja2", "requests", "rich", "nox"}


def test_an_unknown_command_is_refused_with_2(polster: Run, tmp_path: Path) -> None:
    done = polster("adopt-asset", cwd=tmp_path)
    assert done.returncode == 2 and "No such command 'adopt-asset'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("argv", [["--wrong"], ["init", "--template", "big"], ["init", "a", "b"]])
def test_a_wrong_command_line_is_one_sentence(
    argv: list[str], polster: Run, tmp_path: Path
) -> None:
    done = polster(*argv, cwd=tmp_path)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_without_a_command_it_helps(polster: Run, tmp_path: Path) -> None:
    done = polster(cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("Usage: polster")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completion(shell: str, polster: Run, tmp_path: Path) -> None:
    source = polster(cwd=tmp_path, env={"_POLSTER_COMPLETE": f"{shell}_source"})
    assert source.returncode == 0 and "_POLSTER_COMPLETE" in source.stdout
    words = {"COMP_WORDS": "polster init --template e", "COMP_CWORD": "3"}
    if shell == "fish":
        words["COMP_CWORD"] = "e"
    done = polster(cwd=tmp_path, env=words | {"_POLSTER_COMPLETE": f"{shell}_complete"})
    assert "ecommerce" in done.stdout


def test_what_the_tooling_recommends_works_where_polster_was_called(
    project: Path, polster: Run
) -> None:
    """`python -m polster_tasks` would not: the tooling can be imported at the root only."""
    done = polster("remove-asset", "--name", "zz", "--yes", cwd=project / "src")
    assert "polster list-assets" in done.stderr and "python -m polster_tasks" not in done.stderr
    added = polster("add-asset", "--layer", "bronze", "--name", "raw", cwd=project / "src")
    assert "polster run --asset bronze_raw" in added.stderr
