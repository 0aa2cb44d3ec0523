"""Write docs/rules.md from the rules' own docstrings: `python docs/rules.py`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "rules.md"
FAMILIES = {"POL0": "The project and its files", "POL1": "Names", "POL2": "Dependencies",
            "POL3": "Around the graph", "POL4": "Habits, and what cannot be read"}  # fmt: skip
HEAD = """\
# Rules of `validate`

Written by `python docs/rules.py` from the code; a test holds the two equal. Errors are what the
project enforces: nothing switches them off. Warnings can be left out, with `--ignore CODE` or in
pyproject.toml: `[tool.polster] ignore = ["no-description"]`. `--strict` makes warnings count.
`--explain CODE` prints what stands here.

"""


def page() -> str:
    """Return the page as text."""
    sys.path.insert(0, str(ROOT / "{{cookiecutter.project_slug}}"))
    from polster_tasks.rules import RULES, explain

    lines = [HEAD, "| code | name | severity | |", "|---|---|---|---|"]
    for code, rule in RULES.items():
        title = explain(code).split("\n")[2]
        lines.append(
            f"| [{code}](#{code.lower()}-{rule.name}) | {rule.name} | {rule.severity} | {title} |"
        )
    for family, title in FAMILIES.items():
        lines.append(f"\n## {family}xx: {title}")
        for code, rule in RULES.items():
            if code.startswith(family):
                text, example = explain(code).split("\n\n", 1)[1].split("Bad: ", 1)
                lines.append(
                    f"\n### {code} {rule.name}\n\n{rule.severity.title()}. {text.strip()}\n"
                )
                lines.append(f"```text\nBad: {example.rstrip()}\n```")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
