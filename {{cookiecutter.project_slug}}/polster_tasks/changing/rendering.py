"""Asset templates: find them, list them, fill them in.

A template is a text file with placeholders, `templates/<layer>/<template>.py.txt` here or
`asset_templates/<layer>/<template>.py` at the project's root, which replaces ours of the same
name. The first line of its docstring is what `--template list` shows; it is not copied. Two files
may lie beside it: `<template>.many.py` is taken for several upstreams, and `<template>.test.py`
makes the test instead of the layer's `default.test`.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import NamedTuple

from ..layers import LAYERS
from ..project import Project, Refusal, UsageError, leads_outside

WIDTH = 100  # columns of a line, as in the project's pyproject.toml

_OURS = Path(__file__).parents[1] / "templates"
_THEIRS = "asset_templates"
_ONLY_AST = 0x400  # ast.PyCF_ONLY_AST, without the import
_DOCSTRING = re.compile(r'\s*"""\s*(.*?)"""\s*', re.DOTALL)
_LONG_STATEMENT = re.compile(r"(def \w+\(|from \S+ import )([^()\[\]]+)(.*)")


class Rendered(NamedTuple):
    """The text of an asset's file, and that of its test."""

    asset: str
    test: str


class Description(NamedTuple):
    """A description as source: a docstring or a `description=` argument, the other is empty."""

    docstring: str
    argument: str


class TemplateText(NamedTuple):
    """A template file: its one-line summary, and the text after its docstring."""

    summary: str
    body: str


def template_list(root: Path, layer: str | None = None) -> str:
    """Return a line for each template: layer, name, summary.

    Args:
        root: the project's root.
        layer: list the templates of this layer only.
    """
    lines: list[str] = []
    for each in [layer] if layer else LAYERS:
        for name, path in _asset_templates(root, each).items():
            lines.append(f"  {each:8}{name:16}{_read(path).summary}\n")
    return "".join(lines)


def render(
    project: Project,
    template: str,
    layer: str,
    name: str,
    upstreams: Sequence[str],
    description: str,
) -> Rendered:
    """Fill in a template.

    Args:
        project: the project; its own templates come before ours.
        template: the template's name.
        layer: the layer of the new asset.
        name: its name, without the layer's prefix.
        upstreams: the keys of its dependencies.
        description: what Dagster is to show about it.

    Raises:
        UsageError: the layer has no such template.
        Refusal: the template cannot be read, or makes no asset of this name.
    """
    known = _asset_templates(project.root, layer)
    if template not in known:
        raise UsageError(
            f"There is no {layer} template {template!r}. Choose one of: {', '.join(known)}."
        )
    files = _files(project.root, layer)
    path = known[template]
    if len(upstreams) > 1:
        path = files.get(f"{template}.many", path)
    test_path = files.get(f"{template}.test", files["default.test"])

    about = describe(description)
    function = f"{layer}_{name}"
    values = {
        "package": project.package,  # my_pipeline
        "layer": layer,  # silver
        "name": name,  # clean_sales
        "function": function,  # silver_clean_sales
        "parameters": ", ".join(f"{upstream}: pl.LazyFrame" for upstream in upstreams),
        "count": str(len(upstreams)),
        "docstring": about.docstring,
        "description": about.argument,
    }
    text = _fill(path, values, upstreams)
    _require_function(path, text, function)
    return Rendered(asset=text, test=_fill(test_path, values, upstreams))


def describe(text: str) -> Description:
    """Return a description as Python source that formatters leave alone.

    Dagster strips and dedents a docstring, and formatters rewrite it: only a plain line is safe.
    Everything else becomes an argument.
    """
    plain = text.isprintable() and text == text.strip() and not {"\\", '"'} & {*text}
    if plain and _columns(text) <= WIDTH - len('    """"""'):
        return Description(docstring=f'"""{text}"""', argument="")
    quote = "'" if text.count('"') > text.count("'") else '"'  # as formatters choose it
    escaped = "".join(c if c in "'\"" else repr(c)[1:-1] for c in text)
    literal = escaped.replace(quote, f"\\{quote}")
    argument = f"description={quote}{literal}{quote},"
    if _columns(argument) > WIDTH - 4:
        argument += "  # noqa: E501"
    return Description(docstring="", argument=argument)


