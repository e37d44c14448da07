"""Write a finding as a script of its own: only what leads to the gradient call, and an assertion.

The script fails while the gradient is lost and passes when it is mended, so that it can go into an
issue or become a test. Nothing is run here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from tapelint import __version__
from tapelint.model import Finding, Span
from tapelint.verify.claims import METHODS, Expected, claim_of
from tapelint.verify.worker.slices import binds, changes, cut, enclosing, reads

TENSOR = re.compile(r"^`(?P<name>\w+)` is taken to be a (?P<kind>tensor|variable) "
                    r"\((?P<dtype>\w+), (?P<shape>scalar|[\dx]+)\)$")  # fmt: skip
PLAIN = re.compile(r"^`(?P<name>\w+)` is taken to be (?P<value>[\d.]+)$")
WIDTH = 96


class CannotReproduce(Exception):
    """No script of its own can be written; the text says what is missing."""


def script(finding: Finding, text: str, assumptions: Sequence[str] = ()) -> str:
    """Return the script for a finding in a file with this text.

    `assumptions` are those of the run that confirmed it: what inputs of a function that nobody
    calls were taken to be. Raises `CannotReproduce` where the script would need more than that.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        raise CannotReproduce("this file cannot be read as Python") from None
    claim = claim_of(finding, {finding.span.path: text})
    if claim.expected not in ASSERTIONS and claim.expected is not Expected.RAISES:
        raise CannotReproduce("what this rule finds shows in no single value")
    site = claim.anchor
    call = _call(tree, site)
    around = enclosing(tree, site.line)
    inputs: list[str] = []
    missing: frozenset[str] = frozenset()
    if not around:
        kept: Sequence[ast.stmt] = _leading(tree.body, _index(tree.body, site.line))
    else:
        kept = _reaching(tree.body, around)
        if not kept:
            kept, missing, inputs = _function(tree, around, site, assumptions)
    if missing:
        names = ", ".join(f"`{name}`" for name in sorted(missing))
        raise CannotReproduce(f"it would need {names}, which this file alone does not give")
    lines = text.split("\n")
    body = list(_written(kept, lines, call, claim.expected))
    imports = _imports(kept, inputs, body)
    return "\n".join([*_head(finding, site), *imports, *inputs, *body]) + "\n"


def _head(finding: Finding, site: Span) -> Iterator[str]:
    yield f"# {finding.code} {finding.name}: {finding.message}"
    yield f"# Cut out of {site.path}, line {site.line}, by tapelint {__version__}."
    yield "# Fails while the gradient is lost, and passes when it is mended."
    yield ""


