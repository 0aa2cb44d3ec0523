"""Read one module as Python runs it: its statements in order, then the bodies of its functions.

The statements say what names stand for, and which functions are assets. `expressions` looks at
the expressions in them. `_READS`, at the end, says which method reads which type of statement.
"""

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .building import Body, ModuleBuilder, Scope
from .definitions import FunctionReader, spec_definition
from .expressions import ExpressionReader
from .imports import ImportedName, base_of, names_of_import, names_of_import_from
from .module import Function, Import, Kind, Meaning, Module, dotted_name, maker_of


class _Block(NamedTuple):
    """Statements that run one after the other."""

    statements: Iterator[ast.AST]
    scope: Scope
    condition: ast.AST | None  # what decides whether they run
    guarded: bool  # within a try statement


def read_module(tree: ast.Module, name: str, path: str, package: str) -> Module:
    """Return what a module says.

    Args:
        tree: The parsed file.
        name: Its dotted name, `shop.defs.silver.orders`.
        path: Its path relative to the project's root, with slashes.
        package: The project's package, `shop`.
    """
    module = ModuleBuilder(name, path, package)
    reader = _StatementReader(module)
    reader.read(tree.body, Scope(module.names, is_module=True))
    while module.bodies:
        body = module.bodies.popleft()
        reader.read(body.nodes, Scope(body.around.names, body.owner))
    return module.build()


