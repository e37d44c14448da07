"""One spelling per callable, whatever the import was: `tf.reduce_sum`, `keras.ops.mean`, `np.sum`.

Names of other packages come back unchanged.
"""

from __future__ import annotations

from functools import cache

from tapelint.analysis.knowledge.table import load

# Longest first where one begins with another.
_ROOTS = (
    ("tensorflow.python.keras.", "keras.src."),
    ("tensorflow.python.", "tf.python."),
    ("tensorflow._api.v2.", "tf."),
    ("tensorflow.", "tf."),
    ("tf_keras.", "keras."),
    ("numpy.", "np."),
    ("tensorflow_probability.", "tfp."),
    ("tensorflow_addons.", "tfa."),
)
_BRANCHES = (
    ("tf._api.v2.", "tf."),
    ("tf.compat.v2.", "tf."),
    ("tf.compat.v1.keras.", "keras."),
    ("tf.keras.", "keras."),
    # TensorFlow 2.21: these modules are Keras's own, loaded lazily.
    ("tf.losses.", "keras.losses."),
    ("tf.metrics.", "keras.metrics."),
    ("tf.optimizers.", "keras.optimizers."),
    ("tf.initializers.", "keras.initializers."),
    ("tf.activations.", "keras.activations."),
    ("keras.api._v2.keras.", "keras."),
    ("keras.api.", "keras."),
    ("keras._tf_keras.keras.", "keras."),
)
# Where classes and decorators with a model of their own live.
_PRIVATE = {
    "tf.python.eager.backprop.GradientTape": "tf.GradientTape",
    "tf.python.ops.variables.Variable": "tf.Variable",
    "tf.python.ops.variables.VariableV1": "tf.Variable",
    "tf.python.ops.resource_variable_ops.ResourceVariable": "tf.Variable",
    "tf.python.eager.def_function.function": "tf.function",
    "tf.python.eager.polymorphic_function.polymorphic_function.function": "tf.function",
    "tf.python.ops.custom_gradient.custom_gradient": "tf.custom_gradient",
    "tf.python.platform.test.TestCase": "tf.test.TestCase",
    "tf.python.framework.test_util.TensorFlowTestCase": "tf.test.TestCase",
    "tf.python.module.module.Module": "tf.Module",
    "tf.python.ops.tensor_array_ops.TensorArray": "tf.TensorArray",
    "tf.python.data.ops.dataset_ops.DatasetV2": "tf.data.Dataset",
    "tf.python.ops.script_ops.eager_py_func": "tf.py_function",
    "tf.python.ops.script_ops.numpy_function": "tf.numpy_function",
}
# Private files whose functions are public under more than one module, or not at the top.
_HOMES = {
    "linalg": "tf.linalg",
    "string": "tf.strings",
    "image": "tf.image",
    "nn": "tf.nn",
    "random": "tf.random",
    "stateless_random": "tf.random",
    "sparse": "tf.sparse",
    "math": "tf.math",
    "bitwise": "tf.bitwise",
    "sets": "tf.sets",
    "clip": "tf",
    "array": "tf",
}


@cache
def canonical(dotted: str) -> str:
    """Return the one spelling of a dotted name; a module's name without its trailing dot works.

    >>> canonical("tensorflow.math.reduce_sum")
    'tf.reduce_sum'
    >>> canonical("tensorflow.keras.models.Model.fit")
    'keras.Model.fit'
    """
    name = _respell(dotted + ".", _ROOTS)
    name = _respell(name, _BRANCHES)[:-1]
    if not name.startswith(("tf.", "keras.")):
        return name
    if name.startswith("tf.python."):
        return _PRIVATE.get(name) or _public(name, "tf") or dotted
    if name.startswith("keras.src."):
        return _public(name, "keras") or dotted
    return _unalias(name)


def _respell(name: str, spellings: tuple[tuple[str, str], ...]) -> str:
    # Again after a match: for `tensorflow.compat.v2.compat.v2.keras`.
    changed = True
    while changed:
        changed = False
        for prefix, spelling in spellings:
            if name.startswith(prefix):
                name = spelling + name[len(prefix) :]
                changed = True
                break
    return name


def _unalias(name: str) -> str:
    # The name itself, or the class before a method: `keras.models.Model.fit`.
    table = load()
    head, tail = name, ""
    for _ in range(3):
        target = table.alias(head)
        if target is not None:
            return target + tail
        head, dot, last = head.rpartition(".")
        if "." not in head:
            break
        tail = dot + last + tail
    return name


def _public(name: str, root: str) -> str | None:
    # tf.python.ops.math_ops.reduce_sum: the function is public under a name that ends alike.
    table = load()
    parts = name.split(".")
    last = parts[-1]
    candidates = [f"{root}.{part}.{last}" for part in reversed(parts[2:-1])]
    if root == "tf" and len(parts) > 3:
        stem = parts[-2].removeprefix("gen_").removesuffix("_impl").removesuffix("_ops")
        home = _HOMES.get(stem)
        if home is not None:
            candidates.insert(0, f"{home}.{last}")
    candidates.append(f"{root}.{last}")
    for candidate in candidates:
        target = _unalias(candidate)
        if target != candidate or table.has(candidate) or candidate in table.facts:
            return target
    return None