def _call(tree: ast.Module, site: Span) -> ast.Call | None:
    """Return the outermost gradient call on the lines of the site."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in METHODS
            and (node.lineno, node.end_lineno) == (site.line, site.end_line)
        ):
            return node
    return None


def _reaching(body: Sequence[ast.stmt], around: Sequence[ast.AST]) -> list[ast.stmt]:
    """Return the statements of a module that run a function or method, and all they need.

    What comes behind the last of them is left out; where nothing runs it, there are none.
    """
    names = {getattr(around[0], "name", "")}
    called = getattr(around[-1], "name", "")
    users: list[int] = []
    for index, statement in enumerate(body):
        if statement is not around[0] and reads(statement) & names:
            # What is made of it uses it too: functions that call it, objects of a class.
            names |= binds(statement)
            if not _defines(statement):
                users.append(index)
    if not users:
        return []
    by_name = [i for i in users if _calls(body[i], called)]
    is_method = isinstance(around[0], ast.ClassDef)
    return _leading(body, (by_name or (users[-1:] if is_method else users))[0])


def _calls(statement: ast.stmt, name: str) -> bool:
    return any(
        isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name
        for node in ast.walk(statement)
    )


def _index(body: Sequence[ast.stmt], line: int) -> int:
    """Return which statement of a module holds a line."""
    return next(i for i, s in enumerate(body) if s.lineno <= line <= (s.end_lineno or s.lineno))


def _leading(body: Sequence[ast.stmt], last: int) -> list[ast.stmt]:
    """Return a statement of a module whole, and those before it that it needs."""
    needed = reads(body[last])
    kept = [body[last]]
    for statement in reversed(body[:last]):
        if (binds(statement) | changes(statement)) & needed:
            kept.append(statement)
            needed |= reads(statement)
    return kept[::-1]


def _defines(statement: ast.stmt) -> bool:
    return isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))


def _function(
    tree: ast.Module, around: Sequence[ast.AST], site: Span, assumptions: Sequence[str]
) -> tuple[Sequence[ast.stmt], frozenset[str], list[str]]:
    """Return the slice of a function that nobody calls, and lines that give it its inputs."""
    functions = [n for n in around if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    if not functions:
        raise CannotReproduce("the call stands in a class body")
    found = cut(functions[-1].body, site.line)
    own = {a.arg for f in functions for a in (*f.args.posonlyargs, *f.args.args,
                                              *f.args.kwonlyargs)}  # fmt: skip
    module = [s for s in tree.body if binds(s) & (found.free - own)]
    outer = [s for s in module if not reads(s) - binds(s) - _bound(module)]
    missing = set(found.free) - _bound(outer)
    inputs = []
    for line in assumptions:
        made = _input(line)
        if made and made[0] in missing:
            missing.discard(made[0])
            inputs.append(made[1])
    return [*outer, *found.statements], frozenset(missing), inputs


def _bound(statements: Sequence[ast.stmt]) -> set[str]:
    return set().union(*map(binds, statements)) if statements else set()


def _input(assumption: str) -> tuple[str, str] | None:
    """Turn an assumption into the assignment that makes it true."""
    if plain := PLAIN.match(assumption):
        return plain["name"], f"{plain['name']} = {plain['value']}"
    tensor = TENSOR.match(assumption)
    if tensor is None:
        return None
    sizes = [] if tensor["shape"] == "scalar" else tensor["shape"].split("x")
    shape = f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
    if tensor["dtype"].startswith("float"):
        value = f"tf.random.stateless_uniform({shape}, [1, 7], 0.1, 0.9, tf.{tensor['dtype']})"
    else:
        value = f"tf.ones({shape}, tf.{tensor['dtype']})"
    if tensor["kind"] == "variable":
        value = f"tf.Variable({value})"
    return tensor["name"], f"{tensor['name']} = {value}"


def _imports(kept: Sequence[ast.stmt], inputs: Sequence[str], body: Sequence[str]) -> Iterator[str]:
    """Yield the import of TensorFlow, where what was added needs it."""
    has_name = any("tf" in binds(statement) for statement in kept)
    if not has_name and any("tf." in line for line in (*inputs, *body)):
        yield "import tensorflow as tf"


def _written(
    kept: Sequence[ast.stmt], lines: Sequence[str], call: ast.Call | None, expected: Expected
) -> Iterator[str]:
    """Yield the kept statements as they stand, the assertion behind the gradient call."""
    was_definition = False
    for statement in kept:
        start = min([statement.lineno, *(d.lineno for d in
                                         getattr(statement, "decorator_list", []))])  # fmt: skip
        end = statement.end_lineno or statement.lineno
        own = list(lines[start - 1 : end])
        indentation = len(own[0]) - len(own[0].lstrip())
        own = [line[indentation:] if line[:indentation].isspace() else line for line in own]
        if call is not None and start <= call.lineno <= end:
            own = _with_assertion(statement, own, call, start, indentation, expected)
        is_definition = _defines(statement)
        if is_definition or was_definition:
            yield from ("", "")
        was_definition = is_definition
        yield from own


def _with_assertion(
    statement: ast.stmt,
    own: list[str],
    call: ast.Call,
    start: int,
    indentation: int,
    expected: Expected,
) -> list[str]:
    """Put the assertion behind the statement that asks the tape."""
    if expected not in ASSERTIONS:
        return own
    holder = _holder(statement, call)
    first, last = holder.lineno - start, (holder.end_lineno or holder.lineno) - start
    margin = " " * (len(own[first]) - len(own[first].lstrip()))
    if isinstance(holder, ast.Assign) and holder.value is call:
        names = ast.unparse(holder.targets[0])
        return [*own[: last + 1], *_assertion(names, margin, expected), *own[last + 1 :]]
    # Asked in the middle of something: first by itself, then the rest.
    begin, end = call.lineno - start, (call.end_lineno or call.lineno) - start
    left = own[begin].encode()[: call.col_offset - indentation].decode()
    right = own[end].encode()[(call.end_col_offset or 0) - indentation :].decode()
    asked = f"{margin}gradient = {ast.unparse(call)}"
    rest = [*own[first:begin], f"{left}gradient{right}", *own[end + 1 : last + 1]]
    if isinstance(holder, ast.Return):
        rest = [f"{margin}return gradient"] if holder.value is call else rest
    return [*own[:first], asked, *_assertion("gradient", margin, expected), *rest, *own[last + 1 :]]


def _holder(statement: ast.stmt, call: ast.Call) -> ast.stmt:
    """Return the innermost statement around a call."""
    inner = [
        node
        for node in ast.walk(statement)
        if isinstance(node, ast.stmt) and any(part is call for part in ast.walk(node))
    ]
    return inner[-1] if inner else statement


ASSERTIONS = {
    Expected.NONE: ("{g} is not None", "a gradient is None"),
    Expected.NONE_RAISES: ("{g} is not None", "a gradient is None"),
    Expected.ZERO: ("{g} is not None and tf.reduce_any({g} != 0)", "a gradient is zero"),
    Expected.NOT_FINITE: (
        "{g} is None or tf.reduce_all(tf.math.is_finite({g}))",
        "a gradient is not finite",
    ),
}


def _assertion(names: str, margin: str, expected: Expected) -> Iterator[str]:
    test, message = ASSERTIONS[expected]
    flat = f"tf.nest.flatten([{names.strip('()')}])"
    line = f'{margin}assert all({test.format(g="g")} for g in {flat}), "{message}"'
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{margin}gradients = {flat}"
    yield f'{margin}assert all({test.format(g="g")} for g in gradients), "{message}"'
