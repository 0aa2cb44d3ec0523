"""Send an alert by e-mail."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from .message import Message

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def compose_email(message: Message, sender: str, recipients: str) -> EmailMessage:
    """Return a message as an e-mail."""
    email = EmailMessage()
    email["Subject"] = message.title
    email["From"] = sender
    email["To"] = recipients
    email.set_content("\n".join([message.title, "", *message.lines]))
    return email


def send_email(server_url: str, email: EmailMessage, timeout: float) -> None:
    """Send by smtps://, or by smtp:// with STARTTLS if the server offers it.

    Raises:
        OSError: the server cannot be reached.
        smtplib.SMTPException: it did not take the e-mail.
        ValueError: a password would have been sent unencrypted to another machine.
    """
    server = urlsplit(server_url)
    host = server.hostname or ""
    trusted = ssl.create_default_context()
    encrypted = server.scheme == "smtps"
    if encrypted:
        connection = smtplib.SMTP_SSL(host, server.port or 465, timeout=timeout, context=trusted)
    else:
        connection = smtplib.SMTP(host, server.port or 587, timeout=timeout)
    with connection as smtp:
        smtp.ehlo()
        if not encrypted and smtp.has_extn("starttls"):
            smtp.starttls(context=trusted)
            encrypted = True
        if server.username:
            if not encrypted and host not in LOOPBACK:
                raise ValueError("the server offers no encryption, so the password was not sent")
            smtp.login(unquote(server.username), unquote(server.password or ""))
        smtp.send_message(email)
