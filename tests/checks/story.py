"""Observations made by hand: what the interpreter would write down of a small program.

Places are found by their text, so that a test reads as the program it is about.
"""

from __future__ import annotations

import importlib
import itertools
import pkgutil
from collections.abc import Iterator, Sequence
from types import ModuleType

from tapelint import checks
from tapelint.analysis.graph import DType, Edge, Effect, Kind, Node, Reason, Rebinding
from tapelint.analysis.observations import (
    Break,
    Cause,
    GradientAsked,
    Lost,
    Misuse,
    Observation,
    UpdateMisused,
)
from tapelint.model import Finding, Span


class At:
    """The place of a fragment of a program."""

    def __init__(self, program: str, fragment: str, path: str) -> None:
        self.fragment = fragment
        self.path = path
        self.start = program.index(fragment)
        self.program = program

    def span(self) -> Span:
        """Return the region of the fragment."""
        end = self.start + len(self.fragment)
        return Span(self.path, *self.position(self.start), *self.position(end))

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset."""
        before = self.program[:offset]
        return before.count("\n") + 1, offset - before.rfind("\n")

    def text(self) -> str:
        """Return the fragment."""
        return self.fragment


class Story:
    """One program, and the values that run through it."""

    def __init__(self, program: str, path: str = "train.py") -> None:
        self.program = program
        self.path = path
        self.places: dict[str, At] = {}

    def at(self, fragment: str) -> At:
        """Return the place of a fragment, the same one each time."""
        return self.places.setdefault(fragment, At(self.program, fragment, self.path))

    def variable(self, fragment: str, label: str | None, **more: object) -> Node:
        """Make a `tf.Variable`."""
        made = Node("variable", Kind.VARIABLE, DType.FLOAT, self.at(fragment), label=label)
        return changed(made, more)

    def tensor(self, fragment: str, op: str, *parents: Node | Edge, **more: object) -> Node:
        """Make the result of an operation; a bare node as parent passes the gradient on."""
        edges = tuple(p if isinstance(p, Edge) else Edge(p) for p in parents)
        return changed(Node(op, Kind.TENSOR, DType.FLOAT, self.at(fragment), edges), more)

    def cut(self, fragment: str, op: str, parent: Node, reason: Reason, **more: object) -> Node:
        """Make the result of an operation that passes nothing on."""
        return self.tensor(fragment, op, Edge(parent, Effect.CUT, reason), **more)

    def asked(
        self,
        fragment: str,
        target: Node | None,
        *lost: Lost,
        asked: int | None = None,
        label: str = "",
        tape: str = "tf.GradientTape",
        stack: Sequence[str] = (),
        sources: Sequence[Node] | None = None,
        began: str = "",
        method: str = "gradient",
    ) -> GradientAsked:
        """Ask a tape for gradients."""
        made = self.at(tape if tape in self.program else fragment)
        return GradientAsked(
            self.at(fragment),
            method,
            made,
            target,
            label or (target.label or "" if target is not None else ""),
            len(lost) if asked is None else asked,
            lost,
            tuple(self.at(part) for part in stack),
            self.at(began) if began else made,
            tuple(sources if sources is not None else [one.source for one in lost]),
        )


def changed(node: Node, more: dict[str, object]) -> Node:
    """Set further fields of a node."""
    for name, value in more.items():
        setattr(node, name, value)
    return node


def lost(label: str, *way: Node, likely: bool = False, breaks: Sequence[Break] = ()) -> Lost:
    """Lose a source along a way that begins with it; without `breaks`, by the cuts on it."""
    found = list(breaks)
    if not breaks:
        for before, node in itertools.pairwise(way):
            edge = next(e for e in node.edges if e.parent is before)
            if edge.effect is not Effect.FLOWS:
                found.append(Break(Cause.CUT, node, edge))
    return Lost(label, way[0], tuple(found), way, likely)


def lost_to(cause: Cause, label: str, *way: Node, rebinding: Rebinding | None = None) -> Lost:
    """Lose a source for something that is wrong with itself."""
    return Lost(label, way[0], (Break(cause, way[0], rebinding=rebinding),), way)


def modules() -> Iterator[ModuleType]:
    """Yield every check module that is a rule."""
    for entry in pkgutil.iter_modules(checks.__path__, f"{checks.__name__}."):
        module = importlib.import_module(entry.name)
        if hasattr(module, "CODE"):
            yield module


def one_call(
    check: ModuleType,
    call: str,
    op: str,
    reason: Reason,
    effect: Effect = Effect.CUT,
    **more: object,
) -> list[Finding]:
    """Check `y = CALL; loss = y * 2.0` between the source `w` and the target `loss`."""
    story = Story(ONE_CALL.format(call=call))
    w = story.variable("tf.Variable(1.0)", "w")
    y = story.tensor(call, op, Edge(w, effect, reason), **{"label": "y", **more})
    loss = story.tensor("y * 2.0", "*", y, label="loss")
    broken = Break(Cause.CUT, y, y.edges[0])
    missing = lost("w", w, y, loss, breaks=[broken])
    found: list[Finding] = list(check.check([story.asked("tape.gradient(loss, w)", loss, missing)]))
    return found


ONE_CALL = """\
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = {call}
    loss = y * 2.0
gradient = tape.gradient(loss, w)
"""


def all_findings(observations: Sequence[Observation]) -> list[Finding]:
    """Return what all checks together say."""
    found = [f for module in modules() for f in module.check(observations)]
    return sorted(found, key=lambda finding: finding.sort_key)


UPDATES = """\
gradients = tape.gradient(loss, weights)
{update}
"""


def update(
    check: ModuleType, text: str, what: Misuse, labels: Sequence[str] = (), op: str = ""
) -> list[Finding]:
    """Check a line in which gradients are used wrongly, twice, as a loop would see it."""
    story = Story(UPDATES.format(update=text))
    asked = story.at("tape.gradient(loss, weights)")
    misused = UpdateMisused(story.at(text), what, tuple(labels), op, (asked, asked))
    found: list[Finding] = list(check.check([misused, misused]))
    return found
