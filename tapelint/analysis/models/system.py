"""Numbers, text and settings from outside the program: clocks, dice, files, command lines.

None of it depends on a tensor, unless it is computed from one by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.models.registry import families, models, plain_families
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    ClassValue,
    Const,
    Data,
    FunctionValue,
    Native,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

SETTINGS = (
    "argparse.", "absl.flags.", "os.", "pathlib.", "sys.", "platform.", "glob.", "re.", "uuid.",
    "tempfile.", "datetime.", "configparser.", "hashlib.", "socket.", "getpass.", "inspect.",
    "shutil.", "urllib.", "string.", "textwrap.", "locale.", "secrets.", "psutil.", "zipfile.",
    "tarfile.", "calendar.", "dateutil.", "distutils.", "packaging.", "pkg_resources.",
    "importlib.", "multiprocessing.", "threading.", "subprocess.", "gflags.", "dotenv.", "toml.",
    "tomllib.", "tf.config.", "tf.sysconfig.", "tf.version.", "tf.test.",
)  # fmt: skip


@plain_families(*SETTINGS)
def setting(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Read something from outside: it may be anything, but no tensor of this program."""
    for value in args.values:
        if isinstance(value, FunctionValue | ClassValue | Native):
            # for: threading.Thread(target=train)
            return machine.opaque_call(name, args.values, args.place)
        machine.escape(value)
    return Data(machine.node(name, Kind.UNKNOWN, DType.UNKNOWN, args.place))


@models(
    "time.time", "time.perf_counter", "time.monotonic", "time.process_time", "timeit.default_timer"
)
def clock(machine: Interpreter, args: Arguments) -> Value:
    """Read a clock."""
    return Data(machine.node("clock", Kind.PYTHON, DType.FLOAT, args.place))


@models("json.dumps", "pprint.pformat", "yaml.dump_all")
def dumped(machine: Interpreter, args: Arguments) -> Value:
    """Turn a value into text."""
    return machine.text(list(args.positional[:1]), args.place)


# ---------------------------------------------------------------------- random


@families("random.")
def rolled(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Roll dice: whole numbers are Python's, others plain arithmetic that tensors flow through."""
    if name.endswith((".seed", ".setstate")):
        return NONE
    if name.endswith(("int", "range", "getrandbits", "randbytes")):
        return machine.leave_tensorflow(name, args.values, args.place, Kind.PYTHON, DType.INT)
    kind = machine.kind_of(args.values)
    inputs = [("x", value) for value in args.values]
    return machine.record(name, inputs, args.place, dtype=DType.FLOAT, kind=kind)


@models("random.choice")
def choice(machine: Interpreter, args: Arguments) -> Value:
    """Take any element."""
    source = args.get(0, "seq")
    if source is None:
        return machine.unknown("random.choice", [], args.place)
    return machine.any_element(source, args.place)


@models("random.sample", "random.choices")
def sample(machine: Interpreter, args: Arguments) -> Value:
    """Take several elements."""
    source = args.get(0, "population")
    if source is None:
        return machine.unknown("random.sample", [], args.place)
    return machine.sequence("list", (), machine.any_element(source, args.place))


@models("random.shuffle", "np.random.shuffle")
def shuffle(machine: Interpreter, args: Arguments) -> Value:
    """Bring a list out of order."""
    source = args.get(0, "x")
    if isinstance(source, Box):
        contents = machine.contents(source)
        if len(contents.values) > 1 or contents.rest is not None:
            values = [*contents.values, *([] if contents.rest is None else [contents.rest])]
            machine.fill(source, Contents((), None, machine.join_all(values)))
    return NONE


# ---------------------------------------------------------------------- command lines


@models("absl.app.run", "tf.compat.v1.app.run", "tf.app.run")
def app_run(machine: Interpreter, args: Arguments) -> Value:
    """Run `app.run(main)`: it calls `main(argv)` and leaves the program."""
    main = args.get(0, "main")
    if main is not None:
        argv = machine.sequence(
            "list", (), Data(machine.node("argv", Kind.PYTHON, DType.STRING, args.place))
        )
        machine.call(main, Arguments((argv,), {}, args.place))
    machine.die()
    return NONE


@models("fire.Fire", "tap.Tap", "plac.call", "argh.dispatch_command", "defopt.run", "typer.run")
def fire(machine: Interpreter, args: Arguments) -> Value:
    """Run `fire.Fire(main)`: it calls `main` with what the command line says."""
    main = args.get(0, "component")
    if isinstance(main, FunctionValue):
        return machine.call(main, machine.open_arguments(main))
    return machine.opaque_call("fire.Fire", args.values, args.place)


@families(
    "click.", "typer.", "hydra.", "pytest.mark.", "absl.testing.parameterized.", "fire.decorators."
)
def decorating(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run a decorator that leaves its function as it is, with or without arguments."""
    first = args.get(0)
    if isinstance(first, FunctionValue | ClassValue | Native):
        return first

    def apply(inner: Interpreter, given: Arguments) -> Value:
        return given.positional[0] if given.positional else NONE

    return Native("decorator", apply)


@models("hydra.initialize", "hydra.compose", "typer.Typer", "typer.Option", "typer.Argument",
        "click.get_current_context", "click.Path", "click.Choice", "typer.echo", "click.echo",
        "click.secho", "click.prompt", "click.confirm", "click.IntRange")  # fmt: skip
def command_line(machine: Interpreter, args: Arguments) -> Value:
    """Read or write the command line."""
    return Data(machine.node("command line", Kind.UNKNOWN, DType.UNKNOWN, args.place))


@models("tf.executing_eagerly", "tf.compat.v1.executing_eagerly")
def executing_eagerly(machine: Interpreter, args: Arguments) -> Value:
    """Tell whether the code runs outside `tf.function`."""
    return Const(not machine.frame_is_graph())


@models("tf.inside_function")
def inside_function(machine: Interpreter, args: Arguments) -> Value:
    """Tell whether the code is traced."""
    return Const(machine.frame_is_graph())


@models("sys.exc_info")
def exc_info(machine: Interpreter, args: Arguments) -> Value:
    """Return type, value and traceback."""
    return Tuple(tuple(machine.unknown("exception", [], args.place) for _ in range(3)))
