"""Strategies, replica contexts and checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.models import operations
from tapelint.analysis.models.registry import LibraryClass, families, library_class, models
from tapelint.analysis.models.sinks import SINK
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Const,
    Data,
    External,
    Instance,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

STRATEGY = "tf.distribute.Strategy"
REPLICA = "tf.distribute.ReplicaContext"
STRATEGIES = tuple(
    f"tf.distribute.{prefix}{name}"
    for prefix in ("", "experimental.")
    for name in (
        "MirroredStrategy", "TPUStrategy", "MultiWorkerMirroredStrategy", "OneDeviceStrategy",
        "ParameterServerStrategy", "CentralStorageStrategy", "Strategy", "StrategyExtended",
    )
)  # fmt: skip
DATASETS = ("experimental_distribute_dataset", "experimental_make_numpy_dataset")
FROM_FUNCTION = (
    "distribute_datasets_from_function",
    "experimental_distribute_datasets_from_function",
)


# ---------------------------------------------------------------------- strategies


@library_class(*STRATEGIES)
class Strategy(LibraryClass):
    """A distribution strategy: what runs on every replica is run once."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Take devices and resolvers, which hold no tensor."""

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return the number of replicas, or something only the library knows."""
        if name == "num_replicas_in_sync":
            return Data(machine.node(name, Kind.PYTHON, DType.INT, at))
        if name in ("extended", "cluster_resolver"):
            return machine.unknown(name, [], at)
        return None

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method of a strategy."""
        first = arguments.get(0, "fn", "dataset", "value", "reduce_op")
        if name in ("run", "experimental_run_v2", "experimental_run"):
            return run_replica(machine, arguments)
        if name == "scope":
            return Instance(External(STRATEGY))
        if name in DATASETS:
            return first or NONE
        if name in FROM_FUNCTION and first is not None:
            context = machine.unknown("input context", [], arguments.place)
            return machine.call(first, Arguments((context,), {}, arguments.place))
        if name in ("reduce", "gather", "experimental_local_results"):
            return gathered(machine, name, arguments)
        return machine.opaque_call(name, arguments.values, arguments.place)

    def inside(
        self, machine: Interpreter, instance: Instance, at: Place, body: Callable[[Value], bool]
    ) -> bool:
        """Run the block of `with strategy.scope():`."""
        return body(instance)


def run_replica(machine: Interpreter, args: Arguments) -> Value:
    """Run `strategy.run(fn, args=(...), kwargs={...})`."""
    function = args.get(0, "fn")
    given = args.get(1, "args")
    named = args.get(2, "kwargs")
    if function is None:
        return machine.opaque_call("strategy.run", args.values, args.place)
    known = machine.elements(given) if given is not None and given != NONE else None
    positional = known.values if known is not None else ()
    keywords: dict[str, Value] = {}
    if isinstance(named, Box):
        contents = machine.contents(named)
        keywords = dict(zip(map(str, contents.keys or ()), contents.values, strict=False))
    is_open = args.is_open or (known is not None and known.rest is not None)
    is_open = is_open or (given is not None and given != NONE and known is None)
    return machine.call(function, Arguments(positional, keywords, args.place, is_open))


