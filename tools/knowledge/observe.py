"""One call under one tape: what the gradient of each output is with respect to one argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tools.knowledge import leaves, rawops
from tools.knowledge.signatures import Parameter, call
from tools.knowledge.walk import Symbol

Binding = dict[str, Any]

FLOWS, NONE, ZEROS, RAISES = "flows", "none", "zeros", "raises"
# What several tensors of one argument, or several samples, come to.
_STRENGTH = (FLOWS, RAISES, ZEROS, NONE)


@dataclass(frozen=True, slots=True)
class OutputSeen:
    """One output of one call; `effect` is empty where a gradient could not be asked for."""

    name: str
    kind: str
    dtype: str
    effect: str
    exception: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """One call with one watched argument (none: only the result was looked at)."""

    argument: str
    shapes: str
    kind: str
    outputs: tuple[OutputSeen, ...]
    # The dtype of each argument that holds tensors, in the order of the parameters.
    dtypes: tuple[tuple[str, str], ...]
    # The values were outside the domain of the function: what the gradient is means little.
    has_nan: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """A callable that is being measured."""

    symbol: Symbol
    parameters: list[Parameter]

    def takes_tensors(self, name: str) -> bool:
        """Whether a parameter may be a tensor; the attributes of a raw op may not."""
        return not self.symbol.is_raw or name in rawops.inputs(self.symbol.name).values()

    def call(self, binding: Binding) -> Any:
        """Call it; of an iterator, take the first elements."""
        result = call(self.symbol, binding, self.parameters)
        if hasattr(result, "__next__"):
            result = [value for value, _ in zip(result, range(8), strict=False)]
        return result


def strongest(effects: list[str]) -> str:
    """Return what an argument counts as when its tensors or samples differ."""
    return min(effects, key=_STRENGTH.index)


def shapes_of(binding: Binding) -> str:
    """Return the shapes of all tensors of a binding, to tell samples apart.

    Where every tensor is a scalar there is only one shape: then the values tell.
    """
    found = [leaf for value in binding.values() for leaf in leaves.tensors(value)]
    if all(leaf.shape.rank == 0 for leaf in found):
        return " ".join(str(leaf.numpy()) for leaf in found)
    return " ".join(str(tuple(leaf.shape)) for leaf in found)


def dtypes_of(binding: Binding) -> tuple[tuple[str, str], ...]:
    """Return the dtype of the first tensor of each argument that has one."""
    return tuple(
        (name, found[0].dtype.name)
        for name, value in binding.items()
        if (found := leaves.tensors(value))
    )


def watchable(value: Any) -> list[Any]:
    """Return the tensors of an argument that can carry a gradient."""
    return [leaf for leaf in leaves.tensors(value) if leaves.is_differentiable(leaf.dtype)]


def observe(subject: Subject, binding: Binding, argument: str = "") -> Seen:
    """Call once with the tensors of one argument watched and ask each output for its gradient.

    Raises whatever the call raises.
    """
    sources = watchable(binding[argument]) if argument else []
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(sources)
        result = subject.call(binding)
    kind, parts = leaves.parts(result)
    outputs = tuple(_ask(tape, part, sources) for part in parts)
    return Seen(argument, shapes_of(binding), kind, outputs, dtypes_of(binding), _has_nan(parts))


def _ask(tape: tf.GradientTape, part: leaves.Part, sources: list[Any]) -> OutputSeen:
    if not sources or part.kind == "object":
        return OutputSeen(part.name, part.kind, part.dtype, "")
    effects = [_gradient(tape, target, sources) for target in part.targets] or [(NONE, "")]
    effect = strongest([effect for effect, _ in effects])
    exception = next((name for found, name in effects if found == effect), "")
    return OutputSeen(part.name, part.kind, part.dtype, effect, exception)


def _gradient(tape: tf.GradientTape, target: Any, sources: list[Any]) -> tuple[str, str]:
    # TensorFlow 2.21: an int target may have a gradient of zeros in eager mode (`argsort`) that
    # is None in a tf.function, and may raise; only the error is worth a fact.
    carries = leaves.is_differentiable(target.dtype)
    try:
        gradients = tape.gradient(target, sources, output_gradients=_cotangent(target))
    except Exception as error:  # noqa: BLE001 -- what it raises is the answer
        return RAISES, type(error).__name__
    if not carries or all(gradient is None for gradient in gradients):
        return NONE, ""
    present = [gradient for gradient in gradients if gradient is not None]
    is_zero = all(not np.any(np.asarray(leaf)) for leaf in leaves.tensors(present))
    return (ZEROS if is_zero else FLOWS), ""


def _has_nan(parts: list[leaves.Part]) -> bool:
    return any(
        leaves.is_differentiable(target.dtype)
        and bool(np.any(np.isnan(np.asarray(tf.convert_to_tensor(target)).astype(complex))))
        for part in parts
        for target in part.targets
    )


def _cotangent(target: Any) -> Any:
    # Random, so that gradients that only cancel in a sum (softmax) are not taken for zeros.
    if not leaves.is_differentiable(target.dtype):
        return None
    weights = np.random.default_rng(3).uniform(0.5, 1.5, (2, *target.shape))
    if target.dtype.is_complex:
        return tf.cast(weights[0] + 1j * weights[1], target.dtype)
    return tf.cast(weights[0], target.dtype)
