"""Updates that change nothing: `v = v - rate * g` under a name that nobody reads after it.

The name of a loop is bound anew in every turn, that of a parameter ends with its function. That the
value is an update is known from the run; that nobody reads it is read off the text, for all paths.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tapelint.analysis.ir import Place
from tapelint.analysis.literals import mentions
from tapelint.analysis.observations import Misuse, UpdateMisused
from tapelint.analysis.updates import gradients_in
from tapelint.analysis.values import Data, Value, VariableValue, options_of

if TYPE_CHECKING:
    from tapelint.analysis.machine import Machine

SUMS = frozenset({"+", "-", "tf.add", "tf.subtract", "keras.ops.add", "keras.ops.subtract"})
# What reads names that stand nowhere.
EVALUATORS = ("eval", "exec", "locals", "globals", "vars")
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Position = tuple[int, int]


def note(machine: Machine, old: Value | None, value: Value, name: str, at: Place) -> None:
    """Note a name that held a variable and now holds what an update by its own gradient gives."""
    if old is None or not isinstance(value, Data) or value.node.op not in SUMS:
        return
    variables = {v.node for v in options_of(old) if isinstance(v, VariableValue)}
    terms = [v for _, term in value.node.operands for v in options_of(term)]
    is_update = any(isinstance(t, VariableValue) and t.node in variables for t in terms)
    if is_update and any(n.gradient_of in variables for n in gradients_in(value)):
        machine.lost_updates.setdefault(at, name)


def observe(machine: Machine) -> None:
    """Report, at the end of the program, the updates that no code can read."""
    for place, name in machine.lost_updates.items():
        if is_dead(place, name):
            machine.observe(UpdateMisused(place, Misuse.UPDATE_LOST, (name,)))


def is_dead(place: Place, name: str) -> bool:
    """Whether nothing in the file can read a name after the statement that binds it."""
    text = place.file_text()
    if mentions(text, EVALUATORS):
        return False
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    span = place.span()
    around = list(enclosing(tree, (span.line, span.column - 1)))
    scopes = [node for node in around if isinstance(node, (ast.Module, *FUNCTIONS))]
    if not scopes:
        return False
    scope = scopes[-1]
    loops = [n for n in around[around.index(scope) :] if isinstance(n, LOOPS)]
    loop = loops[-1] if loops else None
    if loop is not None and not binds(loop, name):
        return False
    if isinstance(scope, ast.Module) and loop is None:
        # Whoever imports the module may read it.
        return False
    if declares(scope, name):
        return False
    start = (loop.lineno, loop.col_offset) if loop is not None else (0, 0)
    end = (span.end_line, span.end_column - 1)
    return all(
        start <= (found.lineno, found.col_offset) < end for found in reads(scope, name, loop)
    )


def enclosing(tree: ast.AST, position: Position) -> Iterator[ast.AST]:
    """Yield the nodes around a position, the outermost first."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case | ast.Lambda):
            continue
        first = child.body[0] if isinstance(child, ast.match_case) else child
        last = child.body[-1] if isinstance(child, ast.match_case) else child
        begin = (first.lineno, first.col_offset)
        end = (last.end_lineno or last.lineno, last.end_col_offset or 0)
        if begin <= position < end:
            yield from enclosing(child, position)


def reads(node: ast.AST, name: str, around: ast.AST | None) -> Iterator[ast.Name]:
    """Yield where a name is read that other code did not just bind: `around` is its own loop."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Name):
            if child.id == name and isinstance(child.ctx, ast.Load):
                yield child
        elif (
            isinstance(child, ast.For | ast.AsyncFor) and child is not around and binds(child, name)
        ):
            yield from reads(ast.Expr(child.iter), name, around)
            yield from reads(ast.Module(child.orelse, []), name, around)
        elif isinstance(child, COMPREHENSIONS) and any(
            stores(g.target, name) for g in child.generators
        ):
            yield from reads(ast.Expr(child.generators[0].iter), name, around)
        elif not isinstance(child, FUNCTIONS) or not is_local(child, name):
            yield from reads(child, name, around)


def binds(loop: ast.AST, name: str) -> bool:
    """Whether every turn of a loop binds the name."""
    return isinstance(loop, ast.For | ast.AsyncFor) and stores(loop.target, name)


def stores(target: ast.AST, name: str) -> bool:
    return any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)
        for n in ast.walk(target)
    )


def is_local(function: Function, name: str) -> bool:
    """Whether a function inside has a parameter or a name of its own that is called so."""
    given = function.args
    parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    if any(p is not None and p.arg == name for p in parameters):
        return True
    return stores(function, name) and not declares(function, name)


def declares(scope: ast.AST, name: str) -> bool:
    """Whether a name of the scope is one of another scope."""
    return any(
        isinstance(n, ast.Global | ast.Nonlocal) and name in n.names for n in ast.walk(scope)
    )
