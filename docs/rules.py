"""Write docs/rules.md from polster_tasks/rules.txt: `python docs/rules.py`."""

import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "rules.md"
FAMILIES = {"POL0": "The project and its files", "POL1": "Names", "POL2": "Dependencies",
            "POL3": "Around the graph", "POL4": "Habits, and what cannot be read"}  # fmt: skip
HEAD = """\
# Rules of `validate`

Written by `python docs/rules.py` from `polster_tasks/rules.txt`; a test holds the two equal.
Errors are what the project enforces: nothing switches them off. Warnings can be left out, with
`--ignore CODE` or in pyproject.toml: `[tool.polster] ignore = ["no-description"]`. `--strict` makes
warnings count. `--explain CODE` prints what stands here, `--explain POL4` a whole family.

"""


def page() -> str:
    """Return the page as text."""
    sys.path.insert(0, str(ROOT / "{{cookiecutter.project_slug}}"))
    from polster_tasks.rules.registry import RULES

    lines = [HEAD, "| code | name | severity | |", "|---|---|---|---|"]
    for code, rule in RULES.items():
        title = _parts(rule)[0].split("\n")[0]
        lines.append(
            f"| [{code}](#{code.lower()}-{rule.name}) | {rule.name} | {rule.severity} | {title} |"
        )
    for family, title in FAMILIES.items():
        lines.append(f"\n## {family}xx: {title}")
        for rule in RULES.values():
            if rule.code.startswith(family):
                why, example = _parts(rule)
                lines.append(f"\n### {rule.code} {rule.name}\n\n{rule.severity.title()}. {why}\n")
                lines.append(f"```text\n{example}\n```")
    return "\n".join(lines) + "\n"


def _parts(rule: NamedTuple) -> tuple[str, str]:
    """Return why a rule is there, and its examples."""
    text = rule.explanation.partition("): ")[2].replace("\n  ", "\n")
    why, _, example = text.partition("\nBad: ")
    return why, f"Bad: {example}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
