"""From what was seen of a callable to what may be said of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tools.knowledge.explore import Evidence
from tools.knowledge.observe import FLOWS, NONE, RAISES, ZEROS, OutputSeen, Seen
from tools.knowledge.signatures import positional

_LESS_LIKELY_KINDS = ("number", "nothing")


class Undecided(Exception):
    """The samples do not settle what the callable does."""


@dataclass(frozen=True, slots=True)
class OutputEntry:
    """One output: effects of the arguments that do not simply flow."""

    name: str
    kind: str
    dtype: str
    effects: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the table says of a callable."""

    parameters: tuple[str, ...]
    kind: str
    outputs: tuple[OutputEntry, ...]
    value_free: tuple[str, ...] = ()
    dtype_from: str = ""
    dtype_argument: str = ""
    flows_if_complex: tuple[str, ...] = ()
    exception: str = ""


def judge(evidence: Evidence) -> Entry:
    """Return the entry of a callable; raises `Undecided` where the samples are too few."""
    if not evidence.results:
        raise Undecided("no sample was accepted")
    everything = [seen for group in evidence.watched.values() for seen in group]
    everything += evidence.results
    kind = _kind(everything)
    if kind == "structure":
        width = Counter(len(seen.outputs) for seen in everything).most_common(1)[0][0]
        columns = range(width)
        usable = [seen for seen in everything if len(seen.outputs) == width]
    else:
        columns = range(1)
        usable = everything
    # Of an argument that could not carry a gradient anyway nothing is lost.
    value_free = tuple(
        name
        for name in _arguments(evidence)
        if name in evidence.watched and _is_idle(evidence, name)
    )
    exceptions: set[str] = set()
    outputs: list[OutputEntry] = []
    deciding = ""
    for column in columns:
        seen_parts = [part for seen in usable for part in _column(seen, kind, column)]
        part_kind = _commonest_kind([part.kind for part in seen_parts]) if seen_parts else "tensor"
        effects = {}
        for name in _arguments(evidence):
            effect = _effect(evidence, name, kind, column, part_kind, exceptions)
            if effect != FLOWS:
                effects[name] = effect
        dtype, source = _dtype(evidence, kind, column)
        deciding = deciding or source
        name = seen_parts[0].name if seen_parts else ""
        outputs.append(OutputEntry(name, part_kind, dtype, effects))
    if kind not in ("list", "structure"):
        kind = outputs[0].kind
    return Entry(
        parameters=tuple(positional(evidence.subject.parameters)),
        kind=kind,
        outputs=tuple(outputs),
        value_free=value_free,
        dtype_from=deciding,
        dtype_argument=evidence.stated_by,
        flows_if_complex=tuple(
            name
            for name in _arguments(evidence)
            if name in evidence.flows_if_complex and any(name in part.effects for part in outputs)
        ),
        exception=", ".join(sorted(exceptions)),
    )


def _arguments(evidence: Evidence) -> list[str]:
    """Return the arguments there is something to say of, in the order of the parameters."""
    found = [
        p.name
        for p in evidence.subject.parameters
        if p.name in evidence.watched or p.name in evidence.refused
    ]
    # An option that changes nothing is one the samples did not exercise.
    return [n for n in found if not (n in evidence.optional and _is_idle(evidence, n))]


def _is_idle(evidence: Evidence, name: str) -> bool:
    flows = any(
        part.effect == FLOWS for seen in evidence.watched.get(name, ()) for part in seen.outputs
    )
    return not flows and evidence.idle.get(name, False)


def _kind(everything: list[Seen]) -> str:
    kinds = Counter(seen.kind for seen in everything)
    if "structure" in kinds:
        widths = {len(seen.outputs) for seen in everything if seen.kind == "structure"}
        return "structure" if len(widths) == 1 else "list"
    if "list" in kinds:
        if {len(seen.outputs) for seen in everything if seen.kind == "list"} == {0}:
            raise Undecided("only empty lists")
        return "structure" if _is_mixed([s for s in everything if s.kind == "list"]) else "list"
    return _commonest_kind(list(kinds.elements()))


def _is_mixed(lists: list[Seen]) -> bool:
    if len({len(seen.outputs) for seen in lists}) != 1:
        return False
    return any(
        len({(part.kind, part.dtype, part.effect) for part in seen.outputs}) > 1 for seen in lists
    )


def _commonest_kind(kinds: list[str]) -> str:
    # `numpy()` gives a number for a scalar and an array otherwise: the array is the rule.
    counted = Counter(kinds)
    for kind in _LESS_LIKELY_KINDS:
        if len(counted) > 1:
            counted.pop(kind, None)
    return counted.most_common(1)[0][0]


