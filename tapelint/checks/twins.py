"""What to write instead: the TensorFlow twin of a NumPy function, a smooth stand-in of a step.

Shared by the checks. Names are canonical (`np.`, `tf.`); all were called under TensorFlow 2.21.
"""

from __future__ import annotations

# Twins that have another name than `tf.<name>` or another home.
RENAMED = {
    "absolute": "tf.abs",
    "amax": "tf.reduce_max",
    "amin": "tf.reduce_min",
    "arccos": "tf.acos",
    "arccosh": "tf.acosh",
    "arcsin": "tf.asin",
    "arcsinh": "tf.asinh",
    "arctan": "tf.atan",
    "arctan2": "tf.atan2",
    "arctanh": "tf.atanh",
    "array": "tf.convert_to_tensor",
    "asarray": "tf.convert_to_tensor",
    "append": "tf.concat",
    "clip": "tf.clip_by_value",
    "concatenate": "tf.concat",
    "copy": "tf.identity",
    "cumprod": "tf.math.cumprod",
    "degrees": "tf.experimental.numpy.rad2deg",
    "erf": "tf.math.erf",
    "erfc": "tf.math.erfc",
    "expm1": "tf.math.expm1",
    "fabs": "tf.abs",
    "lgamma": "tf.math.lgamma",
    "log": "tf.math.log",
    "log1p": "tf.math.log1p",
    "max": "tf.reduce_max",
    "mean": "tf.reduce_mean",
    "min": "tf.reduce_min",
    "nanmean": "tf.experimental.numpy.nanmean",
    "nansum": "tf.experimental.numpy.nansum",
    "power": "tf.pow",
    "prod": "tf.reduce_prod",
    "radians": "tf.experimental.numpy.deg2rad",
    "ravel": "tf.reshape",
    "reciprocal": "tf.math.reciprocal",
    "std": "tf.math.reduce_std",
    "sum": "tf.reduce_sum",
    "take": "tf.gather",
    "var": "tf.math.reduce_variance",
    "linalg.det": "tf.linalg.det",
    "linalg.inv": "tf.linalg.inv",
    "linalg.norm": "tf.norm",
    "linalg.solve": "tf.linalg.solve",
    "special.erf": "tf.math.erf",
    "special.erfc": "tf.math.erfc",
    "special.expit": "tf.sigmoid",
    "special.gammaln": "tf.math.lgamma",
    "special.log_softmax": "tf.nn.log_softmax",
    "special.logsumexp": "tf.reduce_logsumexp",
    "special.softmax": "tf.nn.softmax",
    "special.xlogy": "tf.math.xlogy",
    "linalg.cholesky": "tf.linalg.cholesky",
    "linalg.expm": "tf.linalg.expm",
    "fft.fft": "tf.signal.fft",
    "fft.ifft": "tf.signal.ifft",
    "fft.rfft": "tf.signal.rfft",
}
SAME = frozenset(
    "abs acos acosh add asin asinh atan atan2 atanh cos cosh cumsum divide einsum exp expand_dims"
    " linspace matmul maximum minimum multiply negative pad pow repeat reshape sin sinh sort split"
    " sqrt square squeeze stack subtract tan tanh tensordot tile transpose where".split()
)
# Under NumPy's own name and signature in `tf.experimental.numpy`.
NUMPY_LIKE = frozenset(
    "atleast_1d atleast_2d average broadcast_to cross diag diagonal diff dot dstack exp2 flip"
    " hstack hypot inner kron log10 log2 logaddexp moveaxis outer ptp roll rot90 sinc swapaxes"
    " trace tril triu true_divide vdot vstack".split()
)

STRAIGHT_THROUGH = "`x + tf.stop_gradient(tf.round(x) - x)` keeps the step and passes the gradient"
SOFTMAX = "use the probabilities of `tf.nn.softmax` in place of the chosen index"
# By the last part of the name, which NumPy and TensorFlow share.
STAND_INS = {
    "argmax": SOFTMAX,
    "argmin": SOFTMAX,
    "argsort": "sort the values themselves with `tf.sort`, or weight them with `tf.nn.softmax`",
    "ceil": STRAIGHT_THROUGH,
    "fix": STRAIGHT_THROUGH,
    "floor": STRAIGHT_THROUGH,
    "rint": STRAIGHT_THROUGH,
    "round": STRAIGHT_THROUGH,
    "trunc": STRAIGHT_THROUGH,
    "sign": "use a smooth step, such as `tf.tanh(10.0 * x)`",
    "one_hot": "pass the probabilities of `tf.nn.softmax` on in place of a one-hot vector",
    "floordiv": "use `/`, and round only what is shown",
    "floor_divide": "use `/`, and round only what is shown",
    "//": "use `/`, and round only what is shown",
    "histogram_fixed_width": "count softly: a sum of `tf.exp(-((x - centre) / width) ** 2)` a bin",
    "histogram": "count softly: a sum of `tf.exp(-((x - centre) / width) ** 2)` a bin",
    "bincount": "sum with `tf.math.unsorted_segment_sum`, whose data have a gradient",
    "adjust_contrast": "write it with arithmetic: `(image - mean) * factor + mean`",
    "adjust_saturation": "mix with the grey image: `grey + factor * (image - grey)`",
    "top_k": "use the values of `top_k`, which have a gradient, in place of its indices",
    "in_top_k": "train on a cross-entropy, and count hits beside it",
}


def twin(op: str) -> str:
    """Return the differentiable TensorFlow function for a NumPy, SciPy or `math` one, or ""."""
    root, _, path = op.partition(".")
    if root not in ("np", "scipy", "math") or not path:
        return ""
    last = path.rpartition(".")[2]
    if path in RENAMED and (root != "scipy" or path != last):
        return RENAMED[path]
    if root == "scipy" or last in STAND_INS or path != last:
        return ""
    if last in RENAMED:
        return RENAMED[last]
    if last in SAME:
        return f"tf.{last}"
    return f"tf.experimental.numpy.{last}" if last in NUMPY_LIKE else ""


def stand_in(op: str) -> str:
    """Return advice for an operation that is flat or counts, or "" where there is none."""
    return STAND_INS.get(op.rpartition(".")[2] if op != "//" else op, "")
