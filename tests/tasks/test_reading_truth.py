"""The graph that is read from the source equals the graph that Dagster resolves, or says why not."""

import itertools
import os
import sys
import textwrap
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from polster_tasks.project import open_project
from polster_tasks.reading.assets import read_catalog
from polster_tasks.reading.catalog import Catalog
from polster_tasks.rules.registry import check

NUMBERS = itertools.count()
Graph = dict[str, frozenset[str]]

# Each case: files under defs/, or under the package where the name starts with "../".
CASES: dict[str, dict[str, str]] = {}


def case(name: str, **files: str) -> None:
    """Add a case; `bronze__a` is the file bronze/a.py, `lib__x` is ../lib/x.py."""
    CASES[name] = files


BRONZE = """
    import dagster as dg

    @dg.asset
    def bronze_a():
        "Raw."
"""

case("plain", bronze__a=BRONZE)
case(
    "import forms",
    bronze__a="from dagster import asset\n\n@asset\ndef bronze_a(): ...",
    bronze__b="from dagster import asset as table\n\n@table()\ndef bronze_b(): ...",
    bronze__c="import dagster\n\n@dagster.asset(name='bronze_c')\ndef f(): ...",
    bronze__d="import dagster as d\n\n@d.asset(key='bronze_d')\ndef f(): ...",
    bronze__f="import dagster as dg\n\nmake = dg.asset\n\n@make(key_prefix='p')\ndef bronze_f(): ...",
    bronze__g="from dagster._core.definitions.decorators.asset_decorator import asset\n\n"
    "@asset\ndef bronze_g(): ...",
    bronze__h="try:\n    from dagster import asset\nexcept ImportError:\n    asset = None\n\n"
    "@asset\ndef bronze_h(): ...",
)
case(
    "keys",
    bronze__a="""
        import dagster as dg
        PREFIX = ["one", "two"]
        NAME = "bronze_x"
        @dg.asset(key_prefix="p")
        def bronze_a(): ...
        @dg.asset(key_prefix=PREFIX, name=NAME)
        def f(): ...
        @dg.asset(key=["k", "bronze_c"])
        def g(): ...
        @dg.asset(key=dg.AssetKey(["k", "bronze_d"]))
        def h(): ...
        @dg.asset(key=dg.AssetKey("bronze_e"))
        def i(): ...
        @dg.asset(key=dg.AssetKey.from_user_string("k/bronze_f"))
        def j(): ...
    """,
)
case(
    "parameters",
    bronze__a=BRONZE,
    bronze__b=BRONZE.replace("bronze_a", "bronze_b"),
    silver__c="""
        import dagster as dg
        import polars as pl
        class Options(dg.Config):
            limit: int = 3
        @dg.asset
        def silver_c(context, bronze_a, config: Options): ...
        @dg.asset
        def silver_d(_context: dg.AssetExecutionContext, bronze_a: pl.LazyFrame = None): ...
        @dg.asset
        def silver_e(_, bronze_a: "pl.DataFrame", bronze_b: dict[str, pl.LazyFrame]) -> None: ...
        @dg.asset
        def silver_f(context_, bronze_b: pl.LazyFrame | None): ...
        @dg.asset
        async def silver_g(bronze_a): ...
    """,
)
case(
    "resources",
    bronze__a=BRONZE,
    lib__store="""
        import dagster as dg
        class Base(dg.ConfigurableResource):
            url: str = "x"
        class Frame: ...
        Alias = Base
    """,
    silver__c="""
        import dagster as dg
        from dagster import ConfigurableResource, ResourceParam
        from ..lib.store import Base
        class Mine(Base): ...
        class Other(ConfigurableResource): ...
        @dg.asset
        def silver_c(bronze_a, base: Base): ...
        @dg.asset
        def silver_d(mine: Mine, bronze_a): ...
        @dg.asset
        def silver_e(other: "Other", bronze_a, thing: ResourceParam[str]): ...
        @dg.asset
        def silver_f(bronze_a, *, thing: dg.ResourceParam[object]): ...
    """,
)
case(
    "deps",
    bronze__a=BRONZE,
    bronze__b="""
        import dagster as dg
        @dg.asset(key_prefix="shop", name="bronze_b")
        def f(): ...
        KEY = dg.AssetKey(["shop", "bronze_b"])
        ALL = [f, "bronze_a"]
    """,
    silver__c="""
        import dagster as dg
        from dagster import AssetDep, AssetKey
        from ..bronze import b
        from ..bronze.a import bronze_a
        from ..bronze.b import ALL, KEY
        from ..bronze.b import f as renamed
        NAMES = ["bronze_a"]
        MORE = (*NAMES, renamed)
        @dg.asset(deps=[bronze_a])
        def silver_c(): ...
        @dg.asset(deps=["bronze_a", renamed])
        def silver_d(): ...
        @dg.asset(deps=[AssetKey("bronze_a"), AssetDep(renamed)])
        def silver_e(): ...
        @dg.asset(deps=[*MORE])
        def silver_f(): ...
        @dg.asset(deps=MORE)
        def silver_g(): ...
        @dg.asset(deps=NAMES + [AssetDep("bronze_a"), ["shop", "bronze_b"]])
        def silver_h(): ...
        @dg.asset(deps=ALL)
        def silver_i(): ...
        @dg.asset(deps=[KEY, *ALL])
        def silver_j(): ...
        @dg.asset(deps={b.f})
        def silver_k(): ...
        @dg.asset(deps=[renamed.key])
        def silver_l(): ...
        @dg.asset(deps=[dg.AssetSpec("bronze_a"), AssetDep(AssetKey(["shop", "bronze_b"]))])
        def silver_n(bronze_a): ...
    """,
)
case(
    "ins",
    bronze__a=BRONZE,
    bronze__b="import dagster as dg\n\n@dg.asset(key_prefix=['p', 'q'])\ndef bronze_b(): ...",
    silver__c="""
        import dagster as dg
        from dagster import AssetIn
        from ..bronze.b import bronze_b
        @dg.asset(ins={"x": AssetIn(key="bronze_a"), "bronze_b": AssetIn(key_prefix=["p", "q"])})
        def silver_c(x, bronze_b): ...
        @dg.asset(ins={"x": AssetIn("bronze_a"), "y": dg.AssetIn(bronze_b.key)})
        def silver_d(context, x, y): ...
        @dg.asset(ins={"bronze_a": AssetIn(metadata={})})
        def silver_e(bronze_a): ...
        @dg.asset(ins={"up": AssetIn(key=["p", "q", "bronze_b"], dagster_type=dg.Nothing)})
        def silver_f(bronze_a): ...
        @dg.asset(ins={"x": AssetIn("bronze_a")})
        def silver_g(**kwargs): ...
    """,
)
case(
    "multi",
    bronze__m="""
        import dagster as dg
        @dg.multi_asset(specs=[dg.AssetSpec("bronze_a", description="A."), dg.AssetSpec(["p", "bronze_b"])])
        def many(): ...
        @dg.multi_asset(outs={"bronze_c": dg.AssetOut(), "d": dg.AssetOut(key="bronze_d"),
                              "bronze_e": dg.AssetOut(key_prefix="p")})
        def outs(): ...
    """,
    silver__m="""
        import dagster as dg
        from ..bronze.m import many
        @dg.multi_asset(outs={"silver_a": dg.AssetOut(), "silver_b": dg.AssetOut()})
        def one(bronze_c): ...
        @dg.multi_asset(specs=[dg.AssetSpec("silver_c", deps=["bronze_c"]),
                               dg.AssetSpec("silver_d", deps=[many])])
        def two(): ...
    """,
)
case(
    "graphs",
    bronze__a=BRONZE,
    silver__g="""
        import dagster as dg
        @dg.op
        def step(x):
            return x
        @dg.graph_asset
        def silver_g(bronze_a):
            return step(bronze_a)
        @dg.graph_asset(ins={"x": dg.AssetIn("bronze_a")}, key_prefix="p", name="silver_h")
        def h(x):
            return step(x)
    """,
)
case(
    "checks",
    bronze__a=BRONZE,
    silver__c="""
        import dagster as dg
        from ..bronze.a import bronze_a
        @dg.asset
        def silver_c(bronze_a): ...
        @dg.asset_check(asset=silver_c)
        def good(silver_c):
            return dg.AssetCheckResult(passed=True)
        @dg.asset_check(asset="silver_c", additional_ins={"x": dg.AssetIn("bronze_a")})
        def better(c, x):
            return dg.AssetCheckResult(passed=True)
    """,
)
case(
    "sources",
    sources="""
        import dagster as dg
        feed = dg.AssetSpec("feed", description="A feed.")
        one = dg.AssetSpec("one")
        two = dg.AssetSpec(key=["x", "two"], deps=[feed])
    """,
    bronze__a="""
        import dagster as dg
        from ..sources import feed
        here = dg.AssetSpec("here")
        @dg.asset(deps=[feed, "one", ["x", "two"], here])
        def bronze_a(): ...
    """,
)
case(
    "one list under several names",
    bronze__a=BRONZE,
    silver__a="""
        import dagster as dg
        NAMES = ["bronze_a"]
        SAME = NAMES
        FIRST = SECOND = [*SAME]
        @dg.asset(deps=SAME)
        def silver_a(): ...
        @dg.asset(deps=NAMES)
        def silver_b(): ...
        @dg.asset(deps=SECOND)
        def silver_c(): ...
    """,
)
case(
    "forms that are not read",
    bronze__a="from dagster import *\n\n@asset\ndef bronze_a(): ...",
    bronze__b="from ..names import table\n\n@table\ndef bronze_b(): ...",
    bronze__c="from ..names import *\n\n@table(name='bronze_c')\ndef c(): ...",
    names="from dagster import asset as table",
    bronze__d="""
        import dagster as dg
        NAME = "bronze"
        @dg.asset
        def bronze_k(): ...
        @dg.asset(name=f"{NAME}_y")
        def k(): ...
        @dg.asset(**{"name": "bronze_l"})
        def l(): ...
        @dg.asset(name=NAME + "_z")
        def m(): ...
        @dg.observable_source_asset
        def n(): ...
        SPECS = [dg.AssetSpec("bronze_s"), dg.AssetSpec("bronze_t")]
    """,
    bronze__e="""
        import dagster as dg
        @dg.op
        def step():
            return 1
        @dg.multi_asset(specs=[dg.AssetSpec(f"bronze_{n}") for n in ("p", "q")])
        def many(): ...
        @dg.multi_asset(outs={"bronze_g": dg.AssetOut.from_spec(dg.AssetSpec("bronze_gg"))})
        def one(): ...
        @dg.graph_multi_asset(outs={"bronze_h": dg.AssetOut()})
        def h():
            return {"bronze_h": step()}
    """,
    silver__a="""
        import dagster as dg
        from dagster import AssetKey
        NAMES = ["bronze_k"]
        MORE = ["bronze_l"]
        MORE.append("bronze_k")
        SAME = ALIAS = ["bronze_l"]
        OTHER = ALIAS
        OTHER += ["bronze_k"]
        FIRST = SECOND = ["bronze_l"]
        def change():
            FIRST.append("bronze_k")
        change()
        TEXTS = {"x": dg.AssetIn("bronze_k")}
        TEXTS["x"] = dg.AssetIn("bronze_l")
        def later():
            global LATE
            LATE = ["bronze_l"]
        LATE = ["bronze_k"]
        later()
        for LOOP in (["bronze_k"], ["bronze_l"]): pass
        PAIR = ["bronze_k"]
        PAIR, OTHER_PAIR = ["bronze_l"], 1
        @dg.asset(deps=[AssetKey(n) for n in NAMES])
        def silver_a(): ...
        @dg.asset(deps=list(NAMES))
        def silver_b(): ...
        @dg.asset(deps=MORE)
        def silver_c(): ...
        @dg.asset(deps=ALIAS)
        def silver_d(): ...
        @dg.asset(deps=SAME)
        def silver_k(): ...
        @dg.asset(deps=SECOND)
        def silver_l(): ...
        @dg.asset(ins=TEXTS)
        def silver_e(x): ...
        @dg.asset(deps=LATE)
        def silver_f(): ...
        @dg.asset(deps=LOOP)
        def silver_g(): ...
        @dg.asset(deps=PAIR)
        def silver_j(): ...
        @dg.multi_asset(
            outs={"silver_h": dg.AssetOut(), "silver_i": dg.AssetOut()},
            internal_asset_deps={"silver_h": {AssetKey("bronze_k")},
                                 "silver_i": {AssetKey("silver_h"), AssetKey("bronze_k")}},
        )
        def three(bronze_k): ...
    """,
)
case(
    "flow",
    bronze__a="""
        import sys
        import dagster as dg
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from nowhere import Thing
        if True:
            @dg.asset
            def bronze_a(): ...
        if 0:
            @dg.asset
            def bronze_never(): ...
        try:
            @dg.asset
            def bronze_b(): ...
        except ImportError:
            @dg.asset
            def bronze_b(bronze_a): ...
        with open(__file__):
            @dg.asset
            def bronze_c(): ...
        if sys.version_info >= (3, 99):
            @dg.asset
            def bronze_d(): ...
        else:
            @dg.asset
            def bronze_d(bronze_a): ...
        if __name__ == "__main__":
            @dg.asset
            def bronze_main(): ...
        for number in range(2):
            @dg.asset(name=f"bronze_{number}")
            def loop(): ...
    """,
)
case(
    "calls",
    bronze__a="""
        import dagster as dg
        def bronze_a(): "Plain."
        def taking(bronze_a): ...
        first = dg.asset(bronze_a)
        named = dg.asset(name="bronze_b", description="B.")(bronze_a)
        other = dg.asset(taking)
        listed = [dg.asset(name="bronze_c")(bronze_a), dg.asset(key="bronze_d")(taking)]
    """,
)
case(
    "hidden",
    lib__make="""
        import dagster as dg
        def make(name):
            @dg.asset(name=name)
            def inner(): ...
            return inner
        def wrap(function):
            return dg.asset(function)
    """,
    bronze__a="from ..lib.make import make\n\nmade = make('bronze_made')",
    bronze__b="from ..lib.make import wrap\n\n@wrap\ndef bronze_wrapped(): ...",
    bronze__c="""
        import dagster as dg
        def local(name):
            return dg.asset(name=name)(lambda: None)
        x = local("bronze_x")
        y = [local(n) for n in ("bronze_y", "bronze_z")]
    """,
    bronze__d="""
        import dagster as dg
        globals()["later"] = dg.asset(name="bronze_later")(lambda: None)
    """,
    bronze__e="""
        import dagster as dg
        @dg.asset(name="bronze_" + str(1))
        def bronze_computed(): ...
        @dg.asset(deps=["bronze_later" for _ in range(1)], ins=dict())
        def bronze_deps(): ...
        @dg.asset(ins={n: dg.AssetIn(n) for n in ("bronze_1",)})
        def silver_ins(bronze_1): ...
    """,
    bronze__f="""
        import dagster as dg
        defs = dg.Definitions(assets=[dg.AssetSpec("inside")])
        @dg.asset
        def bronze_outside(): ...
    """,
    bronze__g="""
        import functools
        import dagster as dg
        table = functools.partial(dg.asset, key_prefix="t")
        @table()
        def bronze_partial(): ...
        def noisy(function):
            return function
        @dg.asset
        @noisy
        def bronze_noisy(): ...
    """,
)
case(
    "overwritten",
    bronze__a="""
        import dagster as dg
        @dg.asset(name="bronze_one")
        def _(): ...
        @dg.asset(name="bronze_two")
        def _(): ...
        @dg.asset
        def bronze_three(): ...
        bronze_three = None
    """,
)
case(
    "nested folders",
    bronze__shop__a=BRONZE,
    silver__shop__b="""
        import dagster as dg
        from ...bronze.shop.a import bronze_a as a
        from ...bronze import shop
        @dg.asset(deps=[a])
        def silver_b(): ...
    """,
)
case(
    "reexported",
    bronze____init__="from .a import bronze_a as first\nfrom .b import bronze_b",
    bronze__a=BRONZE,
    bronze__b="import dagster as dg\n\n@dg.asset(key='renamed')\ndef bronze_b(): ...",
    silver__c="""
        import dagster as dg
        from ..bronze import bronze_b, first
        from .. import bronze
        @dg.asset(deps=[first, bronze_b, bronze.first])
        def silver_c(): ...
    """,
)

