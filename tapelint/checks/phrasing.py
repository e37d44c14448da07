"""Say things in the user's own names, within the length a message may have.

Shared by the checks; knows nothing of causes or rules.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tapelint.analysis.ir import Place

LONGEST_MESSAGE = 100
LONGEST_CODE = 32
LONGEST_ADVICE_CODE = 60
MOST_NAMES = 3
ELLIPSIS = "..."

CALL = re.compile(r"(?P<callee>[^\W\d][\w.]*)\s*\(")
DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
SPACE = re.compile(r"\s+")


def code(text: str, longest: int = LONGEST_CODE) -> str:
    """Return source text in backticks, on one line and not longer than `longest`."""
    return f"`{shortened(text, longest)}`"


def shortened(text: str, longest: int) -> str:
    """Return source text on one line, its end cut off where it is too long."""
    line = SPACE.sub(" ", text.strip()).replace("`", "'")
    if len(line) <= longest:
        return line
    return line[: longest - len(ELLIPSIS)].rstrip() + ELLIPSIS


def callee(op: str, place: Place | None) -> str:
    """Return what was called as the user spelled it (`numpy.tanh`), else by its canonical name."""
    last = op.rpartition(".")[2]
    if place is not None and last.isidentifier():
        text = place.text()
        match = CALL.match(text)
        if match is not None and match["callee"].rpartition(".")[2] == last:
            return match["callee"]
        # (x**2).numpy()
        if re.search(rf"\)\s*\.\s*{last}\s*\([^()]*\)$", text):
            return f".{last}"
    return op


def described(op: str, place: Place | None) -> str:
    """Return what a step does: the function it calls, or the whole of an expression."""
    name = callee(op, place)
    return name if place is None or DOTTED.fullmatch(name.lstrip(".")) else place.text()


def called(place: Place) -> str:
    """Return what a call calls, as the user spelled it."""
    text = place.text()
    call = parsed_call(text)
    if call is not None:
        function = call.func
        while isinstance(function, ast.Call):
            function = function.func
        return ast.unparse(function)
    match = CALL.match(text)
    return match["callee"] if match is not None else text


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """Return the first few of several names as code: "`a`, `b` and 3 more"."""
    shown = [code(name) for name in names[:most]]
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def fitting(*candidates: str) -> str:
    """Return the first candidate that is short enough for a message, else the last one."""
    for candidate in candidates:
        if len(candidate) <= LONGEST_MESSAGE:
            return candidate
    return candidates[-1]


@dataclass(frozen=True, slots=True)
class Request:
    """`tape.gradient(loss, [a, b])` taken apart; a part is empty where it is not written there."""

    tape: str = ""
    target: str = ""
    sources: str = ""
    # The names in `sources`, where it is one name or a list of names.
    names: tuple[str, ...] = ()

    def written(self, label: str) -> str:
        """Return how the call names the source that the analysis knows by `label`."""
        if label in self.names:
            return label
        last = label.rpartition(".")[2]
        alike = [name for name in self.names if name.rpartition(".")[2] == last]
        return alike[0] if last and len(alike) == 1 else ""


def request(place: Place) -> Request:
    """Read the parts of a gradient call from its source text."""
    call = parsed_call(place.text())
    if call is None or not isinstance(call.func, ast.Attribute):
        return Request()
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    target = call.args[0] if call.args else named.get("target")
    sources = call.args[1] if len(call.args) > 1 else named.get("sources", named.get("source"))
    return Request(
        ast.unparse(call.func.value),
        ast.unparse(target) if target is not None else "",
        ast.unparse(sources) if sources is not None else "",
        names_in(sources),
    )


def names_in(sources: ast.expr | None) -> tuple[str, ...]:
    """Return the dotted names of an argument that is one, or a list, tuple or dict of them."""
    parts: list[ast.expr]
    match sources:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Dict(values=parts):
            pass
        case _:
            parts = [] if sources is None else [sources]
    texts = [ast.unparse(part) for part in parts if isinstance(part, ast.Name | ast.Attribute)]
    return tuple(text for text in texts if DOTTED.fullmatch(text))


def parsed_call(text: str) -> ast.Call | None:
    """Parse the text of one call, None where it is anything else."""
    try:
        tree = ast.parse(f"({text.strip()})", mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree.body if isinstance(tree.body, ast.Call) else None


def argument(text: str, position: int = 0) -> str:
    """Return the source text of one positional argument of a call, empty where there is none."""
    call = parsed_call(text)
    if call is None or len(call.args) <= position:
        return ""
    found = call.args[position]
    return "" if isinstance(found, ast.Starred) else ast.unparse(found)
