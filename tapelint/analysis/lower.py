"""Statements of LibCST -> the IR. After this module nobody knows LibCST."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import libcst as cst

from tapelint.analysis import ir
from tapelint.analysis.literals import identifier, mentions
from tapelint.analysis.lower_expressions import Expressions, with_early_default
from tapelint.analysis.lower_patterns import pattern
from tapelint.analysis.places import At, Chunk, Header
from tapelint.analysis.scope import Scope
from tapelint.analysis.stack import with_large_stack

AUGMENTS: dict[type[cst.CSTNode], str] = {
    cst.AddAssign: "+",
    cst.SubtractAssign: "-",
    cst.MultiplyAssign: "*",
    cst.DivideAssign: "/",
    cst.FloorDivideAssign: "//",
    cst.ModuloAssign: "%",
    cst.PowerAssign: "**",
    cst.MatrixMultiplyAssign: "@",
    cst.BitAndAssign: "&",
    cst.BitOrAssign: "|",
    cst.BitXorAssign: "^",
    cst.LeftShiftAssign: "<<",
    cst.RightShiftAssign: ">>",
}


class Statements(Expressions):
    """Lowers the statements of one scope of one chunk.

    `stubs` are the functions that a skeleton stands in for; there a function's body is its
    number among them. Without stubs, functions are what they seem.
    """

    def __init__(self, chunk: Chunk, scope: Scope, stubs: Sequence[ir.Define] = ()) -> None:
        super().__init__(chunk, scope)
        self.stubs = stubs

    def body(self, nodes: Iterable[cst.CSTNode]) -> tuple[ir.Stmt, ...]:
        """Lower statements that follow one another."""
        return tuple(lowered for node in nodes for lowered in self.statement(node))

    def block(self, node: cst.CSTNode | None) -> tuple[ir.Stmt, ...]:
        """Lower the block of a compound statement, or of its `else` or `finally`."""
        match node:
            case cst.Else() | cst.Finally():
                return self.body(node.body.body)
            case cst.BaseSuite():
                return self.body(node.body)
        return ()

    def statement(self, node: cst.CSTNode) -> Iterator[ir.Stmt]:
        """Lower one statement to none, one or several."""
        match node:
            case cst.SimpleStatementLine():
                for small in node.body:
                    yield from self.small(small)
            case cst.If():
                yield self.if_(node)
            case cst.FunctionDef():
                yield self.define(node)
            case cst.With():
                yield self.with_(node)
            case cst.For():
                iterable, target = self.expression(node.iter), self.target(node.target)
                body, otherwise = self.block(node.body), self.block(node.orelse)
                is_async = node.asynchronous is not None
                yield ir.For(self.at(node), target, iterable, body, otherwise, is_async)
            case cst.While():
                test = self.expression(node.test)
                yield ir.While(self.at(node), test, self.block(node.body), self.block(node.orelse))
            case cst.Try() | cst.TryStar():
                body = self.block(node.body)
                handlers = tuple(self.handler(handler) for handler in node.handlers)
                otherwise, final = self.block(node.orelse), self.block(node.finalbody)
                yield ir.Try(self.at(node), body, handlers, otherwise, final)
            case cst.ClassDef():
                yield self.class_(node)
            case cst.Match():
                cases = tuple(self.case(case) for case in node.cases)
                yield ir.Match(self.at(node), self.expression(node.subject), cases)
            case _:
                # Within the block of a line (`if x: a; b`) small statements stand alone.
                yield from self.small(node)

    def small(self, node: cst.CSTNode) -> Iterator[ir.Stmt]:
        """Lower a statement that has no block."""
        at = self.at(node)
        match node:
            case cst.Assign():
                value = self.expression(node.value)
                targets = tuple(self.target(target.target) for target in node.targets)
                yield ir.Assign(at, targets, value)
            case cst.Expr():
                yield ir.Evaluate(at, self.expression(node.value))
            case cst.Return():
                yield ir.Return(at, self.optional(node.value))
            case cst.AugAssign():
                target, value = self.target(node.target), self.expression(node.value)
                yield ir.Augment(at, target, AUGMENTS[type(node.operator)], value)
            case cst.AnnAssign():
                yield self.annotate(node)
            case cst.Raise():
                if node.cause is not None:
                    self.expression(node.cause.item)  # only for the names it may bind
                yield ir.Raise(at, self.optional(node.exc))
            case cst.Assert():
                self.optional(node.msg)  # only for the names it may bind
                yield ir.Assert(at, self.expression(node.test))
            case cst.Import():
                yield from self.imports(node.names)
            case cst.ImportFrom():
                yield from self.imports_from(node)
            case cst.Break():
                yield ir.Break(at)
            case cst.Continue():
                yield ir.Continue(at)
            case cst.Del():
                yield ir.Delete(at, self.deleted(node.target))
            case cst.Global():
                self.scope.global_names |= {identifier(item.name.value) for item in node.names}
            case cst.Nonlocal():
                self.scope.nonlocal_names |= {identifier(item.name.value) for item in node.names}
            case cst.TypeAlias():
                target = self.target(node.name)
                yield ir.Assign(at, (target,), self.expression(node.value))
            case _:
                yield from self.newer_statement(node)

    def newer_statement(self, node: cst.CSTNode) -> Iterator[ir.Stmt]:
        """Lower what only newer versions of LibCST know (PEP 810)."""
        match type(node).__name__:
            case "LazyImport":
                yield from self.imports(getattr(node, "names", ()))
            case "LazyImportFrom":
                yield from self.imports_from(node)

    def target(self, node: cst.CSTNode) -> ir.Expr:
        """Lower what is assigned to, and bind its names."""
        target = self.expression(node)
        self.scope.bind(target)
        return target

    def annotate(self, node: cst.AnnAssign) -> ir.Annotate:
        """Lower `target: annotation = value`; `(name): annotation` alone makes no name local."""
        annotation, value = self.expression(node.annotation.annotation), self.optional(node.value)
        is_bound = value is not None or not getattr(node.target, "lpar", ())
        target = self.target(node.target) if is_bound else self.expression(node.target)
        return ir.Annotate(self.at(node), target, annotation, value)

    def deleted(self, node: cst.CSTNode) -> tuple[ir.Expr, ...]:
        """Lower the targets of `del`, which bind their names as assignments do."""
        target = self.target(node)
        return target.elements if isinstance(target, ir.Display) else (target,)

    def imports(self, names: Sequence[cst.ImportAlias]) -> Iterator[ir.Stmt]:
        """Lower `import a.b as c, d`."""
        for alias in names:
            module, bound = dotted(alias.name), alias_name(alias)
            self.scope.bound.add(bound or module.partition(".")[0])
            yield ir.Import(self.at(alias), module, bound)

    def imports_from(self, node: cst.CSTNode) -> Iterator[ir.Stmt]:
        """Lower `from ..module import name as alias, other`."""
        module = dotted(getattr(node, "module", None))
        level = len(getattr(node, "relative", ()))
        names = getattr(node, "names", ())
        if isinstance(names, cst.ImportStar):
            yield ir.ImportFrom(self.at(node), module, level, "*", None)
            return
        for alias in names:
            name, bound = dotted(alias.name), alias_name(alias)
            self.scope.bound.add(bound or name)
            yield ir.ImportFrom(self.at(alias), module, level, name, bound)

    def if_(self, node: cst.If) -> ir.If:
        """Lower `if` and the chain of its `elif` from the last to the first, in a loop."""
        chain = [node]
        while isinstance(orelse := chain[-1].orelse, cst.If):
            chain.append(orelse)
        tests = [self.expression(link.test) for link in chain]
        thens = [self.block(link.body) for link in chain]
        otherwise = self.block(orelse)
        for link, test, then in reversed(list(zip(chain, tests, thens, strict=True))):
            last = ir.If(self.at(link), test, then, otherwise)
            otherwise = (last,)
        return last

    def with_(self, node: cst.With) -> ir.With:
        """Lower `with a as x, b as y:` to a `with` within a `with`."""
        items = []
        for item in node.items:
            context = self.expression(item.item)
            items.append((context, self.target(item.asname.name) if item.asname else None))
        body = self.block(node.body)
        is_async = node.asynchronous is not None
        for context, target in reversed(items):
            last = ir.With(self.at(node), context, target, body, is_async)
            body = (last,)
        return last

    def handler(self, node: cst.ExceptHandler | cst.ExceptStarHandler) -> ir.Handler:
        """Lower one `except`."""
        kind = self.optional(node.type)
        name = self.target(node.name.name) if node.name else None
        bound = name.id if isinstance(name, ir.Name) else None
        return ir.Handler(self.at(node), kind, bound, self.block(node.body))

    def case(self, node: cst.MatchCase) -> ir.Case:
        """Lower one `case`."""
        lowered, guard = pattern(self, node.pattern), self.optional(node.guard)
        return ir.Case(self.at(node), lowered, guard, self.block(node.body))

    def class_(self, node: cst.ClassDef) -> ir.DefineClass:
        """Lower a class; the names of its body are its own."""
        decorators = tuple(self.expression(d.decorator) for d in node.decorators)
        arguments = self.arguments([*node.bases, *node.keywords])
        name = identifier(node.name.value)
        self.scope.bound.add(name)
        body = Statements(self.chunk, Scope(), self.stubs).block(node.body)
        at = Header(self.chunk, node)
        return ir.DefineClass(at, name, arguments, body, decorators)

    def define(self, node: cst.FunctionDef) -> ir.Define:
        """Lower a `def`, whose body waits until somebody asks."""
        self.scope.bound.add(identifier(node.name.value))
        if self.stubs:
            return self.stubs[stub_number(node)]
        return ir.Define(Header(self.chunk, node), InnerFunction(self, node))


class InnerFunction:
    """A function whose text is parsed already; its body is lowered when somebody asks."""

    __slots__ = ("_chunk", "_decorators", "_function", "_node", "_parameters", "_returns")

    def __init__(self, around: Expressions, node: cst.FunctionDef) -> None:
        self._chunk = around.chunk
        self._node = node
        self._decorators = tuple(around.expression(d.decorator) for d in node.decorators)
        self._parameters = around.parameters(node.params)
        self._returns = around.optional(node.returns and node.returns.annotation)
        self._function: ir.Function | None = None

    @property
    def name(self) -> str:
        """The name in `def NAME`."""
        return identifier(self._node.name.value)

    @property
    def decorators(self) -> tuple[ir.Expr, ...]:
        """What stands above it."""
        return self._decorators

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
        body = Statements(self._chunk, scope).block(self._node.body)
        return scope.function(
            at=At(self._chunk, self._node.name),
            name=self.name,
            parameters=self._parameters,
            body=body,
            returns=self._returns,
            is_async=self._node.asynchronous is not None,
        )


def stub_number(node: cst.FunctionDef) -> int:
    """Return the number in the body of a stub."""
    match node.body:
        case cst.SimpleStatementSuite(body=[cst.Expr(value=cst.SimpleString(value=text))]):
            return int(text.strip("'"))
    raise AssertionError("a skeleton holds stubs and no other functions")


def dotted(node: cst.CSTNode | None) -> str:
    """Return `a.b.c` of an import."""
    parts = []
    while isinstance(node, cst.Attribute):
        parts.append(identifier(node.attr.value))
        node = node.value
    if isinstance(node, cst.Name):
        parts.append(identifier(node.value))
    return ".".join(reversed(parts))


def alias_name(alias: cst.ImportAlias) -> str | None:
    """Return what stands behind `as`."""
    return dotted(alias.asname.name) if alias.asname else None
