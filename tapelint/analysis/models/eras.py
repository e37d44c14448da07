"""Which TensorFlow and which Keras a program was written for, as far as it shows.

Facts of TensorFlow 2.21 and Keras 3.15: `tf.gradients` raises in eager code, and optimizers lost
`minimize` and what belongs to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from tapelint.analysis.graph import Kind
from tapelint.analysis.literals import mentions
from tapelint.analysis.models.registry import models
from tapelint.analysis.observations import Outdated
from tapelint.analysis.project import unit_of
from tapelint.analysis.values import (
    Arguments,
    Data,
    Deferred,
    External,
    Instance,
    ModuleValue,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter
    from tapelint.analysis.ir import Place

# A program that speaks of these may build graphs wherever it likes.
GRAPH_WORDS = (
    "disable_eager_execution", "disable_v2_behavior", "Session", "InteractiveSession", "placeholder",
    "as_default", "get_default_graph", "import_graph_def", "wrap_function", "get_session",
)  # fmt: skip
# Makes all of a program run the Keras that still has everything.
LEGACY = "TF_USE_LEGACY_KERAS"
# What speaks of these does so by itself; TensorFlow 2.21 has one in its own private part.
KERAS_2_MODULES = (
    "tf_keras", LEGACY, "tensorflow.python.keras", "tensorflow.python import keras",
)  # fmt: skip
OLD_OPTIMIZERS = "tf.compat.v1.train."
# A program that speaks of these may run it.
KERAS_2_WORDS = (
    *KERAS_2_MODULES, "Session", "placeholder", "disable_v2_behavior", "__version__", "VERSION",
    "legacy",
)  # fmt: skip
# What a file imports of others, and what it bases its classes on.
IMPORTED = re.compile(r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|.+)$", re.MULTILINE)
BASES = re.compile(r"^[ \t]*class[ \t]+\w+\(([^)]*)\)", re.MULTILINE)
WORD = re.compile(r"\w+|\*")
KERAS_NAMES = frozenset({"keras", "layers", "models", "Layer", "Model", "*"})
KERAS_OPTIMIZERS = ("keras.optimizers.", "keras.Optimizer", "keras.mixed_precision.LossScale")
REMOVED_METHODS = frozenset(
    "minimize compute_gradients _compute_gradients get_gradients get_updates aggregate_gradients "
    "_aggregate_gradients get_scaled_loss get_unscaled_gradients get_weights _decayed_lr _set_hyper "
    "_get_hyper".split()
)
# What reading raises for, and what setting does nothing.
REMOVED_ATTRIBUTES = frozenset({"lr", "weights"})
IDLE_ATTRIBUTES = frozenset({"lr"})
# Of the constructor, and of `apply_gradients`.
REMOVED_OPTIONS = frozenset({"lr"})
REMOVED_ARGUMENTS = frozenset(
    {"experimental_aggregate_gradients", "skip_gradients_aggregation", "global_step", "name"}
)


def is_eager(machine: Interpreter) -> bool:
    """Whether the call that is running certainly runs eagerly.

    A function that nobody calls may be traced by whoever does.
    """
    if machine.runs_entry or machine.importing or machine.foreign > 1:
        return False
    return not any(
        frame.is_graph or (frame.value is not None and "opaque" in frame.value.marks)
        for frame in machine.frames
    )


def is_keras_2(machine: Interpreter, place: Place) -> bool:
    """Whether a file takes its layers from a Keras in which a `tf.Variable` is one of their own.

    It may be handed that Keras, or a class made with it, by another file of the project.
    """
    text = place.file_text()
    if mentions(text, KERAS_2_MODULES) or speaks_of(machine, (LEGACY,), place):
        return True
    bases = set(WORD.findall(" ".join(BASES.findall(text))))
    givers = bases | {
        module.rpartition(".")[2]
        for module, names in IMPORTED.findall(text)
        if (bases | KERAS_NAMES).intersection(WORD.findall(names))
    }
    return any(
        PurePath(path).stem in givers and mentions(other, KERAS_2_MODULES)
        for path, other in imported(machine)
    )


def speaks_of(machine: Interpreter, words: tuple[str, ...], place: Place) -> bool:
    """Whether the file, or one of the project that it imports, has one of the words."""
    return any(mentions(text, words) for text in texts(machine, place))


def examine_method(machine: Interpreter, optimizer: Instance, name: str, args: Arguments) -> None:
    """Note the call of an optimizer's method that is gone, or that lost an argument."""
    gone = [] if name != "apply_gradients" else sorted(args.keywords.keys() & REMOVED_ARGUMENTS)
    if (name in REMOVED_METHODS or gone) and is_keras_3(machine, optimizer, name, args.place):
        what, lost = ("argument", gone[0]) if gone else ("method", name)
        machine.observe(Outdated(args.place, what, lost))