def _column(seen: Seen, kind: str, column: int) -> tuple[OutputSeen, ...]:
    if kind == "structure":
        return seen.outputs[column : column + 1]
    return seen.outputs


def _effect(
    evidence: Evidence, name: str, kind: str, column: int, part_kind: str, exceptions: set[str]
) -> str:
    if name in evidence.refused and name not in evidence.watched:
        return NONE
    effects: list[tuple[str, str, str]] = []
    for seen in evidence.watched[name]:
        for part in _column(seen, kind, column):
            if part.effect:
                effects.append((part.effect, part.dtype, seen.shapes))
                if part.effect == RAISES and part.exception == "LookupError":
                    exceptions.add("LookupError")
    if not effects:
        if part_kind == "object":
            return NONE if evidence.idle.get(name) else FLOWS
        raise Undecided(f"nothing seen of {name}")
    if any(effect == FLOWS for effect, _, _ in effects):
        return FLOWS
    raised = [
        part.exception
        for seen in evidence.watched[name]
        for part in _column(seen, kind, column)
        if part.effect == RAISES
    ]
    samples = {shapes for _, _, shapes in effects}
    if "LookupError" in raised:
        return RAISES
    if raised and len(raised) == len(effects) and len(samples) > 1:
        exceptions.update(raised)
        return RAISES
    if raised:
        raise Undecided(f"{raised[0]} for {name}")
    if all(not _carries(dtype) for _, dtype, _ in effects):
        return NONE
    if len(samples) < 2 and name not in evidence.optional:
        raise Undecided(f"no gradient for {name}, but of one sample only")
    return ZEROS if any(effect == ZEROS for effect, _, _ in effects) else NONE


def _carries(dtype: str) -> bool:
    return dtype.startswith(("float", "bfloat", "complex", "half"))


def _class(dtype: str) -> str:
    for word, found in (
        ("complex", "complex"),
        ("float8", "int"),
        ("float", "float"),
        ("bfloat", "float"),
        ("half", "float"),
        ("bool", "bool"),
        ("string", "string"),
        ("<U", "string"),
        ("object", "string"),
        ("", "int"),
    ):
        if dtype.startswith(word):
            return found
    raise AssertionError(dtype)


_WIDTH = ("bool", "int", "float", "complex")
_Rows = list[tuple[dict[str, str], str]]


def _as_given(dtype: str) -> str:
    return dtype


def _real_part(dtype: str) -> str:
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def _any_complex(rows: _Rows) -> bool:
    return any(_class(dtype) == "complex" for given, _ in rows for dtype in given.values())


def _is_promoted(rows: _Rows) -> bool:
    """Whether the result always has the widest class among the arguments."""
    with_tensors = [(given, dtype) for given, dtype in rows if given]
    return bool(with_tensors) and all(
        _class(dtype) == max(map(_class, given.values()), key=_width)
        for given, dtype in with_tensors
    )


def _width(found: str) -> int:
    return _WIDTH.index(found) if found in _WIDTH else -1


def _dtype(evidence: Evidence, kind: str, column: int) -> tuple[str, str]:
    """Return the dtype class of an output and the argument it follows, where not the first."""
    rows: _Rows = []
    for seen in (*evidence.results, *(s for group in evidence.watched.values() for s in group)):
        for part in _column(seen, kind, column):
            if part.dtype:
                rows.append((dict(seen.dtypes), part.dtype))
    if not rows:
        return "same", ""
    order = [p.name for p in evidence.subject.parameters]
    names = sorted({name for dtypes, _ in rows for name in dtypes}, key=order.index)
    always = [name for name in names if all(name in dtypes for dtypes, _ in rows)]
    for relation in (_as_given, _real_part):
        followed = [n for n in always if all(relation(g[n]) == d for g, d in rows)]
        if not followed or (relation is _real_part and not _any_complex(rows)):
            continue
        word = "same" if relation is _as_given else "real"
        # Where all arguments have the dtype of the result, any of them tells it.
        decides = len(names) > len(followed) and (len(followed) == 1 or not _is_promoted(rows))
        return word, followed[0] if decides else ""
    if _is_promoted(rows):
        return "same", ""
    classes = Counter(_class(dtype) for _, dtype in rows)
    if len(classes) == 1:
        return next(iter(classes)), ""
    # Ints and bools become floats, complex numbers stay.
    if set(classes) <= {"float", "complex", "int"}:
        return "float", ""
    return classes.most_common(1)[0][0], ""
