"""What is sent when a run fails, to a real HTTP server and a real SMTP server on loopback."""

import importlib
import shutil
import smtplib
import socket
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.production.living import free_port

TEMPLATE = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}"
POLSTER = TEMPLATE / "src" / "{{cookiecutter.__package_name}}" / "polster"
VARIABLES = (
    "POLSTER_ALERT_WEBHOOK",
    "POLSTER_ALERT_EMAIL",
    "POLSTER_SMTP_URL",
    "POLSTER_ALERT_SENDER",
    "POLSTER_UI_URL",
)


@pytest.fixture
def alerts(tmp_path, monkeypatch):
    """Return a project's module `polster.alerts.channels`, with nothing configured."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(POLSTER, tmp_path / "my_pipeline" / "polster")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("my_pipeline.polster.alerts.channels")
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_pipeline"]:
        del sys.modules[name]


@pytest.fixture
def channels(alerts, monkeypatch):
    """Return a function that configures channels by environment variables."""

    def configure(**variables: str):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return alerts.Channels.from_environment()

    return configure


class Mailbox:
    """An SMTP server that keeps every letter."""

    def __init__(self, password: str | None = None) -> None:
        self.letters = []
        self.logins = []

        def authenticate(_server, _session, _envelope, _mechanism, data):
            self.logins.append((data.login.decode(), data.password.decode()))
            return AuthResult(success=data.password.decode() == password)

        self.port = free_port()
        self.controller = Controller(
            self, "127.0.0.1", self.port, authenticator=authenticate, auth_require_tls=False
        )
        self.controller.start()

    async def handle_DATA(self, _server, _session, envelope):
        self.letters.append(envelope)
        return "250 OK"


@pytest.fixture
def mailbox():
    """Return a function that starts a mail server; it ends with the test."""
    started = []

    def start(password: str | None = None) -> Mailbox:
        started.append(Mailbox(password))
        return started[-1]

    yield start
    for box in started:
        box.controller.stop()


def test_nothing_configured_sends_nothing_and_is_no_error(channels) -> None:
    assert channels().send("1", ["bronze_x: it broke"]) == []


def test_a_webhook_gets_slack_json_with_asset_error_and_link(channels, webhook) -> None:
    sender = channels(POLSTER_ALERT_WEBHOOK=webhook.url, POLSTER_UI_URL="https://d.example/")
    assert sender.send("42", ["bronze_x: OSError: <!channel> & more"]) == ["webhook"]
    assert webhook.texts == [
        "my_pipeline: bronze_x failed\n"
        "bronze_x: OSError: &lt;!channel&gt; &amp; more\n"
        "https://d.example/runs/42"
    ]


def test_long_and_many_reasons_are_cut(channels, webhook) -> None:
    reasons = [f"bronze_{n}: {'long ' * 1000}" for n in range(50)]
    channels(POLSTER_ALERT_WEBHOOK=webhook.url).send("42", reasons)
    assert len(webhook.texts[0]) < 8_000
    assert "bronze_0, bronze_1, bronze_2, … failed" in webhook.texts[0]
    assert "and 40 more" in webhook.texts[0]


def test_a_passing_fault_of_the_webhook_is_tried_again(channels, webhook) -> None:
    webhook.statuses = [503, 200]
    assert channels(POLSTER_ALERT_WEBHOOK=webhook.url).send("1", ["x: y"]) == ["webhook"]
    assert len(webhook.bodies) == 2


def test_a_webhook_that_refuses_is_an_error_without_its_address(channels, webhook) -> None:
    webhook.statuses = [404, 404]
    with pytest.raises(Exception, match=r"not reported by webhook: the server answered 404") as e:
        channels(POLSTER_ALERT_WEBHOOK=webhook.url).send("1", ["x: y"])
    assert "SECRET" not in str(e.value)


def test_a_webhook_that_nobody_serves_is_an_error_without_its_address(channels) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/SECRET"
        with pytest.raises(Exception, match="not reported by webhook: ") as e:
            channels(POLSTER_ALERT_WEBHOOK=url).send("1", ["x: y"])
    assert "SECRET" not in str(e.value)


def test_a_webhook_that_hangs_is_given_up(alerts, channels, webhook, monkeypatch) -> None:
    monkeypatch.setattr(alerts, "TIMEOUT", 0.5)
    webhook.hangs = True
    started = time.monotonic()
    with pytest.raises(Exception, match="not reported by webhook: "):
        channels(POLSTER_ALERT_WEBHOOK=webhook.url).send("1", ["x: y"])
    assert time.monotonic() - started < 10


def test_two_channels_that_hang_fit_in_the_minute_that_dagster_gives_a_sensor(
    alerts,
) -> None:
    assert 2 * (2 * alerts.TIMEOUT + 1) < 60


def test_an_email_is_sent(channels, mailbox) -> None:
    box = mailbox()
    sender = channels(
        POLSTER_SMTP_URL=f"smtp://127.0.0.1:{box.port}",
        POLSTER_ALERT_EMAIL="a@example.com, b@example.com",
    )
    assert sender.send("42", ["bronze_x: OSError: <gone> ü"]) == ["e-mail"]
    (letter,) = box.letters
    assert letter.rcpt_tos == ["a@example.com", "b@example.com"]
    assert letter.mail_from == "a@example.com"
    assert b"Subject: my_pipeline: bronze_x failed" in letter.content


def test_an_email_is_sent_with_a_login_whose_password_has_any_character(channels, mailbox) -> None:
    box = mailbox(password="p@ss/w:rd")
    sender = channels(
        POLSTER_SMTP_URL=f"smtp://me:p%40ss%2Fw%3Ard@127.0.0.1:{box.port}",
        POLSTER_ALERT_EMAIL="a@example.com",
        POLSTER_ALERT_SENDER="pipeline@example.com",
    )
    assert sender.send("42", ["x: y"]) == ["e-mail"]
    assert box.logins == [("me", "p@ss/w:rd")]
    assert box.letters[0].mail_from == "pipeline@example.com"


def test_a_wrong_password_is_an_error_that_does_not_show_it(channels, mailbox) -> None:
    box = mailbox(password="right")
    sender = channels(
        POLSTER_SMTP_URL=f"smtp://me:SECRET@127.0.0.1:{box.port}", POLSTER_ALERT_EMAIL="a@x.org"
    )
    with pytest.raises(Exception, match="not reported by e-mail: ") as e:
        sender.send("42", ["x: y"])
    assert "SECRET" not in str(e.value)
    assert box.letters == []


def test_a_password_never_leaves_unencrypted(alerts, monkeypatch) -> None:
    """Another host than loopback, without STARTTLS: the login is refused by us, not tried."""

    class Plain(smtplib.SMTP):
        def __init__(self, *_args, **_options) -> None: ...
        def ehlo(self, *_): ...
        def has_extn(self, _):
            return False

        def close(self): ...
        def __exit__(self, *_): ...
        def login(self, *_):
            raise AssertionError("the password left")

    monkeypatch.setattr(smtplib, "SMTP", Plain)
    channels = alerts.Channels(smtp="smtp://me:SECRET@mail.example", recipients="a@x.org")
    with pytest.raises(alerts.NotSentError, match="no encryption") as e:
        channels.send("1", ["x: y"])
    assert "SECRET" not in str(e.value)


def test_one_broken_channel_does_not_silence_the_other(channels, webhook, mailbox) -> None:
    webhook.statuses = [500, 500]
    box = mailbox()
    sender = channels(
        POLSTER_ALERT_WEBHOOK=webhook.url,
        POLSTER_SMTP_URL=f"smtp://127.0.0.1:{box.port}",
        POLSTER_ALERT_EMAIL="a@example.com",
    )
    with pytest.raises(Exception, match="not reported by webhook: the server answered 500"):
        sender.send("1", ["x: y"])
    assert len(box.letters) == 1


@pytest.mark.parametrize(
    "variables",
    [
        {"POLSTER_ALERT_WEBHOOK": "hooks.example.com/SECRET"},
        {"POLSTER_ALERT_WEBHOOK": "file:///etc/SECRET"},
        {"POLSTER_ALERT_WEBHOOK": "https://h.example:port/SECRET"},
        {"POLSTER_ALERT_WEBHOOK": "https://h.example/SE\nCRET"},
        {"POLSTER_SMTP_URL": "mail.SECRET.com"},
        {"POLSTER_SMTP_URL": "smtp://u:SECRET@mail.example.com"},
        {"POLSTER_ALERT_EMAIL": "SECRET@example.com"},
    ],
)
def test_a_channel_that_cannot_work_is_refused_at_load_by_its_name(channels, variables) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError) as e:
        channels(**variables)
    assert next(iter(variables)) in str(e.value)
    assert "SECRET" not in str(e.value)


def test_settings_are_not_shown(channels) -> None:
    shown = repr(
        channels(
            POLSTER_ALERT_WEBHOOK="https://h.example/SECRET",
            POLSTER_SMTP_URL="smtps://u:SECRET@m.example",
            POLSTER_ALERT_EMAIL="a@example.com",
        )
    )
    assert "SECRET" not in shown


def test_a_password_that_smtp_cannot_send_is_said_without_showing_it(channels, mailbox) -> None:
    sender = channels(
        POLSTER_SMTP_URL=f"smtp://me:%C3%B6%C3%B6@127.0.0.1:{mailbox('x').port}",
        POLSTER_ALERT_EMAIL="a@example.com",
    )
    with pytest.raises(Exception, match="e-mail: the user or password is not ASCII"):
        sender.send("42", ["x: y"])
