"""The small language the interpreter runs: Python without its surface.

`lower` makes it from LibCST; nothing after `lower` knows CST. Statements are structured (no jumps
but `Break`, `Continue`, `Return`, `Raise`), expressions are trees. Every node keeps its `at`, a
place that can be turned into a span when a finding needs one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from tapelint.model import Span


class Place(Protocol):
    """Where an IR node stands in the user's file; positions are worked out only when asked for."""

    def span(self) -> Span:
        """Return the region of the node."""

    def text(self) -> str:
        """Return the node's source text, white space as written."""

    def file_text(self) -> str:
        """Return the text of the whole file."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Anything of the IR; compared by identity."""

    at: Place


# ----------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Node):
    """A literal: int, float, complex, str, bytes, bool, None or Ellipsis."""

    value: object


@dataclass(frozen=True, slots=True, eq=False)
class Name(Node):
    id: str


@dataclass(frozen=True, slots=True, eq=False)
class Attribute(Node):
    value: Expr
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Subscript(Node):
    """`value[index]`; several indices arrive as one tuple `Display`, as in Python."""

    value: Expr
    index: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Slice(Node):
    lower: Expr | None
    upper: Expr | None
    step: Expr | None


@dataclass(frozen=True, slots=True, eq=False)
class Argument(Node):
    """One argument of a call; `star` is "" or "*" or "**", `keyword` only with star ""."""

    value: Expr
    keyword: str | None
    star: Literal["", "*", "**"]


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    function: Expr
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Unary(Node):
    """`op` is one of + - ~ not."""

    op: str
    operand: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Binary(Node):
    """`op` is one of + - * / // % ** @ & | ^ << >>."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Compare(Node):
    """`left ops[0] rights[0] ops[1] rights[1] ...`; ops: == != < <= > >= in, not in, is, is not."""

    left: Expr
    ops: tuple[str, ...]
    rights: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Boolean(Node):
    """`and` / `or` over two or more operands (nested same-operator chains are flattened)."""

    op: Literal["and", "or"]
    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Conditional(Node):
    """`then if test else otherwise`."""

    test: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Display(Node):
    """A tuple, list or set written out; elements may be `Starred`. Also an assignment target."""

    kind: Literal["tuple", "list", "set"]
    elements: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DictDisplay(Node):
    """`{key: value, **more}`; a None key marks `**value`."""

    items: tuple[tuple[Expr | None, Expr], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Starred(Node):
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Clause(Node):
    """`for target in iterable if c1 if c2` of a comprehension."""

    target: Expr
    iterable: Expr
    conditions: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Comprehension(Node):
    """`element` is the key for kind "dict" and `value` its value (None for the other kinds)."""

    kind: Literal["list", "set", "generator", "dict"]
    element: Expr
    value: Expr | None
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Walrus(Node):
    target: Name
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Format(Node):
    """An f-string (or template string): the literal text between and the expressions in order.

    `parts` holds `Constant` strings and the formatted expressions (nested format specs flattened);
    it `is_plain` where they come one after another as `str` writes them.
    """

    parts: tuple[Expr, ...]
    is_plain: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Await(Node):
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Yield(Node):
    value: Expr | None
    is_from: bool


@dataclass(frozen=True, slots=True, eq=False)
class Lambda(Node):
    function: LazyFunction


Expr = (
    Constant
    | Name
    | Attribute
    | Subscript
    | Slice
    | Call
    | Unary
    | Binary
    | Compare
    | Boolean
    | Conditional
    | Display
    | DictDisplay
    | Starred
    | Comprehension
    | Walrus
    | Format
    | Await
    | Yield
    | Lambda
)

# ----------------------------------------------------------------------------- definitions


@dataclass(frozen=True, slots=True, eq=False)
class Parameter(Node):
    name: str
    kind: Literal["positional-only", "ordinary", "keyword-only", "*", "**"]
    default: Expr | None
    annotation: Expr | None


@dataclass(frozen=True, slots=True, eq=False)
class Function(Node):
    """A function ready to run. `at` is the place of its name (a lambda: of the whole lambda).

    `local_names`: every name bound in its body or parameters, less `global` and `nonlocal` ones.
    """

    name: str
    parameters: tuple[Parameter, ...]
    body: tuple[Stmt, ...]
    returns: Expr | None
    local_names: frozenset[str]
    global_names: frozenset[str]
    nonlocal_names: frozenset[str]
    is_async: bool
    is_generator: bool
    is_lambda: bool


class LazyFunction(Protocol):
    """A function whose text is parsed and lowered the first time somebody asks."""

    @property
    def name(self) -> str:
        """The name in `def NAME`, or "<lambda>"."""

    @property
    def decorators(self) -> tuple[Expr, ...]:
        """What stands above it, known without lowering the rest."""

    @property
    def early_defaults(self) -> tuple[Parameter, ...]:
        """Parameters whose default may come out otherwise when the function is called later."""

    def mentions(self, *words: str) -> bool:
        """Whether its source text (nested functions included) holds one of the words."""

    def source(self) -> str:
        """Return its source text, nested functions included."""

    def get(self) -> Function:
        """Parse and lower once; later calls return the same object."""


# ----------------------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True, eq=False)
class Evaluate(Node):
    """An expression for its effects."""

    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Assign(Node):
    """`a = b = value`: targets in order. A target is Name, Attribute, Subscript, Display, Starred."""

    targets: tuple[Expr, ...]
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Annotate(Node):
    """`target: annotation = value` (value None: only declared)."""

    target: Expr
    annotation: Expr
    value: Expr | None


@dataclass(frozen=True, slots=True, eq=False)
class Augment(Node):
    """`target op= value`; `op` without the equals sign."""

    target: Expr
    op: str
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class If(Node):
    test: Expr
    then: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True, eq=False)
class While(Node):
    test: Expr
    body: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True, eq=False)
class For(Node):
    target: Expr
    iterable: Expr
    body: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]
    is_async: bool


@dataclass(frozen=True, slots=True, eq=False)
class With(Node):
    """One context manager; `with a as x, b as y:` is two nested ones."""

    context: Expr
    target: Expr | None
    body: tuple[Stmt, ...]
    is_async: bool


@dataclass(frozen=True, slots=True, eq=False)
class Handler(Node):
    """`except type as name:` (type None: bare); `except*` counts as `except`."""

    type: Expr | None
    name: str | None
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Try(Node):
    body: tuple[Stmt, ...]
    handlers: tuple[Handler, ...]
    otherwise: tuple[Stmt, ...]
    final: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PatternValue(Node):
    """A literal or dotted name compared with ==."""

    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class PatternBind(Node):
    """`pattern as name`, a bare capture (pattern None) or `_` (both None)."""

    pattern: Pattern | None
    name: str | None


@dataclass(frozen=True, slots=True, eq=False)
class PatternStar(Node):
    """`*name` within a sequence pattern (`*_`: name None)."""

    name: str | None


@dataclass(frozen=True, slots=True, eq=False)
class PatternSequence(Node):
    elements: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PatternMapping(Node):
    items: tuple[tuple[Expr, Pattern], ...]
    rest: str | None


@dataclass(frozen=True, slots=True, eq=False)
class PatternClass(Node):
    cls: Expr
    positional: tuple[Pattern, ...]
    keywords: tuple[tuple[str, Pattern], ...]


@dataclass(frozen=True, slots=True, eq=False)
class PatternOr(Node):
    alternatives: tuple[Pattern, ...]


Pattern = (
    PatternValue
    | PatternBind
    | PatternStar
    | PatternSequence
    | PatternMapping
    | PatternClass
    | PatternOr
)


@dataclass(frozen=True, slots=True, eq=False)
class Case(Node):
    pattern: Pattern
    guard: Expr | None
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Match(Node):
    subject: Expr
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Return(Node):
    value: Expr | None


@dataclass(frozen=True, slots=True, eq=False)
class Raise(Node):
    value: Expr | None


@dataclass(frozen=True, slots=True, eq=False)
class Break(Node):
    pass


@dataclass(frozen=True, slots=True, eq=False)
class Continue(Node):
    pass


@dataclass(frozen=True, slots=True, eq=False)
class Define(Node):
    """`def name(...)`: `at` is the place of the whole definition's first line."""

    function: LazyFunction


@dataclass(frozen=True, slots=True, eq=False)
class DefineClass(Node):
    """`class name(bases, **keywords):`; bases and keywords arrive as call arguments."""

    name: str
    arguments: tuple[Argument, ...]
    body: tuple[Stmt, ...]
    decorators: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Import(Node):
    """`import a.b as c` binds c to a.b; without `as` it binds `a`."""

    module: str
    alias: str | None


@dataclass(frozen=True, slots=True, eq=False)
class ImportFrom(Node):
    """`from ..module import name as alias`; `level` counts the dots, name "*" is all."""

    module: str
    level: int
    name: str
    alias: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Delete(Node):
    targets: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Assert(Node):
    test: Expr


Stmt = (
    Evaluate
    | Assign
    | Annotate
    | Augment
    | If
    | While
    | For
    | With
    | Try
    | Match
    | Return
    | Raise
    | Break
    | Continue
    | Define
    | DefineClass
    | Import
    | ImportFrom
    | Delete
    | Assert
)

Body = Sequence[Stmt]
