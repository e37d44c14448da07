"""The chain of a finding: from the source over the break to the target and the request.

Shared by the checks. A chain is short enough to read: steps in the middle are left out first, and
the calls that lead to the break last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import DType, Kind, Node
from tapelint.analysis.ir import Place
from tapelint.analysis.observations import Break, Cause, GradientAsked, Lost
from tapelint.checks.phrasing import called, callee, code, request
from tapelint.checks.verdicts import OF_SOURCE, Group, Outcome, reason_of
from tapelint.model import Role, Span, Step

MOST_STEPS = 6
MOST_SOURCES = 3

# Made by reading a value, not by computing with it.
SILENT = frozenset({"[]", "element", "join", "value", "read_value", "counter", "variable"})

DTYPES = {DType.INT: "an integer", DType.BOOL: "a bool", DType.STRING: "a string"}


def steps(group: Group, at_break: str, tape: str = "") -> tuple[Step, ...]:
    """Return the chain of a group; `at_break` is the sentence of the break.

    `tape`, where given, is a sentence for the place where the tape was made.
    """
    case = group.first
    asked, lost = case.asked, case.lost
    chain = list(sources(group))
    chain += shortened([*way(asked, lost, case.broken, at_break)])
    target = asked.target
    if target is not None and target.place is not None and target is not lost.source:
        chain.append(Step(target.place.span(), Role.TARGET, target_sentence(asked)))
    if tape:
        made = Step(asked.tape.span(), Role.TAPE, tape)
        later = (
            i for i, s in enumerate(chain) if s.span.path == made.span.path and s.span > made.span
        )
        chain.insert(next(later, len(chain)), made)
    chain.append(Step(asked.place.span(), Role.TAPE, request_sentence(asked, case.outcome)))
    return tuple(chain)


def sources(group: Group) -> Iterator[Step]:
    """Yield where the first few sources of a group come from."""
    seen: set[Span] = set()
    for case in group.cases:
        source = case.lost.source
        if source.place is None or len(seen) == MOST_SOURCES:
            continue
        span = source.place.span()
        if span not in seen:
            seen.add(span)
            yield Step(span, Role.SOURCE, source_sentence(case.lost))


def source_sentence(lost: Lost) -> str:
    """Say what a source is."""
    source = lost.source
    name = code(lost.label) if lost.label else "this"
    causes = {b.cause for b in lost.breaks}
    match source.kind:
        case Kind.VARIABLE if source.dtype in DTYPES:
            what = f"{DTYPES[source.dtype]} variable"
        case Kind.VARIABLE if source.trainable is False:
            what = "a variable that is not trainable"
        case Kind.VARIABLE:
            what = "a variable"
        case Kind.ARRAY:
            what = "a NumPy array"
        case Kind.PYTHON:
            what = "a Python value"
        case Kind.UNKNOWN if source.op == "parameter":
            what = "a parameter"
        case _ if source.dtype in DTYPES:
            what = f"{DTYPES[source.dtype]} tensor"
        case _ if Cause.UNWATCHED in causes:
            what = "a tensor, which no tape watches by itself"
        case _:
            what = "a tensor"
    return f"{name} is {what}"


def way(asked: GradientAsked, lost: Lost, main: Break, at_break: str) -> Iterator[Step]:
    """Yield the steps between source and target, calls and breaks among them."""
    broken = {b.node: b for b in lost.breaks if b.cause not in OF_SOURCE}
    nodes = [n for n in lost.way if n is not lost.source]
    if main.cause not in OF_SOURCE and main.node not in nodes:
        nodes.append(main.node)
    told: set[Span] = {p.span() for p in (lost.source.place,) if p is not None}
    calls = list(reversed(asked.stack))
    for node in nodes:
        if node.place is None or (node not in broken and is_silent(node, asked)):
            continue
        span = node.place.span()
        if node in broken:
            yield from calls_into(node, calls, told)
            role_of = Role.BREAK if broken[node] is main else Role.STEP
            sentence = at_break if broken[node] is main else also_broken(broken[node])
            yield Step(span, role_of, sentence)
        elif span not in told:
            yield from calls_into(node, calls, told)
            yield Step(span, Role.STEP, passing_sentence(node))
        told.add(span)


def calls_into(node: Node, calls: list[Place], told: set[Span]) -> Iterator[Step]:
    """Yield the calls that lead into the function where the node was made, outermost first."""
    for place in reversed(node.stack):
        span = place.span()
        if place not in calls and span not in told:
            told.add(span)
            yield Step(span, Role.STEP, f"{code(called(place))} is called")


def is_silent(node: Node, asked: GradientAsked) -> bool:
    """Whether a step says nothing: the target has its own, a branch or a read is none."""
    return node is asked.target or node.kind is Kind.JOIN or node.op in SILENT


def passing_sentence(node: Node) -> str:
    """Say that a value is computed from the one before."""
    if node.label:
        return f"{code(node.label)} is computed from it"
    return f"it goes through {code(callee(node.op, node.place))}"


def also_broken(broken: Break) -> str:
    """Say that the way is broken here as well."""
    what = code(callee(broken.node.op, broken.node.place))
    match broken.cause:
        case Cause.CUT:
            return f"{what} would end the gradient as well ({reason_of(broken.edge).value})"
        case Cause.PAUSED | Cause.RESET:
            return f"{what} is not recorded either"
        case _:
            return f"{what} is outside the tape as well"


def target_sentence(asked: GradientAsked) -> str:
    """Name the target."""
    name = asked.target_label or request(asked.place).target
    return f"{code(name)} is the target" if name else "this is the target"


def request_sentence(asked: GradientAsked, outcome: Outcome) -> str:
    """Say what the request answers."""
    tape = request(asked.place).tape
    name = code(f"{tape}.{asked.method}") if tape else code(asked.method)
    match outcome:
        case Outcome.NONE:
            return f"{name} answers None"
        case Outcome.ZERO:
            return f"{name} answers zeros"
        case _:
            return f"{name} raises"


def shortened(found: Sequence[Step]) -> list[Step]:
    """Leave out steps from the middle: first those that are no calls, then any."""
    kept = list(found)
    while sum(s.role is Role.STEP for s in kept) > MOST_STEPS:
        inner = [i for i, s in enumerate(kept) if s.role is Role.STEP]
        plain = [i for i in inner if not kept[i].message.endswith("is called")]
        chosen = plain or inner
        del kept[chosen[len(chosen) // 2]]
    return kept
