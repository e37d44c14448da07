"""Write the accepted repair of a finding as edits of its file, where that can be done by rule.

A fix is proposed from the finding and the text alone; whether it gives the gradient back is shown
by running it. What cannot be written with confidence is not written.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from tapelint.model import Edit, Finding, Fix, Role, Span

WATCH = re.compile(r"`(?P<tape>[\w.]+)\.watch\((?P<source>[\w.]+)\)`")
TWIN = re.compile(r"use `(?P<twin>[\w.]+)` instead of `(?P<name>[\w.]+)`")
IN_PLACE = {ast.Add: "assign_add", ast.Sub: "assign_sub"}
MAKERS = frozenset({"Variable", "constant", "convert_to_tensor"})
# Keywords that a NumPy function and its twin share.
SHARED = frozenset({"axis", "keepdims"})


def fix_of(finding: Finding, text: str) -> Fix | None:
    """Return the fix of a finding in the file whose text is given, None where there is none."""
    write = FIXES.get(finding.code)
    if write is None:
        return None
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return write(finding, _Text(text, finding.span.path, tree))


def applied(text: str, fix: Fix) -> str:
    """Return the text of a file with the edits of a fix made."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    for edit in sorted(fix.edits, key=lambda edit: edit.span, reverse=True):
        begin = starts[edit.span.line - 1] + edit.span.column - 1
        end = starts[edit.span.end_line - 1] + edit.span.end_column - 1
        text = text[:begin] + edit.replacement + text[end:]
    return text


class _Text:
    """The text of a file, and where its nodes stand."""

    def __init__(self, text: str, path: str, tree: ast.Module) -> None:
        self.lines = text.split("\n")
        self.path = path
        self.tree = tree

    def span(self, node: ast.expr | ast.stmt) -> Span:
        """Return the region of a node, in code points."""
        end_line = node.end_lineno or node.lineno
        return Span(
            self.path,
            node.lineno,
            self._column(node.lineno, node.col_offset),
            end_line,
            self._column(end_line, node.end_col_offset or 0),
        )

    def source(self, node: ast.expr | ast.stmt) -> str:
        """Return what is written at a node."""
        span = self.span(node)
        lines = self.lines[span.line - 1 : span.end_line]
        lines[-1] = lines[-1][: span.end_column - 1]
        lines[0] = lines[0][span.column - 1 :]
        return "\n".join(lines)

    def nodes_at(self, span: Span) -> Iterator[ast.expr | ast.stmt]:
        """Yield the nodes that stand within a span, the outermost first."""
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.expr, ast.stmt)) and hasattr(node, "lineno"):
                own = self.span(node)
                begins = (own.line, own.column) >= (span.line, span.column)
                ends = (own.end_line, own.end_column) <= (span.end_line, span.end_column)
                if begins and ends:
                    yield node

    def _column(self, line: int, offset: int) -> int:
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return len(text.encode()[:offset].decode("utf-8", "ignore")) + 1


def _watch(finding: Finding, text: _Text) -> Fix | None:
    """Insert `tape.watch(x)` as the first statement of the `with` that opens the tape."""
    advice = WATCH.search(finding.help)
    site = _last(finding, Role.TAPE)
    if advice is None or site is None:
        return None
    opened = [
        node
        for node in ast.walk(text.tree)
        if isinstance(node, ast.With)
        and node.lineno < site.line
        and any(_is_name(item.optional_vars, advice["tape"]) for item in node.items)
    ]
    if not opened:
        return None
    first = max(opened, key=lambda node: node.lineno).body[0]
    if first.lineno == opened[-1].lineno or not _stands_alone(first, text):
        return None
    at = text.span(first)
    here = Span(at.path, at.line, at.column, at.line, at.column)
    call = f"{advice['tape']}.watch({advice['source']})"
    indentation = " " * (at.column - 1)
    return Fix(f"watch `{advice['source']}`", (Edit(here, f"{call}\n{indentation}"),), True)


def _stands_alone(node: ast.stmt, text: _Text) -> bool:
    """Whether nothing but blanks stands before a statement on its line."""
    return not text.lines[node.lineno - 1][: text.span(node).column - 1].strip(" ")


def _persistent(finding: Finding, text: _Text) -> Fix | None:
    """Give the tape `persistent=True`."""
    made = next((step.span for step in finding.steps if step.role is Role.TAPE), None)
    for node in text.nodes_at(made) if made else ():
        if isinstance(node, ast.Call) and "Tape" in ast.unparse(node.func):
            if any(keyword.arg in ("persistent", None) for keyword in node.keywords) or node.args:
                return None
            end = text.span(node)
            inside = Span(end.path, end.end_line, end.end_column - 1, end.end_line,
                          end.end_column - 1)  # fmt: skip
            comma = ", " if node.keywords else ""
            return Fix("make the tape persistent", (Edit(inside, f"{comma}persistent=True"),), True)
    return None