case(
    "finally and del",
    bronze__a="""
        import dagster as dg
        try:
            import json
        finally:
            @dg.asset
            def bronze_a(): ...
        @dg.asset
        def bronze_gone(): ...
        @dg.asset(key="bronze_gone_too")
        def gone(): ...
        source = dg.AssetSpec("gone_source")
        spec = dg.AssetSpec("gone_spec")
        NAME = "gone"
        del bronze_gone, (gone, [source]), spec, NAME
    """,
    silver__a="""
        import dagster as dg
        from ..bronze.a import bronze_a
        @dg.asset(deps=[bronze_a])
        def silver_a(): ...
        @dg.asset(deps=[bronze_a])
        def silver_again(): ...
        del silver_again
        @dg.asset(deps=["bronze_a"])
        def silver_again(): ...
    """,
)
case(
    "del under a condition",
    bronze__a="""
        import dagster as dg
        @dg.asset
        def bronze_a(): ...
        @dg.asset
        def bronze_b(): ...
        if len("x") == 1:
            del bronze_a
        else:
            del bronze_b
        try:
            nowhere
        except NameError:
            del dg
    """,
)
case(
    "a source that is given its name twice",
    bronze__a="""
        import dagster as dg
        feed = None
        feed = dg.AssetSpec("feed")
        try:
            from ..sources import thing
        except ImportError:
            thing = dg.AssetSpec("never")
        @dg.asset(deps=[thing])
        def bronze_a(): ...
    """,
    sources="""
        import dagster as dg
        thing = dg.AssetSpec("thing")
    """,
)


