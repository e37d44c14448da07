"""What public functions give to raw ops, kept as samples: nobody need know how to call a kernel."""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_callbacks

from tools.knowledge import rawops
from tools.knowledge.observe import Binding
from tools.knowledge.signatures import Parameter

# As many samples of an op as are worth keeping, and the size of the largest input.
SAMPLES = 4
ELEMENTS = 2000


@dataclass(frozen=True, slots=True)
class Call:
    """The inputs of one call of an op, with their dtypes, and its attributes."""

    inputs: tuple[tuple[np.ndarray[Any, Any], str], ...]
    attributes: dict[str, Any]

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return tuple(array.shape for array, _ in self.inputs)


@dataclass(slots=True)
class Recorder:
    """Calls of ops by name, few of each, no two of one shape."""

    calls: dict[str, list[Call]] = field(default_factory=dict)

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Keep the ops that run in the block, those of the backward pass included."""
        op_callbacks.add_op_callback(self._keep)
        try:
            yield
        finally:
            op_callbacks.remove_op_callback(self._keep)

    def _keep(
        self,
        op_type: str,
        inputs: Any,
        attributes: Any,
        outputs: Any,
        op_name: str | None = None,
        graph: Any = None,
    ) -> None:
        name = op_type if isinstance(op_type, str) else op_type.decode()
        if graph is not None or len(self.calls.get(name, ())) >= SAMPLES:
            return
        try:
            held = tuple((np.array(each), each.dtype.name) for each in inputs)
        except Exception:  # noqa: BLE001 -- a handle
            return
        if any(array.size > ELEMENTS for array, _ in held):
            return
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        self.add(name, Call(held, {str(key): value for key, value in pairs}))

    def add(self, name: str, call: Call) -> None:
        """Keep a call unless there is one like it."""
        known = self.calls.setdefault(name, [])
        if len(known) < SAMPLES and all(call.shapes != other.shapes for other in known):
            known.append(call)

    def save(self, folder: Path) -> None:
        """Write what this process kept, over what it wrote before."""
        with (folder / f"{os.getpid()}.pickle").open("wb") as file:
            pickle.dump(self.calls, file)


def load(folder: Path) -> Recorder:
    """Read what all processes kept."""
    recorder = Recorder()
    for path in sorted(folder.glob("*.pickle")):
        with path.open("rb") as file:
            for name, calls in pickle.load(file).items():
                for call in calls:
                    recorder.add(name, call)
    return recorder


def bindings(recorder: Recorder, name: str, parameters: list[Parameter]) -> list[Binding]:
    """Return the recorded calls of a raw op as arguments for it."""
    op = rawops.definition(name)
    calls = recorder.calls.get(name.removeprefix(rawops.PREFIX), [])
    if op is None:
        return []
    found = []
    for call in calls:
        try:
            tensors = [tf.convert_to_tensor(array, dtype) for array, dtype in call.inputs]
        except (TypeError, ValueError):
            continue
        binding: Binding = {}
        for each, given in zip(op.input_arg, rawops.inputs(name).values(), strict=True):
            attribute = each.number_attr or each.type_list_attr
            if not attribute:
                binding[given] = tensors.pop(0)
                continue
            value = call.attributes[attribute]
            count = len(value) if isinstance(value, list | tuple) else int(value)
            binding[given] = [tensors.pop(0) for _ in range(count)]
        for parameter in parameters:
            if parameter.name in call.attributes and parameter.name not in binding:
                binding[parameter.name] = call.attributes[parameter.name]
        found.append(binding)
    return found
