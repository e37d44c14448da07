"""Rewrite a user's module so that calls, operators, items, loops and branches can be observed.

Positions stay those of the user's file. `f(x)` becomes `__tapelint__.call(7, f, x)`, where 7 is the
number of the place; what the helpers do is said in `boundary`.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, field

HELPER = "__tapelint__"
# They look at the frame that calls them, or at nothing but their arguments.
LEFT_ALONE = frozenset(
    {"super", "locals", "globals", "vars", "dir", "eval", "exec", "__import__", "breakpoint"}
)
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True, slots=True)
class Spot:
    """A place of the user's file: lines and columns from 1, columns in code points."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(slots=True)
class Spots:
    """The numbered places of all modules of one witness."""

    known: list[Spot] = field(default_factory=list)

    def add(self, spot: Spot) -> int:
        """Return a new number for `spot`."""
        self.known.append(spot)
        return len(self.known) - 1


def instrument(
    tree: ast.Module, file: str, text: str, spots: Spots, *, with_attributes: bool = False
) -> ast.Module:
    """Return `tree` with all code of the module rewritten; `text` is its source."""
    rewriter = _WithAttributes if with_attributes else _Rewriter
    rewritten: ast.Module = rewriter(file, text.split("\n"), spots).visit(tree)
    return ast.fix_missing_locations(rewritten)


class _Rewriter(ast.NodeTransformer):
    def __init__(self, file: str, lines: list[str], spots: Spots) -> None:
        self.file = file
        self.lines = lines
        self.spots = spots

    # -------------------------------------------------------------------------- expressions

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """`f(x)` -> `__tapelint__.call(1, f, x)`."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in LEFT_ALONE:
            return node
        arguments = [node.func, *node.args]
        return self._helped("call", node, *arguments, keywords=node.keywords)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """`a + b` -> `__tapelint__.binary(1, "Add", a, b)`."""
        self.generic_visit(node)
        operator = ast.Constant(type(node.op).__name__)
        return self._helped("binary", node, operator, node.left, node.right)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """`a[i]` -> `__tapelint__.item(1, a, i)`, where it is read."""
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        return self._helped("item", node, node.value, _index(node.slice))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        """`f"{x:.2f}"` -> `__tapelint__.text(1, f"{__tapelint__.part(x):.2f}")`."""
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                inner = self.visit(part.value)
                part.value = ast.copy_location(
                    ast.Call(_attribute("part", part.value), [inner], []), part.value
                )
        mark = ast.copy_location(ast.Call(_attribute("mark", node), [], []), node)
        return self._helped("text", node, mark, node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.expr:
        return node

    def _comprehension(self, node: Comprehension) -> ast.expr:
        for generator in node.generators:
            generator.iter = self._helped("elements", generator.iter, self.visit(generator.iter))
            generator.ifs = [self.visit(condition) for condition in generator.ifs]
            generator.target = self.visit(generator.target)
        for name in ("elt", "key", "value"):
            if hasattr(node, name):
                setattr(node, name, self.visit(getattr(node, name)))
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        """`[f(x) for x in it]` -> `[... for x in __tapelint__.elements(1, it)]`."""
        return self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.expr:
        return self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.expr:
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.expr:
        return self._comprehension(node)

    # --------------------------------------------------------------------------- statements

    def visit_For(self, node: ast.For) -> ast.stmt:
        """`for x in it:` -> `for x in __tapelint__.iterate(1, it):`."""
        self.generic_visit(node)
        node.iter = self._helped("iterate", node.iter, node.iter)
        return node

    def visit_While(self, node: ast.While) -> list[ast.stmt]:
        """`while c:` -> `__tapelint__.enter(1)` and `while __tapelint__.going(1, c):`."""
        self.generic_visit(node)
        number = self._number(node.test)
        started = ast.Expr(ast.Call(_attribute("enter", node), [ast.Constant(number)], []))
        test = [ast.Constant(number), node.test]
        node.test = ast.copy_location(ast.Call(_attribute("going", node), test, []), node.test)
        return [ast.copy_location(started, node), node]

    def visit_If(self, node: ast.If) -> ast.stmt:
        """`if c:` -> `if __tapelint__.branch(1, c):`."""
        self.generic_visit(node)
        node.test = self._helped("branch", node.test, node.test)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        """`assert c` -> `assert __tapelint__.holds(1, c)`."""
        self.generic_visit(node)
        node.test = self._helped("holds", node.test, node.test)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """`a, b = v` -> `a, b = __tapelint__.unpack(1, v, 2)`; `a[i] = v` is noted too."""
        self.generic_visit(node)
        for target in node.targets:
            if isinstance(target, (ast.Tuple, ast.List)):
                count = len(target.elts)
                if any(isinstance(element, ast.Starred) for element in target.elts):
                    count = -count
                node.value = self._helped("unpack", node.value, node.value, ast.Constant(count))
                break
            if isinstance(target, ast.Subscript) and _is_plain(target.value):
                holder = copy.deepcopy(target.value)
                for part in ast.walk(holder):
                    if isinstance(part, (ast.Name, ast.Attribute)):
                        part.ctx = ast.Load()
                node.value = self._helped("stored", node.value, holder, node.value)
                break
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        """`a += b` -> `a = __tapelint__.inplace(1, "Add", a, b)`, for plain names."""
        self.generic_visit(node)
        if not isinstance(node.target, ast.Name):
            return node
        operator = ast.Constant(type(node.op).__name__)
        read = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
        value = self._helped("inplace", node, operator, read, node.value)
        return ast.copy_location(ast.Assign([node.target], value), node)

    # ------------------------------------------------------- what no value of the program passes

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.match_case:
        if node.guard is not None:
            node.guard = self.visit(node.guard)
        node.body = self._body(node.body)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        """Leave annotations alone, `-> list[int]` among them."""
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        self.visit(node.args)
        node.body = self._body(node.body)
        return node

    def _body(self, body: list[ast.stmt]) -> list[ast.stmt]:
        rewritten: list[ast.stmt] = []
        for statement in body:
            result = self.visit(statement)
            rewritten += result if isinstance(result, list) else [result]
        return rewritten

    # ------------------------------------------------------------------------------- helpers

    def _helped(
        self, helper: str, at: ast.expr | ast.stmt, *arguments: ast.expr, keywords: object = ()
    ) -> ast.expr:
        number = ast.Constant(self._number(at))
        call = ast.Call(_attribute(helper, at), [number, *arguments], list(keywords))  # type: ignore[call-overload]
        return ast.copy_location(call, at)

    def _number(self, node: ast.expr | ast.stmt) -> int:
        end_line = node.end_lineno or node.lineno
        spot = Spot(
            self.file,
            node.lineno,
            self._column(node.lineno, node.col_offset),
            end_line,
            self._column(end_line, node.end_col_offset or 0),
        )
        return self.spots.add(spot)

    def _column(self, line: int, offset: int) -> int:
        """Turn an offset in UTF-8 bytes from 0 into a column in code points from 1."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        if text.isascii():
            return offset + 1
        return len(text.encode()[:offset].decode("utf-8", "ignore")) + 1


