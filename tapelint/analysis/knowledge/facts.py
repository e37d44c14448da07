"""What is known of one callable: what each argument's gradient meets, what the result is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from tapelint.model import Belief


class Effect(Enum):
    """What a tape gives for one argument of a call, with one output as its target."""

    FLOWS = "flows"
    NONE = "none"
    ZEROS = "zeros"
    RAISES = "raises"


class ResultKind(Enum):
    """What a call returns, as far as a tape is concerned."""

    TENSOR = "tensor"
    # A SparseTensor, RaggedTensor or IndexedSlices: a gradient runs through its values.
    COMPOSITE = "composite"
    VARIABLE = "variable"
    NUMBER = "number"
    ARRAY = "array"
    STRING = "string"
    NONE = "nothing"
    # Any number of elements, all alike (`tf.split`): one `Output` describes each of them.
    LIST = "list"
    # A fixed number of outputs (`tf.nn.moments`), named where the result names them.
    STRUCTURE = "structure"
    OBJECT = "object"


class DTypeClass(Enum):
    """The dtype of an output, relative to the argument that decides it."""

    SAME = "same"
    # As the argument, but the real part's dtype for a complex one (`tf.abs`).
    REAL = "real"
    FLOAT = "float"
    INT = "int"
    BOOL = "bool"
    STRING = "string"
    COMPLEX = "complex"


_NOTHING: Mapping[str, Effect] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a call; `effects` lists the arguments that do not have the default effect."""

    name: str = ""
    kind: ResultKind = ResultKind.TENSOR
    dtype: DTypeClass = DTypeClass.SAME
    effects: Mapping[str, Effect] = field(default_factory=lambda: _NOTHING)
    default: Effect = Effect.FLOWS


_FLOWING = (Output(),)


@dataclass(frozen=True, slots=True)
class Facts:
    """What was measured of one callable.

    `parameters` are in positional order and empty where every argument simply flows; a leading `*`
    marks the one that takes all remaining positions. Methods begin with `self`.
    """

    name: str
    parameters: tuple[str, ...] = ()
    result: ResultKind = ResultKind.TENSOR
    # Exactly one, unless `result` is a structure.
    outputs: tuple[Output, ...] = _FLOWING
    # Arguments of which only shape or dtype is used (`tf.shape`): nothing is lost by them.
    value_free: frozenset[str] = frozenset()
    # The argument `DTypeClass.SAME` refers to; empty: the first one that is a tensor.
    dtype_from: str = ""
    # The parameter that states the output's dtype, if given: `dtype` of `tf.cast`.
    dtype_argument: str = ""
    # Arguments that lose their gradient only as real numbers (`tf.sign`, `tf.math.imag`).
    flows_if_complex: frozenset[str] = frozenset()
    # The exception of `Effect.RAISES`, raised when the gradient is asked for.
    exception: str = "LookupError"

    def output(self, which: int | str | None = None) -> Output:
        """Return one output, by position or field name; the first where there is no such."""
        match which:
            case int() if -len(self.outputs) <= which < len(self.outputs):
                return self.outputs[which]
            case str():
                for output in self.outputs:
                    if output.name == which:
                        return output
        return self.outputs[0]

    def parameter(self, position: int) -> str:
        """Return the name of the parameter a positional argument lands in, or an empty string."""
        if position < len(self.parameters):
            return self.parameters[position].lstrip("*")
        if self.parameters and self.parameters[-1].startswith("*"):
            return self.parameters[-1][1:]
        return ""

    def effect(self, argument: int | str, output: int | str | None = None) -> Effect:
        """Return what the gradient of an output meets on its way to an argument."""
        name = argument if isinstance(argument, str) else self.parameter(argument)
        found = self.output(output)
        return found.effects.get(name, found.default)

    def is_value_free(self, argument: int | str) -> bool:
        """Tell whether the argument's value has no influence on the result."""
        name = argument if isinstance(argument, str) else self.parameter(argument)
        return name in self.value_free

    @property
    def dtype(self) -> DTypeClass:
        """The dtype of the first output."""
        return self.outputs[0].dtype

    @property
    def is_plain(self) -> bool:
        """Whether every argument flows into one tensor of its own dtype."""
        return self.result is ResultKind.TENSOR and self.outputs == _FLOWING


_BELIEFS = {
    Belief.FLOWS: Effect.FLOWS,
    Belief.BLOCKED: Effect.NONE,
    Belief.ZEROS: Effect.ZEROS,
}


def declared(name: str, belief: Belief) -> Facts:
    """Make facts out of what a user says of a callable: it holds for all its arguments."""
    return Facts(name, outputs=(Output(default=_BELIEFS[belief]),))