def _asset_templates(root: Path, layer: str) -> dict[str, Path]:
    """Return a layer's templates of assets by name, without those of tests and many upstreams."""
    return {name: path for name, path in _files(root, layer).items() if "." not in name}


def _files(root: Path, layer: str) -> dict[str, Path]:
    """Return a layer's template files by name; the project's own replace ours."""
    files: dict[str, Path] = {}
    theirs = root / _THEIRS / layer
    _refuse_outside(root, theirs)
    for folder in (_OURS / layer, theirs):
        for path in sorted(folder.glob("[!_.]*")):
            if path.name.endswith((".py", ".py.txt")) and path.is_file():
                files[path.name.removesuffix(".txt").removesuffix(".py")] = path
                if folder == theirs:
                    _refuse_outside(root, path)
    return files


def _refuse_outside(root: Path, path: Path) -> None:
    """Refuse a template, or a folder of some, that is not in the project."""
    if leads_outside(root, path):
        advice = "Replace the link with what it leads to."
        raise Refusal(f"{path} leads out of the project, and nothing is read there. {advice}")


def _read(path: Path) -> TemplateText:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        advice = "Save it as UTF-8, or remove it."
        raise Refusal(f"Template {path} is not UTF-8 text. {advice}") from None
    match = _DOCSTRING.match(text)
    if not match:
        return TemplateText(summary="", body=text)
    summary = match[1].partition("\n")[0].strip()
    return TemplateText(summary, body=text[match.end() :])


def _require_function(path: Path, text: str, function: str) -> None:
    """Refuse what a template made if it is no Python, or does not define the asset."""
    try:
        body = compile(text, str(path), "exec", _ONLY_AST).body
    except (SyntaxError, ValueError) as error:
        what = f"Template {path} does not produce valid Python"
        raise Refusal(f"{what}: {error}. Correct it.") from None
    if not any(getattr(node, "name", None) == function for node in body):
        advice = "let it define $function."
        raise Refusal(f"Template {path} does not define {function}: {advice}")


def _fill(path: Path, values: Mapping[str, str], upstreams: Sequence[str]) -> str:
    """Return a template's text with its placeholders filled in.

    `$input` is the one upstream; a line with `$upstream` is repeated for each.
    """
    body = _read(path).body
    if len(upstreams) != 1 and "$input" in body:
        raise Refusal(f"Template {path.name} takes one dependency, not {len(upstreams)}.")
    lines: list[str] = []
    for line in body.splitlines():
        if "$upstream" in line:
            lines += [line.replace("$upstream", upstream) for upstream in upstreams]
        else:
            lines.append(line)
    try:
        filled = Template("\n".join(lines)).substitute(values, input="".join(upstreams[:1]))
    except KeyError as error:
        raise Refusal(f"Template {path}: nothing fills the placeholder {error}.") from None
    except ValueError:
        advice = "Write $$ for a dollar sign that begins no placeholder."
        raise Refusal(f"Template {path} has a $ without a name. {advice}") from None
    # The line of an empty docstring or description is left with its indentation only.
    kept = [_fold(line) for line in filled.splitlines() if not line.isspace()]
    return "\n".join(kept).replace("asset(\n)\n", "asset\n") + "\n"


def _fold(line: str) -> str:
    """Break a signature or an import that is too long as ruff leaves it: one name a line."""
    match = _LONG_STATEMENT.fullmatch(line)
    if len(line) <= WIDTH or not match:
        return line
    head, names, tail = match.groups()
    opening = head if head.endswith("(") else f"{head}("
    if len(opening) > WIDTH:
        opening += "  # noqa: E501"
    folded = [f"    {name}," for name in names.split(", ")]
    return "\n".join([opening, *folded, tail or ")"])


def _columns(text: str) -> int:
    """Count the columns that a text takes at most: outside ASCII a character may take two."""
    return sum(1 if c.isascii() else 2 for c in text)
