"""What the worker saw, in types. It ran the user's code, so nothing it says is taken on trust."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tapelint.verify.inputs import finite

Json = Mapping[str, object]
Line = tuple[str, int]
Plain = TypeVar("Plain", str, int, bool, float)


@dataclass(frozen=True, slots=True)
class Place:
    """A region of a file: absolute path, lines and columns from 1."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Break:
    """A step at which a connection ended; `frames` are the user's lines, the innermost first."""

    name: str
    kind: str
    frames: tuple[Line, ...]
    dtype: str
    missed: str
    raises: bool


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a request, and what came out for it.

    `outcome` is none, value, zero, nan, inf or error. `cause` and `breaks` say why there is no
    gradient, `culprits` where it turned bad; `behind` and `exits` are further places of the way.
    `invented` and `replaced` name stand-ins that the target depends on (of a value: the way);
    `beside` are those of `replaced` that reach it around all breaks, `beneath` those that the source
    is made of, None where that was not looked at.
    `total` is the sum of the gradient.
    """

    index: int
    outcome: str
    value: str
    kind: str
    name: str
    dtype: str
    type: str
    is_trainable: bool | None
    is_symbolic: bool
    made: tuple[Line, ...]
    made_kind: str
    is_late: bool
    is_mixed: bool
    cause: str
    could_flow: bool | None
    breaks: tuple[Break, ...]
    culprits: tuple[Break, ...]
    behind: tuple[Break, ...]
    exits: tuple[Break, ...]
    invented: tuple[str, ...]
    replaced: tuple[str, ...]
    total: float | None = None
    beside: tuple[str, ...] | None = None
    beneath: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class InMode:
    """What a request gives in another mode: (index, outcome, value) of sources, or why not.

    `lines` are those of the operations that were run again.
    """

    mode: str
    answers: tuple[tuple[int, str, str], ...]
    error: str = ""
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One gradient call that ran. `assumed` counts the assumptions that were made before.

    `total` is the sum of the target, of which the gradient is the derivative. `modes` is what comes
    out when the operations are run again as a graph or under XLA.
    """

    method: str
    turn: int
    place: Place | None
    frames: tuple[Line, ...]
    is_persistent: bool
    is_recording: bool
    tape_asked: int
    tape_made: tuple[Line, ...]
    target_kind: str
    error_type: str
    error_message: str
    is_zero_asked: bool
    sources: tuple[Source, ...]
    assumed: int
    total: float | None = None
    modes: tuple[InMode, ...] = ()

    @property
    def is_invented(self) -> bool:
        """Whether anything had been invented by then."""
        return bool(self.assumed)

    @property
    def is_plain(self) -> bool:
        """Whether the target is a number or an array of Python's."""
        return bool(self.sources) and all(s.cause == "no target" for s in self.sources)


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception that ended a statement of the program."""

    type: str
    bases: tuple[str, ...]
    message: str
    frames: tuple[Line, ...]
    is_invented: bool


@dataclass(frozen=True, slots=True)
class Update:
    """A variable that is a source was written from the gradients of `gradients_of`.

    `through` are the lines that those passed on the way, that of the request among them.
    """

    variable: str
    gradients_of: tuple[str, ...]
    is_own: bool
    frames: tuple[Line, ...]
    is_invented: bool
    through: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Everything one witness gave. `fate` is "ended" where it came to its end.

    `notes` are assumptions, `executed` the lines (path, line) that ran at least one call. `is_cut`
    holds for a program that was stopped because it only repeated itself, `unreachable` says why a
    function could not be called. `uneven` are the lines of a `zip` of different lengths, and
    `is_forced` holds where a `tf.function` was run eagerly. `scaled` tells of each step of an
    optimizer that divides gradients by a scale whether their loss had been multiplied by it,
    `guessed` are lines (path, first, last) that ran, or did not, by a guess.
    `sought` are inputs at which an operation would be singular.
    """

    fate: str
    seconds: float
    sandbox: str
    asked: tuple[Asked, ...] = ()
    raised: tuple[Raised, ...] = ()
    updates: tuple[Update, ...] = ()
    notes: tuple[str, ...] = ()
    executed: frozenset[Line] = frozenset()
    trouble: str = ""
    is_cut: bool = False
    unreachable: str = ""
    uneven: tuple[Line, ...] = ()
    is_forced: bool = False
    scaled: tuple[tuple[tuple[Line, ...], bool], ...] = ()
    guessed: tuple[tuple[str, int, int], ...] = ()
    sought: tuple[tuple[float, ...], ...] = ()


def run_from(events: Sequence[Json], fate: str, seconds: float) -> Run:
    """Turn the events of one witness into a run."""
    asked: list[Asked] = []
    raised: list[Raised] = []
    updates: list[Update] = []
    notes: list[str] = []
    executed: set[Line] = set()
    sandbox = trouble = unreachable = ""
    is_cut = is_forced = False
    uneven: list[Line] = []
    scaled: list[tuple[tuple[Line, ...], bool]] = []
    guessed: list[tuple[str, int, int]] = []
    sought: list[tuple[float, ...]] = []
    for event in events:
        match event.get("event"):
            case "request":
                asked.append(asked_from(event, len(notes)))
            case "raised":
                raised.append(_raised(event, bool(notes)))
            case "update":
                updates.append(_update(event, bool(notes)))
            case "note":
                notes.append(_text(event, "text"))
            case "executed":
                executed.update(_lines(event.get("lines")))
            case "sandbox":
                # Said before the witness begins: whatever says it again is the witness.
                sandbox = sandbox or _text(event, "strength")
            case "uneven":
                uneven += _lines(event.get("frames"))[:1]
            case "scaled":
                scaled.append((_lines(event.get("frames")), _plain(event, "is_scaled", True)))
            case "guessed":
                guessed += _ranges(event.get("lines"))
            case "sought":
                sought.append(finite(event.get("numbers")))
            case "forced":
                is_forced = True
            case "enough":
                is_cut = True
            case "unreachable":
                unreachable = _text(event, "why")
            case "failed":
                trouble = _text(event, "what")
            case "done" if fate == "died":
                fate = _death(event)
    return Run(
        fate,
        round(seconds, 2),
        sandbox,
        tuple(asked),
        tuple(raised),
        tuple(updates),
        tuple(dict.fromkeys(notes)),
        frozenset(executed),
        trouble,
        is_cut,
        unreachable,
        tuple(uneven),
        is_forced,
        tuple(scaled),
        tuple(guessed),
        tuple(sought),
    )


