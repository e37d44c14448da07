"""Where a file's functions begin and end, by the standard library's `ast` (fast), without LibCST."""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

INDENTATION = re.compile(r"[ \t\f]*")


@dataclass(frozen=True, slots=True)
class Definition:
    """A function that stands in no other function. Lines count from 1.

    `first_line` is that of its first decorator, `line` that of its `def`; `indentation` is the
    white space before it, as written.
    """

    name: str
    first_line: int
    line: int
    last_line: int
    indentation: str
    has_decorators: bool
    # A default names what may be bound anew: `def loss(w=w)`. Not: `dtype=tf.float32`, `kind=int`.
    has_early_defaults: bool = False


def outline(text: str) -> tuple[Definition, ...] | None:
    """List the functions of a file in order, or return None where `ast` cannot read it.

    Raises RecursionError or MemoryError where the code is nested deeper than Python can compile.
    """
    try:
        tree = parse(text)
    except (SyntaxError, ValueError):
        return None
    return definitions(tree, text.split("\n"))


def parse(text: str) -> ast.Module:
    """Parse without a word about deprecated escapes, which are the user's and not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def definitions(tree: ast.Module, lines: list[str]) -> tuple[Definition, ...]:
    """List the functions of a parsed file in order."""
    found = []
    # A stack and no recursion: a chain of `elif` nests as deep as it is long.
    pending: list[ast.AST] = list(reversed(tree.body))
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(_definition(node, lines))
        elif not isinstance(node, ast.expr):
            pending.extend(reversed(list(_statements(node))))
    return tuple(found)


def _definition(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> Definition:
    # A decorator's expression may begin below its `@`: `@(` and a line break.
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    while node.decorator_list and not lines[first - 1].lstrip(" \t\f").startswith("@"):
        first -= 1
    indentation = INDENTATION.match(lines[first - 1])
    return Definition(
        name=node.name,
        first_line=first,
        line=node.lineno,
        last_line=node.end_lineno or node.lineno,
        indentation=indentation[0] if indentation else "",
        has_decorators=bool(node.decorator_list),
        has_early_defaults=any(
            _is_early(default)
            for default in (*node.args.defaults, *node.args.kw_defaults)
            if default is not None
        ),
    )


def _is_early(default: ast.expr) -> bool:
    roots = [node.value for node in ast.walk(default) if isinstance(node, ast.Attribute)]
    return any(
        isinstance(node, ast.Name) and node not in roots and not hasattr(builtins, node.id)
        for node in ast.walk(default)
    )


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements of a compound statement, with handlers and cases as they stand."""
    for field in ("body", "handlers", "cases", "orelse", "finalbody"):
        part = getattr(node, field, None)
        if isinstance(part, list):
            yield from part


def is_deeper_than(tree: ast.AST, levels: int) -> bool:
    """Whether the tree has more levels; without recursion."""
    level: list[ast.AST] = [tree]
    for _ in range(levels):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True
