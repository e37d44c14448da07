"""Something unknown in a witness: a parameter, a missing module, the result of code not run.

It has no type until real code needs one; then it becomes the first value that works there. What
it is asked before that, it answers with more unknowns. Nothing here decides: `workshop` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tapelint.verify.worker.workshop import Workshop


class Untyped:
    """Stands for a value that is not there yet; None is a value."""


UNTYPED: Any = Untyped()
# Only a tensor is asked for these.
OF_TENSORS = frozenset(
    {
        "shape", "dtype", "ndim", "numpy", "get_shape", "set_shape", "rank", "op", "device", "T",
        "astype", "reshape",
    }
)  # fmt: skip
OF_VARIABLES = frozenset(
    {"assign", "assign_add", "assign_sub", "read_value", "handle", "initialized_value"}
)
OF_MODELS = frozenset({"trainable_variables", "trainable_weights", "variables", "weights"})


@dataclass(slots=True, eq=False)
class Unknown:
    """What is known of a stand-in.

    `is_result` holds for what came out of code that was not run, of which `given` are the
    arguments; anything else is an input, `is_attribute` where it is part of an object. `made`
    computes the value from others that are unknown; `guess` is its truth, if nobody knows better.
    `held` are the values that the code can have used, where that is known.
    """

    name: str
    workshop: Workshop
    is_result: bool = False
    is_attribute: bool = False
    given: tuple[Any, ...] = ()
    flow: Any = None
    value: Any = UNTYPED
    made: Callable[[], Any] | None = None
    parts: tuple[Any, ...] = ()
    children: dict[object, Any] = field(default_factory=dict)
    root: Unknown | None = None
    pool: Any = None
    guess: bool = True
    held: list[Any] | None = None


class StandIn:
    """The unknown, as user code sees it."""

    __slots__ = ("_tapelint",)
    # An array on the left leaves the operator to what stands in for a tensor, as to a tensor.
    __array_priority__ = 1000
    _tapelint: Unknown

    def __init__(self, unknown: Unknown) -> None:
        object.__setattr__(self, "_tapelint", unknown)

    def __getattr__(self, name: str) -> Any:
        return self._tapelint.workshop.attribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._tapelint.children[name] = value

    def __delattr__(self, name: str) -> None:
        self._tapelint.children.pop(name, None)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._tapelint.workshop.decorated(self, arguments, keywords)

    def __getitem__(self, index: Any) -> Any:
        return self._tapelint.workshop.item(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._tapelint.workshop.store(self, index, value)

    def __delitem__(self, index: Any) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        return self._tapelint.workshop.elements(self)

    def __next__(self) -> Any:
        return self._tapelint.workshop.item(self, 0)

    def __len__(self) -> int:
        return self._tapelint.workshop.length(self)

    def __contains__(self, value: Any) -> bool:
        return True

    def __bool__(self) -> bool:
        return self._tapelint.workshop.truth(self)

    def __int__(self) -> int:
        return int(self._tapelint.workshop.number(self, 3))

    def __index__(self) -> int:
        return int(self._tapelint.workshop.number(self, 3))

    def __float__(self) -> float:
        return float(self._tapelint.workshop.number(self, 0.5))

    def __round__(self, digits: int = 0) -> Any:
        return round(float(self), digits)

    def __str__(self) -> str:
        return self._tapelint.name

    __repr__ = __str__

    def __format__(self, form: str) -> str:
        return self._tapelint.workshop.formatted(self, form)

    def __fspath__(self) -> str:
        return "stand-in"

    def __hash__(self) -> int:
        return id(self)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self._tapelint.workshop.array(self, dtype)

    def __tf_tensor__(self, dtype: Any = None, name: Any = None) -> Any:
        return self._tapelint.workshop.tensor(self, dtype)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return self._tapelint.workshop.base_class(self, bases)

    def __eq__(self, other: object) -> Any:
        return True if self is other else self._tapelint.workshop.compared("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return False if self is other else self._tapelint.workshop.compared("ne", self, other)

    def __lt__(self, other: Any) -> Any:
        return self._tapelint.workshop.compared("lt", self, other)

    def __le__(self, other: Any) -> Any:
        return self._tapelint.workshop.compared("le", self, other)

    def __gt__(self, other: Any) -> Any:
        return self._tapelint.workshop.compared("gt", self, other)

    def __ge__(self, other: Any) -> Any:
        return self._tapelint.workshop.compared("ge", self, other)

    def __neg__(self) -> Any:
        return self._tapelint.workshop.operated("neg", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self._tapelint.workshop.operated("abs", self)

    def __invert__(self) -> Any:
        return self._tapelint.workshop.operated("invert", self)


def _install_operators() -> None:
    """Define the binary operators, and those with the unknown on the right."""
    names = "add sub mul truediv floordiv mod pow matmul lshift rshift and or xor".split()
    for name in names:

        def forward(self: StandIn, other: Any, _name: str = name) -> Any:
            return self._tapelint.workshop.operated(_name, self, other)

        def backward(self: StandIn, other: Any, _name: str = name) -> Any:
            return self._tapelint.workshop.operated(_name, other, self)

        setattr(StandIn, f"__{name}__", forward)
        setattr(StandIn, f"__r{name}__", backward)


_install_operators()


def is_open(value: object) -> bool:
    """Tell whether a value is a stand-in that has no type yet."""
    return type(value) is StandIn and value._tapelint.value is UNTYPED


def closed(value: Any) -> Any:
    """Return the value of a stand-in that has one, and anything else as it is."""
    if type(value) is StandIn and value._tapelint.value is not UNTYPED:
        return value._tapelint.value
    return value


def rebuilt(value: Any, change: Callable[[Any], Any], depth: int = 4) -> Any:
    """Return a nest of lists, tuples and dicts with `change` applied to what it holds."""
    if type(value) is StandIn or depth == 0:
        return change(value)
    if type(value) in (list, tuple):
        return type(value)(rebuilt(element, change, depth - 1) for element in value)
    if type(value) is dict:
        return {key: rebuilt(element, change, depth - 1) for key, element in value.items()}
    return change(value)


def holds_open(value: Any, depth: int = 4) -> bool:
    """Tell whether a nest holds an untyped stand-in."""
    if type(value) is StandIn:
        return is_open(value)
    if depth and type(value) in (list, tuple):
        return any(holds_open(element, depth - 1) for element in value)
    if depth and type(value) is dict:
        return any(holds_open(element, depth - 1) for element in value.values())
    return False


def open_in(value: Any, depth: int = 4) -> list[StandIn]:
    """Return the untyped stand-ins of a nest, each once."""
    found: dict[int, StandIn] = {}

    def look(current: Any, left: int) -> None:
        if type(current) is StandIn:
            if is_open(current):
                found[id(current)] = current
        elif left and type(current) in (list, tuple):
            for element in current:
                look(element, left - 1)
        elif left and type(current) is dict:
            for element in current.values():
                look(element, left - 1)

    look(value, depth)
    return list(found.values())
