"""Compute a gradient once more from the recorded operations, as a graph and under XLA.

A program may be read in other ways than it was run: masked operations and fused ones differ. The
operations between source and target are run again, with everything else as it was. What eager
execution does not give back alike (a custom gradient, state, Python in between) is not compared.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tapelint.verify.worker.connection import Explainer
from tapelint.verify.worker.converted import Frame
from tapelint.verify.worker.events import Event, Key, Kind
from tapelint.verify.worker.recorder import Recorder
from tapelint.verify.worker.tapes import Request

Json = dict[str, Any]
Attributes = dict[str, Any]
# Compiling takes a while: of one call site, so many turns; of one request, so many operations.
MOST_TURNS = 2
MOST_OPERATIONS = 800
RELATIVE = 1e-3
# They give the variable's value; in the copy an argument stands in its place.
READS = frozenset({"ReadVariableOp", "VariableV2", "Identity"})


class CannotRepeat(Exception):
    """The recorded operations are not the whole computation; the text says why."""


class Compiled:
    """Answers requests in other modes. `modes` are "graph" and "xla"."""

    def __init__(self, recorder: Recorder, explainer: Explainer, modes: Iterable[str]) -> None:
        self.recorder = recorder
        self.runtime = recorder.runtime
        self.explainer = explainer
        self.modes = [mode for mode in modes if mode in ("graph", "xla")]

    def answers(self, request: Request, sources: Sequence[Any], given: Sequence[Any]) -> Json:
        """Return what each mode gives: answers for the sources that had any, or why there is none.

        `given` are the answers of the program itself, which a repetition has to give first.
        """
        try:
            chosen = [i for i, answer in enumerate(given) if self._array(answer) is not None]
            repeat, lines = self._repetition(request, [sources[i] for i in chosen])
            values = [self._value(sources[i]) for i in chosen]
            again = repeat(*values)
            if not all(
                _is_near(self._array(a), self._array(given[i]))
                for a, i in zip(again, chosen, strict=True)
            ):
                raise CannotRepeat("the operations alone do not give the same gradient")
        except CannotRepeat as problem:
            return {mode: {"error": str(problem)} for mode in self.modes}
        except Exception as error:  # noqa: BLE001 - whatever an operation raises outside its place
            return {mode: {"error": _said(error)} for mode in self.modes}
        return {
            mode: {**self._in_mode(mode, repeat, values, chosen), "lines": lines}
            for mode in self.modes
        }

    def _in_mode(
        self,
        mode: str,
        repeat: Callable[..., list[Any]],
        values: Sequence[Any],
        chosen: Sequence[int],
    ) -> Json:
        tf = self.runtime.tf
        was_eager = tf.config.functions_run_eagerly()
        tf.config.run_functions_eagerly(False)
        try:
            function = tf.function(repeat, jit_compile=mode == "xla", autograph=False)
            found = function(*values)
            return {
                "answers": [[i, self._plain(a)] for i, a in zip(chosen, found, strict=True)],
            }
        except Exception as error:  # noqa: BLE001 - what XLA cannot compile
            return {"error": _said(error)}
        finally:
            tf.config.run_functions_eagerly(was_eager)

    def _plain(self, answer: Any) -> Any:
        return None if answer is None else self._array(answer)

    def _array(self, answer: Any) -> Any:
        found = self.explainer.array(answer)
        return None if found is None or found.dtype.kind not in "fc" else found

    def _value(self, source: Any) -> Any:
        return self.runtime.tf.convert_to_tensor(self.runtime.unwrapped(source))

    # ------------------------------------------------------------------------------- repeating

    def _repetition(
        self, request: Request, sources: Sequence[Any]
    ) -> tuple[Callable[..., list[Any]], list[Frame]]:
        """Return a function from the values of sources to the gradient, and the lines it is of."""
        runtime, key = self.runtime, self.recorder.key
        targets = [runtime.unwrapped(t) for t in runtime.tf.nest.flatten(request.target)]
        if not sources or request.method != "gradient":
            raise CannotRepeat("only gradients that are numbers are compared")
        plain = [runtime.unwrapped(source) for source in sources]
        steps = self.steps(targets, plain)
        starts = [key(source) for source in plain]

        def repeat(*values: Any) -> list[Any]:
            with runtime.tf.GradientTape() as tape:
                for value in values:
                    tape.watch(value)
                known: dict[Key, Any] = dict(zip(starts, values, strict=True))
                for step in steps:
                    self.step(step, known)
                found = [known.get(key(t), t) for t in targets]
            return list(self.recorder.raw_gradient(tape, found, list(values)))

        return repeat, sorted({frame for step in steps for frame in step.frames})

    def steps(self, targets: Sequence[Any], sources: Sequence[Any]) -> list[Event]:
        """Return the operations between, in the order in which they ran."""
        found: dict[int, Event] = {}
        for target in targets:
            for source in sources:
                for event in self.explainer.search(target, source).on_way:
                    found[event.serial] = event
        steps = [found[serial] for serial in sorted(found)]
        if len(steps) > MOST_OPERATIONS:
            raise CannotRepeat("there are too many operations")
        for event in steps:
            if event.kind is not Kind.OPERATION:
                raise CannotRepeat(f"`{event.name}` is Python's or changes a variable")
            if event.serial not in self.recorder.operands:
                raise CannotRepeat(f"`{event.name}` has a gradient of its own, or is not recorded")
        return steps

    def step(self, event: Event, known: dict[Key, Any]) -> None:
        """Run one operation again."""
        operands, attributes = self.recorder.operands[event.serial]
        inputs = [known.get(self.recorder.key(o), o) for o in operands]
        if event.name in READS and len(inputs) == 1 and self.recorder.key(operands[0]) in known:
            result: Any = self.runtime.tf.identity(inputs[0])
        else:
            result = self._run(event.name, inputs, attributes)
        known.update(zip(event.outputs, _flat(result), strict=False))

    def _run(self, name: str, inputs: list[Any], attributes: Attributes) -> Any:
        """Call an operation by its name, with inputs and attributes by theirs."""
        tf = self.runtime.tf
        definition = self.runtime.operations.get(name)
        if definition is None:
            raise CannotRepeat(f"`{name}` is not known")
        operation = getattr(tf.raw_ops, name)
        # Python calls some arguments otherwise than the definition: `axis`, `reduction_indices`.
        names = list(inspect.signature(operation).parameters)
        given: Attributes = {}
        follows: set[str] = set()
        rest = list(inputs)
        for place, argument in enumerate(definition.input_arg):
            follows |= {argument.type_attr, argument.number_attr, argument.type_list_attr}
            count = _count(argument, attributes)
            called = argument.name if argument.name in names else names[place]
            given[called] = rest[:count] if count is not None else rest[0]
            del rest[: count if count is not None else 1]
        for attribute in definition.attr:
            if attribute.name in follows or attribute.name not in attributes:
                continue
            value = attributes[attribute.name]
            # In TensorFlow 2.21 this is `squeeze_dims` alone, which Python calls `axis`.
            others = [n for n in names if n not in given and n not in attributes and n != "name"]
            called = attribute.name if attribute.name in names else others[0]
            given[called] = tf.as_dtype(value) if attribute.type == "type" else value
        return operation(**given)


def _count(argument: Any, attributes: Mapping[str, Any]) -> int | None:
    """Return how many tensors an argument takes, None for one that is no list."""
    if argument.number_attr:
        return int(attributes[argument.number_attr])
    if argument.type_list_attr:
        return len(attributes[argument.type_list_attr])
    return None


def _flat(result: Any) -> list[Any]:
    if isinstance(result, (list, tuple)):
        return [part for element in result for part in _flat(element)]
    return [result]


def _is_near(a: Any, b: Any) -> bool:
    if a is None or b is None or a.shape != b.shape:
        return False
    is_same = (a == b) | ((a != a) & (b != b))
    scale = abs(b).max() if b.size else 0.0
    with_tolerance = abs(a - b) <= RELATIVE * abs(b) + 1e-6 * scale
    return bool((is_same | with_tolerance).all())


def _said(error: BaseException) -> str:
    first = next((line for line in str(error).split("\n") if line.strip()), "").strip()[:80]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
