"""`tf.data`: datasets, what is made of them, and what walking over them gives.

An element is computed outside every tape: no gradient leaves it for what the dataset was made from,
or for variables that a mapped function reads (TensorFlow 2.21).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Edge, Effect, Kind, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.machine import Dead
from tapelint.analysis.models.constants import dtype_of
from tapelint.analysis.models.decorators import marked
from tapelint.analysis.models.operations import dtype_class
from tapelint.analysis.models.registry import LibraryClass, library_class, methods, models
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Box,
    ClassValue,
    Const,
    Data,
    Dataset,
    DTypeValue,
    External,
    FunctionValue,
    Instance,
    Native,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# Methods after which the elements are what they were, batched or not.
SAME = frozenset(
    "batch padded_batch shuffle repeat prefetch take skip cache unbatch shard rebatch with_options "
    "ignore_errors rejection_resample snapshot take_while ragged_batch fingerprint "
    "make_one_shot_iterator make_initializable_iterator __iter__ _make_one_shot_iterator".split()
)
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
    return Data(machine.node(name, Kind.TENSOR, dtype, place))


@models("tf.data.Dataset.from_tensor_slices", "tf.data.Dataset.from_tensors")
def from_tensors(machine: Interpreter, args: Arguments) -> Value:
    """Run `from_tensor_slices(tensors)` or `from_tensors(tensors)`."""
    tensors = args.get(0, "tensors")
    if tensors is None:
        return made(machine, None, args.place)
    return made(machine, slice_of(machine, tensors, args.place), args.place)


def slice_of(machine: Interpreter, value: Value, place: Place) -> Value | None:
    """Return what an element of a dataset is made of; None where its structure is not known."""
    match value:
        case Tuple():
            parts = [slice_of(machine, part, place) for part in value.elements]
            known = tuple(p for p in parts if p is not None)
            return Tuple(known, value.names, value.cls) if len(known) == len(parts) else None
        case Box(kind="dict"):
            contents = machine.contents(value)
            parts = [slice_of(machine, part, place) for part in contents.values]
            known = tuple(p for p in parts if p is not None)
            if contents.rest is not None or len(known) < len(parts):
                return None
            return machine.fill(Box("dict"), Contents(known, contents.keys, None))
        case Data() if value.kind in (Kind.UNKNOWN, Kind.JOIN):
            return None
        case Data() | Box() | Const():
            edges = [Edge(leaf, Effect.CUT, Reason.DATASET) for leaf in machine.leaves(value)]
            dtype = dtype_class(machine, value)
            return Data(machine.node("slice", Kind.TENSOR, dtype, place, edges))
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


def specified(machine: Interpreter, stated: Value, place: Place) -> Value | None:
    """Return an element of a stated structure of dtypes or of `tf.TensorSpec`s."""
    match stated:
        case Tuple():
            parts = [specified(machine, part, place) for part in stated.elements]
            known = tuple(p for p in parts if p is not None)
            return Tuple(known, stated.names, stated.cls) if len(known) == len(parts) else None
        case Box(kind="dict"):
            contents = machine.contents(stated)
            parts = [specified(machine, part, place) for part in contents.values]
            known = tuple(p for p in parts if p is not None)
            if contents.rest is not None or len(known) < len(parts):
                return None
            return machine.fill(Box("dict"), Contents(known, contents.keys, None))
        case DTypeValue():
            return plain(machine, "element", stated.dtype, place)
        case Instance():
            dtype = machine.state.cells.get((stated.identity, "dtype"))
            return plain(machine, "element", dtype_of(dtype) or DType.UNKNOWN, place)
        case _:
            return None


@library_class("tf.TensorSpec", "tf.RaggedTensorSpec", "tf.SparseTensorSpec")
class TensorSpec(LibraryClass):
    """The shape and dtype of a tensor to come."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Keep the dtype, float32 by default."""
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


@models("tensorflow_datasets.as_numpy", "tfds.as_numpy")
def as_numpy(machine: Interpreter, args: Arguments) -> Value:
    """Run `tfds.as_numpy(dataset)`."""
    source = args.get(0, "dataset")
    if isinstance(source, Dataset):
        return arrays(machine, source, args.place)
    return machine.unknown("as_numpy", args.values, args.place)


def arrays(machine: Interpreter, dataset: Dataset, place: Place) -> Box:
    """Return an iterator over the numbers of each element."""

    def numbers_of(value: Value) -> Value:
        match value:
            case Tuple():
                parts = tuple(numbers_of(part) for part in value.elements)
                return Tuple(parts, value.names, value.cls)
            case Box():
                contents = machine.contents(value)
                kept = tuple(numbers_of(part) for part in contents.values)
                return machine.fill(Box(value.kind), Contents(kept, contents.keys, None))
            case _:
                return machine.leave_tensorflow(
                    "as_numpy_iterator", [value], place, Kind.ARRAY, None, Reason.NUMPY
                )

    return machine.sequence("iterator", (), numbers_of(machine.dataset_element(dataset, place)))


# ---------------------------------------------------------------------- methods


