"""What a program itself gives the parameters of a function, where it calls that function.

Such an argument is no guess: the model, the loss or the optimizer of the script. Works on the syntax
tree alone. Where two calls give different things nobody knows which one a finding is about.
"""

from __future__ import annotations

import ast
import copy
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tapelint.verify.worker.slices import Function, binds, cut, reads

# So many functions pass a parameter on.
MOST_STEPS = 4


@dataclass(frozen=True, slots=True)
class Given:
    """An expression that the module can evaluate, after some statements of a function."""

    before: tuple[ast.stmt, ...]
    expression: ast.expr

    @property
    def names(self) -> set[str]:
        """The names it needs from the module."""
        bound = set().union(*map(binds, self.before))
        return set().union(*map(reads, self.before), reads(self.expression) - bound)


class Arguments:
    """Knows the calls of one module, by the last part of what they call."""

    def __init__(self, tree: ast.Module) -> None:
        self.calls: defaultdict[str, list[tuple[ast.Call, list[Function]]]] = defaultdict(list)
        self._collect(tree, [])

    def _collect(self, node: ast.AST, around: list[Function]) -> None:
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.Call):
                name = getattr(inner.func, "id", getattr(inner.func, "attr", ""))
                self.calls[name].append((inner, around))
            self._collect(inner, [*around, inner] if isinstance(inner, Function) else around)

    def of(self, function: Function, name: str, called: str = "", steps: int = 0) -> Given | None:
        """Return what calls of `called` (else of the function) give a parameter, if all agree."""
        if steps > MOST_STEPS:
            return None
        found: dict[str, Given] = {}
        for call, around in self.calls[called or function.name]:
            if function in around:
                continue
            expression = _passed(function, call, name)
            given = self._outside(expression, call, around, steps) if expression else None
            if given is not None:
                found[ast.unparse([*given.before, ast.Expr(given.expression)])] = given  # type: ignore[arg-type]
        return next(iter(found.values())) if len(found) == 1 else None

    def _outside(
        self, expression: ast.expr, call: ast.Call, around: Sequence[Function], steps: int
    ) -> Given | None:
        """Say what an argument is in terms of the module."""
        if not around:
            return Given((), copy.deepcopy(expression))
        function = around[-1]
        names = reads(expression)
        if not names & set().union(*map(_own, around)):
            return Given((), copy.deepcopy(expression))
        if len(around) > 1:
            return None
        stored = set().union(*map(binds, function.body))
        if isinstance(expression, ast.Name) and expression.id not in stored:
            return self.of(function, expression.id, steps=steps + 1)
        # model = Net(); train(model)
        before = cut(function.body, call.lineno, needed=names)
        kinds = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom)
        is_plain = all(isinstance(s, kinds) for s in before.statements)
        unbound = before.perhaps | names.difference(*map(binds, before.statements))
        if not is_plain or unbound & _own(function):
            return None
        return Given(copy.deepcopy(before.statements), copy.deepcopy(expression))


def _parameters(function: Function) -> set[str]:
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return {argument.arg for argument in every if argument is not None}


def _own(function: Function) -> set[str]:
    """Return the names that a function has for itself."""
    return _parameters(function).union(*map(binds, function.body))


def _passed(function: Function, call: ast.Call, name: str) -> ast.expr | None:
    """Return what a call gives for a parameter."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    order = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    if order[:1] in (["self"], ["cls"]):
        order = order[1:]
    if name not in order or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    position = order.index(name)
    return call.args[position] if position < len(call.args) else None
