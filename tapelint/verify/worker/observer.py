"""Turn every request to a tape into one observation: plain data that goes to the parent.

Nothing is judged here. What a value is worth as evidence is decided where no user code runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tapelint.verify.worker.backward import culprits, is_not_finite, is_zero
from tapelint.verify.worker.compiled import MOST_TURNS, Compiled
from tapelint.verify.worker.connection import Connection, Explainer, merged
from tapelint.verify.worker.converted import Frame
from tapelint.verify.worker.events import Kind
from tapelint.verify.worker.instrument import Spot
from tapelint.verify.worker.recorder import Recorder
from tapelint.verify.worker.tapes import Request
from tapelint.verify.worker.way import STANDING_IN, Break

Json = dict[str, Any]

# Of one call site: how many turns of a loop are explained, and how many are told at all.
MOST_EXPLAINED = 3
MOST_TOLD = 12
MOST_NUMBERS = 6
MOST_SOURCES = 64
MOST_BREAKS = 40
MOST_ROWS = 4


class Observer:
    """Hears of the requests and sends what they gave to `emit`."""

    def __init__(
        self,
        recorder: Recorder,
        spot: Callable[[], Spot | None],
        emit: Callable[[Json], None],
        modes: Sequence[str] = (),
        *,
        sees_python: bool = True,
    ) -> None:
        self.recorder = recorder
        self.runtime = recorder.runtime
        self.explainer = Explainer(recorder, sees_python=sees_python)
        self.spot = spot
        self.emit = emit
        self.compiled = Compiled(recorder, self.explainer, modes)
        recorder.keeps_operands = bool(modes)
        self.turns: Counter[object] = Counter()
        self.explained: Counter[object] = Counter()

    def answered(self, request: Request) -> None:
        """Send what a request gave for each of its sources."""
        frames = self.recorder.frames()
        spot = self.spot()
        if spot and (not frames or not _is_at(spot, frames[0])):
            # The call was made by code that is not rewritten, below the place that is known.
            spot = None
        site = spot or (frames[0] if frames else None)
        self.turns[site] += 1
        turn = self.turns[site]
        with self.recorder.muted():
            outcomes = self._outcomes(request)
            is_bad = any(outcome["outcome"] != "value" for outcome in outcomes)
            if turn > MOST_TOLD and not (is_bad and self.explained[site] < MOST_EXPLAINED):
                return
            explain = self.explained[site] < MOST_EXPLAINED
            if is_bad:
                self.explained[site] += 1
            sources = self._described(request, outcomes, explain)
            modes = self._modes(request) if turn <= MOST_TURNS else {}
        self.emit(
            {
                "event": "request",
                "method": request.method,
                "turn": turn,
                "spot": _spot(spot),
                "frames": list(frames),
                "tape": self._tape(request),
                "target": self._target(request),
                "error": _error(request.error),
                "zero_asked": request.is_zero_asked,
                "sources": sources,
                "modes": modes,
            }
        )

    # ------------------------------------------------------------------------------ answers

    def _outcomes(self, request: Request) -> list[Json]:
        sources = self._flat(request.sources)
        if request.error is not None:
            return [{"outcome": "error"} for _ in sources]
        answers = self._flat_answer(request, len(sources))
        return [self._outcome(answer) for answer in answers]

    def _flat(self, nest: Any) -> list[Any]:
        try:
            return list(self.runtime.tf.nest.flatten(nest))
        except Exception:  # noqa: BLE001 - what TensorFlow cannot flatten is one thing
            return [nest]

    def _flat_answer(self, request: Request, count: int) -> list[Any]:
        answers = self._flat(request.answer)
        if len(answers) == count:
            return answers
        # A Jacobian of a nest of targets: one answer for each pair.
        return (answers + [None] * count)[:count]

    def _outcome(self, answer: Any) -> Json:
        if answer is None:
            return {"outcome": "none"}
        array = self.explainer.array(answer)
        if array is None:
            return {"outcome": "value", "value": "symbolic", "is_symbolic": True}
        if not array.size:
            return {"outcome": "value", "value": "[]", "is_empty": True}
        shown = _shown(array)
        if array.dtype.kind in "fc" and is_not_finite(array):
            is_nan = bool((array != array).any())
            return {"outcome": "nan" if is_nan else "inf", "value": shown}
        outcome = "zero" if is_zero(array) else "value"
        total = float(array.sum()) if array.dtype.kind in "fiu" else None
        return {"outcome": outcome, "value": shown, "type": type(answer).__name__, "total": total}

    def _modes(self, request: Request) -> Json:
        """Return what a request gives in other modes, one outcome for each source that has one."""
        if not self.compiled.modes or request.error is not None:
            return {}
        sources = self._flat(request.sources)
        found = self.compiled.answers(request, sources, self._flat_answer(request, len(sources)))
        for entry in found.values():
            answers = entry.pop("answers", [])
            entry["sources"] = [{"index": i, **self._outcome(a)} for i, a in answers]
        return found

    # ---------------------------------------------------------------------------- sources

    def _described(self, request: Request, outcomes: list[Json], explain: bool) -> list[Json]:
        described = []
        sources = self._flat(request.sources)
        for index, (source, outcome) in enumerate(zip(sources, outcomes, strict=False)):
            if index >= MOST_SOURCES:
                break
            plain = self.runtime.unwrapped(source)
            entry = {"index": index, **outcome, **self._source(source, plain)}
            entry["is_late"] = self._is_late(request, plain)
            if explain:
                entry |= self._explained(request, plain, outcome["outcome"])
            if request.method == "batch_jacobian" and outcome["outcome"] in ("value", "zero"):
                entry["is_mixed"] = self._mixes_rows(request.target, plain)
            described.append(entry)
        return described

    def _source(self, source: Any, plain: Any) -> Json:
        runtime = self.runtime
        if runtime.is_variable(plain):
            kind = "keras variable" if plain is not source else "variable"
        elif runtime.is_tensor(plain):
            kind = "tensor" if runtime.is_eager(plain) else "symbolic tensor"
        else:
            kind = type(source).__name__
        found: Json = {"kind": kind, "name": _name(source)[:80]}
        if runtime.is_variable(plain):
            found["trainable"] = bool(plain.trainable)
        if runtime.is_variable(plain) or runtime.is_tensor(plain):
            made = self.recorder.made.get(self.recorder.key(plain))
            found["dtype"] = str(plain.dtype.name)
            found["shape"] = str(plain.shape)
            found["made"] = list(made.frames) if made else []
            found["made_by"] = made.name if made else ""
            found["made_kind"] = made.kind.value if made else ""
            found["made_serial"] = made.serial if made else None
        return found

    def _explained(self, request: Request, source: Any, outcome: str) -> Json:
        targets = [self.runtime.unwrapped(t) for t in self._flat(request.target)]
        tensors = [t for t in targets if self.runtime.is_tensor(t) or self.runtime.is_variable(t)]
        if not tensors:
            target = targets[0] if targets else None
            return {"connection": {"cause": "no target", "exits": self._exits(target, source)}}
        explainer = self.explainer
        # Of what is not connected `batch_jacobian` gives zeros (TensorFlow 2.21).
        may_be_lost = request.is_zero_asked or request.method == "batch_jacobian"
        if outcome in ("none", "error") or (outcome == "zero" and may_be_lost):
            log = request.log
            auto = frozenset(self.recorder.key(v) for v in request.watched_variables())
            found = merged([explainer.explain(log, t, source, auto) for t in tensors])
            if outcome != "zero" or request.is_zero_asked or not found.could_flow:
                return {"connection": _connection(found)}
        if not (self.runtime.is_tensor(source) or self.runtime.is_variable(source)):
            return {}
        found = explainer.path(tensors[0], source)
        result: Json = {"connection": _connection(found)}
        if outcome in ("nan", "inf", "zero"):
            test = is_zero if outcome == "zero" else is_not_finite
            result["culprits"] = _breaks(
                [b for t in tensors[:4] for b in culprits(explainer, t, source, test)]
            )
        return result

    def _is_late(self, request: Request, source: Any) -> bool:
        """Tell whether a source was invented when the tape had closed already."""
        if not (self.runtime.is_tensor(source) or self.runtime.is_variable(source)):
            return False
        made = self.recorder.made.get(self.recorder.key(source))
        is_invented = made is not None and made.kind in (Kind.INVENTED, *STANDING_IN)
        left = request.log.left
        return is_invented and left is not None and made is not None and made.serial > left

    def _mixes_rows(self, target: Any, source: Any) -> bool:
        """Tell whether a row of the target depends on another row of the source."""
        recorder, tf = self.recorder, self.runtime.tf
        count = target.shape[0] or 0
        for row in range(min(count, MOST_ROWS)):
            # The gradient of one row alone: what it leaves in the others is mixed in.
            shape = [count] + [1] * (target.shape.rank - 1)
            chosen = tf.reshape(tf.one_hot(row, count, dtype=target.dtype), shape)
            weights = chosen * tf.ones_like(target)
            try:
                found = recorder.raw_gradient(
                    recorder.shadow, target, source, output_gradients=weights
                )
            except Exception:  # noqa: BLE001 - whatever a gradient function raises
                return False
            array = self.explainer.array(found)
            if array is not None and any(array[i].any() for i in range(count) if i != row):
                return True
        return False

    def _exits(self, target: Any, source: Any) -> list[Json]:
        if not (self.runtime.is_tensor(source) or self.runtime.is_variable(source)):
            return []
        return _breaks(self.explainer.exits(target, source))

    # ------------------------------------------------------------------------ tape and target

    def _tape(self, request: Request) -> Json:
        log = request.log
        return {
            "number": log.number,
            "frames": list(log.frames),
            "is_persistent": log.is_persistent,
            "watches_accessed": log.watches_accessed,
            "entered": log.entered,
            "asked": log.asked,
            "is_recording": log.number in self.recorder.active,
        }

    def _target(self, request: Request) -> Json:
        flat = self._flat(request.target)
        first: Any = self.runtime.unwrapped(flat[0]) if flat else None
        if not (self.runtime.is_tensor(first) or self.runtime.is_variable(first)):
            return {"kind": type(first).__name__, "count": len(flat)}
        made = self.recorder.made.get(self.recorder.key(first))
        return {
            "kind": "tensor" if self.runtime.is_eager(first) else "symbolic tensor",
            "count": len(flat),
            "dtype": str(first.dtype.name),
            "shape": str(first.shape),
            "made": list(made.frames) if made else [],
            "total": self._total(flat),
        }

    def _total(self, values: list[Any]) -> float | None:
        """Return the sum of all numbers: what a gradient is the derivative of."""
        arrays = [self.explainer.array(self.runtime.unwrapped(value)) for value in values]
        if any(array is None or array.dtype.kind not in "fiu" for array in arrays):
            return None
        return sum(float(array.sum()) for array in arrays)


def _name(source: Any) -> str:
    """Return the name of a variable; one of Keras's says which layer it belongs to."""
    return str(getattr(source, "path", "") or getattr(source, "name", "") or "")


