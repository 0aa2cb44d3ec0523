"""Check an object store's options and credentials, and keep secrets out of messages."""

import json
import os
import re
from collections.abc import Mapping
from urllib.parse import quote

from .errors import StorageError
from .variables import OPTIONS_VARIABLE, URL_VARIABLE

Options = Mapping[str, str | int | float]

_SECRET = re.compile(r"key|secret|token|sas|password|credential|service_account", re.IGNORECASE)


def parse_options(text: str) -> dict[str, str | int | float]:
    """Read the storage options, a JSON object. They hold secrets, so no error quotes them.

    Raises:
        StorageError: the text is not a JSON object of strings and numbers.
    """
    if not text.strip():
        return {}
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not isinstance(options, dict) or not all(
        isinstance(value, str | int | float) for value in options.values()
    ):
        raise StorageError(
            f"{OPTIONS_VARIABLE} is not a JSON object of strings and numbers. "
            'Write it like {"aws_region": "eu-central-1", "aws_endpoint_url": "https://..."}.'
        )
    return options


def require_credentials(scheme: str, options: Options) -> None:
    """Refuse credentials of which one half is missing.

    No credentials at all may be right: then the store uses the machine's role, a metadata service
    or a login on the command line.

    Raises:
        StorageError: the sentence names the missing setting.
    """
    names = {name.upper() for name in options}
    names |= {name for name, value in os.environ.items() if value}
    if scheme == "s3":
        _require_both_halves_for_s3(names)
    elif scheme == "az":
        _require_account_for_azure(names)
    elif scheme == "gs":
        _require_key_file_for_google()


def _require_both_halves_for_s3(names: set[str]) -> None:
    has_key = not names.isdisjoint({"AWS_ACCESS_KEY_ID", "ACCESS_KEY_ID"})
    has_secret = not names.isdisjoint({"AWS_SECRET_ACCESS_KEY", "SECRET_ACCESS_KEY"})
    if has_key == has_secret:
        return
    missing = "AWS_SECRET_ACCESS_KEY" if has_key else "AWS_ACCESS_KEY_ID"
    raise StorageError(
        f"{missing} is missing: {URL_VARIABLE} is on S3 and only the other half of the "
        f"credentials is set. Set it, or {missing.lower()} in {OPTIONS_VARIABLE}."
    )


def _require_account_for_azure(names: set[str]) -> None:
    accounts = {"AZURE_STORAGE_ACCOUNT_NAME", "ACCOUNT_NAME", "AZURE_STORAGE_CONNECTION_STRING"}
    if names.isdisjoint(accounts):
        raise StorageError(
            f"AZURE_STORAGE_ACCOUNT_NAME is missing: {URL_VARIABLE} is on Azure and names only a "
            f"container. Set it, or account_name in {OPTIONS_VARIABLE}."
        )


def _require_key_file_for_google() -> None:
    key_file = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if key_file and not os.path.isfile(key_file):
        raise StorageError(
            f"GOOGLE_APPLICATION_CREDENTIALS names {key_file}, which does not exist, and "
            f"{URL_VARIABLE} is on Google Cloud Storage. Correct the variable, or unset it."
        )


def without_secrets(text: str, options: Options) -> str:
    """Return `text` on one line, with the values of secret options replaced by ***."""
    text = " ".join(text.split())
    secrets = {" ".join(str(options[name]).split()) for name in options if _SECRET.search(name)}
    secrets.discard("")  # it is between all letters
    for secret in sorted(secrets, key=len, reverse=True):  # one may be part of another
        text = text.replace(secret, "***").replace(quote(secret), "***")
    return text
