"""Code that nobody calls, and what it takes to get to its gradient call."""

from __future__ import annotations

from pathlib import Path

import pytest
from witnesses import IMPORTS, evidence, finding, program

from tapelint.model import Verdict
from tapelint.verify.runner import Runner

pytestmark = pytest.mark.tensorflow

NONE = "the gradient of `y` with respect to `x` is None: cut here"
# Each rounds on the way from source to target. `fit` and `helper` are nobody's.
PROGRAMS = {
    "a function that imports for itself": """
        def step(model, x):
            import tensorflow as flow
            with flow.GradientTape() as tape:
                y = flow.reduce_sum(flow.round(model(x)))  # here
            return tape.gradient(y, model.trainable_variables)
        """,
    "an import of another function": """
        class Attack:
            def __init__(self, model):
                import tensorflow as flow
                self.model = model

            def loss(self, x):
                with flow.GradientTape() as tape:
                    y = flow.reduce_sum(flow.round(self.model(x)))  # here
                return tape.gradient(y, self.model.trainable_variables)
        """,
    "options of a command line": """
        import argparse

        class Net(tf.keras.Model):
            def __init__(self, units):
                super().__init__()
                self.hidden = tf.keras.layers.Dense(units)

            def call(self, x):
                return self.hidden(x)

        def loss_of(predicted):
            return tf.reduce_sum(tf.round(predicted))  # here

        def main(argv=None):
            parser = argparse.ArgumentParser()
            parser.add_argument("data")
            parser.add_argument("--loss", choices=["mse", "mae"], required=True)
            parser.add_argument("--units", type=int, default=8)
            group = parser.add_mutually_exclusive_group(required=True)
            group.add_argument("--seed")
            group.add_argument("--fresh", action="store_true")
            args = parser.parse_args(argv)
            net = Net(args.units)
            assert args.loss == "mse" and not args.fresh
            with open(args.data) as stream:
                lines = len(list(stream))
            with tf.GradientTape() as tape:
                y = loss_of(net(tf.ones((2, 3))))
            return tape.gradient(y, net.trainable_variables)

        if __name__ == "__main__":
            main()
        """,
    "options that the program names": """
        import argparse

        parser = argparse.ArgumentParser()
        parser.add_argument("--units", type=int, required=True)
        args, _ = parser.parse_known_args(["--units", "3"])
        weights = tf.Variable(tf.ones(args.units))
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.round(weights))  # here
        tape.gradient(y, [weights])
        """,
    "a tape of the caller": """
        def slope(tape, y, x):
            return tape.gradient(y, x)

        def train(x):
            x = tf.Variable(tf.ones([3]))
            with tf.GradientTape() as tape:
                y = tf.reduce_sum(tf.round(x))  # here
            return slope(tape, y, x)
        """,
    "a function that is returned": """
        def maker(model):
            def step(x):
                with tf.GradientTape() as tape:
                    y = tf.reduce_sum(tf.round(model(x)))  # here
                return tape.gradient(y, model.trainable_variables)
            return step
        """,
    "a function that unknown code is given": """
        from nowhere import minimise

        def train(model):
            def step(x):
                with tf.GradientTape() as tape:
                    y = tf.reduce_sum(tf.round(model(x)))  # here
                return tape.gradient(y, model.trainable_variables)
            return minimise(step)
        """,
    "a tape of the function around": """
        def loss(model, x):
            with tf.GradientTape() as tape:
                y = tf.reduce_sum(tf.round(model(x)))  # here
            def backward(upstream):
                return upstream * tape.gradient(y, model.trainable_variables)[0]
            register = {"backward": backward}
        """,
    "a name that a branch binds again": """
        def step(model, x, scale):
            if isinstance(scale, list):
                scale = scale[0]
            with tf.GradientTape() as tape:
                y = scale * tf.reduce_sum(tf.round(model(x)))  # here
            helper(y)[0][1]["a"] + None
            return tape.gradient(y, model.trainable_variables)
        """,
    "a model that gives a dictionary": """
        def step(model, x):
            with tf.GradientTape() as tape:
                scores = tf.nest.map_structure(tf.identity, model(x))
                y = tf.reduce_sum(tf.round(scores["logits"]))  # here
            return tape.gradient(y, model.trainable_variables)
        """,
    "code that refuses its inputs": """
        def checked(x):
            raise ValueError("no such numbers")

        def step(model, x):
            with tf.GradientTape() as tape:
                y = tf.reduce_sum(tf.round(model(checked(x))))  # here
            return tape.gradient(y, model.trainable_variables)
        """,
    "a loss of Keras that refuses its inputs": """
        def step(model, x):
            labels = tf.ones([3], tf.int32)
            with tf.GradientTape() as tape:
                scores = tf.round(model(x))  # here
                y = tf.keras.losses.sparse_categorical_crossentropy(labels, scores)
                y = tf.reduce_mean(y)
            return tape.gradient(y, model.trainable_variables)
        """,
    "a method of what cannot be made, in a graph of its own": """
        class Trainer:
            def __init__(self, model):
                raise TypeError("not like this")

            @tf.function
            def step(self, x):
                with tf.GradientTape() as tape:
                    y = tf.reduce_sum(tf.round(self.model(x)))  # here
                return tape.gradient(y, self.model.trainable_variables)
        """,
    "sizes of what cannot be made": """
        class Trainer:
            def __init__(self, model):
                raise TypeError("not like this")

            def step(self):
                noise = tf.random.normal([self.batch_size, self.latent_dim])
                with tf.GradientTape() as tape:
                    y = tf.reduce_sum(tf.round(self.model(noise)))  # here
                return tape.gradient(y, self.model.trainable_variables)
        """,
    "a model and a loss that the script passes on": """
        def distance(scores, labels):
            return tf.reduce_mean(tf.square(scores - labels))

        def step(model, x, labels, loss):
            with tf.GradientTape() as tape:
                scores = tf.round(model(x))  # here
                y = loss(scores, labels)
            return tape.gradient(y, model.trainable_variables)

        def train(data, loss):
            for x, labels in data:
                step(tf.keras.Sequential([tf.keras.layers.Dense(2)]), x, labels, loss)

        train(data_of_nobody, loss=distance)
        """,
    "an object that a function makes": """
        class Trainer:
            def __init__(self, loss):
                self.loss = loss
                self.model = tf.keras.Sequential([tf.keras.layers.Dense(2)])

            def step(self, x, labels):
                with tf.GradientTape() as tape:
                    scores = tf.round(self.model(x))  # here
                    y = self.loss(labels, scores)
                return tape.gradient(y, self.model.trainable_variables)

        def main():
            loss = tf.keras.losses.MeanSquaredError()
            trainer = Trainer(loss)
            trainer.step(*data_of_nobody)
        """,
    "a loss, where something else refuses its inputs": """
        def step(x, labels):
            model = tf.keras.Sequential([tf.keras.layers.Dense(2)])
            loss = tf.keras.losses.MeanSquaredError()
            with tf.GradientTape() as tape:
                scores = tf.round(model(x))  # here
                y = loss(labels, scores)
            tf.debugging.assert_equal(tf.shape(scores), [7, 7])
            return tape.gradient(y, model.trainable_variables)
        """,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_break_is_confirmed_in(runner: Runner, tmp_path: Path, name: str) -> None:
    made = program(tmp_path, PROGRAMS[name])
    found = evidence(runner, made, finding(made, "TAP205", NONE, at=made.line()))
    assert found.verdict is Verdict.CONFIRMED, found.reason
    assert f"`Round` at line {made.line()}" in found.reason


@pytest.mark.parametrize("name", PROGRAMS)
def test_without_the_break_nothing_is_confirmed_in(
    runner: Runner, tmp_path: Path, name: str
) -> None:
    made = program(tmp_path, PROGRAMS[name].replace("round", "sin"))
    for code in ("TAP205", "TAP108", "TAP101"):
        found = evidence(runner, made, finding(made, code, NONE, at=made.line()))
        assert found.verdict is not Verdict.CONFIRMED, found.reason


def test_an_array_as_target_is_confirmed_whatever_was_invented(
    runner: Runner, tmp_path: Path
) -> None:
    made = program(
        tmp_path,
        """
        def step(model, x):
            with tf.GradientTape() as tape:
                y = tf.reduce_sum(model(x)).numpy()  # here
            return tape.gradient(y, model.trainable_variables)
        """,
    )
    about = finding(made, "TAP202", "`tape.gradient` raises: cut here", at=made.line())
    found = evidence(runner, made, about)
    assert found.verdict is Verdict.CONFIRMED, found.reason


def test_a_number_that_was_guessed_leaves_it_open(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        from nowhere import kernel

        w = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(kernel.k(w)) * 2.0
        slope = tape.gradient(y, w)
        """,
    )
    assert evidence(runner, made, finding(made, "TAP108", NONE)).verdict is Verdict.INCONCLUSIVE


# Working code: what is unknown may bring the gradient of `w` to `y`.
OPEN = {
    "an array to the left of a tensor": """
        import numpy as np

        class Trainer:
            def __init__(self, critic):
                raise TypeError("not like this")

            def step(self, rewards, s):
                rewards = np.array(rewards, dtype="float32")
                with tf.GradientTape() as tape:
                    y = tf.reduce_sum(tf.square(rewards - self.critic(s)))  # here
                return tape.gradient(y, self.critic.trainable_variables)
        """,
    "a function of the program's in one of Keras": """
        w = tf.Variable(2.0)

        def penalty(scores):
            return scores * w

        def step(x):
            labels = tf.ones([3], tf.int32)
            loss = tf.keras.layers.Lambda(penalty)
            with tf.GradientTape() as tape:
                scores = tf.round(tf.strings.as_string(w * x))  # here
                y = tf.reduce_mean(loss(scores))
            return tape.gradient(y, w)
        """,
    "a number that may be real": """
        class Trainer:
            def __init__(self):
                raise TypeError("not like this")

            def step(self, x):
                w = tf.Variable(2.0)
                with tf.GradientTape() as tape:
                    y = tf.round(w) * tf.reduce_sum(self.schedule(w).size * [1.0, 2.0])  # here
                return tape.gradient(y, w)
        """,
}


@pytest.mark.parametrize("name", OPEN)
def test_what_may_be_connected_is_left_open(runner: Runner, tmp_path: Path, name: str) -> None:
    made = program(tmp_path, OPEN[name])
    for code in ("TAP205", "TAP202", "TAP108", "TAP101"):
        found = evidence(runner, made, finding(made, code, NONE, at=made.line()))
        assert found.verdict is Verdict.INCONCLUSIVE, found.reason


def test_what_has_attributes_may_be_made_from_them(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        def step(parameter):
            with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
                tape.watch(parameter.unconstrained)
                inner = tf.sin(parameter)
                y = tf.reduce_sum(inner * inner)  # here
            return tape.gradient(y, inner)
        """,
    )
    for code in ("TAP101", "TAP108", "TAP205"):
        found = evidence(runner, made, finding(made, code, NONE, at=made.line()))
        assert found.verdict is not Verdict.CONFIRMED, found.reason


def test_a_jacobian_of_an_array_is_none(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = tf.sin(x).numpy()  # here
        slope = tape.jacobian(y, x)
        """,
    )
    found = evidence(runner, made, finding(made, "TAP202", NONE, at=made.line()))
    assert found.verdict is Verdict.CONFIRMED


def test_what_a_failed_block_would_have_computed_is_open(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        def step(x):
            w = tf.Variable(2.0)
            with tf.GradientTape() as tape:
                scores = tf.identity(w)
                y = tf.reduce_sum(scores["logits"] * x)
                y = y * 2.0
            return tape.gradient(y, w)
        """,
    )
    assert evidence(runner, made, finding(made, "TAP108", NONE)).verdict is Verdict.INCONCLUSIVE


GUESSED = {
    "a flag": "if self.stops:\n            y = tf.round(y)  # here",
    "a comparison": "if self.mode != 'train':\n            y = tf.round(y)  # here",
    "an expression": "y = tf.round(y) if self.stops else y  # here",
    "a call": "if stops(self):\n            y = tf.round(y)  # here",
}


@pytest.mark.parametrize("name", GUESSED)
def test_a_break_under_an_unknown_condition_is_left_open(
    runner: Runner, tmp_path: Path, name: str
) -> None:
    made = program(
        tmp_path,
        f"""
def step(self, x):
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(self.model(x))
        {GUESSED[name]}
    return tape.gradient(y, self.model.trainable_variables)
""",
        imports=IMPORTS + "from nowhere import stops\n",
    )
    found = evidence(runner, made, finding(made, "TAP205", NONE, at=made.line()))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "depends on something unknown" in found.reason


def test_a_condition_that_the_call_stands_under_has_to_hold(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        def step(model, x, trains):
            if trains:
                with tf.GradientTape() as tape:
                    y = tf.round(tf.reduce_sum(model(x)))  # here
                return tape.gradient(y, model.trainable_variables)
        """,
    )
    found = evidence(runner, made, finding(made, "TAP205", NONE, at=made.line()))
    assert found.verdict is Verdict.CONFIRMED


BATCH = """
    x = tf.Variable([[1.0], [2.0]])
    with tf.GradientTape() as tape:
        y = {inside}(x) * 2.0  # here
    slope = tape.batch_jacobian(y, x)
    """


@pytest.mark.parametrize(
    ("inside", "verdict"),
    [
        ("tf.sin", Verdict.REFUTED),
        ("tf.round", Verdict.CONFIRMED),
    ],
)
def test_zeros_of_a_batch_jacobian_are_explained(
    runner: Runner, tmp_path: Path, inside: str, verdict: Verdict
) -> None:
    made = program(tmp_path, BATCH.format(inside=inside))
    about = finding(made, "TAP205", "the gradient of `y` is zero: cut here", at=made.line())
    found = evidence(runner, made, about)
    assert found.verdict is verdict