def _is_at(spot: Spot, frame: Frame) -> bool:
    return spot.file == frame[0] and spot.line <= frame[1] <= spot.end_line


def _spot(spot: Spot | None) -> list[object] | None:
    if spot is None:
        return None
    return [spot.file, spot.line, spot.column, spot.end_line, spot.end_column]


def _error(error: BaseException | None) -> Json | None:
    if error is None:
        return None
    return {"type": type(error).__name__, "message": str(error)[:400]}


def _break(found: Break) -> Json:
    return {
        "name": found.name,
        "kind": found.kind.value,
        "frames": list(found.frames),
        "dtype": found.dtype,
        "missed": found.missed.value if found.missed else None,
        "raises": found.raises,
    }


def _breaks(found: Sequence[Break]) -> list[Json]:
    """Return breaks as plain data, those of further turns of a loop once."""
    return [_break(b) for b in list(dict.fromkeys(found))[:MOST_BREAKS]]


def _connection(found: Connection) -> Json:
    return {
        "cause": found.cause.value,
        "breaks": _breaks(found.breaks),
        "could_flow": found.could_flow,
        "is_used": found.is_used,
        "reaches": found.reaches,
        "behind": _breaks(found.behind),
        "exits": _breaks(found.exits),
        "invented": list(found.invented),
        "replaced": list(found.replaced),
        "beside": list(found.beside),
        "beneath": list(found.beneath),
    }


def _shown(array: Any) -> str:
    """Return a few numbers as text, of many their shape and largest magnitude."""
    if array.size > MOST_NUMBERS:
        return f"shape {tuple(array.shape)}, largest {abs(array).max():.4g}"
    numbers = [f"{number:.4g}" for number in array.reshape(-1).tolist()]
    return numbers[0] if array.ndim == 0 else f"[{', '.join(numbers)}]"