def _floating(finding: Finding, text: _Text) -> Fix | None:
    """Write an integer literal as a float, or give a list of them a floating dtype."""
    made = next((step.span for step in finding.steps if step.role is Role.SOURCE), None)
    for node in text.nodes_at(made) if made else ():
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = ast.unparse(node.func)
        root, _, last = name.rpartition(".")
        if last not in MAKERS or len(node.args) > 1:
            continue
        value = node.args[0]
        given = {keyword.arg for keyword in node.keywords}
        if None in given or "dtype" in given:
            return None
        if isinstance(value, ast.Constant) and type(value.value) is int:
            at = text.span(value)
            return Fix("write a float", (Edit(at, f"{text.source(value)}.0"),), False)
        if root and _holds_integers(value):
            at = text.span(value)
            after = Span(at.path, at.end_line, at.end_column, at.end_line, at.end_column)
            edit = Edit(after, f", dtype={root.partition('.')[0]}.float32")
            return Fix("make it `float32`", (edit,), False)
    return None


def _holds_integers(node: ast.expr) -> bool:
    if isinstance(node, (ast.List, ast.Tuple)):
        return bool(node.elts) and all(map(_holds_integers, node.elts))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        return _holds_integers(node.operand)
    return isinstance(node, ast.Constant) and type(node.value) is int


def _in_place(finding: Finding, text: _Text) -> Fix | None:
    """Turn `w = w - d` and `w -= d` into `w.assign_sub(d)`."""
    bound = _last(finding, Role.BREAK)
    if bound is None:
        return None
    for node in ast.walk(text.tree):
        if not isinstance(node, (ast.Assign, ast.AugAssign)):
            continue
        own = text.span(node)
        if own.line <= bound.line <= own.end_line:
            call = _update(node, text)
            # What the advice is about may be a part of what is bound here.
            if call is not None and f"`{call.partition('.assign')[0]}.assign" in finding.help:
                return Fix("update the variable in place", (Edit(own, call),), False)
    return None


def _update(node: ast.Assign | ast.AugAssign, text: _Text) -> str | None:
    if isinstance(node, ast.AugAssign):
        name = IN_PLACE.get(type(node.op))
        if not isinstance(node.target, (ast.Name, ast.Attribute)) or name is None:
            return None
        return f"{text.source(node.target)}.{name}({text.source(node.value)})"
    target = node.targets[0]
    if len(node.targets) != 1 or not isinstance(target, (ast.Name, ast.Attribute)):
        return None
    written = text.source(target)
    match node.value:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right) if (
            text.source(left) == written
        ):
            name = IN_PLACE[type(node.value.op)]
            return f"{written}.{name}({text.source(right)})"
        case ast.Call(func=ast.Attribute(value=holder, attr=name)) if (
            name.startswith("assign") and text.source(holder) == written
        ):
            # The result of `assign_sub` is no variable that a tape would watch.
            return text.source(node.value)
        case _:
            return f"{written}.assign({text.source(node.value)})"


def _twin(finding: Finding, text: _Text) -> Fix | None:
    """Call the TensorFlow twin of a NumPy function, where both are called alike."""
    advice = TWIN.search(finding.help)
    broken = _last(finding, Role.BREAK)
    if advice is None or broken is None or not _has_import_of(text.tree, advice["twin"]):
        return None
    edits = []
    for node in text.nodes_at(broken):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == advice["name"]:
            if len(node.args) != 1 or not {k.arg for k in node.keywords} <= SHARED:
                return None
            edits.append(Edit(text.span(node.func), advice["twin"]))
    if len(edits) != 1:
        return None
    return Fix(f"call `{advice['twin']}`", tuple(edits), False)


def _has_import_of(tree: ast.Module, dotted: str) -> bool:
    """Whether the first part of a dotted name is a module that the file imports as such."""
    root = dotted.partition(".")[0]
    return any(
        (alias.asname or alias.name) == root
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    )


def _last(finding: Finding, role: Role) -> Span | None:
    spans: Sequence[Span] = [step.span for step in finding.steps if step.role is role]
    return spans[-1] if spans else None


def _is_name(node: ast.expr | None, name: str) -> bool:
    return node is not None and ast.unparse(node) == name


FIXES: Mapping[str, Callable[[Finding, _Text], Fix | None]] = {
    "TAP101": _watch,
    "TAP103": _floating,
    "TAP104": _in_place,
    "TAP201": _twin,
    "TAP301": _persistent,
}
