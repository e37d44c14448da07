"""TAP208: Python that no tape follows, data sets, custom gradients that give nothing."""

from __future__ import annotations

from story import one_call

from tapelint.analysis.graph import Effect, Reason
from tapelint.checks import opaque_function


def test_numpy_itself_is_another_rule() -> None:
    assert one_call(opaque_function, "np.sqrt(w)", "np.sqrt", Reason.NUMPY) == []


def test_a_numpy_function_gives_none() -> None:
    call = "tf.numpy_function(np.sqrt, [w], tf.float32)"
    (finding,) = one_call(opaque_function, call, "tf.numpy_function", Reason.OPAQUE)
    assert finding.message == (
        "the gradient of `loss` with respect to `w` is None: cut here by `tf.numpy_function`"
    )


def test_a_py_function_that_leaves_tensorflow_gives_zeros() -> None:
    call = "tf.py_function(smooth, [w], tf.float32)"
    (finding,) = one_call(opaque_function, call, "tf.py_function", Reason.OPAQUE, Effect.ZEROS)
    assert "is zero: cut here by `tf.py_function`" in finding.message
    assert finding.steps[-1].message == "`tape.gradient` answers zeros"


def test_a_data_set_cuts_and_gets_advice_of_its_own() -> None:
    (finding,) = one_call(opaque_function, "next(it)", "dataset element", Reason.DATASET)
    assert finding.message.endswith("cut here by a data set")
    assert "`tf.data` pipeline" in finding.help
