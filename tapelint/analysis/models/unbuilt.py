"""Lists of variables that were read before a model had any, and that are empty for good.

Fact of Keras 3.15: a layer has no variables before it is built, by its first call mostly, and a list
that was read before does not grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tapelint.analysis import trace
from tapelint.analysis.graph import Node, Session
from tapelint.analysis.ir import Place
from tapelint.analysis.models import eras
from tapelint.analysis.observations import RequestMisused
from tapelint.analysis.values import Box, Tuple, Value, VariableValue

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


def examine(
    machine: Interpreter, session: Session, targets: Sequence[Node], sources: Value, asked: Place
) -> None:
    """Note a request for an empty list of a model that the target was computed with."""
    if not isinstance(sources, Box):
        return
    contents = machine.contents(sources)
    if contents.values or contents.rest is not None:
        return
    missing = machine.state.cells.get(("unbuilt", sources.identity))
    if not isinstance(missing, Tuple) or eras.is_keras_2(machine, asked):
        return
    nodes = {v.node for v in missing.elements if isinstance(v, VariableValue)}
    if nodes & trace.cone(session, targets):
        machine.unbuilt.setdefault(asked, session.opened)


def observe(machine: Interpreter) -> None:
    """Report, at the end of the program, the requests that never were for anything.

    A loop that reads the list in each turn loses its first step alone.
    """
    for asked, opened in machine.unbuilt.items():
        if not machine.asked_for.get(asked):
            machine.observe(RequestMisused(asked, "unbuilt sources", "", opened))
