"""Send alerts to every channel that is configured: a webhook, e-mail, or both."""

import os
import smtplib
import time
import urllib.error
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import dagster as dg

from .mail import compose_email, send_email
from .message import Message, failure_message
from .webhook import post_to_webhook

TIMEOUT = 8  # seconds; two attempts on two channels must fit in a sensor's minute
PAUSE = 1  # second between two attempts


class NotSentError(Exception):
    """A configured channel did not take the message; the text never holds a secret."""


@dataclass(frozen=True)
class Channels:
    """Where alerts are sent. Secrets are never shown."""

    webhook: str = field(default="", repr=False)
    smtp: str = field(default="", repr=False)
    recipients: str = ""
    sender: str = ""
    ui: str = "http://127.0.0.1:3000"

    @classmethod
    def from_environment(cls) -> "Channels":
        """Read the POLSTER_ALERT_… variables, POLSTER_SMTP_URL and POLSTER_UI_URL (.env.example).

        Raises:
            dagster.DagsterInvalidDefinitionError: one of them cannot work; the sentence names it.
        """
        variables = {
            "webhook": os.environ.get("POLSTER_ALERT_WEBHOOK"),
            "smtp": os.environ.get("POLSTER_SMTP_URL"),
            "recipients": os.environ.get("POLSTER_ALERT_EMAIL"),
            "sender": os.environ.get("POLSTER_ALERT_SENDER"),
            "ui": os.environ.get("POLSTER_UI_URL"),
        }
        channels = cls(**{name: value.strip() for name, value in variables.items() if value})
        problem = channels.problem()
        if problem:
            raise dg.DagsterInvalidDefinitionError(problem)
        return channels

    def problem(self) -> str | None:
        """Say what is wrong with the configuration, without its secrets, or return None."""
        if self.webhook and not is_url(self.webhook, "https", "http"):
            return "POLSTER_ALERT_WEBHOOK is not a web address: it begins with https:// or http://."
        if self.smtp and not is_url(self.smtp, "smtp", "smtps"):
            return (
                "POLSTER_SMTP_URL is not a mail server: "
                "write smtps://user:password@host:465 or smtp://host:587."
            )
        if self.recipients and not self.smtp:
            return "POLSTER_ALERT_EMAIL is set, but no mail server: set POLSTER_SMTP_URL too."
        if self.smtp and "@" not in self.recipients:
            return "POLSTER_SMTP_URL is set, but no recipient: set POLSTER_ALERT_EMAIL too."
        return None

    def send(self, run_id: str, reasons: Sequence[str]) -> list[str]:
        """Send what failed to every configured channel.

        Args:
            run_id: the failed run; the message links to its page.
            reasons: one line for each failed step.

        Returns:
            The names of the channels that took the message.

        Raises:
            NotSentError: a channel did not take the message in two attempts.
        """
        message = failure_message(reasons, f"{self.ui.rstrip('/')}/runs/{run_id}")
        problems = []
        senders = self._senders(message)
        for name, send in senders.items():
            try:
                with_one_retry(send)
            except (OSError, smtplib.SMTPException, ValueError) as error:
                problems.append(f"{name}: {describe_error(error)}")
        if problems:
            raise NotSentError(f"Run {run_id} failed and is not reported by {'; '.join(problems)}")
        return list(senders)

    def _senders(self, message: Message) -> dict[str, Callable[[], None]]:
        """Return one function for each configured channel, which sends the message."""
        senders: dict[str, Callable[[], None]] = {}
        if self.webhook:
            senders["webhook"] = lambda: post_to_webhook(self.webhook, message, TIMEOUT)
        if self.smtp:
            sender = self.sender or self.recipients.split(",")[0].strip()
            email = compose_email(message, sender, self.recipients)
            senders["e-mail"] = lambda: send_email(self.smtp, email, TIMEOUT)
        return senders


def is_url(text: str, *schemes: str) -> bool:
    """Return whether `text` is a URL of one of these schemes, with a host and a usable port."""
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and parts.port != 0 and text.isprintable()
    except ValueError:
        return False
    return usable and parts.scheme in schemes


def with_one_retry(send: Callable[[], None]) -> None:
    """Call `send`; if it fails, call it once more."""
    try:
        send()
    except (OSError, smtplib.SMTPException):
        time.sleep(PAUSE)
        send()


def describe_error(error: Exception) -> str:
    """Say why a message was not taken, without addresses, which can hold secrets."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    if isinstance(error, UnicodeError):
        return "the user or password is not ASCII"
    return str(error) or type(error).__name__
