"""What the interpreter saw: facts about tapes and gradients, without an opinion.

Checks turn observations into findings, or decline. A place is where the user's eye should go.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tapelint.analysis.graph import Edge, Effect, Node, Rebinding
from tapelint.analysis.ir import Place


class Cause(Enum):
    """Why a source gets no gradient, in the catalogue's words."""

    UNWATCHED = "not watched"
    NOT_TRAINABLE = "not trainable"
    BLOCKED_DTYPE = "integer source"
    LATE_WATCH = "watched too late"
    NOT_AUTO_WATCHED = "not watched automatically"
    REBOUND = "rebound"
    EQUAL = "equal but different tensor"
    UNCONNECTED = "never used"
    CUT = "cut"
    OUTSIDE = "computed outside the tape"
    PAUSED = "not recorded"
    RESET = "forgotten by reset"
    HIGHER_ORDER = "inner gradient outside the outer tape"
    WRONG_TAPE = "another tape"
    NEVER_ENTERED = "tape never entered"


@dataclass(frozen=True, slots=True, eq=False)
class Break:
    """One thing that is wrong on the way from source to target. `node` is the value it made."""

    cause: Cause
    node: Node
    edge: Edge | None = None
    rebinding: Rebinding | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    """One source without a gradient: the breaks, and the way, both from source to target."""

    label: str
    source: Node
    breaks: tuple[Break, ...]
    way: tuple[Node, ...]
    likely: bool = False
    # What a known condition leaves out would have led to it.
    left_out: bool = False

    @property
    def is_zero(self) -> bool:
        """Whether zeros come out, and not None."""
        return all(b.edge is not None and b.edge.effect is Effect.ZEROS for b in self.breaks)


class Traced(Enum):
    """How Keras runs the training step that it makes of a model."""

    GRAPH = "graph"
    EAGER = "eager"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class GradientAsked:
    """`tape.gradient(target, sources)` (or a Jacobian) ran; `lost` are the sources that get None.

    Keras asks by itself in `fit` and its kin: `place` is that call, `method` its name, the target
    the loss, and `traced` says how it runs (None: the program asks a tape of its own).
    """

    place: Place
    method: str
    tape: Place
    target: Node | None
    target_label: str
    asked: int
    lost: tuple[Lost, ...]
    stack: tuple[Place, ...] = ()
    # Where the record began that the tape answers from: the call of `reset`, else where the tape
    # was made.
    began: Place | None = None
    # All sources that were asked for, in order.
    sources: tuple[Node, ...] = ()
    traced: Traced | None = None
    # Answers in which several components of the target are added up for several of the source.
    summed: tuple[Node, ...] = ()

    @property
    def is_training(self) -> bool:
        """Whether Keras asks, and not the program."""
        return self.traced is not None


@dataclass(frozen=True, slots=True, eq=False)
class TapeExhausted:
    """A tape that is not persistent was asked again."""

    place: Place
    method: str
    first: Place
    tape: Place
    is_same_call: bool


@dataclass(frozen=True, slots=True, eq=False)
class TapeMisused:
    """A tape was used where TensorFlow raises or answers nonsense; `what` says how."""

    place: Place
    what: str
    tape: Place | None


@dataclass(frozen=True, slots=True, eq=False)
class VariableAugmented:
    """`v += d` on a `tf.Variable`: TensorFlow raises."""

    place: Place
    label: str
    op: str
    variable: Node


class Singularity(Enum):
    """What makes a gradient NaN, in the catalogue's terms."""

    LOG_OF_EXP = "log of exp"
    WHERE = "guarded by where"
    # The same of a root, whose gradient XLA computes without looking at what comes in.
    COMPILED = "guarded by where, under XLA"
    SQRT = "sqrt at zero"
    NORM = "norm at zero"
    DIVISION = "division by zero"
    LOG = "log at zero"
    LOG_OF_SOFTMAX = "log of softmax"
    POWER = "power at zero"
    ARC = "inverse trigonometry at its bound"
    SOFTMAX = "softmax of nothing"


