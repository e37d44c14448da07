"""Branches that were taken because something unknown was guessed to be true, or false."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

Line = tuple[str, int]
Lines = tuple[str, int, int]


def ranges(guesses: Iterable[Line], trees: dict[str, ast.Module]) -> Iterator[Lines]:
    """Yield the lines that ran, or did not, because of what the tests on some lines were taken for."""
    for file, line in guesses:
        tree = trees.get(file)
        if tree is None:
            continue
        yield file, line, line
        for node in ast.walk(tree):
            if isinstance(node, (ast.If, ast.While)) and _stands_at(node.test, line):
                yield file, node.lineno, node.end_lineno or node.lineno


def _stands_at(test: ast.expr, line: int) -> bool:
    return test.lineno <= line <= (test.end_lineno or test.lineno)
