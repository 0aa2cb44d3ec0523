"""Plan a new asset: its name, its dependencies, its files. Nothing is written here."""

import keyword
import os
import re

from .journal import Change, addition
from .layers import LAYERS, layer_of_name
from .project import Project, Refusal, UsageError
from .rendering import describe, find_template, render

LONGEST = 60  # characters in a name: file systems, tables and graphs stay readable
_RESERVED = {"con", "prn", "aux", "nul"} | {
    f"{port}{n}" for port in ("com", "lpt") for n in range(10)
}

SAMPLE = "id,note\n" + "".join(f'{n},"sample row, replace this file"\n' for n in (1, 2, 3))


def asset_name(layer: str, text: str) -> str:
    """Return an asset's name without its layer's prefix.

    Args:
        layer: the asset's layer, `bronze`.
        text: what was typed, `orders` or `bronze_orders`.

    Raises:
        UsageError: it is no good name; the sentence says why.
    """
    name = text.removeprefix(f"{layer}_")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(
            f"{text!r} is not a name for an asset: use lowercase letters, digits and underscores, "
            "a letter first, for example raw_orders."
        )
    if len(name) > LONGEST:
        raise UsageError(f"{name!r} is too long: {len(name)} characters, at most {LONGEST}.")
    prefix = layer_of_name(name)
    if prefix == layer:
        raise UsageError(f"{text!r} carries the prefix {prefix}_ twice: leave it out.")
    if prefix:
        raise UsageError(
            f"{text!r} carries the prefix of another layer than {layer}: leave {prefix}_ out, or "
            f"choose --layer {prefix}."
        )
    if keyword.iskeyword(name) or name in _RESERVED:
        raise UsageError(f"{name!r} is reserved by Python or Windows: try {name}_data.")
    return name


def split_names(text: str) -> list[str]:
    """Return the names of a comma-separated list, each once, in order."""
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def resolve_dependencies(
    project: Project, layer: str, key: str, names: list[str]
) -> tuple[str, ...]:
    """Return the keys that typed dependencies mean.

    Args:
        project: the project.
        layer: the layer of the asset that depends.
        key: its key, for the sentences.
        names: `ingest_sales` or `bronze_ingest_sales`.

    Raises:
        Refusal: one of them does not exist, or is not of the layer below.
    """
    allowed = LAYERS[layer].upstream
    found = []
    for name in names:
        short = name.removeprefix(f"{allowed}_") if allowed else name
        full = f"{allowed}_{short}"
        if not allowed or not _plainly_there(project, allowed, short, full):
            full = _look_up(project, layer, key, name)
        if not full.isidentifier():
            raise Refusal(
                f"{full} cannot be the name of a parameter. Add {key} without it, then name it in "
                f'the file: ins={{"rows": dg.AssetIn(dg.AssetKey({full.split("/")}))}}.'
            )
        found.append(full)
    return tuple(dict.fromkeys(found))


def available(project: Project, layer: str) -> list[str]:
    """Return the keys that an asset of a layer may depend on.

    Raises:
        Refusal: there are none yet.
    """
    from .catalog import read_catalog

    allowed = LAYERS[layer].upstream
    assets = read_catalog(project).in_layer(allowed)
    if not assets:
        raise Refusal(_offer(assets, allowed).strip())
    return sorted(asset.key for asset in assets if asset.key.isidentifier())


def plan_add(
    project: Project,
    layer: str,
    name: str,
    dependencies: list[str],
    description: str | None = None,
    template: str = "default",
) -> Change:
    """Plan an asset file, its test and, for bronze, its sample.

    Args:
        project: where.
        layer: bronze, silver or gold.
        name: with or without the layer's prefix.
        dependencies: names in the layer below, with or without its prefix.
        description: what Dagster shall show; None takes the name's words.
        template: which template of the layer.

    Raises:
        UsageError: the arguments alone are unacceptable.
        Refusal: the project refuses; the sentence says why and what to do.
    """
    name = asset_name(layer, name)
    key = f"{layer}_{name}"
    upstreams = resolve_dependencies(project, layer, key, dependencies)
    template_file, test_file = find_template(project, layer, template, len(upstreams))
    if LAYERS[layer].upstream and not upstreams:
        raise UsageError(f"A {layer} asset needs a dependency: --dependencies NAME,NAME.")
    if description and not description.isprintable():  # printable text can be encoded
        try:
            description.encode()
        except UnicodeEncodeError:
            raise UsageError("The description is not text in this terminal's encoding.") from None
    _check_free(project, layer, name, key)
    docstring, argument = describe(description or name.replace("_", " ").capitalize() + ".")
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
    texts = {
        project.landing_path(name): SAMPLE if layer == "bronze" else None,
        project.test_path(layer, name): render(test_file, values, upstreams),
        project.asset_path(layer, name): render(template_file, values, upstreams),
    }
    if description and (docstring or argument) not in texts[project.asset_path(layer, name)]:
        line = "$docstring" if docstring else "$description"
        raise Refusal(f"Template {template_file} has no line {line} to hold this description.")
    paths = {
        path.relative_to(project.root).as_posix(): text for path, text in texts.items() if text
    }
    kept = [path for path in list(paths)[:-1] if os.path.lexists(project.root / path)]
    notes = tuple(f"{path} was there already, so it stays as it is." for path in kept)
    return addition(key, {p: text for p, text in paths.items() if p not in kept}, notes)