class _WithAttributes(_Rewriter):
    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """`a.b` -> `__tapelint__.attribute(1, a, "b")`, where it is read."""
        self.generic_visit(node)
        # `self.__a` has another name, which depends on the class around.
        if not isinstance(node.ctx, ast.Load) or node.attr.startswith("__"):
            return node
        return self._helped("attribute", node, node.value, ast.Constant(node.attr))


def _attribute(name: str, at: ast.AST) -> ast.expr:
    helper = ast.copy_location(ast.Name(HELPER, ast.Load()), at)
    return ast.copy_location(ast.Attribute(helper, name, ast.Load()), at)


def _index(node: ast.expr) -> ast.expr:
    """Turn what stands in `a[...]` into an expression of its own: `1:2` -> `slice(1, 2, None)`."""
    match node:
        case ast.Slice():
            ends = (node.lower, node.upper, node.step)
            given = [ast.Constant(None) if end is None else end for end in ends]
            # Not `slice`, which the user may have given another meaning.
            return ast.copy_location(ast.Call(_attribute("slice", node), given, []), node)
        case ast.Tuple():
            elements = [_index(element) for element in node.elts]
            return ast.copy_location(ast.Tuple(elements, ast.Load()), node)
        case _:
            return node


def _is_plain(node: ast.expr) -> bool:
    """Whether evaluating an expression twice does nothing: `a`, `self.a`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)
