"""Test cases: `setUp` runs before a test, assertions look and touch nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tapelint.analysis.frames import Dead
from tapelint.analysis.graph import DType, Kind, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.models import contexts
from tapelint.analysis.models.registry import LibraryClass, families, library_class, models
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Box,
    Const,
    Data,
    FunctionValue,
    Instance,
    Native,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

CASES = (
    "unittest.TestCase", "unittest.IsolatedAsyncioTestCase", "tf.test.TestCase",
    "absl.testing.absltest.TestCase", "absl.testing.parameterized.TestCase",
    "tf.python.platform.test.TestCase", "keras.testing.TestCase", "keras.src.testing.TestCase",
)  # fmt: skip
RAISING = (
    "assertRaises", "assertRaisesRegex", "assertRaisesRegexp", "assertRaisesWithLiteralMatch",
    "assertRaisesIncompatibleShapesError", "assertRaisesOpError",
)  # fmt: skip
SESSIONS = ("session", "cached_session", "test_session")


@library_class(*CASES)
class Case(LibraryClass):
    """A test case of the project."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Do what the runner does before each test: `setUpClass` once, then `setUp`."""
        nothing = Arguments((), {}, arguments.place)
        for name, receiver in (("setUpClass", made.cls), ("setUp", made)):
            method = machine.class_attribute(made.cls, name)
            if not isinstance(method, FunctionValue):
                continue
            try:
                machine.call(BoundMethod(method, receiver), nothing)
            except Dead:
                return

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return nothing: what is not set is a method."""
        return None

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run an assertion, or what else a test case offers."""
        if name in RAISING:
            return expecting(machine, arguments)
        if name in SESSIONS or name == "subTest":
            return contexts.made("contextlib.nullcontext", machine, instance)
        if name == "evaluate":
            return evaluated(machine, arguments.get(0, "tensors") or NONE, arguments.place)
        if name in ("fail", "skipTest"):
            machine.die()
        if name.startswith(("assert", "setUp", "tearDown", "addCleanup", "enter", "debug")):
            for value in arguments.values:
                if isinstance(value, Box):
                    machine.elements(value)
            return NONE
        return machine.opaque_call(name, arguments.values, arguments.place)


def evaluated(machine: Interpreter, value: Value, place: Place) -> Value:
    """Run `self.evaluate(x)`: the numbers of a tensor, or of each of a structure."""
    if isinstance(value, Tuple):
        parts = tuple(evaluated(machine, e, place) for e in value.elements)
        return Tuple(parts, value.names, value.cls)
    if isinstance(value, Box):
        known = machine.elements(value)
        if known is not None and known.rest is None and value.kind != "dict":
            return machine.sequence("list", [evaluated(machine, e, place) for e in known.values])
    return machine.leave_tensorflow("evaluate", [value], place, Kind.ARRAY, None, Reason.PYTHON)


# ---------------------------------------------------------------------- expected exceptions


def expecting(machine: Interpreter, args: Arguments) -> Value:
    """Run `assertRaises(E)` as a context, or `assertRaises(E, f, ...)`."""
    if len(args.positional) > 1 and not isinstance(args.positional[1], Const):
        function, *given = args.positional[1:]
        inner = Arguments(tuple(given), args.keywords, args.place)
        unjudged(machine, lambda: runs(machine, function, inner))
        return NONE
    return contexts.made("pytest.raises", machine)


def runs(machine: Interpreter, function: Value, args: Arguments) -> bool:
    try:
        machine.call(function, args)
    except Dead:
        return False
    return True


def unjudged(machine: Interpreter, body: Callable[[], bool]) -> bool:
    """Run what is meant to fail: nothing in it is worth an observation."""
    seen = len(machine.observations)
    alive = contexts.caught(machine, body)
    del machine.observations[seen:]
    return alive


@models("pytest.raises", "pytest.warns", "pytest.deprecated_call", "numpy.testing.assert_raises")
def raises(machine: Interpreter, args: Arguments) -> Value:
    """Run `pytest.raises(E)`, or `pytest.raises(E, f, ...)`."""
    return expecting(machine, args)


@library_class("pytest.raises")
class Raises(LibraryClass):
    """A context whose block is meant to raise."""

    def inside(
        self, machine: Interpreter, instance: Instance, at: Place, body: Callable[[Value], bool]
    ) -> bool:
        """Run the block without judging it."""
        return unjudged(machine, lambda: body(machine.unknown("exception", [], at)))


@models("pytest.fail", "pytest.skip", "pytest.exit", "pytest.xfail", "pytest.importorskip")
def ended(machine: Interpreter, args: Arguments) -> Value:
    """End a test."""
    machine.die()
    return NONE


@models("pytest.approx")
def approx(machine: Interpreter, args: Arguments) -> Value:
    """Make something to compare with."""
    return Data(machine.node("approx", Kind.PYTHON, DType.FLOAT, args.place))


@families("unittest.mock.")
def mocked(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Make a stand-in, or a decorator that puts one in place: anything may come of it."""
    return machine.unknown(name, args.values, args.place)


@models(
    "pytest.fixture", "unittest.skip", "unittest.skipIf", "unittest.skipUnless",
    "unittest.expectedFailure", "tf.test.with_eager_op_as_function", "pytest.yield_fixture",
)  # fmt: skip
def leaving(machine: Interpreter, args: Arguments) -> Value:
    """Run a decorator that leaves the test as it is."""
    first = args.get(0)
    if isinstance(first, FunctionValue):
        return first
    return Native("decorator", lambda inner, given: given.positional[0])


@models("unittest.main", "tf.test.main", "absl.testing.absltest.main", "pytest.main")
def main(machine: Interpreter, args: Arguments) -> Value:
    """Run the tests, which are entry points by themselves, and leave the program."""
    machine.die()
    return NONE
