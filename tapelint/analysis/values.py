"""The abstract values of the interpreter: what a Python expression may be.

A value is immutable. What changes (names, attributes, elements, tapes) lives in `state.State`
under the value's identity, so that branches can be run apart and joined.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tapelint.analysis.graph import DType, Kind, Node

if TYPE_CHECKING:
    from tapelint.analysis.ir import LazyFunction, Place

_identities = itertools.count(1)


def fresh() -> int:
    """Return an identity nobody has."""
    return next(_identities)


@dataclass(frozen=True, slots=True)
class Const:
    """A Python constant whose value is known."""

    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """A number, string, array or tensor whose value is not known; `node` says where it is from."""

    node: Node
    # Set where the static shape is known, None for an unknown dimension.
    shape: tuple[int | None, ...] | None = None
    # Where no shape is known: whether there are two axes or more, one element along the last.
    is_column: bool = False

    @property
    def kind(self) -> Kind:
        return self.node.kind

    @property
    def dtype(self) -> DType:
        return self.node.dtype


@dataclass(frozen=True, slots=True, eq=False)
class VariableValue:
    """A `tf.Variable` or `keras.Variable`; `many` stands for all variables of a built-in layer."""

    node: Node
    library: str
    owner: int | None = None
    is_many: bool = False
    identity: int = field(default_factory=fresh)
    shape: tuple[int | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class DTypeValue:
    """`tf.float32`, `np.int64`, `x.dtype`; `name` is empty where only the class is known."""

    dtype: DType
    name: str = ""


@dataclass(frozen=True, slots=True)
class External:
    """A dotted name outside the project, in canonical spelling (`tf.reduce_sum`, `np`)."""

    name: str


@dataclass(frozen=True, slots=True)
class ModuleValue:
    """A module of the project, by its file; it runs when something of it is needed."""

    path: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """`from module import name`, not looked up yet."""

    module: ModuleValue
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class FunctionValue:
    """A function of the project with the frames it closes over (innermost first)."""

    lazy: LazyFunction
    frames: tuple[int, ...]
    module: str
    # Class it was defined in, for `super()`.
    owner: ClassValue | None = None
    # Decorators already applied or known to be transparent: "tf.function", "custom_gradient" ...
    marks: frozenset[str] = frozenset()
    # Defaults that were worked out where the function was defined.
    defaults: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ClassValue:
    """A class of the project; its attributes live in the state under `identity`."""

    name: str
    bases: tuple[Value, ...]
    identity: int
    place: Place
    marks: frozenset[str] = frozenset()
    # For `namedtuple` and dataclasses: the field names in order.
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """An object of a project class, or of a modelled library class (`External`)."""

    cls: ClassValue | External
    identity: int = field(default_factory=fresh)


@dataclass(frozen=True, slots=True, eq=False)
class BoundMethod:
    """A project function taken from an instance or class."""

    function: FunctionValue
    receiver: Value


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """A modelled method of a modelled value: `x.numpy`, `tape.gradient`, `items.append`."""

    receiver: Value
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Super:
    """`super()` inside a method."""

    owner: ClassValue
    receiver: Value


@dataclass(frozen=True, slots=True, eq=False)
class Native:
    """A callable the models made: partials, decorators, closures over values."""

    name: str
    call: Callable[..., Value]
    held: tuple[Value, ...] = ()
    arguments: Arguments | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TapeValue:
    """A `tf.GradientTape`; its state lives under `identity`."""

    identity: int
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Pause:
    """The context manager of `tape.stop_recording()`."""

    tape: TapeValue


@dataclass(frozen=True, slots=True, eq=False)
class Tuple:
    """An immutable sequence; `names` makes it a named tuple."""

    elements: tuple[Value, ...]
    names: tuple[str, ...] = ()
    cls: ClassValue | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A list, set, deque, dict, iterator or zip: its contents live in the state."""

    kind: str
    identity: int = field(default_factory=fresh)


@dataclass(frozen=True, slots=True, eq=False)
class Symbolic:
    """A KerasTensor: `layer` applied to `inputs` (no layer: `keras.Input`)."""

    layer: Value | None
    inputs: tuple[Value, ...]
    place: Place
    index: int | None = None
    identity: int = field(default_factory=fresh)


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A `tf.data.Dataset` (or generator of batches): elements are tensors without a gradient."""

    element: Value | None
    node: Node


@dataclass(frozen=True, slots=True, eq=False)
class NoGradient:
    """What `tape.gradient` gives for a source without a link: `None`, with its provenance."""

    node: Node


@dataclass(frozen=True, slots=True, eq=False)
class SliceValue:
    lower: Value | None
    upper: Value | None
    step: Value | None


@dataclass(frozen=True, slots=True, eq=False)
class Union:
    """One of several values, depending on the branch taken."""

    options: tuple[Value, ...]


Value = (
    Const
    | Data
    | VariableValue
    | DTypeValue
    | External
    | ModuleValue
    | Deferred
    | FunctionValue
    | ClassValue
    | Instance
    | BoundMethod
    | Method
    | Super
    | Native
    | TapeValue
    | Pause
    | Tuple
    | Box
    | Symbolic
    | Dataset
    | NoGradient
    | SliceValue
    | Union
)

NONE = Const(None)


def options_of(value: Value) -> tuple[Value, ...]:
    """Return the values that a value may be, itself where it is no union."""
    return value.options if isinstance(value, Union) else (value,)


@dataclass(frozen=True, slots=True, eq=False)
class Arguments:
    """The values of one call. `is_open`: `*unknown` or `**unknown` may add any others."""

    positional: tuple[Value, ...]
    keywords: Mapping[str, Value]
    place: Place
    is_open: bool = False

    def get(self, position: int | None, *names: str) -> Value | None:
        """Return the argument given at a position or by one of the keywords."""
        if position is not None and position < len(self.positional):
            return self.positional[position]
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        return None

    def after(self, first: Value) -> Arguments:
        """Return the same call with one more argument in front, as a method gets its `self`."""
        return Arguments((first, *self.positional), self.keywords, self.place, self.is_open)

    @property
    def values(self) -> tuple[Value, ...]:
        """Return all argument values, positional ones first."""
        return (*self.positional, *self.keywords.values())


__all__ = [
    "NONE",
    "Arguments",
    "BoundMethod",
    "Box",
    "ClassValue",
    "Const",
    "DTypeValue",
    "Data",
    "Dataset",
    "Deferred",
    "External",
    "FunctionValue",
    "Instance",
    "Method",
    "ModuleValue",
    "Native",
    "NoGradient",
    "Pause",
    "SliceValue",
    "Super",
    "Symbolic",
    "TapeValue",
    "Tuple",
    "Union",
    "Value",
    "VariableValue",
    "fresh",
    "options_of",
]
