"""Load the pipeline and its Dagster instance; what goes wrong is reported in one sentence."""

import os
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from urllib.parse import unquote

import dagster as dg
from dotenv import load_dotenv
from sqlalchemy.exc import DBAPIError  # Dagster's own, for SQLite and PostgreSQL alike

from ..project import PROJECT_ROOT, ProjectError, read_text
from .errors import CommandError

NO_ASSETS = "No assets yet. Add one: nox -s add_asset -- --layer bronze --name raw_orders"


def prepare_environment() -> None:
    """Read the project's `.env`, and set DAGSTER_HOME to the project's own unless it is set.

    A relative DAGSTER_HOME is resolved from the project's root, and `~` is the user's home.

    Raises:
        CommandError: `.env` cannot be read.
    """
    file = PROJECT_ROOT / ".env"
    try:
        if file.exists() and not file.is_dir():  # a folder of this name can be an environment
            load_dotenv(stream=StringIO(read_text(file)))
    except ProjectError as error:
        raise CommandError(str(error)) from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is not UTF-8: save it as UTF-8.") from error
    except OSError as error:
        raise CommandError(f"{file} cannot be read ({error.strerror or error}).") from error
    except ValueError as error:  # the system takes no NUL in a variable
        raise CommandError(f"{file} holds a value that cannot be set: {error}.") from error
    home = os.path.expanduser(os.environ.get("DAGSTER_HOME") or ".dagster")
    os.environ["DAGSTER_HOME"] = str(PROJECT_ROOT / home)


@contextmanager
def open_instance() -> Iterator[dg.DagsterInstance]:
    """Open the Dagster instance of DAGSTER_HOME, where runs and materializations are recorded.

    Raises:
        CommandError: the folder is missing or cannot be written, its dagster.yaml is wrong, Dagster
            would misread its path or its own, or its database cannot be read or written.
    """
    home = os.environ["DAGSTER_HOME"]
    installed = Path(dg.__file__).parents[1]
    if "%" in str(installed):
        raise CommandError(
            f"Dagster cannot run from {installed}: it misreads a % in its own path. Rename that "
            "folder, or install the project's dependencies in an environment elsewhere."
        )
    try:
        settings = read_text(Path(home, "dagster.yaml"))
    except ProjectError as error:
        raise CommandError(str(error)) from error
    except (OSError, UnicodeDecodeError):
        settings = ""  # if there is something wrong with it, Dagster says what
    if misreads_path(home, settings):
        raise CommandError(
            f"Dagster cannot keep its database in {home}: it misreads a path with ? or with % and "
            "two hexadecimal digits. Rename the folder, or set DAGSTER_HOME to another one."
        )
    try:
        instance = dg.DagsterInstance.get()
    except Exception as error:
        raise CommandError(f"Dagster cannot use {home}: {root_cause(error)}") from error
    try:
        with instance:
            yield instance
    except DBAPIError as error:  # a damaged file, a full disk
        raise CommandError(
            f"Dagster's database in {home} cannot be used: {error.orig}. If its disk is full, make "
            "room; if its files are damaged, move history, schedules and storage away."
        ) from error


def misreads_path(home: str, settings: str) -> bool:
    """Return whether Dagster would look for its SQLite files in another folder than `home`.

    It pastes the path into a URL without escaping it. A storage of its own in dagster.yaml, such as
    PostgreSQL, has no such path.
    """
    if "?" not in home and unquote(home) == home:
        return False
    return not re.search(r"^storage\s*:", settings, re.MULTILINE)


def load_pipeline() -> dg.Definitions:
    """Return the project's definitions.

    Raises:
        CommandError: an asset file cannot be imported, or a dependency breaks the layer rule.
    """
    try:
        from ...definitions import defs

        loaded = defs()
        dg.Definitions.validate_loadable(loaded)
    except (Exception, SystemExit) as error:
        raise does_not_load(error) from error
    return loaded


def does_not_load(error: BaseException) -> CommandError:
    """Return the error of a pipeline whose files cannot be imported."""
    return CommandError(f"The pipeline does not load: {root_cause(error)}")


def root_cause(error: BaseException) -> str:
    """Return the message of the error that began the chain."""
    while not isinstance(error, ProjectError):
        cause = error.__cause__
        if cause is None and not error.__suppress_context__:
            cause = error.__context__
        if cause is None:
            break
        error = cause
    if isinstance(error, dg.DagsterInvalidDefinitionError | ProjectError | PermissionError):
        return str(error)
    where = ""
    if isinstance(error, SyntaxError):
        where = f" ({error.filename}, line {error.lineno})"
    elif isinstance(error, SystemExit):
        caller = traceback.extract_tb(error.__traceback__)[-1]
        where = f" ({caller.filename}, line {caller.lineno})"
    return f"{type(error).__name__}: {getattr(error, 'msg', None) or error}{where}"
