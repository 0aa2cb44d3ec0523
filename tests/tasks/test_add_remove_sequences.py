"""Whatever is added, removed and put back, in any order: the project validates, nothing is lost."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from polster_tasks.__main__ import main
from polster_tasks.layers import LAYERS
from polster_tasks.project import open_project
from polster_tasks.reading.assets import read_catalog
from polster_tasks.rules.registry import check

NAMES = st.sampled_from(["orders", "order", "a", "a_b", "sales_2024"])
PICKS = st.lists(st.integers(0, 20), min_size=1, max_size=3)


class Scaffolding(RuleBasedStateMachine):
    """A person at work, and a model of what should be there."""

    source: Path

    @initialize()
    def copy(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="polster-"))
        self.project = Path(shutil.copytree(self.source, self.folder / "my_pipeline"))
        self.opened = open_project(self.project)
        self.upstreams: dict[str, list[str]] = {}
        self.removals: list[tuple[dict[str, list[str]], dict[Path, bytes]]] = []

    def tasks(self, *arguments: str) -> int:
        return main(["--project", str(self.project), *arguments])

    def file(self, key: str) -> Path:
        layer, _, name = key.partition("_")
        return self.opened.asset_path(layer, name)

    @rule(layer=st.sampled_from([*LAYERS]), name=NAMES, picks=PICKS)
    def add(self, layer: str, name: str, picks: list[int]) -> None:
        below = sorted(k for k in self.upstreams if k.startswith(f"{LAYERS[layer].upstream}_"))
        chosen = list(dict.fromkeys(below[pick % len(below)] for pick in picks if below))
        more = ["--dependencies", ",".join(chosen)] if chosen else []
        expected = (
            2 if layer != "bronze" and not chosen else int(f"{layer}_{name}" in self.upstreams)
        )
        status = self.tasks("add-asset", "--layer", layer, "--name", name, *more)
        assert status == expected
        if status == 0:
            self.upstreams[f"{layer}_{name}"] = chosen

    @rule(picks=PICKS)
    def edit(self, picks: list[int]) -> None:
        if self.upstreams:
            key = sorted(self.upstreams)[picks[0] % len(self.upstreams)]
            file = self.file(key)
            file.write_bytes(file.read_bytes() + f"# {picks}\r\n".encode())

    @rule(picks=PICKS)
    def remove(self, picks: list[int]) -> None:
        if not self.upstreams:
            return
        known = sorted(self.upstreams)
        keys = {known[pick % len(known)] for pick in picks}
        blocked = any({*keys} & {*u} for key, u in self.upstreams.items() if key not in keys)
        bytes_before = {self.file(key): self.file(key).read_bytes() for key in keys}
        assert self.tasks("remove-asset", "--name", ",".join(keys), "--yes") == int(blocked)
        if not blocked:
            self.removals.append(({key: self.upstreams.pop(key) for key in keys}, bytes_before))

    @rule()
    def undo(self) -> None:
        if not self.removals:
            assert self.tasks("remove-asset", "--undo") == 1
            return
        removed, bytes_before = self.removals[-1]
        needed = {u for upstreams in removed.values() for u in upstreams if u not in removed}
        blocked = bool({*removed} & {*self.upstreams}) or not needed <= {*self.upstreams}
        assert self.tasks("remove-asset", "--undo") == int(blocked)
        if not blocked:
            self.removals.pop()
            self.upstreams |= removed
            assert all(file.read_bytes() == data for file, data in bytes_before.items())

    @invariant()
    def the_project_is_what_the_model_says(self) -> None:
        catalog = read_catalog(self.opened)
        found = {a.key: {d.key for d in a.dependencies} for a in catalog.assets}
        assert found == {key: {*upstreams} for key, upstreams in self.upstreams.items()}
        assert [f.message for f in check(self.opened, catalog) if f.severity == "error"] == []

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


@pytest.mark.slow
def test_any_sequence(baked: Callable[..., Path]) -> None:
    Scaffolding.source = baked(project_name="My Pipeline", ci="none", starter="minimal")
    Scaffolding.TestCase.settings = settings(
        max_examples=6, stateful_step_count=15, deadline=None, suppress_health_check=[*HealthCheck]
    )
    Scaffolding.TestCase().runTest()
