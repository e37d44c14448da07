"""TAP406: results that nobody reads."""

from __future__ import annotations

import pytest
from linted import linted
from story import update

from tapelint.analysis.observations import Misuse
from tapelint.checks import unused_gradients
from tapelint.model import Severity


def test_a_gradient_that_is_none_is_another_rule() -> None:
    assert update(unused_gradients, "0.1 * gradient", Misuse.NONE_USED) == []


@pytest.mark.parametrize(
    ("text", "what", "label", "message"),
    [
        (
            "t.gradient(loss, w)",
            Misuse.UNUSED,
            "slope",
            "`slope` is computed and never used",
        ),
        (
            "t.gradient(loss, w)",
            Misuse.UNAPPLIED,
            "optimizer",
            "the gradients of `t.gradient` are never applied: `optimizer` takes no step",
        ),
        (
            "tf.clip_by_global_norm(gradients, 1.0)",
            Misuse.CLIPPED_UNUSED,
            "clipped",
            "`clipped` is never used: the gradients are applied as they were",
        ),
    ],
)
def test_what_is_unused_is_named(text: str, what: Misuse, label: str, message: str) -> None:
    (finding,) = update(unused_gradients, text, what, [label])
    assert finding.message == message
    assert finding.severity is Severity.WARNING


TRAINING = """\
import keras
w = keras.Variable(3.0)
optimizer = keras.optimizers.SGD(0.1)
{body}
"""
STEP = """\
def step(optimizer=optimizer):
    with tf.GradientTape() as tape:
        loss = w ** 2
    g = tape.gradient(loss, [w])
    {use}
{after}
"""
SCRIPT = """\
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = w ** 2
    g = tape.gradient(loss, [w])
    {use}
"""
USES = [
    "return g",
    "print(g)",
    "assert g is not None",
    "log(g)",
    "GRADIENTS.append(g)",
    "optimizer.apply_gradients(zip(g, [w]))",
    "optimizer.apply(g, [w])",
    "w.assign_sub(0.1 * g[0])",
    "yield g",
    "return locals()",
    "if False:\n        optimizer.apply(g, [w])",
    "if not w.trainable:\n        return loss\n    optimizer.apply(g, [w])",
    "return [x for x in g]",
    "g, norm = tf.clip_by_global_norm(g, 1.0); optimizer.apply(g, [w])",
    "_, norm = tf.clip_by_global_norm(g, 1.0); optimizer.apply(g, [w])",
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("after", ["step()", "step(unknown)", "", "train(step)"])
def test_a_gradient_that_somebody_uses_is_silent(use: str, after: str) -> None:
    body = "GRADIENTS = []\n" + STEP.format(use=use, after=after)
    assert linted(unused_gradients, TRAINING.format(body=body)) == []


@pytest.mark.parametrize(
    "body",
    [
        SCRIPT.format(use="optimizer.apply(g, [w])"),
        SCRIPT.format(use="unknown(g)"),
        "TRAIN = False\n"
        + SCRIPT.format(use="pass")
        + "    if TRAIN:\n        optimizer.apply(g, [w])",
        STEP.format(use="if train:\n        optimizer.apply(g, [w])", after="step()").replace(
            "optimizer=optimizer", "train=False"
        ),
        STEP.format(use="if not train:\n        return loss", after="step(False)")
        .replace("optimizer=optimizer", "train")
        .replace("        return loss\n", "        return loss\n    optimizer.apply(g, [w])\n"),
        SCRIPT.format(use="w.assign_sub(0.1 * g[0])"),
        SCRIPT.format(use="clipped = [tf.clip_by_norm(x, 1.0) for x in g]")
        + "    optimizer.apply(clipped, [w])",
        SCRIPT.format(use="pass")
        + "def train(optimizer, pairs):\n    optimizer.apply_gradients(pairs)\n",
        STEP.format(use="optimizer.apply_gradients(zip(g, [w]))", after="").replace(
            "optimizer=optimizer", "optimizer"
        ),
        STEP.format(use="return g", after="").replace("optimizer=optimizer", ""),
        # A look at which gradients are None.
        SCRIPT.format(use="print(sum(x is None for x in g))"),
        SCRIPT.format(use="print([v.name for x, v in zip(g, [w]) if x is None])"),
        SCRIPT.format(use="assert all(x is not None for x in g)"),
        SCRIPT.format(use="assert None not in g"),
        SCRIPT.format(use="print({v.name: x is not None for x, v in zip(g, [w])})"),
    ],
)
def test_an_optimizer_of_a_program_that_applies_gradients_is_silent(body: str) -> None:
    assert linted(unused_gradients, TRAINING.format(body=body)) == []


def test_a_program_that_trains_nothing_is_silent() -> None:
    program = (
        "w = tf.Variable(3.0)\ndef measure():\n    with tf.GradientTape() as tape:\n"
        "        loss = w ** 2\n    g = tape.gradient(loss, w)\nmeasure()\n"
    )
    assert linted(unused_gradients, program) == []


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (SCRIPT.format(use="pass"), 8),
        (SCRIPT.format(use="print(g)"), 8),
        # A filter is no question.
        (SCRIPT.format(use="norms = [tf.norm(x) for x in g if x is not None]"), 8),
        ("total = [0.0]\n" + SCRIPT.format(use="total = [a + x for a, x in zip(total, g)]"), 9),
        (STEP.format(use="pass", after="step()"), 8),
        (STEP.format(use="clipped, _ = tf.clip_by_global_norm(g, 1.0)", after="step()")
         + "step().x = optimizer.apply([w.value], [w])", 9),
    ],
)  # fmt: skip
def test_gradients_that_go_nowhere_are_found(body: str, line: int) -> None:
    (finding,) = linted(unused_gradients, TRAINING.format(body=body))
    assert finding.span.line == line