def examine_options(machine: Interpreter, optimizer: Instance, args: Arguments) -> None:
    """Note an optimizer that is made with an argument that is gone."""
    for name in sorted(args.keywords.keys() & REMOVED_OPTIONS):
        # A class of the project may know what to do with it.
        if isinstance(optimizer.cls, External) and is_keras_3(machine, optimizer, name, args.place):
            machine.observe(Outdated(args.place, "argument", name))


def examine_attribute(machine: Interpreter, optimizer: Instance, name: str, at: Place) -> None:
    """Note the reading of an attribute that is gone."""
    if name in REMOVED_ATTRIBUTES and is_keras_3(machine, optimizer, name, at):
        machine.observe(Outdated(at, "attribute", name))


def examine_setting(machine: Interpreter, optimizer: Instance, name: str, at: Place) -> None:
    """Note an attribute that is set and that no optimizer reads any more."""
    # A class of the project may read it.
    is_library = isinstance(optimizer.cls, External)
    if name in IDLE_ATTRIBUTES and is_library and is_keras_3(machine, optimizer, name, at):
        machine.observe(Outdated(at, "setting", name))


def is_keras_3(machine: Interpreter, optimizer: Instance, name: str, place: Place) -> bool:
    """Whether an optimizer is one of Keras 3, as far as the program shows.

    A program that catches errors here, or asks for the attribute by name, is prepared.
    """
    bases = [base for base in machine.ancestry(optimizer.cls) if isinstance(base, External)]
    names = [base.name for base in bases if not base.name.startswith("builtins.")]
    if not names or not all(one.startswith(KERAS_OPTIMIZERS) for one in names):
        return False
    if any(".legacy." in one or ".experimental." in one for one in names) or machine.raised:
        return False
    if re.search(rf"""attr\([^\n]*["']{name}["']""", place.file_text()):
        return False
    return not speaks_of(machine, KERAS_2_WORDS, place)


def texts(machine: Interpreter, place: Place) -> Iterator[str]:
    """Yield the text of a file and of all that its run has imported of the project."""
    yield place.file_text()
    for _, text in imported(machine):
        yield text


def imported(machine: Interpreter) -> Iterator[tuple[str, str]]:
    """Yield path and text of the files of the project that a run has imported."""
    held = machine.attributes(machine.globals).values()
    paths = {module.path for value in held if (module := module_of(value)) is not None}
    for path in sorted(paths | machine.left_behind.keys()):
        unit = unit_of(path)
        if unit is not None:
            yield path, unit.text


def module_of(value: Value) -> ModuleValue | None:
    """Return the module of the project that a name stands for or comes from."""
    match value:
        case ModuleValue():
            return value
        case Deferred():
            return value.module
        case _:
            return None


@models("tf.gradients", "tf.compat.v1.gradients")
def gradients(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.gradients(ys, xs)`, which works in graphs alone."""
    return of_graphs(machine, "tf.gradients", args)


@models("tf.hessians", "tf.compat.v1.hessians")
def hessians(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.hessians(ys, xs)`, which calls `tf.gradients`."""
    return of_graphs(machine, "tf.hessians", args)


@models("keras.backend.gradients")
def keras_gradients(machine: Interpreter, args: Arguments) -> Value:
    """Run `K.gradients(loss, variables)`: gone from Keras 3, still in `tf.keras.backend`."""
    return of_graphs(machine, "keras.backend.gradients", args)


def of_graphs(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Note a call that raises where no graph is built."""
    if is_eager(machine) and not speaks_of(machine, GRAPH_WORDS, args.place):
        machine.observe(Outdated(args.place, "graph gradients", name))
    return machine.opaque_call(name, args.values, args.place)


def examine_loss(machine: Interpreter, optimizer: str, name: str, args: Arguments) -> None:
    """Note an optimizer of TensorFlow 1 that is handed a tensor, of which only a graph has gradients.

    RuntimeError: `loss` [...] should be a function when eager execution is enabled (TensorFlow 2.21)
    """
    if not optimizer.startswith(OLD_OPTIMIZERS) or name not in ("minimize", "compute_gradients"):
        return
    loss = args.get(0, "loss")
    is_tensor = isinstance(loss, Data) and loss.kind is Kind.TENSOR
    if is_tensor and is_eager(machine) and not speaks_of(machine, GRAPH_WORDS, args.place):
        machine.observe(Outdated(args.place, "graph gradients", name))
