"""The recorder names the line where the chain broke, and why, under a real tape."""

from __future__ import annotations

from pathlib import Path

import pytest
from witnesses import last, program, run, source

from tapelint.verify.runner import Runner

pytestmark = pytest.mark.tensorflow

# Each ends in a request; `# here` marks the line that ends the gradient.
CUT = {
    "a cast to integers": """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * 3.0
            y = tf.cast(y, tf.int32)  # here
            y = tf.cast(y, tf.float32) * 2.0
        tape.gradient(y, x)
        """,
    "a NumPy function": """
        x = tf.Variable([2.0, 3.0])
        with tf.GradientTape() as tape:
            squared = x**2
            mean = np.mean(squared)  # here
            y = tf.constant(mean) * 2.0
        tape.gradient(y, x)
        """,
    "a NumPy array, changed in place": """
        x = tf.Variable([2.0, 3.0])
        with tf.GradientTape() as tape:
            array = np.zeros(2, np.float32)
            array[0] = x[0]  # here
            array *= 2.0
            y = tf.reduce_sum(tf.convert_to_tensor(array))
        tape.gradient(y, x)
        """,
    "a list of Python numbers": """
        x = tf.Variable([2.0, 3.0])
        with tf.GradientTape() as tape:
            values = [float(v) for v in x**2]  # here
            y = tf.add_n([tf.constant(v) for v in values])
        tape.gradient(y, x)
        """,
    ".numpy()": """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            value = (x * 2.0).numpy()  # here
            y = value * tf.constant(3.0)
        tape.gradient(y, x)
        """,
    "math on a tensor": """
        import math
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            value = math.exp(x)  # here
            y = tf.convert_to_tensor(1.0 + value)
        tape.gradient(y, x)
        """,
    "a text": """
        x = tf.Variable(2.5)
        with tf.GradientTape() as tape:
            text = f"{x.read_value():.3f}"  # here
            y = tf.constant(float(text)) ** 2
        tape.gradient(y, x)
        """,
    "stop_gradient": """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = tf.stop_gradient(x * 2.0)  # here
            y = y * 3.0
        tape.gradient(y, x)
        """,
    "argmax": """
        x = tf.Variable([2.0, 3.0])
        with tf.GradientTape() as tape:
            best = tf.argmax(x * 2.0)  # here
            y = tf.cast(best, tf.float32)
        tape.gradient(y, x)
        """,
    "a comparison": """
        x = tf.Variable([2.0, 3.0])
        with tf.GradientTape() as tape:
            mask = x > 2.5  # here
            y = tf.reduce_sum(tf.cast(mask, tf.float32))
        tape.gradient(y, x)
        """,
    "a value that is assigned": """
        x = tf.Variable(2.0)
        state = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            state.assign(x * 2.0)  # here
            y = state * 3.0
        tape.gradient(y, x)
        """,
    "a new variable": """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            copy = tf.Variable(x * 2.0)  # here
            y = copy * 3.0
        tape.gradient(y, x)
        """,
    "numpy_function": """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = tf.numpy_function(np.sin, [x], tf.float32)  # here
            y = y * 2.0
        tape.gradient(y, x)
        """,
    "a helper": """
        def halve(value):
            return tf.round(value / 2.0)  # here

        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = halve(x) * 3.0
        tape.gradient(y, x)
        """,
    "a Keras layer": """
        class Rounded(tf.keras.layers.Layer):
            def call(self, inputs):
                return tf.round(inputs)  # here

        model = tf.keras.Sequential([tf.keras.layers.Dense(2), Rounded()])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(model(tf.ones((3, 2))))
        tape.gradient(y, model.trainable_variables)
        """,
    "a tf.function": """
        @tf.function
        def loss(value):
            doubled = value * 2.0
            return tf.cast(tf.cast(doubled, tf.int32), tf.float32)  # here

        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = loss(x)
        tape.gradient(y, x)
        """,
    "the second of two ways": """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            a = tf.stop_gradient(x)  # here
            y = a * 2.0
        tape.gradient(y, x)
        """,
    "a sample": """
        x = tf.Variable([0.2, 0.8])
        with tf.GradientTape() as tape:
            drawn = tf.random.categorical(tf.math.log([x]), 3)  # here
            y = tf.reduce_sum(tf.cast(drawn, tf.float32))
        tape.gradient(y, x)
        """,
}
UNRECORDED = {
    "before the tape": """
        x = tf.Variable(2.0)
        y = x * 3.0  # here
        with tf.GradientTape() as tape:
            z = y * 2.0
        tape.gradient(z, x)
        """,
    "after the tape": """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * 3.0
        z = y + 1.0  # here
        tape.gradient(z, x)
        """,
    "under stop_recording": """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * 3.0
            with tape.stop_recording():
                z = y * y  # here
            z = z + 1.0
        tape.gradient(z, x)
        """,
    "before a reset": """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * 3.0  # here
            tape.reset()
            z = y * 2.0
        tape.gradient(z, x)
        """,
    "an inner gradient outside the outer tape": """
        x = tf.Variable(2.0)
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = x**3
        slope = inner.gradient(y, x)  # here
        outer.gradient(slope, x)
        """,
}
OF_SOURCE = {
    "unwatched": "x = tf.constant(2.0)\nwith tf.GradientTape() as tape:\n    y = x * 3.0\n",
    "not trainable": """
        x = tf.Variable(2.0, trainable=False)
        with tf.GradientTape() as tape:
            y = x * 3.0
        """,
    "not auto-watched": """
        x = tf.Variable(2.0)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            y = x * 3.0
        """,
    "late watch": """
        x = tf.constant(2.0)
        with tf.GradientTape() as tape:
            y = x * 3.0
            tape.watch(x)
        """,
    "dtype": """
        x = tf.Variable(2)
        with tf.GradientTape() as tape:
            y = tf.cast(x, tf.float32) * 3.0
        """,
    "unused": """
        x, w = tf.Variable(2.0), tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = w * 3.0
        """,
}
CONNECTED = {
    "a variable": "x = tf.Variable(2.0)\nwith tf.GradientTape() as tape:\n    y = x * 3.0\n",
    "a watched constant": """
        x = tf.constant(2.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * 3.0
        """,
    "a log on the way": """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * 3.0
            print(f"{float(y):.2f}", np.round(y), y.numpy())
        """,
    "an intermediate value": """
        w = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            x = w * 3.0
            y = x**2
        """,
    "a gathered row": """
        x = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.gather(x, [int(np.argmax([0, 1]))]))
        """,
}


