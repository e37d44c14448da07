"""Walk the public API of TensorFlow and Keras: every public object once, with all its spellings.

Nothing is called here: the workers are forked from the process that walks, which is only safe
while no operation has run in it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.framework.ops import EagerTensor
from tensorflow.python.ops.resource_variable_ops import ResourceVariable

from tools.knowledge import rawops, scope

# Where an object is public in several modules of one depth, the first of these names it.
_PREFERRED = (
    "tf.nn",
    "tf.math",
    "tf.linalg",
    "tf.image",
    "tf.random",
    "keras.ops",
    "keras.losses",
    "keras.layers",
    "keras.utils",
    "keras.metrics",
    "keras.models",
)
# Version branches hold the same objects again; Keras is walked on its own.
# `tf.losses` and its like are Keras's own modules under another name.
_NOT_ENTERED = frozenset("compat v1 v2 keras losses metrics optimizers initializers".split())
_NOT_ENTERED_IN_KERAS = frozenset({"legacy"})
_CLASSES: tuple[tuple[str, type], ...] = (
    ("tf.Tensor", EagerTensor),
    ("tf.Variable", ResourceVariable),
    ("tf.RaggedTensor", tf.RaggedTensor),
    ("tf.SparseTensor", tf.SparseTensor),
    ("tf.random.Generator", tf.random.Generator),
    ("keras.Variable", keras.Variable),
)


@dataclass(slots=True)
class Symbol:
    """A public object under its canonical name; `owner` is the class of a method."""

    name: str
    target: Any
    spellings: set[str] = field(default_factory=set)
    owner: str = ""

    @property
    def is_raw(self) -> bool:
        return self.name.startswith("tf.raw_ops.")

    @property
    def left_out(self) -> str | None:
        """Why it is not measured, None if it is."""
        if self.is_raw:
            return rawops.reason(self.name)
        return scope.reason(self.name, inspect.isclass(self.target))


def symbols() -> list[Symbol]:
    """Return every public object of the API, and the methods worth knowing, in name order."""
    found: dict[int, Symbol] = {}
    for name, target in _public():
        found.setdefault(id(target), Symbol("", target)).spellings.add(name)
    for symbol in found.values():
        symbol.name = min(symbol.spellings, key=lambda name: _rank(name, symbol.target))
        symbol.spellings.discard(symbol.name)
    for name, target in _walk(tf.compat.v1, "tf.compat.v1", 0):
        if id(target) in found and not name.startswith("tf.compat.v1.raw_ops."):
            found[id(target)].spellings.add(name)
    return sorted([*found.values(), *_methods()], key=lambda symbol: symbol.name)


def _public() -> Iterator[tuple[str, Any]]:
    yield from _walk(tf, "tf", 0)
    # The legacy parts of tf.keras (backend functions) are not in keras itself.
    yield from _walk(keras, "keras", 0)
    yield from _walk(tf.keras, "keras", 0)


def _walk(module: ModuleType, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name in sorted(dir(module)):
        if name.startswith("_"):
            continue
        try:
            target = getattr(module, name)
        except Exception:  # noqa: BLE001 -- lazy modules of optional packages
            continue
        if isinstance(target, ModuleType):
            skipped = _NOT_ENTERED_IN_KERAS if path.startswith("keras") else _NOT_ENTERED
            if depth < 5 and name not in skipped and _is_public(target):
                yield from _walk(target, f"{path}.{name}", depth + 1)
        elif callable(target):
            yield f"{path}.{name}", target


def _is_public(module: ModuleType) -> bool:
    try:
        name = module.__name__
    except AttributeError:  # a lazy module that cannot be loaded
        return False
    return name.startswith(("tensorflow._api.", "tensorflow.experimental", "keras._tf_keras.")) or (
        name.startswith("keras.") and not name.startswith("keras.src")
    )


def _rank(name: str, target: Any) -> tuple[object, ...]:
    module, _, last = name.rpartition(".")
    order = _PREFERRED.index(module) if module in _PREFERRED else len(_PREFERRED)
    is_own_name = getattr(target, "__name__", last) == last
    return (name.count("."), order, not is_own_name, len(name), name)


def _methods() -> Iterator[Symbol]:
    for owner, cls in _CLASSES:
        for name in sorted(dir(cls)):
            if name.startswith("_") and name not in scope.OPERATORS.get(owner, ()):
                continue
            target = getattr(cls, name)
            if callable(target) and not inspect.isclass(target):
                yield Symbol(f"{owner}.{name}", target, owner=owner)
