"""Read what makes assets: decorated functions, calls of Dagster's decorators, AssetSpecs."""

import ast
from typing import Any

from .module import CONTEXT, MAKERS, SPECS, Definition, Parameter
from .values import Made, Ref, evaluate, keywords_of

COMPUTED = frozenset(
    [
        "AssetsDefinition",
        "load_assets_from_modules",
        "load_assets_from_current_module",
        "map_asset_specs",
        "load_assets_from_package_module",
        "load_assets_from_package_name",
        "with_source_code_references",
    ]
)
_UNREAD = frozenset(  # arguments that say nothing of keys and dependencies
    [
        "retry_policy",
        "pool",
        "kinds",
        "tags",
        "metadata",
        "owners",
        "group_name",
        "automation_condition",
        "io_manager_key",
        "freshness_policy",
        "partitions_def",
        "backfill_policy",
        "op_tags",
        "code_version",
        "required_resource_keys",
        "resource_defs",
        "compute_kind",
        "config_schema",
        "check_specs",
        "hooks",
        "can_subset",
        "blocking",
    ]
)
_KNOWN: dict[str, bool] = {}
_POLARS = Ref("polars")


def makes_assets(value: Any) -> bool:
    """Tell whether calling a value makes assets: it is one of Dagster's decorators."""
    if type(value) is not Ref:
        return False
    known = _KNOWN.get(value.dotted)
    if known is None:
        root, _, rest = value.dotted.partition(".")
        known = _KNOWN[value.dotted] = root == "dagster" and rest.rpartition(".")[2] in MAKERS
    return known


