"""Fixtures: a webhook on loopback, and a pipeline's UI that ends with the test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.production.living import Ui, Webhook


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """Give a running webhook."""
    hook = Webhook()
    yield hook
    hook.close()


@pytest.fixture
def start_ui() -> Iterator[Callable[..., Ui]]:
    """Return a function that starts `run_polster.py --ui` in a project; all of them are ended."""
    with ExitStack() as stack:

        def start(project: Path, *arguments: str, **variables: str) -> Ui:
            ui = Ui(project, *arguments, **variables)
            stack.callback(ui.kill)
            return ui

        yield start
