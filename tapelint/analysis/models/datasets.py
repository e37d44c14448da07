"""`tf.data`: datasets, what is made of them, and what walking over them gives.

An element is computed outside every tape: no gradient leaves it for what the dataset was made from,
or for variables that a mapped function reads (TensorFlow 2.21).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from tapelint.analysis import shapes
from tapelint.analysis.graph import DType, Edge, Effect, Kind, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.models.constants import dtype_of
from tapelint.analysis.models.keras_inputs import elements
from tapelint.analysis.models.operations import dtype_class, shape_of
from tapelint.analysis.models.registry import LibraryClass, library_class, models
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    Arguments,
    BoundMethod,
    Box,
    Const,
    Data,
    Dataset,
    DTypeValue,
    FunctionValue,
    Instance,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

Change: TypeAlias = "Callable[[tuple[int | None, ...]], shapes.Shape]"

RECORDS = (
    "tf.data.TFRecordDataset", "tf.data.TextLineDataset", "tf.data.Dataset.list_files",
    "tf.data.FixedLengthRecordDataset",
)  # fmt: skip
UNKNOWN = (
    "tf.data.Dataset.load", "tf.data.experimental.load", "tf.data.experimental.make_csv_dataset",
    "tf.data.experimental.CsvDataset", "tf.data.experimental.SqlDataset",
    "tf.data.experimental.make_batched_features_dataset", "tf.data.Dataset.from_tensors_list",
    "tf.data.Dataset.from_variant", "tf.data.experimental.from_variant",
)  # fmt: skip


# ---------------------------------------------------------------------- making


def made(
    machine: Interpreter, element: Value | None, place: Place, source: Dataset | None = None
) -> Dataset:
    """Make a dataset; `source` is the one it was made from."""
    edges = [] if source is None else [Edge(source.node, Effect.CUT, Reason.DATASET)]
    node = machine.node("dataset", Kind.UNKNOWN, DType.UNKNOWN, place, edges)
    return Dataset(element, node)


def plain(machine: Interpreter, name: str, dtype: DType, place: Place) -> Data:
    """Make a tensor that depends on nothing."""
    return Data(machine.node(name, Kind.TENSOR, dtype, place))


@models("tf.data.Dataset.from_tensors")
def from_tensors(machine: Interpreter, args: Arguments) -> Value:
    """Run `from_tensors(tensors)`: one element."""
    tensors = args.get(0, "tensors")
    if tensors is None:
        return made(machine, None, args.place)
    return made(machine, slice_of(machine, tensors, args.place), args.place)


@models("tf.data.Dataset.from_tensor_slices")
def from_tensor_slices(machine: Interpreter, args: Arguments) -> Value:
    """Run `from_tensor_slices(tensors)`: the elements have one axis less."""
    tensors = args.get(0, "tensors")
    whole = None if tensors is None else slice_of(machine, tensors, args.place)
    return made(machine, regrouped(machine, whole, lambda shape: shape[1:]), args.place)


def regrouped(machine: Interpreter, element: Value | None, change: Change) -> Value | None:
    """Return an element whose tensors have other shapes: of one row, of a batch of rows."""
    match element:
        case Tuple() | Box(kind="dict"):
            return rebuilt(machine, element, lambda part: regrouped(machine, part, change))
        case Data() if element.shape is not None:
            return replace(element, shape=change(element.shape))
        case _:
            return element


def slice_of(machine: Interpreter, value: Value, place: Place) -> Value | None:
    """Return what an element of a dataset is made of; None where its structure is not known."""
    match value:
        case Tuple() | Box(kind="dict"):
            return rebuilt(machine, value, lambda part: slice_of(machine, part, place))
        case Data() if value.kind in (Kind.UNKNOWN, Kind.JOIN):
            return None
        case Data() | Box() | Const():
            edges = [Edge(leaf, Effect.CUT, Reason.DATASET) for leaf in machine.leaves(value)]
            dtype = dtype_class(machine, value)
            node = machine.node("slice", Kind.TENSOR, dtype, place, edges)
            return Data(node, shape_of(machine, value))
        case _:
            return None


@models("tf.data.Dataset.range", "tf.data.Dataset.random", "tf.data.Dataset.counter")
def numbers(machine: Interpreter, args: Arguments) -> Value:
    """Run `Dataset.range(n)`: whole numbers."""
    given = dtype_of(args.keywords.get("output_type"))
    return made(machine, plain(machine, "range", given or DType.INT, args.place), args.place)


@models(*RECORDS)
def records(machine: Interpreter, args: Arguments) -> Value:
    """Read lines, records or names of files."""
    return made(machine, plain(machine, "record", DType.STRING, args.place), args.place)


@models(*UNKNOWN)
def loaded(machine: Interpreter, args: Arguments) -> Value:
    """Read elements of a structure that is not known."""
    return made(machine, None, args.place)


@models("tf.data.Dataset.from_generator")
def from_generator(machine: Interpreter, args: Arguments) -> Value:
    """Run `from_generator(generator, output_types=..., output_signature=...)`."""
    generator = args.get(0, "generator")
    if isinstance(generator, FunctionValue | BoundMethod):
        machine.hand_out(generator)
    stated = args.get(1, "output_types") or args.keywords.get("output_signature")
    element = None if stated is None else specified(machine, stated, args.place)
    return made(machine, element, args.place)


def rebuilt(
    machine: Interpreter, value: Tuple | Box, element: Callable[[Value], Value | None]
) -> Value | None:
    """Return a tuple or dict with each part replaced; None where one of them is not known."""
    contents = Contents(value.elements) if isinstance(value, Tuple) else machine.contents(value)
    parts = [element(part) for part in contents.values]
    known = tuple(part for part in parts if part is not None)
    if contents.rest is not None or len(known) < len(parts):
        return None
    if isinstance(value, Tuple):
        return Tuple(known, value.names, value.cls)
    return machine.fill(Box("dict"), Contents(known, contents.keys, None))


def specified(machine: Interpreter, stated: Value, place: Place) -> Value | None:
    """Return an element of a stated structure of dtypes or of `tf.TensorSpec`s."""
    match stated:
        case Tuple() | Box(kind="dict"):
            return rebuilt(machine, stated, lambda part: specified(machine, part, place))
        case DTypeValue():
            return plain(machine, "element", stated.dtype, place)
        case Instance():
            cells = machine.state.cells
            dtype = dtype_of(cells.get((stated.identity, "dtype"))) or DType.UNKNOWN
            shape = cells.get((stated.identity, "shape"))
            known = None if shape is None else shapes.written(shape, elements(machine))
            return replace(plain(machine, "element", dtype, place), shape=known)
        case _:
            return None


@library_class("tf.TensorSpec", "tf.RaggedTensorSpec", "tf.SparseTensorSpec")
class TensorSpec(LibraryClass):
    """The shape and dtype of a tensor to come."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Keep the shape, and the dtype, float32 by default."""
        shape = arguments.get(0, "shape")
        if shape is not None:
            machine.state.cells[(made.identity, "shape")] = shape
        dtype = arguments.get(1, "dtype") or DTypeValue(DType.FLOAT, "tf.float32")
        machine.state.cells[(made.identity, "dtype")] = dtype


