"""Put one break between the source and the target of a gradient call."""

from __future__ import annotations

import ast
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tapelint.model import Span
from tools.sites.calls import METHODS, Site, calls_in, makes_tape, parsed, span_of

# kind -> the rule that is to find it, and the statement, for the value `v`.
VALUES = {
    ".numpy()": ("TAP202", "{v} = {v}.numpy()"),
    "stop_gradient": ("TAP209", "{v} = {tf}.stop_gradient({v})"),
    "int cast": ("TAP203", "{v} = {tf}.cast({tf}.cast({v}, {tf}.int32), {tf}.float32)"),
    "round": ("TAP205", "{v} = {tf}.round({v})"),
    "argmax": ("TAP205", "{v} = {tf}.cast({tf}.argmax({tf}.reshape({v}, [-1])), {tf}.float32)"),
    "np call": ("TAP201", "{v} = {np}.square({v})"),
    "copy": ("TAP207", "{v} = {tf}.constant({np}.array({v}))"),
    "comparison": ("TAP206", "{v} = {tf}.cast({v} > 0.1, {tf}.float32)"),
}
REBINDING = ("TAP104", "{v} = {v} + 0.0")
KINDS = (*VALUES, "rebinding")
# In a graph these raise: there is no value to take out.
EAGER_ONLY = frozenset({".numpy()", "np call", "copy"})
# What people call lists of variables.
MANY = re.compile(r"(vars|variables|weights|params|parameters)(_\w+)?$")
# Keras makes graphs of these.
STEPS = frozenset({"train_step", "test_step", "predict_step"})


@dataclass(frozen=True, slots=True)
class Plant:
    """A file with a break in it. `line` is the line of the break, `site` the call behind it."""

    kind: str
    code: str
    line: int
    path: str
    text: str
    site: Span


@dataclass(frozen=True, slots=True)
class _Place:
    """A line to stand before, its indentation, and the name to cut."""

    line: int
    indent: str
    name: str


