"""The helpers that rewritten code calls: they do what the code said, and note what Python saw.

A NumPy function takes a tensor and answers an array: no operation of TensorFlow tells of that. So
calls and operators of user code whose values are arrays, numbers or texts become events too.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tapelint.verify.worker.callbacks import Awaited
from tapelint.verify.worker.effects import Effects
from tapelint.verify.worker.events import Key, Kind
from tapelint.verify.worker.instrument import Spot, Spots
from tapelint.verify.worker.leaving import is_traceable
from tapelint.verify.worker.nests import leaves
from tapelint.verify.worker.recorder import Recorder
from tapelint.verify.worker.standin import StandIn, closed, open_in, rebuilt
from tapelint.verify.worker.tapes import METHODS
from tapelint.verify.worker.workshop import TURNS, Workshop

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": operator.truediv,
    "FloorDiv": operator.floordiv, "Mod": operator.mod, "Pow": operator.pow,
    "MatMult": operator.matmul, "LShift": operator.lshift, "RShift": operator.rshift,
    "BitOr": operator.or_, "BitXor": operator.xor, "BitAnd": operator.and_,
}  # fmt: skip
INPLACE: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.iadd, "Sub": operator.isub, "Mult": operator.imul, "Div": operator.itruediv,
    "FloorDiv": operator.ifloordiv, "Mod": operator.imod, "Pow": operator.ipow,
    "MatMult": operator.imatmul, "LShift": operator.ilshift, "RShift": operator.irshift,
    "BitOr": operator.ior, "BitXor": operator.ixor, "BitAnd": operator.iand,
}  # fmt: skip
SIGNS = {
    "Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**",
    "MatMult": "@", "LShift": "<<", "RShift": ">>", "BitOr": "|", "BitXor": "^", "BitAnd": "&",
}  # fmt: skip

# Their functions pass objects on as they are.
GENERIC_MODULES = frozenset(
    {
        "builtins", "functools", "itertools", "collections", "copy", "contextlib", "dataclasses",
        "types", "typing", "logging", "abc", "enum", "inspect", "argparse",
    }
)  # fmt: skip


class OutOfTurns(BaseException):
    """A loop ran longer than a witness waits; no user code catches this by accident."""


class Boundary:
    """What `__tapelint__` is in rewritten code."""

    slice = slice

    def __init__(
        self,
        recorder: Recorder,
        spots: Spots,
        is_user_code: Callable[[Any], bool],
        workshop: Workshop,
        effects: Effects,
    ) -> None:
        self.recorder = recorder
        self.spots = spots
        self.is_user_code = is_user_code
        self.workshop = workshop
        self.effects = effects
        # The first value made at a place is moved by numbers, filled with them, or handed on.
        self.nudge: tuple[str, int, list[float]] | None = None
        self.fills = False
        self.found_start: Callable[[Any], None] | None = None
        self.emit: Callable[[dict[str, Any]], None] = lambda event: None
        self.steering: Mapping[tuple[str, int, int], bool] = {}
        self.awaited = Awaited(workshop.make)
        self.places: list[int] = []
        self.executed: set[int] = set()
        self.parts: list[Any] = []
        self.turns: dict[int, int] = {}
        self.most_turns: int | None = None

    @property
    def spot(self) -> Spot | None:
        """The place of the innermost call or operator that user code is at."""
        return self.spots.known[self.places[-1]] if self.places else None

    def lines(self) -> list[tuple[str, int]]:
        """Return the lines on which some call or operator ran."""
        spots = (self.spots.known[place] for place in self.executed)
        return sorted({(spot.file, spot.line) for spot in spots})

    # -------------------------------------------------------------------------------- calls

    def call(self, place: int, function: Any, *arguments: Any, **keywords: Any) -> Any:
        """`function(*arguments, **keywords)`"""
        self.places.append(place)
        self.executed.add(place)
        try:
            result = self._called(function, arguments, keywords)
        finally:
            self.places.pop()
        return result if self.nudge is None else self._nudged(place, result)

    def _nudged(self, place: int, result: Any) -> Any:
        """Move the first tensor or variable that the wanted line makes."""
        runtime = self.recorder.runtime
        spot = self.spots.known[place]
        plain = runtime.unwrapped(result)
        assert self.nudge is not None
        file, line, numbers = self.nudge
        if (spot.file, spot.line) != (file, line) or not (
            runtime.is_variable(plain) or runtime.is_eager(plain)
        ):
            return result
        if not runtime.is_differentiable(plain):
            return result
        self.nudge = None
        if self.found_start is not None:
            self.found_start(plain)
            return result
        if len(numbers) not in (1, plain.shape.num_elements()):
            return result
        given = runtime.tf.constant(numbers, plain.dtype)
        shape = [1] * plain.shape.rank if len(numbers) == 1 else plain.shape
        change = runtime.tf.broadcast_to(runtime.tf.reshape(given, shape), plain.shape)
        if runtime.is_variable(plain):
            (plain.assign if self.fills else plain.assign_add)(change)
            return result
        return change if self.fills else plain + change

    def _called(self, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        if self.workshop.is_used:
            function = closed(function)
            arguments = rebuilt(arguments, closed)
            keywords = rebuilt(keywords, closed)
        if type(function) is StandIn:
            for callback in leaves([*arguments, *keywords.values()]):
                if self.awaited.is_within(callback):
                    self.awaited.call(callback)
            return self.workshop.called(function, arguments, keywords)
        if self.is_user_code(function):
            return function(*arguments, **keywords)
        if function is zip:
            self._compare_lengths(arguments)
        before = self.recorder.serial
        result = self._really_called(function, arguments, keywords)
        if self.workshop.is_used:
            # What was unknown may have a value now.
            arguments, keywords = rebuilt(arguments, closed), rebuilt(keywords, closed)
        self._note_call(function, arguments, keywords, result, before)
        return result

    def _compare_lengths(self, arguments: tuple[Any, ...]) -> None:
        """Tell of a `zip` that drops what one of its arguments has more than another."""
        sizes = {len(a) for a in arguments if isinstance(a, (list, tuple))}
        if len(sizes) > 1:
            self.emit({"event": "uneven", "frames": list(self.recorder.frames())})

    def _really_called(
        self, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        """Call code that is not the user's, with values for what is unknown."""
        if replacement := self.effects.replacement(function):
            return replacement(arguments, keywords)
        name = str(getattr(function, "__name__", type(function).__name__))
        if self.workshop.is_used and open_in([*arguments, keywords]):
            if self.is_request(function):
                # A tape can be asked once: no trying.
                arguments = (
                    *rebuilt(arguments[:1], self.workshop.settled_for_tape),
                    *rebuilt(arguments[1:], self.workshop.settled_source),
                )
                keywords = {
                    name: rebuilt(
                        value,
                        self.workshop.settled_for_tape
                        if name == "target"
                        else self.workshop.settled_source,
                    )
                    for name, value in keywords.items()
                }
            elif not self._takes_anything(function):
                return self.workshop.tried(function, arguments, keywords, f"`{name}`")
        try:
            return function(*arguments, **keywords)
        except Exception as error:
            if not self.effects.is_failure_of_surroundings(error):
                raise
            said = str(error).strip().split("\n")[0][:60]
            self.workshop.say(f"`{name}` fails here ({type(error).__name__}: {said})")
            return self.workshop.result(f"{name}()", [*arguments, *keywords.values()])

    def is_request(self, function: Any) -> bool:
        """Tell whether a function is a method that asks a tape."""
        tape = getattr(function, "__self__", None)
        name = getattr(function, "__name__", "")
        return name in METHODS and isinstance(tape, self.recorder.runtime.tf.GradientTape)

    def _takes_anything(self, function: Any) -> bool:
        """Whether a function handles objects without a look at what they are."""
        owner = getattr(function, "__self__", None)
        if getattr(function, "__module__", None) == "builtins" or isinstance(function, type):
            is_users = isinstance(function, type) and self.is_user_code(
                vars(function).get("__init__")
            )
            return is_users or getattr(function, "__module__", None) in GENERIC_MODULES
        return type(owner) in (list, dict, set, tuple, str) or (
            getattr(function, "__module__", None) in GENERIC_MODULES
        )

    def _note_call(
        self,
        function: Any,
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
        result: Any,
        before: int,
    ) -> None:
        """Note a call that takes or gives plain values that came from tensors.

        `before` is the serial of the last event before the call.
        """
        holder = getattr(function, "__self__", None)
        given = (holder, *arguments, *keywords.values())
        name = str(getattr(function, "__qualname__", type(function).__name__))
        if result is not None:
            self._link(name, given, result, before)
            return
        # np.add.at(out, index, values)
        for array in (a for a in given if type(a).__module__ == "numpy"):
            self._change(name, given, array)

    def _link(
        self, name: str, given: Iterable[Any], result: Any, before: int | None = None
    ) -> None:
        """Note that `result` was made from `given`, where no operation says so.

        A tensor has its operation, which knows of tensors, but not of arrays that became one. One
        that a call made out of nothing (`tf.numpy_function`) was made from what the call was given.
        """
        outputs = [leaf for leaf in leaves(result) if self._needs_event(leaf)]
        if not outputs:
            return
        plain = [key for value in given for key in self.recorder.known_plain(value)]
        tensors = [key for value in given for key in self._tensors(value)]
        made = [
            leaf
            for leaf in outputs
            if plain or not self.recorder.runtime.is_tensor(leaf) or self._has_no_past(leaf, before)
        ]
        if made and (plain or tensors):
            self.recorder.add(name, Kind.PLAIN, [*plain, *tensors], made)

    def _has_no_past(self, tensor: Any, before: int | None) -> bool:
        made = self.recorder.made.get(self.recorder.key(tensor))
        if before is None or made is None:
            return False
        return made.serial > before and made.name == "constant"

    def _change(self, name: str, given: Iterable[Any], holder: Any) -> None:
        """Note that an array now holds something of `given`."""
        inputs = [key for value in given for key in self.recorder.known_plain(value)]
        inputs += [key for value in given for key in self._tensors(value)]
        if inputs:
            self.recorder.add(name, Kind.PLAIN, inputs, [holder])

    def _needs_event(self, value: Any) -> bool:
        if self.recorder.runtime.is_eager(value):
            return True
        return is_traceable(value) and ("object", id(value)) not in self.recorder.made

    def _tensors(self, value: Any) -> Iterator[Key]:
        runtime = self.recorder.runtime
        for leaf in leaves(value):
            inner = runtime.unwrapped(leaf)
            if runtime.is_tensor(inner) or runtime.is_variable(inner):
                yield self.recorder.key(inner)

    # ---------------------------------------------------------------------------- operators

    def binary(self, place: int, name: str, left: Any, right: Any) -> Any:
        """`left + right`"""
        return self._operated(place, BINARY[name], SIGNS[name], left, right)

    def inplace(self, place: int, name: str, left: Any, right: Any) -> Any:
        """`left += right`, as an expression."""
        return self._operated(place, INPLACE[name], SIGNS[name], left, right)

    def _operated(
        self, place: int, function: Callable[[Any, Any], Any], sign: str, left: Any, right: Any
    ) -> Any:
        left, right = closed(left), closed(right)
        self.places.append(place)
        self.executed.add(place)
        try:
            result = function(left, right)
        finally:
            self.places.pop()
        self._link(sign, (closed(left), closed(right)), result)
        return result

    def item(self, place: int, holder: Any, index: Any) -> Any:
        """`holder[index]`"""
        if self.workshop.is_used:
            holder, index = closed(holder), rebuilt(index, closed)
            if type(holder) is not StandIn and open_in(index):
                index = rebuilt(index, self.workshop.as_index)
        self.places.append(place)
        self.executed.add(place)
        try:
            result = holder[index]
        finally:
            self.places.pop()
        if type(holder).__module__ == "numpy" or isinstance(holder, str):
            self._link("[]", (holder, index), result)
        return result

    def stored(self, place: int, holder: Any, value: Any) -> Any:
        """`holder[...] = value`: give back the value that is about to be stored."""
        if type(holder).__module__ == "numpy":
            self._change("[]=", (value,), holder)
        return value

    # -------------------------------------------------------------------------------- texts

    def mark(self) -> int:
        """Begin to collect the parts of an f-string."""
        return len(self.parts)

    def part(self, value: Any) -> Any:
        """Note one value of an f-string."""
        self.parts.append(value)
        return value

    def text(self, place: int, mark: int, result: str) -> str:
        """End an f-string."""
        parts = self.parts[mark:]
        del self.parts[mark:]
        self._link("f-string", parts, result)
        return result

    # ------------------------------------------------------------------------ loops, branches

    def iterate(self, place: int, iterable: Any) -> Iterator[Any]:
        """`for x in iterable`, no longer than a witness waits."""
        iterable = closed(iterable)
        for turn, element in enumerate(self._elements(iterable)):
            if self.most_turns is not None and turn >= self.most_turns:
                return
            yield element

    def elements(self, place: int, iterable: Any) -> Iterator[Any]:
        """`... for x in iterable` of a comprehension, which is never cut short."""
        yield from self._elements(iterable)

    def _elements(self, iterable: Any) -> Iterator[Any]:
        is_plain = type(iterable).__module__ == "numpy"
        for element in iterable:
            if is_plain:
                self._link("for", (iterable,), element)
            yield element

    def enter(self, place: int) -> None:
        """Begin a `while` loop."""
        self.turns[place] = 0

    def going(self, place: int, test: Any) -> Any:
        """Tell whether a `while` loop goes on."""
        turn = self.turns[place] = self.turns.get(place, 0) + 1
        is_unknown = type(test) is StandIn
        most = min(self.most_turns or TURNS, TURNS) if is_unknown else self.most_turns
        return test if most is None or turn <= most else False

    def branch(self, place: int, test: Any) -> Any:
        """`if test:`, steered towards the gradient call where that is unknown."""
        spot = self.spots.known[place]
        wanted = self.steering.get((spot.file, spot.line, spot.column))
        if wanted is None:
            return test
        is_unknown = type(test) is StandIn
        if is_unknown or bool(test) != wanted:
            holds = "holds" if wanted else "does not hold"
            self.workshop.say(f"the condition on line {spot.line} {holds}")
        return wanted

    def holds(self, place: int, test: Any) -> Any:
        """`assert test`: what is unknown holds."""
        return True if type(test) is StandIn else test

    def unpack(self, place: int, value: Any, count: int) -> Any:
        """`a, b = value`; `count` is negative where one of the targets has a star."""
        value = closed(value)
        if type(value) is StandIn:
            return self.workshop.unpacked(value, count)
        if type(value).__module__ == "numpy":
            return list(self._elements(value))
        return value
