"""Gives stand-ins their values; what code that was not run gives depends on all that went in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tapelint.verify.worker.candidates import MATRIX, REAL, SCALAR, WHOLE, Form, by_name
from tapelint.verify.worker.events import Kind
from tapelint.verify.worker.nests import leaves
from tapelint.verify.worker.recorder import Recorder
from tapelint.verify.worker.standin import UNTYPED, StandIn, Unknown, closed, is_open, open_in

MOST_NOTES = 60
HIDDEN = "unknown_weights"
# So many variables are taken for what unknown code may read.
MOST_VARIABLES = 64


class Values:
    """The values of one witness's unknowns. `note` hears of every assumption."""

    def __init__(
        self, recorder: Recorder, is_variable_world: bool, note: Callable[[str], None]
    ) -> None:
        self.recorder = recorder
        self.runtime = recorder.runtime
        self.is_variable_world = is_variable_world
        self.note = note
        self.noted: set[str] = set()
        self.seed = 0
        # The weights of what nobody knows: whatever is unknown may be made from them.
        self.hidden: Any = None

    def prepare(self) -> None:
        """Make what must be there before any tape is opened."""
        if self.hidden is None:
            self.hidden = self.runtime.tf.Variable(self._invented(MATRIX), name=HIDDEN)
            self.recorder.add(HIDDEN, Kind.INVENTED, (), [self.hidden])

    def settled(self, standin: StandIn, form: Form | None = None) -> Any:
        """Give an unknown a value, and return it."""
        if is_open(standin):
            self._settle(standin, form or self.likely(standin))
        return standin._tapelint.value

    def likely(self, standin: StandIn) -> Form:
        """Return the form that an unknown probably has."""
        return next(by_name(standin._tapelint.name, is_real=self.prefers_real([standin])))

    def prefers_real(self, standins: Sequence[StandIn]) -> bool:
        """Tell whether floating numbers are to be tried first, for what was computed too."""
        return self.is_variable_world or any(s._tapelint.is_result for s in standins)

    def settled_for_tape(self, value: Any) -> Any:
        """Return a target or source for a tape; what is unknown gets a value now."""
        if not is_open(value):
            return closed(value)
        unknown = value._tapelint
        if known := self._elements_of(unknown):
            return [self.settled_for_tape(element) for element in known]
        is_number = unknown.is_result and unknown.flow is not None
        return self.settled(value, SCALAR if is_number else None)

    def settled_source(self, value: Any) -> Any:
        """Return a source for a tape; what code that was not run holds may be any weight."""
        if is_open(value):
            unknown = value._tapelint
            if known := self._elements_of(unknown):
                return [self.settled_source(element) for element in known]
            if unknown.is_result or unknown.is_attribute:
                unknown.value = self.hidden
                self.say(f"`{unknown.name}` is taken to be a weight of what is not known")
        return self.settled_for_tape(value)

    def _elements_of(self, unknown: Unknown) -> list[Any]:
        """Return the elements that a program took out of an unknown by their numbers."""
        keys = [key for key in unknown.children if type(key) is tuple and type(key[1]) is int]
        return [unknown.children[key] for key in sorted(keys)]

    def number(self, standin: StandIn, guess: float) -> Any:
        """Return the number that an unknown is, from now on."""
        unknown = standin._tapelint
        if unknown.value is UNTYPED:
            unknown.value = guess
            self.say(f"`{unknown.name}` is taken to be {guess}")
        return unknown.value

    def as_index(self, value: Any) -> Any:
        """Return an index for a real sequence."""
        return int(self.number(value, 0)) if is_open(value) else closed(value)

    def _settle(
        self, standin: StandIn, form: Form, *, as_variable: bool = False, quietly: bool = False
    ) -> None:
        unknown = standin._tapelint
        if unknown.value is not UNTYPED:
            return
        if unknown.made is not None:
            for part in open_in(list(unknown.parts)):
                self._settle(part, form, quietly=quietly)
            unknown.value = unknown.made()
            return
        # An object that is not known may hold anything that was computed so far.
        # So may one whose attributes the program has used, which is made from them perhaps.
        is_object = unknown.is_attribute or any(type(key) is str for key in unknown.children)
        is_result = unknown.is_result or (is_object and bool(self.recorder.active))
        with_flow = is_result and form.dtype.startswith("float")
        if with_flow and unknown.flow is not None and form == SCALAR:
            unknown.value = unknown.flow
            return
        name = unknown.name
        if form in (WHOLE, REAL):
            unknown.value = 4 if form is WHOLE else 0.5
            if unknown.is_result:
                # Nothing tells where a number goes.
                self.recorder.guessed.append(name)
            if not quietly:
                self._say_form(standin)
            return
        value = self._invented(form)
        if with_flow:
            flow = unknown.flow if unknown.flow is not None else self._flow(unknown)
            with self.recorder.standing_in_for(name, _kind_of(unknown)):
                unknown.value = value + self.runtime.tf.cast(flow, value.dtype)
        else:
            is_variable = as_variable or self.is_variable_world
            if is_variable and form.dtype.startswith("float"):
                value = self.runtime.tf.Variable(value)
            unknown.value = value
            kind = Kind.REPLACED if is_result else Kind.INVENTED
            self.recorder.add(name, kind, (), [value])
        if not quietly:
            self._say_form(standin)

    def _say_form(self, standin: StandIn) -> None:
        unknown = standin._tapelint
        value = unknown.value
        for part in unknown.parts:
            if type(part) is StandIn:
                self._say_form(part)
        if unknown.made is not None:
            return
        if not self._is_tensor(value):
            self.say(f"`{unknown.name}` is taken to be {value}")
            return
        kind = "variable" if self.runtime.is_variable(value) else "tensor"
        shape = "x".join(str(n) for n in value.shape) or "scalar"
        self.say(f"`{unknown.name}` is taken to be a {kind} ({value.dtype.name}, {shape})")

    def _invented(self, form: Form) -> Any:
        """Return numbers of a form: different for every unknown, the same in every run."""
        tf = self.runtime.tf
        self.seed += 1
        dtype = tf.as_dtype(form.dtype)
        with tf.init_scope():
            if dtype.is_floating or dtype.is_complex:
                real = tf.random.stateless_uniform(form.shape, [self.seed, 7], 0.1, 0.9)
                return tf.cast(real, dtype)
            if dtype == tf.string:
                return tf.fill(form.shape, "word")
            if dtype == tf.bool:
                return tf.ones(form.shape, tf.bool)
            whole = tf.random.stateless_uniform(form.shape, [self.seed, 7], 0, 3, tf.int32)
            return tf.cast(whole, dtype)

    def _pool(self, unknown: Unknown) -> Any:
        """Return the weight of an unknown model."""
        root = unknown.root or unknown
        if root.pool is None and self.recorder.was_active and not self.recorder.active:
            # Asked for when the tape has closed: they were there before.
            root.pool = self.hidden
        elif root.pool is None:
            root.pool = self.runtime.tf.Variable(self._invented(MATRIX), name="unknown_weight")
            self.recorder.add(f"{root.name}.weights", Kind.INVENTED, (), [root.pool])
        return root.pool

    def _depends(self, given: Sequence[Any]) -> bool:
        for value in leaves(list(given)):
            if type(value) is StandIn:
                unknown = value._tapelint
                if unknown.is_result or self._is_tensor(unknown.value):
                    return True
            elif self._is_tensor(value):
                return True
        return False

    def _flow(self, unknown: Unknown) -> Any:
        """Return a number that depends on all that unknown code may have used.

        That is what went in and, on a tape, whatever can be a source of it; of code of a library,
        what went in and what it holds.
        """
        tf = self.runtime.tf
        with self.recorder.standing_in_for(unknown.name, _kind_of(unknown)):
            parts = [tf.constant(0.5)]
            for value in self._used_by(unknown):
                plain = self.runtime.unwrapped(value)
                if self._is_tensor(plain) and self.runtime.is_differentiable(plain):
                    parts.append(tf.sin(_as_real(tf, tf.reduce_mean(plain))))
            # Bounded, so that nothing saturates behind it.
            return tf.add_n(parts) / len(parts)

    def _used_by(self, unknown: Unknown) -> Iterator[Any]:
        for value in leaves(list(unknown.given)):
            if type(value) is not StandIn:
                yield value
                continue
            inner = value._tapelint
            root = inner.root or inner
            if root.pool is not None:
                yield root.pool
            yield inner.flow if inner.flow is not None else inner.value
        if unknown.held is not None:
            yield from unknown.held
        elif self.recorder.active:
            yield self.hidden
            for number in self.recorder.active:
                yield from map(self.recorder.value, self.recorder.logs[number].watched)
            made = [variable() for variable in self.recorder.variables[-MOST_VARIABLES:]]
            yield from (v for v in made if v is not None and v is not self.hidden)

    def _is_tensor(self, value: Any) -> bool:
        plain = self.runtime.unwrapped(value)
        return self.runtime.is_tensor(plain) or self.runtime.is_variable(plain)

    def say(self, sentence: str) -> None:
        """Tell of an assumption once."""
        if sentence not in self.noted and len(self.noted) < MOST_NOTES:
            self.noted.add(sentence)
            self.note(sentence)

    def _form(self, value: Any) -> Form | None:
        plain = self.runtime.unwrapped(value)
        try:
            return Form(str(plain.dtype.name), tuple(int(n) for n in plain.shape))
        except (AttributeError, TypeError, ValueError):
            return None


def _kind_of(unknown: Unknown) -> Kind:
    return Kind.REPLACED if unknown.held is None else Kind.LIBRARY


def _as_real(tf: Any, number: Any) -> Any:
    """Return a number of any dtype as float32; of a complex one its real part."""
    return tf.cast(tf.math.real(number) if number.dtype.is_complex else number, tf.float32)
