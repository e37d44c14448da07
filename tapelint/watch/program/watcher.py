"""Look at what every tape answers: for nothing where it is None, seldom where numbers are needed."""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, Protocol

from tapelint.verify.worker.backward import is_not_finite, is_zero
from tapelint.verify.worker.converted import Converted
from tapelint.verify.worker.patches import Patches
from tapelint.verify.worker.tapes import METHODS
from tapelint.watch.program.hook import ImportHook
from tapelint.watch.program.inside import Inside
from tapelint.watch.program.recording import Recording
from tapelint.watch.program.sites import Site, Sites, UserFiles

Json = dict[str, Any]
# Numbers are looked at in the first turns of a site, and then for this part of the time.
FIRST_CHECKS = 3
SHARE = 0.02
# A gradient may be zero by chance; one that stays so is worth a word.
ZERO_TURNS = 3
MOST_SOURCES = 512


class Out(Protocol):
    """Where the watcher sends what it sees."""

    @property
    def is_ours(self) -> bool:
        """Whether this process is to be watched."""

    def emit(self, event: Json) -> None:
        """Send an event."""

    def count(self, site: int, *numbers: int) -> None:
        """Store how often a site was asked, and what it gave."""


class _Local(threading.local):
    depth = 0


class Watcher:
    """Wraps the methods of `tf.GradientTape` as soon as TensorFlow is imported.

    `is_traced` runs functions eagerly and records from the first operation on.
    """

    def __init__(
        self, is_user_file: UserFiles, out: Out, *, is_traced: bool, runs_eagerly: bool = True
    ) -> None:
        self.out = out
        self.is_traced = is_traced
        self.runs_eagerly = runs_eagerly
        self.converted = Converted()
        self.sites = Sites(is_user_file, self.converted)
        self.patches = Patches()
        self.local = _Local()
        self.raw: dict[str, Callable[..., Any]] = {}
        self.recording = Recording(is_user_file, self.converted, self.raw, out.emit)
        self.inside = Inside(self._spoiled, self.recording.runs)
        self.hook = ImportHook(
            {
                "tensorflow.python.autograph.impl.api": self._follow,
                "tensorflow.python.eager.backprop": self._wrap,
                "tensorflow": self._ready,
            }
        )

    def install(self) -> None:
        """Begin, now or when TensorFlow is imported."""
        self.hook.install()

    def uninstall(self) -> None:
        """Leave TensorFlow as it was."""
        self.hook.uninstall()
        self.recording.stop()
        self.patches.undo()

    def _follow(self, autograph: Any) -> None:
        self.converted.follow(autograph, self.patches)

    def _wrap(self, backprop: Any) -> None:
        tape = backprop.GradientTape
        for method in METHODS:
            self.raw[method] = original = vars(tape)[method]
            self.patches.set(tape, method, self._asking(method, original))

    def _ready(self, tensorflow: Any) -> None:
        self.out.emit(
            {
                "event": "tensorflow",
                "version": str(getattr(tensorflow, "__version__", "")),
                "python": sys.version.split()[0],
            }
        )
        runs_eagerly = self.is_traced and self.runs_eagerly
        if runs_eagerly:
            tensorflow.config.run_functions_eagerly(True)
        else:
            self.inside.install(self.patches)
        if self.is_traced:
            self.recording.record_all()

    # --------------------------------------------------------------------------------- asking

    def _asking(self, method: str, original: Callable[..., Any]) -> Callable[..., Any]:
        local = self.local

        @functools.wraps(original)
        def ask(tape: Any, target: Any, sources: Any, *arguments: Any, **keywords: Any) -> Any:
            # `jacobian` asks `gradient`, and a custom gradient may: the outer call counts.
            if local.depth or self.recording.is_asking:
                return original(tape, target, sources, *arguments, **keywords)
            local.depth = 1
            try:
                answer = original(tape, target, sources, *arguments, **keywords)
                if self.out.is_ours:
                    asks_zero = _asks_for_zero(arguments, keywords)
                    self._answered(method, sys._getframe(1), sources, answer, asks_zero)
            finally:
                local.depth = 0
            return answer

        return ask

    def _answered(
        self, method: str, frame: FrameType, sources: Any, answer: Any, asks_zero: bool
    ) -> None:
        """Look at an answer; what goes wrong here is no business of the program's."""
        try:
            found = self.sites.at(frame, method)
            if found is None:
                return
            site, is_new = found
            if is_new:
                self._tell_site(site)
            site.calls += 1
            answers = _flat(answer)
            bad: dict[int, str] = {}
            if any(gradient is None for gradient in answers):
                site.nones += 1
                bad = {i: "none" for i, gradient in enumerate(answers) if gradient is None}
            is_symbolic = _is_symbolic(answers, sources)
            if is_symbolic:
                self.inside.traced(site, _flat(sources))
            elif not asks_zero:
                bad |= self._numbers(site, answers)
            self.out.count(site.number, site.calls, site.nones, site.nans, site.zeros)
            fresh = {i: what for i, what in bad.items() if (i, _kind(what)) not in site.told}
            if fresh:
                self._tell(site, sources, fresh, is_symbolic)
            self.recording.passed(site)
        except Exception as error:  # noqa: BLE001 - the program is not to suffer from it
            self.out.emit({"event": "trouble", "what": f"{type(error).__name__}: {error}"[:300]})

    def _numbers(self, site: Site, answers: list[Any]) -> dict[int, str]:
        """Return which gradients are not finite or stay zero, when it is time to look."""
        now = time.perf_counter()
        if site.checks >= FIRST_CHECKS and site.seconds > SHARE * (now - site.since):
            return {}
        if not site.checks:
            site.since = now
        site.checks += 1
        bad: dict[int, str] = {}
        for index, gradient in enumerate(answers):
            array = _array(gradient)
            if array is None or not array.size:
                continue
            if array.dtype.kind in "fc" and is_not_finite(array):
                bad[index] = "nan" if bool((array != array).any()) else "inf"
            elif is_zero(array):
                site.zero_turns[index] += 1
                if site.zero_turns[index] >= ZERO_TURNS:
                    bad[index] = "zero"
            elif site.zero_turns:
                site.zero_turns[index] = 0
        site.nans += any(what in ("nan", "inf") for what in bad.values())
        site.zeros += any(what == "zero" for what in bad.values())
        site.seconds += time.perf_counter() - now
        return bad

    # -------------------------------------------------------------------------------- telling

    def _spoiled(self, site: Site, variables: Mapping[int, Any]) -> None:
        """Tell of variables that a function left NaN: so were their gradients."""
        fresh = {i: v for i, v in variables.items() if (i, "nan") not in site.told}
        if not self.out.is_ours or not fresh:
            return
        site.told.update((index, "nan") for index in fresh)
        site.nans += 1
        self.out.count(site.number, site.calls, site.nones, site.nans, site.zeros)
        self.out.emit(
            {
                "event": "seen",
                "site": site.number,
                "turn": site.calls,
                "count": None,
                "is_symbolic": True,
                "is_inferred": True,
                "sources": [
                    {"index": i, "outcome": "nan", **_described(v)} for i, v in fresh.items()
                ],
            }
        )

    def finish(self) -> None:
        """Tell of zeros that had no time to be seen often."""
        for site in dict.fromkeys(self.sites.known.values()):
            always = {
                index: "zero"
                for index, turns in site.zero_turns.items()
                if turns == site.checks and (index, "zero") not in site.told
            }
            if always and site.checks < ZERO_TURNS:
                self._tell(site, None, always, False)

    def _tell_site(self, site: Site) -> None:
        self.out.emit(
            {
                "event": "site",
                "site": site.number,
                "method": site.method,
                "frames": list(site.frames),
                "position": site.position,
            }
        )

    def _tell(self, site: Site, sources: Any, bad: dict[int, str], is_symbolic: bool) -> None:
        known = None if sources is None else _flat(sources)
        entries = []
        for index, outcome in list(bad.items())[:MOST_SOURCES]:
            site.told.add((index, _kind(outcome)))
            entry: Json = {"index": index, "outcome": outcome}
            if known is not None and index < len(known):
                entry |= _described(known[index])
            entries.append(entry)
        self.out.emit(
            {
                "event": "seen",
                "site": site.number,
                "turn": site.calls,
                "count": len(known) if known is not None else None,
                "is_symbolic": is_symbolic,
                "sources": entries,
            }
        )
        if not is_symbolic and known is not None:
            self.recording.want(site)