def planted(site: Site, kinds: Sequence[str] = KINDS, seed: int = 7) -> Plant | None:
    """Return the file of a call with a break in it, of a kind that the call's place decides.

    None where the way of the value cannot be seen: a target that is made elsewhere, say.
    """
    tree = parsed(site.text)
    calls = calls_in(site.text, tree)
    call = next((c for c in calls if span_of(c, site.path, site.text) == site.span), None)
    if call is None:
        return None
    number = zlib.crc32(f"{seed} {site.path} {site.span.line} {site.span.column}".encode())
    is_graph = _is_in_graph(tree, call)
    for turn in range(len(kinds)):
        kind = kinds[(number + turn) % len(kinds)]
        if is_graph and kind in EAGER_ONLY:
            continue
        places = list(_sources(tree, call) if kind == "rebinding" else _values(tree, call))
        if places:
            place = places[number // len(kinds) % len(places)]
            return _written(site, kind, place)
    return None


def _written(site: Site, kind: str, place: _Place) -> Plant | None:
    code, form = REBINDING if kind == "rebinding" else VALUES[kind]
    tensorflow = _alias(site.text, "tensorflow", "tf")
    lines = site.text.split("\n")
    numpy = _alias(site.text, "numpy", "np")
    statement = form.format(v=place.name, tf=tensorflow or "tf", np=numpy or "np")
    lines.insert(place.line - 1, place.indent + statement)
    missing = [
        f"import {module} as {name}"
        for module, name, known in (("tensorflow", "tf", tensorflow), ("numpy", "np", numpy))
        if not known and f"{name}." in statement
    ]
    start = _first_import(site.text) if missing else 0
    lines[start:start] = missing
    text = "\n".join(lines)
    # The break stands before the call, so the call moves along.
    below = len(missing) + 1
    line = place.line + len(missing)
    moved = Span(site.path, site.span.line + below, site.span.column,
                 site.span.end_line + below, site.span.end_column)  # fmt: skip
    return Plant(kind, code, line, site.path, text, moved) if _still_parses(text) else None


def _still_parses(text: str) -> bool:
    return bool(parsed(text).body)


def _alias(text: str, module: str, usual: str) -> str:
    """Return what a file calls a module, "" where it does not import it."""
    if re.search(rf"^\s*import {module} as {usual}\b", text, re.MULTILINE):
        return usual
    found = re.search(rf"^\s*import {module} as (\w+)", text, re.MULTILINE)
    found = found or re.search(rf"^\s*import ({module})\s*$", text, re.MULTILINE)
    if found:
        return found[1]
    # for: from tensorflow_probability.python.internal.backend import numpy as tf
    return usual if re.search(rf"\bimport .*\bas {usual}\b", text) else ""


def _first_import(text: str) -> int:
    """Return how many lines stand above the first import that is no `__future__`."""
    for statement in parsed(text).body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            continue
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            return statement.lineno - 1
    return 0


# ------------------------------------------------------------------------------ the way of a value


def _values(tree: ast.Module, call: ast.Call) -> Iterator[_Place]:
    """Yield the places below which all that the target is made from is one name.

    Walks the block of the tape backwards, with the names that are needed below.
    """
    block = _block(tree, call)
    target = call.args[0] if call.args else None
    if block is None or not isinstance(target, ast.Name):
        return
    roots = _roots(call)
    body = [s for s in block.body if s.lineno < call.lineno]
    if any(isinstance(s, (ast.With, ast.AsyncWith)) for s in body):
        # What a tape within computes need not be on the way.
        return
    tainted = _tainted(body, roots)
    needed = {target.id}
    for index in reversed(range(len(body))):
        statement = body[index]
        bound = _bound(statement)
        if bound and bound <= needed and len(needed & tainted[index + 1]) == 1:
            (name,) = bound
            if name in tainted[index + 1] and not (needed & roots):
                yield _after(body, index, call, block, name)
        if not isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            if _stores(statement) & needed:
                return
            continue
        if _stores(statement) & needed:
            needed -= bound
            needed |= {n.id for n in ast.walk(statement) if _is_read(n)}


def _after(
    body: Sequence[ast.stmt], index: int, call: ast.Call, block: ast.With, name: str
) -> _Place:
    return _Place((body[index].end_lineno or body[index].lineno) + 1,
                  " " * body[index].col_offset, name)  # fmt: skip


def _is_read(node: ast.AST) -> bool:
    return isinstance(node, ast.Name)


def _bound(statement: ast.stmt) -> set[str]:
    """Return the name that a plain assignment binds."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AugAssign(target=ast.Name(id=name)):
            return {name}
        case _:
            return set()


def _stores(statement: ast.stmt) -> set[str]:
    found = {
        n.id
        for n in ast.walk(statement)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    # self.loss = ..., losses[0] = ..., losses.append(...)
    for node in ast.walk(statement):
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            root: ast.expr = node
            while isinstance(root, (ast.Attribute, ast.Subscript)):
                root = root.value
            if isinstance(root, ast.Name) and (
                isinstance(node.ctx, ast.Store) or isinstance(statement, ast.Expr)
            ):
                found.add(root.id)
    return found


def _tainted(body: Sequence[ast.stmt], roots: set[str]) -> list[set[str]]:
    """Return the names that may depend on the sources, before each statement and at the end."""
    found = [set(roots)]
    for statement in body:
        current = set(found[-1])
        if {n.id for n in ast.walk(statement) if _is_read(n)} & current:
            current |= _stores(statement)
        found.append(current)
    return found


def _roots(call: ast.Call) -> set[str]:
    """Return the names in the sources of a call."""
    sources = call.args[1] if len(call.args) > 1 else None
    for keyword in call.keywords:
        if keyword.arg == "sources":
            sources = keyword.value
    return {n.id for n in ast.walk(sources) if isinstance(n, ast.Name)} if sources else set()


def _block(tree: ast.Module, call: ast.Call) -> ast.With | None:
    """Return the `with` of the tape that is asked: the last one above, or around, the call."""
    assert isinstance(call.func, ast.Attribute)
    name = ast.unparse(call.func.value)
    opened = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.With)
        and node.lineno < call.lineno
        and any(
            item.optional_vars is not None
            and ast.unparse(item.optional_vars) == name
            and makes_tape(item.context_expr)
            for item in node.items
        )
    ]
    found = max(opened, key=lambda node: node.lineno, default=None)
    return found if found and _in_one_function(tree, found, call) else None


def _in_one_function(tree: ast.Module, block: ast.With, call: ast.Call) -> bool:
    return _around(tree, block) == _around(tree, call)


def _around(tree: ast.Module, node: ast.stmt | ast.expr) -> list[ast.AST]:
    """Return the functions around a node."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return [
        f
        for f in ast.walk(tree)
        if isinstance(f, kinds) and f.lineno <= node.lineno <= (f.end_lineno or f.lineno)
    ]


def _is_in_graph(tree: ast.Module, call: ast.Call) -> bool:
    return any(
        isinstance(f, ast.FunctionDef)
        and (f.name in STEPS or any("function" in ast.unparse(d) for d in f.decorator_list))
        for f in _around(tree, call)
    )


def _sources(tree: ast.Module, call: ast.Call) -> Iterator[_Place]:
    """Yield the place above the tape where a source that is a name can be bound anew."""
    block = _block(tree, call)
    sources = call.args[1] if len(call.args) > 1 else None
    if block is None or any(
        isinstance(n, ast.Attribute) and n.attr in ("watch", *METHODS) for n in ast.walk(block)
    ):
        return
    names = sources.elts if isinstance(sources, (ast.List, ast.Tuple)) else [sources]
    used = {
        n.id for statement in block.body for n in ast.walk(statement) if isinstance(n, ast.Name)
    }
    for source in names:
        # Of many variables no sum can be made, and who uses them through a model goes on doing so.
        is_one = isinstance(source, ast.Name) and not MANY.search(source.id)
        if is_one and source.id in used - _stores(block):
            yield _Place(block.lineno, " " * block.col_offset, source.id)
