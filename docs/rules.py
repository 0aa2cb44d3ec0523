"""Write docs/rules.md from the docstrings of polster_tasks/rules: `python docs/rules.py`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "rules.md"
HEAD = """\
# Rules of `validate`

Written by `python docs/rules.py` from the docstrings in `polster_tasks/rules/`; a test compares the
two. Errors are what the project enforces: nothing switches them off. Warnings can be ignored, with
`--ignore CODE` or in pyproject.toml: `[tool.polster] ignore = ["no-description"]`. `--strict` makes
warnings count as errors. `--explain CODE` prints a rule as it stands here, `--explain POL4` a whole
family, `--explain POL` all of them.

| code | name | severity | |
|---|---|---|---|
"""


def page() -> str:
    """Return the page as text."""
    sys.path.insert(0, str(ROOT / "{{cookiecutter.project_slug}}"))
    from polster_tasks.rules.registry import FAMILIES, RULES

    rows = []
    sections = []
    for family in FAMILIES:
        sections.append(f"## {family.__doc__.rstrip('.')}\n")
        for rule in RULES.values():
            if rule.check.__module__ != family.__name__:
                continue
            link = f"[{rule.code}](#{rule.code.lower()}-{rule.name})"
            title = rule.explanation.partition("\n")[0]
            rows.append(f"| {link} | {rule.name} | {rule.severity} | {title} |")

            why, _, examples = rule.explanation.partition("\n\nBad: ")
            sections.append(f"### {rule.code} {rule.name}\n")
            sections.append(f"{rule.severity.title()}. {why}\n")
            sections.append(f"```text\nBad: {examples}\n```\n")
    return HEAD + "\n".join([*rows, "", *sections])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