def _death(event: Json) -> str:
    signal = event.get("signal")
    return f"killed by signal {signal}" if isinstance(signal, int) else "died"


def asked_from(event: Json, assumed: int = 0) -> Asked:
    """Turn the event of one gradient call into a record."""
    tape, target, error = (_map(event.get(name)) for name in ("tape", "target", "error"))
    return Asked(
        method=_text(event, "method"),
        turn=_plain(event, "turn", 1),
        place=_place(event.get("spot")),
        frames=_lines(event.get("frames")),
        is_persistent=_plain(tape, "is_persistent", False),
        is_recording=_plain(tape, "is_recording", False),
        tape_asked=_plain(tape, "asked", 0),
        tape_made=_lines(tape.get("frames")),
        target_kind=_text(target, "kind"),
        error_type=_text(error, "type"),
        error_message=_text(error, "message"),
        is_zero_asked=_plain(event, "zero_asked", False),
        sources=tuple(_source(_map(entry)) for entry in _list(event.get("sources"))),
        assumed=assumed,
        total=_number(target.get("total")),
        modes=tuple(_in_mode(m, _map(e)) for m, e in _map(event.get("modes")).items()),
    )


def _in_mode(mode: str, entry: Json) -> InMode:
    found = [_map(source) for source in _list(entry.get("sources"))]
    answers = tuple((_plain(s, "index", 0), _text(s, "outcome"), _text(s, "value")) for s in found)
    return InMode(mode, answers, _text(entry, "error"), _lines(entry.get("lines")))


def _source(entry: Json) -> Source:
    connection = _map(entry.get("connection"))
    trainable, could_flow = entry.get("trainable"), connection.get("could_flow")
    return Source(
        index=_plain(entry, "index", 0),
        outcome=_text(entry, "outcome"),
        value=_text(entry, "value"),
        kind=_text(entry, "kind"),
        name=_text(entry, "name"),
        dtype=_text(entry, "dtype"),
        type=_text(entry, "type"),
        is_trainable=trainable if isinstance(trainable, bool) else None,
        is_symbolic=_plain(entry, "is_symbolic", False),
        made=_lines(entry.get("made")),
        made_kind=_text(entry, "made_kind"),
        is_late=_plain(entry, "is_late", False),
        is_mixed=_plain(entry, "is_mixed", False),
        cause=_text(connection, "cause"),
        could_flow=could_flow if isinstance(could_flow, bool) else None,
        breaks=_breaks(connection.get("breaks")),
        culprits=_breaks(entry.get("culprits")),
        behind=_breaks(connection.get("behind")),
        exits=_breaks(connection.get("exits")),
        invented=_texts(connection.get("invented")),
        replaced=_texts(connection.get("replaced")),
        total=_number(entry.get("total")),
        beside=_texts(connection["beside"]) if "beside" in connection else None,
        beneath=_texts(connection["beneath"]) if "beneath" in connection else None,
    )


def _breaks(value: object) -> tuple[Break, ...]:
    return tuple(_break(_map(entry)) for entry in _list(value))


def _break(entry: Json) -> Break:
    return Break(
        _text(entry, "name"),
        _text(entry, "kind"),
        _lines(entry.get("frames")),
        _text(entry, "dtype"),
        _text(entry, "missed"),
        _plain(entry, "raises", False),
    )


def _raised(event: Json, is_invented: bool) -> Raised:
    return Raised(
        _text(event, "type"),
        _texts(event.get("bases")),
        _text(event, "message"),
        _lines(event.get("frames")),
        is_invented,
    )


def _update(event: Json, is_invented: bool) -> Update:
    return Update(
        _text(event, "variable"),
        _texts(event.get("gradients_of")),
        _plain(event, "is_own", True),
        _lines(event.get("frames")),
        is_invented,
        _lines(event.get("through")),
    )


def _place(value: object) -> Place | None:
    match value:
        case [str(path), int(line), int(column), int(end_line), int(end_column)]:
            return Place(path, line, column, end_line, end_column)
        case _:
            return None


def _lines(value: object) -> tuple[Line, ...]:
    found = []
    for entry in _list(value):
        match entry:
            case [str(path), int(line)]:
                found.append((path, line))
    return tuple(found)


def _ranges(value: object) -> Iterator[tuple[str, int, int]]:
    for entry in _list(value):
        match entry:
            case [str(path), int(first), int(last)]:
                yield path, first, last


def _map(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(entry) for entry in _list(value))


def _text(entry: Json, key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, (int, float)) else None
    except OverflowError:
        return None


def _plain(entry: Json, key: str, default: Plain) -> Plain:
    value = entry.get(key)
    return value if isinstance(value, type(default)) else default
