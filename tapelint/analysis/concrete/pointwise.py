"""What becomes of one element that is at some number: a run on scalars, where shapes play no part.

Whatever only moves, sums or averages elements passes a number on as it is; what is not worked out
gives some number that is not known and not zero.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tapelint.analysis.concrete import elementwise as each
from tapelint.analysis.concrete import numbers
from tapelint.analysis.concrete.arrays import Unsupported
from tapelint.analysis.concrete.evaluator import Call, Evaluator, Operation, short
from tapelint.analysis.concrete.numbers import Number
from tapelint.analysis.concrete.operations import (
    BINARY,
    KERNELS,
    OPERATIONS,
    UNARY,
    absolute_errors,
    squared_errors,
)
from tapelint.analysis.concrete.search import Culprit, backward
from tapelint.analysis.concrete.tensors import Numbers, Tensor, constant
from tapelint.analysis.graph import Effect, Node, past
from tapelint.analysis.state import Contents
from tapelint.analysis.values import Box, Const, Data, Tuple, Value, VariableValue

# A neighbourhood that is larger is left alone.
MOST_FOLLOWED = 60

LINEAR = frozenset("@ matmul matvec tensordot einsum dot join".split())
PASSES_ON = frozenset(
    "reshape transpose expand_dims squeeze gather gather_nd [] element identity convert_to_tensor "
    "concat stack tile reverse broadcast_to boolean_mask unstack split repeat cast flatten "
    "ensure_shape reduce_sum reduce_mean reduce_max sum mean max add_n cumsum concatenate "
    "diag_part embedding_lookup ravel take value read_value Flatten Reshape".split()
)
DIFFERENCES = frozenset({"-", "subtract", "squared_difference"})
REDUCTIONS = frozenset("reduce_sum reduce_mean reduce_max sum mean max".split())


def norm(call: Call) -> Tensor:
    x = call.known(0)
    return each.square_root(each.times(x, x), call.node.is_compiled)


def unit(call: Call) -> Tensor:
    x = call.known(0)
    return each.times(x, each.inverse_root(each.maximum(each.square(x), constant(1e-12))))


# Operations that do with one number what they do with many.
SAME_FOR_ONE = ("where", "clip_by_value", "clip", "stop_gradient", "zeros_like", "ones_like")

SCALARS: dict[str, Operation] = {
    **{name: OPERATIONS[name] for name in (*UNARY, *KERNELS, *BINARY, *SAME_FOR_ONE)},
    **dict.fromkeys(("norm", "euclidean_norm"), norm),
    "l2_normalize": unit,
    **dict.fromkeys(("MSE", "mse", "mean_squared_error"), squared_errors),
    **dict.fromkeys(("MAE", "mae", "mean_absolute_error"), absolute_errors),
    # One of two classes, where the other one stays.
    "softmax": lambda call: each.sigmoid(call.known(0)),
}


class Pointwise(Evaluator):
    """Runs the operations that follow from one node, with a number in its place.

    `later`: those operations, in the order of the run; `assumed`: numbers of other nodes.
    """

    def __init__(
        self,
        contents: Callable[[Box], Contents],
        at: Node,
        number: Number,
        later: Sequence[Node],
        assumed: Mapping[Node, Number],
    ) -> None:
        super().__init__(contents, SCALARS)
        self.later = {at, *later}
        self.assumed = assumed
        # What conditions and factors off the path may be made from.
        self.known = {at, *assumed}
        start = constant(number)
        start.node = at
        self.tensors[at] = start
        for node in later:
            self.of_node(node)

    def of_value(self, value: Value, user: Node | None = None) -> Tensor:
        """Return an operand as one number."""
        match value:
            case Const():
                return super().of_value(value, user)
            case Data(node=node) | VariableValue(node=node):
                return self.of_node(node)
            case Tuple() | Box():
                return self.of_list(value, user)
            case _:
                return constant(numbers.named("value", id(value)))

    def of_list(self, value: Tuple | Box, user: Node | None) -> Tensor:
        """Return the element of a list that follows from the node: the others go their own way."""
        elements = self.elements(value) or ()
        later = [e for e in elements if isinstance(e, Data) and e.node in self.later]
        if len(later) != 1:
            raise Unsupported
        return self.of_value(later[0], user)

    def of_node(self, node: Node) -> Tensor:
        found = self.tensors.get(node)
        if found is not None:
            return found
        if node in self.assumed:
            made = constant(self.assumed[node])
        elif node in self.later or depends_on(node, self.known):
            made = self.followed(node)
        else:
            made = constant(self.standing(node))
        for part in [made, *(t for t, _ in made.inputs)]:
            part.node = part.node or node
        self.tensors[node] = made
        return made

    def standing(self, node: Node) -> Number:
        """Return a number that has nothing to do with the one in question."""
        if short(node.op) in ("constant", "convert_to_tensor", "Constant") and node.operands:
            value = node.operands[0][1]
            if isinstance(value, Const) and isinstance(value.value, int | float):
                return float(value.value)
        return numbers.named("other", node.number)

    def followed(self, node: Node) -> Tensor:
        try:
            if short(node.op) in DIFFERENCES and is_centred(node):
                # for: x - reduce_mean(x), where the mean is of other elements as well
                raise Unsupported
            return super().computed(node, None)
        except Unsupported:
            unknown = constant(numbers.named("made", node.number))
            parents = [self.of_node(e.parent) for e in node.edges if e.parent in self.later]
            return self.opaque(parents, unknown)

    def operation(self, name: str) -> Operation | None:
        if name in PASSES_ON:
            return lambda call: call.tensor(0)
        return super().operation(name)


def is_centred(difference: Node) -> bool:
    """Whether one side is made from the other by a reduction: `x - reduce_mean(x)`."""
    a, b = (v.node if isinstance(v, Data | VariableValue) else None
            for _, v in difference.operands[:2])  # fmt: skip
    if a is None or b is None:
        return False
    later, earlier = (a, b) if a.number > b.number else (b, a)
    between = [n for n in past([later]) if n.number > earlier.number and short(n.op) in REDUCTIONS]
    return any(earlier in past([n]) for n in between)


def depends_on(node: Node, known: Collection[Node]) -> bool:
    """Whether a node is made, in a few steps, from one whose number is known."""
    waiting, depth = [node], 0
    while waiting and depth < 6:
        if any(n in known for n in waiting):
            return True
        waiting = [e.parent for n in waiting for e in n.edges][:20]
        depth += 1
    return False


def culprit_at(
    contents: Callable[[Box], Contents],
    at: Node,
    number: Number,
    neighbourhood: Neighbourhood,
    assumed: Mapping[Node, Number] | None = None,
) -> Culprit | None:
    """Return what makes the gradient of a node NaN where it is `number`; None where nothing does."""
    later = neighbourhood.later
    pointwise = Pointwise(contents, at, number, later, assumed or {})
    starts: dict[Tensor, Numbers | None] = {}
    for node in neighbourhood.outputs:
        tensor = pointwise.tensors[node]
        starts[tensor] = [numbers.named("upstream", node.number)] * len(tensor.numbers)
    found = backward(starts, frozenset((at, *later))).get(pointwise.tensors[at])
    if found is None or found.numbers is None or not any(map(numbers.is_nan, found.numbers)):
        return None
    return found.culprit


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """What follows from a node, as far as it is worked out on scalars; `outputs` leave it."""

    later: tuple[Node, ...]
    outputs: tuple[Node, ...]
    # Nothing that leaves it goes into code of which nobody knows what it gives back for a zero.
    is_clear: bool


class Followers:
    """Knows what follows from what on a path from the targets to the sources."""

    def __init__(self, path: Iterable[Node], targets: Iterable[Node]) -> None:
        self.nodes = frozenset(path)
        self.targets = frozenset(targets)
        self.children: dict[Node, list[Node]] = {}
        self.known: dict[Node, Neighbourhood | None] = {}
        for node in sorted(self.nodes, key=lambda n: n.number):
            for parent in {edge.parent for edge in node.edges if edge.effect is Effect.FLOWS}:
                self.children.setdefault(parent, []).append(node)

    def around(self, at: Node) -> Neighbourhood | None:
        """Return what follows from a node; None where that is too much to tell."""
        if at not in self.known:
            self.known[at] = self.found_around(at)
        return self.known[at]

    def found_around(self, at: Node) -> Neighbourhood | None:
        later: set[Node] = set()
        outputs: set[Node] = set()
        is_clear = True
        waiting = [at]
        while waiting:
            node = waiting.pop()
            children = self.children.get(node, ())
            following = [n for n in children if is_followed(n)]
            if node in self.targets or len(following) < len(children):
                outputs.add(node)
            is_clear &= all(is_followed(n) or is_linear(n) for n in children)
            waiting += [n for n in following if n not in later]
            later.update(following)
            if len(later) > MOST_FOLLOWED:
                return None
        by_number = sorted(later, key=lambda n: n.number)
        return Neighbourhood(tuple(by_number), tuple(outputs - {at}), is_clear)


def is_linear(node: Node) -> bool:
    """Whether an operation hands back something other than zero, whatever it was given."""
    return node.op.startswith("keras.layers.") or short(node.op) in LINEAR


def is_followed(node: Node) -> bool:
    """Whether an operation is worked out on scalars."""
    name = short(node.op)
    return name in SCALARS or name in PASSES_ON
