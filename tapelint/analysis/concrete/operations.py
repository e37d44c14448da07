"""Operations of TensorFlow, Keras and NumPy by the last part of their names."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

from tapelint.analysis.concrete import elementwise as each
from tapelint.analysis.concrete import numbers, reductions
from tapelint.analysis.concrete.arrays import Unsupported
from tapelint.analysis.concrete.evaluator import Call, Operation
from tapelint.analysis.concrete.moving import MOVING, picked_last, whole_numbers
from tapelint.analysis.concrete.numbers import Number
from tapelint.analysis.concrete.tensors import (
    Tensor,
    constant,
    detached,
    made,
    select,
    together,
    total,
)
from tapelint.analysis.concrete.written import WRITTEN

UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    **dict.fromkeys(("log",), each.logged),
    **dict.fromkeys(("exp",), each.exponential),
    **dict.fromkeys(("square",), each.square),
    **dict.fromkeys(("-x", "negative"), each.negated),
    **dict.fromkeys(("sigmoid", "expit"), each.sigmoid),
    **dict.fromkeys(("silu", "swish"), each.swish),
    **{name: each.sloped(name) for name in each.SLOPED},
    **{name: each.flat(name) for name in each.FLAT},
    **dict.fromkeys(("absolute", "fabs"), each.sloped("abs")),
    **dict.fromkeys(("arccos",), each.sloped("acos")),
    **dict.fromkeys(("arcsin",), each.sloped("asin")),
    **dict.fromkeys(("arctan",), each.sloped("atan")),
    **dict.fromkeys(("arctanh",), each.sloped("atanh")),
    **dict.fromkeys(("arccosh",), each.sloped("acosh")),
    **dict.fromkeys(
        ("log_sigmoid",), lambda x: each.negated(each.sloped("softplus")(each.negated(x)))
    ),
}

# Functions with a kernel of their own for the gradient, which XLA writes in another way.
KERNELS: dict[str, Callable[[Tensor, bool], Tensor]] = {
    "sqrt": each.square_root,
    "rsqrt": each.inverse_root,
    **dict.fromkeys(("reciprocal", "reciprocal_no_nan"), each.inverse),
    **dict.fromkeys(("relu", "ReLU"), each.rectified),
    "relu6": each.rectified_to_six,
}

COMPARED: dict[str, tuple[Callable[[float, float], bool], tuple[str, ...]]] = {
    ">": (operator.gt, ("greater",)),
    ">=": (operator.ge, ("greater_equal",)),
    "<": (operator.lt, ("less",)),
    "<=": (operator.le, ("less_equal",)),
    "==": (operator.eq, ("equal",)),
    "!=": (operator.ne, ("not_equal",)),
    "&": (lambda a, b: bool(a and b), ("logical_and",)),
    "|": (lambda a, b: bool(a or b), ("logical_or",)),
}

BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    **dict.fromkeys(("+", "add"), each.add),
    **dict.fromkeys(("-", "subtract"), each.subtract),
    **dict.fromkeys(("*", "multiply"), each.times),
    **dict.fromkeys(("/", "divide", "truediv", "true_divide"), each.over),
    **dict.fromkeys(("divide_no_nan", "div_no_nan"), each.over_no_nan),
    "multiply_no_nan": each.times_no_nan,
    **dict.fromkeys(("**", "pow", "power"), each.to_the),
    "maximum": each.maximum,
    "minimum": each.minimum,
    "squared_difference": each.squared_difference,
    **dict.fromkeys(("atan2", "arctan2"), each.angle),
    "xlogy": each.times_log,
    **{
        name: each.comparison(test, sign)
        for sign, (test, others) in COMPARED.items()
        for name in (sign, *others)
    },
}


def apply_unary(function: Callable[[Tensor], Tensor]) -> Operation:
    return lambda call: function(call.known(0))


def apply_kernel(function: Callable[[Tensor, bool], Tensor]) -> Operation:
    return lambda call: function(call.known(0), call.node.is_compiled)


def apply_binary(function: Callable[[Tensor, Tensor], Tensor]) -> Operation:
    return lambda call: function(call.known(0, "x", "a", "y"), second(call))


def second(call: Call) -> Tensor:
    """Return the second operand of a binary operation, whatever it is called."""
    operands = [value for name, value in call.node.operands if name != "name"]
    if len(operands) != 2:
        raise Unsupported
    tensor = call.evaluator.of_value(operands[1], call.node)
    if not tensor.is_known:
        raise Unsupported
    return tensor


# ---------------------------------------------------------------------- the ones with options


def reduction(
    function: Callable[[Tensor, int | tuple[int, ...] | None, bool], Tensor],
) -> Operation:
    return lambda call: function(call.known(0), call.axis(), call.keeps())


def truth_of(
    function: Callable[[Tensor, int | tuple[int, ...] | None, bool], Tensor],
) -> Operation:
    """Return a reduction of what is true, which no gradient passes."""
    return lambda call: detached(function(call.known(0), call.axis(), call.keeps()))


def norm(call: Call) -> Tensor:
    order = call.option(1, "ord", default="euclidean")
    if order not in ("euclidean", "fro", 2, None):
        raise Unsupported
    return reductions.norm(call.known(0), call.axis(2), call.keeps(3), call.node.is_compiled)


def normalized(call: Call) -> Tensor:
    """Return `linalg.normalize`: the vectors, or their norms."""
    order = call.option(1, "ord", default="euclidean")
    if order not in ("euclidean", 2):
        raise Unsupported
    x = call.known(0)
    length = reductions.norm(x, call.axis(2), True, call.node.is_compiled)
    return length if call.node.output == 1 else each.over(x, length)


def moments(call: Call) -> Tensor:
    """Return the mean, or the variance around it."""
    function = reductions.variance if call.node.output == 1 else reductions.mean
    return function(call.known(0), call.axis(), call.keeps(3))


def numpy_keeps(call: Call) -> int:
    """Return where `keepdims` stands: NumPy puts `dtype` and `out` before it."""
    return 4 if call.name.startswith("np.") else 2


def spread(call: Call) -> Tensor:
    keeps = call.keeps(numpy_keeps(call))
    return reductions.deviation(call.known(0), call.axis(), keeps, call.node.is_compiled)


def softmax(call: Call) -> Tensor:
    return reductions.softmax(call.known(0), last_axis(call))


def log_softmax(call: Call) -> Tensor:
    return reductions.log_softmax(call.known(0), last_axis(call))


def last_axis(call: Call) -> int | tuple[int, ...]:
    found = call.axis()
    return -1 if found is None else found


def unit(call: Call) -> Tensor:
    axis = call.axis()
    return reductions.unit(call.known(0), axis, float(call.option(2, "epsilon", default=1e-12)))


def clip(call: Call) -> Tensor:
    low = call.known(1, "clip_value_min", "x_min", "a_min", "min")
    high = call.known(2, "clip_value_max", "x_max", "a_max", "max")
    return each.clipped(call.known(0), low, high)


def where(call: Call) -> Tensor:
    x = call.known(1, "x", "x1")
    return select(call.known(0, "condition"), x, call.known(2, "y", "x2"))


def cumsum(call: Call) -> Tensor:
    x = call.known(0)
    axis = call.axis()
    if not isinstance(axis, int | None) or len(call.node.operands) > 2:
        raise Unsupported
    return reductions.cumulative(x, (axis or 0) % max(x.rank, 1))


def product_of_matrices(call: Call) -> Tensor:
    x, y = call.known(0, "a", "x"), call.known(1, "b", "y")
    if call.option(2, "transpose_a", default=False):
        x = reductions.transposed_last(x)
    if call.option(3, "transpose_b", default=False):
        y = reductions.transposed_last(y)
    if call.name.startswith("np.") and x.rank == y.rank == 1:
        return total(each.times(x, y))
    return reductions.matrix_product(x, y)


def matrix_times_vector(call: Call) -> Tensor:
    x, y = call.known(0, "a"), call.known(1, "b")
    if len(call.node.operands) > 2:
        raise Unsupported
    return total(each.times(x, reductions.row(y)), -1)


def tensordot(call: Call) -> Tensor:
    x, y = call.known(0, "a", "x1"), call.known(1, "b", "x2")
    if call.option(2, "axes", default=2) != 1 or x.rank > 2 or y.rank > 2:
        raise Unsupported
    return reductions.dot(x, y)


def einsum(call: Call) -> Tensor:
    """Return a product summed over the letters that the result does not have."""
    equation = call.option(0, "equation", "subscripts")
    operands = [value for name, value in call.node.operands[1:] if name != "optimize"]
    if not isinstance(equation, str) or "->" not in equation or "." in equation:
        raise Unsupported
    given, _, wanted = equation.replace(" ", "").partition("->")
    tensors = [call.evaluator.of_value(value, call.node) for value in operands]
    letters = given.split(",")
    if len(letters) != len(tensors) or not all(t.is_known for t in tensors):
        raise Unsupported
    return reductions.contracted(letters, wanted, tensors)


def dot(call: Call) -> Tensor:
    return reductions.dot(call.known(0), call.known(1))


def sigmoid_cross_entropy(call: Call) -> Tensor:
    """Return the stable form that TensorFlow uses."""
    labels = call.known(0, "labels")
    x = call.known(1, "logits")
    is_positive = detached(each.comparison(operator.ge, ">=")(x, constant(0.0)))
    positive = select(is_positive, x, constant(0.0))
    negative = select(is_positive, each.negated(x), x)
    rest = each.sloped("log1p")(each.exponential(negative))
    return each.add(each.subtract(positive, each.times(x, labels)), rest)


def cross_entropy(call: Call) -> Tensor:
    labels, logits = call.known(0, "labels"), call.known(1, "logits")
    return each.negated(total(each.times(labels, reductions.log_softmax(logits, -1)), -1))


def sparse_cross_entropy(call: Call) -> Tensor:
    """Return the same for classes that are given by their number."""
    labels, x = call.known(0, "labels"), call.known(1, "logits")
    return each.negated(picked_last(reductions.log_softmax(x, -1), whole_numbers(labels)))


def squared_errors(call: Call) -> Tensor:
    """Return the squared errors of a loss of Keras, one an element."""
    return each.squared_difference(call.known(0, "y_true"), call.known(1, "y_pred"))


def absolute_errors(call: Call) -> Tensor:
    """Return the absolute errors of a loss of Keras, one an element."""
    return each.sloped("abs")(each.subtract(call.known(0, "y_true"), call.known(1, "y_pred")))


def mean_of_rows(errors: Operation) -> Operation:
    """Return a loss of Keras: the mean of its errors, one a row."""
    return lambda call: reductions.mean(errors(call), -1)


def leaky(call: Call) -> Tensor:
    if len(call.node.operands) > 1:
        raise Unsupported
    return each.sloped("leaky_relu")(call.known(0))


def floor_divided(call: Call) -> Tensor:
    def divide(a: Number, b: Number) -> Number:
        if not isinstance(a, float) or not isinstance(b, float) or b == 0:
            return numbers.named("//", a, b)
        return float(math.floor(a / b))

    x, y = together(call.known(0, "x"), second(call))
    return made(x.array.shape, [divide(a, b) for a, b in zip(x.numbers, y.numbers, strict=True)])


def plain(call: Call) -> Tensor:
    """Return the argument as it is."""
    return call.tensor(0)


def stopped(call: Call) -> Tensor:
    return detached(call.tensor(0))


def cast(call: Call) -> Tensor:
    """Return the numbers of a float cast; to integers they are cut."""
    x = call.known(0)
    if call.node.dtype.is_blocked:
        return each.flat("trunc")(x) if call.node.dtype.value == "int" else each.flat("truth")(x)
    return x


OPERATIONS: dict[str, Operation] = {
    **{name: apply_unary(function) for name, function in UNARY.items()},
    **{name: apply_kernel(function) for name, function in KERNELS.items()},
    **{name: apply_binary(function) for name, function in BINARY.items()},
    **dict.fromkeys(("reduce_sum", "sum"), reduction(total)),
    **dict.fromkeys(("reduce_mean", "mean"), reduction(reductions.mean)),
    **dict.fromkeys(("reduce_max", "max", "amax"), reduction(reductions.largest)),
    **dict.fromkeys(("reduce_min", "min", "amin"), reduction(reductions.smallest)),
    **dict.fromkeys(("reduce_any", "any"), truth_of(reductions.largest)),
    **dict.fromkeys(("reduce_all", "all"), truth_of(reductions.smallest)),
    **dict.fromkeys(("reduce_prod", "prod"), reduction(reductions.product)),
    **dict.fromkeys(("reduce_variance", "var"), reduction(reductions.variance)),
    **dict.fromkeys(("reduce_logsumexp", "logsumexp"), reduction(reductions.log_sum_exp)),
    **dict.fromkeys(("reduce_std", "std"), spread),
    **dict.fromkeys(("norm", "euclidean_norm", "reduce_euclidean_norm"), norm),
    "normalize": normalized,
    "moments": moments,
    "softmax": softmax,
    "log_softmax": log_softmax,
    **dict.fromkeys(("l2_normalize",), unit),
    **dict.fromkeys(("clip_by_value", "clip"), clip),
    "where": where,
    "cumsum": cumsum,
    **dict.fromkeys(("matmul", "@"), product_of_matrices),
    "matvec": matrix_times_vector,
    "tensordot": tensordot,
    "dot": dot,
    "einsum": einsum,
    "sigmoid_cross_entropy_with_logits": sigmoid_cross_entropy,
    "softmax_cross_entropy_with_logits": cross_entropy,
    "sparse_softmax_cross_entropy_with_logits": sparse_cross_entropy,
    "leaky_relu": leaky,
    **dict.fromkeys(("MSE", "mse", "mean_squared_error"), mean_of_rows(squared_errors)),
    **dict.fromkeys(("MAE", "mae", "mean_absolute_error"), mean_of_rows(absolute_errors)),
    **dict.fromkeys(("//", "floordiv", "floor_divide"), floor_divided),
    **dict.fromkeys(
        ("identity", "convert_to_tensor", "constant", "array", "asarray", "value", "read_value", "+x",
         "float32", "float64", "float16", "numpy", "copy", "ensure_shape", "float", "Constant"),
        plain,
    ),
    "stop_gradient": stopped,
    **dict.fromkeys(("cast", "astype", "int32", "int64"), cast),
    **MOVING,
    **WRITTEN,
}  # fmt: skip