def _flat(nest: Any) -> list[Any]:
    """Return what a nest holds in the order of TensorFlow; most nests are lists."""
    if type(nest) in (list, tuple) and not any(isinstance(v, (list, tuple, dict)) for v in nest):
        return list(nest)
    if nest is None or hasattr(nest, "dtype"):
        return [nest]
    flatten = sys.modules["tensorflow"].nest.flatten
    return list(flatten(nest))


def _is_symbolic(answers: list[Any], sources: Any) -> bool:
    for gradient in answers:
        if gradient is not None:
            return not hasattr(getattr(gradient, "values", gradient), "_numpy")
    # All are None: then the place where it happens tells.
    return not sys.modules["tensorflow"].executing_eagerly()


def _array(gradient: Any) -> Any:
    """Return the numbers of an eager gradient; of a sparse one, those that it holds."""
    dense = getattr(gradient, "values", gradient)
    return dense._numpy() if hasattr(dense, "_numpy") else None


def _described(source: Any) -> Json:
    name = getattr(source, "path", None) or getattr(source, "name", "")
    trainable = getattr(source, "trainable", None)
    return {
        "name": str(name or "")[:120].removesuffix(":0"),
        "dtype": str(getattr(getattr(source, "dtype", None), "name", getattr(source, "dtype", ""))),
        "is_variable": trainable is not None,
        "trainable": trainable if isinstance(trainable, bool) else None,
    }


def _kind(outcome: str) -> str:
    """Return what is told once: an infinity soon becomes NaN."""
    return "nan" if outcome == "inf" else outcome


def _asks_for_zero(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> bool:
    if not arguments and not keywords:
        return False
    given = (*arguments, keywords.get("unconnected_gradients"))
    return any(
        "zero" in (value, getattr(value, "value", None)) for value in given if _is_word(value)
    )


def _is_word(value: object) -> bool:
    return isinstance(value, str) or type(value).__name__ == "UnconnectedGradients"
