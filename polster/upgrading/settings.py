"""What a pyproject.toml that its user edited needs, setting by setting."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?P<extras>\[[^]]*\])?\s*"
    r"(?P<version>([<>=!~(@][^;]*?)?)\s*(?P<marker>;.*)?"
)
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LINE = re.compile(rf'(\[(?:{_QUOTED}|[^]"])*\] (?:{_QUOTED}|[^:"]*)): (.*)', re.DOTALL)


class Setting(NamedTuple):
    """What a user's pyproject.toml says under one name.

    Attributes:
        values: The items of a list, or the one value.
        is_list: Whether it is a list, to which a value can be added.
    """

    values: list[str]
    is_list: bool


def flatten(table: dict, name: str = "") -> Iterator[str]:
    """Yield each setting of a TOML table as a line: `[project] dependencies: polars>=2.0,<3`.

    The template's post_gen hook, which can import nothing, has functions that are the same.
    """
    for key, value in table.items():
        key = bare_or_quoted(key)
        if isinstance(value, dict):
            yield from flatten(value, f"{name}.{key}" if name else key)
            continue
        for item in value if isinstance(value, list) and value else [value]:
            shown = item if isinstance(item, str) else json.dumps(item, default=str)
            yield f"[{name}] {key}: {shown}"


def bare_or_quoted(key: str) -> str:
    """Return a key as TOML has it: quoted, if something else than a word is in it."""
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else json.dumps(key)


def needed(released: Iterable[str], new: Iterable[str], theirs: bytes) -> list[str]:
    """Return what a user has to do to their pyproject.toml, one line a setting.

    Args:
        released: The settings of the release that the project has.
        new: Those of the release that it gets.
        theirs: The text of the user's pyproject.toml.
    """
    try:
        own = dict(_own_settings(tomllib.loads(theirs.decode("utf-8-sig"))))
    except (ValueError, RecursionError):
        return ["it cannot be read: compare it with the released one"]
    before, after = _by_name(released), _by_name(new)
    lines: list[str] = []
    for name in {**before, **after}:
        mine = own.get(name, Setting([], is_list=True))
        lines += _one_setting(name, before.get(name, []), after.get(name, []), mine)
    return lines


def _one_setting(name: str, before: list[str], after: list[str], mine: Setting) -> list[str]:
    """Return what is to be done about one setting."""
    lines = []
    changed = set()
    for value in after:
        if value in before or value in mine.values:
            continue
        present = _counterpart(value, before, after, mine)
        if present is None:
            lines.append(f"{name}: add {value}")
            continue
        changed.add(present)
        wanted = _with_extras_of(present, value) if mine.is_list else value
        if wanted != present:
            lines.append(f"{name}: change {present} to {wanted}")
    gone = [value for value in before if value not in after and value in mine.values]
    lines += [f"{name}: remove {value}" for value in gone if value not in changed]
    return lines


def _counterpart(value: str, before: list[str], after: list[str], mine: Setting) -> str | None:
    """Return the user's value that `value` takes the place of, if there is one."""
    if mine.values and not mine.is_list:
        return mine.values[0]
    if len(before) == len(after) == len(mine.values) == 1:
        return mine.values[0]
    wanted = _requirement_name(value)
    same = [own for own in mine.values if wanted and _requirement_name(own) == wanted]
    return same[0] if same else None


def _with_extras_of(mine: str, released: str) -> str:
    """Return a released requirement with the extras and the marker that the user's has."""
    own, new = _REQUIREMENT.fullmatch(mine), _REQUIREMENT.fullmatch(released)
    if not own or not new or _requirement_name(mine) != _requirement_name(released):
        return released
    extras = own["extras"] or new["extras"] or ""
    marker = own["marker"] or new["marker"] or ""
    return f"{new['name']}{extras}{new['version']}{marker}"


def _requirement_name(value: str) -> str | None:
    """Return the normalized name of a requirement, or None if `value` is none."""
    found = _REQUIREMENT.fullmatch(value)
    return re.sub(r"[-_.]+", "-", found["name"]).lower() if found else None


def _own_settings(table: dict, name: str = "") -> Iterator[tuple[str, Setting]]:
    """Yield the settings of a user's TOML table by the names that `flatten` gives them."""
    for key, value in table.items():
        key = bare_or_quoted(key)
        if isinstance(value, dict):
            yield from _own_settings(value, f"{name}.{key}" if name else key)
            continue
        lines = _by_name(flatten({"x": value}))
        (values,) = lines.values()
        yield f"[{name}] {key}", Setting(values, isinstance(value, list) and bool(value))


def _by_name(lines: Iterable[str]) -> dict[str, list[str]]:
    """Return the values of each setting, by its table and key."""
    values: dict[str, list[str]] = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        if found:
            values.setdefault(found[1], []).append(found[2])
    return values
