"""Send an alert to a webhook that takes Slack's JSON."""

import json
import urllib.request

from .message import Message

ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}  # in this order


def post_to_webhook(url: str, message: Message, timeout: float) -> None:
    """Post a message as Slack reads it: {"text": …}, with <, > and & escaped.

    Raises:
        OSError: the server did not take it.
    """
    text = "\n".join([message.title, *message.lines])
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    request = urllib.request.Request(
        url,
        data=json.dumps({"text": text}).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=timeout).close()