@dataclass(frozen=True, slots=True, eq=False)
class NanReachable:
    """An operation between target and sources gives NaN at numbers that it may well meet."""

    place: Place
    what: Singularity
    node: Node
    sources: tuple[Node, ...]


class Misuse(Enum):
    """What is done wrongly with gradients once they are there."""

    SWAPPED = "variables where gradients belong"
    MISMATCHED = "gradients of other variables"
    UNZIPPED = "gradients without variables"
    ONE_PAIR = "one pair instead of a list of pairs"
    COLUMNS = "two lists in one instead of a list of pairs"
    EXHAUSTED = "a zip that was walked through before"
    NONE_USED = "a gradient that is None"
    NONE_FILTERED = "a gradient that is None is left out by a test for it"
    SPARSE_USED = "a gradient that is an IndexedSlices"
    UNSCALED = "gradients of a loss that was not scaled"
    UNUSED = "never used"
    UNAPPLIED = "an optimizer that never takes a step"
    CLIPPED_UNUSED = "clipped copies never used"
    UPDATE_LOST = "an updated value that no variable gets"


@dataclass(frozen=True, slots=True, eq=False)
class UpdateMisused:
    """Gradients were paired, applied or computed with in a way that raises or trains wrongly.

    `labels` name the variables or gradients, `asked` is where the gradients were asked for.
    """

    place: Place
    what: Misuse
    labels: tuple[str, ...] = ()
    op: str = ""
    asked: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RequestMisused:
    """A request that raises or answers something else than was meant; `what` says how.

    "symbolic source", "symbolic watch", "watched keras variable", "frozen sources", "unbuilt sources",
    "frozen model" and "unfrozen after a step" (`label` is the method that trains it, `tape` the first
    step), "inside own tape", "untracked variable", "layer made in call" (both at where it is made,
    `tape` is where the gradients were asked for, `label` the attribute or the class), "jacobian of a
    list", "batch jacobian of a vector", "batch jacobian of two batches", "batch jacobian of other
    rows", "asked once", "kept in a loop" (at where the tape is made, `tape` is the last request),
    "advantage differentiated" (at the product, `tape` is the request).
    """

    place: Place
    what: str
    label: str = ""
    tape: Place | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CustomGradientMisused:
    """A function with `tf.custom_gradient` that raises, or gives a wrong gradient.

    `what` is "arity" (`detail`: "given wanted"), "variables" (`detail`: the variable), "none",
    "upstream" or "keywords"; `name` is the function's, `called` where TensorFlow calls it.
    """

    place: Place
    what: str
    name: str
    detail: str = ""
    called: Place | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Outdated:
    """Code of an older TensorFlow or Keras ran, which raises since.

    `what` is "graph gradients", "method", "argument", "attribute" or "setting" (which does nothing
    and raises not); `name` is what is gone, or what only works in graphs.
    """

    place: Place
    what: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One operand, with its shape: None for a number of elements that is not known."""

    node: Node
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LossBroadcast:
    """A row meets a column in a loss, and every number of the one every number of the other."""

    place: Place
    asked: Place
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True, eq=False)
class IdleTerm:
    """A term of a loss was computed from the sources outside TensorFlow: `node`, by its `edge`."""

    place: Place
    asked: Place
    node: Node
    edge: Edge


@dataclass(frozen=True, slots=True, eq=False)
class NoneQuestioned:
    """The program asks whether the gradients of one request, the one at `place`, are None."""

    place: Place


Observation = (
    GradientAsked
    | NoneQuestioned
    | TapeExhausted
    | TapeMisused
    | VariableAugmented
    | NanReachable
    | UpdateMisused
    | IdleTerm
    | RequestMisused
    | CustomGradientMisused
    | Outdated
    | LossBroadcast
)
