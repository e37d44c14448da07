"""Cut out of a function what leads to a gradient call, and nothing else.

Works on the syntax tree alone. Names that nothing kept here binds are for the caller to invent.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Slice:
    """Statements in order, and the names they read before anything binds them.

    `perhaps` are those of which that is not sure, and `free`.
    """

    statements: tuple[ast.stmt, ...]
    free: frozenset[str]
    perhaps: frozenset[str]


def enclosing(tree: ast.Module, line: int) -> list[ast.AST]:
    """Return the classes and functions around a line, the outermost first."""
    found: list[ast.AST] = []
    pending: Sequence[ast.AST] = tree.body
    while True:
        inner = next((n for n in pending if _holds(n, line)), None)
        if inner is None:
            return found
        if isinstance(inner, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            found.append(inner)
        pending = [n for n in ast.iter_child_nodes(inner) if isinstance(n, (ast.stmt, _HANDLERS))]


_HANDLERS = (ast.ExceptHandler, ast.match_case)


def _holds(node: ast.AST, line: int) -> bool:
    if isinstance(node, _HANDLERS):
        return any(_holds(statement, line) for statement in node.body)
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    start = min([getattr(node, "lineno", 0), *(d.lineno for d in decorators)])
    end: int = getattr(node, "end_lineno", 0) or 0
    return int(start) <= line <= end


def cut(body: Sequence[ast.stmt], line: int, needed: Collection[str] | None = None) -> Slice:
    """Return the statements of a body that a statement on `line` depends on, and that one.

    Where `needed` is given, those that these names depend on before `line`.
    """
    kept: list[ast.stmt] = []
    is_for_names = needed is not None
    needed = set(needed or ())
    blocks = _blocks(body, line)
    for index, (statements, position) in enumerate(reversed(blocks)):
        statement = statements[position]
        if index == 0 and is_for_names:
            pass
        elif index == 0:
            statement = _plain(statement)
            kept.append(statement)
            needed |= reads(statement)
        else:
            # A loop or branch around: what it binds itself is invented.
            needed -= _bound_by_header(statement)
        for earlier in reversed(statements[:position]):
            bound = binds(earlier)
            is_changed = bool(changes(earlier) & needed)
            if bound & needed or is_changed:
                kept.append(earlier)
                needed -= bound if _always_binds(earlier) else set()
                needed |= reads(earlier)
    kept.reverse()
    return Slice(tuple(kept), frozenset(_free(kept)), frozenset(_perhaps_free(kept)))


def _blocks(body: Sequence[ast.stmt], line: int) -> list[tuple[Sequence[ast.stmt], int]]:
    """Return the chain of blocks that lead to a line, with the position in each.

    A `with` is opened only where it is no tape: the block of a tape is kept whole.
    """
    chain: list[tuple[Sequence[ast.stmt], int]] = []
    current: Sequence[ast.stmt] = body
    while True:
        position = next((i for i, s in enumerate(current) if _holds(s, line)), None)
        if position is None:
            return chain
        chain.append((current, position))
        statement = current[position]
        if isinstance(statement, (ast.With, ast.AsyncWith)) and _opens_tape(statement):
            return chain
        inner = next((b for b in _bodies(statement) if any(_holds(s, line) for s in b)), None)
        if inner is None:
            return chain
        current = inner


def _bodies(statement: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return
    for name in ("body", "orelse", "finalbody"):
        if block := getattr(statement, name, None):
            yield block
    for handler in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
        yield handler.body


def _opens_tape(statement: ast.With | ast.AsyncWith) -> bool:
    return any("Tape" in ast.unparse(item.context_expr) for item in statement.items)


def _plain(statement: ast.stmt) -> ast.stmt:
    """Turn `return f(x)` into `f(x)`: a slice stands in no function."""
    if isinstance(statement, ast.Return):
        value = statement.value or ast.Constant(None)
        return ast.copy_location(ast.Expr(value), statement)
    return statement


def reads(node: ast.AST) -> set[str]:
    """Return the names that a statement reads, those of nested functions included."""
    return {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    } | {n.target.id for n in ast.walk(node) if _is_augmented(n)}  # type: ignore[attr-defined]


def _is_augmented(node: ast.AST) -> bool:
    return isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)


def binds(statement: ast.AST) -> set[str]:
    """Return the names that a statement gives a value."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    found: set[str] = set()
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found.add(node.name)
                continue
            case ast.Lambda():
                continue
            case ast.Name(ctx=ast.Store()):
                found.add(node.id)
            case ast.alias():
                found.add((node.asname or node.name).partition(".")[0])
            case ast.ExceptHandler(name=str(name)):
                found.add(name)
            case _:
                pass
        pending.extend(ast.iter_child_nodes(node))
    return found


def changes(statement: ast.stmt) -> set[str]:
    """Return the names whose objects a statement may change: `losses.append(x)`, `a[0] = x`."""
    found: set[str] = set()
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        # layer(x): builds the layer.
        found.add(_root(statement.value.func))
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found.add(_root(node.func))
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
            found.add(_root(node))
    return found - {""}


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _always_binds(statement: ast.stmt) -> bool:
    return isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom))


def _bound_by_header(statement: ast.stmt) -> set[str]:
    """Return what `for x in it:` or `with f() as x:` binds before its block."""
    match statement:
        case ast.For() | ast.AsyncFor():
            return binds(statement.target)
        case ast.With() | ast.AsyncWith():
            targets = [item.optional_vars for item in statement.items if item.optional_vars]
            return set().union(*map(binds, targets))
        case _:
            return set()


def _free(statements: Sequence[ast.stmt]) -> set[str]:
    """Return the names that are read before they are bound."""
    bound: set[str] = set()
    free: set[str] = set()
    for statement in statements:
        inner = _inner_names(statement)
        free |= reads(statement) - bound - inner
        # A statement may read what it binds only afterwards: `x = x + 1`.
        free |= {name for name in _read_first(statement) if name not in bound}
        bound |= binds(statement)
    return {name for name in free if not hasattr(builtins, name)}


def _perhaps_free(statements: Sequence[ast.stmt]) -> set[str]:
    """Return the names that are read and that no whole statement binds before.

    A branch may bind a name that it reads first, and a function one that is its own.
    """
    bound: set[str] = set()
    free: set[str] = set()
    for statement in statements:
        free |= reads(statement) - bound
        bound |= binds(statement)
    return {name for name in free if not hasattr(builtins, name)}


def _inner_names(statement: ast.stmt) -> set[str]:
    """Return what a compound statement binds within itself, parameters included."""
    found = set() if isinstance(statement, (ast.Assign, ast.AugAssign)) else binds(statement)
    for node in ast.walk(statement):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.comprehension):
            found |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    found.add(inner.id)
    return found


def _read_first(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.Assign):
        local = {
            n.id
            for c in ast.walk(statement.value)
            if isinstance(c, ast.comprehension)
            for n in ast.walk(c.target)
            if isinstance(n, ast.Name)
        }
        parameters = {n.arg for n in ast.walk(statement.value) if isinstance(n, ast.arg)}
        return reads(statement.value) - local - parameters
    return set()
