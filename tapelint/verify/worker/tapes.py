"""Watch the user's tapes: what each recorded, what it was asked, and what it answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapelint.verify.worker.events import TapeLog
from tapelint.verify.worker.recorder import Recorder

# Called with the tape's log, the method, target, sources, and the answer or the exception.
Answered = Callable[["Request"], None]
METHODS = ("gradient", "jacobian", "batch_jacobian")


class Request:
    """One call of `gradient`, `jacobian` or `batch_jacobian`, with its answer or its error."""

    __slots__ = (
        "answer", "error", "is_zero_asked", "log", "method", "record", "sources", "tape", "target",
    )  # fmt: skip

    def __init__(self, log: TapeLog, method: str, tape: Any, target: Any, sources: Any) -> None:
        self.log = log
        self.method = method
        self.tape = tape
        self.target = target
        self.sources = sources
        self.answer: Any = None
        self.error: BaseException | None = None
        self.is_zero_asked = False
        # A tape that gave its answer lets go of it, and with it of what it watched.
        self.record: Any = getattr(tape, "_tape", None)

    def watched_variables(self) -> tuple[Any, ...]:
        """Return the variables that were on the tape when it was asked."""
        return () if self.record is None else tuple(self.record.watched_variables())


class TapeWatcher:
    """Replaces the methods of `tf.GradientTape`; `answered` hears of every request.

    `about_to_ask` is called before, and may end the program.
    """

    def __init__(
        self, recorder: Recorder, answered: Answered, about_to_ask: Callable[[], None]
    ) -> None:
        self.recorder = recorder
        self.answered = answered
        self.about_to_ask = about_to_ask
        self.logs = recorder.logs
        self.depth = 0

    def install(self) -> None:
        """Replace the methods until the recorder stops."""
        tape = self.recorder.runtime.tf.GradientTape
        changed: dict[str, Callable[[Any], Any]] = {
            "__init__": self._initialising,
            "_push_tape": self._starting,
            "_pop_tape": self._stopping,
            "watch": self._watching,
            "reset": self._resetting,
        }
        for name, wrapped in changed.items():
            self.recorder.patches.set(tape, name, wrapped(vars(tape)[name]))
        for method in METHODS:
            self.recorder.patches.set(tape, method, self._asking(method, vars(tape)[method]))

    def log(self, tape: Any) -> TapeLog | None:
        """Return the log of a tape, None for the shadow and for what others record."""
        log: TapeLog | None = getattr(tape, "_tapelint_log", None)
        if log is None or self.recorder.is_elsewhere or self.logs.get(log.number) is not log:
            return None
        return log

    def _initialising(self, original: Callable[..., None]) -> Callable[..., None]:
        def initialise(
            tape: Any, persistent: bool = False, watch_accessed_variables: bool = True
        ) -> None:
            original(tape, persistent, watch_accessed_variables)
            if self.recorder.is_elsewhere:
                return
            log = TapeLog(
                len(self.logs) + 1,
                self.recorder.frames(),
                bool(persistent),
                bool(watch_accessed_variables),
            )
            self.logs[log.number] = log
            tape._tapelint_log = log

        return initialise

    def _starting(self, original: Callable[[Any], None]) -> Callable[[Any], None]:
        def _push_tape(tape: Any) -> None:
            original(tape)
            if log := self.log(tape):
                log.first_entered = log.first_entered or self.recorder.serial
                log.entered += 1
                self.recorder.opened(log.number, tape)

        return _push_tape

    def _stopping(self, original: Callable[[Any], None]) -> Callable[[Any], None]:
        def _pop_tape(tape: Any) -> None:
            original(tape)
            if (log := self.log(tape)) and log.number in self.recorder.active:
                log.left = self.recorder.serial
                self.recorder.closed(log.number)

        return _pop_tape

    def _watching(self, original: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        def watch(tape: Any, tensor: Any) -> None:
            original(tape, tensor)
            if log := self.log(tape):
                for leaf in self.recorder.runtime.tf.nest.flatten(tensor):
                    key = self.recorder.key(self.recorder.runtime.unwrapped(leaf))
                    log.watched.setdefault(key, self.recorder.serial)

        return watch

    def _resetting(self, original: Callable[[Any], None]) -> Callable[[Any], None]:
        def reset(tape: Any) -> None:
            original(tape)
            if log := self.log(tape):
                log.reset = self.recorder.serial
                log.reset_frames = self.recorder.frames()
                log.watched.clear()

        return reset

    def _asking(self, method: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def ask(tape: Any, target: Any, sources: Any, *arguments: Any, **keywords: Any) -> Any:
            log = self.log(tape)
            # `jacobian` asks `gradient` for each row: only the call of the program counts.
            if log is None or self.depth or self.recorder.is_muted:
                return original(tape, target, sources, *arguments, **keywords)
            self.about_to_ask()
            request = Request(log, method, tape, target, sources)
            request.is_zero_asked = self._asks_for_zero(arguments, keywords)
            self.depth += 1
            try:
                request.answer = original(tape, target, sources, *arguments, **keywords)
            except Exception as error:
                request.error = error
                raise
            finally:
                self.depth -= 1
                log.asked += 1
                self.answered(request)
            return request.answer

        ask.__name__ = method
        return ask

    def _asks_for_zero(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> bool:
        if not arguments and not keywords:
            return False
        wanted = keywords.get("unconnected_gradients")
        zero = self.recorder.runtime.tf.UnconnectedGradients.ZERO
        return any(value in (zero, zero.value) for value in (wanted, *arguments) if _is_word(value))


def _is_word(value: object) -> bool:
    return isinstance(value, str) or type(value).__name__ == "UnconnectedGradients"
