"""Notice where a tensor's value leaves TensorFlow for Python: `.numpy()`, `float(x)`, `f"{x}"`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapelint.verify.worker.events import Kind
from tapelint.verify.worker.recorder import Recorder

# What turns an eager tensor into something else (TensorFlow 2.21).
EXITS = (
    "numpy", "__array__", "__float__", "__int__", "__bool__", "__index__", "__complex__",
    "__format__", "__str__", "__repr__", "tolist", "item",
)  # fmt: skip
TELLING = {"__float__": "float", "__int__": "int", "__bool__": "bool", "__format__": "format"}


def install(recorder: Recorder) -> None:
    """Replace the exits of eager tensors by ones that are noted, until the recorder stops."""
    eager = recorder.runtime.backprop.ops.EagerTensor
    for owner in eager.__mro__:
        for name in EXITS:
            if owner is not object and name in vars(owner):
                original = vars(owner)[name]
                recorder.patches.set(owner, name, _noted(recorder, name, original))


def _noted(recorder: Recorder, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def exit_(self: Any, *arguments: Any, **keywords: Any) -> Any:
        if recorder.is_deaf:
            return original(self, *arguments, **keywords)
        # One exit goes through another: `float(x)` reads the array.
        recorder.is_muted = True
        try:
            value = original(self, *arguments, **keywords)
        finally:
            recorder.is_muted = False
        outputs = [value] if is_traceable(value) else []
        recorder.add(TELLING.get(name, name), Kind.PLAIN, [recorder.key(self)], outputs)
        return value

    exit_.__name__ = name
    exit_.__qualname__ = f"Tensor.{name}"
    return exit_


def is_traceable(value: object) -> bool:
    """Tell whether an object's address is its own: Python shares small integers and bools."""
    match value:
        case None | bool():
            return False
        case int():
            return not -5 <= value <= 256
        case str() | bytes():
            return len(value) > 1
        case float():
            return True
        case _:
            return type(value).__module__ == "numpy"
