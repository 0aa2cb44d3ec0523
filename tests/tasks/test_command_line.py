"""The command line: what cannot be an option, streams that are closed, Ctrl-C at any moment."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from polster_tasks.__main__ import main
from polster_tasks.report import ASSET_FORMATS, FINDING_FORMATS

COMMANDS = ("add-asset", "remove-asset", "list-assets", "validate")
ADD = ("add-asset", "--layer", "bronze", "--name", "orders")


def pythons() -> list[str]:
    """This Python, and the others that the machine has of those that projects support."""
    found = {f"3.{sys.version_info.minor}": sys.executable}
    for minor in (11, 12, 13, 14):
        roots = (Path.home() / ".pyenv" / "versions").glob(f"3.{minor}.*/bin/python")
        other = shutil.which(f"python3.{minor}") or next(map(str, roots), None)
        if other and subprocess.run([other, "-c", ""], capture_output=True).returncode == 0:
            found.setdefault(f"3.{minor}", other)
    return [*found.values()]


def tasks(project: Path, *arguments: str, python: str = sys.executable, **options):
    """Run a command in a process of its own."""
    return subprocess.run(
        [python, "-m", "polster_tasks", *arguments],
        cwd=project,
        stdin=subprocess.DEVNULL,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options,
    )


def options_of(project: Path, command: str) -> list[str]:
    shown = tasks(project, command, "--help").stdout
    return re.findall(r"^  (?:-\w, )?(--[\w-]+)", shown, re.MULTILINE)


@pytest.mark.parametrize("python", pythons())
def test_an_option_that_is_set_to_two_dashes_is_one_sentence(python: str, project: Path) -> None:
    """argparse makes an empty list of them up to Python 3.12, which nobody expects."""
    wrong = ["--select=--", "--project=--", "--name=--", "--layer=--", "--format=--"]
    wrong += ["--dependencies=--", "--description=--", "--template=--", "--explain=--"]
    for option in wrong:
        command = "validate" if option in ("--select=--", "--explain=--") else "add-asset"
        for arguments in ([command, option], [option, command], [*ADD, option]):
            done = tasks(project, *arguments, python=python)
            assert (done.returncode, done.stdout) == (2, ""), arguments
            assert done.stderr == f"{option} has no value: write {option[:-2]}VALUE.\n"
    assert not (project / "src/my_pipeline/defs/bronze/orders.py").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_no_option_makes_a_traceback(command: str, project: Path) -> None:
    options = options_of(project, command)
    assert len(options) > 3
    for option in options:
        for value in (f"{option}=--", f"{option}=", f"{option}=\x1b", f"{option}=%s"):
            done = tasks(project, command, value)
            assert done.returncode in (0, 1, 2) and "Traceback" not in done.stderr, value


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_every_option_is_explained(command: str | None, project: Path) -> None:
    shown = tasks(project, *filter(None, [command]), "--help").stdout
    entries = re.split(r"^  (?=-)", shown.partition("options:\n")[2], flags=re.MULTILINE)[1:]
    assert entries
    for entry in entries:
        text = re.sub(r"^(-h, )?--[\w-]+( [A-Z,]+| \{[^}]*\})?", "", entry)
        assert len(text.split()) > 1, entry


def test_results_come_before_what_to_do_next_where_both_go_to_one_place(project: Path) -> None:
    done = tasks(project, *ADD, stderr=subprocess.STDOUT)
    assert done.stdout.index("Added bronze_orders:") < done.stdout.index("Next: edit")
    done = tasks(project, "remove-asset", "--name", "orders", "--yes", stderr=subprocess.STDOUT)
    assert done.stdout.index("Removed bronze_orders:") < done.stdout.index("To put it back:")


def advised(text: str) -> list[str]:
    """The commands of the tooling that a text recommends, each at the end of a line."""
    return re.findall(r": ((?:python -m polster_tasks|nox -s) .*)$", text, re.MULTILINE)


def test_the_commands_that_are_recommended_can_be_pasted(project: Path) -> None:
    def paste(line: str) -> subprocess.CompletedProcess[str]:
        return tasks(project, *line.removeprefix("python -m polster_tasks ").split())

    nothing = tasks(project, "add-asset", "--layer", "silver", "--name", "x", "--dependencies", "y")
    [command] = advised(nothing.stderr)
    assert paste(command.replace("NAME", "orders")).returncode == 0

    [command] = advised(tasks(project, "remove-asset", "--name", "y", "--yes").stderr)
    assert "bronze_orders" not in command and "orders" in paste(command).stdout

    again = tasks(project, *ADD)
    [command] = advised(again.stderr)
    [undo] = advised(paste(f"{command} --yes").stderr)
    assert not (project / "src/my_pipeline/defs/bronze/orders.py").exists()
    assert paste(undo).returncode == 0
    assert (project / "src/my_pipeline/defs/bronze/orders.py").exists()

    unknown = ("add-asset", "--layer", "silver", "--name", "x", "--dependencies", "y")
    [command] = advised(tasks(project, *unknown).stderr)
    assert "orders" in paste(command).stdout


def test_recommended_commands_are_those_of_nox_within_nox(project: Path) -> None:
    tasks(project, *ADD)
    remove = ("remove-asset", "--name", "orders", "--yes")
    here = os.environ | {"NOX_CURRENT_SESSION": "remove_asset"}
    done = tasks(project, *remove, env=here)
    assert advised(done.stderr) == ["nox -s remove_asset -- --undo"]
    tasks(project, "remove-asset", "--undo")
    another = os.environ | {"NOX_CURRENT_SESSION": "tests"}
    done = tasks(project, *remove, env=another)
    assert advised(done.stderr) == ["python -m polster_tasks remove-asset --undo"]


def test_recommended_commands_name_the_project_from_elsewhere(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    spaced = tmp_path / "a folder"
    shutil.copytree(project, spaced)
    monkeypatch.chdir(tmp_path)
    main(["--project", "a folder", *ADD])
    main(["--project", "a folder", "remove-asset", "--name", "orders", "--yes"])
    [undo] = advised(capsys.readouterr().err)
    assert undo == f"python -m polster_tasks --project '{spaced}' remove-asset --undo"


@pytest.mark.parametrize("closed", [(1,), (2,), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("command", [ADD, ("validate",), ("--help",), ("nonsense",)])
def test_closed_streams_change_neither_status_nor_the_other_stream(
    closed: tuple[int, ...], command: tuple[str, ...], project: Path
) -> None:
    def close() -> None:
        for handle in closed:
            os.close(handle)

    usual = tasks(shutil.copytree(project, project.parent / "other"), *command)
    done = tasks(project, *command, preexec_fn=close)
    assert done.returncode == usual.returncode
    assert done.stdout == ("" if 1 in closed else usual.stdout)
    assert done.stderr == ("" if 2 in closed else usual.stderr)


@pytest.mark.parametrize("command", [ADD, ("validate",), ("list-assets",), ("--help",)])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_has_left_is_no_error(
    stream: str, command: tuple[str, ...], project: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = tasks(project, *command, **{stream: writing})
    os.close(writing)
    assert done.returncode == 0
    assert "Traceback" not in (done.stderr or "") and "Exception" not in (done.stderr or "")


def test_findings_are_no_success_where_the_reader_has_left(project: Path) -> None:
    (project / "src/my_pipeline/defs/bronze/broken.py").write_text("def (", encoding="utf-8")
    reading, writing = os.pipe()
    os.close(reading)
    done = tasks(project, "validate", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_output_that_cannot_be_written_is_one_sentence(project: Path) -> None:
    with open("/dev/full", "w") as full:
        done = tasks(project, "list-assets", stdout=full)
    assert done.returncode == 1
    assert done.stderr.startswith("The output could not be written: ")
    assert done.stderr.count("\n") == 1


INTERRUPTING = """
import os, signal, sys
def hook(event, arguments):
    global left
    if event == "import" and (left < {at} or arguments[0] == "polster_tasks.command_line"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGINT)
