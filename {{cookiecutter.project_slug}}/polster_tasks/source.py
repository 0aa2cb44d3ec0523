"""Read the statements of one module: what it defines, imports and binds."""

import ast
import builtins
import re
from collections.abc import Iterator

from .layers import LAYERS
from .module import (
    Definition,
    Import,
    Meaning,
    Module,
    Parameter,
    Spot,
    arguments_of,
    dotted_name,
    maker_of,
)
from .search import search, worth_searching

EXCEPT = "in an except"
_CHANGES = {"append", "extend", "insert", "remove", "pop", "clear", "update", "setdefault", "add"}
_CHANGING = re.compile(rf"\.({'|'.join(_CHANGES)})\(|\] =|global ".encode())


class Reader:
    """Walk the statements of one module, in order, as Python would."""

    def __init__(self, name: str, path: str, package: str):
        parts = path.split("/")
        self.name, self.path, self.package = name, path, package
        self.in_defs = len(parts) > 3 and parts[2] == "defs"
        self.layer = parts[3] if self.in_defs and len(parts) > 4 and parts[3] in LAYERS else None
        self.parent = name if parts[-1] == "__init__.py" else name.rpartition(".")[0]
        self.followed = (f"{package}.", "pandas")
        self.names: dict[str, Meaning] = {}
        self.definitions: dict[str, Definition] = {}
        self.classes: dict[str, list[ast.expr]] = {}
        self.imports: list[Import] = []
        self.spots: list[Spot] = []
        self.factories: set[str] = set()
        self.used: set[str] = set()
        self.handled: set[int] = set()  # decorators and specs that became definitions
        self.mentions = self.import_lines = 0  # of "asset" and "import", where they were read
        self.renamed = self.guarded = self.open = False

    def read(self, tree: ast.Module, source: bytes) -> Module:
        """Return what the module says; its text tells what need not be searched for."""
        self._statements(tree.body, "")
        constants = any(isinstance(meaning, ast.expr) for meaning in self.names.values())
        if constants and _CHANGING.search(source):
            self._forget_changed(tree)
        if worth_searching(self, source):
            search(self, tree)
        return Module(*[getattr(self, field) for field in Module._fields])

    def spot(self, kind: str, node: ast.AST, text: str) -> None:
        """Remember a place."""
        self.spots.append(Spot(kind, node.lineno, node.col_offset + 1, text))

    def _statements(self, body: list[ast.stmt], condition: str) -> None:
        for node in body:
            kind = type(node)
            if kind is ast.ImportFrom or kind is ast.Import:
                self.import_lines += 1
                for binding, dotted in self.imported(node):
                    self._bind(binding, dotted, condition)
            elif kind is ast.FunctionDef or kind is ast.AsyncFunctionDef:
                self._function(node, condition)
            elif kind is ast.Assign or kind is ast.AnnAssign:
                self._assign(node, condition)
            elif kind is ast.ClassDef:
                self._bind(node.name, f"{self.name}.{node.name}", condition)
                self.classes[node.name] = node.bases
            elif kind is ast.Expr:
                self._calls(node.value)
            else:
                self._forget(node)
                self._block(node, condition)

    def _block(self, node: ast.stmt, condition: str) -> None:
        """Read a block, which may or may not run; only the body of `try` is certain to."""
        attempt = isinstance(node, ast.Try)
        maybe = condition or f"under {ast.unparse(node).partition(chr(10))[0]!r}"
        outer, self.guarded = self.guarded, self.guarded or attempt
        self._statements(getattr(node, "body", []), condition if attempt else maybe)
        for branch in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            self._statements(branch.body, EXCEPT if attempt else maybe)
        for field in ("orelse", "finalbody"):
            self._statements(getattr(node, field, []), maybe)
        self.guarded = outer

    def _bind(self, name: str, meaning: Meaning, condition: str) -> None:
        """Give a name its meaning; two meanings make it unknown."""
        if name in self.names and condition == EXCEPT:
            return
        old = self.definitions.get(name)
        if old and not condition:
            del self.definitions[name]
            self.spots.append(Spot("overwritten", old.line, old.column, old.function or name))
        self.names[name] = meaning if self.names.get(name, meaning) == meaning else None

    def _forget(self, node: ast.AST) -> None:
        """Forget what names meant that are bound again somewhere within."""
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
                self.names.update({part.id: None} if part.id in self.names else {})

    def _forget_changed(self, tree: ast.Module) -> None:
        """Forget the lists that some line changes: what they hold only running it would tell."""
        for node in ast.walk(tree):
            owner = getattr(node, "value", None)
            if isinstance(node, ast.Global):
                self.names.update(dict.fromkeys(node.names))
            elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(owner, ast.Name):
                changed = getattr(node, "attr", "") in _CHANGES or type(node.ctx) is not ast.Load
                if changed and isinstance(self.names.get(owner.id), ast.expr):
                    self.names[owner.id] = None

    def _function(self, node: ast.FunctionDef, condition: str) -> None:
        maker, call, others = None, None, []
        for decorator in node.decorator_list:
            target = decorator.func if type(decorator) is ast.Call else decorator
            found = maker_of(dotted_name(target, self.names))
            if found:
                maker, call = found, decorator
                self.handled.add(id(decorator))
            else:
                others.append(decorator)
        self._bind(node.name, f"{self.name}.{node.name}", condition)
        self.open = self.open or node.name == "__getattr__"
        if maker:
            self.mentions += 1
            notes = [f"{ast.unparse(other)} decorates it as well" for other in others]
            self._define(node.name, maker, node, call, condition, notes)
            return
        for other in others:
            self._maybe_maker(other)

    def _define(self, name, maker, node, call, condition, notes=()) -> None:
        """Remember a definition; one that may not be there stands beside what it may replace."""
        function = node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else None
        if name in self.definitions:
            self.definitions[f"{name}@{node.lineno}"] = self.definitions[name]
        self.definitions[name] = Definition(
            maker,
            function.name if function else "",
            tuple(self._parameters(function.args)) if function else (),
            arguments_of(call),
            docstring(function) if function else None,
            node.lineno,
            node.col_offset + 1,
            (*notes, f"it is defined {condition}") if condition else tuple(notes),
        )

    def _parameters(self, arguments: ast.arguments) -> Iterator[Parameter]:
        unseen = (*arguments.posonlyargs, *arguments.kwonlyargs)
        for one in (*arguments.args, *unseen):
            note = one.annotation
            if note and (dotted_name(note, self.names) or "").startswith("polars."):
                note = None
            yield Parameter(one.arg, one.lineno, one.col_offset + 1, one not in unseen, note)

    def _assign(self, node: ast.Assign | ast.AnnAssign, condition: str) -> None:
        value = node.value
        if value is None:
            return
        meaning = dotted_name(value, self.names) or value
        if isinstance(meaning, ast.Name):
            meaning = self.names.get(meaning.id)
            if not isinstance(meaning, ast.Constant):  # a list with two names: either changes it
                meaning = self.names[value.id] = None
        if type(meaning) is str:
            self.renamed = self.renamed or maker_of(meaning) is not None
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if not isinstance(target, ast.Name):
                self._forget(target)
                continue
            self._bind(target.id, meaning, condition)
            called = dotted_name(value.func, self.names) if type(value) is ast.Call else None
            if maker_of(called) == "AssetSpec":
                self.names[target.id] = f"{self.name}.{target.id}"
                self.handled.add(id(value))
                self._define(target.id, "AssetSpec", value, value, condition)
        self._calls(value)

    def _calls(self, value: ast.expr) -> None:
        """Look at what is called when the module is imported: it may make assets."""
        plain = all(type(one) is ast.Constant for one in getattr(value, "elts", [value]))
        if self.in_defs and not plain:
            for node in ast.walk(value):
                if isinstance(node, ast.Call) and id(node) not in self.handled:
                    self._maybe_maker(node)

    def _maybe_maker(self, node: ast.expr) -> None:
        """Remember a call or decorator of which only running it would tell what it makes."""
        function = node.func if isinstance(node, ast.Call) else node
        root = function
        while isinstance(root, ast.Call | ast.Attribute | ast.Subscript):
            root = root.func if isinstance(root, ast.Call) else root.value
        named = isinstance(root, ast.Name)
        meaning = self.names.get(root.id) if named else root
        if isinstance(meaning, ast.Call):  # an object that was made above
            meaning = dotted_name(meaning.func, self.names) or meaning
        dotted = dotted_name(function, self.names) or meaning
        if not self.in_defs or (named and root.id not in self.names and hasattr(builtins, root.id)):
            return
        if isinstance(dotted, str):
            if dotted.partition(".")[0] == self.package:
                self.spot("made", node, dotted)
            elif dotted.endswith("multi_asset_check") or (
                "asset" in dotted.lower() and not dotted.startswith("dagster.")
            ):
                self.spot("unresolved", node, f"what {dotted} makes")
        elif dotted is None or "asset" in ast.unparse(node).lower():
            self.spot("unresolved", node, f"what {ast.unparse(node)[:60]} makes")

    def imported(self, node: ast.Import | ast.ImportFrom) -> list[tuple[str, str]]:
        """Return names and what an import binds them to; record what comes from the project."""
        bound, place = [], (node.lineno, node.col_offset + 1)
        base = (node.module or "") if type(node) is ast.ImportFrom else ""
        if type(node) is ast.ImportFrom and node.level:
            parents = self.parent.split(".")
            kept = parents[: len(parents) - node.level + 1]
            if not kept or node.level > len(parents):
                self.spot("import", node, "." * node.level + base)
                return []
            base = ".".join([*kept, base] if base else kept)
        for alias in node.names:
            name, dotted = alias.name, f"{base}.{alias.name}" if base else alias.name
            self.mentions += name.count("asset")
            if name == "*":
                self.open = True
                if self.in_defs:
                    self.spot("unresolved", node, f"what `from {base} import *` brings")
                continue
            binding = alias.asname or (name if base else name.partition(".")[0])
            self.renamed = self.renamed or (binding != name and maker_of(dotted) is not None)
            bound.append((binding, dotted if base or alias.asname else binding))
            if dotted.startswith(self.followed):
                self.imports.append(Import(dotted, binding, *place, self.guarded))
        return bound


def docstring(node: ast.FunctionDef) -> str | None:
    """Return a docstring as Dagster shows it: without the indentation of the code."""
    value = getattr(node.body[0], "value", None)
    text = value.value if type(value) is ast.Constant else None
    if not isinstance(text, str):
        return None
    return without_indentation(text) if "\n" in text else text.strip()


def without_indentation(text: str) -> str:
    """Return a docstring without the indentation of the code (from Python 3.13 it has none)."""
    head, *rest = text.expandtabs().split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return "\n".join([head.lstrip(), *(line[margin:].rstrip() for line in rest)]).strip("\n")