class _StatementReader:
    """Reads the statements of one module."""

    def __init__(self, module: ModuleBuilder):
        self._module = module
        self._expressions = ExpressionReader(module)
        self._functions = FunctionReader(module.path, module.names, module.observations)
        self._blocks: list[_Block] = []  # those that are being read, the innermost last

    def read(self, nodes: list[ast.AST], scope: Scope) -> None:
        """Read statements in order, and those in their blocks where they stand."""
        self._blocks.append(_Block(iter(nodes), scope, None, guarded=False))
        while self._blocks:
            self._block = self._blocks[-1]
            self._scope = self._block.scope
            for statement in self._block.statements:
                read = _READS.get(type(statement), _StatementReader._other)
                read(self, statement)
                if self._blocks[-1] is not self._block:  # it has blocks of its own: they come next
                    break
            else:
                self._blocks.pop()

    def _enter(self, *blocks: _Block) -> None:
        """Read some blocks next, the first of them first."""
        self._blocks += reversed(blocks)

    def _perhaps(self, node: ast.stmt, statements: list[ast.stmt]) -> _Block:
        """Return a block of a statement that decides whether it runs."""
        condition = self._block.condition or node
        return _Block(iter(statements), self._scope, condition, self._block.guarded)

    def _look(self, *nodes: ast.AST | None) -> None:
        """Look at the expressions in some nodes."""
        self._expressions.look(self._scope, *nodes)

    def _other(self, node: ast.AST) -> None:
        self._look(node)

    # Statements that hold others ---------------------------------------------------------------

    def _branch(self, node: ast.If | ast.While) -> None:
        self._look(node.test)
        self._enter(self._perhaps(node, node.body), self._perhaps(node, node.orelse))

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self._look(node.iter, node.target)
        self._enter(self._perhaps(node, node.body), self._perhaps(node, node.orelse))

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        self._look(*node.items)
        self._enter(self._perhaps(node, node.body))

    def _match(self, node: ast.Match) -> None:
        self._look(node.subject)
        for case in node.cases:
            self._look(case.pattern, case.guard)
        self._enter(*(self._perhaps(node, case.body) for case in node.cases))

    def _try(self, node: ast.Try) -> None:
        condition = self._block.condition
        blocks = [_Block(iter(node.body), self._scope, condition, guarded=True)]
        for handler in node.handlers:
            self._look(handler.type)
            if handler.name and self._scope.is_module:
                self._module.forget(handler.name)
            blocks.append(_Block(iter(handler.body), self._scope, handler, guarded=True))
        blocks.append(_Block(iter(node.orelse), self._scope, condition or node, guarded=True))
        guarded = self._block.guarded  # what fails in `finally` is not caught here
        blocks.append(_Block(iter(node.finalbody), self._scope, condition, guarded))
        self._enter(*blocks)

    def _class(self, node: ast.ClassDef) -> None:
        self._look(*node.decorator_list)
        scope = self._scope
        if scope.is_module:
            self._bind(node.name, f"{self._module.name}.{node.name}")
            self._module.classes[node.name] = node.bases
            scope = Scope(self._module.names, node.name)
        nodes = iter([*node.bases, *node.keywords, *node.body])
        self._enter(_Block(nodes, scope, self._block.condition, self._block.guarded))

    # Imports -----------------------------------------------------------------------------------

    def _import(self, node: ast.Import) -> None:
        for name in names_of_import(node):
            self._bind_import(node, name)

    def _import_from(self, node: ast.ImportFrom) -> None:
        is_package = self._module.path.endswith("/__init__.py")
        base = base_of(node, self._module.name, is_package)
        if base is None:
            written = "." * node.level + (node.module or "")
            self._module.observe(Kind.OUTSIDE_IMPORT, node, written)
            return
        if node.names[0].name == "*":
            self._module.open = True
            self._module.unresolved(node, f"what `from {base} import *` brings")
        for name in names_of_import_from(node, base):
            self._bind_import(node, name)

    def _bind_import(self, node: ast.Import | ast.ImportFrom, name: ImportedName) -> None:
        """Give an imported name its meaning; remember imports of the project, and of pandas."""
        if self._scope.is_module:
            self._bind(name.binding, name.meaning)
        else:
            self._scope.names = {**self._scope.names, name.binding: name.meaning}
            self._module.used.add(name.binding)
        root = name.dotted.partition(".")[0]
        if root == "pandas" or (root == self._module.package and name.dotted != root):
            place = (node.lineno, node.col_offset + 1)
            found = Import(name.dotted, name.binding, *place, self._block.guarded)
            self._module.imports.append(found)

    # Functions ---------------------------------------------------------------------------------

    def _function(self, node: Function) -> None:
        if self._scope.is_module:
            self._module_function(node)
        else:
            self._look(*node.decorator_list)
        defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        owner = self._scope.owner or node.name
        self._module.bodies.append(Body([*defaults, *node.body], owner, self._scope))

    def _module_function(self, node: Function) -> None:
        """Read a function that other files can import: it may be an asset."""
        maker, maker_decorator, others = None, None, []
        for decorator in node.decorator_list:
            function = decorator.func if type(decorator) is ast.Call else decorator
            dagsters = maker_of(dotted_name(function, self._module.names))
            if dagsters:
                maker, maker_decorator = dagsters, decorator
            else:
                others.append(decorator)
        self._bind(node.name, f"{self._module.name}.{node.name}")
        if node.name == "__getattr__" and not self._module.is_polsters:  # Polster's lists its names
            self._module.open = True
        self._look(*others)
        if maker and maker_decorator:
            unresolved = [f"{ast.unparse(other)} decorates it as well" for other in others]
            unresolved += self._conditions()
            definition = self._functions.read(maker, node, maker_decorator, unresolved)
            self._module.define(node.name, definition)
            return
        for decorator in others:
            self._expressions.may_make_assets(decorator)

    # Values ------------------------------------------------------------------------------------

    def _expression(self, node: ast.Expr) -> None:
        self._look_at_value(node.value)

    def _augmented_assign(self, node: ast.AugAssign) -> None:
        self._look(node.target)
        self._look_at_value(node.value)

    def _assign(self, node: ast.Assign | ast.AnnAssign) -> None:
        targets = node.targets if type(node) is ast.Assign else [node.target]
        value = node.value
        if value is None or not self._scope.is_module:  # `name: type` alone binds nothing
            self._look(value, *targets)
            return
        if self._declares_sources(value, targets):
            return
        meaning = self._meaning(value)
        if type(meaning) is not str:  # `table = dg.asset` makes no asset yet
            self._look_at_value(value)
        for target in targets:
            if type(target) is ast.Name:
                self._bind(target.id, meaning)
            else:
                self._look(target)

    def _look_at_value(self, value: ast.expr) -> None:
        if self._scope.is_module:
            self._expressions.look_at_value(self._scope, value)
        else:
            self._look(value)

    def _declares_sources(self, value: ast.expr, targets: list[ast.expr]) -> bool:
        """Remember `name = AssetSpec(...)` as a source; tell whether it was one."""
        if type(value) is not ast.Call or not all(type(target) is ast.Name for target in targets):
            return False
        if maker_of(dotted_name(value.func, self._module.names)) != "AssetSpec":
            return False
        for target in targets:
            self._bind(target.id, f"{self._module.name}.{target.id}")
            self._module.define(target.id, spec_definition(value, self._conditions()))
        return True

    def _meaning(self, value: ast.expr) -> Meaning:
        """Return what a name stands for that is given a value."""
        dotted = dotted_name(value, self._module.names)
        if dotted:
            return dotted
        return self._module.names.get(value.id) if type(value) is ast.Name else value

    def _global(self, node: ast.Global) -> None:
        for name in node.names:
            self._module.names[name] = None

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if type(target) is ast.Name and self._scope.is_module:
                self._module.delete(target.id, self._conditions("deleted"))
            elif type(target) in (ast.Tuple, ast.List):
                self._delete(ast.Delete(target.elts))
            else:
                self._look(target)

    def _bind(self, name: str, meaning: Meaning) -> None:
        self._module.bind(name, meaning, self._block.condition)

    def _conditions(self, what: str = "defined") -> list[str]:
        """Say under which condition the statement at hand runs, by which something is `what`."""
        condition = self._block.condition
        if condition is None:
            return []
        if type(condition) is ast.ExceptHandler:
            return [f"it is {what} in an except"]
        first_line = ast.unparse(condition).partition("\n")[0]
        return [f"it is {what} under {first_line!r}"]


# How a statement is read; of any other, only its expressions are.
_READS: dict[type, Callable[[_StatementReader, ast.AST], None]] = {
    ast.Import: _StatementReader._import,
    ast.ImportFrom: _StatementReader._import_from,
    ast.FunctionDef: _StatementReader._function,
    ast.AsyncFunctionDef: _StatementReader._function,
    ast.ClassDef: _StatementReader._class,
    ast.Expr: _StatementReader._expression,
    ast.Assign: _StatementReader._assign,
    ast.AnnAssign: _StatementReader._assign,
    ast.AugAssign: _StatementReader._augmented_assign,
    ast.Global: _StatementReader._global,
    ast.Delete: _StatementReader._delete,
    ast.If: _StatementReader._branch,
    ast.While: _StatementReader._branch,
    ast.For: _StatementReader._for,
    ast.AsyncFor: _StatementReader._for,
    ast.With: _StatementReader._with,
    ast.AsyncWith: _StatementReader._with,
    ast.Match: _StatementReader._match,
    ast.Try: _StatementReader._try,
    ast.TryStar: _StatementReader._try,
}
