"""Plan a new asset: its name, its dependencies, its files. Nothing is written here."""

import keyword
import os
import re
from typing import TYPE_CHECKING

from ..layers import LAYERS, edge_error, layer_of_name
from ..project import Project, Refusal, UsageError
from .journal import Change
from .rendering import render

if TYPE_CHECKING:  # the usual case reads no catalog, and should not wait for its import
    from ..reading.catalog import Catalog

LONGEST = 60  # characters in a name: file systems, tables and graphs stay readable
SAMPLE = "id,note\n" + "".join(f'{n},"sample row, replace this file"\n' for n in (1, 2, 3))


def asset_name(layer: str, text: str) -> str:
    """Return an asset's name without its layer's prefix, `orders` for `bronze_orders`."""
    name = text.removeprefix(f"{layer}_")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or len(name) > LONGEST:
        rule = f"a letter, then letters, digits and _, lowercase, at most {LONGEST} in all"
        raise UsageError(f"{text!r} is not a name for an asset: {rule}.")
    if prefix := layer_of_name(name):
        advice = f"leave {prefix}_ out, or choose --layer {prefix}"
        raise UsageError(f"{name!r} carries a layer's prefix: {advice}.")
    if keyword.iskeyword(name) or re.fullmatch(r"aux|con|nul|prn|(com|lpt)\d", name):
        raise UsageError(f"{name!r} is kept by Python, or by Windows, for itself: try {name}_data.")
    return name


def available(catalog: "Catalog", layer: str) -> list[str]:
    """Return the keys that an asset of a layer may depend on; a Refusal says if there are none."""
    below = LAYERS[layer].upstream
    # a parameter's name is the dependency, so only a key that can be one is of use
    keys = [asset.key for asset in catalog.in_layer(below) if asset.key.isidentifier()]
    if not keys:
        command = f"add-asset --layer {below} --name NAME"
        raise Refusal(f"There is no {below} asset yet; add one: {command}.")
    return sorted(keys)


def plan_add(
    project: Project, layer: str, name: str, dependencies: list[str], about: str, template: str
) -> Change:
    """Plan an asset file, its test and, for bronze, its sample.

    Dependencies are names in the layer below, with or without its prefix. What Dagster shows
    `about` the asset is the name's words if nothing is said.
    """
    name = asset_name(layer, name)
    key, asset = f"{layer}_{name}", project.asset_path(layer, name)
    upstreams = list(dict.fromkeys(_resolve(project, layer, key, one) for one in dependencies))
    if LAYERS[layer].upstream and not upstreams:
        raise UsageError(f"A {layer} asset needs a dependency: --dependencies NAME,NAME.")
    if re.search("[\ud800-\udfff]", about):
        raise UsageError("The description is not text: the terminal could not decode it.")
    if os.path.lexists(asset) or asset.with_suffix("").is_dir():
        advice = f"Choose another name, or remove-asset --layer {layer} --name {name}."
        raise Refusal(f"{key} exists already: {project.relative(asset)}. {advice}")
    about = about or name.replace("_", " ").capitalize() + "."
    text, test = render(project, template, layer, name, upstreams, about)
    texts = {project.landing_path(name): SAMPLE} if layer == "bronze" else {}
    texts |= {project.test_path(layer, name): test, asset: text}  # the asset last
    files = {project.relative(path): text for path, text in texts.items()}
    there = [path for path in files if os.path.lexists(project.root / path)]
    new = [path for path in files if path not in there]
    return Change(
        "add",
        [key],
        [(f".polster/stage/{number}", path) for number, path in enumerate(new)],
        [files[path] for path in new],
        notes=[f"{path} was there already, so it stays as it is." for path in there],
        advice=f"Next: edit {new[-1]}, then run it:\n  python run_polster.py --asset {key}",
    )


def _resolve(project: Project, layer: str, key: str, name: str) -> str:
    """Return the key that a typed dependency means, or refuse with the reason."""
    below = LAYERS[layer].upstream
    if not below:
        rule = f"{layer} may depend on nothing but external sources"
        raise Refusal(f"{key} cannot depend on {name}: {rule}. Leave --dependencies out.")
    short = name.removeprefix(f"{below}_")
    full = f"{below}_{short}"
    if full.isidentifier():  # the usual case needs no other file
        file = project.asset_path(below, short)
        if file.is_file() and f"\ndef {full}(".encode() in file.read_bytes():
            return full
    from ..reading.assets import read_catalog

    catalog = read_catalog(project)
    keys = available(catalog, layer)
    for candidate in (full, name, *(f"{other}_{name}" for other in LAYERS)):
        if candidate in keys:
            return candidate
        other = catalog.find(candidate)
        if other and other.layer and (why := edge_error(key, layer, other.key, other.layer)):
            raise Refusal(why)
    raise Refusal(f"There is no {below} asset {name!r}; list-assets --layer {below} shows them.")