def test_of_two_networks_the_forgotten_one_is_found() -> None:
    program = """\
import keras
def step(a, b, first, second):
    with tf.GradientTape(persistent=True) as tape:
        x, y = a ** 2, b ** 2
    g = tape.gradient(x, [a])
    h = tape.gradient(y, [b])
    first.apply_gradients(zip(g, [a]))
step(*[tf.Variable(1.0)] * 2, *[keras.optimizers.SGD(0.1)] * 2)
"""
    (finding,) = linted(unused_gradients, program)
    assert finding.message == "`h` is computed and never used"


CLIPPED = "{name} = {clipped}\n    optimizer.apply({applied}, [w])"


@pytest.mark.parametrize(
    ("part", "after"),
    [
        ({"applied": "kept"}, ""),
        ({"name": "_"}, ""),
        ({}, "print(kept)\n"),
        ({}, "    norms = [float(tf.norm(k)) for k in kept]\n"),
        ({}, "def show():\n    print(kept)\n"),
        # Of something else than a gradient.
        ({"clipped": "[tf.clip_by_norm(x, 1.0) for x in [w]]"}, ""),
        ({"clipped": "[0.5 * x for x in g]"}, ""),
    ],
)
def test_clipped_copies_that_somebody_reads_are_silent(part: dict[str, str], after: str) -> None:
    given = {"name": "kept", "clipped": "[tf.clip_by_norm(x, 1.0) for x in g]", "applied": "g"}
    use = CLIPPED.format(**{**given, **part})
    assert linted(unused_gradients, TRAINING.format(body=SCRIPT.format(use=use) + after)) == []


@pytest.mark.parametrize(
    "clipped",
    [
        "[tf.clip_by_norm(x, 1.0) for x in g]",
        "[tf.clip_by_value(x, -1.0, 1.0) for x in g]",
        "tf.nest.map_structure(lambda x: tf.clip_by_norm(x, 1.0), g)",
        "clip(g)",
    ],
)
def test_copies_that_were_clipped_one_by_one_and_left_are_found(clipped: str) -> None:
    use = CLIPPED.format(name="kept", clipped=clipped, applied="g")
    clip = "def clip(gradients):\n    return [tf.clip_by_norm(x, 1.0) for x in gradients]\n"
    (finding,) = linted(unused_gradients, TRAINING.format(body=clip + SCRIPT.format(use=use)))
    assert finding.message == "`kept` is never used: the gradients are applied as they were"


