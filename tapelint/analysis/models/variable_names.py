"""Names of `tf.Variable`s, known where nothing but the call that makes one decides about its name.

Facts of TensorFlow 2.21: in eager code and outside every name scope, `tf.Variable(x, name="w")` is
called "w:0", one without a name "Variable:0", and two may have the same name. Keras opens a scope
where it builds a layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.models.eras import GRAPH_WORDS, is_eager, speaks_of
from tapelint.analysis.values import Arguments, Const, Instance, VariableValue

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

UNNAMED = "Variable"
# A context that is not known counts as a scope; these are decorators, or entered by other means.
SCOPE_WORDS = ("with_name_scope", "name_scope", "variable_scope", *GRAPH_WORDS)


def note(machine: Interpreter, variable: VariableValue, args: Arguments) -> None:
    """Note the name of a variable that is made."""
    match args.get(4, "name"):
        case None if not args.is_open:
            name = UNNAMED
        case Const(value=None):
            name = UNNAMED
        case Const(value=str() as name):
            pass
        case _:
            return
    if not is_eager(machine) or in_library_object(machine):
        return
    if not speaks_of(machine, SCOPE_WORDS, args.place):
        machine.variable_names[variable.identity] = f"{name}:0"


def in_library_object(machine: Interpreter) -> bool:
    """Whether a method runs of an object whose class, but for `tf.Module`, may open a scope."""
    for frame in machine.frames:
        if isinstance(frame.receiver, Instance):
            cls = frame.receiver.cls
            if machine.has_unknown_base(cls) or machine.library_base(cls) not in (
                None,
                "tf.Module",
            ):
                return True
    return False
