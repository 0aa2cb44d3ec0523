"""Plan a new asset: its name, its dependencies, its files. Nothing is written here."""

import keyword
import os
import re
from pathlib import Path

from .journal import Change
from .layers import LAYERS, edge_error, layer_of_name
from .project import Project, Refusal, UsageError
from .rendering import describe, find_template, render

ONLY_AST = 0x400  # ast.PyCF_ONLY_AST, without the import
LONGEST = 60  # characters in a name: file systems, tables and graphs stay readable
SAMPLE = "id,note\n" + "".join(f'{n},"sample row, replace this file"\n' for n in (1, 2, 3))


def asset_name(layer: str, text: str) -> str:
    """Return an asset's name without its layer's prefix: `orders` for `bronze_orders`.

    Raises:
        UsageError: it is no good name; the sentence says why.
    """
    name = text.removeprefix(f"{layer}_")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or len(name) > LONGEST:
        raise UsageError(
            f"{text!r} is not a name for an asset: use lowercase letters, digits and underscores, "
            f"a letter first, at most {LONGEST} in all, for example raw_orders."
        )
    if prefix := layer_of_name(name):
        raise UsageError(
            f"{name!r} carries a layer's prefix: leave {prefix}_ out, or choose --layer {prefix}."
        )
    if keyword.iskeyword(name) or re.fullmatch(r"aux|con|nul|prn|(com|lpt)\d", name):
        raise UsageError(f"{name!r} is kept by Python, or by Windows, for itself: try {name}_data.")
    return name


def split_names(text: str) -> list[str]:
    """Return the names of a comma-separated list, each once, in order."""
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def available(project: Project, layer: str) -> list[str]:
    """Return the keys that an asset of a layer may depend on.

    Raises:
        Refusal: there are none yet.
    """
    from .building import read_catalog

    below = LAYERS[layer].upstream
    # a parameter's name is the dependency, so only a key that can be one is of use
    keys = [a.key for a in read_catalog(project).in_layer(below) if a.key.isidentifier()]
    if not keys:
        raise Refusal(
            f"There is no {below} asset yet; add one: add-asset --layer {below} --name NAME."
        )
    return sorted(keys)


def plan_add(
    project: Project,
    layer: str,
    name: str,
    dependencies: list[str],
    description: str = "",
    template: str = "default",
) -> Change:
    """Plan an asset file, its test and, for bronze, its sample.

    Args:
        dependencies: names in the layer below, with or without its prefix.
        description: what Dagster shall show; nothing takes the name's words.

    Raises:
        UsageError: the arguments alone are unacceptable.
        Refusal: the project refuses; the sentence says why and what to do.
    """
    name = asset_name(layer, name)
    key = f"{layer}_{name}"
    found = (_resolve(project, layer, key, dependency) for dependency in dependencies)
    upstreams = tuple(dict.fromkeys(found))
    template_file, test_file = find_template(project, layer, template, len(upstreams))
    if LAYERS[layer].upstream and not upstreams:
        raise UsageError(f"A {layer} asset needs a dependency: --dependencies NAME,NAME.")
    description = description or name.replace("_", " ").capitalize() + "."
    description.encode()  # what a terminal could not decode is no text
    docstring, argument = describe(description)
    values = {
        "package": project.package,
        "layer": layer,
        "name": name,
        "function": key,
        "parameters": ", ".join(f"{upstream}: pl.LazyFrame" for upstream in upstreams),
        "count": str(len(upstreams)),
        "docstring": docstring,
        "description": argument,
    }
    asset = project.asset_path(layer, name)
    texts = {
        project.landing_path(name): SAMPLE if layer == "bronze" else "",
        project.test_path(layer, name): render(test_file, values, upstreams),
        asset: render(template_file, values, upstreams),
    }
    _require_asset(template_file, texts[asset], key)
    notes, writes = [], {}
    for path, text in texts.items():
        relative = path.relative_to(project.root).as_posix()
        if path == asset and (os.path.lexists(path) or path.with_suffix("").is_dir()):
            raise Refusal(
                f"{key} exists already: {relative}. Choose another name, or remove it first: "
                f"remove-asset --layer {layer} --name {name}."
            )
        if text and os.path.lexists(path):
            notes.append(f"{relative} was there already, so it stays as it is.")
        elif text:
            writes[relative] = text
    moves = [(f".polster/stage/{number}", path) for number, path in enumerate(writes)]
    return Change("add", [key], moves, [*writes.values()], notes=notes)


def _require_asset(template: Path, text: str, key: str) -> None:
    """Refuse what a template makes if it is not Python, or not the asset that was asked for."""
    try:
        body = compile(text, str(template), "exec", ONLY_AST).body
    except (SyntaxError, ValueError) as error:
        raise Refusal(f"Template {template} makes no valid Python: {error}. Correct it.") from None
    if not any(getattr(statement, "name", None) == key for statement in body):
        raise Refusal(f"Template {template} does not define {key}: let it define $function.")


def _resolve(project: Project, layer: str, key: str, name: str) -> str:
    """Return the key that a typed dependency means, or refuse with the reason."""
    below = LAYERS[layer].upstream
    if not below:
        raise Refusal(
            f"{key} cannot depend on {name}: {layer} may depend on nothing but external sources. "
            "Leave --dependencies out."
        )
    short = name.removeprefix(f"{below}_")
    full = f"{below}_{short}"
    if full.isidentifier():  # the usual case needs no other file
        file = project.asset_path(below, short)
        if file.is_file() and f"\ndef {full}(".encode() in file.read_bytes():
            return full
    from .building import read_catalog

    keys = available(project, layer)
    for candidate in (name, full):
        if candidate in keys:
            return candidate
    catalog = read_catalog(project)
    for candidate in (name, *(f"{other}_{name}" for other in LAYERS)):
        other = catalog.find(candidate)
        if other and other.layer and (why := edge_error(key, layer, other.key, other.layer)):
            raise Refusal(why)
    raise Refusal(f"There is no {below} asset {name!r}; list-assets --layer {below} shows them.")