@pytest.mark.parametrize("name", CONNECTED)
def test_a_connected_source_gets_a_value(runner: Runner, tmp_path: Path, name: str) -> None:
    text = CONNECTED[name] + "\n" + " " * (8 if CONNECTED[name][0] == "\n" else 0)
    found = source(run(runner, program(tmp_path, f"{text}tape.gradient(y, x)\n")))
    assert (found.outcome, found.breaks, found.replaced) == ("value", (), ())


@pytest.mark.parametrize("name", CUT)
def test_the_line_that_cuts_is_named(runner: Runner, tmp_path: Path, name: str) -> None:
    made = program(tmp_path, CUT[name])
    found = source(run(runner, made))
    assert (found.outcome, found.cause) == ("none", "cut")
    assert {b.frames[0][1] for b in found.breaks} == {made.line()}


@pytest.mark.parametrize("name", UNRECORDED)
def test_the_line_that_no_tape_saw_is_named(runner: Runner, tmp_path: Path, name: str) -> None:
    made = program(tmp_path, UNRECORDED[name])
    found = source(run(runner, made))
    assert (found.outcome, found.cause, found.could_flow) == ("none", "unrecorded", True)
    # The reset itself is named too.
    lines = {b.frames[0][1] for b in found.breaks if b.name != "reset"}
    assert lines == {made.line()}


@pytest.mark.parametrize("cause", OF_SOURCE)
def test_what_is_wrong_with_a_source_is_named(runner: Runner, tmp_path: Path, cause: str) -> None:
    text = OF_SOURCE[cause] + "\n" + " " * (8 if OF_SOURCE[cause][0] == "\n" else 0)
    found = source(run(runner, program(tmp_path, f"{text}tape.gradient(y, x)\n")))
    assert (found.outcome, found.cause) == ("none", cause)