class Defining:
    """The half of a Reader that remembers definitions; the other half walks the statements."""

    def _function(self, node: ast.FunctionDef, condition: str) -> None:
        maker = call = None
        others = []
        for decorator in node.decorator_list:
            target = decorator.func if type(decorator) is ast.Call else decorator
            found = evaluate(target, self.scope)
            known = makes_assets(found)
            if known or (maker is None and self._ours(found)):
                maker, call = found, decorator
            else:
                others.append(ast.unparse(decorator))
                if self.layer and self._doubtful(found, target):
                    self.spot("unresolved", decorator, f"what {others[-1]} makes of {node.name}")
        if maker:
            notes = [f"{other} decorates it as well" for other in others]
            self._define(node.name, maker, call, node, condition, notes)
        else:
            self._bind(node.name, self.ref(node.name), node, condition)
            self.open = self.open or node.name == "__getattr__"
        self.functions[node.name] = node
        self._inside(node, node.name)
        self.bodies.append(node)

    def _ours(self, value: Any) -> bool:
        return type(value) is Ref and value.dotted.partition(".")[0] == self.package

    def _doubtful(self, value: Any, node: ast.expr) -> bool:
        """Tell whether something that cannot be read may make assets."""
        if isinstance(value, Ref):
            root, _, last = value.dotted.rpartition(".")
            return "asset" in last.lower() and (root != "dagster" or last in COMPUTED)
        while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
            node = node.func if isinstance(node, ast.Call) else node.value
        known = isinstance(node, ast.Name) and node.id not in self.scope
        return not known or any(found.binding is None for found in self.imports)

    def _define(self, binding, maker, call, function, condition, notes) -> None:
        """Remember a function that a decorator, or a call, makes an asset."""
        where = "only as a fallback" if condition == "except" else condition
        notes = [*notes, f"it is defined {where}"] if condition else notes
        old = self.definitions.get(binding)
        ref = self.ref(binding)
        self._bind(binding, ref, function, condition)
        self.scope[binding] = ref
        if old and condition:
            self.definitions[f"{binding}@{old.line}"] = old
        arguments = function.args
        self.definitions[binding] = Definition(
            binding,
            maker,
            function.name,
            self._parameters(arguments),
            keywords_of(call, self.scope, _UNREAD) if type(call) is ast.Call else {},
            docstring(function),
            function.lineno,
            function.col_offset + 1,
            tuple(notes),
        )
        self._annotations(function)

    def _annotations(self, function: ast.FunctionDef) -> None:
        """Remember annotations that Dagster refuses when it loads the file."""
        arguments = function.args.posonlyargs + function.args.args
        for note in [function.returns, *[argument.annotation for argument in arguments]]:
            if type(note) is ast.Subscript:
                outer = evaluate(note.value, self.scope)
                if isinstance(outer, Ref) and outer.dotted.startswith("dataframely."):
                    self.spot("annotation", note, ast.unparse(note))
        future = isinstance(self.scope.get("annotations"), Ref)
        if future and arguments and arguments[0].arg in CONTEXT and arguments[0].annotation:
            self.spot("future", arguments[0], arguments[0].arg)

    def _parameters(self, arguments: ast.arguments) -> tuple[Parameter, ...]:
        groups = [(arguments.args, "plain")]
        if arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg:
            groups.insert(0, (arguments.posonlyargs, "positional-only"))
            groups.append((arguments.kwonlyargs, "keyword-only"))
            groups.append(([arguments.vararg] if arguments.vararg else [], "*"))
            groups.append(([arguments.kwarg] if arguments.kwarg else [], "**"))
        return tuple(
            [
                Parameter(
                    one.arg,
                    one.lineno,
                    one.col_offset + 1,
                    kind,
                    self._annotation(one.annotation) if one.annotation else None,
                )
                for group, kind in groups
                for one in group
            ]
        )

    def _annotation(self, node: ast.expr) -> Any:
        if type(node) is ast.Attribute:
            if type(node.value) is ast.Name and self.scope.get(node.value.id) == _POLARS:
                return None  # the usual case: pl.LazyFrame
            return evaluate(node, self.scope)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value, mode="eval").body
            except (SyntaxError, ValueError):
                return None
        if isinstance(node, ast.BinOp) or (
            isinstance(node, ast.Name) and node.id not in self.scope
        ):
            return None  # `Resource | None` is no resource for Dagster, nor is a builtin
        if isinstance(node, ast.Subscript):
            last = node.slice.elts[-1] if isinstance(node.slice, ast.Tuple) else node.slice
            last = last.value if isinstance(last, ast.Constant) else None
            return Made(evaluate(node.value, self.scope), [last], {}, node.lineno, 1)
        return evaluate(node, self.scope)

    def _assign(self, node: ast.Assign | ast.AnnAssign, condition: str) -> None:
        value = node.value
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if value is None:
            return
        self.bodies.append(node)
        for target in targets:
            if not isinstance(target, ast.Name):
                self.odd = True
                self._spoil(target, condition)
                continue
            if isinstance(value, ast.Name | ast.Attribute | ast.Constant):
                self._bind(target.id, evaluate(value, self.scope), node, condition)
                continue
            self._bind(target.id, value, node, condition)
            if type(value) is ast.Call or type(value) is ast.List or type(value) is ast.ListComp:
                self._made(target.id, value, condition)
                self.handled.add(id(node))

    def _made(self, name: str, node: ast.expr, condition: str) -> None:
        """Remember the assets that an expression at the top level makes."""
        if isinstance(node, ast.List) and (not node.elts or isinstance(node.elts[0], ast.Constant)):
            return
        if isinstance(node, ast.Call):
            function = node.func.func if isinstance(node.func, ast.Call) else node.func
            found = evaluate(function, self.scope)
            if self.layer and not isinstance(found, Ref) and "asset" in ast.unparse(node).lower():
                self.spot("unresolved", node, f"what {ast.unparse(node)[:40]} makes")
            if isinstance(found, Ref) and found.dotted.partition(".")[0] not in (
                "dagster",
                self.package,
            ):
                if self.layer and self._doubtful(found, function):
                    self.spot("unresolved", node, f"what {found.dotted} makes")
                return
        value = evaluate(node, self.scope)
        items = [item.value for item in value] if isinstance(value, list) else [value]
        for index, made in enumerate(items):
            binding = f"{name}[{index}]" if isinstance(value, list) else name
            if not isinstance(made, Made):
                continue
            inner = made.maker if isinstance(made.maker, Made) else made
            maker = inner.maker
            last = maker.dotted.rpartition(".")[2] if isinstance(maker, Ref) else ""
            if makes_assets(maker):
                argument = made.arguments[0] if made.arguments else None
                own = isinstance(argument, Ref) and argument.dotted.rpartition(".")
                function = self.functions.get(own[2]) if own and own[0] == self.name else None
                if function is None:
                    self.spot("unresolved", node, f"what {last} makes of a function from elsewhere")
                    continue
                notes = [f"it is defined {condition}"] if condition else []
                self.definitions[binding] = Definition(
                    binding,
                    maker,
                    function.name,
                    self._parameters(function.args),
                    inner.keywords,
                    docstring(function),
                    made.line,
                    made.column,
                    tuple(notes),
                )
                self.scope[name] = self.ref(name)
            elif last in SPECS and maker.dotted.startswith("dagster."):
                keywords = {"key": made.arguments[0]} if made.arguments else {}
                notes = [f"it is defined {condition}"] if condition else []
                self.definitions[binding] = Definition(
                    binding,
                    maker,
                    "",
                    (),
                    keywords | made.keywords,
                    None,
                    made.line,
                    made.column,
                    tuple(notes),
                )
                if binding == name:
                    self.scope[name] = self.ref(name)
            elif self._ours(maker):
                words = {"": made.arguments, **made.keywords}
                self.definitions[binding] = Definition(
                    binding, maker, "", (), words, None, made.line, made.column
                )
            elif last in COMPUTED:
                self.spot("unresolved", node, f"what {last} makes")


def docstring(node: ast.FunctionDef) -> str | None:
    """Return a docstring as Dagster shows it: without the indentation of the code."""
    first = node.body[0]
    value = first.value if type(first) is ast.Expr else None
    text = value.value if type(value) is ast.Constant else None
    if not isinstance(text, str) or "\n" not in text:
        return text.strip() if isinstance(text, str) else None
    return without_indentation(text)


def without_indentation(text: str) -> str:
    """Return a docstring without the indentation of the code (from Python 3.13 it has none)."""
    head, *rest = text.expandtabs().split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return "\n".join([head.lstrip(), *(line[margin:].rstrip() for line in rest)]).strip("\n")
