"""Load the pipeline and its Dagster instance, with one sentence where that is not possible."""

import os
from pathlib import Path

import dagster as dg
from dotenv import load_dotenv

from ..project import PROJECT_ROOT, ProjectError

NO_ASSETS = "No assets yet. Add one: nox -s add_asset -- --layer bronze --name raw_orders"


class CommandError(Exception):
    """What a user can mend; the message is one clear sentence."""


def prepare_environment() -> None:
    """Read the project's `.env` and set DAGSTER_HOME to the project's own, unless it is set.

    Raises:
        CommandError: `.env` is not UTF-8.
    """
    try:
        load_dotenv(PROJECT_ROOT / ".env")
    except UnicodeDecodeError as error:
        raise CommandError(f"{PROJECT_ROOT / '.env'} is not UTF-8: save it as UTF-8.") from error
    home = Path(os.environ.get("DAGSTER_HOME") or PROJECT_ROOT / ".dagster")
    os.environ["DAGSTER_HOME"] = str(PROJECT_ROOT / home)


def open_instance() -> dg.DagsterInstance:
    """Return the Dagster instance of DAGSTER_HOME, where runs and materializations are recorded.

    Raises:
        CommandError: the folder is missing, cannot be written, or its dagster.yaml is wrong.
    """
    try:
        return dg.DagsterInstance.get()
    except Exception as error:
        home = os.environ["DAGSTER_HOME"]
        raise CommandError(f"Dagster cannot use {home}: {root_cause(error)}") from error


def load_pipeline() -> dg.Definitions:
    """Return the project's definitions.

    Raises:
        CommandError: an asset file cannot be imported, or the layers refuse a dependency.
    """
    try:
        from ...definitions import defs

        loaded = defs()
        dg.Definitions.validate_loadable(loaded)
    except Exception as error:
        raise CommandError(f"The pipeline does not load: {root_cause(error)}") from error
    return loaded


def root_cause(error: BaseException) -> str:
    """Return the message of the error that began the chain, on one line if its author did."""
    while cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        if isinstance(error, ProjectError):
            break
        error = cause
    if isinstance(error, dg.DagsterInvalidDefinitionError | ProjectError | PermissionError):
        return str(error)
    where = f" ({error.filename}, line {error.lineno})" if isinstance(error, SyntaxError) else ""
    return f"{type(error).__name__}: {getattr(error, 'msg', None) or error}{where}"