@models("tf.data.Dataset.zip")
def zipped(machine: Interpreter, args: Arguments) -> Value:
    """Run `Dataset.zip(datasets)`, the datasets in a tuple or one by one."""
    given = args.get(0, "datasets")
    structure = given if given is not None and len(args.positional) < 2 else Tuple(args.positional)

    def element(value: Value) -> Value | None:
        match value:
            case Dataset():
                return value.element
            case Tuple():
                parts = [element(part) for part in value.elements]
                known = tuple(p for p in parts if p is not None)
                return Tuple(known) if len(known) == len(parts) else None
            case Box(kind="dict"):
                contents = machine.contents(value)
                parts = [element(part) for part in contents.values]
                known = tuple(p for p in parts if p is not None)
                if contents.rest is not None or len(known) < len(parts):
                    return None
                return machine.fill(Box("dict"), Contents(known, contents.keys, None))
            case _:
                return None

    return made(machine, element(structure), args.place)


@models(
    "tf.data.Dataset.sample_from_datasets", "tf.data.Dataset.choose_from_datasets",
    "tf.data.experimental.sample_from_datasets", "tf.data.experimental.choose_from_datasets",
)  # fmt: skip
def mixed(machine: Interpreter, args: Arguments) -> Value:
    """Mix datasets whose elements are alike."""
    first = args.get(0, "datasets")
    known = None if first is None else machine.elements(first)
    options = known.values if known is not None else ()
    elements = [o.element for o in options if isinstance(o, Dataset)]
    same = elements[0] if elements and len(elements) == len(options) else None
    return made(machine, same, args.place)


# ---------------------------------------------------------------------- tensorflow_datasets


@models("tensorflow_datasets.load", "tfds.load")
def tfds_load(machine: Interpreter, args: Arguments) -> Value:
    """Run `tfds.load(name, split=..., as_supervised=True, with_info=True)`."""
    split = args.keywords.get("split", args.get(1, "split"))
    supervised = args.keywords.get("as_supervised", Const(False))
    with_info = args.keywords.get("with_info", Const(False))
    pair: Value | None = None
    if supervised == Const(True):
        pair = Tuple(tuple(plain(machine, n, DType.UNKNOWN, args.place) for n in ("x", "y")))

    def one() -> Value:
        return made(machine, pair, args.place)

    known = None if split is None or isinstance(split, Const) else machine.elements(split)
    if isinstance(split, Const) and isinstance(split.value, str):
        found = one()
    elif known is not None and known.rest is None:
        found = Tuple(tuple(one() for _ in known.values))
    else:
        # A dict of splits.
        found = machine.fill(Box("dict"), Contents((), (), one()))
    if with_info == Const(False):
        return found
    info = machine.unknown("info", [], args.place)
    if with_info == Const(True):
        return Tuple((found, info))
    return machine.unknown("tfds.load", [], args.place)
