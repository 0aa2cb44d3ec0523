"""Asset templates: find them, describe them, fill them in.

A template is a text file with placeholders, `templates/<layer>/<template>.py.txt` here or
`asset_templates/<layer>/<template>.py` at the project's root, which replaces one of ours of the
same name. Its docstring is for those who choose: the first line is what `--template list` shows,
and it is not copied. Beside it may lie `<template>.many.py`, taken when there are several
upstreams, and `<template>.test.py`, which makes the test instead of the layer's `default.test`.

    $package     my_pipeline                $name      clean_sales
    $layer       silver                     $function  silver_clean_sales
    $parameters  every upstream, as `bronze_sales: pl.LazyFrame, bronze_shops: pl.LazyFrame`
    $input       the one upstream; a template that uses it refuses several
    $upstream    a line that holds it is repeated for each upstream
    $count       how many upstreams there are
    $docstring, $description   alone on a line each: a plain line becomes the docstring, any other
                 text the decorator's argument, where it arrives unchanged; the other line vanishes
"""

import re
from pathlib import Path

from .layers import LAYERS
from .project import Project, Refusal, UsageError

WIDTH = 100
_HERE = Path(__file__).parent / "templates"


def template_list(root: Path, layer: str | None = None) -> str:
    """Return one line a template: layer, name, summary."""
    return "".join(
        f"  {each:8}{name:16}{_split_docstring(path)[0]}\n"
        for each in ([layer] if layer else LAYERS)
        for name, path in _files(root, each).items()
        if "." not in name
    )


def find_template(project: Project, layer: str, name: str, upstreams: int) -> tuple[Path, Path]:
    """Return the files that make the asset and its test.

    Raises:
        UsageError: the layer has no such template; the sentence lists those that it has.
    """
    files = _files(project.root, layer)
    if name not in files or "." in name:
        known = ", ".join(known for known in files if "." not in known)
        raise UsageError(f"There is no {layer} template {name!r}. Choose one of: {known}.")
    many = files.get(f"{name}.many") if upstreams > 1 else None
    return many or files[name], files.get(f"{name}.test") or files["default.test"]


def render(path: Path, values: dict[str, str], upstreams: tuple[str, ...]) -> str:
    """Return a template's text with its placeholders filled in.

    Raises:
        Refusal: the template asks for something that there is not.
    """
    from string import Template

    text = _split_docstring(path)[1]
    if len(upstreams) != 1 and "$input" in text:
        raise Refusal(f"Template {path.name} takes one dependency, not {len(upstreams)}.")
    lines = []
    for line in text.splitlines():
        for upstream in upstreams if "$upstream" in line else ["".join(upstreams[:1])]:
            try:
                filled = Template(line).substitute(values, upstream=upstream, input=upstream)
            except (KeyError, ValueError) as error:
                raise Refusal(f"Template {path}: nothing fills the placeholder {error}.") from None
            if filled.strip() or not line.strip():  # a line that turned empty vanishes
                lines.append(_fold(filled))
    return "\n".join(lines).replace("asset(\n)\n", "asset\n") + "\n"


def describe(text: str) -> tuple[str, str]:
    """Return the docstring line and the `description=` argument line: one of the two is empty.

    Dagster strips and dedents a docstring, and formatters rewrite it: only a plain line is safe.
    """
    plain = text.isprintable() and text == text.strip() and not {"\\", '"'} & {*text}
    if plain and _width(text) <= WIDTH - 10:
        return f'"""{text}"""', ""
    literal = _literal(text)
    if _width(literal) <= WIDTH - len("    description=,"):
        return "", f"description={literal},"
    lines = "".join(f"        {piece}\n" for piece in _pieces(text))
    return "", f"description=(\n{lines}    ),"


def _files(root: Path, layer: str) -> dict[str, Path]:
    """Return a layer's template files by name; the project's own replace ours of the same name."""
    return {
        path.name.removesuffix(".txt").removesuffix(".py"): path
        for folder in (_HERE / layer, root / "asset_templates" / layer)
        for path in sorted(folder.glob("[!_.]*"))
        if path.name.endswith((".py", ".py.txt"))
    }


def _split_docstring(path: Path) -> tuple[str, str]:
    """Return a template's one-line summary and the text after its docstring."""
    text = path.read_text(encoding="utf-8-sig")
    match = re.match(r'\s*"""\s*(.*?)"""\s*', text, re.DOTALL)
    return (match[1].partition("\n")[0].strip(), text[match.end() :]) if match else ("", text)


def _width(text: str) -> int:
    """Count the columns that a text takes, as ruff does."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    seen = (c for c in text if category(c) not in ("Mn", "Me", "Cf"))
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in seen)


def _literal(text: str) -> str:
    """Return a text as Python source, quoted as ruff quotes it."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    plain = "".join(c if c in "'\"" else repr(c)[1:-1] for c in text)
    return quote + plain.replace(quote, "\\" + quote) + quote


def _pieces(text: str) -> list[str]:
    """Cut a text into literals that fit on a line, after newlines and between words."""
    if _width(_literal(text)) <= WIDTH - 8:
        return [_literal(text)]
    pieces = [""]
    for word in re.findall(r"\S{1,14}\s?|\s", text):
        if pieces[-1].endswith("\n") or _width(_literal(pieces[-1] + word)) > WIDTH - 8:
            pieces.append("")
        pieces[-1] += word
    return [_literal(piece) for piece in pieces if piece]


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
