"""Places in a user's file, as cheap as they are many: positions are worked out when asked for.

A chunk is the part of a file that LibCST has parsed in one go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from tapelint.analysis.stack import with_large_stack
from tapelint.model import Span

# A line feed after a form feed is a blank line; code after one begins at the margin again.
FORM_FEEDS = re.compile(r"^[ \t\f]*\f(?=[^\n])", re.MULTILINE)
UP_TO_COMMENT = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^#])*""")


class File:
    """A user's file: its path and text, and the same text as the parsers get it."""

    __slots__ = ("lines", "parsed_lines", "path", "removed")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.lines = text.split("\n")
        self.parsed_lines = self.lines
        self.removed: Mapping[int, int] = {}
        # LibCST loses form feeds before code, or refuses them.
        if "\f" in text:
            self.parsed_lines = FORM_FEEDS.sub("", text).split("\n")
            self.removed = {
                number: len(line) - len(parsed)
                for number, (line, parsed) in enumerate(
                    zip(self.lines, self.parsed_lines, strict=True), start=1
                )
                if len(line) != len(parsed)
            }

    @property
    def text(self) -> str:
        """The whole text."""
        return "\n".join(self.lines)

    def slice(self, span: Span) -> str:
        """Return the text of a region."""
        lines = self.lines[span.line - 1 : span.end_line]
        if not lines:
            return ""
        lines[-1] = lines[-1][: span.end_column - 1]
        lines[0] = lines[0][span.column - 1 :]
        return "\n".join(lines)

    def to_end_of_line(self, line: int, column: int) -> Span:
        """Return the region from a position to the end of the code in its line."""
        rest = self.lines[line - 1][column - 1 :]
        code = UP_TO_COMMENT.match(rest)
        length = len((code[0] if code else rest).rstrip())
        return Span(self.path, line, column, line, column + length)


class Chunk:
    """A parsed part of a file; `line_offset` is what its line numbers lack."""

    __slots__ = ("_ranges", "file", "line_offset", "module")

    def __init__(self, file: File, module: cst.Module, line_offset: int = 0) -> None:
        self.file = file
        self.module = module
        self.line_offset = line_offset
        self._ranges: Mapping[cst.CSTNode, CodeRange] | None = None

    def span(self, first: cst.CSTNode, last: cst.CSTNode) -> Span:
        """Return the region from the begin of one node to the end of another."""
        if self._ranges is None:
            self._ranges = with_large_stack(self._positions)
        start, end = self._ranges[first].start, self._ranges[last].end
        line, end_line = start.line + self.line_offset, end.line + self.line_offset
        removed = self.file.removed
        return Span(
            self.file.path,
            line,
            start.column + removed.get(line, 0) + 1,
            end_line,
            end.column + removed.get(end_line, 0) + 1,
        )

    def code(self, node: cst.CSTNode) -> str:
        """Return the text of a node with the brackets around it, without positions (cheap)."""
        return with_large_stack(lambda: self.module.code_for_node(node))

    def _positions(self) -> Mapping[cst.CSTNode, CodeRange]:
        # Nobody changes the tree, so that the wrapper need not copy it.
        wrapper = MetadataWrapper(self.module, unsafe_skip_copy=True)
        return wrapper.resolve(PositionProvider)


class At:
    """The place of one CST node."""

    __slots__ = ("chunk", "node")

    def __init__(self, chunk: Chunk, node: cst.CSTNode) -> None:
        self.chunk = chunk
        self.node = node

    def span(self) -> Span:
        """Return the region of the node, without brackets around it."""
        return self.chunk.span(self.node, self.node)

    def text(self) -> str:
        """Return the node's source text."""
        if isinstance(self.node, cst.Name):
            return self.node.value
        if isinstance(self.node, cst.Attribute | cst.Call | cst.Subscript) and not self.node.lpar:
            # Labels ask for these by the thousand; a line break needs its indentation, though.
            code = self.chunk.code(self.node)
            if "\n" not in code:
                return code
        return self.chunk.file.slice(self.span())

    def file_text(self) -> str:
        """Return the text of the file."""
        return self.chunk.file.text


class Across:
    """The place from one CST node to another, for what has no node of its own."""

    __slots__ = ("chunk", "first", "last")

    def __init__(self, chunk: Chunk, first: cst.CSTNode, last: cst.CSTNode) -> None:
        self.chunk = chunk
        self.first = first
        self.last = last

    def span(self) -> Span:
        """Return the region from the begin of the first to the end of the last node."""
        return self.chunk.span(self.first, self.last)

    def text(self) -> str:
        """Return the source text of the region."""
        return self.chunk.file.slice(self.span())

    def file_text(self) -> str:
        """Return the text of the file."""
        return self.chunk.file.text


class Header:
    """The place of a definition's first line: `def` (or `async def`) to the end of that line."""

    __slots__ = ("chunk", "node")

    def __init__(self, chunk: Chunk, node: cst.FunctionDef | cst.ClassDef) -> None:
        self.chunk = chunk
        self.node = node

    def span(self) -> Span:
        """Return the region of the line, without comment."""
        start = self.chunk.span(self.node, self.node)
        return self.chunk.file.to_end_of_line(start.line, start.column)

    def text(self) -> str:
        """Return the line."""
        return self.chunk.file.slice(self.span())

    def file_text(self) -> str:
        """Return the text of the file."""
        return self.chunk.file.text


class Line:
    """The place of the code in a line, from its first letter."""

    __slots__ = ("file", "line")

    def __init__(self, file: File, line: int) -> None:
        self.file = file
        self.line = line

    def span(self) -> Span:
        """Return the region of the line, without indentation and comment."""
        text = self.file.lines[self.line - 1]
        return self.file.to_end_of_line(self.line, len(text) - len(text.lstrip(" \t\f")) + 1)

    def text(self) -> str:
        """Return the line without indentation and comment."""
        return self.file.slice(self.span())

    def file_text(self) -> str:
        """Return the text of the file."""
        return self.file.text
