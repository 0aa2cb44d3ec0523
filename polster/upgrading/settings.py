"""What a pyproject.toml that its user edited needs, setting by setting."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator

_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^]]*\])?\s*([<>=!~;@].*)?")


def flatten(table: dict, name: str = "") -> Iterator[str]:
    """Yield each setting of a TOML table as a line: `[project] dependencies: polars>=2.0,<3`.

    The template's post_gen hook, which can import nothing, has a function that is the same.
    """
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{name}.{key}" if name else key)
            continue
        for item in value if isinstance(value, list) and value else [value]:
            shown = item if isinstance(item, str) else json.dumps(item, default=str)
            yield f"[{name}] {key}: {shown}"


def needed(released: Iterable[str], new: Iterable[str], theirs: bytes) -> list[str]:
    """Return what a user has to do to their pyproject.toml, one line a setting.

    Args:
        released: The settings of the release that the project has.
        new: Those of the release that it gets.
        theirs: The text of the user's pyproject.toml.
    """
    try:
        own = list(flatten(tomllib.loads(theirs.decode("utf-8-sig"))))
    except (ValueError, RecursionError):
        return ["it cannot be read: compare it with the released one"]
    before, after, have = _by_name(released), _by_name(new), _by_name(own)
    lines: list[str] = []
    for name in {**before, **after}:
        lines += _one_setting(name, before.get(name, []), after.get(name, []), have.get(name, []))
    return lines


def _one_setting(name: str, before: list[str], after: list[str], have: list[str]) -> list[str]:
    """Return what is to be done about one setting, whose values are lists."""
    lines = []
    changed = set()
    for value in after:
        if value in before or value in have:
            continue
        present = _counterpart(value, before, after, have)
        if present is None:
            lines.append(f"{name}: add {value}")
        else:
            changed.add(present)
            lines.append(f"{name}: change {present} to {value}")
    gone = [value for value in before if value not in after and value in have]
    lines += [f"{name}: remove {value}" for value in gone if value not in changed]
    return lines


def _counterpart(value: str, before: list[str], after: list[str], have: list[str]) -> str | None:
    """Return the user's value that `value` takes the place of, if there is one."""
    if len(before) == len(after) == len(have) == 1:
        return have[0]
    wanted = _requirement_name(value)
    same = [mine for mine in have if wanted and _requirement_name(mine) == wanted]
    return same[0] if same else None


def _requirement_name(value: str) -> str | None:
    """Return the normalized name of a requirement, or None if `value` is none."""
    found = _REQUIREMENT.fullmatch(value)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else None


def _by_name(lines: Iterable[str]) -> dict[str, list[str]]:
    """Return the values of each setting, by its table and key."""
    values: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        values.setdefault(name, []).append(value)
    return values
