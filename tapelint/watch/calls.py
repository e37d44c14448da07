"""The gradient call in the text: where it stands, what its sources are called, who expects None."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tapelint.model import Span
from tapelint.verify.claims import METHODS, written
from tapelint.watch.sightings import Site

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it is written; `sources` are empty where it is no gradient call itself."""

    span: Span
    sources: tuple[str, ...]
    expects_none: bool


def call_of(site: Site, shown: str, text: str) -> Call:
    """Return what the text says of a site."""
    lines = text.split("\n")
    line = site.frames[0][1]
    tree = _parsed(text)
    node = _node(tree, site) if tree is not None else None
    if tree is None or node is None:
        length = len(lines[line - 1]) if line <= len(lines) else 0
        indent = length - len(lines[line - 1].lstrip()) if length else 0
        return Call(Span(shown, line, indent + 1, line, length + 1), (), False)
    return Call(_span(node, shown, lines), written(node), _expects_none(tree, node))


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _node(tree: ast.Module, site: Site) -> ast.Call | None:
    line = site.frames[0][1]
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in METHODS
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    if site.position is not None:
        exact = [n for n in found if (n.lineno, n.col_offset) == site.position[:2]]
        return exact[0] if exact else None
    return found[0] if len(found) == 1 else None


def _span(node: ast.expr, shown: str, lines: list[str]) -> Span:
    end = node.end_lineno or node.lineno
    first, last = lines[node.lineno - 1], lines[end - 1]
    return Span(
        shown,
        node.lineno,
        _column(first, node.col_offset),
        end,
        _column(last, node.end_col_offset or 0),
    )


def _column(line: str, count: int) -> int:
    """Turn a number of bytes into a column, which counts code points from 1."""
    return len(line.encode()[:count].decode("utf-8", "replace")) + 1


def _expects_none(tree: ast.Module, call: ast.Call) -> bool:
    """Tell whether the code behind a call compares what it gave, or parts of it, with None."""
    scope = _scope(tree, call)
    names = _names_of_result(scope, call)
    for node in ast.walk(scope):
        match node:
            case ast.For() | ast.comprehension() if names & _names(node.iter):
                names |= _names(node.target)
            case _:
                pass
    for node in ast.walk(scope):
        match node:
            case ast.Compare(ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]):
                if names & _names(node.left) or call in ast.walk(node.left):
                    return True
            case _:
                pass
    return False


def _scope(tree: ast.Module, call: ast.Call) -> ast.AST:
    found: ast.AST = tree
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and call in ast.walk(node):
            found = node  # `walk` goes outside in: the last one is the innermost
    return found


def _names_of_result(scope: ast.AST, call: ast.Call) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(scope):
        match node:
            case ast.Assign(targets=targets) if call in ast.walk(node.value):
                names |= {name for target in targets for name in _names(target)}
            case ast.NamedExpr() | ast.AnnAssign() if node.value and call in ast.walk(node.value):
                names |= _names(node.target)
            case ast.For() | ast.comprehension() if call in ast.walk(node.iter):
                names |= _names(node.target)
            case _:
                pass
    return names


def _names(node: ast.AST) -> set[str]:
    return set(_named(node))


def _named(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
