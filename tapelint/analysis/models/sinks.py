"""What values are shown to: prints, logs, plots, files. None of it changes or keeps them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType
from tapelint.analysis.ir import Place
from tapelint.analysis.models.registry import LibraryClass, library_class, models, plain_families
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    External,
    Instance,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

SINK = "<sink>"
HELD = "<data>"
FAMILIES = (
    "logging.", "absl.logging.", "loguru.", "warnings.", "pprint.", "reprlib.", "traceback.",
    "matplotlib.", "seaborn.", "plotly.", "bokeh.", "wandb.", "tensorboard.", "tensorboardX.",
    "mlflow.", "neptune.", "comet_ml.", "clearml.", "IPython.", "rich.", "termcolor.", "colorama.",
    "tabulate.", "prettytable.", "gc.", "signal.", "faulthandler.", "pdb.", "ipdb.", "tracemalloc.",
    "tf.summary.", "tf.compat.v1.summary.", "tf.compat.v1.logging.", "tf.logging.", "tf.profiler.",
    "tf.get_logger.", "imageio.", "PIL.ImageShow.", "sys.stdout.", "sys.stderr.", "tqdm.tqdm.",
)  # fmt: skip
NAMES = (
    "tf.print", "tf.get_logger", "tqdm.write", "pickle.dump", "json.dump", "yaml.dump",
    "joblib.dump", "numpy.save", "np.save", "tf.io.write_file", "tf.io.write_graph", "os.makedirs",
    "os.mkdir", "os.remove", "os.system", "shutil.rmtree", "shutil.copy", "tf.saved_model.save",
    "csv.writer",
    "tf.keras.utils.plot_model", "keras.utils.plot_model", "keras.utils.set_random_seed",
    "tf.random.set_seed", "tf.compat.v1.set_random_seed", "random.seed", "time.sleep",
    "tf.autograph.set_verbosity", "tf.autograph.trace", "keras.backend.clear_session",
    "keras.backend.set_floatx", "tf.no_op", "tf.group", "tf.register_tensor_conversion_function",
    "tf.compat.v1.enable_eager_execution", "tf.compat.v1.enable_v2_behavior",
    "tf.config.run_functions_eagerly", "tf.config.experimental_run_functions_eagerly",
    "tf.data.experimental.enable_debug_mode", "tf.debugging.set_log_device_placement",
)  # fmt: skip


@plain_families(*FAMILIES)
def shown(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Show values; what comes back (a logger, a figure, a run) shows more of them."""
    return sink(machine, name, args)


@models(*NAMES)
def done(machine: Interpreter, args: Arguments) -> Value:
    """Write or set something, and give back nothing that matters."""
    force(machine, args)
    return NONE


def sink(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Return something that only shows what it is given."""
    force(machine, args)
    if name.endswith(".subplots"):
        return Tuple((Instance(External(SINK)), Instance(External(SINK))))
    return Instance(External(SINK))


def answer(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Return what something that was kept elsewhere answers: it may have computed with its arguments.

    for: model = mlflow.keras.load_model(uri); predicted = model(x)
    """
    made = sink(machine, name, args)
    if isinstance(made, Instance) and machine.leaves(Tuple(args.values)):
        inputs = [("", value) for value in args.values]
        result = machine.record(name or "()", inputs, args.place, dtype=DType.UNKNOWN)
        machine.state.cells[(made.identity, HELD)] = result
    return made


def part(machine: Interpreter, instance: Instance) -> Value:
    """Return a part of what is shown, which holds what the whole does."""
    made = Instance(External(SINK))
    held = machine.state.cells.get((instance.identity, HELD))
    if held is not None:
        machine.state.cells[(made.identity, HELD)] = held
    return made


def force(machine: Interpreter, args: Arguments) -> None:
    for value in args.values:
        if isinstance(value, Box):
            machine.elements(value)


@library_class(SINK)
class Sink(LibraryClass):
    """A logger, figure, writer: whatever it is asked for is another one."""

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Show something."""
        return answer(machine, "", arguments)

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return a part of it."""
        return part(machine, instance)

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Show something."""
        return answer(machine, name, arguments)

    def inside(
        self, machine: Interpreter, instance: Instance, at: Place, body: Callable[[Value], bool]
    ) -> bool:
        """Run the block of `with writer.as_default():`."""
        return body(instance)

    def item(self, machine: Interpreter, instance: Instance, index: Value, at: Place) -> Value:
        """Return a part of it."""
        return part(machine, instance)

    def any_element(self, machine: Interpreter, instance: Instance, at: Place) -> Value:
        """Return a part of it."""
        return part(machine, instance)
