"""Where the recorder enters TensorFlow; all of it is taken back when the recorder stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tapelint.verify.worker.recorder import Recorder


def install(recorder: Recorder) -> None:
    """Let the recorder see variables, constants and missing gradient functions."""
    _read_variables_openly(recorder)
    _watch_constants(recorder)
    _survive_missing_gradients(recorder)


def _survive_missing_gradients(recorder: Recorder) -> None:
    """Let the shadow pass by operations without a gradient, which it alone recorded."""
    original = recorder.runtime.backprop._gradient_function

    def gradient(operation: Any, attributes: Any, count: int, *rest: Any) -> Any:
        try:
            return original(operation, attributes, count, *rest)
        except LookupError:
            if not recorder.is_muted:
                raise
            return [None] * count

    register = recorder.runtime.pywrap.TFE_Py_RegisterGradientFunction
    register(gradient)
    recorder.patches.add(lambda: register(original))


def _read_variables_openly(recorder: Recorder) -> None:
    """Let the C++ fast path see tensors where it would read a variable without a word."""
    pywrap = recorder.runtime.pywrap
    fast = pywrap.TFE_Py_FastPathExecute
    variable, convert = recorder.runtime.tf.Variable, recorder.runtime.tf.convert_to_tensor

    # Types that are no variables and hold none: whatever is asked here is asked for every input.
    plain: set[type] = set()

    def opened(value: Any) -> Any:
        if isinstance(value, variable):
            return convert(value)
        if type(value) not in (list, tuple):
            plain.add(type(value))
        elif any(isinstance(v, variable) for v in value):
            return type(value)(convert(v) if isinstance(v, variable) else v for v in value)
        return value

    def execute(context: Any, operation: Any, name: Any, *inputs: Any) -> Any:
        if recorder.is_elsewhere:
            return fast(context, operation, name, *inputs)
        if recorder.unwatched:
            recorder.watch_pending()
        for value in inputs:
            if type(value) not in plain:
                return fast(context, operation, name, *map(opened, inputs))
        return fast(context, operation, name, *inputs)

    recorder.patches.set(pywrap, "TFE_Py_FastPathExecute", execute)


def _watch_constants(recorder: Recorder) -> None:
    module = recorder.runtime.constant_op
    convert = module.convert_to_eager_tensor

    def converted(value: Any, *arguments: Any, **keywords: Any) -> Any:
        tensor = convert(value, *arguments, **keywords)
        if tensor is not value and not recorder.is_deaf:
            recorder.note_constant(value, tensor)
        return tensor

    recorder.patches.set(module, "convert_to_eager_tensor", converted)