@methods(Dataset)
def method(machine: Interpreter, receiver: Value, name: str, args: Arguments) -> Value:
    """Run a method of a dataset or of an iterator over one."""
    assert isinstance(receiver, Dataset)
    if name in SAME:
        return made(machine, receiver.element, args.place, receiver)
    model = METHODS.get(name)
    if model is not None:
        return model(machine, receiver, args)
    if name in ("cardinality", "element_spec", "output_shapes", "output_types", "__len__"):
        return Data(machine.node(name, Kind.PYTHON, DType.INT, args.place))
    if name in ("save", "options", "initializer"):
        return NONE
    return machine.opaque_call(f".{name}", [receiver, *args.values], args.place)


def applied(
    machine: Interpreter, dataset: Dataset, function: Value | None, args: Arguments
) -> Value | None:
    """Run a function on an element, as `map` does; None where nothing is known of the result."""
    if function is None:
        return None
    element = machine.dataset_element(dataset, args.place)
    given = element.elements if isinstance(element, Tuple) and not element.names else (element,)
    if isinstance(element, Data) and element.kind is Kind.UNKNOWN:
        # One tensor or a structure of them: the function knows.
        open_call = Arguments((), {}, args.place, is_open=True)
        return result_of(machine, function, open_call)
    return result_of(machine, function, Arguments(tuple(given), {}, args.place))


def result_of(machine: Interpreter, function: Value, args: Arguments) -> Value | None:
    traced = marked(function, "tf.function") if isinstance(function, FunctionValue) else function
    if not isinstance(
        traced, FunctionValue | BoundMethod | Native | External | Instance | ClassValue
    ):
        return None
    start = machine.state.fork()
    try:
        result = machine.call(traced, args)
    except Dead:
        machine.state = start
        return None
    return slice_of(machine, result, args.place)


def map_(machine: Interpreter, dataset: Dataset, args: Arguments) -> Value:
    element = applied(machine, dataset, args.get(0, "map_func"), args)
    return made(machine, element, args.place, dataset)


def flat_map(machine: Interpreter, dataset: Dataset, args: Arguments) -> Value:
    function = args.get(0, "map_func")
    element: Value | None = None
    if function is not None:
        given = machine.dataset_element(dataset, args.place)
        parts = given.elements if isinstance(given, Tuple) else (given,)
        try:
            inner = machine.call(function, Arguments(parts, {}, args.place))
        except Dead:
            inner = NONE
        element = inner.element if isinstance(inner, Dataset) else None
    return made(machine, element, args.place, dataset)


def filter_(machine: Interpreter, dataset: Dataset, args: Arguments) -> Value:
    applied(machine, dataset, args.get(0, "predicate"), args)
    return made(machine, dataset.element, args.place, dataset)


def enumerate_(machine: Interpreter, dataset: Dataset, args: Arguments) -> Value:
    if dataset.element is None:
        return made(machine, None, args.place, dataset)
    counter = plain(machine, "counter", DType.INT, args.place)
    return made(machine, Tuple((counter, dataset.element)), args.place, dataset)


def apply(machine: Interpreter, dataset: Dataset, args: Arguments) -> Value:
    function = args.get(0, "transformation_func")
    if isinstance(function, FunctionValue | BoundMethod | Native):
        return machine.call(function, Arguments((dataset,), {}, args.place))
    return made(machine, None, args.place, dataset)


def reduce(machine: Interpreter, dataset: Dataset, args: Arguments) -> Value:
    """Run `reduce(initial_state, function)`: what comes out is on no tape."""
    state, function = args.get(0, "initial_state"), args.get(1, "reduce_func")
    if state is None or not isinstance(function, FunctionValue | BoundMethod):
        return machine.unknown("reduce", args.values, args.place)
    for _ in range(2):
        element = machine.dataset_element(dataset, args.place)
        try:
            state = machine.call(function, Arguments((state, element), {}, args.place))
        except Dead:
            return machine.unknown("reduce", args.values, args.place)
    whole = slice_of(machine, state, args.place)
    return machine.detached(whole, dataset, args.place)


def next_(machine: Interpreter, dataset: Dataset, args: Arguments) -> Value:
    return machine.dataset_element(dataset, args.place)


def opened(machine: Interpreter, dataset: Dataset, args: Arguments) -> Value:
    """Run what makes a dataset of other elements: `window`, `group_by_window`, `interleave`."""
    return made(machine, None, args.place, dataset)


METHODS: dict[str, Callable[[Interpreter, Dataset, Arguments], Value]] = {
    "map": map_,
    "flat_map": flat_map,
    "interleave": flat_map,
    "filter": filter_,
    "enumerate": enumerate_,
    "apply": apply,
    "reduce": reduce,
    "concatenate": lambda machine, dataset, args: made(
        machine, dataset.element, args.place, dataset
    ),
    "as_numpy_iterator": lambda machine, dataset, args: arrays(machine, dataset, args.place),
    "get_next": next_,
    "next": next_,
    "__next__": next_,
    "get_single_element": next_,
    "window": opened,
    "group_by_window": opened,
    "bucket_by_sequence_length": lambda machine, dataset, args: made(
        machine, dataset.element, args.place, dataset
    ),
    "scan": opened,
    "batch_and_drop": opened,
}
