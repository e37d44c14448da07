"""From the nodes of a run to tensors: each node's numbers, worked out once, when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tapelint.analysis.concrete import numbers
from tapelint.analysis.concrete.arrays import Shape, Unsupported, size
from tapelint.analysis.concrete.numbers import Number
from tapelint.analysis.concrete.tensors import MOST_NUMBERS, Tensor, constant, detached, stacked
from tapelint.analysis.graph import Effect, Kind, Node, is_written_into, past, read_of
from tapelint.analysis.state import Contents
from tapelint.analysis.values import Box, Const, Data, Tuple, Union, Value, VariableValue

# What a run may cost: numbers made, nodes of one request.
BUDGET = 200_000
MOST_NODES = 2_000
MOST_ELEMENTS = 512

# What an assignment makes of the number before and the one given.
ASSIGNMENTS: dict[str, Callable[[Number, Number], Number]] = {
    ".assign": lambda before, given: given,
    ".assign_add": numbers.add,
    ".assign_sub": numbers.subtract,
}

Operation = Callable[["Call"], Tensor]


class Call:
    """One operation with what it was given."""

    def __init__(
        self, evaluator: Evaluator, node: Node, shape: Shape | None, held: Tensor | None = None
    ) -> None:
        self.evaluator = evaluator
        self.node = node
        self.name = node.op
        # The static shape of the result, where the analysis knows it.
        self.shape = shape
        # Of a write into an array: what that held before.
        self.held = held

    def given(self, index: int, *names: str) -> Value | None:
        """Return an argument by one of its names, or by its place where it has none."""
        operands = self.node.operands
        for name, value in operands:
            if name and name in names:
                return value
        if index < len(operands):
            name, value = operands[index]
            if not name or index == 0:
                return value
        return None

    def tensor(self, index: int, *names: str) -> Tensor:
        """Return an argument as a tensor; raises `Unsupported` for one that is not given."""
        value = self.given(index, *names)
        if value is None:
            raise Unsupported
        return self.evaluator.of_value(value, self.node)

    def known(self, index: int, *names: str) -> Tensor:
        """Return an argument whose shape is known."""
        tensor = self.tensor(index, *names)
        if not tensor.is_known:
            raise Unsupported
        return tensor

    def option(self, index: int, *names: str, default: Any = None) -> Any:
        """Return an argument that says how: a number, a word, a tuple of integers."""
        value = self.given(index, *names)
        if value is None:
            return default
        return self.evaluator.python(value, self.node)

    def integers(self, index: int, *names: str) -> Shape | None:
        """Return an argument that is an integer or a list of them as a tuple."""
        found = self.option(index, *names)
        if found is None:
            return None
        parts = found if isinstance(found, tuple) else (found,)
        if not all(isinstance(p, int | float) and float(p).is_integer() for p in parts):
            raise Unsupported
        return tuple(int(p) for p in parts)

    def axis(self, index: int = 1) -> int | Shape | None:
        found = self.integers(index, "axis", "axes", "dim")
        return None if found is None else found if len(found) != 1 else found[0]

    def keeps(self, index: int = 2) -> bool:
        return bool(self.option(index, "keepdims", "keep_dims", default=False))


class Evaluator:
    """Works nodes out on demand and remembers them; `contents` opens containers."""

    def __init__(
        self, contents: Callable[[Box], Contents], operations: dict[str, Operation]
    ) -> None:
        self.contents = contents
        self.operations = operations
        self.tensors: dict[Node, Tensor] = {}
        # Static shapes, which belong to the values and not to their nodes.
        self.shapes: dict[Node, Shape] = {}
        # What arrays were made with, before anything was written into them.
        self.starts: dict[Node, Tensor] = {}
        self.spent = 0

    def run(self, targets: Sequence[Node]) -> bool:
        """Work out all that the targets were made from; False where that is too much."""
        needed = past(targets)
        if len(needed) > MOST_NODES:
            return False
        # A parent is always made before its child: nothing is worked out deep in a recursion.
        order = sorted((n for n in needed if n not in self.tensors), key=lambda n: n.number)
        for node in order:
            for _, value in node.operands:
                self.note_shapes(value, 0)
        for node in order:
            if self.spent > BUDGET:
                return False
            self.of_node(node)
        return True

    def note_shapes(self, value: Value, depth: int) -> None:
        """Remember the static shapes of what an operation was given."""
        if isinstance(value, Data | VariableValue) and value.shape is not None:
            if all(n is not None for n in value.shape):
                self.shapes[value.node] = tuple(n for n in value.shape if n is not None)
        elif isinstance(value, Tuple | Box) and depth < 3:
            for element in self.elements(value) or ():
                self.note_shapes(element, depth + 1)

    # ------------------------------------------------------------------ values

    def of_value(self, value: Value, user: Node | None = None) -> Tensor:
        """Return an operand as a tensor; `user` is the node whose operand it is."""
        match value:
            case Const(value=bool() | int() | float() as number):
                return constant(float(number))
            case Data(node=node):
                if user is not None and node.number >= user.number:
                    # for: a list that has grown since it was used
                    raise Unsupported
                return self.of_array(node, user)
            case VariableValue():
                return self.of_node(read_of(value.node, user))
            case Tuple() | Box():
                elements = self.elements(value)
                if not elements:
                    return Tensor((0,), []) if elements is not None else Tensor(None, [])
                return stacked([self.of_value(e, user) for e in elements])
            case Union(options=options):
                return self.opaque([self.of_value(o, user) for o in options])
            case _:
                return Tensor(None, [])

    def elements(self, value: Tuple | Box) -> Sequence[Value] | None:
        """Return the elements of a sequence that is known to the last."""
        if isinstance(value, Tuple):
            return value.elements
        contents = self.contents(value)
        if contents.rest is not None or contents.keys is not None:
            return None
        return contents.values if len(contents.values) <= MOST_ELEMENTS else None

    def python(self, value: Value, user: Node) -> Any:
        """Return a value as a Python number, word or tuple; raises `Unsupported` otherwise."""
        match value:
            case Const():
                return value.value
            case Tuple() | Box():
                elements = self.elements(value)
                if elements is None:
                    raise Unsupported
                return tuple(self.python(e, user) for e in elements)
            case Data() | VariableValue():
                tensor = self.of_value(value, user)
                if tensor.shape is None or not all(isinstance(n, float) for n in tensor.numbers):
                    raise Unsupported
                return tensor.numbers[0] if tensor.shape == () else tuple(tensor.numbers)
            case _:
                raise Unsupported

    # ------------------------------------------------------------------ nodes

    def of_node(self, node: Node) -> Tensor:
        """Return what a node computes."""
        found = self.tensors.get(node)
        if found is not None:
            return found
        shape = self.shapes.get(node)
        try:
            made = self.computed(node, shape)
            if is_written_into(node):
                made = self.unknown(node, made.shape)
        except Unsupported:
            made = self.unknown(node, shape)
        self.spent += len(made.numbers) + 1
        for part in fresh_parts(made):
            part.node = node
            self.spent += len(part.numbers)
        self.tensors[node] = made
        return made

    def of_array(self, node: Node, user: Node | None) -> Tensor:
        """Return what an array holds when it is used: what was written into it until then."""
        writes = [e.parent for e in node.edges if e.parent.number > node.number]
        if user is None or not writes:
            return self.of_node(node)
        # Another write, or one that may not have happened, is no `[]=` of known operands.
        if "[]=" not in self.operations or any(w.op != "[]=" or not w.operands for w in writes):
            return self.of_node(node)
        try:
            held = self.starts.get(node)
            if held is None:
                held = self.starts[node] = self.computed(node, self.shapes.get(node))
            for write in writes:
                if write.number < user.number:
                    held = self.operations["[]="](Call(self, write, held.shape, held))
        except Unsupported:
            return self.of_node(node)
        return Tensor(held.shape, held.numbers, node=node)

    def computed(self, node: Node, shape: Shape | None) -> Tensor:
        if node.kind is Kind.VARIABLE:
            if not node.operands:
                # A way back ends here: nothing comes from elsewhere.
                return unknown_numbers(node, shape)
            # A variable is a source: what it starts with is where the way back ends.
            return detached(self.of_value(node.operands[0][1], node))
        if node.kind is Kind.JOIN:
            return self.joined(node)
        operation = self.operation(short(node.op))
        if operation is None:
            raise Unsupported
        return operation(Call(self, node, shape))

    def operation(self, name: str) -> Operation | None:
        """Return how an operation is worked out, by its short name."""
        return self.operations.get(name)

    def joined(self, node: Node) -> Tensor:
        """Return what several ways lead to: known where all of them give the same."""
        if node.op == "tf.Variable":
            return self.of_node(node.edges[0].parent)
        parts = [self.of_node(edge.parent) for edge in node.edges if edge.effect is Effect.FLOWS]
        first, last = parts[0], parts[-1]
        if first.shape is None or any(p.shape != first.shape for p in parts):
            raise Unsupported
        if node.op == "join":
            found = self.common(node, parts)
            return self.opaque(parts, Tensor(first.shape, found))
        # What is read is the variable, whatever it was given.
        return Tensor(first.shape, self.assigned(node, last), ((first, lambda g: g),), "assign")

    def common(self, node: Node, parts: Sequence[Tensor]) -> list[Number]:
        """Return the numbers on which all ways agree."""
        together = zip(*(p.numbers for p in parts), strict=True)
        return [
            numbers.named(node.number, i) if len(set(options)) > 1 else options[0]
            for i, options in enumerate(together)
        ]

    def assigned(self, node: Node, before: Tensor) -> list[Number]:
        """Return the numbers of a variable after an assignment."""
        if node.op in ASSIGNMENTS and node.operands:
            value = self.of_value(node.operands[0][1], node)
            if value.shape == before.shape:
                pairs = zip(before.numbers, value.numbers, strict=True)
                return [ASSIGNMENTS[node.op](*pair) for pair in pairs]
        # for: optimizer.apply_gradients(...); nothing is known of what was added.
        return [numbers.named(node.number, i) for i in range(len(before.numbers))]

    def unknown(self, node: Node, shape: Shape | None) -> Tensor:
        """Return the result of an operation that is not worked out, with a way back to all."""
        inputs = [
            self.of_node(e.parent)
            for e in node.edges
            if e.effect is Effect.FLOWS and e.parent.number < node.number
        ]
        return self.opaque(inputs, unknown_numbers(node, shape))

    def parents(self, node: Node, argument: str) -> list[Tensor]:
        """Return what came in by an argument of an operation, however much it was."""
        return [self.of_node(e.parent) for e in node.edges if e.argument == argument]

    def opaque(self, inputs: Iterable[Tensor], like: Tensor | None = None) -> Tensor:
        """Return a tensor from which something comes back to each input, but not known what."""
        like = like or Tensor(None, [])
        return Tensor(like.shape, like.numbers, tuple((t, None) for t in inputs), "opaque")


def unknown_numbers(node: Node, shape: Shape | None) -> Tensor:
    """Return numbers that are known by the name of their node alone."""
    if shape is None or size(shape) > MOST_NUMBERS:
        return Tensor(None, [])
    return Tensor(shape, [numbers.named(node.number, i) for i in range(size(shape))])


def short(op: str) -> str:
    """Return the last part of an operation's name: `sqrt` of `tf.math.sqrt`."""
    return op if op.startswith("[") or op in ("**", "*") else op.rpartition(".")[2] or op


def fresh_parts(tensor: Tensor) -> Iterable[Tensor]:
    """Yield the tensors that were made on the way to one and belong to no node yet."""
    waiting = [tensor]
    while waiting:
        part = waiting.pop()
        if part.node is None:
            yield part
            waiting.extend(t for t, _ in part.inputs if t.node is None)