def write(root: Path, files: dict[str, str]) -> str:
    """Write a case as a project and return its package."""
    package = f"case_{next(NUMBERS)}"
    texts = {"defs____init__": "", "__init__": "", "defs__bronze____init__": ""}
    for name, text in files.items():
        place = name if name.startswith("lib__") else f"defs__{name}"
        texts[place] = textwrap.dedent(text).replace("from ..lib.", f"from {package}.lib.")
    for name, text in texts.items():
        parts = name.replace("____init__", "__0init0").split("__")
        if name == "__init__":
            parts = ["0init0"]
        file = root / "src" / package / Path(*[p.replace("0init0", "__init__") for p in parts])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.with_name(f"{file.name}.py").write_text(text, encoding="utf-8")
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "{package}"\nversion = "0"\n[tool.polster]\n'
        f'[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "{package}"\n',
        encoding="utf-8",
    )
    return package


def dagster_graph(root: Path, package: str) -> tuple[Graph, dict[str, str | None]]:
    """Return what Dagster resolves: each key with its parents, and the descriptions."""
    sys.path.insert(0, str(root / "src"))
    try:
        defs = dg.load_from_defs_folder(path_within_project=root)
        seen: dict[int, object] = {id(asset): asset for asset in defs.assets or ()}
        checks = {id(one): one for one in defs.asset_checks or ()}
        whole = dg.Definitions(
            assets=list(seen.values()),
            asset_checks=list(checks.values()),
            resources={name: object() for name in ("base", "mine", "other", "thing")},
        )
        graph = whole.resolve_asset_graph()
    finally:
        sys.path.remove(str(root / "src"))
        for name in [one for one in sys.modules if one.partition(".")[0] == package]:
            del sys.modules[name]
    nodes = {key.to_user_string(): graph.get(key) for key in graph.get_all_asset_keys()}
    return (
        {
            key: frozenset(parent.to_user_string() for parent in node.parent_keys)
            for key, node in nodes.items()
        },
        {key: node.description for key, node in nodes.items() if node.is_executable},
    )


