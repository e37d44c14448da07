"""Where files ask a tape for a gradient."""

from __future__ import annotations

import ast
import contextlib
import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tapelint.model import Span
from tapelint.source.read import Unreadable, read

METHODS = frozenset({"gradient", "jacobian", "batch_jacobian"})


@dataclass(frozen=True, slots=True)
class Site:
    """One gradient call: the file it stands in, and its place there."""

    path: str
    text: str
    span: Span


def sites_of(paths: Sequence[Path]) -> Iterator[Site]:
    """Yield the gradient calls of files and of what folders hold, in order."""
    for path in files_of(paths):
        text = text_of(path)
        # A notebook is run as the script it becomes.
        shown = str(path.resolve().with_suffix(".py"))
        for call in calls_in(text):
            yield Site(shown, text, span_of(call, shown, text))


def files_of(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield scripts and notebooks below some paths."""
    for path in paths:
        if path.is_file():
            yield path
        else:
            found = [*path.rglob("*.py"), *path.rglob("*.ipynb")]
            yield from sorted(file for file in found if file.is_file())


def text_of(path: Path) -> str:
    """Return the code of a script or a notebook, "" where there is none that can be read."""
    if path.suffix == ".ipynb":
        return _of_notebook(path)
    try:
        text = read(path, str(path)).text
    except Unreadable:
        return ""
    return text if "Tape" in text else ""


def _of_notebook(path: Path) -> str:
    """Join the cells of code; what only IPython understands becomes a comment."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8")).get("cells", [])
    except (OSError, ValueError, AttributeError):
        return ""
    kept: list[str] = []
    for cell in cells:
        if cell.get("cell_type") != "code":
            continue
        lines = "".join(cell.get("source", [])).split("\n")
        if lines[0].startswith("%%"):
            continue
        text = "\n".join(_plain(line) for line in lines)
        with warnings.catch_warnings(), contextlib.suppress(SyntaxError):
            warnings.simplefilter("ignore")
            ast.parse(text)
            kept.append(text)
    return "\n\n".join(kept) + "\n"


def _plain(line: str) -> str:
    """Turn `!pip install x` into `pass  # !pip install x`: it may be all that a block holds."""
    stripped = line.lstrip()
    indent = line[: len(line) - len(stripped)]
    return f"{indent}pass  # {stripped}" if stripped.startswith(("!", "%")) else line


def calls_in(text: str, tree: ast.Module | None = None) -> list[ast.Call]:
    """Return the calls that ask a tape, in the order of the text; `tree` is what it parses to."""
    tree = tree or parsed(text)
    tapes = {name for node in ast.walk(tree) for name in _tapes(node)}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _asks(node, tapes)]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def parsed(text: str) -> ast.Module:
    """Parse a text; one that is no Python has no calls."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ast.Module([], [])


def _tapes(node: ast.AST) -> Iterator[str]:
    """Yield what a statement calls a new tape."""
    match node:
        case ast.With() | ast.AsyncWith():
            for item in node.items:
                if item.optional_vars is not None and makes_tape(item.context_expr):
                    yield ast.unparse(item.optional_vars)
        case ast.Assign() if makes_tape(node.value):
            yield from map(ast.unparse, node.targets)
        case _:
            pass


def makes_tape(node: ast.expr) -> bool:
    """Tell whether an expression makes a tape."""
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("GradientTape")


def _asks(node: ast.Call, tapes: set[str]) -> bool:
    function = node.func
    if not isinstance(function, ast.Attribute) or function.attr not in METHODS:
        return False
    return ast.unparse(function.value) in tapes and len(node.args) + len(node.keywords) > 1


def span_of(node: ast.expr, shown: str, text: str) -> Span:
    """Return the place of an expression; `ast` counts bytes, a span counts characters."""
    lines = text.split("\n")
    end_line = node.end_lineno or node.lineno
    return Span(
        shown,
        node.lineno,
        _column(lines[node.lineno - 1], node.col_offset),
        end_line,
        _column(lines[end_line - 1], node.end_col_offset or 0),
    )


def _column(line: str, offset: int) -> int:
    return len(line.encode()[:offset].decode("utf-8", "ignore")) + 1
