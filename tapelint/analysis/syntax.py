"""One file's syntax, parsed piece by piece: the module's own code first, each function on demand.

LibCST is slow, and most functions of most files are never looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import libcst as cst

from tapelint.analysis import ir, outline
from tapelint.analysis.literals import mentions
from tapelint.analysis.lower import InnerFunction, Statements
from tapelint.analysis.lower_expressions import with_early_default
from tapelint.analysis.nesting import measure
from tapelint.analysis.outline import Definition
from tapelint.analysis.places import Chunk, File, Line
from tapelint.analysis.scope import Scope
from tapelint.analysis.stack import with_large_stack
from tapelint.source.read import SourceText

# CPython refuses more brackets (MAXLEVEL), and LibCST 1.9.0 dies of 1,400.
BRACKETS = 200
# LibCST takes seconds for a chain of 4,000 attributes and gigabytes for 20,000 terms. CPython 3.11
# compiles no more than this either.
LEVELS = 3000
# No shorter line can nest as deep.
LONG_LINE = LEVELS


class SyntaxProblem(Exception):
    """A file that cannot be parsed; the message is that of a finding."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class Unit:
    """The syntax of one file."""

    def __init__(self, source: SourceText) -> None:
        self._file = File(source.path, source.text)
        self._body: tuple[ir.Stmt, ...] | None = None

    @property
    def text(self) -> str:
        """The text of the file."""
        return self._file.text

    @property
    def body(self) -> tuple[ir.Stmt, ...]:
        """The module's statements; its functions are parsed when somebody asks for them.

        Raises SyntaxProblem.
        """
        if self._body is None:
            self._body = with_large_stack(self._lowered)
        return self._body

    def _lowered(self) -> tuple[ir.Stmt, ...]:
        file = self._file
        text = "\n".join(file.parsed_lines)
        nesting = measure(text)
        if nesting.depth > BRACKETS:
            line, column = _position(text, nesting.deepest)
            raise SyntaxProblem(f"more than {BRACKETS} brackets are nested here", line, column)
        is_long = nesting.longest_line >= LONG_LINE
        try:
            tree = outline.parse(text)
            if is_long and outline.is_deeper_than(tree, LEVELS):
                raise RecursionError
        except (RecursionError, MemoryError):
            raise SyntaxProblem("the code nests too deep for Python to compile", 1, 1) from None
        except (SyntaxError, ValueError) as error:
            # LibCST may know newer syntax than this Python; a long line might be too deep for it.
            module = None if is_long else _readable(text)
            if module is None:
                raise _problem(error) from None
            return Statements(Chunk(file, module), Scope()).body(module.body)
        definitions = outline.definitions(tree, file.parsed_lines)
        stubs = [
            ir.Define(Line(file, definition.line), OutlinedFunction(file, definition))
            for definition in definitions
        ]
        module = _parsed(skeleton(file.parsed_lines, definitions), 0)
        return Statements(Chunk(file, module), Scope(), stubs).body(module.body)


