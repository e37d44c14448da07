"""TAP107: copies, parts and second calls in place of the tensor itself."""

from __future__ import annotations

import pytest
from linted import linted
from story import Story, lost_to

from tapelint.analysis.graph import Node
from tapelint.analysis.observations import Cause
from tapelint.checks import equal_but_different_source as rule
from tapelint.model import Finding, Role

PROGRAM = """\
x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    code = encoder(x)
    y = head(code)
tape.gradient(y, {source})
"""


def find(
    source: str, op: str, of_code: bool = False, label: str = "", cause: Cause = Cause.EQUAL
) -> list[Finding]:
    story = Story(PROGRAM.format(source=source))
    x = story.variable("tf.Variable([1.0, 2.0])", "x")
    code = story.tensor("encoder(x)", "call", x, label="code")
    y = story.tensor("head(code)", "call", code, label="y")
    twin: Node = code if of_code else x
    copy = story.tensor(source, op, x, label=label or None)
    missing = lost_to(cause, label, copy)
    if cause is Cause.EQUAL:
        missing = type(missing)(label, copy, missing.breaks, (twin, copy))
    asked = story.asked(f"tape.gradient(y, {source})", y, missing, asked=1)
    return list(rule.check([asked]))


def test_a_source_without_a_twin_is_another_rule() -> None:
    assert find("x[0]", "[]", cause=Cause.UNCONNECTED) == []


def test_a_part_is_to_be_taken_of_the_gradient() -> None:
    (finding,) = find("x[0]", "[]")
    assert finding.message == (
        "the gradient of `y` with respect to `x[0]` is None: `y` was made from `x`"
    )
    assert finding.help == "ask for `x` and take the part of its gradient"


def test_a_copy_gives_way_to_the_original() -> None:
    (finding,) = find("tf.identity(x)", "tf.identity")
    assert finding.help == "ask for `x` itself"


def test_a_second_call_gives_way_to_a_single_one() -> None:
    (finding,) = find("encoder(x)", "call", of_code=True, label="code")
    assert finding.help.startswith("take the source and the target from one call")


def test_the_chain_shows_both_tensors() -> None:
    (finding,) = find("x[0]", "[]")
    assert [(s.role, s.span.line, s.message) for s in finding.steps] == [
        (Role.STEP, 1, "the target was made from `x`"),
        (Role.TARGET, 4, "`y` is the target"),
        (Role.SOURCE, 5, "`x[0]` is another tensor"),
        (Role.TAPE, 5, "`tape.gradient` answers None"),
    ]


PROBE = """\
import keras

class Probe(keras.callbacks.Callback):
    def __init__(self, image, name):
        super().__init__()
        self.image, self.name = image, name

    def on_train_begin(self, logs=None):
        self.features = keras.Model(self.model.inputs, self.model.get_layer(self.name).output)

    def on_epoch_end(self, epoch, logs=None):
        with tf.GradientTape() as tape:
            maps = self.features(self.image)
            top = tf.reduce_max(self.model(self.image))
        self.slopes = tape.gradient(top, maps)

inputs = keras.Input((3,))
model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Dense(2, name="d")(inputs)))
model.compile("sgd", "mse")
x, y = tf.ones((4, 3)), tf.ones((4, 1))
{used}
"""


@pytest.mark.parametrize(
    "used",
    [
        # Nobody knows the model.
        "",
        "unknown.fit(x, y, callbacks=[Probe(x, 'd')])",
        "model.fit(x, y, callbacks=[unknown(Probe(x, 'd'))])",
        "model.fit(x, y, callbacks=unknown)",
        "model.fit(x, y)",
    ],
)
def test_a_callback_of_a_model_nobody_knows_is_silent(used: str) -> None:
    assert linted(rule, PROBE.format(used=used)) == []


@pytest.mark.parametrize(
    "used",
    [
        "model.fit(x, y, callbacks=[Probe(x, 'd')])",
        "model.fit(x, y, epochs=3, callbacks=[keras.callbacks.CSVLogger('a'), Probe(x, 'd')])",
        "probe = Probe(x, 'd')\nfor _ in range(9):\n    model.fit(x, y, callbacks=[probe])",
        "def train(model):\n    model.fit(x, y, callbacks=[Probe(x, 'd')])\ntrain(model)",
    ],
)
def test_a_callback_that_asks_for_a_second_call_is_found_once(used: str) -> None:
    (finding,) = linted(rule, PROBE.format(used=used))
    assert finding.message.startswith("the gradient of `top` with respect to `maps` is None")
