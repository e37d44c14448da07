"""Run nothing but the statements that lead to a gradient call."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Sequence

from tapelint.verify.worker.programs import Function, Program
from tapelint.verify.worker.slices import binds, cut, enclosing, reads

# In a slice these are real, and everything else is unknown.
REAL_MODULES = frozenset(
    {
        "tensorflow", "keras", "tf_keras", "numpy", "scipy", "math", "cmath", "functools",
        "itertools", "collections", "random", "tensorflow_probability", "typing", "dataclasses",
        "contextlib", "copy", "operator", "string", "enum", "warnings", "abc", "__future__",
    }
)  # fmt: skip


class Sliced(Program):
    """The statements that lead to a gradient call; what they read beyond is unknown."""

    def run(self, line: int) -> None:
        """Run the slice for the gradient call on `line`."""
        functions = [n for n in enclosing(self.tree, line) if isinstance(n, Function)]
        body = functions[-1].body if functions else self.tree.body
        found = cut(body, line)
        statements, free = list(found.statements), set(found.perhaps)
        for outer, inner in reversed(list(itertools.pairwise(functions))):
            # What a function around has computed by then.
            before = cut(outer.body, inner.lineno, needed=free - _parameters(inner))
            statements[:0] = before.statements
            free |= before.perhaps
        for statement in statements:
            _open_scope(statement)
        module = self._outer(free, functions)
        self.execute(module)
        self.supply(free)
        for name in sorted(free):
            if name not in self.names:
                self.names[name] = self.supposed[name] = self.workshop.make(name)
        self.execute(statements)

    def _outer(self, free: set[str], functions: Sequence[Function]) -> list[ast.stmt]:
        """Return the imports of real modules and the constants that a slice reads."""
        parameters = set().union(*map(_parameters, functions))
        kept: list[ast.stmt] = []
        for statement in self.tree.body:
            if not binds(statement) & (free - parameters):
                continue
            if _imports_real(statement) or (
                isinstance(statement, (ast.Assign, ast.AnnAssign)) and not reads(statement)
            ):
                kept.append(statement)
        return kept


def _open_scope(statement: ast.stmt, within: frozenset[str] = frozenset()) -> None:
    """Turn `nonlocal` into `global` where the function around has become the module."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        block = getattr(statement, name, [])
        for index, inner in enumerate(block):
            if isinstance(inner, ast.Nonlocal) and not within.intersection(inner.names):
                block[index] = ast.copy_location(ast.Global(inner.names), inner)
            elif isinstance(inner, Function):
                _open_scope(inner, within | _parameters(inner) | _locals(inner))
            else:
                _open_scope(inner, within)


def _locals(function: Function) -> set[str]:
    """Return the names that a function binds for those that are defined in it."""
    if not any(isinstance(node, Function) for node in function.body):
        return set()
    return set().union(*map(binds, function.body))


def _parameters(function: Function) -> set[str]:
    given = function.args
    return {a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)}


def _imports_real(statement: ast.stmt) -> bool:
    match statement:
        case ast.Import():
            return all(a.name.partition(".")[0] in REAL_MODULES for a in statement.names)
        case ast.ImportFrom(module=str(module), level=0):
            return module.partition(".")[0] in REAL_MODULES
        case _:
            return False
