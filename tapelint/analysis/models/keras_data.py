"""`keras.utils`, `keras.datasets`, `keras.preprocessing`: where data comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Edge, Effect, Kind, Reason
from tapelint.analysis.models import operations
from tapelint.analysis.models.registry import families, models
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Const,
    Data,
    Dataset,
    Instance,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

QUIET = frozenset(
    "set_random_seed clear_session plot_model enable_interactive_logging save_img "
    "disable_interactive_logging model_to_dot".split()
)
# Data sets of real numbers; all others are integers (pixels, words, classes).
REAL = ("boston_housing", "california_housing")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many examples a data set has for training and testing, and their shapes."""

    train: int
    test: int
    row: tuple[int, ...]
    label: tuple[int, ...] = ()


# Keras 3.15.
SIZES = {
    "mnist": Sizes(60_000, 10_000, (28, 28)),
    "fashion_mnist": Sizes(60_000, 10_000, (28, 28)),
    "cifar10": Sizes(50_000, 10_000, (32, 32, 3), (1,)),
    "cifar100": Sizes(50_000, 10_000, (32, 32, 3), (1,)),
    "boston_housing": Sizes(404, 102, (13,)),
    "california_housing": Sizes(16_512, 4_128, (8,)),
}
OBJECTS = frozenset({"get_custom_objects", "get_registered_object", "get_registered_name"})


@families("keras.utils.", "keras.preprocessing.")
def utility(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run a helper: those that make something of tensors are in the table."""
    last = name.rpartition(".")[2]
    if last in QUIET:
        return NONE
    known = operations.apply(machine, name, args)
    if known is not None:
        return known
    if last in ("load_img", "array_to_img"):
        return machine.leave_tensorflow(
            name, args.positional[:1], args.place, Kind.ARRAY, DType.UNKNOWN, Reason.NUMPY
        )
    if last == "get_file":
        return Data(machine.node(name, Kind.PYTHON, DType.STRING, args.place))
    if last in OBJECTS:
        return machine.unknown(name, [], args.place)
    return machine.opaque_call(name, args.values, args.place)


@models("keras.utils.unpack_x_y_sample_weight")
def unpack(machine: Interpreter, args: Arguments) -> Value:
    """Run `unpack_x_y_sample_weight(data)`: always three values, None for what is not there."""
    data = args.get(0, "data")
    if isinstance(data, Tuple):
        return Tuple((*data.elements[:3], *(NONE,) * (3 - len(data.elements[:3]))))
    if isinstance(data, Data) and data.kind is Kind.TENSOR:
        return Tuple((data, NONE, NONE))
    if data is None:
        return machine.unknown("data", [], args.place)
    return Tuple(tuple(machine.unpacked(data, 3, args.place)))


@models("keras.utils.pack_x_y_sample_weight")
def pack(machine: Interpreter, args: Arguments) -> Value:
    """Run `pack_x_y_sample_weight(x, y=None, sample_weight=None)`."""
    names = ("x", "y", "sample_weight")
    found = [args.get(position, name) for position, name in enumerate(names)]
    values = [v for v in found if v is not None and v != NONE]
    return values[0] if len(values) == 1 else Tuple(tuple(values))


@families("keras.datasets.")
def dataset(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run `load_data()`: two pairs of arrays."""
    if not name.endswith(".load_data"):
        return machine.unknown(name, [], args.place)
    dtype = DType.FLOAT if any(word in name for word in REAL) else DType.INT

    def array(shape: tuple[int, ...] | None) -> Value:
        return Data(machine.node(name, Kind.ARRAY, dtype, args.place), shape)

    sizes = SIZES.get(name.split(".")[-2])
    # Arguments choose another version of the data, or another split.
    if sizes is None or args.values:
        return Tuple((Tuple((array(None), array(None))), Tuple((array(None), array(None)))))
    row, label = sizes.row, sizes.label
    return Tuple(
        tuple(Tuple((array((n, *row)), array((n, *label)))) for n in (sizes.train, sizes.test))
    )


@models(
    "keras.utils.image_dataset_from_directory", "keras.utils.text_dataset_from_directory",
    "keras.utils.audio_dataset_from_directory",
)  # fmt: skip
def from_directory(machine: Interpreter, args: Arguments) -> Value:
    """Make a data set of files: batches of inputs, and of labels unless there are none."""
    labels = args.get(1, "labels")
    mode = args.get(None, "label_mode")
    node = machine.node("dataset", Kind.UNKNOWN, DType.UNKNOWN, args.place)
    if args.is_open or len(args.positional) > 2:
        return Dataset(None, node)
    inputs = Data(machine.node("files", Kind.TENSOR, DType.FLOAT, args.place))
    if NONE in (labels, mode):
        return Dataset(inputs, node)
    is_index = mode is None or mode == Const("int")
    dtype = DType.INT if is_index else DType.FLOAT
    return Dataset(
        Tuple((inputs, Data(machine.node("labels", Kind.TENSOR, dtype, args.place)))), node
    )


@models("keras.utils.timeseries_dataset_from_array")
def from_array(machine: Interpreter, args: Arguments) -> Value:
    """Make a data set of windows over arrays."""
    given = (args.get(0, "data"), args.get(1, "targets"))
    parts = tuple(v for v in given if v is not None and v != NONE)
    leaves = [leaf for part in parts for leaf in machine.leaves(part)]
    edges = [Edge(leaf, Effect.CUT, Reason.DATASET) for leaf in leaves]
    node = machine.node("dataset", Kind.UNKNOWN, DType.UNKNOWN, args.place, edges)
    return Dataset(parts[0] if len(parts) == 1 else Tuple(parts), node)


@families("keras.applications.")
def application_function(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run `preprocess_input` (in the table) or `decode_predictions`, which gives Python values."""
    known = operations.apply(machine, name, args)
    if known is not None:
        return known
    if name.endswith("decode_predictions"):
        return machine.leave_tensorflow(
            name, args.positional[:1], args.place, Kind.PYTHON, DType.UNKNOWN, Reason.NUMPY
        )
    return machine.opaque_call(name, args.values, args.place)


@models("keras.models.save_model", "keras.saving.save_model", "keras.saving.save_weights",
        "keras.saving.load_weights", "keras.models.save_weights")  # fmt: skip
def save(machine: Interpreter, args: Arguments) -> Value:
    """Write a model or its weights to a file."""
    return NONE


@families("keras.layers.", "keras.Layer.", "keras.Model.", "keras.Sequential.")
def unbound(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run `keras.Layer.__init__(self)`, or a function that merges layers."""
    known = operations.apply(machine, name, args)
    if known is not None:
        return known
    first = args.positional[0] if args.positional else None
    if isinstance(first, Instance) and machine.library_base(first.cls) is not None:
        library = machine.library_of(first)
        method = name.rpartition(".")[2]
        given = Arguments(args.positional[1:], args.keywords, args.place, args.is_open)
        if method == "__init__":
            library.init(machine, first, given)
            return NONE
        return library.method(machine, first, method, given)
    return machine.opaque_call(name, args.values, args.place)