def gathered(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Bring the values of the replicas together."""
    value = args.get(1 if name == "reduce" else 0, "value")
    if value is None:
        return machine.unknown(name, args.values, args.place)
    if name == "experimental_local_results":
        return Tuple((value,))
    return reduced(machine, value, args)


def reduced(machine: Interpreter, value: Value, args: Arguments) -> Value:
    """Return the sum or mean over replicas, of each tensor of a structure."""
    if isinstance(value, Tuple):
        parts = tuple(reduced(machine, part, args) for part in value.elements)
        return Tuple(parts, value.names, value.cls)
    if isinstance(value, Box):
        known = machine.elements(value)
        if known is not None and known.rest is None and value.kind != "dict":
            return machine.sequence("list", [reduced(machine, v, args) for v in known.values])
    if not machine.leaves(value):
        return value
    return machine.record("strategy.reduce", [("value", value)], args.place)


@models(
    "tf.distribute.get_strategy", "tf.distribute.experimental_set_strategy",
    "tf.distribute.get_original_strategy",
)  # fmt: skip
def get_strategy(machine: Interpreter, args: Arguments) -> Value:
    """Return the current strategy."""
    return Instance(External(f"{STRATEGY}"))


@models("tf.distribute.get_replica_context")
def get_replica_context(machine: Interpreter, args: Arguments) -> Value:
    """Return the context of the replica that runs."""
    return Instance(External(REPLICA))


@library_class(REPLICA)
class ReplicaContext(LibraryClass):
    """The context of one replica."""

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return the strategy or a number."""
        if name == "strategy":
            return Instance(External(STRATEGY))
        if name in ("num_replicas_in_sync", "replica_id_in_sync_group"):
            return Data(machine.node(name, Kind.PYTHON, DType.INT, at))
        return None

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Reduce over replicas, or run something outside them."""
        if name in ("all_reduce", "all_gather"):
            value = arguments.get(1 if name == "all_reduce" else 0, "value")
            return reduced(machine, value or NONE, arguments)
        function = arguments.get(0, "merge_fn")
        if name == "merge_call" and function is not None:
            given = machine.elements(arguments.get(1, "args") or Tuple(()))
            rest = given.values if given is not None else ()
            strategy = Instance(External(STRATEGY))
            return machine.call(function, Arguments((strategy, *rest), {}, arguments.place))
        return machine.opaque_call(name, arguments.values, arguments.place)


# ---------------------------------------------------------------------- checkpoints


@library_class(
    "tf.train.Checkpoint", "tf.train.CheckpointManager", "tf.compat.v1.train.Saver",
    "tf.compat.v1.train.Checkpoint",
)  # fmt: skip
class Checkpoint(LibraryClass):
    """A checkpoint: it holds what it was given and gives variables other values, not identities."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Keep what is given by keyword as attributes."""
        for name, value in arguments.keywords.items():
            machine.state.cells[(made.identity, name)] = value

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return the name of a file; all else are methods."""
        if name in ("latest_checkpoint", "checkpoints", "directory", "save_counter"):
            return Data(machine.node(name, Kind.UNKNOWN, DType.UNKNOWN, at))
        return None

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Write or read a file."""
        if name in ("save", "write"):
            return Data(machine.node(name, Kind.PYTHON, DType.STRING, arguments.place))
        if name == "restore_or_initialize":
            return Data(machine.node(name, Kind.UNKNOWN, DType.UNKNOWN, arguments.place))
        return Instance(External(SINK))


@models("tf.train.latest_checkpoint", "tf.train.list_variables", "tf.train.load_variable")
def latest_checkpoint(machine: Interpreter, args: Arguments) -> Value:
    """Look into a folder of checkpoints."""
    return Data(machine.node("checkpoint", Kind.UNKNOWN, DType.UNKNOWN, args.place))


# ---------------------------------------------------------------------- assertions


@families("tf.debugging.")
def assertion(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run an assertion, which gives nothing, or `check_numerics`, which gives its argument."""
    last = name.rpartition(".")[2]
    if last.startswith(("assert_", "enable_", "disable_", "set_")) and last != "assert_all_finite":
        return Const(None)
    known = operations.apply(machine, name, args)
    return machine.unknown(name, args.values, args.place) if known is None else known


@models(
    "tf.Assert", "tf.assert_equal", "tf.assert_greater", "tf.assert_less", "tf.assert_rank",
    "tf.compat.v1.assert_equal", "tf.compat.v1.assert_greater", "tf.compat.v1.assert_less",
    "tf.compat.v1.assert_rank", "tf.ensure_graph",
)  # fmt: skip
def plain_assertion(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.Assert(condition, data)`."""
    return NONE
