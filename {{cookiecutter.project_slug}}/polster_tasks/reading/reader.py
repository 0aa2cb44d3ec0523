"""Read the statements of one module: what it defines, imports and binds."""

import ast
import builtins
import re
from collections.abc import Iterator

from .module import (
    CONTEXT,
    Definition,
    Function,
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
_FRAMES = ("dataframely.LazyFrame", "dataframely.DataFrame")
_MAKES = re.compile(r"(?i)(?!dagster\.).*asset|.*multi_asset_check$")


class Reader(Module):
    """Walk the statements of one module, in order, as Python would."""

    def read(self, tree: ast.Module, source: bytes) -> Module:
        """Fill in what the module says; its text tells what need not be searched for."""
        self.handled: set[int] = set()  # decorators and specs that became definitions
        self.mentions = self.import_lines = 0  # of "asset" and "import", where they were read
        self.worth = self.guarded = False  # worth a search, within a try
        self.condition = ""  # under which the statements at hand run
        self.framed = self.mutable = False  # dataframely is imported, a list has a name
        self.typed = True  # Dagster does not look at dataframely's annotations
        self.followed = (f"{self.package}.", "pandas")
        self._statements(tree.body)
        if worth_searching(self, source):
            search(self, tree)
        return self

    def _statements(self, body: list[ast.stmt]) -> None:
        for node in body:
            kind = type(node)
            if kind is ast.ImportFrom or kind is ast.Import:
                self.import_lines += 1
                for binding, dotted in self.imported(node):
                    self._bind(binding, dotted)
            elif kind is ast.FunctionDef or kind is ast.AsyncFunctionDef:
                self._function(node)
            elif kind is ast.Assign or kind is ast.AnnAssign:
                self._assign(node)
            elif kind is ast.ClassDef:
                self._bind(node.name, f"{self.name}.{node.name}")
                self.classes[node.name] = node.bases
            elif kind is ast.Expr:
                self._calls(node.value)
            else:
                before = self.condition, self.guarded
                self._block(node)
                self.condition, self.guarded = before

    def _block(self, node: ast.stmt) -> None:
        """Read a block, which may or may not run; only the body of `try` is certain to."""
        self._forget(node)
        attempt = isinstance(node, ast.Try)
        maybe = self.condition or f"under {ast.unparse(node).partition(chr(10))[0]!r}"
        self.guarded = self.guarded or attempt
        self.condition = self.condition if attempt else maybe
        self._statements(getattr(node, "body", []))
        for branch in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            self.condition = EXCEPT if attempt else maybe
            self._statements(branch.body)
        self.condition = maybe
        self._statements([*getattr(node, "orelse", ()), *getattr(node, "finalbody", ())])

    def _forget(self, node: ast.AST) -> None:
        """Forget what names meant that are bound again somewhere within."""
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and type(part.ctx) is not ast.Load:
                self.names.update({part.id: None} if part.id in self.names else {})

    def _bind(self, name: str, meaning: Meaning) -> None:
        """Give a name its meaning; two meanings make it unknown."""
        if name in self.names and self.condition == EXCEPT:
            return
        if name in self.definitions and not self.condition:
            old = self.definitions.pop(name)
            self.spots.append(Spot("overwritten", old.line, old.column, old.function or name))
        self.names[name] = meaning if self.names.get(name, meaning) == meaning else None

    def _function(self, node: Function) -> None:
        made, others = None, []
        for one in node.decorator_list:
            maker = maker_of(dotted_name(getattr(one, "func", one), self.names))
            made = (maker, node, one) if maker else made
            others += [] if maker else [one]
        self._bind(node.name, f"{self.name}.{node.name}")
        self.open = self.open or node.name == "__getattr__"
        if made:
            notes = [f"{ast.unparse(other)} decorates it as well" for other in others]
            self._define(node.name, *made, notes)
        for other in () if made else others:
            self._maybe_maker(other)

    def _define(self, name: str, maker: str, node: ast.AST, call: ast.expr, notes: list) -> None:
        """Remember a definition; one that may not be there stands beside what it may replace."""
        self.handled.add(id(call))
        self.mentions += maker != "AssetSpec"
        notes += [f"it is defined {self.condition}"] if self.condition else []
        function, parameters, description = "", [], None
        if isinstance(node, Function):
            function, description = node.name, docstring(node)
            self.typed = not self.framed or "dagster_type" in ast.unparse(call)
            parameters = list(self._parameters(node))
        if name in self.definitions:
            self.definitions[f"{name}@{node.lineno}"] = self.definitions[name]
        place = (node.lineno, node.col_offset + 1)
        self.definitions[name] = Definition(
            maker, function, parameters, arguments_of(call), description, *place, notes
        )

    def _parameters(self, node: Function) -> Iterator[Parameter]:
        """Yield the parameters of a function; remember the annotations that Dagster refuses."""
        self._annotation(node.returns, node)
        future, given = self.names.get("annotations") == "__future__.annotations", node.args
        for index, one in enumerate((*given.args, *given.posonlyargs, *given.kwonlyargs)):
            note, place = one.annotation, (one.lineno, one.col_offset + 1)
            text = note and (future or type(note) is ast.Constant)
            if text and one.arg in (*CONTEXT, "config"):
                self.spot("quoted", one, ast.unparse(note))
            note = self._annotation(note, one)
            yield Parameter(one.arg, *place, index < len(given.args), note)

    def _annotation(self, note: ast.expr | None, place: ast.AST) -> ast.expr | None:
        """Return an annotation, also one written as text; None where it is Polars' own."""
        try:
            if type(note) is ast.Constant and isinstance(note.value, str):
                note = ast.parse(note.value, mode="eval").body
        except (SyntaxError, ValueError):
            return ast.Name("", ast.Load())  # nobody can tell
        for part in () if self.typed or not note else ast.walk(note):
            if isinstance(part, ast.Subscript) and dotted_name(part.value, self.names) in _FRAMES:
                self.spot("annotation", place, ast.unparse(part))
        return None if (dotted_name(note, self.names) or "").startswith("polars.") else note

    def _assign(self, node: ast.Assign | ast.AnnAssign) -> None:
        value, function = node.value, getattr(node.value, "func", None)
        meaning = dotted_name(value, self.names) or value
        if isinstance(meaning, ast.Name):
            meaning = self.names.get(meaning.id)
            if not isinstance(meaning, ast.Constant):  # a list with two names: either changes it
                meaning = self.names[value.id] = None
        self.mutable = self.mutable or isinstance(meaning, ast.expr)
        if type(meaning) is str:
            self.handled.add(id(node))
            self.worth = self.worth or maker_of(meaning) is not None
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if not isinstance(target, ast.Name):
                self._forget(target)
            elif value:
                self._bind(target.id, meaning)
                if function and maker_of(dotted_name(function, self.names)) == "AssetSpec":
                    self.names[target.id] = f"{self.name}.{target.id}"
                    self._define(target.id, "AssetSpec", value, value, [])
        if value:
            self._calls(value)

    def _calls(self, value: ast.expr) -> None:
        """Look at what is called when the module is imported: it may make assets."""
        plain = all([type(one) is ast.Constant for one in getattr(value, "elts", [value])])
        if self.in_defs and not plain:
            for node in ast.walk(value):
                if isinstance(node, ast.Call) and id(node) not in self.handled:
                    self._maybe_maker(node)

    def _maybe_maker(self, node: ast.expr) -> None:
        """Remember a call or decorator of which only running it would tell what it makes."""
        root = function = node.func if isinstance(node, ast.Call) else node
        while isinstance(root, ast.Call | ast.Attribute | ast.Subscript):
            root = root.func if isinstance(root, ast.Call) else root.value
        name = root.id if isinstance(root, ast.Name) else ""
        if not self.in_defs or (name not in self.names and hasattr(builtins, name)):
            return
        meaning = self.names.get(name) if name else root
        if isinstance(meaning, ast.Call):  # an object that was made above
            meaning = dotted_name(meaning.func, self.names) or meaning
        dotted = dotted_name(function, self.names) or meaning
        text = dotted if isinstance(dotted, str) else ast.unparse(node)[:60]
        if text.partition(".")[0] == self.package:
            self.spot("made", node, text)
        elif dotted is None or _MAKES.match(text):
            self.spot("unresolved", node, f"what {text} makes")

    def imported(self, node: ast.Import | ast.ImportFrom) -> list[tuple[str, str]]:
        """Return names and what an import binds them to; record what comes from the project."""
        bound, base = [], getattr(node, "module", "") or ""
        if level := getattr(node, "level", 0):
            parents = self.name.split(".") + ["__init__"] * self.path.endswith("/__init__.py")
            if level >= len(parents):
                self.spot("import", node, "." * level + base)
                return []
            base = ".".join([*parents[:-level], base] if base else parents[:-level])
        for alias in node.names:
            name, dotted = alias.name, f"{base}.{alias.name}" if base else alias.name
            self.mentions += name.count("asset")
            if name == "*":
                self.open = True
                if self.in_defs:
                    self.spot("unresolved", node, f"what `from {base} import *` brings")
                continue
            binding = alias.asname or (name if base else name.partition(".")[0])
            self.worth = self.worth or (binding != name and maker_of(dotted) is not None)
            self.framed = self.framed or dotted.startswith("dataframely")
            bound.append((binding, dotted if base or alias.asname else binding))
            if dotted.startswith(self.followed):
                self.worth = self.worth or dotted.startswith(f"{self.package}.defs.")
                place = (node.lineno, node.col_offset + 1)
                self.imports.append(Import(dotted, binding, *place, self.guarded))
        return bound


def docstring(node: Function) -> str | None:
    """Return a docstring as Dagster shows it: without the indentation of the code."""
    text = getattr(getattr(node.body[0], "value", None), "value", None)
    if not isinstance(text, str):
        return None
    return ast.get_docstring(node) if "\n" in text else text.strip()
