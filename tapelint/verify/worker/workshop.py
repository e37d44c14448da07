"""Where stand-ins are made, asked and given values.

An input becomes a tensor or, in the other world, a variable. The result of code that was not run
depends on every tensor that went in: an upper bound of what could be connected.
"""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tapelint.verify.worker.candidates import (
    MATRIX,
    Form,
    combinations,
    looks_like_object,
)
from tapelint.verify.worker.nests import leaves
from tapelint.verify.worker.reach import held_by
from tapelint.verify.worker.recorder import Recorder
from tapelint.verify.worker.standin import (
    OF_MODELS,
    OF_TENSORS,
    OF_VARIABLES,
    UNTYPED,
    StandIn,
    Unknown,
    closed,
    is_open,
    open_in,
    rebuilt,
)
from tapelint.verify.worker.values import Values

TURNS = 3
SECONDS_TO_TRY = 3.0


class Workshop(Values):
    """Makes the stand-ins of one witness. `note` hears of every assumption."""

    def __init__(
        self, recorder: Recorder, is_variable_world: bool, note: Callable[[str], None]
    ) -> None:
        super().__init__(recorder, is_variable_world, note)
        # Nobody looks for stand-ins in a program that has none.
        self.is_used = False

    # ------------------------------------------------------------------------------- making

    def make(self, name: str) -> StandIn:
        """Return a new unknown input."""
        self._begin()
        return StandIn(Unknown(name, self))

    def _begin(self) -> None:
        self.is_used = True
        self.prepare()

    def failed(self, name: str) -> StandIn:
        """Return what a statement that raised would have given."""
        self._begin()
        return StandIn(Unknown(name, self, is_result=True))

    def result(
        self,
        name: str,
        given: Sequence[Any],
        callee: StandIn | None = None,
        *,
        function: Any = None,
    ) -> StandIn:
        """Return what code that is not run gives for `given`, of which `callee` may be one.

        Where no tensor goes in and no tape is open, that is an input like any other. `function` is
        the code, where it is there and only could not be run.
        """
        self._begin()
        unknown = Unknown(name, self, given=tuple(given))
        if self.recorder.active:
            # On a tape: what went in has to be a tensor now, to be recorded.
            for part in open_in(list(given)):
                inner = part._tapelint
                is_object = part is callee or inner.children or looks_like_object(inner.name)
                if inner.flow is None and not inner.is_result and not is_object:
                    self._settle(part, self.likely(part))
        if function is not None:
            unknown.held = held_by(self.recorder, function, unknown.given)
        self._watch_for(unknown.given)
        unknown.is_result = bool(self.recorder.active) or self._depends(unknown.given)
        if unknown.is_result:
            unknown.flow = self._flow(unknown)
        return StandIn(unknown)

    def _watch_for(self, given: Sequence[Any]) -> None:
        """Let tapes that unknown code is given watch whatever it may make them watch."""
        handed = list(leaves(list(given)))
        tapes = [v for v in handed if isinstance(v, self.runtime.tf.GradientTape)]
        for tape in tapes:
            for value in (*map(closed, handed), self.hidden):
                plain = self.runtime.unwrapped(value)
                if self._is_tensor(plain) and self.runtime.is_differentiable(plain):
                    tape.watch(plain)

    def child(
        self, parent: StandIn, key: object, name: str, *, is_attribute: bool = False
    ) -> StandIn:
        """Return the same unknown for the same part of an unknown."""
        unknown = parent._tapelint
        if key not in unknown.children:
            made = Unknown(name, self, is_result=unknown.is_result, given=unknown.given)
            made.is_attribute = is_attribute or unknown.is_attribute
            made.flow, made.held = unknown.flow, unknown.held
            made.root = unknown.root or unknown
            unknown.children[key] = StandIn(made)
        found: StandIn = unknown.children[key]
        return found

    # ------------------------------------------------------------------------ what it answers

    def attribute(self, standin: StandIn, name: str) -> Any:
        """`standin.name`"""
        unknown = standin._tapelint
        if name in unknown.children:
            return unknown.children[name]
        if unknown.value is not UNTYPED:
            return getattr(unknown.value, name)
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        if name in OF_VARIABLES:
            self._settle(standin, MATRIX, as_variable=True)
            return getattr(unknown.value, name)
        if name in OF_TENSORS:
            self._settle(standin, self.likely(standin))
            return getattr(unknown.value, name)
        if name in OF_MODELS:
            return [self._pool(unknown)]
        return self.child(standin, name, f"{unknown.name}.{name}", is_attribute=True)

    def called(self, standin: StandIn, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """`standin(...)`, written as a call."""
        unknown = standin._tapelint
        if unknown.value is not UNTYPED:
            return unknown.value(*arguments, **keywords)
        given = [standin, *arguments, *keywords.values()]
        if self.recorder.active and (open_in(given[1:]) or self._depends(given[1:])):
            # It may be a model: its weights have to be there before the tape closes.
            self._pool(unknown)
        return self.result(f"{unknown.name}()", given, standin)

    def decorated(
        self, standin: StandIn, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        """`@standin`, or a call from code that is not the user's.

        An unknown decorator leaves what it decorates as it is.
        """
        if len(arguments) == 1 and not keywords and _is_definition(arguments[0]):
            return arguments[0]
        return self.called(standin, arguments, keywords)

    def item(self, standin: StandIn, index: Any) -> Any:
        """`standin[index]`"""
        unknown = standin._tapelint
        if unknown.value is not UNTYPED:
            return unknown.value[rebuilt(index, closed)]
        if isinstance(index, (str, int)):
            return self.child(standin, ("item", index), f"{unknown.name}[{index!r}]")
        self._settle(standin, self.likely(standin))
        return unknown.value[rebuilt(index, closed)]

    def store(self, standin: StandIn, index: Any, value: Any) -> None:
        """`standin[index] = value`"""
        unknown = standin._tapelint
        if isinstance(index, (str, int)):
            unknown.children[("item", index)] = value

    def elements(self, standin: StandIn) -> Iterator[Any]:
        """`for x in standin`: a few unknowns that are alike."""
        unknown = standin._tapelint
        if unknown.value is not UNTYPED:
            yield from unknown.value
            return
        for turn in range(TURNS):
            yield self.child(standin, ("item", turn), f"{unknown.name}[{turn}]")

    def unpacked(self, standin: StandIn, count: int) -> list[Any]:
        """`a, b = standin`"""
        unknown = standin._tapelint
        if unknown.value is not UNTYPED:
            return list(unknown.value)
        return [self.child(standin, ("item", i), f"{unknown.name}[{i}]") for i in range(abs(count))]

    def length(self, standin: StandIn) -> int:
        """`len(standin)`"""
        value = standin._tapelint.value
        return TURNS if value is UNTYPED else len(value)

    def truth(self, standin: StandIn) -> bool:
        """`bool(standin)`"""
        unknown = standin._tapelint
        if unknown.value is UNTYPED:
            self.recorder.guesses.update(self.recorder.frames()[:1])
        try:
            return unknown.guess if unknown.value is UNTYPED else bool(unknown.value)
        except ValueError:  # the truth of many numbers
            self.recorder.guesses.update(self.recorder.frames()[:1])
            return unknown.guess

    def formatted(self, standin: StandIn, form: str) -> str:
        """`f"{standin:.2f}"`"""
        value = standin._tapelint.value
        return format(standin._tapelint.name if value is UNTYPED else value, form)

    def array(self, standin: StandIn, dtype: Any) -> Any:
        """`np.asarray(standin)`"""
        value = self.tensor(standin, None)
        found = value.numpy() if hasattr(value, "numpy") else value
        return found if dtype is None or not hasattr(found, "astype") else found.astype(dtype)

    def tensor(self, standin: StandIn, dtype: Any) -> Any:
        """Return an unknown as a tensor, of `dtype` where one is asked for."""
        unknown = standin._tapelint
        if unknown.value is UNTYPED:
            form = self.likely(standin)
            if dtype is not None and self.runtime.tf.as_dtype(dtype).name != form.dtype:
                form = Form(self.runtime.tf.as_dtype(dtype).name, form.shape)
            self._settle(standin, form)
        value = unknown.value
        return self.runtime.tf.convert_to_tensor(value, dtype=dtype)

    def base_class(self, standin: StandIn, bases: tuple[Any, ...]) -> tuple[type, ...]:
        """`class A(standin)`: a base that accepts everything, once for all."""
        others = [base for base in bases if type(base) is not StandIn]
        if others or (StandIn in (type(b) for b in bases[: bases.index(standin)])):
            return ()
        return (_unknown_base(self, standin._tapelint.name),)

    def compared(self, name: str, left: Any, right: Any) -> Any:
        """`left < right`"""
        left, right = closed(left), closed(right)
        function = getattr(operator, name)
        if not (is_open(left) or is_open(right)):
            return function(left, right)
        made = Unknown(f"({left} {name} {right})"[:40], self, guess=name != "eq")
        if self._depends((left, right)):
            made.value = self.tried(function, (left, right), {}, f"`{name}`")
        else:
            made.parts = (left, right)
            made.made = lambda: function(closed(left), closed(right))
        return StandIn(made)

    def operated(self, name: str, *operands: Any) -> Any:
        """`left + right` and the like, with an unknown on one side at least."""
        function = getattr(operator, f"{name}_" if name in ("and", "or") else name)
        given = [closed(operand) for operand in operands]
        if not open_in(given):
            return function(*given)
        tensors = [v for v in given if self._is_tensor(v)]
        if tensors or self.recorder.active:
            return self.tried(function, tuple(given), {}, f"`{name}`", tensors)
        names = [str(v) if type(v) is StandIn else repr(v)[:20] for v in given]
        made = Unknown(f"({' '.join([names[0], name, *names[1:]])})", self)
        made.parts = tuple(given)
        made.made = lambda: function(*(closed(v) for v in given))
        return StandIn(made)

    # --------------------------------------------------------------------------- real calls

    def tried(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
        name: str,
        like: Sequence[Any] = (),
    ) -> Any:
        """Call real code, with the first values for the unknowns that it accepts.

        Where it accepts none, its result becomes an unknown too.
        """
        unknowns = open_in([*arguments, keywords])
        suggested = [*self._expected_by(function), *(self._form(value) for value in like)]
        names = [unknown._tapelint.name for unknown in unknowns]
        deadline = time.process_time() + SECONDS_TO_TRY
        last: Exception | None = None
        is_real = self.prefers_real(unknowns)
        for forms in combinations(names, filter(None, suggested), is_real=is_real):
            mark, guessed = self.recorder.serial, len(self.recorder.guessed)
            try:
                for unknown, form in zip(unknowns, forms, strict=True):
                    self._settle(unknown, form, quietly=True)
                result = function(
                    *rebuilt(list(arguments), closed), **rebuilt(dict(keywords), closed)
                )
            except Exception as error:  # noqa: BLE001 - the next candidate may fit
                last = error
                self.recorder.forget_after(mark)
                del self.recorder.guessed[guessed:]
                for unknown in unknowns:
                    _reopen(unknown)
            else:
                if len(self.recorder.guessed) > guessed:
                    self._look_for_integers(function, arguments, keywords, unknowns, guessed)
                for unknown in unknowns:
                    self._say_form(unknown)
                return result
            if time.process_time() > deadline:
                break
        what = f"{type(last).__name__}: {str(last).strip()[:60]}" if last else "nothing fits"
        self.say(f"{name} is not run, because no invented input fits ({what})")
        given = [*arguments, *keywords.values()]
        return self.result(f"{name.strip('`')}()", given, function=function)

    def _look_for_integers(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
        unknowns: Sequence[StandIn],
        since: int,
    ) -> None:
        """Take back that a number was guessed where nothing but an integer will do.

        Whatever the program has there carries no gradient.
        """
        kept = self.recorder.guessed[since:]
        for unknown in (u._tapelint for u in unknowns if type(u._tapelint.value) is int):
            number = unknown.value
            with self.recorder.muted():
                real = [self.runtime.tf.constant(number, dtype) for dtype in ("float32", "float64")]
                for unknown.value in (float(number), *real):
                    try:
                        function(*rebuilt(arguments, closed), **rebuilt(keywords, closed))
                    except Exception:  # noqa: BLE001 - whatever refuses a real number
                        continue
                    break
                else:
                    kept = [name for name in kept if name != unknown.name]
            unknown.value = number
        self.recorder.guessed[since:] = kept

    def _expected_by(self, function: Any) -> list[Form | None]:
        """Return the form that a built Keras model or layer expects."""
        owner = getattr(function, "__self__", function)
        try:
            shape = owner.input_shape
        except Exception:  # noqa: BLE001 - Keras raises what it likes for an unbuilt layer
            return []
        if not isinstance(shape, tuple) or not all(isinstance(n, (int, type(None))) for n in shape):
            return []
        return [Form("float32", tuple(4 if n is None else n for n in shape))]


def _reopen(standin: StandIn) -> None:
    standin._tapelint.value = UNTYPED
    for part in standin._tapelint.parts:
        if type(part) is StandIn:
            _reopen(part)


def _is_definition(value: object) -> bool:
    return isinstance(value, type) or hasattr(value, "__code__")


def _unknown_base(workshop: Workshop, name: str) -> type:
    """Return a class in place of one that is missing: it has every attribute and takes anything."""

    class Missing:
        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            pass

        def __getattr__(self, attribute: str) -> Any:
            if attribute.startswith("__") and attribute.endswith("__"):
                raise AttributeError(attribute)
            made = workshop.make(f"self.{attribute}")
            object.__setattr__(self, attribute, made)
            return made

    Missing.__name__ = Missing.__qualname__ = name.rpartition(".")[2] or "Missing"
    return Missing
