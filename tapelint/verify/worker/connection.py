"""Why a source got no gradient: where on the way to the target the connection ends.

Two views are laid over each other: which value was made from which (the events), and where a
gradient could flow (the shadow tape). A way of data that carries no gradient has a step with a
connected input and no connected output; that step is the break.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from tapelint.verify.worker.events import Event, Key, Kind, TapeLog
from tapelint.verify.worker.liveness import Liveness
from tapelint.verify.worker.recorder import Recorder
from tapelint.verify.worker.way import STANDING_IN, Break, Missed, Search, as_break, missed_by

# So many lines before the last break are looked at for others.
MOST_PARTS = 200


class Cause(Enum):
    """Why there is no gradient, seen from the source."""

    NO_TENSOR = "no tensor"
    DTYPE = "dtype"
    UNWATCHED = "unwatched"
    NOT_TRAINABLE = "not trainable"
    NOT_AUTO_WATCHED = "not auto-watched"
    LATE_WATCH = "late watch"
    UNUSED = "unused"
    CUT = "cut"
    UNRECORDED = "unrecorded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Connection:
    """What is known of one source and target. `could_flow` is the shadow's answer.

    `behind` are steps of the way that no gradient reaches any more. `exits` are the places at which
    a value of the source left TensorFlow for Python; `invented` and `replaced` the stand-ins that
    the way from source to target, or the target, depends on. `beside` are those of `replaced` that
    reach the target on a way around all of the breaks, `beneath` those that the source is made of.
    """

    cause: Cause
    breaks: tuple[Break, ...] = ()
    could_flow: bool | None = None
    is_used: bool = False
    reaches: bool = False
    behind: tuple[Break, ...] = ()
    exits: tuple[Break, ...] = ()
    invented: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    beneath: tuple[str, ...] = ()


class Explainer:
    """Explains the requests of one program.

    `sees_python` holds where calls of Python and NumPy are recorded, so that it is known what a
    value became that left TensorFlow.
    """

    def __init__(self, recorder: Recorder, *, sees_python: bool = True) -> None:
        self.recorder = recorder
        self.sees_python = sees_python
        self.runtime = recorder.runtime

    def explain(
        self, log: TapeLog, target: Any, source: Any, auto_watched: frozenset[Key]
    ) -> Connection:
        """Say why `source` gets no gradient of `target`, a single tensor, from a tape."""
        runtime = self.runtime
        if not (runtime.is_tensor(source) or runtime.is_variable(source)):
            return Connection(Cause.NO_TENSOR)
        start = self.recorder.key(source)
        search = self._searched(start, self.recorder.key(target))
        found = _Findings(self, source, search)
        reaches = self.recorder.key(target) in search.data
        known = Connection(
            Cause.UNKNOWN,
            is_used=bool(search.users),
            reaches=reaches,
            invented=_named(search.ancestors, Kind.INVENTED),
            replaced=_named(search.ancestors, *STANDING_IN),
            beneath=_named(self.leading_to(start), *STANDING_IN),
        )
        if not runtime.is_differentiable(source):
            uses = tuple(as_break(event) for event in search.on_way if start in event.inputs)
            return replace(known, cause=Cause.DTYPE, breaks=uses)
        if not self.recorder.is_complete:
            return known
        if not reaches:
            exits = found.exits() if self.sees_python else found.departures(log)
            named = (*known.replaced, *self.recorder.guessed)
            return replace(known, cause=Cause.UNUSED, exits=exits, could_flow=False, replaced=named)
        if not found.is_connected(target):
            breaks = found.cuts()
            return replace(
                known,
                cause=Cause.CUT if breaks else Cause.UNKNOWN,
                breaks=breaks,
                could_flow=False,
                behind=found.dead(),
                exits=found.exits(),
                beside=found.around(),
            )
        known = replace(known, could_flow=True, breaks=found.unrecorded(log, target))
        known = replace(known, beside=found.around())
        if (cause := self._of_source(log, source, auto_watched)) is not None:
            return replace(known, cause=cause)
        if known.breaks:
            return replace(known, cause=Cause.UNRECORDED)
        watched = log.watched.get(start)
        late = [e for e in search.users if watched is not None and e.serial <= watched]
        if late:
            return replace(known, cause=Cause.LATE_WATCH, breaks=tuple(map(as_break, late)))
        return known

    def path(self, target: Any, source: Any) -> Connection:
        """Say what lies between a source and a target that are connected."""
        start, end = self.recorder.key(source), self.recorder.key(target)
        search = self._searched(start, end)
        steps = search.on_way
        made = [e for e in search.ancestors if start in e.outputs]
        return Connection(
            Cause.UNKNOWN,
            could_flow=True,
            is_used=bool(search.users),
            reaches=end in search.data,
            invented=_named([*steps, *made], Kind.INVENTED),
            replaced=_named([*steps, *made], *STANDING_IN),
        )

    def exits(self, target: Any, source: Any) -> tuple[Break, ...]:
        """Return the steps at which the source became the target, which is a Python object."""
        search = self.search(target, source)
        left = tuple(as_break(event) for event in search.on_way if event.kind is Kind.PLAIN)
        return left or _Findings(self, source, search).exits()

    def search(self, target: Any, source: Any) -> Search:
        """Return the steps that lead from a source, and those that lead to a target."""
        return self._searched(self.recorder.key(source), self.recorder.key(target))

    def array(self, value: Any) -> Any:
        """Return the numbers of an eager value as a NumPy array, None where it has none."""
        if value is None:
            return None
        try:
            return self.runtime.tf.convert_to_tensor(value).numpy()
        except Exception:  # noqa: BLE001 - symbolic, a resource, or no dense form
            return None

    def _searched(self, start: Key, end: Key) -> Search:
        search = Search(data={start}, needed={end}, end=end)
        for event in self.recorder.events:
            if not search.data.isdisjoint(event.inputs):
                search.data.update(event.outputs)
                if start in event.inputs:
                    search.users.append(event)
        search.ancestors = self.leading_to(end, needed=search.needed)
        return search

    def leading_to(
        self, end: Key, *, without: Container[int] = (), needed: set[Key] | None = None
    ) -> list[Event]:
        """Return the steps that a value is made by, in order.

        What a step with a serial in `without` makes counts as made by nothing. `needed` collects
        the values on the way.
        """
        needed = {end} if needed is None else needed
        found: list[Event] = []
        for event in reversed(self.recorder.events):
            if event.serial not in without and not needed.isdisjoint(event.outputs):
                needed.update(event.inputs)
                found.append(event)
        found.reverse()
        return found

    def _of_source(self, log: TapeLog, source: Any, auto_watched: frozenset[Key]) -> Cause | None:
        """Say what is wrong with the source itself, None where the tape watched it."""
        key = self.recorder.key(source)
        if key in log.watched or key in auto_watched:
            return None
        if self.runtime.is_variable(source):
            if not source.trainable:
                return Cause.NOT_TRAINABLE
            return None if log.watches_accessed else Cause.NOT_AUTO_WATCHED
        made = self.recorder.made.get(key)
        if made is not None and log.number in made.tapes and self._was_recorded(made, log):
            # An intermediate value is on the tape with what it was made from.
            return None
        return Cause.UNWATCHED

    def _was_recorded(self, made: Event, log: TapeLog) -> bool:
        """Tell whether anything that went into a step was on the tape itself."""
        watched = set(log.watched)
        seen: set[Key] = set()
        pending = list(made.inputs)
        while pending:
            key = pending.pop()
            if key in seen:
                continue
            seen.add(key)
            value = self.recorder.value(key)
            if key in watched or (
                log.watches_accessed and getattr(value, "dtype", None) == self.runtime.tf.resource
            ):
                return True
            event = self.recorder.made.get(key)
            if event is not None and log.number in event.tapes:
                pending.extend(event.inputs)
        return False


class _Findings:
    """What the shadow says of the way from one source to the target."""

    def __init__(self, explainer: Explainer, source: Any, search: Search) -> None:
        self.explainer = explainer
        self.recorder = explainer.recorder
        self.search = search
        self.liveness = Liveness(explainer.recorder, source, search.data)
        self.broken: set[int] = set()

    def is_connected(self, value: Any) -> bool:
        """Tell whether a gradient could flow from a value back to the source."""
        return self.liveness.of_value(value)

    def cuts(self) -> tuple[Break, ...]:
        """Return the steps with a connected input and no connected output, in order.

        Behind the last of them nothing is connected: that one is searched for by halves. Those
        before it, on other ways, are looked for as long as there is time.
        """
        parts = self._parts()
        last = self._first_dead(parts)
        found: list[Break] = []
        for number, part in enumerate(parts[:last]):
            if self.liveness.is_exhausted or number > MOST_PARTS:
                break
            found += self._cuts_in(part)
        self.liveness.renew()
        return (*found, *self._cuts_in(parts[last]))

    def _first_dead(self, parts: Sequence[Sequence[Event]]) -> int:
        """Return the first part behind which no value of the way is connected."""
        made = {self.liveness.start: -1}
        used: dict[Key, int] = {self.search.end: len(parts)}
        for number, part in enumerate(parts):
            for event in part:
                used.update(dict.fromkeys(event.inputs, number))
                for key in event.outputs:
                    # A variable that is written is there from the start all the same.
                    if key in self.search.needed:
                        made.setdefault(key, number)
        used[self.search.end] = len(parts)
        alive, dead = -1, len(parts) - 1
        while dead - alive > 1:
            middle = (alive + dead) // 2
            crossing = (k for k, at in made.items() if at <= middle < used.get(k, -1))
            if any(map(self.liveness.is_live, crossing)):
                alive = middle
            else:
                dead = middle
        return dead

    def _cuts_in(self, part: Sequence[Event]) -> Iterator[Break]:
        if not any(self.liveness.is_live(key) for event in part for key in event.inputs):
            return
        dead = [key for key in self._leaving(part) if not self.liveness.is_live(key)]
        if dead:
            yield from self._cuts_before(part, dead)

    def _parts(self) -> list[list[Event]]:
        """Split the way into runs of steps that one line of the user's made.

        A layer is hundreds of steps, of which few values leave: the shadow is asked about those.
        """
        parts: list[list[Event]] = []
        for event in self.search.on_way:
            if not parts or parts[-1][-1].frames != event.frames:
                parts.append([])
            parts[-1].append(event)
        return parts

    def _leaving(self, part: Sequence[Event]) -> list[Key]:
        """Return what a part makes for others, all it makes that it does not use itself."""
        last = part[-1].serial
        used_later = self.search.used_after(last)
        made = [key for event in part for key in event.outputs if key in self.search.needed]
        return [key for key in dict.fromkeys(made) if key in used_later]

    def _cuts_before(self, part: Sequence[Event], dead: Iterable[Key]) -> Iterator[Break]:
        """Yield the steps of a part at which the way to `dead` values ends."""
        wanted = set(dead)
        leading: list[Event] = []
        for event in reversed(part):
            if not wanted.isdisjoint(event.outputs):
                wanted.update(event.inputs)
                leading.append(event)
        for event in reversed(leading):
            if not any(self.liveness.is_live(key) for key in event.inputs):
                continue
            answers = [self.liveness.answer(key) for key in event.outputs if key in wanted]
            if not any(answers):
                raises = None in answers or not self.recorder.has_gradient(event)
                self.broken.add(event.serial)
                yield as_break(event, raises=raises)

    def dead(self) -> tuple[Break, ...]:
        """Return the steps that carry data of the source, and no gradient any more."""
        dead: list[Break] = []
        for event in reversed(self.search.on_way):
            if any(self.liveness.known(key) for key in event.inputs):
                break
            dead.append(as_break(event))
        return tuple(dead)

    def unrecorded(self, log: TapeLog, target: Any) -> tuple[Break, ...]:
        """Return the steps a gradient would pass that the user's tape did not record."""
        missed = [
            event
            for event in self.search.on_way
            if log.number not in event.tapes or event.serial <= log.reset
        ]
        reached = self.liveness.leading_to(target, missed)
        missed = [event for event in missed if not reached.isdisjoint(event.outputs)]
        self.broken.update(event.serial for event in missed)
        found = [as_break(event, missed=missed_by(event, log)) for event in missed]
        if any(broken.missed is Missed.RESET for broken in found):
            # The line that forgot it is to blame as much as the one that is forgotten.
            frames = log.reset_frames
            found.append(Break("reset", Kind.OPERATION, frames, missed=Missed.RESET))
        return tuple(found)

    def around(self) -> tuple[str, ...]:
        """Return the stand-ins that the target is made by even where nothing passes the breaks.

        A break that is a stand-in itself stops nothing. Of a library's code it is known what went in.
        """
        real = {
            event.serial
            for event in self.recorder.events
            if event.serial in self.broken and event.kind not in STANDING_IN
        }
        return _named(
            self.explainer.leading_to(self.search.end, without=real), Kind.REPLACED
        ) + tuple(self.recorder.guessed)

    def exits(self) -> tuple[Break, ...]:
        """Return the steps at which a value of the source became something untraceable.

        Small integers and bools have no address of their own. Of floats and arrays it is known
        where they went, so that those which did not lead to the target are not to blame.
        """
        return tuple(
            as_break(event)
            for event in self.recorder.events
            if event.kind is Kind.PLAIN
            and not event.outputs
            and not self.search.data.isdisjoint(event.inputs)
        )

    def departures(self, log: TapeLog) -> tuple[Break, ...]:
        """Return the steps under the tape at which a value of the source left for places unknown.

        NumPy reads a tensor without a call: then it is the last step of TensorFlow's. They count
        where the target was made from something that came from such a place.
        """
        arrivals = [e for e in self.search.ancestors if e.name == "constant" and not e.inputs]
        last = max((event.serial for event in arrivals), default=0)
        used = {key for event in self.recorder.events for key in event.inputs}
        return tuple(
            replace(as_break(event), kind=Kind.PLAIN, name="array")
            if event.kind is Kind.OPERATION
            else as_break(event)
            for event in self.recorder.events
            if log.first_entered <= event.serial < last
            and (event.kind is Kind.PLAIN or used.isdisjoint(event.outputs))
            and event.kind in (Kind.PLAIN, Kind.OPERATION)
            and not self.search.data.isdisjoint(event.inputs)
        )


def _named(events: Iterable[Event], *kinds: Kind) -> tuple[str, ...]:
    return tuple(dict.fromkeys(event.name for event in events if event.kind in kinds))


def merged(found: Sequence[Connection]) -> Connection:
    """Return what speaks for several targets at once: the one that comes nearest to a value."""
    order = [Cause.UNRECORDED, Cause.LATE_WATCH, Cause.CUT, Cause.UNUSED]
    return min(found, key=lambda c: order.index(c.cause) if c.cause in order else len(order))
