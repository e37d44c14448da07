"""Gradients, clipped copies and optimizers that are made to be used, and that nobody reads.

A name is read where the run reads it, and may be read by code that did not run: that is read off the
text.
"""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tapelint.analysis.ir import Place
from tapelint.analysis.lost_updates import FUNCTIONS, is_dead
from tapelint.analysis.observations import Misuse, UpdateMisused
from tapelint.analysis.updates import known_elements
from tapelint.analysis.values import (
    NONE,
    Box,
    ClassValue,
    Data,
    External,
    Instance,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.machine import Machine

CLIPS = frozenset(
    {"tf.clip_by_norm", "tf.clip_by_value", "tf.clip_by_average_norm", "keras.ops.clip"}
)

STEPLESS_BASES = frozenset({"builtins.object", "abc.ABC", "tf.Module"})

# Methods that take a step.
APPLYING = ("apply_gradients", "apply", "minimize", "stateless_apply", "update_step")


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A value that is made to be used: a gradient, a clipped copy, an optimizer."""

    value: Value
    place: Place
    what: Misuse
    label: str = ""
    # The function it was named in; empty for the module.
    source: str = ""
    # Whether `label` is an attribute.
    is_attribute: bool = False


def expect_use(machine: Machine, value: Value, place: Place, what: Misuse) -> None:
    """Note a value that somebody should read once it has a name."""
    machine.results[id(value)] = Result(value, place, what)


def note_name(machine: Machine, value: Value, name: str) -> None:
    """Note that such a value was given a name; `_` says that nobody wants it.

    A gradient that a module holds may be read by whoever imports it, or by a person at a prompt.
    """
    result = machine.results.pop(id(value), None)
    if result is None or name.startswith("_"):
        return
    lazy = machine.function_frame().lazy
    if result.what is not Misuse.UNUSED or lazy is not None:
        source = "" if lazy is None else lazy.source()
        machine.unread[id(value)] = replace(result, label=name, source=source)


def note_clipped(machine: Machine, value: Value, name: str, at: Place) -> None:
    """Note a list of gradients that were clipped one by one, named by the statement at a place."""
    known = known_elements(machine, value) if isinstance(value, Box | Tuple) else (value,)
    if not known or name.startswith("_"):
        return
    for element in known:
        if not isinstance(element, Data) or element.node.op not in CLIPS:
            return
        clipped = element.node.operands[0][1] if element.node.operands else NONE
        if not isinstance(clipped, Data) or clipped.node.gradient_of is None:
            return
    expect_use(machine, value, at, Misuse.CLIPPED_UNUSED)
    note_name(machine, value, name)


def note_read(machine: Machine, value: Value | None) -> None:
    """Note that a name was read: what its statement gives in other turns is read there too."""
    result = machine.unread.pop(id(value), None)
    if result is not None:
        machine.read_from.add(result.place)


def note_attribute(machine: Machine, owner: Value, value: Value, name: str) -> None:
    """Note an optimizer that an object of a class without foreign bases was given."""
    result = machine.results.pop(id(value), None)
    if result is None or result.what is not Misuse.UNAPPLIED or not isinstance(owner, Instance):
        return
    if is_own(owner.cls):
        machine.unread[id(value)] = replace(result, label=name, is_attribute=True)


def is_own(cls: Value) -> bool:
    """Whether all that a class inherits is of the project, or takes no steps."""
    if isinstance(cls, External):
        return cls.name in STEPLESS_BASES
    return isinstance(cls, ClassValue) and all(is_own(base) for base in cls.bases)


def observe_unread(machine: Machine) -> None:
    """Report, at the end of the program, what was never read: where it trains, and that is missed.

    Of an optimizer that takes no step, the gradients meant for it are to blame. A program that looks
    which gradients are None need not take one.
    """
    found = [r for r in machine.unread.values() if not may_be_read(machine, r)]
    machine.unread.clear()
    is_training = machine.has_optimizer or machine.applies
    unused = [r for r in found if r.what is Misuse.UNUSED and is_training]
    clipped = [r for r in found if r.what is Misuse.CLIPPED_UNUSED]
    # for: gradients, _ = tf.clip_by_global_norm(gradients, 1.0), where no raw ones are left
    alone = [r for r in clipped if is_from_itself(r)]
    unused.extend(replace(r, what=Misuse.UNUSED) for r in alone if is_training)
    clipped = [r for r in clipped if machine.applies and r not in alone]
    for result in (*unused, *clipped):
        machine.observe(UpdateMisused(result.place, result.what, (result.label,)))
    idle = [r for r in found if r.what is Misuse.UNAPPLIED]
    is_handed_on = any(node.gradient_of is not None for node in machine.state.escaped)
    is_wanted = machine.applies or machine.asks_for_none or is_handed_on
    if idle and machine.last_asked and not (unused or is_wanted):
        labels = (idle[0].label,)
        machine.observe(UpdateMisused(machine.last_asked, Misuse.UNAPPLIED, labels))


def may_be_read(machine: Machine, result: Result) -> bool:
    """Whether code that did not run in this call, or at all, reads the name."""
    if result.place in machine.read_from:
        return True
    if result.is_attribute:
        text = result.place.file_text()
        return machine.skips_code or bool(read_attribute(result.label).search(text))
    if not result.source:
        return machine.skips_code
    # for: if training: optimizer.apply_gradients(zip(gradients, weights))
    tree = parsed(result.source)
    if tree is None:
        return True
    if not is_loaded(tree, result.label):
        return False
    inner = (n for n in ast.walk(tree) if isinstance(n, (*FUNCTIONS, ast.ClassDef)))
    if any(is_loaded(n, result.label) for n in inner if n is not tree.body[0]):
        # A function that was defined before may run after.
        return True
    return not is_dead(result.place, result.label)


def is_from_itself(result: Result) -> bool:
    """Whether a value was computed from what its name held, which nothing holds any more."""
    tree = parsed(result.place.text())
    return tree is not None and is_loaded(tree, result.label)


def parsed(text: str) -> ast.Module | None:
    """Return the tree of a piece of code."""
    try:
        return ast.parse(textwrap.dedent(text))
    except SyntaxError:
        return None


def is_loaded(tree: ast.AST, name: str) -> bool:
    """Whether code reads a name."""
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return any(n.id == name and isinstance(n.ctx, ast.Load) for n in names)


def read_attribute(name: str) -> re.Pattern[str]:
    """Return what an attribute may be read by: itself, its name in quotes, or all of an object's."""
    word = re.escape(name)
    return re.compile(
        rf"\.\s*{word}\b(?!\s*(:[^=\n]*)?=[^=])|[\"']{word}[\"']|\bvars\(|\b__dict__\b|\bgetattr\("
    )