class OutlinedFunction:
    """A function of which only the lines are known; it is parsed when somebody asks."""

    __slots__ = ("_decorators", "_definition", "_file", "_function")

    def __init__(self, file: File, definition: Definition) -> None:
        self._file = file
        self._definition = definition
        self._decorators: tuple[ir.Expr, ...] | None = None
        self._function: ir.Function | None = None

    @property
    def name(self) -> str:
        """The name in `def NAME`."""
        return self._definition.name

    @property
    def decorators(self) -> tuple[ir.Expr, ...]:
        """What stands above it, parsed without the function: most methods never run."""
        if self._decorators is None:
            self._decorators = ()
            if self._definition.has_decorators:
                self._decorators = with_large_stack(self._head).decorators
        return self._decorators

    @property
    def early_defaults(self) -> tuple[ir.Parameter, ...]:
        """The parameters whose default is no constant, if any may change after the definition."""
        if not self._definition.has_early_defaults:
            return ()
        return with_early_default(self.get().parameters)

    def mentions(self, *words: str) -> bool:
        """Whether its text holds one of the words."""
        return mentions(self.source(), words)

    def source(self) -> str:
        """Return its source text."""
        return self._text()

    def get(self) -> ir.Function:
        """Parse and lower once; raise SyntaxProblem where LibCST cannot read what Python can."""
        if self._function is None:
            self._function = with_large_stack(self._lowered)
        return self._function

    def _text(self) -> str:
        first, last = self._definition.first_line, self._definition.last_line
        return "\n".join(self._file.parsed_lines[first - 1 : last]) + "\n"

    def _head(self) -> InnerFunction:
        """Return the function without its parameters and its body."""
        known = self._definition
        lines = self._file.parsed_lines[known.first_line - 1 : known.line - 1]
        return self._parsed("\n".join([*lines, f"{known.indentation}def {known.name}(): 0\n"]))

    def _lowered(self) -> ir.Function:
        return self._parsed(self._text()).get()

    def _parsed(self, text: str) -> InnerFunction:
        offset = self._definition.first_line - 1
        if self._definition.indentation:
            # An indented function parses as a method, and keeps its columns.
            text, offset = "class _:\n" + text, offset - 1
        module = _parsed(text, offset)
        node: cst.CSTNode = module.body[0]
        if isinstance(node, cst.ClassDef):
            node = node.body.body[0]
        if not isinstance(node, cst.FunctionDef):
            raise SyntaxProblem("the function cannot be read", self._definition.line, 1)
        around = Statements(Chunk(self._file, module, offset), Scope())
        return InnerFunction(around, node)


def skeleton(lines: Sequence[str], definitions: Sequence[Definition]) -> str:
    """Return the text with each function replaced by a stub as long as it: `def f(): '''7'''`.

    The string takes up its lines, since to LibCST each blank line is a tree of its own.
    """
    kept = list(lines)
    for number, definition in enumerate(definitions):
        first, last = definition.first_line, definition.last_line
        kept[first - 1 : last] = [""] * (last - first + 1)
        kept[first - 1] = f"{definition.indentation}def {definition.name}(): '''{number}"
        kept[last - 1] += "'''"
    return "\n".join(kept)


def _parsed(text: str, line_offset: int) -> cst.Module:
    """Parse what Python can read; raise SyntaxProblem where LibCST cannot."""
    try:
        return cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        line, column = error.raw_line + line_offset, error.raw_column + 1
        raise SyntaxProblem("the syntax of this line is not supported", line, column) from None
    except BaseException as error:
        if not _is_panic(error):
            raise
        raise SyntaxProblem("the syntax of this file is not supported", 1, 1) from None


def _readable(text: str) -> cst.Module | None:
    """Parse what Python cannot read, or return None."""
    try:
        return cst.parse_module(text)
    except (cst.ParserSyntaxError, SyntaxError, ValueError):
        return None
    except BaseException as error:
        if not _is_panic(error):
            raise
        return None


def _is_panic(error: BaseException) -> bool:
    # LibCST's parser is Rust, and a panic arrives as a BaseException of its own.
    return type(error).__name__ == "PanicException"


def _problem(error: Exception) -> SyntaxProblem:
    """Return Python's own opinion as a finding puts it."""
    if not isinstance(error, SyntaxError):
        return SyntaxProblem("the file is no Python source", 1, 1)
    # Advice follows a full stop: Missing parentheses in call to 'print'. Did you mean print(...)?
    message = re.split(r"\. |\? ", error.msg)[0].rstrip(".")
    message = re.sub(r"'([^']+)'", r"`\1`", message)
    if not message[1:2].isupper():
        message = message[:1].lower() + message[1:]
    return SyntaxProblem(message[:100], max(error.lineno or 1, 1), max(error.offset or 1, 1))


def _position(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, len(before) - before.rfind("\n")
