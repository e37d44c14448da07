"""Record what a program does to its values: TensorFlow operations, and Python in between.

A tape of its own, the shadow, watches everything from the start. It answers whether a gradient
could flow at all, however the user's tapes are used; which tape recorded what is kept beside it.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Any

from tapelint.verify.worker import hooks
from tapelint.verify.worker.converted import Converted, Frame
from tapelint.verify.worker.events import Event, Key, Kind, TapeLog
from tapelint.verify.worker.nests import leaves
from tapelint.verify.worker.patches import Patches
from tapelint.verify.worker.runtime import TensorFlow
from tapelint.verify.worker.stack import Stack

STATE = ("ResourceScatter", "ResourceApply", "ResourceSparseApply", "ResourceStridedSliceAssign")
MOST_EVENTS = 60_000


class Dtype(Enum):
    """What a tape makes of a dtype."""

    FLOATING = "floating"  # or complex: it can be watched
    VARIANT = "variant"  # a list, which may hold what can be watched
    RESOURCE = "resource"  # the handle of a variable
    OTHER = "other"


class Recorder:
    """Everything that happened so far, in order, on the thread that made the recorder.

    `is_user_file` tells which frames are the user's, `converted` what autograph wrote, where
    somebody has followed it before. `raw_gradient` is the method of a tape as TensorFlow has it.
    """

    def __init__(
        self,
        runtime: TensorFlow,
        is_user_file: Callable[[str], bool],
        *,
        converted: Converted | None = None,
        raw_gradient: Callable[..., Any] | None = None,
    ) -> None:
        self.runtime = runtime
        self.events: list[Event] = []
        self.made: dict[Key, Event] = {}
        self.logs: dict[int, TapeLog] = {}
        self.active: list[int] = []
        self.open_tapes: dict[int, Any] = {}
        self.was_active = False
        # Stand-ins for something computed that became Python numbers; the one that runs now.
        self.guessed: list[str] = []
        self.guesses: set[Frame] = set()
        self.standing_in: tuple[str, Kind] | None = None
        # Of all trainable variables, as weak references in the order in which they were made.
        self.variables: list[weakref.ref[Any]] = []
        self.happened: Callable[[Event], None] = lambda event: None
        self.is_muted = False
        self.is_complete = True
        # What operations were given, by their serials: kept where they are to be run again.
        self.keeps_operands = False
        self.operands: dict[int, tuple[tuple[Any, ...], dict[str, Any]]] = {}
        self.serial = 0
        self.converted = converted or Converted()
        self.follows_autograph = converted is None
        self.thread = threading.get_ident()
        self.patches = Patches()
        # Steps that the shadow did not see, which looks away now.
        self.unseen: set[int] = set()
        self.is_looking_away = False
        self.unwatched: list[Any] = []
        self.stack = Stack(is_user_file, self.converted)
        self._dtypes: dict[int, Dtype] = {}
        self._recording: frozenset[int] = frozenset()
        self._is_stopped = runtime.pywrap.TFE_Py_TapeSetIsStopped
        # Taken before anything is replaced: questions of the recorder itself are not recorded.
        tape = runtime.tf.GradientTape
        self.raw_gradient = raw_gradient or tape.gradient
        self.shadow: Any = tape(persistent=True)

    # ------------------------------------------------------------------------------- starting

    def install(self) -> None:
        """Begin to record."""
        self.shadow._push_tape()
        self.runtime.op_callbacks.add_op_callback(self._on_operation)
        hooks.install(self)
        if self.follows_autograph:
            self.converted.follow(self.runtime.autograph, self.patches)

    def uninstall(self) -> None:
        """Stop recording, leave TensorFlow as it was, and forget everything."""
        self.patches.undo()
        self.runtime.op_callbacks.remove_op_callback(self._on_operation)
        self.look_again()
        self.shadow._pop_tape()
        self.forget()

    def forget(self) -> None:
        """Let go of all that was recorded, and of the values in it."""
        self.stack.forget()
        self.events.clear()
        self.made.clear()
        self.operands.clear()
        self.unseen.clear()
        self.unwatched.clear()

    def begin_again(self) -> None:
        """Forget what was recorded and go on; no tape of the user's may be open."""
        self.forget()
        self.shadow._pop_tape()
        self.shadow = self.runtime.tf.GradientTape(persistent=True)
        self.shadow._push_tape()
        self.is_complete = True

    def look_away(self) -> None:
        """Let the shadow not see what runs now: a function that is a graph runs as ever then.

        For a tape it would be made anew, with all that its gradient needs.
        """
        self.is_looking_away = True
        self.runtime.pywrap.TFE_Py_TapeSetRemove(self.shadow._tape._tape)

    def look_again(self) -> None:
        """Let the shadow see what happens from now on."""
        if self.is_looking_away:
            self.is_looking_away = False
            self.runtime.pywrap.TFE_Py_TapeSetAdd(self.shadow._tape._tape)

    @property
    def is_deaf(self) -> bool:
        """Whether what happens now is not to be recorded: a question, or another thread."""
        return self.is_muted or self.is_elsewhere

    @property
    def is_elsewhere(self) -> bool:
        """Whether this is another thread than the one that is recorded."""
        return threading.get_ident() != self.thread

    def watch_variables(self, variables: Iterable[Any]) -> None:
        """Let the shadow know variables that were made before it began."""
        for variable in variables:
            self._watch(variable.handle, with_handles=True)

    def note_constant(self, value: Any, tensor: Any) -> None:
        """Note that a value of Python's or NumPy's became a tensor."""
        inputs = self.known_plain(value)
        self.add("constant", Kind.PLAIN if inputs else Kind.OPERATION, inputs, [tensor])
        self._watch(tensor)

    def opened(self, number: int, tape: Any) -> None:
        """Note that a tape of the user's records from now on."""
        self.active.append(number)
        self.was_active = True
        self.open_tapes[number] = tape
        self._recording = frozenset(self.active)

    def closed(self, number: int) -> None:
        """Note that a tape of the user's records no more."""
        self.active.remove(number)
        self.open_tapes.pop(number, None)
        self._recording = frozenset(self.active)

    def _watch(self, tensor: Any, *, with_handles: bool = False) -> None:
        if not hasattr(tensor, "_id"):
            return
        dtype = self._dtype(tensor)
        if dtype is Dtype.FLOATING or (with_handles and dtype is Dtype.RESOURCE):
            self.unwatched.append(tensor)
            self.watch_pending()

    def watch_pending(self) -> None:
        """Watch what was made while all tapes were stopped, when watching is refused."""
        if self.unwatched and not self._is_stopped():
            for tensor in self.unwatched:
                self.runtime.pywrap.TFE_Py_TapeWatch(self.shadow._tape._tape, tensor)
            self.unwatched.clear()

    # ------------------------------------------------------------------------------ recording

    def add(
        self, name: str, kind: Kind, inputs: Iterable[Key], outputs: Iterable[Any]
    ) -> Event | None:
        """Note one step; `outputs` are the objects it made."""
        if len(self.events) >= MOST_EVENTS:
            self.is_complete = False
            return None
        values = tuple(outputs)
        return self._append(name, kind, tuple(inputs), tuple(map(self.key, values)), values)

    def _append(
        self,
        name: str,
        kind: Kind,
        inputs: tuple[Key, ...],
        outputs: tuple[Key, ...],
        values: tuple[Any, ...],
    ) -> Event:
        self.serial += 1
        event = Event(
            self.serial, name, kind, inputs, outputs, values, self.stack.frames(3), self._recording
        )
        self.events.append(event)
        for key in outputs:
            self.made[key] = event
        self.happened(event)
        return event

    def _on_operation(
        self,
        operation: Any,
        inputs: Any,
        attributes: Any,
        outputs: Any,
        op_name: Any = None,
        graph: Any = None,
    ) -> None:
        if self.is_muted:
            return
        if len(self.events) >= MOST_EVENTS:
            self.is_complete = False
            return
        name = operation.decode() if isinstance(operation, bytes) else operation
        keys = self._keys(inputs, graph)
        if keys and writes_state(name):
            # The handle stands first; what is written comes behind it.
            self._append(name, Kind.STATE, keys[1:], keys[:1], (inputs[0],))
            return
        made = self._keys(outputs, graph)
        shown, kind = self.standing_in or (name, Kind.OPERATION)
        event = self._append(shown, kind, keys, made, tuple(outputs))
        if self.keeps_operands and not self._is_stopped():
            # In a custom gradient all tapes stand still: its operations say nothing of it.
            pairs = zip(attributes[::2], attributes[1::2], strict=False)
            self.operands[event.serial] = (tuple(inputs), {str(n): v for n, v in pairs})
        if self.is_looking_away and graph is None:
            self.unseen.add(event.serial)
        if graph is None and (
            name == "VarHandleOp"
            or self.is_looking_away
            or self._is_stopped()
            or not any(map(self._may_be_watched, inputs))
        ):
            # Nothing that the shadow watches went in, a random number, data, a new variable; or
            # nobody was to record it: here a history begins.
            for tensor in outputs:
                self._watch(tensor, with_handles=name == "VarHandleOp")

    def _may_be_watched(self, tensor: Any) -> bool:
        dtype = self._dtype(tensor)
        return dtype is Dtype.FLOATING or dtype is Dtype.VARIANT

    def _dtype(self, tensor: Any) -> Dtype:
        # Asked for every input of every operation: the number of a dtype is there at once.
        number = tensor._datatype_enum()
        found = self._dtypes.get(number)
        if found is None:
            found = Dtype.OTHER
            if self.runtime.is_differentiable(tensor):
                found = Dtype.FLOATING
            elif tensor.dtype in (self.runtime.tf.variant, self.runtime.tf.resource):
                is_variant = tensor.dtype == self.runtime.tf.variant
                found = Dtype.VARIANT if is_variant else Dtype.RESOURCE
            self._dtypes[number] = found
        return found

    def forget_after(self, serial: int) -> None:
        """Take back the steps behind `serial`: a trial that failed."""
        while self.events and self.events[-1].serial > serial:
            for key in self.events.pop().outputs:
                self.made.pop(key, None)

    # ------------------------------------------------------------------------------ questions

    def key(self, value: Any) -> Key:
        """Return what stands for a value in events."""
        number = getattr(value, "_id", None)
        if isinstance(number, int):
            return number
        if self.runtime.is_variable(value):
            return self.key(value.handle)
        graph = getattr(value, "graph", None)
        name = getattr(value, "name", None)
        if graph is not None and isinstance(name, str):
            return (id(graph), name)
        return ("object", id(value))

    def _keys(self, tensors: Any, graph: Any) -> tuple[Key, ...]:
        try:
            return tuple([tensor._id if graph is None else self.key(tensor) for tensor in tensors])
        except AttributeError:
            return tuple([self.key(tensor) for tensor in tensors])

    def has_gradient(self, event: Event) -> bool:
        """Tell whether TensorFlow knows of a gradient function for an operation, be it None."""
        if event.kind is not Kind.OPERATION:
            return True
        try:
            self.runtime.backprop.ops._gradient_registry.lookup(event.name)
        except LookupError:
            return False
        return True

    def value(self, key: Key) -> Any:
        """Return the object behind a key of an event."""
        event = self.made.get(key)
        return None if event is None else event.values[event.outputs.index(key)]

    def known_plain(self, value: Any) -> tuple[Key, ...]:
        """Return the keys of what `value` holds, as far as events made it: arrays, numbers."""
        if type(value) in (int, float):  # for: 0.01 * gradient
            number = ("object", id(value))
            return (number,) if number in self.made else ()
        found: list[Key] = []
        for leaf in leaves(value):
            key: Key | None = ("object", id(leaf))
            if key not in self.made:
                key = self._base_of_view(leaf)
            if key is not None:
                found.append(key)
        return tuple(found)

    def _base_of_view(self, value: Any) -> Key | None:
        """Return the known array that an array is a view of: `a.T`, `a[0]`."""
        base = getattr(value, "base", None)
        while base is not None and type(base).__module__ == "numpy":
            if ("object", id(base)) in self.made:
                return ("object", id(base))
            base = base.base
        return None

    def frames(self) -> tuple[Frame, ...]:
        """Return the user's lines on the stack, the innermost first."""
        return self.stack.frames(2)

    @contextlib.contextmanager
    def standing_in_for(self, name: str, kind: Kind = Kind.REPLACED) -> Iterator[None]:
        """Take all operations for those of a stand-in."""
        before, self.standing_in = self.standing_in, (name, kind)
        try:
            yield
        finally:
            self.standing_in = before

    @contextlib.contextmanager
    def muted(self) -> Iterator[None]:
        """Ask TensorFlow something without leaving a trace on any tape that is open now.

        Tapes are taken away one by one: were recording stopped as a whole, a custom gradient that
        opens a tape of its own would find it empty.
        """
        if self.is_muted:
            yield
            return
        self.is_muted = True
        tapes = [self.shadow, *(self.open_tapes[number] for number in self.active)]
        handles = [tape._tape._tape for tape in tapes if tape._tape is not None]
        pywrap = self.runtime.pywrap
        for handle in handles:
            pywrap.TFE_Py_TapeSetRemove(handle)
        # Asked while it records, a persistent tape warns the user, who knows nothing of this one.
        shadow, was_recording = self.shadow, self.shadow._recording
        shadow._recording = False
        try:
            yield
        finally:
            shadow._recording = was_recording
            for handle in handles:
                pywrap.TFE_Py_TapeSetAdd(handle)
            self.is_muted = False


@functools.cache
def writes_state(operation: str) -> bool:
    """Tell whether an operation writes its other inputs into the variable of its first."""
    return operation.startswith(STATE) or ("Variable" in operation and operation[:6] == "Assign")
