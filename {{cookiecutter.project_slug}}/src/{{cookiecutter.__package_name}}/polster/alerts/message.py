"""What an alert says: the failed assets, the reasons, and a link to the run."""

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

PIPELINE = __name__.partition(".")[0]
MAX_REASONS = 10
MAX_REASON_LENGTH = 600
MAX_NAMES_IN_TITLE = 3


class Message(NamedTuple):
    """An alert: a title, and lines of text, of which the last is a link."""

    title: str
    lines: list[str]


def failure_message(reasons: Sequence[str], link: str) -> Message:
    """Return the alert for a failed run.

    Args:
        reasons: one line for each failed step, such as `bronze_orders: the file is empty`.
        link: the address of the run's page.
    """
    names = [reason.partition(":")[0] for reason in reasons[:MAX_NAMES_IN_TITLE]]
    if len(reasons) > MAX_NAMES_IN_TITLE:
        names.append("…")
    lines = [
        textwrap.shorten(reason, MAX_REASON_LENGTH, placeholder=" …")
        for reason in reasons[:MAX_REASONS]
    ]
    if len(reasons) > MAX_REASONS:
        lines.append(f"and {len(reasons) - MAX_REASONS} more")
    return Message(f"{PIPELINE}: {', '.join(names)} failed", [*lines, link])
