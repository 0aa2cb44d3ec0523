"""Asset templates: find them, describe them, fill them in.

A template is a text file with placeholders, `templates/<layer>/<template>.py.txt` here or
`asset_templates/<layer>/<template>.py` at the project's root, which replaces ours of the same
name. The first line of its docstring is what `--template list` shows; it is not copied. Beside it
may lie `<template>.many.py`, taken for several upstreams, and `<template>.test.py`, which makes
the test instead of the layer's `default.test`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from string import Template

from ..layers import LAYERS
from ..project import Project, Refusal, UsageError

WIDTH = 100
ONLY_AST = 0x400  # ast.PyCF_ONLY_AST, without the import


def template_list(root: Path, layer: str | None = None) -> str:
    """Return one line a template: layer, name, summary."""
    return "".join(
        f"  {each:8}{name:16}{_split_docstring(path)[0]}\n"
        for each in ([layer] if layer else LAYERS)
        for name, path in _files(root, each).items()
        if "." not in name
    )


def render(
    project: Project, template: str, layer: str, name: str, upstreams: Sequence[str], about: str
) -> tuple[str, str]:
    """Return the text of an asset's file, with a description, and that of its test."""
    files = _files(project.root, layer)
    known = [name for name in files if "." not in name]
    if template not in known:
        choice = ", ".join(known)
        raise UsageError(f"There is no {layer} template {template!r}. Choose one of: {choice}.")
    several = len(upstreams) > 1 and files.get(f"{template}.many")
    path, test = several or files[template], files.get(f"{template}.test") or files["default.test"]
    docstring, argument = describe(about)
    values = {
        "package": project.package,  # my_pipeline
        "layer": layer,  # silver
        "name": name,  # clean_sales
        "function": f"{layer}_{name}",  # silver_clean_sales
        "parameters": ", ".join(f"{upstream}: pl.LazyFrame" for upstream in upstreams),
        "count": str(len(upstreams)),
        "docstring": docstring,  # one of these two is empty, and its line vanishes
        "description": argument,
    }
    text = _fill(path, values, upstreams)
    try:
        body = compile(text, str(path), "exec", ONLY_AST).body
    except (SyntaxError, ValueError) as error:
        raise Refusal(f"Template {path} makes no valid Python: {error}. Correct it.") from None
    if not any(getattr(node, "name", None) == values["function"] for node in body):
        raise Refusal(f"Template {path} does not define {layer}_{name}: let it define $function.")
    return text, _fill(test, values, upstreams)


def describe(text: str) -> tuple[str, str]:
    """Return the docstring line and the `description=` line: one of the two is empty.

    Dagster strips and dedents a docstring, and formatters rewrite it: only a plain line is safe.
    """
    plain = text.isprintable() and text == text.strip() and not {"\\", '"'} & {*text}
    if plain and _columns(text) <= WIDTH - len('    """"""'):
        return f'"""{text}"""', ""
    quote = "'" if text.count('"') > text.count("'") else '"'  # as formatters choose it
    escaped = "".join(c if c in "'\"" else repr(c)[1:-1] for c in text)
    argument = f"description={quote}{escaped.replace(quote, chr(92) + quote)}{quote},"
    return "", argument + ("  # noqa: E501" if _columns(argument) > WIDTH - 4 else "")


def _files(root: Path, layer: str) -> dict[str, Path]:
    """Return a layer's template files by name; the project's own replace ours."""
    return {
        path.name.removesuffix(".txt").removesuffix(".py"): path
        for folder in (Path(__file__).parents[1] / "templates", root / "asset_templates")
        for path in sorted((folder / layer).glob("[!_.]*"))
        if path.name.endswith((".py", ".py.txt"))
    }


def _split_docstring(path: Path) -> tuple[str, str]:
    """Return a template's one-line summary and the text after its docstring."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(
            f"Template {path} is not UTF-8 text. Save it as UTF-8, or remove it."
        ) from None
    match = re.match(r'\s*"""\s*(.*?)"""\s*', text, re.DOTALL)
    return (match[1].partition("\n")[0].strip(), text[match.end() :]) if match else ("", text)


def _fill(path: Path, values: dict[str, str], upstreams: Sequence[str]) -> str:
    """Return a template's text with its placeholders filled in.

    `$input` is the one upstream; a line with `$upstream` is repeated for each.
    """
    text = _split_docstring(path)[1]
    if len(upstreams) != 1 and "$input" in text:
        raise Refusal(f"Template {path.name} takes one dependency, not {len(upstreams)}.")
    lines = (
        line.replace("$upstream", upstream)
        for line in text.splitlines()
        for upstream in (upstreams if "$upstream" in line else [""])
    )
    try:
        filled = Template("\n".join(lines)).substitute(values, input="".join(upstreams[:1]))
    except (KeyError, ValueError) as error:
        raise Refusal(f"Template {path}: nothing fills the placeholder {error}.") from None
    kept = (_fold(line) for line in filled.splitlines() if not line.isspace())
    return "\n".join(kept).replace("asset(\n)\n", "asset\n") + "\n"


def _fold(line: str) -> str:
    """Break a signature or an import that is too long as ruff leaves it: one name a line."""
    match = re.fullmatch(r"(def \w+\(|from \S+ import )([^()\[\]]+)(.*)", line)
    if len(line) <= WIDTH or not match:
        return line
    head, names, tail = match.groups()
    opening = head if head.endswith("(") else f"{head}("
    note = "  # noqa: E501" if len(opening) > WIDTH else ""
    lines = (f"    {each}," for each in names.split(", "))
    return "\n".join([opening + note, *lines, tail or ")"])


def _columns(text: str) -> int:
    """Count the columns that a text takes at most: outside ASCII a character may take two."""
    return sum(1 if c.isascii() else 2 for c in text)
