"""Methods of datasets and of the iterators over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tapelint.analysis.frames import Dead
from tapelint.analysis.graph import DType, Kind, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.models.datasets import Change, made, plain, regrouped, slice_of
from tapelint.analysis.models.decorators import marked
from tapelint.analysis.models.keras_inputs import number
from tapelint.analysis.models.registry import methods, models
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
    External,
    FunctionValue,
    Instance,
    Native,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# Methods after which the elements are what they were.
SAME = frozenset(
    "shuffle repeat prefetch take skip cache shard rebatch with_options "
    "ignore_errors rejection_resample snapshot take_while fingerprint "
    "make_one_shot_iterator make_initializable_iterator __iter__ _make_one_shot_iterator".split()
)
# Methods after which they are batched or not.
GROUPING = frozenset({"batch", "padded_batch", "unbatch", "ragged_batch"})


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
    if name in GROUPING:
        element = regrouped(machine, receiver.element, grouping(name, args))
        return made(machine, element, args.place, receiver)
    model = METHODS.get(name)
    if model is not None:
        return model(machine, receiver, args)
    if name in ("cardinality", "element_spec", "output_shapes", "output_types", "__len__"):
        return Data(machine.node(name, Kind.PYTHON, DType.INT, args.place))
    if name in ("save", "options", "initializer"):
        return NONE
    return machine.opaque_call(f".{name}", [receiver, *args.values], args.place)


def grouping(name: str, args: Arguments) -> Change:
    """Return what becomes of a shape; the last batch may be a smaller one."""
    if name == "unbatch":
        return lambda shape: shape[1:]
    if name != "batch":
        return lambda shape: None
    drops = args.get(1, "drop_remainder") == Const(True)
    rows = number(args.get(0, "batch_size")) if drops else None
    return lambda shape: (rows, *shape)


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