OWNED = """\
import keras
class Trainer{base}:
    def __init__(self, model):
        self.model = model
        self.rule = keras.optimizers.SGD(0.1)
    def gradients(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.model(x) ** 2)
        return tape.gradient(loss, self.model.trainable_variables)
{more}
trainer = Trainer(keras.Sequential([keras.layers.Dense(1)]))
for _ in range(3):
    norm = tf.linalg.global_norm(trainer.gradients(tf.ones((2, 3))))
{after}
"""


@pytest.mark.parametrize(
    "part",
    [
        {"more": "    def step(self, pairs):\n        self.rule.apply_gradients(pairs)"},
        {"more": "    def step(self, how, pairs):\n        use(self.rule, pairs)"},
        {"after": "use(trainer.rule)"},
        {"after": "take = getattr(trainer, NAME)"},
        {"after": "use(trainer.gradients(tf.ones((2, 3))))"},
        {"base": "(Unknown)"},
        {"base": "(keras.Model)"},
        {"after": "for v in trainer.model.trainable_variables:\n    v.assign_sub("
         "0.1 * trainer.gradients(tf.ones((2, 3)))[0])"},
    ],
)  # fmt: skip
def test_an_optimizer_of_an_object_that_somebody_may_use_is_silent(part: dict[str, str]) -> None:
    program = OWNED.format(**{"base": "", "more": "", "after": "", **part})
    assert linted(unused_gradients, program) == []


def test_an_optimizer_of_an_object_that_takes_no_step_is_found() -> None:
    (finding,) = linted(unused_gradients, OWNED.format(base="", more="", after=""))
    assert finding.message.endswith("are never applied: `rule` takes no step")


OWN_STEP = """\
import keras
class Model(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        g = tape.gradient(loss, self.trainable_variables)
        {use}
        return {{"loss": loss}}
i = keras.Input((3,))
model = Model(i, keras.layers.Dense(1)(i))
model.compile({compiled})
model.fit(tf.ones((4, 3)), tf.ones((4, 1)))
"""
CLIP = "g, norm = tf.clip_by_global_norm(g, 1.0)"
APPLY = "self.optimizer.apply(g, self.trainable_variables)"


@pytest.mark.parametrize(
    "part",
    [
        {"use": APPLY},
        {"use": f"{CLIP}; {APPLY}"},
        {"use": f"{CLIP}; print(g)"},
        {"use": f"{CLIP}\n        if unknown: {APPLY}"},
        {"use": f"{CLIP}\n        if False: {APPLY}"},
        {"use": f"step = lambda: {APPLY}; {CLIP}; step()"},
        {"use": f"step = lambda: {APPLY}; {CLIP}; unknown(step)"},
        {"use": f"for _ in range(2):\n            {APPLY}\n            {CLIP}"},
        {"use": f"while unknown():\n            print(g)\n            {CLIP}"},
        {"use": f"{CLIP}; exec(CODE)"},
        {"use": CLIP, "compiled": ""},
    ],
)
def test_gradients_of_a_step_of_its_own_that_may_be_applied_are_silent(
    part: dict[str, str],
) -> None:
    program = OWN_STEP.format(**{"compiled": "'adam', 'mse'", **part})
    assert linted(unused_gradients, program) == []


@pytest.mark.parametrize(
    ("use", "line"),
    [
        ("pass", 8),
        (CLIP, 9),
        ("print(g); g = tape.gradient(loss, self.trainable_variables)", 9),
        ("print([tf.norm(x) for x in g]); " + CLIP, 9),
    ],
)
def test_a_step_of_its_own_that_applies_no_gradients_is_found(use: str, line: int) -> None:
    program = OWN_STEP.format(use=use, compiled="'adam', 'mse'")
    (finding,) = linted(unused_gradients, program)
    assert (finding.message, finding.span.line) == ("`g` is computed and never used", line)
