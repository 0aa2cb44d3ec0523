"""Bake the bundled template, whole or not at all."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from polster.errors import Refusal
from polster.template import template


def literal(text: str) -> str:
    """Return a Jinja expression that renders to exactly `text`: cookiecutter renders every answer.

    Raises:
        Refusal: if `text` came from bytes that are no UTF-8 (status 2).
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refusal(f"{text!r} is not valid text.", 2) from None
    return '{{ "' + "".join(f"\\U{ord(character):08x}" for character in text) + '" }}'


def ask(missing: set[str]) -> dict[str, str]:
    """Ask for the `missing` variables on the terminal, with cookiecutter's own prompts."""
    import json

    from cookiecutter.prompt import prompt_for_config

    questions = json.loads((template() / "cookiecutter.json").read_text(encoding="utf-8"))
    asked = {key: questions[key] for key in questions if key in {*missing, "__prompts__"}}
    return prompt_for_config({"cookiecutter": asked})


def refuse_bad_names(answers: Mapping[str, str]) -> None:
    """Run the template's own check of the answers, which says on stderr what is wrong.

    cookiecutter runs it too, but only after making the project's folder, wherever its name leads.

    Raises:
        Refusal: without a sentence, for it has been said (status 2).
    """
    from cookiecutter.exceptions import FailedHookException
    from cookiecutter.hooks import run_script_with_context

    hook = template() / "hooks" / "pre_gen_project.py"
    context = {"cookiecutter": {"description": "", **answers}}
    # In an empty folder: over another one, the hook notes what lies in it.
    with temporary_folder() as empty:
        try:
            run_script_with_context(hook, empty, context)
        except FailedHookException:
            raise Refusal("", 2) from None


def bake(answers: Mapping[str, str], folder: Path, verbose: bool = False) -> Path:
    """Bake the template into `folder` with the user's cookiecutter defaults; return the project.

    Args:
        answers: Values of the template's variables; text arrives literally, braces and all.
        folder: Where the project's folder appears. It exists and has no such folder yet.

    Raises:
        Refusal: if a name is bad (status 2), or cookiecutter cannot go on (status 1).
    """
    from cookiecutter.config import get_user_config
    from cookiecutter.exceptions import CookiecutterException
    from cookiecutter.main import cookiecutter

    choices = {"starter", "ci"}
    context = {key: value if key in choices else literal(value) for key, value in answers.items()}
    refuse_bad_names(answers)
    if not verbose:  # cookiecutter logs tracebacks of its own
        logging.getLogger("cookiecutter").setLevel(logging.CRITICAL + 1)
    with tempfile.TemporaryDirectory() as replay:
        try:
            return Path(
                cookiecutter(
                    str(template()),
                    no_input=True,
                    extra_context=context,
                    output_dir=str(folder),
                    default_config={**get_user_config(), "replay_dir": replay},
                )
            )
        except (CookiecutterException, ValueError) as error:  # the second for an unknown choice
            raise Refusal(f"cookiecutter cannot bake the template: {error}") from None


@contextmanager
def staging(beside: Path) -> Iterator[Path]:
    """Give a folder on the disk of `beside`, gone afterwards even if a signal ends the process."""
    existing = next(folder for folder in (beside, *beside.parents) if folder.is_dir())
    with (
        ending_orderly(),
        tempfile.TemporaryDirectory(prefix=".polster-", dir=existing) as folder,
    ):
        yield Path(folder)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder among the system's temporary ones, gone afterwards as that of `staging` is.

    What is done with it writes nowhere else.

    Raises:
        Refusal: if the disk is full, or nothing can be written there (status 1).
    """
    with ending_orderly():
        try:
            with tempfile.TemporaryDirectory(prefix="polster-") as folder:
                yield Path(folder)
        except OSError as error:
            place = tempfile.tempdir or "the system's temporary folder"
            raise Refusal(
                f"{place} cannot be used: {error}. Make room there, or name another folder in the "
                "environment variable TMPDIR, then try again."
            ) from None


@contextmanager
def ending_orderly() -> Iterator[None]:
    """Let a SIGTERM end this process as sys.exit does, so that what is temporary is removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def make_repository(folder: Path) -> None:
    """Run `git init` in `folder`, also where git's environment names another repository.

    Raises:
        Refusal: if git, which has said why, fails (status 1).
    """
    named = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
    environment = {name: value for name, value in os.environ.items() if name not in named}
    if subprocess.run(["git", "init", "--quiet", str(folder)], env=environment).returncode:
        raise Refusal("`git init` failed, so nothing was made.")


def create(
    answers: Mapping[str, str], output_dir: Path, git: bool, dry_run: bool, verbose: bool
) -> tuple[Path, list[str]]:
    """Make a project in `output_dir`: baked beside its place, then moved there by one rename.

    Returns:
        The project's folder, and its files, relative and sorted.

    Raises:
        Refusal: if the name is bad (status 2), the folder exists or git is missing (status 1).
    """
    if git and not shutil.which("git"):
        raise Refusal("--git needs git, which is not installed: install it, or leave --git out.")
    output_dir = output_dir.resolve()
    with staging(output_dir) as folder:
        baked = bake(answers, folder, verbose)
        target = output_dir / baked.name
        if target.exists() or target.is_symlink():
            raise Refusal(f"{target} exists already: choose another name or --output-dir.")
        files = sorted(p.relative_to(baked).as_posix() for p in baked.rglob("*") if p.is_file())
        if not dry_run:
            if git:
                make_repository(baked)
            output_dir.mkdir(parents=True, exist_ok=True)
            os.rename(baked, target)
    return target, files
