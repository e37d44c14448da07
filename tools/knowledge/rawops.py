"""`tf.raw_ops`: the definition of an op tells what each argument is, so little is guessed."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.framework import op_def_registry

from tools.knowledge import hints
from tools.knowledge.samples import Rung, tensor

PREFIX = "tf.raw_ops."
# Tried in this order where an op takes several dtypes.
_LIKED = (
    tf.float32,
    tf.complex64,
    tf.int32,
    tf.int64,
    tf.bool,
    tf.string,
    tf.quint8,
    tf.qint32,
    tf.uint8,
)
_HANDLES = frozenset({tf.resource.as_datatype_enum, tf.variant.as_datatype_enum})
_RANDOM_WORDS = ("Random", "CandidateSampler", "Multinomial", "Truncated", "SampleDistorted")
_PURE = frozenset("CheckNumerics CheckNumericsV2 Empty GuaranteeConst".split())
# Of devices and graphs, or of libraries that nobody calls by hand.
_FAMILIES = tuple(
    """BoostedTrees Batch Collective ConvertTo Copy Cudnn Debug Enter Exit FakeParam GetStats
    ImmutableConst KMC2 Kmeans LoopCond MatchingFiles Merge NearestNeighbors NextIteration
    ParallelConcat Parse Placeholder PyFunc Quantized ReadFile Sdca Sharded SortList Switch TPU
    TensorArray Unbatch UniformDequantize UniformQuantize UniformRequantize Xla""".split()
)
_OTHERS = ("BatchMatMul", "BatchToSpace", "QuantizedConcat")


def definition(name: str) -> op_def_pb2.OpDef | None:
    """Return the definition of `tf.raw_ops.NAME`."""
    found: op_def_pb2.OpDef | None = op_def_registry.get(name.removeprefix(PREFIX))
    return found


def reason(name: str) -> str | None:
    """Return why a raw op is not measured, None if it is."""
    op = definition(name)
    if op is None:
        return "no definition"
    if op.HasField("deprecation"):
        return "removed from TensorFlow"
    tensors = [*op.input_arg, *op.output_arg]
    if any(each.is_ref or each.type in _HANDLES for each in tensors):
        return "handles of state"
    if any("func" in attr.type for attr in op.attr):
        return "takes a function"
    if not op.output_arg or op.name.endswith("Summary") or "SummaryV" in op.name:
        return "no tensors come out"
    if op.is_stateful and op.name not in _PURE and not any(w in op.name for w in _RANDOM_WORDS):
        return "works by side effects"
    if op.name.startswith(_FAMILIES) and not op.name.startswith(_OTHERS):
        return "of devices, graphs and files"
    return None


@cache
def inputs(name: str) -> dict[str, str]:
    """Return the tensors of a raw op: their names in its definition, and as parameters in Python.

    The names differ for a few (`reduction_indices` is `axis`); their order does not.
    """
    op = definition(name)
    if op is None:
        return {}
    defined = [each.name for each in op.input_arg]
    known = {*defined, *(attr.name for attr in op.attr), "name"}
    function = getattr(tf.raw_ops, op.name)
    renamed = iter([p for p in inspect.signature(function).parameters if p not in known])
    parameters = inspect.signature(function).parameters
    return {each: each if each in parameters else next(renamed) for each in defined}


def choices(name: str, rung: Rung) -> dict[str, list[Any]]:
    """Return values to try for the inputs of an op and for its attributes without default."""
    op = definition(name)
    if op is None:
        return {}
    attributes = {attr.name: attr for attr in op.attr}
    found = {}
    names = inputs(name)
    for place, each in enumerate(op.input_arg):
        dtype = _dtype(each, attributes, rung)
        values = _inputs(names[each.name], rung, dtype, place)
        if each.number_attr or each.type_list_attr:
            values = [[value, _again(value)] for value in values] + [[value] for value in values]
        found[names[each.name]] = values
    for attr in op.attr:
        if not attr.HasField("default_value"):
            found[attr.name] = _attribute(attr, rung)
    return found


def _dtype(
    each: op_def_pb2.OpDef.ArgDef, attributes: dict[str, op_def_pb2.OpDef.AttrDef], rung: Rung
) -> tf.DType:
    if each.type:
        return tf.as_dtype(each.type)
    if each.type_list_attr:
        return rung.dtype
    allowed = [tf.as_dtype(d) for d in attributes[each.type_attr].allowed_values.list.type]
    if not allowed or rung.dtype in allowed:
        return rung.dtype
    liked = [dtype for dtype in _LIKED if dtype in allowed]
    return liked[0] if liked else allowed[0]


def _inputs(name: str, rung: Rung, dtype: tf.DType, place: int) -> list[Any]:
    shapes = [rung.shape, (), (3,), rung.shape[:-1], (2,), (2, 3), (*rung.shape, 2), (1, 4)]
    hinted = [value for value in hints.candidates(name, rung) if not isinstance(value, str)]
    values = []
    for value in hinted:
        try:
            values.append(tf.cast(tf.convert_to_tensor(value), dtype))
        except (TypeError, ValueError, tf.errors.InvalidArgumentError):
            continue
    values += [_tensor(shape, dtype, place) for shape in dict.fromkeys(shapes)]
    return values


def _tensor(shape: tuple[int, ...], dtype: tf.DType, salt: int) -> tf.Tensor:
    if dtype in (tf.quint8, tf.qint8, tf.qint32, tf.qint16, tf.quint16):
        return tf.quantization.quantize(tensor(shape, salt=salt), -1.0, 1.0, dtype)[0]
    if dtype.is_floating or dtype.is_complex or dtype.is_integer:
        return tensor(shape, dtype, salt)
    return tensor(shape, dtype if dtype in (tf.bool, tf.string) else tf.float32, salt)


def _again(value: Any) -> Any:
    return tf.identity(value)


def _attribute(attr: op_def_pb2.OpDef.AttrDef, rung: Rung) -> list[Any]:
    hinted = hints.candidates(attr.name, rung)
    rank = max(len(rung.shape), 1)
    match attr.type:
        case "string" if attr.allowed_values.list.s:
            return [each.decode() for each in reversed(attr.allowed_values.list.s)]
        case "string":
            return [value for value in hinted if isinstance(value, str)] or ["a", ""]
        case "type":
            allowed = [tf.as_dtype(d) for d in attr.allowed_values.list.type]
            return [d for d in _LIKED if not allowed or d in allowed] or allowed
        case "list(type)":
            return [[tf.float32], [tf.float32, tf.float32]]
        case "int":
            return [max(attr.minimum, 1), 2, 4, 0]
        case "list(int)":
            return [[1] * rank, [1], [1, 2, 2, 1], [1, 2, 2, 2, 1]]
        case "float":
            return [0.5, 1.0]
        case "list(float)":
            return [[0.3, 0.6]]
        case "bool":
            return [False, True]
        case "shape":
            return [list(rung.shape)]
        case "list(shape)":
            return [[list(rung.shape)]]
        case "list(string)":
            return [["a"]]
        case "tensor":
            return [tf.make_tensor_proto(0.5)]
        case _:
            return hinted