def _check_free(project: Project, layer: str, name: str, key: str) -> None:
    """Refuse a name whose file, folder or key is taken."""
    path = project.asset_path(layer, name)
    taken = next((p for p in (path, path.with_suffix("")) if os.path.lexists(p)), None)
    place = taken and taken.relative_to(project.root).as_posix()
    if not place and _mentioned(project, layer, key):
        from .catalog import read_catalog

        found = read_catalog(project).find(key)
        place = f"{found.path}:{found.line}" if found else None
    if place:
        raise Refusal(
            f"{key} exists already: {place}. Choose another name, or remove it first: "
            f"remove-asset --layer {layer} --name {name}."
        )


def _mentioned(project: Project, layer: str, key: str) -> bool:
    """Say whether a layer's file speaks of a key that is not its own, so that it may define it.

    What was read before is kept in `.polster/`, and only files that changed since are read again.
    """
    import json

    index = project.state / f"mentions-{layer}.json"
    try:
        seen, mentions = json.loads(index.read_bytes())
    except (OSError, ValueError):
        seen, mentions = 0, {}
    newest, folders = seen, [str(project.layer_folder(layer))]
    for folder in folders:
        for entry in os.scandir(folder) if os.path.isdir(folder) else ():
            if not entry.name.endswith(".py"):
                if "." not in entry.name and entry.name != "__pycache__":
                    folders.append(entry.path)
                continue
            status = entry.stat()
            changed = max(status.st_ctime_ns, status.st_mtime_ns)
            if changed >= seen:
                with open(entry.path, "rb") as file:
                    words = {*re.findall(rf"\b{layer}_\w+".encode(), file.read())}
                words.discard(f"{layer}_{entry.name[:-3]}".encode())
                mentions[entry.path] = sorted(word.decode() for word in words)
                newest = max(newest, changed)
    mentions = {path: words for path, words in mentions.items() if words}
    if newest > seen and project.state.is_dir():
        index.write_text(json.dumps([newest, mentions]), encoding="utf-8")
    return any(key in words for words in mentions.values())


def _plainly_there(project: Project, layer: str, name: str, key: str) -> bool:
    """Say whether the file that should define an asset does, without reading any other."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return False
    try:
        source = project.asset_path(layer, name).read_bytes()
    except OSError:
        return False
    renamed = re.search(rb"\b(name|key|key_prefix)\s*=", source)
    return b"asset" in source and f"\ndef {key}(".encode() in source and not renamed


def _look_up(project: Project, layer: str, key: str, name: str) -> str:
    """Return the key of an asset that another file defines, or refuse with the reason."""
    from .catalog import read_catalog
    from .layers import edge_error

    catalog = read_catalog(project)
    allowed = LAYERS[layer].upstream
    below = catalog.in_layer(allowed) if allowed else ()
    for candidate in (name, f"{allowed}_{name}"):
        if any(asset.key == candidate for asset in below):
            return candidate
    for candidate in (name, *(f"{other}_{name}" for other in LAYERS)):
        asset = catalog.find(candidate)
        if asset and asset.layer and (reason := edge_error(key, layer, asset.key, asset.layer)):
            raise Refusal(f"{reason}{_offer(below, allowed)}")
    if not allowed:
        raise Refusal(
            f"{key} ({layer}) cannot depend on {name}: {layer} may depend on nothing but external "
            "sources. Leave --dependencies out."
        )
    from difflib import get_close_matches

    names = {asset.key.removeprefix(f"{allowed}_"): asset.key for asset in below}
    close = get_close_matches(name.removeprefix(f"{allowed}_"), names, 1)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise Refusal(f"There is no {allowed} asset {name!r}.{hint}{_offer(below, allowed)}")


def _offer(assets: tuple, layer: str | None) -> str:
    """List what exists, or say how to begin."""
    if not layer:
        return ""
    if not assets:
        return f" There is no {layer} asset yet; add one: add-asset --layer {layer} --name NAME."
    names = [asset.key.removeprefix(f"{layer}_") for asset in assets]
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return f" Available {layer} assets: {', '.join(names[:20])}{more}."
