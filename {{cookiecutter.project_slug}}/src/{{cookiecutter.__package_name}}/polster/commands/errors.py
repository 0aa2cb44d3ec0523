"""The error with which a command ends. Only the standard library is imported here."""


class CommandError(Exception):
    """Something that the user can correct; the message is one clear sentence."""
