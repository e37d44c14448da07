"""Whether a loss was scaled before an optimizer divides its gradients by the scale (Keras 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapelint.verify.worker.events import Key
from tapelint.verify.worker.recorder import Recorder
from tapelint.verify.worker.tapes import Request


class ScaleWatcher:
    """Hears of answers, and tells of every step of a `LossScaleOptimizer`."""

    def __init__(self, recorder: Recorder, emit: Callable[[dict[str, Any]], None]) -> None:
        self.recorder = recorder
        self.emit = emit
        self.scaled: set[Key] = set()
        self.targets: dict[Key, list[Key]] = {}

    def install(self) -> None:
        """Replace `scale_loss` and `apply` of the optimizer, where this Keras has it."""
        optimizers = getattr(self.recorder.runtime.tf.keras, "mixed_precision", None)
        owner = getattr(optimizers, "LossScaleOptimizer", None)
        if owner is None or not {"scale_loss", "apply"} <= set(vars(owner)):
            return
        scale_loss, apply = owner.scale_loss, owner.apply

        def scaling(optimizer: Any, loss: Any) -> Any:
            result = scale_loss(optimizer, loss)
            self.scaled.add(self.recorder.key(self.recorder.runtime.unwrapped(result)))
            return result

        def applying(optimizer: Any, grads: Any, trainable_variables: Any = None) -> Any:
            self._tell(optimizer, grads)
            return apply(optimizer, grads, trainable_variables)

        self.recorder.patches.set(owner, "scale_loss", scaling)
        self.recorder.patches.set(owner, "apply", applying)

    def answered(self, request: Request) -> None:
        """Remember of which target a gradient is."""
        flatten = self.recorder.runtime.tf.nest.flatten
        targets = [self.recorder.key(self.recorder.runtime.unwrapped(t))
                   for t in flatten(request.target)]  # fmt: skip
        for answer in flatten(request.answer):
            if answer is not None:
                self.targets[self.recorder.key(getattr(answer, "values", answer))] = targets

    def _tell(self, optimizer: Any, gradients: Any) -> None:
        keys = [self.recorder.key(getattr(g, "values", g)) for g in gradients if g is not None]
        targets = {t for key in keys for t in self.targets.get(key, ())}
        if not keys or not all(key in self.targets for key in keys):
            # Somebody changed them on the way, and may have scaled them himself.
            return
        scale = self.recorder.runtime.unwrapped(getattr(optimizer, "dynamic_scale", None))
        known = self.scaled | ({self.recorder.key(scale)} if scale is not None else set())
        self.emit(
            {
                "event": "scaled",
                "is_scaled": bool(self._made_of(targets) & known),
                "frames": list(self.recorder.frames()),
            }
        )

    def _made_of(self, targets: set[Key]) -> set[Key]:
        """Return all values that some targets were made from, and the targets."""
        found = set(targets)
        for event in reversed(self.recorder.events):
            if not found.isdisjoint(event.outputs):
                found.update(event.inputs)
        return found
