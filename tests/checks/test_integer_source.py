"""TAP103: sources whose dtype has no gradient."""

from __future__ import annotations

import pytest
from linted import linted, under_tape
from story import Story, lost_to

from tapelint.analysis.graph import DType
from tapelint.analysis.observations import Cause
from tapelint.checks import integer_source
from tapelint.model import Finding

PROGRAM = """\
x = {made}
with tf.GradientTape() as tape:
    y = {used}
tape.gradient(y, x)
"""


def find(
    made: str,
    used: str = "x * x",
    op: str = "*",
    dtype: DType = DType.INT,
    cause: Cause = Cause.BLOCKED_DTYPE,
) -> list[Finding]:
    story = Story(PROGRAM.format(made=made, used=used))
    if made.startswith("tf.Variable"):
        x = story.variable(made, "x", dtype=dtype)
    else:
        x = story.tensor(made, made.partition("(")[0], label="x", dtype=dtype)
    y = story.tensor(used, op, x, label="y")
    return list(
        integer_source.check([story.asked("tape.gradient(y, x)", y, lost_to(cause, "x", x, y))])
    )


def test_a_float_tensor_that_nobody_watched_is_another_rule() -> None:
    assert find("tf.constant(1.0)", dtype=DType.FLOAT, cause=Cause.UNWATCHED) == []


@pytest.mark.parametrize(
    ("dtype", "word"), [(DType.INT, "integer"), (DType.BOOL, "bool"), (DType.STRING, "string")]
)
def test_the_dtype_is_named(dtype: DType, word: str) -> None:
    (finding,) = find("tf.constant(3)", dtype=dtype)
    assert finding.message == (
        f"the gradient of `y` with respect to `x` is None: its dtype is {word}"
    )


def test_a_literal_is_told_to_be_written_as_float() -> None:
    (finding,) = find("tf.Variable(3)")
    assert finding.help == "make `x` float: write `3.0` for `3`, or give `dtype=tf.float32`"


def test_a_computed_integer_is_cast_before_the_tape() -> None:
    (finding,) = find("tf.shape(a)")
    assert finding.help == "cast `x` to float before the tape, and watch that"


@pytest.mark.parametrize("op", ["tf.nn.embedding_lookup", "tf.gather", "tf.one_hot"])
def test_positions_have_no_gradient_but_what_they_look_up_has(op: str) -> None:
    (finding,) = find("tf.constant([1, 2])", f"{op}(table, x)", op)
    assert finding.help == "`x` holds positions: ask for what is looked up with them"


@pytest.mark.parametrize(
    ("made", "count"),
    [
        ("np.random.permutation(np.linspace(0.0, 1.0, 4))", 0),
        ("np.random.choice([0.5, 1.5], 4)", 0),
        ("rng.choice(unknown, 4)", 0),
        ("rng.permutation(unknown)", 0),
        ("rng.permutation(4)", 1),
        ("np.random.choice(9, 4)", 1),
        ("rng.integers(0, 9, 4)", 1),
        ("np.random.permutation([1, 2])", 1),
    ],
)
def test_what_is_drawn_has_the_dtype_of_what_it_is_drawn_from(made: str, count: int) -> None:
    text = f"import numpy as np\nrng = np.random.default_rng(0)\n{under_tape('x * x', made)}"
    assert len(linted(integer_source, text)) == count