def static_graph(catalog: Catalog) -> Graph:
    """Return the same from the catalog."""
    return {
        one.key: frozenset(dependency.key for dependency in one.dependencies)
        for one in (*catalog.assets, *catalog.sources)
    }


def differences(static: Graph, truth: Graph) -> set[str]:
    """Return the keys on which two graphs differ; a key that nothing defines has no parents."""
    named = {key for parents in static.values() for key in parents}
    static = {**{key: frozenset() for key in named - static.keys()}, **static}
    return {key for key in static.keys() | truth.keys() if static.get(key) != truth.get(key)}


# Cases that hold something which only running the code would tell.
UNREADABLE = {
    "forms that are not read", "flow", "calls", "hidden", "overwritten",
    "del under a condition", "a source that is given its name twice",
}  # fmt: skip


def unexplained(catalog: Catalog, truth: Graph) -> dict[str, tuple]:
    """Return the differences that validate does not speak of."""
    static = static_graph(catalog)
    said = {one.key for one in (*catalog.assets, *catalog.sources) if one.unresolved}
    return {
        key: (static.get(key), truth.get(key))
        for key in differences(static, truth)
        if key not in said and not (catalog.open and key not in static)
    }


@pytest.mark.parametrize("name", CASES)
def test_a_hard_case_is_read_as_dagster_resolves_it(name: str, tmp_path: Path):
    package = write(tmp_path, CASES[name])
    project = open_project(tmp_path)
    catalog = read_catalog(project)
    truth, descriptions = dagster_graph(tmp_path, package)
    findings = check(project, catalog)
    assert not unexplained(catalog, truth)
    if name not in UNREADABLE:
        assert not [f for f in findings if f.code in ("POL003", "POL103", "POL301", "POL406")]
        assert {one.key: one.description or None for one in catalog.assets} == descriptions


