"""Any description arrives in Dagster unchanged, in source that ruff would not touch."""

import random
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from polster_tasks.changing.rendering import describe

PARTS = [
    *(
        "a",
        "word ",
        " ",
        "  ",
        "\n",
        "\n\n",
        " \n",
        '"',
        "'",
        '"""',
        "\\",
        "{",
        "}",
        "$",
        "#",
        "%s",
    ),
    *("\t", "\r", "\x1b", "\xa0", "\x85", "\u2028", "\u200d", "\u0301", "\ufe0f", "\u0600"),
    *("é", "漢", "한", "🛒", "❤️", "👨‍👩‍👧", "🇩🇪", "\uff02", "x" * 30, "# noqa", "$docstring"),
]
NEAR_THE_LIMIT = [
    (base * width)[:width]
    for base in ("a", "漢", "é", '"', "'", "\\", "🛒", "a'", "a ", "e\u0301")
    for width in range(60, 104)
]


@pytest.mark.parametrize("seed", range(2))
def test_any_description_arrives_unchanged_and_formatted(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    texts = list(NEAR_THE_LIMIT)
    for _ in range(400):
        parts = chance.sample(PARTS, chance.randint(1, 6))
        texts.append("".join(chance.choices(parts, k=chance.choice([1, 3, 10, 40, 100, 200]))))
    source = "import dagster as dg\n"
    for number, text in enumerate(texts):
        docstring, argument = describe(text)
        decorator = f"@dg.asset(\n    {argument}\n)" if argument else "@dg.asset"
        body = f"    {docstring}\n" if docstring else ""
        source += f"\n\n{decorator}\ndef a{number}():\n{body}    return None\n"
    file = tmp_path / "many.py"
    file.write_text(source, encoding="utf-8", newline="\n")

    loaded: dict = {}
    exec(compile(source, file, "exec"), loaded)
    for number, text in enumerate(texts):
        assert loaded[f"a{number}"].descriptions_by_key[dg.AssetKey(f"a{number}")] == text
    ruff = [sys.executable, "-m", "ruff"]
    strict = ("--isolated", "--line-length=100", "--target-version=py311")
    for command in (["check", "--select=E,F,I,UP,B"], ["format", "--diff"]):
        done = subprocess.run([*ruff, *command, *strict, file], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:]
