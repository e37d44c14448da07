"""What code of a library can compute from: what it is given, and what it holds itself.

A function of TensorFlow that was not run, because nothing invented fits it, is still known: it reads
no variable of the program that does not come to it. Of any other code nobody knows that.
"""

from __future__ import annotations

import functools
import re
import sys
import threading
import types
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

from tapelint.verify.worker.recorder import Recorder
from tapelint.verify.worker.standin import StandIn, closed, is_open

LIBRARIES = frozenset(
    {"tensorflow", "keras", "tf_keras", "tensorflow_probability", "numpy", "scipy", "ml_dtypes"}
)
# Of Python itself: definitions, and instances that can be looked into.
STANDARD = sys.stdlib_module_names
ATOMS = (
    str, bytes, int, float, complex, bool, type(None), range, slice, type(...), types.ModuleType,
    re.Pattern, type(threading.Lock()), type(threading.RLock()), types.MethodWrapperType,
    types.WrapperDescriptorType, types.MethodDescriptorType,
)  # fmt: skip
MOST_OBJECTS = 5_000


class OutOfSight(Exception):
    """Something belongs to code that is not a library's, or there is too much of it."""


def held_by(recorder: Recorder, function: Any, given: Sequence[Any]) -> list[Any] | None:
    """Return the tensors and variables that a call can compute from, None where that is not known.

    Those of stand-ins, which depend on others, are not among them.
    """
    looking = _Looking(recorder)
    try:
        for value in (function, *given):
            looking.walk(value)
    except OutOfSight:
        return None
    # Without any of them it has its numbers from elsewhere.
    return looking.found if looking.found or looking.has_standin else None


class _Looking:
    def __init__(self, recorder: Recorder) -> None:
        self.runtime = recorder.runtime
        self.found: list[Any] = []
        self.has_standin = False
        self.seen: dict[int, Any] = {}

    def walk(self, root: Any) -> None:
        pending = [root]
        while pending:
            value = closed(pending.pop())
            if id(value) in self.seen or isinstance(value, ATOMS):
                continue
            if len(self.seen) > MOST_OBJECTS:
                raise OutOfSight
            # Kept, so that no address becomes another's.
            self.seen[id(value)] = value
            pending.extend(self._parts(value))

    def _parts(self, value: Any) -> Iterator[Any]:
        if type(value) is StandIn:
            self._look_at_unknown(value)
            return
        plain = self.runtime.unwrapped(value)
        if self.runtime.is_tensor(plain) or self.runtime.is_variable(plain):
            self.found.append(plain)
            return
        if isinstance(value, (dict, types.MappingProxyType)):
            yield from value.keys()
            yield from value.values()
        elif isinstance(value, (list, tuple, set, frozenset)):
            yield from value
        elif isinstance(value, types.MethodType):
            yield from (value.__func__, value.__self__)
        elif isinstance(value, functools.partial):
            yield from (value.func, value.args, value.keywords)
        elif isinstance(value, weakref.ref):
            yield value()
        elif isinstance(value, types.CellType):
            yield value.cell_contents if _is_filled(value) else None
        elif not _is_of_library(value):
            raise OutOfSight
        elif isinstance(value, types.FunctionType):
            # What a decorator wraps is in a cell.
            yield from (value.__closure__, value.__defaults__, value.__kwdefaults__)
        elif isinstance(value, types.BuiltinFunctionType):
            yield value.__self__
        elif not isinstance(value, type):
            parts = list(_attributes(value))
            if not parts and _library(value) not in LIBRARIES:
                # A generator, an iterator: nobody sees what it goes through.
                raise OutOfSight
            yield from parts

    def _look_at_unknown(self, value: StandIn) -> None:
        """Pass over what is known to depend on other values; any other object may hold a weight."""
        assert is_open(value)
        if value._tapelint.flow is None:
            raise OutOfSight
        self.has_standin = True


def _library(value: Any) -> str:
    """Return the package that a definition, or the type of anything else, belongs to."""
    is_definition = isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType))
    owner = value if is_definition and value.__module__ else type(value)
    return str(owner.__module__).partition(".")[0]


def _is_of_library(value: Any) -> bool:
    library = _library(value)
    return library in LIBRARIES or library in STANDARD


def _is_filled(cell: types.CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def _attributes(value: Any) -> Iterator[Any]:
    if hasattr(value, "__dict__"):
        yield vars(value)
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            yield getattr(value, name, None)
