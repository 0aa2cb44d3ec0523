"""Write the template's list of files into the post_gen hook: python .ci/list_template_files.py

The hook records what a bake released by that list, because it cannot see the template itself. The
files of a starter's example are their user's from the first day, so they form a list of their own.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = "{{cookiecutter.project_slug}}"
EXAMPLE = "cookiecutter.starter == 'ecommerce'"
BEGIN, END = "# BEGIN LISTS\n", "# END LISTS\n"


def template_files(root: Path) -> list[str]:
    """Return the files of the template that git knows or would add, relative to its folder."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", TEMPLATE]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True).stdout.decode()
    names = sorted(name for name in set(listed.split("\0")) if name and (root / name).exists())
    return [name.removeprefix(f"{TEMPLATE}/") for name in names]


def lists(files: list[str]) -> str:
    """Return the two lists as the hook's Python."""
    owned = [name for name in files if EXAMPLE not in name]
    examples = [name for name in files if EXAMPLE in name]
    return "".join(
        f'{variable} = """\n' + "".join(f"{name}\n" for name in names) + '"""\n'
        for variable, names in (("OWNED", owned), ("EXAMPLES", examples))
    )


def main(root: Path = ROOT) -> None:
    """Put the present lists between the hook's two markers."""
    hook = root / "hooks" / "post_gen_project.py"
    text = hook.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    text = head + BEGIN + lists(template_files(root)) + END + tail
    hook.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