left = {at}
sys.addaudithook(hook)
"""


@pytest.mark.parametrize("command", [ADD, ("validate",)])
def test_ctrl_c_while_modules_are_imported_is_one_word(
    command: tuple[str, ...], project: Path, tmp_path: Path
) -> None:
    """At each import in turn; nothing of the tooling runs before the first of them."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    environment = os.environ | {"PYTHONPATH": str(hooks)}
    for at in range(1, 400, 3):
        text = INTERRUPTING.format(at=at)
        (hooks / "sitecustomize.py").write_text(text, encoding="utf-8")
        done = tasks(project, *command, env=environment)
        if done.returncode == 0:
            assert at > 20
            return
        assert (done.returncode, done.stderr) == (130, "\nInterrupted.\n"), at
    pytest.fail("the command never got through")


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        ([], "No assets yet. Add one: {} add-asset --layer bronze --name raw_orders"),
        (
            ["--layer", "bronze"],
            "No bronze assets yet. Add one: {} add-asset --layer bronze --name ",
        ),
        (["--layer", "gold"], "No gold assets yet. Add one: {} add-asset --layer gold\n"),
    ],
)
def test_an_empty_list_names_a_command_that_can_be_pasted(
    layer: list[str], sentence: str, project: Path, tmp_path: Path
) -> None:
    here = tasks(project, "list-assets", *layer)
    assert sentence.format("python -m polster_tasks") in here.stdout
    elsewhere = tasks(project, "list-assets", "--project", str(project), *layer)
    assert elsewhere.stdout == here.stdout
    shutil.copytree(project / "polster_tasks", tmp_path / "polster_tasks")
    elsewhere = tasks(tmp_path, "--project", str(project), "list-assets", *layer)
    assert sentence.format(f"python -m polster_tasks --project {project}") in elsewhere.stdout


def test_the_formats_are_those_that_can_be_written(project: Path) -> None:
    for command, formats in (("list-assets", ASSET_FORMATS), ("validate", FINDING_FORMATS)):
        for name in formats:
            assert tasks(project, command, "--format", name).returncode == 0
        done = tasks(project, command, "--format", "no_assets")
        assert done.returncode == 2
        assert all(name in done.stderr for name in formats)
