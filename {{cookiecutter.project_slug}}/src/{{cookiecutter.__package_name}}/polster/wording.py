"""Counts in sentences."""


def plural(number: int, noun: str) -> str:
    """Return a count with its noun: `1 row`, `2 rows`, `1,000 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