def test_what_stands_in_finally_or_is_deleted_for_certain_is_read_in_full(tmp_path: Path):
    write(tmp_path, CASES["finally and del"])
    catalog = read_catalog(open_project(tmp_path))
    keys = {one.key for one in catalog.assets}
    assert keys == {"bronze_a", "silver_a", "silver_again"}
    assert not [one for one in catalog.assets if one.unresolved]


def test_what_is_deleted_under_a_condition_says_so(tmp_path: Path):
    write(tmp_path, CASES["del under a condition"])
    [first, second] = read_catalog(open_project(tmp_path)).assets
    reason = """it is deleted under "if len('x') == 1:\""""
    assert first.unresolved == (reason,)
    assert second.unresolved == (reason,)


def test_a_name_that_is_deleted_and_given_again_is_not_guessed(tmp_path: Path):
    text = """
        import dagster as dg
        NAME = "bronze_a"
        @dg.asset(name=NAME)
        def first(): ...
        del NAME
        NAME = "bronze_b"
        @dg.asset(name=NAME)
        def second(): ...
    """
    write(tmp_path, {"bronze__a": text})
    assets = read_catalog(open_project(tmp_path)).assets
    assert [one.key for one in assets if one.known] == []


# --- projects made at random -----------------------------------------------------------------

