"""What `isinstance` says, where that is known."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from tapelint.analysis import sparse
from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.models.keras_classes import is_based
from tapelint.analysis.models.registry import models
from tapelint.analysis.values import (
    Arguments,
    BoundMethod,
    Box,
    ClassValue,
    Const,
    Data,
    DTypeValue,
    External,
    FunctionValue,
    Instance,
    NoGradient,
    Tuple,
    Union,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


@models("builtins.isinstance")
def isinstance_(machine: Interpreter, args: Arguments) -> Value:
    """Run `isinstance(x, cls)`."""
    if len(args.positional) == 2:
        known = machine.is_instance(args.positional[0], args.positional[1])
        if known is not None:
            return Const(known)
    return Data(machine.node("isinstance", Kind.PYTHON, DType.BOOL, args.place))


# ---------------------------------------------------------------------- the class test


MAPPINGS = frozenset({"Mapping", "MutableMapping", "OrderedDict", "defaultdict"})


# An object of these stands for a layer that nobody has seen.
STAND_INS = (External("keras.layers.Layer"), External("keras.Layer"))

TENSOR_CLASSES = frozenset({"tf.Tensor", "tf.Variable", "keras.Variable", "np.ndarray"})


def is_instance(machine: Interpreter, value: Value, cls: Value) -> bool | None:
    """Return the outcome of `isinstance` where it is known."""
    if isinstance(cls, Tuple):
        outcomes = [is_instance(machine, value, c) for c in cls.elements]
        if True in outcomes:
            return True
        return False if all(o is False for o in outcomes) else None
    if isinstance(cls, DTypeValue):
        return None
    if isinstance(cls, ClassValue):
        return is_project_instance(machine, value, cls)
    if not isinstance(cls, External):
        return None
    name = cls.name
    if isinstance(value, Union):
        outcomes_set = {is_instance(machine, o, cls) for o in value.options}
        return outcomes_set.pop() if len(outcomes_set) == 1 else None
    if name.rpartition(".")[2] in MAPPINGS:
        # for: isinstance(features, collections.abc.Mapping)
        if isinstance(value, Box):
            return value.kind == "dict"
        if isinstance(value, VariableValue | Tuple | Const | FunctionValue):
            return False
        if isinstance(value, Data) and value.kind in (Kind.TENSOR, Kind.ARRAY):
            return False
    if isinstance(value, Data):
        value = machine.keras_variables.get(value.node, value)
    match value:
        case VariableValue():
            if name in ("tf.Variable", "keras.Variable"):
                return (name == "tf.Variable") == (value.library == "tf")
            return False if name in ("tf.Tensor", "np.ndarray") or is_python(name) else None
        case Data() if sparse.is_sparse(value) and name.startswith("tf."):
            return name.rpartition(".")[2] == "IndexedSlices"
        case Data():
            return is_data_instance(value, name)
        case Const():
            return is_constant_instance(value.value, name)
        case Tuple():
            return name in ("builtins.tuple", "collections.abc.Sequence", "typing.Sequence") or (
                False if is_python(name) or name in TENSOR_CLASSES else None
            )
        case Box():
            return box_instance(value, name)
        case NoGradient():
            return False
        case Instance():
            if any(isinstance(a, External) and a.name == name for a in machine.ancestry(value.cls)):
                return True
            if name in TENSOR_CLASSES or is_python(name):
                base = machine.library_base(value.cls)
                return False if base is None or base.startswith(("keras.", "tf.Module")) else None
            return is_layer(machine, value, name)
        case FunctionValue() | BoundMethod():
            return False if name in TENSOR_CLASSES or is_python(name) else None
        case _:
            return None


def is_layer(machine: Interpreter, value: Instance, name: str) -> bool | None:
    """Return the outcome for a layer or model and a class of Keras."""
    if value.cls in STAND_INS or machine.has_unknown_base(value.cls):
        return None
    bases = [a.name for a in machine.ancestry(value.cls) if isinstance(a, External)]
    return is_based([b for b in bases if b.startswith("keras.")], name)


def is_python(name: str) -> bool:
    """Whether a name is one of Python's own types."""
    return name in {
        f"builtins.{n}"
        for n in ("int", "float", "bool", "str", "list", "tuple", "dict", "set", "bytes", "complex")
    }


def is_data_instance(value: Data, name: str) -> bool | None:
    """Return the outcome for a number, array or tensor."""
    match value.kind:
        case Kind.TENSOR:
            if name == "tf.Tensor":
                return True
            return False if name in TENSOR_CLASSES or is_python(name) else None
        case Kind.ARRAY:
            if name in ("tf.Tensor", "tf.Variable", "keras.Variable"):
                return False
            return False if is_python(name) and name != "builtins.float" else None
        case Kind.PYTHON:
            return False if name in TENSOR_CLASSES else None
        case _:
            return None


def is_constant_instance(value: object, name: str) -> bool | None:
    """Return the outcome for a constant."""
    if name in TENSOR_CLASSES:
        return False
    if is_python(name):
        kind: type = getattr(builtins, name.removeprefix("builtins."))
        return isinstance(value, kind)
    return None


def box_instance(value: Box, name: str) -> bool | None:
    """Return the outcome for a container."""
    if name == f"builtins.{value.kind}":
        return True
    if name in TENSOR_CLASSES or is_python(name):
        return False
    return None


def is_project_instance(machine: Interpreter, value: Value, cls: ClassValue) -> bool | None:
    """Return the outcome for a class of the project."""
    match value:
        case Instance():
            if any(
                isinstance(a, ClassValue) and a.identity == cls.identity
                for a in machine.ancestry(value.cls)
            ):
                return True
            return None if machine.has_unknown_base(value.cls) else False
        case Tuple():
            return value.cls is not None and value.cls.identity == cls.identity
        case Data() if value.kind is Kind.UNKNOWN:
            return None
        case Union():
            outcomes = {is_project_instance(machine, o, cls) for o in value.options}
            return outcomes.pop() if len(outcomes) == 1 else None
        case _:
            return False
