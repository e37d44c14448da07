"""What the worker uses of TensorFlow, its private parts named in one place."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

PRIVATE = {
    "op_callbacks": "tensorflow.python.framework.op_callbacks",
    "record": "tensorflow.python.eager.record",
    "pywrap": "tensorflow.python.pywrap_tfe",
    "context": "tensorflow.python.eager.context",
    "constant_op": "tensorflow.python.framework.constant_op",
    "backprop": "tensorflow.python.eager.backprop",
    "variables": "tensorflow.python.ops.resource_variable_ops",
    "autograph": "tensorflow.python.autograph.impl.api",
    "operations": "tensorflow.python.framework.op_def_registry",
}


OLDEST = (2, 16)


class NotSupported(Exception):
    """This TensorFlow cannot be watched; the text says which one it is and why."""


@dataclass(frozen=True, slots=True)
class TensorFlow:
    """The imported modules. Private ones were last looked at in TensorFlow 2.21.

    `op_callbacks` reports operations that run, `record` stops all tapes of a thread, `pywrap` is
    the entry to the C++ runtime, `context` the eager context, `constant_op` makes constants,
    `backprop` holds the tapes, `variables` the class of all variables, `autograph` what converts
    Python to graphs, `operations` knows the definition of every operation.
    """

    tf: Any
    op_callbacks: Any
    record: Any
    pywrap: Any
    context: Any
    constant_op: Any
    backprop: Any
    variables: Any
    autograph: Any
    operations: Any

    @classmethod
    def of(cls, tf: Any) -> TensorFlow:
        """Return the runtime of an imported TensorFlow.

        Raises `NotSupported` for one that is too old, or that has moved what is needed.
        """
        version = str(getattr(tf, "__version__", "without a version"))
        if numbers(version) < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            raise NotSupported(f"TensorFlow {version} is too old: {oldest} or newer is needed")
        try:
            found = {name: importlib.import_module(path) for name, path in PRIVATE.items()}
        except ImportError as error:
            raise NotSupported(f"TensorFlow {version} is not known here: {error}") from error
        return cls(tf, **found)

    def is_variable(self, value: object) -> bool:
        """Tell whether `value` is a TensorFlow variable (not the Keras kind that holds one)."""
        return isinstance(value, self.tf.Variable)

    def is_tensor(self, value: object) -> bool:
        """Tell whether `value` is a dense tensor, eager or symbolic."""
        return isinstance(value, self.tf.Tensor)

    def is_eager(self, value: object) -> bool:
        """Tell whether `value` is a tensor that holds numbers now."""
        return self.is_tensor(value) and hasattr(value, "_id")

    def unwrapped(self, value: Any) -> Any:
        """Return the TensorFlow variable behind a Keras 3 variable, anything else as it is."""
        if self.is_tensor(value) or self.is_variable(value):
            return value
        inner = (
            getattr(value, "_value", None) if type(value).__module__.startswith("keras") else None
        )
        return inner if self.is_variable(inner) else value

    def is_differentiable(self, value: Any) -> bool:
        """Tell whether the dtype of a tensor or variable is a floating or complex one."""
        dtype = self.tf.as_dtype(value.dtype)
        return bool(dtype.is_floating or dtype.is_complex)


def numbers(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version: (2, 16) for "2.16.0-rc1"."""
    found = []
    for part in version.split(".")[:2]:
        if not part.isdecimal():
            break
        found.append(int(part))
    return tuple(found)
