"""The chain of a finding: from the source over the break to the target and the request.

Shared by the checks. A chain is short enough to read: steps in the middle are left out first, and
the calls that lead to the break last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import DType, Kind, Node
from tapelint.analysis.ir import Place
from tapelint.analysis.observations import Break, Cause, GradientAsked, Lost
from tapelint.checks.naming import source_name, target_name, written
from tapelint.checks.phrasing import called, code, described
from tapelint.checks.verdicts import OF_SOURCE, Case, Group, Outcome, is_consequence
from tapelint.model import Role, Span, Step

MOST_STEPS = 6
MOST_SOURCES = 3
MOST_REQUESTS = 2

# Made by reading a value, not by computing with it.
SILENT = frozenset({"[]", "element", "join", "value", "read_value", "counter", "variable"})

DTYPES = {DType.INT: "an integer", DType.BOOL: "a bool", DType.STRING: "a string"}


def steps(group: Group, at_break: str, tape: str = "") -> tuple[Step, ...]:
    """Return the chain of a group; `at_break` is the sentence of the break.

    `tape`, where given, is a sentence for the place where the tape was made.
    """
    asked = group.first.asked
    chain = [*sources(group), *behind_source(group, at_break)]
    if tape:
        chain.insert(place_in(chain, asked.tape.span()), Step(asked.tape.span(), Role.TAPE, tape))
    return tuple(chain)


def place_in(chain: Sequence[Step], made: Span) -> int:
    """Return where the making of the tape belongs: before what it does not hold, or behind it."""
    broken = next((i for i, s in enumerate(chain) if s.role is Role.BREAK), 0)
    start = broken + 1 if chain[broken].span < made else 0
    later = (i for i in range(start, len(chain)) if made.path == chain[i].span.path)
    return next((i for i in later if chain[i].span > made), len(chain) - 1)


def behind_source(group: Group, at_break: str = "") -> list[Step]:
    """Return the chain from the first operation on the source to the request."""
    case = group.first
    asked, lost = case.asked, case.lost
    chain = shortened([*way(asked, lost, case.broken, at_break)])
    target = asked.target
    is_shown = not asked.is_training and target is not lost.source
    if is_shown and target is not None and target.place is not None:
        chain.append(Step(target.place.span(), Role.TARGET, target_sentence(asked)))
    chain.append(Step(asked.place.span(), Role.TAPE, request_sentence(asked, case.outcome)))
    return [*chain, *further_requests(group)]


def further_requests(group: Group) -> Iterator[Step]:
    """Yield the other requests that are answered alike for the same reason."""
    first = group.first.asked.place.span()
    others = {c.asked.place.span(): c for c in group.cases if c.asked.place.span() != first}
    for span, case in list(others.items())[:MOST_REQUESTS]:
        yield Step(span, Role.STEP, f"{request_sentence(case.asked, case.outcome)} here as well")


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
            yield Step(span, Role.SOURCE, source_sentence(case))


def source_sentence(case: Case) -> str:
    """Say what a source is."""
    source = case.lost.source
    named = case.lost.label or source_name(case)
    name = code(named) if named else "this"
    causes = {b.cause for b in case.lost.breaks}
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
    broken = {b.node: b for b in lost.breaks if b is main or not is_consequence(b)}
    nodes = [n for n in lost.way if n is not lost.source and n.place is not None]
    if main.cause not in OF_SOURCE and main.node not in nodes and main.node.place is not None:
        nodes.append(main.node)
    spans = [place.span() for n in nodes if (place := n.place) is not None]
    told = {n.place.span() for n in (lost.source, main.node) if n.place is not None}
    calls = list(asked.stack)
    for node, span, following in zip(nodes, spans, [*spans[1:], None], strict=False):
        if node in broken:
            yield from calls_into(node, calls, told)
            if broken[node] is main:
                yield Step(span, Role.BREAK, at_break)
            else:
                yield Step(span, Role.STEP, also_broken(broken[node]))
        elif not (span in told or is_silent(node, asked) or is_inside(node, span, following)):
            yield from calls_into(node, calls, told)
            yield Step(span, Role.STEP, passing_sentence(node))
        told.add(span)


def is_inside(node: Node, span: Span, following: Span | None) -> bool:
    """Whether a value has no name of its own and stands within the next expression."""
    if following is None or node.label or span.path != following.path:
        return False
    start, end = (span.line, span.column), (span.end_line, span.end_column)
    first = (following.line, following.column)
    return first <= start and end <= (following.end_line, following.end_column)


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
    return f"it goes through {code(described(node.op, node.place))}"


def also_broken(broken: Break) -> str:
    """Say that the way is broken here as well."""
    what = code(described(broken.node.op, broken.node.place))
    match broken.cause:
        case Cause.CUT:
            return f"{what} would end the gradient as well"
        case Cause.PAUSED | Cause.RESET:
            return f"{what} is not recorded either"
        case _:
            return f"{what} is outside the tape as well"


def target_sentence(asked: GradientAsked) -> str:
    """Name the target."""
    name = target_name(asked)
    return f"{code(name)} is the target" if name else "this is the target"


def request_sentence(asked: GradientAsked, outcome: Outcome) -> str:
    """Say what the request answers."""
    if asked.is_training:
        return training_sentence(asked, outcome)
    tape = written(asked).tape
    name = code(f"{tape}.{asked.method}") if tape else code(asked.method)
    match outcome:
        case Outcome.NONE:
            return f"{name} answers None"
        case Outcome.ZERO:
            return f"{name} answers zeros"
        case _:
            return f"{name} raises"


def training_sentence(asked: GradientAsked, outcome: Outcome) -> str:
    """Say what Keras does with the gradients it gets (Keras 3.15)."""
    name = code(asked.method)
    match outcome:
        case Outcome.RAISES:
            return f"{name} traces this as a graph, and raises"
        case Outcome.ZERO:
            return f"{name} trains with zeros"
        case _ if len(asked.lost) == asked.asked:
            return f'{name} raises: "No gradients provided for any variable"'
        case _:
            return f"{name} leaves what has no gradient as it is, with a warning"


def shortened(found: Sequence[Step]) -> list[Step]:
    """Leave out steps from the middle: first those that are no calls, then any."""
    kept = list(found)
    while sum(s.role is Role.STEP for s in kept) > MOST_STEPS:
        inner = [i for i, s in enumerate(kept) if s.role is Role.STEP]
        plain = [i for i in inner if not kept[i].message.endswith("is called")]
        chosen = plain or inner
        del kept[chosen[len(chosen) // 2]]
    return kept