LAYERS = ("bronze", "silver", "gold")


@st.composite
def projects(draw: st.DrawFn) -> dict[str, str]:
    """Draw a project: assets in every way of writing them, dependencies in every way of naming them."""
    files: dict[str, str] = {}
    made: list[tuple[str, str, str]] = []  # key, layer, function
    for layer in LAYERS:
        below = [one for one in made if one[1] != layer]
        for index in range(draw(st.integers(1, 4))):
            stem = f"{layer[0]}{index}"
            function = f"{layer}_{stem}"
            ups = draw(st.lists(st.sampled_from(below), unique=True, max_size=3)) if below else []
            text, keys = draw(assets(layer, function, files, ups))
            files[f"{layer}__{stem}"] = text
            made += [(key, layer, function) for key in keys[:1]]
    return files


@st.composite
def assets(
    draw: st.DrawFn, layer: str, function: str, files: dict[str, str], ups: list
) -> tuple[str, list[str]]:
    """Draw one asset file; return its text and the keys that it defines."""
    lines, words, parameters, deps, ins = [], [], [], [], []
    form = draw(st.sampled_from(["dg", "from", "as", "full", "alias"]))
    lines.append("import dagster as dg")
    decorator = {
        "dg": "dg.{}", "from": "{}", "as": "the_{}", "full": "dagster.{}", "alias": "made",
    }[form]  # fmt: skip
    kind = draw(st.sampled_from(["asset", "asset", "asset", "multi", "graph"]))
    maker = {"asset": "asset", "multi": "multi_asset", "graph": "graph_asset"}[kind]
    if form == "from":
        lines.append(f"from dagster import {maker}")
    elif form == "as":
        lines.append(f"from dagster import {maker} as the_{maker}")
    elif form == "full":
        lines.append("import dagster")
    elif form == "alias":
        lines.append(f"made = dg.{maker}")
    prefix = draw(st.sampled_from([None, None, "p", ["p", "q"]])) if kind == "asset" else None
    renamed = draw(st.booleans()) and kind == "asset"
    name = f"{function}_x" if renamed else function
    key = "/".join([*([prefix] if isinstance(prefix, str) else prefix or []), name])
    if renamed and draw(st.booleans()):
        words.append(f"key=dg.AssetKey({key.split('/')!r})")
    else:
        if renamed:
            lines.append(f"NAME = {name!r}")
            words.append("name=NAME")
        if prefix:
            words.append(f"key_prefix={prefix!r}")
    for number, (up, up_layer, up_function) in enumerate(ups):
        path = up.split("/")
        ways = (
            ["ins", "ins_key"]
            if kind == "graph"
            else ["ins", "ins_key", "deps", "key", "function", "dep"]
        )
        if len(path) == 1:
            ways.append("parameter")
        way = draw(st.sampled_from(ways))
        if way == "parameter":
            note = draw(
                st.sampled_from(
                    ["", ": pl.LazyFrame", ': "pl.DataFrame"', ": dict[str, pl.LazyFrame]"]
                )
            )
            parameters.append(f"{up}{note}")
        elif way in ("ins", "ins_key"):
            if len(path) > 1 and draw(st.booleans()):
                ins.append(f"{path[-1]!r}: dg.AssetIn(key_prefix={path[:-1]!r})")
                parameters.append(path[-1])
            else:
                ins.append(f"'i{number}': dg.AssetIn(key={path!r})")
                parameters.append(f"i{number}")
        elif way == "function":
            stem_of = up_function.partition("_")[2]
            lines.append(f"from ..{up_layer}.{stem_of} import {up_function} as up{number}")
            single = not files[f"{up_layer}__{stem_of}"].count(
                "multi_asset"
            )  # Dagster refuses many
            forms = [f"up{number}", f"dg.AssetDep(up{number})"] if single else [f"up{number}"]
            deps.append(draw(st.sampled_from(forms)))
        elif way == "dep":
            deps.append(f"dg.AssetDep(dg.AssetKey({path!r}))")
        elif way == "key":
            lines.append(f"KEY{number} = dg.AssetKey({path!r})")
            deps.append(f"KEY{number}")
        else:
            deps.append(repr(path) if len(path) > 1 else repr(up))
    lines.append("import polars as pl")
    if draw(st.booleans()) and deps:
        lines.append(f"UPS = [{', '.join(deps)}]")
        deps = draw(st.sampled_from(["UPS", "[*UPS]", "UPS + []"]))
    else:
        deps = f"[{', '.join(deps)}]" if deps else ""
    if kind == "multi":
        words.append(
            f"outs={{{function!r}: dg.AssetOut(), '{function}_b': dg.AssetOut(key_prefix='p')}}"
        )
    if deps:
        words.append(f"deps={deps}")
    if ins:
        words.append(f"ins={{{', '.join(ins)}}}")
    context = draw(st.sampled_from(["", "", "context", "_context: dg.AssetExecutionContext"]))
    if kind == "graph":
        lines.append("@dg.op\ndef step(**inputs): ...\n@dg.op\ndef alone(): ...")
        context = ""
    signature = ", ".join([*([context] if context else []), *parameters])
    head = (
        f"@{decorator.format(maker)}({', '.join(words)})"
        if words
        else f"@{decorator.format(maker)}"
    )
    names = [one.partition(":")[0] for one in parameters]
    body = {
        "graph": f"return step({', '.join(f'{n}={n}' for n in names)})"
        if names
        else "return alone()"
    }.get(kind, "...")
    if kind == "graph":
        ins_text = ", ".join(f"{n!r}: dg.In()" for n in names)
        lines = [
            one.replace(
                "@dg.op\ndef step(**inputs)",
                f"@dg.op(ins={{{ins_text}}})\ndef step(context, {', '.join(names)})",
            )
            for one in lines
        ]
    block = f"{head}\ndef {function}({signature}):\n    {body}\n"
    nest = draw(st.sampled_from(["", "", "if True:", "try:"]))
    if nest:
        block = f"{nest}\n{textwrap.indent(block, '    ')}"
        block += "except ImportError:\n    pass\n" if nest == "try:" else ""
    keys = [function] if kind == "multi" else [key]
    return "\n".join(lines) + "\n" + block, keys


@settings(
    max_examples=int(os.environ.get("POLSTER_EXAMPLES", "25")),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(files=projects())
def test_a_random_project_is_read_as_dagster_resolves_it(files: dict[str, str], tmp_path_factory):
    root = tmp_path_factory.mktemp("random")
    package = write(root, files)
    catalog = read_catalog(open_project(root))
    truth, _ = dagster_graph(root, package)
    assert not unexplained(catalog, truth)
    assert not catalog.open
    assert not [
        one for one in catalog.assets if one.unresolved and "defined" not in one.unresolved[0]
    ]
