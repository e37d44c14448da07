"""Expressions of LibCST -> the IR, and the scope that learns which names they bind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import libcst as cst

from tapelint.analysis import ir
from tapelint.analysis.literals import (
    identifier,
    joined,
    mentions,
    number,
    pieces_of,
    string,
    unescaped,
)
from tapelint.analysis.places import Across, At, Chunk
from tapelint.analysis.scope import Scope
from tapelint.analysis.stack import with_large_stack

OPERATORS: dict[type[cst.CSTNode], str] = {
    cst.Add: "+",
    cst.Subtract: "-",
    cst.Multiply: "*",
    cst.Divide: "/",
    cst.FloorDivide: "//",
    cst.Modulo: "%",
    cst.Power: "**",
    cst.MatrixMultiply: "@",
    cst.BitAnd: "&",
    cst.BitOr: "|",
    cst.BitXor: "^",
    cst.LeftShift: "<<",
    cst.RightShift: ">>",
    cst.Plus: "+",
    cst.Minus: "-",
    cst.BitInvert: "~",
    cst.Not: "not",
    cst.Equal: "==",
    cst.NotEqual: "!=",
    cst.LessThan: "<",
    cst.LessThanEqual: "<=",
    cst.GreaterThan: ">",
    cst.GreaterThanEqual: ">=",
    cst.In: "in",
    cst.NotIn: "not in",
    cst.Is: "is",
    cst.IsNot: "is not",
}
ParameterKind = Literal["positional-only", "ordinary", "keyword-only", "*", "**"]
NAMED_CONSTANTS = {"None": None, "True": True, "False": False}


class Expressions:
    """Lowers the expressions of one scope of one chunk."""

    def __init__(self, chunk: Chunk, scope: Scope) -> None:
        self.chunk = chunk
        self.scope = scope

    def at(self, node: cst.CSTNode) -> At:
        """Return the place of a node."""
        return At(self.chunk, node)

    def expression(self, node: cst.CSTNode) -> ir.Expr:
        """Lower one expression."""
        at = self.at(node)
        match node:
            case cst.Name():
                if node.value in NAMED_CONSTANTS:
                    return ir.Constant(at, NAMED_CONSTANTS[node.value])
                return ir.Name(at, identifier(node.value))
            case cst.Attribute():
                return ir.Attribute(at, self.expression(node.value), identifier(node.attr.value))
            case cst.Call():
                return ir.Call(at, self.expression(node.func), self.arguments(node.args))
            case cst.Integer() | cst.Float() | cst.Imaginary():
                return ir.Constant(at, number(node.value))
            case cst.SimpleString():
                return ir.Constant(at, string(node.value))
            case cst.Subscript():
                return ir.Subscript(at, self.expression(node.value), self.index(node.slice))
            case cst.Tuple():
                return ir.Display(at, "tuple", self.elements(node.elements))
            case cst.List():
                return ir.Display(at, "list", self.elements(node.elements))
            case cst.Set():
                return ir.Display(at, "set", self.elements(node.elements))
            case cst.Dict():
                return ir.DictDisplay(at, tuple(self.dict_items(node.elements)))
            case cst.BinaryOperation():
                return self.binary(node)
            case cst.UnaryOperation():
                return ir.Unary(
                    at, OPERATORS[type(node.operator)], self.expression(node.expression)
                )
            case cst.Comparison():
                return self.comparison(node)
            case cst.BooleanOperation():
                return self.boolean(node)
            case cst.IfExp():
                test = self.expression(node.test)
                then, otherwise = self.expression(node.body), self.expression(node.orelse)
                return ir.Conditional(at, test, then, otherwise)
            case cst.ConcatenatedString() | cst.FormattedString():
                return self.text(node)
            case cst.ListComp():
                return self.comprehension(node, "list")
            case cst.GeneratorExp():
                return self.comprehension(node, "generator")
            case cst.SetComp():
                return self.comprehension(node, "set")
            case cst.DictComp():
                return self.comprehension(node, "dict")
            case cst.Lambda():
                return ir.Lambda(at, InnerLambda(self.chunk, node, self.parameters(node.params)))
            case cst.StarredElement():
                return ir.Starred(at, self.expression(node.value))
            case cst.NamedExpr():
                return self.walrus(node)
            case cst.Await():
                return ir.Await(at, self.expression(node.expression))
            case cst.Yield():
                return self.yielded(node)
            case cst.Ellipsis():
                return ir.Constant(at, ...)
        return self.newer(node)

    def newer(self, node: cst.CSTNode) -> ir.Expr:
        """Lower what only newer versions of LibCST know; what nobody knows is a None."""
        match type(node).__name__:
            case "TemplatedString":
                return self.text(node)
            case "StarredDictComp":
                # {**each for each in dicts}, PEP 798
                return self.comprehension(node, "dict")
        return ir.Constant(self.at(node), None)

    def optional(self, node: cst.CSTNode | None) -> ir.Expr | None:
        """Lower an expression that may be absent."""
        return None if node is None else self.expression(node)

    def arguments(self, args: Sequence[cst.Arg]) -> tuple[ir.Argument, ...]:
        """Lower the arguments of a call or of a class."""
        return tuple(
            ir.Argument(
                self.at(arg),
                self.expression(arg.value),
                identifier(arg.keyword.value) if arg.keyword else None,
                _star(arg.star),
            )
            for arg in args
        )

    def elements(self, elements: Sequence[cst.BaseElement]) -> tuple[ir.Expr, ...]:
        """Lower the elements of a display."""
        return tuple(
            self.expression(element if isinstance(element, cst.StarredElement) else element.value)
            for element in elements
        )

    def dict_items(
        self, elements: Sequence[cst.BaseDictElement]
    ) -> Iterator[tuple[ir.Expr | None, ir.Expr]]:
        """Lower `key: value` and `**value`."""
        for element in elements:
            key = self.expression(element.key) if isinstance(element, cst.DictElement) else None
            yield key, self.expression(element.value)

    def index(self, elements: Sequence[cst.SubscriptElement]) -> ir.Expr:
        """Lower what stands between the brackets of a subscript."""
        lowered = tuple(self.one_index(element) for element in elements)
        first, last = elements[0], elements[-1]
        # x[a,] has a tuple of one.
        is_tuple = isinstance(last.comma, cst.Comma) or isinstance(lowered[0], ir.Starred)
        if len(elements) == 1 and not is_tuple:
            return lowered[0]
        return ir.Display(Across(self.chunk, first, last), "tuple", lowered)

    def one_index(self, element: cst.SubscriptElement) -> ir.Expr:
        """Lower one index or slice."""
        part = element.slice
        at = self.at(part)
        if isinstance(part, cst.Slice):
            lower, upper = self.optional(part.lower), self.optional(part.upper)
            return ir.Slice(at, lower, upper, self.optional(part.step))
        if not isinstance(part, cst.Index):
            return ir.Constant(at, None)
        value = self.expression(part.value)
        return ir.Starred(at, value) if part.star else value

    def binary(self, node: cst.BinaryOperation) -> ir.Expr:
        """Lower `a + b + c + ...` in a loop: sums of hundreds of terms are written by programs."""
        chain = [node]
        while isinstance(left := chain[-1].left, cst.BinaryOperation):
            chain.append(left)
        value = self.expression(left)
        for link in reversed(chain):
            op = OPERATORS[type(link.operator)]
            value = ir.Binary(self.at(link), op, value, self.expression(link.right))
        return value

    def boolean(self, node: cst.BooleanOperation) -> ir.Expr:
        """Lower `a and b and c` to one node."""
        kind = type(node.operator)
        operands: list[ir.Expr] = []
        pending: list[cst.BaseExpression] = [node]
        while pending:
            part = pending.pop()
            if isinstance(part, cst.BooleanOperation) and type(part.operator) is kind:
                pending += (part.right, part.left)
            else:
                operands.append(self.expression(part))
        return ir.Boolean(self.at(node), "and" if kind is cst.And else "or", tuple(operands))

    def comparison(self, node: cst.Comparison) -> ir.Expr:
        """Lower `a < b < c`, which stays one node."""
        left = self.expression(node.left)
        ops = tuple(OPERATORS[type(target.operator)] for target in node.comparisons)
        rights = tuple(self.expression(target.comparator) for target in node.comparisons)
        return ir.Compare(self.at(node), left, ops, rights)

    def comprehension(
        self, node: cst.CSTNode, kind: Literal["list", "set", "generator", "dict"]
    ) -> ir.Expr:
        """Lower a comprehension; its targets are no names of the function around it."""
        clauses = tuple(self.clauses(getattr(node, "for_in", None)))
        element: ir.Expr
        value: ir.Expr | None = None
        match node:
            case cst.DictComp():
                element, value = self.expression(node.key), self.expression(node.value)
            case cst.ListComp() | cst.SetComp() | cst.GeneratorExp():
                element = self.expression(node.elt)
            case _:
                inner = self.optional(getattr(node, "value", None))
                whole = self.at(node)
                element = value = ir.Starred(whole, inner or ir.Constant(whole, None))
        return ir.Comprehension(self.at(node), kind, element, value, clauses)

    def clauses(self, clause: cst.CompFor | None) -> Iterator[ir.Clause]:
        """Lower `for ... in ... if ... for ...` from left to right."""
        while clause is not None:
            target, iterable = self.expression(clause.target), self.expression(clause.iter)
            conditions = tuple(self.expression(condition.test) for condition in clause.ifs)
            yield ir.Clause(self.at(clause), target, iterable, conditions)
            clause = clause.inner_for_in

    def walrus(self, node: cst.NamedExpr) -> ir.Expr:
        """Lower `(name := value)`, which binds in the function even within a comprehension."""
        target = self.expression(node.target)
        value = self.expression(node.value)
        if not isinstance(target, ir.Name):
            return value
        self.scope.bind(target)
        return ir.Walrus(self.at(node), target, value)

    def yielded(self, node: cst.Yield) -> ir.Expr:
        """Lower `yield` and `yield from`."""
        self.scope.is_generator = True
        if isinstance(node.value, cst.From):
            return ir.Yield(self.at(node), self.expression(node.value.item), is_from=True)
        return ir.Yield(self.at(node), self.optional(node.value), is_from=False)

    def text(self, node: cst.CSTNode) -> ir.Expr:
        """Lower strings that stand side by side, f-strings and template strings."""
        pieces = list(pieces_of(node))
        plain = [piece for piece in pieces if isinstance(piece, cst.SimpleString)]
        if len(plain) == len(pieces):
            return ir.Constant(self.at(node), joined(string(piece.value) for piece in plain))
        parts: list[ir.Expr] = []
        is_plain = True
        for piece in pieces:
            if isinstance(piece, cst.SimpleString):
                parts.append(self.expression(piece))
            else:
                start = getattr(piece, "start", '"')
                contents = getattr(piece, "parts", ())
                parts += self.format_parts(contents, start)
                is_plain = is_plain and not any(map(_is_formatted, contents))
        return ir.Format(self.at(node), tuple(parts), is_plain)

    def format_parts(self, contents: Sequence[cst.CSTNode], start: str) -> Iterator[ir.Expr]:
        """Lower the texts and the expressions of an f-string, format specs between them."""
        for content in contents:
            inner = getattr(content, "expression", None)
            if inner is None:
                yield ir.Constant(self.at(content), unescaped(getattr(content, "value", ""), start))
                continue
            if getattr(content, "equal", None) is not None:
                # f"{x=}" writes the expression, too.
                yield ir.Constant(self.at(content), self.chunk.code(inner) + "=")
            yield self.expression(inner)
            yield from self.format_parts(getattr(content, "format_spec", None) or (), start)

    def parameters(self, node: cst.Parameters) -> tuple[ir.Parameter, ...]:
        """Lower a signature; its defaults and annotations belong to the scope around."""
        found = [self.parameter(p, "positional-only") for p in node.posonly_params]
        found += [self.parameter(p, "ordinary") for p in node.params]
        if isinstance(node.star_arg, cst.Param):
            found.append(self.parameter(node.star_arg, "*"))
        found += [self.parameter(p, "keyword-only") for p in node.kwonly_params]
        if node.star_kwarg is not None:
            found.append(self.parameter(node.star_kwarg, "**"))
        return tuple(found)

    def parameter(self, node: cst.Param, kind: ParameterKind) -> ir.Parameter:
        """Lower one parameter."""
        default = self.optional(node.default)
        annotation = self.optional(node.annotation and node.annotation.annotation)
        return ir.Parameter(self.at(node), identifier(node.name.value), kind, default, annotation)


class InnerLambda:
    """A lambda, whose body is lowered when somebody asks for it."""

    __slots__ = ("_chunk", "_function", "_node", "_parameters")

    def __init__(
        self, chunk: Chunk, node: cst.Lambda, parameters: tuple[ir.Parameter, ...]
    ) -> None:
        self._chunk = chunk
        self._node = node
        self._parameters = parameters
        self._function: ir.Function | None = None

    @property
    def name(self) -> str:
        """The name that Python gives to every lambda."""
        return "<lambda>"

    @property
    def decorators(self) -> tuple[ir.Expr, ...]:
        """None ever."""
        return ()

    @property
    def early_defaults(self) -> tuple[ir.Parameter, ...]:
        """The parameters whose default is no constant."""
        return with_early_default(self._parameters)

    def mentions(self, *words: str) -> bool:
        """Whether its text holds one of the words."""
        return mentions(self.source(), words)

    def source(self) -> str:
        """Return its source text."""
        return self._chunk.code(self._node)

    def get(self) -> ir.Function:
        """Lower once."""
        if self._function is None:
            self._function = with_large_stack(self._lowered)
        return self._function

    def _lowered(self) -> ir.Function:
        scope = Scope()
        lower = Expressions(self._chunk, scope)
        value = lower.expression(self._node.body)
        return scope.function(
            at=At(self._chunk, self._node),
            name=self.name,
            parameters=self._parameters,
            body=(ir.Return(value.at, value),),
            is_lambda=True,
        )


def with_early_default(parameters: tuple[ir.Parameter, ...]) -> tuple[ir.Parameter, ...]:
    """Return the parameters whose default is no constant."""
    return tuple(
        parameter
        for parameter in parameters
        if parameter.default is not None and not isinstance(parameter.default, ir.Constant)
    )


def _is_formatted(content: cst.CSTNode) -> bool:
    """Whether an f-string says how to write a value: `{x:.2f}`, `{x!r}`, `{x=}`."""
    hows = ("format_spec", "conversion", "equal")
    return any(getattr(content, how, None) is not None for how in hows)


def _star(text: str) -> Literal["", "*", "**"]:
    return "*" if text == "*" else "**" if text == "**" else ""
