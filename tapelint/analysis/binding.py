"""Binds names, attributes and items to values."""

from __future__ import annotations

from collections.abc import Sequence

from tapelint.analysis import ir, lost_updates, unread
from tapelint.analysis.definitions import Definitions
from tapelint.analysis.graph import Kind, Node, Rebinding, past
from tapelint.analysis.values import (
    Box,
    Const,
    Data,
    Tuple,
    Union,
    Value,
    VariableValue,
)


class Binding(Definitions):
    """Assignments, and what they do to names that held a variable."""

    # ------------------------------------------------------------------ binding

    def run_annotate(self, statement: ir.Annotate) -> None:
        if isinstance(statement.target, ir.Name) and self.frame.is_class:
            text = statement.annotation.at.text()
            if "InitVar" in text:
                cells = self.state.cells
                cells[(self.frame.identity, f"<init>{statement.target.id}")] = Const(True)
            key = (self.frame.identity, "<annotations>")
            known: Value | None = self.state.cells.get(key)
            if "ClassVar" in text or "KW_ONLY" in text:
                known = None
            else:
                names = known.elements if isinstance(known, Tuple) else ()
                self.state.cells[key] = Tuple((*names, Const(statement.target.id)))
        if statement.value is not None:
            self.bind(statement.target, self.evaluate(statement.value), statement.at)

    def bind(self, target: ir.Expr, value: Value, at: ir.Place) -> None:
        """Store a value in an assignment target."""
        match target:
            case ir.Name():
                if self.results:
                    unread.note_name(self, value, target.id)
                old = self.lookup(target.id)
                if self.asked_for:
                    unread.note_clipped(self, value, target.id, at)
                    lost_updates.note(self, old, value, target.id, at)
                self.note_label(value, target.id)
                self.note_rebinding(old, value, target.id, at)
                self.set_name(target.id, value)
            case ir.Attribute():
                owner = self.evaluate(target.value)
                slot = target.at.text()
                if self.results:
                    unread.note_attribute(self, owner, value, target.name)
                self.note_label(value, slot)
                self.note_rebinding(self.peek(owner, target.name), value, slot, at)
                self.set_attribute(owner, target.name, value, target.at)
            case ir.Subscript():
                owner = self.evaluate(target.value)
                index = self.evaluate(target.index)
                self.note_label(value, item_label(target, index))
                if isinstance(owner, Box):
                    old = self.peek_item(owner, index)
                    self.note_rebinding(old, value, target.at.text(), at)
                self.set_item(owner, index, value, target.at)
            case ir.Display():
                self.unpack(target.elements, value, at)
            case ir.Starred():
                self.bind(target.value, value, at)
            case _:
                self.evaluate(target)

    def unpack(self, targets: Sequence[ir.Expr], value: Value, at: ir.Place) -> None:
        starred = [i for i, t in enumerate(targets) if isinstance(t, ir.Starred)]
        if not starred:
            values = self.unpacked(value, len(targets), at)
            # All values are taken before any name is bound: `a, b = b, a`.
            for target, part in zip(targets, values, strict=True):
                self.bind(target, part, at)
            return
        star = starred[0]
        tail = len(targets) - star - 1
        known = self.elements(value)
        if known is not None and known.rest is None and len(known.values) >= len(targets) - 1:
            values_known = known.values
            middle = self.sequence("list", values_known[star : len(values_known) - tail])
            parts = (*values_known[:star], middle, *values_known[len(values_known) - tail :])
        else:
            some = self.unpacked(value, len(targets), at)
            parts = (*some[:star], self.sequence("list", (), some[star]), *some[star + 1 :])
        for target, part in zip(targets, parts, strict=True):
            self.bind(target, part, at)

    def unbind(self, target: ir.Expr) -> None:
        match target:
            case ir.Name():
                self.state.cells.pop((self.frame.identity, target.id), None)
            case ir.Display():
                for element in target.elements:
                    self.unbind(element)
            case ir.Subscript():
                self.delete_item(self.evaluate(target.value), self.evaluate(target.index))
            case _:
                pass

    def note_rebinding(
        self, old: Value | None, new: Value, slot: str, at: ir.Place, depth: int = 0
    ) -> None:
        """Note that a slot which held a variable now holds a mere tensor."""
        if old is None or old is new or depth > 2:
            return
        match old, new:
            case VariableValue(), Data():
                if is_made_from(new.node, old.node):
                    new.node.rebound = Rebinding(slot, at, old.node)
            case Data(), Data():
                # A second turn: the tensor that once replaced a variable is replaced again.
                if old.node.rebound is not None and is_made_from(new.node, old.node):
                    new.node.rebound = old.node.rebound
            case Union(), _:
                for option in old.options:
                    self.note_rebinding(option, new, slot, at, depth + 1)
            case ((Tuple() | Box()), (Tuple() | Box())):
                before, after = self.elements(old), self.elements(new)
                if before is not None and after is not None:
                    for x, y in zip(before.values, after.values, strict=False):
                        self.note_rebinding(x, y, slot, at, depth + 1)
                    if before.rest is not None and after.rest is not None:
                        self.note_rebinding(before.rest, after.rest, slot, at, depth + 1)
            case _:
                pass


def item_label(target: ir.Subscript, index: Value) -> str:
    """Return what to call an item: by its key where that is known, else as it is written."""
    match index:
        case Const(value=str() as key):
            return f'{target.value.at.text()}["{key}"]'
        case Const(value=int() as key):
            return f"{target.value.at.text()}[{key}]"
        case _:
            return target.at.text()


def is_made_from(new: Node, old: Node) -> bool:
    """Whether a tensor is what became of another value, not just anything under the same name."""
    return new is not old and new.kind in (Kind.TENSOR, Kind.JOIN) and old in past([new])
