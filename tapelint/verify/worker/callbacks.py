"""Functions of the user's that hold the awaited gradient call, wherever they turn up."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

from tapelint.verify.worker.standin import StandIn


class Awaited:
    """The line that is to be reached, None where any will do."""

    def __init__(self, make: Callable[[str], StandIn]) -> None:
        self.make = make
        self.place: tuple[str, int] | None = None
        self.running: list[Any] = []

    def is_within(self, function: Any) -> bool:
        """Tell whether the line lies in a function, or in one that is defined in it."""
        code = _code(function)
        if self.place is None or code is None or code.co_filename != self.place[0]:
            return False
        return _encloses(code, self.place[1])

    def call(self, function: Any) -> Any:
        """Call a function with unknown arguments; whatever it raises is its own affair."""
        if any(function is other for other in self.running):
            return None
        self.running.append(function)
        try:
            return function(*self._arguments(function))
        except Exception:  # noqa: BLE001
            return None
        finally:
            self.running.pop()

    def _arguments(self, function: Any) -> list[StandIn]:
        code = _code(function)
        assert code is not None
        inner = getattr(function, "__func__", function)
        names = code.co_varnames[: code.co_argcount]
        names = names[len(names) and inner is not function :]
        required = len(names) - len(getattr(inner, "__defaults__", None) or ())
        return [self.make(name) for name in names[: max(0, required)]]


def _code(function: Any) -> CodeType | None:
    inner = getattr(function, "__func__", function)
    # for: @tf.function
    inner = getattr(inner, "python_function", inner)
    code = getattr(inner, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _encloses(code: CodeType, line: int) -> bool:
    lines = [at for *_, at in code.co_lines() if at]
    if lines and min(lines) <= line <= max(lines):
        return True
    return any(_encloses(c, line) for c in code.co_consts if isinstance(c, CodeType))