def test_a_rebound_name_holds_a_tensor_from_the_line_that_bound_it(
    runner: Runner, tmp_path: Path
) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable(2.0)
        for turn in range(2):
            with tf.GradientTape() as tape:
                y = x * 3.0
            tape.gradient(y, x)
            x = x - 0.1  # here
        """,
    )
    first, second = run(runner, made).asked
    assert (first.sources[0].outcome, first.turn) == ("value", 1)
    found = second.sources[0]
    assert (found.outcome, found.cause, second.turn) == ("none", "unwatched", 2)
    assert found.made[0][1] == made.line()


def test_an_operation_without_a_gradient_is_named_where_it_ran(
    runner: Runner, tmp_path: Path
) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = tf.math.bincount([0, 1], weights=x)  # here
        tape.gradient(y, x)
        """,
    )
    asked = last(run(runner, made))
    assert asked.error_type == "LookupError"
    (broken,) = asked.sources[0].breaks
    assert (broken.frames[0][1], broken.raises) == (made.line(), True)


def test_nan_is_named_where_the_backward_pass_makes_it(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable([0.0, 4.0])
        with tf.GradientTape() as tape:
            root = tf.sqrt(x + 1.0)
            inverse = 1.0 / x  # here
            y = tf.reduce_sum(tf.where(x > 0.0, inverse, 0.0) + root)
        tape.gradient(y, x)
        """,
    )
    found = source(run(runner, made))
    assert found.outcome == "nan"
    # Not the root, which the same variable went into.
    assert {b.frames[0][1] for b in found.culprits} == {made.line()}


def test_zeros_are_named_where_the_backward_pass_loses_the_rest(
    runner: Runner, tmp_path: Path
) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable([-1.0, -2.0])
        with tf.GradientTape() as tape:
            kept = tf.nn.relu(x)  # here
            y = tf.reduce_sum(kept * 2.0)
        tape.gradient(y, x)
        """,
    )
    found = source(run(runner, made))
    assert found.outcome == "zero"
    assert {b.frames[0][1] for b in found.culprits} == {made.line()}


def test_two_requests_on_a_line_are_told_apart(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        x, w = tf.Variable(2.0), tf.constant(3.0)
        with tf.GradientTape(persistent=True) as tape:
            y = x * w
        a, b = tape.gradient(y, x), tape.gradient(y, w)
        """,
    )
    first, second = run(runner, made).asked
    assert first.place is not None
    assert second.place is not None
    assert [made.call(i).column for i in (0, 1)] == [first.place.column, second.place.column]
    assert (first.sources[0].outcome, second.sources[0].outcome) == ("value", "none")


def test_whose_gradient_moves_a_variable_is_told(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        a, b = tf.Variable(2.0, name="a"), tf.Variable(3.0, name="b")
        with tf.GradientTape() as tape:
            y = a * b
        da, db = tape.gradient(y, [a, b])
        a.assign_sub(0.1 * da)
        b.assign_sub(0.1 * da)  # here
        """,
    )
    right, wrong = run(runner, made).updates
    assert (right.is_own, wrong.is_own) == (True, False)
    assert wrong.frames[0][1] == made.line()


def test_the_moments_of_an_optimizer_carry_the_gradient_on(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        w = tf.Variable([2.0])
        optimizer = tf.keras.optimizers.Adam()
        with tf.GradientTape() as tape:
            y = w**2
        optimizer.apply_gradients(zip(tape.gradient(y, [w]), [w]))
        """,
    )
    assert [u.is_own for u in run(runner, made).updates] == [True]


def test_a_batch_jacobian_that_mixes_rows_is_told(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
        with tf.GradientTape(persistent=True) as tape:
            y = x**2
            z = x - tf.reduce_mean(x, axis=0)
        tape.batch_jacobian(y, x)
        tape.batch_jacobian(z, x)
        """,
    )
    apart, mixed = run(runner, made).asked
    assert (apart.sources[0].is_mixed, mixed.sources[0].is_mixed) == (False, True)
