"""Notes what was left out of a computation: by a condition that is known, or by the keys of a dict.

A source whose only way to the target is in such code gets no gradient on purpose, where the program
also asks whether its gradients are None.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tapelint.analysis.graph import Node
from tapelint.analysis.ir import Expr, Stmt
from tapelint.analysis.observations import Cause, Lost
from tapelint.analysis.values import Box, Data, Instance, Value

if TYPE_CHECKING:
    from tapelint.analysis.operators import Operators
    from tapelint.analysis.running import Running

NAME = re.compile(r"(?<![\w.])(self\.)?([A-Za-z_]\w*)")
MOST_NODES = 200


def note(machine: Operators, skipped: Iterable[Expr | Stmt]) -> None:
    """Note the values that code names which is not run; of `self`, the attributes that it names."""
    if not machine.state.recording()[0] or len(machine.left_out) > MOST_NODES:
        return
    for part in skipped:
        for of_self, name in set(NAME.findall(part.at.text())):
            value = own_attribute(machine, name) if of_self else machine.lookup(name)
            if value is not None and name != "self":
                machine.left_out |= machine.reached_from(value)


def note_others(machine: Running, box: Box, chosen: Value) -> None:
    """Note the tensors of a dict from which one is taken: the heads of a model, say."""
    if not machine.state.recording()[0] or len(machine.left_out) > MOST_NODES:
        return
    contents = machine.contents(box)
    if contents.keys is not None:
        others = (v for v in contents.values if v is not chosen)
        machine.left_out.update(v.node for v in others if isinstance(v, Data))


def own_attribute(machine: Operators, name: str) -> Value | None:
    """Return `self.NAME` of the function that runs, where that is at hand."""
    owner = machine.lookup("self")
    return machine.peek(owner, name) if isinstance(owner, Instance) else None


def is_meant(lost: Lost, behind: set[Node]) -> bool:
    """Whether a source leads nowhere but to what was left out; `behind` is all that leads there."""
    return lost.source in behind and all(b.cause is Cause.UNCONNECTED for b in lost.breaks)
