"""Callbacks of the project: `fit` hands them its model and calls them, outside its tape.

Facts of Keras 3.15: `set_model` comes first and sets `self.model`; a batch calls `on_batch_end` where
there is no `on_train_batch_end`; what they are told, `logs`, are Python numbers. They run eagerly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.frames import Dead
from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.models.keras_config import configured_value
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Data,
    External,
    FunctionValue,
    Instance,
    Native,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

CALLBACKS = "keras.callbacks."
POSITION = 5


class Hooks:
    """The callbacks of one call of `fit`, in order."""

    def __init__(self, machine: Interpreter, model: Instance, args: Arguments) -> None:
        self.machine, self.place = machine, args.place
        given = args.get(POSITION, "callbacks") or NONE
        known = machine.elements(given) if isinstance(given, Tuple | Box) else None
        values = known.values if known is not None else (given,)
        self.objects = [v for v in values if isinstance(v, Instance) and self.is_callback(v)]
        for one in self.objects:
            taken = Arguments((model,), {}, self.place)
            self.call(machine.attribute(one, "set_model", self.place), taken)

    def is_callback(self, value: Instance) -> bool:
        base = self.machine.library_base(value.cls)
        return base is not None and base.startswith(CALLBACKS)

    def train(self, moment: str) -> None:
        """Run `on_train_begin` or `on_train_end`."""
        self.run((f"on_train_{moment}",), ())

    def epoch(self, moment: str) -> None:
        """Run `on_epoch_begin` or `on_epoch_end`."""
        self.run((f"on_epoch_{moment}",), (self.counter(),))

    def batch(self, moment: str) -> None:
        """Run `on_train_batch_begin` or `on_train_batch_end`."""
        self.run((f"on_train_batch_{moment}", f"on_batch_{moment}"), (self.counter(),))

    def run(self, names: tuple[str, ...], given: tuple[Value, ...]) -> None:
        """Call the first of some methods that each callback has."""
        for one in self.objects:
            for hook in [h for h in (self.hook(one, name) for name in names) if h is not None][:1]:
                self.call(hook, Arguments((*given, self.logs()), {}, self.place))

    def hook(self, one: Instance, name: str) -> Value | None:
        """Return a method of a callback, or what a `LambdaCallback` calls in its place."""
        if isinstance(one.cls, External):
            held = configured_value(self.machine, one, name)
            return held if isinstance(held, FunctionValue | Native) else None
        found = self.machine.class_attribute(one.cls, name)
        return None if found is None else self.machine.bound(found, one, self.place)

    def call(self, function: Value, arguments: Arguments) -> None:
        start = self.machine.state.fork()
        try:
            self.machine.call(function, arguments)
        except Dead:
            self.machine.state = start

    def counter(self) -> Value:
        return Data(self.machine.node("counter", Kind.PYTHON, DType.INT, self.place))

    def logs(self) -> Value:
        number = Data(self.machine.node("metric", Kind.PYTHON, DType.FLOAT, self.place))
        return self.machine.fill(Box("dict"), Contents((), (), number))
