"""Look for an input at which an operation is singular, where the obvious numbers do not lead there.

The operations between an input and the argument of, say, a square root are run again and again:
Newton's method moves one element of the argument to where the derivative is not finite. What is
found is only a place to try: whether NaN comes out is seen when the program runs with that input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tapelint.verify.worker.compiled import CannotRepeat, Compiled
from tapelint.verify.worker.connection import Explainer
from tapelint.verify.worker.converted import Frame
from tapelint.verify.worker.events import Event
from tapelint.verify.worker.recorder import Recorder
from tapelint.verify.worker.tapes import Request

# Of operations: which argument must not come near to what (TensorFlow 2.21).
SINGULAR: Mapping[str, tuple[int, tuple[float, ...]]] = {
    "Sqrt": (0, (0.0,)),
    "Rsqrt": (0, (0.0,)),
    "Log": (0, (0.0,)),
    "Log1p": (0, (-1.0,)),
    "Reciprocal": (0, (0.0,)),
    "Inv": (0, (0.0,)),
    "RealDiv": (1, (0.0,)),
    "Div": (1, (0.0,)),
    "Pow": (0, (0.0,)),
    "Acos": (0, (1.0, -1.0)),
    "Asin": (0, (1.0, -1.0)),
    "Atanh": (0, (1.0, -1.0)),
    "Acosh": (0, (1.0,)),
}
MOST_OPERATIONS = 3
MOST_ELEMENTS = 4
MOST_STEPS = 60
STRIDES = (1.0, 2.0, 0.5, 0.25, 0.06)
MOST_NUMBERS = 4096
# Beyond this an input is no longer one that somebody would give.
LARGEST = 1e6
# An argument of several inputs is rarely hit exactly: so many neighbours of the last one are tried.
NEIGHBOURS = 8
MOST_MOVED = 16


class Seeker:
    """Hears of requests; `places` are the lines (file, first, last) that a finding blames."""

    def __init__(
        self,
        recorder: Recorder,
        explainer: Explainer,
        places: Iterable[tuple[str, int, int]],
        emit: Callable[[dict[str, Any]], None],
    ) -> None:
        self.recorder = recorder
        self.explainer = explainer
        self.places = list(places)
        self.emit = emit
        self.repeated = Compiled(recorder, explainer, ())
        # The tensor or variable that may be moved, as soon as it has been made.
        self.start: Any = None
        self.is_found = False
        recorder.keeps_operands = True

    def begin(self, value: Any) -> None:
        """Take a tensor or variable for what may be moved."""
        self.start = value

    def answered(self, request: Request) -> None:
        """Look for an input, once the operations are there."""
        if self.start is None or self.is_found or request.error is not None:
            return
        with self.recorder.muted():
            for event in self._operations(request):
                argument, points = SINGULAR[event.name]
                found = self._input(event, argument, points)
                if found is not None:
                    self.is_found = True
                    numbers = [float(number) for number in found.reshape(-1)]
                    self.emit({"event": "sought", "operation": event.name, "numbers": numbers})
                    return

    def _operations(self, request: Request) -> list[Event]:
        runtime = self.recorder.runtime
        found: dict[int, Event] = {}
        for target in runtime.tf.nest.flatten(request.target):
            for event in self.explainer.search(runtime.unwrapped(target), self.start).on_way:
                is_known = event.name in SINGULAR and event.serial in self.recorder.operands
                if is_known and self._is_blamed(event.frames):
                    found[event.serial] = event
        return list(found.values())[:MOST_OPERATIONS]

    def _is_blamed(self, frames: Sequence[Frame]) -> bool:
        for path, first, last in self.places:
            own = [line for file, line in frames if file == path]
            if own and first <= own[0] <= last:
                return True
        return False

    def _input(self, event: Event, argument: int, points: Sequence[float]) -> Any:
        """Return numbers for the start at which an argument has an element that is a point."""
        operand = self.recorder.operands[event.serial][0][argument]
        begin = self.explainer.array(self.start)
        if begin is None or begin.dtype.kind != "f" or not 0 < begin.size <= MOST_NUMBERS:
            return None
        try:
            way = _Way(self, operand)
            for point in points:
                for element in way.nearest(begin, point):
                    found = way.moved(begin, element, point)
                    if found is not None and self._is_allowed(found):
                        return found
        except CannotRepeat:
            return None
        except Exception:  # noqa: BLE001 - whatever an operation raises outside its place
            return None
        return None

    def _is_allowed(self, numbers: Any) -> bool:
        """Tell whether a variable may hold some numbers, as far as it says."""
        constraint = getattr(self.start, "constraint", None)
        if constraint is None:
            return True
        kept = constraint(self.recorder.runtime.tf.constant(numbers))
        return bool((self.explainer.array(kept) == numbers).all())


class _Way:
    """The operations from the start to one argument, as a function."""

    def __init__(self, seeker: Seeker, operand: Any) -> None:
        self.seeker = seeker
        self.runtime = seeker.recorder.runtime
        self.operand = seeker.recorder.key(operand)
        self.begin = seeker.recorder.key(seeker.start)
        self.steps = seeker.repeated.steps([operand], [seeker.start])

    def at(self, numbers: Any) -> Any:
        """Return the argument as an array."""
        return self._run(self.runtime.tf.constant(numbers)).numpy()

    def _run(self, value: Any) -> Any:
        known = {self.begin: value}
        for step in self.steps:
            self.seeker.repeated.step(step, known)
        return known[self.operand]

    def nearest(self, numbers: Any, point: float) -> Iterator[int]:
        """Yield the elements of the argument that are near to a point, the nearest first."""
        gaps = abs(self.at(numbers).reshape(-1) - point)
        order = [int(i) for i in gaps.argsort()[:MOST_ELEMENTS]]
        yield from (i for i in order if gaps[i] == gaps[i])

    def moved(self, numbers: Any, element: int, point: float) -> Any:
        """Return numbers at which an element of the argument is a point, None if none were found.

        Where it only touches the point, as a sum of squares does, Newton's step is half of what is
        needed, and on a curve it may be too much: parts and the double of it are tried.
        """
        gap = self._gap(numbers, element, point)
        for _ in range(MOST_STEPS):
            if gap == 0:
                return numbers
            slope = self._slope(numbers, element)
            norm = (slope * slope).sum()
            if not norm > 0 or not norm < float("inf"):
                break
            tried = [numbers - times * gap / norm * slope for times in STRIDES]
            tried = [t.astype(numbers.dtype) for t in tried if abs(t).max() < LARGEST]
            gaps = [self._gap(t, element, point) for t in tried]
            best = min(range(len(tried)), key=lambda i: _size(gaps[i]), default=None)
            if best is None or _size(gaps[best]) >= _size(gap):
                break
            numbers, gap = tried[best], gaps[best]
        return numbers if gap == 0 else self._beside(numbers, element, point)

    def _beside(self, numbers: Any, element: int, point: float) -> Any:
        """Return neighbours of some numbers that hit the point exactly.

        Each number goes to the best of its neighbours, those that matter most first.
        """
        order = abs(self._slope(numbers, element)).reshape(-1).argsort()[::-1][:MOST_MOVED]
        best, gap = numbers, self._gap(numbers, element, point)
        for index in [int(i) for i in order]:
            for direction in (float("-inf"), float("inf")):
                near = best.copy()
                for _ in range(NEIGHBOURS):
                    flat = near.reshape(-1)
                    flat[index] = _after(self.runtime.tf, flat[index], direction)
                    tried = self._gap(near, element, point)
                    if tried == 0:
                        return near
                    if _size(tried) < _size(gap):
                        best, gap = near.copy(), tried
        return None

    def _gap(self, numbers: Any, element: int, point: float) -> Any:
        return self.at(numbers).reshape(-1)[element] - point

    def _slope(self, numbers: Any, element: int) -> Any:
        """Return the derivative of one element of the argument."""
        tf = self.runtime.tf
        value = tf.constant(numbers)
        with tf.GradientTape() as tape:
            tape.watch(value)
            made = self._run(value)
        chosen = tf.reshape(tf.one_hot(element, tf.size(made), dtype=made.dtype), tf.shape(made))
        found = self.seeker.recorder.raw_gradient(tape, made, value, output_gradients=chosen)
        return numbers * 0 if found is None else tf.convert_to_tensor(found).numpy()


def _size(gap: Any) -> float:
    """Return how far away a gap is; NaN is farther than anything."""
    size = float(abs(gap))
    return size if size == size else float("inf")


def _after(tf: Any, number: Any, direction: float) -> Any:
    """Return the next number of the same dtype."""
    wide = tf.constant(number)
    return tf.math.nextafter(wide, tf.constant(direction, wide.dtype)).numpy()
