"""Tell people about a failed run: a webhook that takes Slack's JSON, an e-mail, or both."""

import json
import os
import smtplib
import ssl
import textwrap
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

import dagster as dg

PIPELINE = __name__.partition(".")[0]
TIMEOUT = 8  # seconds; two tries on two channels must fit in the minute that Dagster gives a sensor
REASON_LENGTH = 600
REASONS = 10
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class NotSentError(Exception):
    """A channel that is configured did not take the message; the text never holds a secret."""


@dataclass(frozen=True)
class Channels:
    """Where to send: every channel that is configured is used. Secrets are not shown."""

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
        values = {
            "webhook": os.environ.get("POLSTER_ALERT_WEBHOOK"),
            "smtp": os.environ.get("POLSTER_SMTP_URL"),
            "recipients": os.environ.get("POLSTER_ALERT_EMAIL"),
            "sender": os.environ.get("POLSTER_ALERT_SENDER"),
            "ui": os.environ.get("POLSTER_UI_URL"),
        }
        channels = cls(**{name: value.strip() for name, value in values.items() if value})
        if problem := channels.problem():
            raise dg.DagsterInvalidDefinitionError(problem)
        return channels

    def problem(self) -> str | None:
        """Say what is wrong with the configuration, without its secrets, or return None."""
        if self.webhook and not is_url(self.webhook, "https", "http"):
            return "POLSTER_ALERT_WEBHOOK is no web address: it begins with https:// (or http://)."
        if self.smtp and not is_url(self.smtp, "smtp", "smtps"):
            return "POLSTER_SMTP_URL is no mail server: write smtps://user:password@host:465 or smtp://host:587."
        if self.recipients and not self.smtp:
            return "POLSTER_ALERT_EMAIL is set, but no server to send by: set POLSTER_SMTP_URL too."
        if self.smtp and "@" not in self.recipients:
            return "POLSTER_SMTP_URL is set, but nobody to write to: set POLSTER_ALERT_EMAIL too."
        return None

    def send(self, run_id: str, reasons: Sequence[str]) -> list[str]:
        """Send what failed to every configured channel, and return the names of the channels.

        Args:
            run_id: the failed run; the message links to its page.
            reasons: one line for each thing that failed.

        Raises:
            NotSentError: a channel did not take the message, not even the second time.
        """
        title, lines = message(reasons, f"{self.ui.rstrip('/')}/runs/{run_id}")
        senders: dict[str, Callable[[], None]] = {}
        if self.webhook:
            senders["webhook"] = lambda: post(self.webhook, title, lines)
        if self.smtp:
            senders["e-mail"] = lambda: mail(urlsplit(self.smtp), self.letter(title, lines))
        problems = []
        for name, sender in senders.items():
            try:
                with_a_second_try(sender)
            except (OSError, smtplib.SMTPException, ValueError) as error:
                problems.append(f"{name}: {reason_of(error)}")
        if problems:
            raise NotSentError(f"Run {run_id} failed and is not reported by {'; '.join(problems)}")
        return list(senders)

    def letter(self, title: str, lines: Sequence[str]) -> EmailMessage:
        """Return the message as an e-mail."""
        letter = EmailMessage()
        letter["Subject"] = title
        letter["From"] = self.sender or self.recipients.split(",")[0].strip()
        letter["To"] = self.recipients
        letter.set_content("\n".join([title, "", *lines]))
        return letter


def is_url(text: str, *schemes: str) -> bool:
    """Tell whether `text` is an address of one of these schemes, with a host and a usable port."""
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and parts.port != 0 and text.isprintable()
    except ValueError:
        return False
    return usable and parts.scheme in schemes


def message(reasons: Sequence[str], link: str) -> tuple[str, list[str]]:
    """Return the title and the lines of an alert: what failed, in readable lines, and a link."""
    failed = ", ".join(reason.partition(":")[0] for reason in reasons[:3])
    more = ", …" if len(reasons) > 3 else ""
    lines = [textwrap.shorten(reason, REASON_LENGTH, placeholder=" …") for reason in reasons]
    if len(lines) > REASONS:
        lines[REASONS:] = [f"and {len(lines) - REASONS} more"]
    return f"{PIPELINE}: {failed}{more} failed", [*lines, link]


def post(url: str, title: str, lines: Sequence[str]) -> None:
    """Post the message as Slack reads it: {"text": …}, with <, > and & escaped."""
    text = "\n".join([title, *lines])
    for character, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(character, escaped)
    request = urllib.request.Request(
        url,
        data=json.dumps({"text": text}).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=TIMEOUT).close()


def mail(server: SplitResult, letter: EmailMessage) -> None:
    """Send by smtps://, or by smtp:// with STARTTLS where the server has it."""
    encrypted = server.scheme == "smtps"
    trusted = ssl.create_default_context()
    host = server.hostname or ""
    if encrypted:
        connection = smtplib.SMTP_SSL(host, server.port or 465, timeout=TIMEOUT, context=trusted)
    else:
        connection = smtplib.SMTP(host, server.port or 587, timeout=TIMEOUT)
    with connection as smtp:
        smtp.ehlo()
        if not encrypted and smtp.has_extn("starttls"):
            smtp.starttls(context=trusted)
            encrypted = True
        if server.username:
            if not encrypted and host not in LOOPBACK:
                raise ValueError("the server offers no encryption, so the password was not sent")
            smtp.login(unquote(server.username), unquote(server.password or ""))
        smtp.send_message(letter)


def with_a_second_try(send: Callable[[], None]) -> None:
    """Call `send`; if the other side has a passing fault, call it once more."""
    try:
        send()
    except (OSError, smtplib.SMTPException):
        time.sleep(1)
        send()


def reason_of(error: Exception) -> str:
    """Say why a message was not taken, leaving out addresses, which can hold secrets."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    if isinstance(error, UnicodeError):
        return "the user or password is not ASCII"
    return str(error) or type(error).__name__
