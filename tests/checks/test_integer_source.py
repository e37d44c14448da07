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


COMMANDS = """\
import argparse
import json
import os
from elsewhere import parse, path, word
parser = argparse.ArgumentParser()
{added}
args = parser.parse_args()
{then}
"""


def commanded(added: str, then: str = "", used: str = "args.x") -> list[Finding]:
    """Ask for the gradient of a variable that starts from an argument of the command line."""
    start = under_tape("tf.cast(x, tf.float32) ** 2", used)
    return linted(integer_source, COMMANDS.format(added=added, then=then) + start)


INTEGER = "parser.add_argument('--x', type=int, default=2)"


@pytest.mark.parametrize(
    "added",
    [
        "parser.add_argument('--x', type=float, default=2.0)",
        "parser.add_argument('--x', type=float, default='2')",
        # On one of two lines it is a float, or nothing.
        "parser.add_argument('--x', type=float, default=2)",
        "parser.add_argument('--x', type=int, default=0.5)",
        "parser.add_argument('--x', type=int)",
        "parser.add_argument('--x', type=int, nargs='?', const=1, default=2)",
        "parser.add_argument('x', type=int, nargs='?')",
        "parser.add_argument('--x', type=int, action='append', default=[2])",
        "parser.add_argument('--x', action='store_const', const=2, default=0)",
        "parser.add_argument('--x', action='count')",
        "parser.add_argument('--x', type=int, default=argparse.SUPPRESS)",
        # What nobody can read.
        "parser.add_argument('--x', type=parse, default=2)",
        "parser.add_argument('--x', type=lambda text: float(text), default=2)",
        "parser.add_argument('--x', type=json.loads, default=2)",
        "parser.add_argument('--x', default=2)",
        "parser.add_argument('--x', type=int, default=os.cpu_count())",
        "parser.add_argument('--x', type=int, **parse())",
        "parser.add_argument(word, type=int, default=2)",
        "parser.add_argument('--y', type=int, default=2, dest=word)",
        f"{INTEGER}\nparser.set_defaults(x=0.5)",
        f"{INTEGER}\nparser.set_defaults(**parse())",
        f"commands = parser.add_subparsers()\n{INTEGER}",
        f"{INTEGER}\nparser.add_subparsers().add_parser('a').add_argument('--x', type=float)",
    ],
)
def test_an_argument_that_may_be_of_another_type_is_silent(added: str) -> None:
    assert commanded(added) == []


@pytest.mark.parametrize(
    "then",
    [
        "args.x = 0.5",
        "setattr(args, word, 0.5)",
        "for key, value in json.load(open(path)).items():\n    setattr(args, key, value)",
        "vars(args).update(json.load(open(path)))",
        "args.__dict__.update(x=0.5)",
        "args = argparse.Namespace(**{**vars(args), 'x': 0.5})",
        "args = parser.parse_args(namespace=parse())",
        "args = parse(args)",
        "if word:\n    args.x = 0.5",
    ],
)
def test_an_argument_that_is_overwritten_is_silent(then: str) -> None:
    assert commanded(INTEGER, then) == []


@pytest.mark.parametrize(
    "used", ["float(args.x)", "args.x / 2", "1.0 * args.x", "args.z", "getattr(args, word)"]
)
def test_what_is_made_of_an_integer_argument_may_be_float(used: str) -> None:
    assert commanded(INTEGER, used=used) == []


@pytest.mark.parametrize(
    ("added", "used"),
    [
        (INTEGER, "args.x"),
        (INTEGER, "getattr(args, 'x')"),
        (INTEGER, "vars(args)['x']"),
        (INTEGER, "args.x + 1"),
        (INTEGER, "parser.parse_known_args()[0].x"),
        (INTEGER.replace("2", "'2'"), "args.x"),
        (INTEGER.replace("default=2", "required=True"), "args.x"),
        (f"group = parser.add_argument_group('g')\ngroup{INTEGER[6:]}", "args.x"),
        ("parser.add_argument('-r', '--first-rate', type=int, default=2)", "args.first_rate"),
        ("parser.add_argument('--first', type=int, default=2, dest='x')", "args.x"),
        ("parser.add_argument('x', type=int)", "args.x"),
        ("parser.add_argument('x', type=int, nargs='+')", "args.x"),
        ("parser.add_argument('--x', type=int, nargs=2, default=[1, 2])", "args.x[0]"),
        ("parser.add_argument('--x', action='count', default=0)", "args.x"),
        (f"{INTEGER}\nparser.set_defaults(y=0.5)", "args.x"),
    ],
)
def test_an_argument_that_is_always_an_integer_makes_an_integer_variable(
    added: str, used: str
) -> None:
    assert len(commanded(added, used=used)) == 1
