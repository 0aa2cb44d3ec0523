"""The rules of rules.txt: check a project against them, leave out what is ignored, explain one."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..project import Project, UsageError
from ..reading.catalog import Catalog
from .checks import Found, everything


class Rule(NamedTuple):
    """One rule of rules.txt."""

    code: str
    name: str
    severity: str  # error or warning
    explanation: str  # the whole entry: why, a bad and a good example


class Finding(NamedTuple):
    """One thing to put right, and its place."""

    code: str
    name: str
    severity: str
    path: str  # relative to the project's root, with slashes
    line: int
    column: int
    message: str


def _read_rules() -> dict[str, Rule]:
    rules = {}
    text = Path(__file__).with_name("rules.txt").read_text(encoding="utf-8")
    for entry in re.split(r"\n(?=\S)", text.strip()):  # each but its first line is indented
        code, name, severity = entry.partition(":")[0].split()
        rules[code] = Rule(code, name, severity.strip("()"), entry)
    return rules


RULES = _read_rules()  # by code


def check(project: Project, catalog: Catalog) -> list[Finding]:
    """Return every finding, by place."""
    found = {*_settings(project), *everything(project, catalog)}
    findings = [Finding(*RULES[code][:3], *place) for code, *place in found]
    return sorted(findings, key=lambda one: (one.path, one.line, one.column, one))


def _settings(project: Project) -> Iterator[Found]:
    """Yield what is wrong with [tool.polster]: it can ignore warnings, and nothing else."""
    said = [f"{problem} Correct it, or remove it." for problem in project.problems]
    for word in project.ignore:
        codes = _matching(word)
        if not codes or any(RULES[code].severity == "error" for code in codes):
            fix = "Only warnings can be ignored: correct it, or remove it."
            said.append(f"[tool.polster] ignores {word!r}, which is no warning. {fix}")
    yield from (("POL002", "pyproject.toml", 1, 1, message) for message in said)


def filter_findings(
    project: Project,
    findings: list[Finding],
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> list[Finding]:
    """Leave out the warnings that are ignored or not selected; errors always stay.

    `select` and `ignore` hold codes, beginnings of codes, or names; no `select` means all. What
    the project ignores in [tool.polster] is left out as well.

    Raises:
        UsageError: no rule is called so, or `ignore` names an error.
    """
    kept = {code for word in select for code in _named(word)} or set(RULES)
    for word in ignore:
        for code in _named(word):
            if RULES[code].severity == "error":
                raise UsageError(
                    f"{word} cannot be ignored: {code} {RULES[code].name} is an error, and errors "
                    f"are what the project enforces. Only warnings can be ignored."
                )
    kept -= {code for word in (*project.ignore, *ignore) for code in _matching(word)}
    return [one for one in findings if one.severity == "error" or one.code in kept]


def explain(word: str) -> str:
    """Return the explanation of a rule, or of each rule of a family; UsageError if none."""
    return "\n\n".join(RULES[code].explanation for code in _named(word))


def _named(word: str) -> list[str]:
    codes = _matching(word)
    if not codes:
        from difflib import get_close_matches

        names = [rule.name for rule in RULES.values()]
        close = get_close_matches(word.lower(), names, 1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise UsageError(
            f"There is no rule {word!r}.{hint} polster_tasks/rules/rules.txt has them all."
        )
    return codes


def _matching(word: str) -> list[str]:
    """Return the codes that a code, its beginning (POL4) or a name means."""
    name, start = word.strip().lower(), word.strip().upper()
    family = [code for code in RULES if code.startswith(start) and len(start) > 3]
    return family or [rule.code for rule in RULES.values() if rule.name == name]
