"""Quoting code, naming calls, taking a request apart."""

from __future__ import annotations

import pytest
from story import Story

from tapelint.checks.phrasing import (
    Request,
    argument,
    called,
    callee,
    code,
    described,
    fitting,
    listed,
    request,
)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("loss", "`loss`"),
        ("a  +\n    b", "`a + b`"),
        ("f(`x`)", "`f('x')`"),
        ("x" * 40, f"`{'x' * 29}...`"),
    ],
)
def test_code_is_one_short_line_in_one_pair_of_backticks(text: str, quoted: str) -> None:
    assert code(text) == quoted


@pytest.mark.parametrize(
    ("op", "text", "name"),
    [
        # What the user wrote is no call of the operation.
        ("+", "f(a) + f(b)", "+"),
        ("np.mean", "average(x)", "np.mean"),
        ("tf.nn.relu", "relu(x) + relu(y)", "relu"),
        ("np.tanh", "numpy.tanh(x)", "numpy.tanh"),
        ("np.tanh", "tanh(x)", "tanh"),
        ("np.tanh", "np.tanh (x)", "np.tanh"),
        ("numpy", "(x**2).numpy()", ".numpy"),
    ],
)
def test_a_call_is_named_as_the_user_spelled_it(op: str, text: str, name: str) -> None:
    assert callee(op, Story(text).at(text)) == name


def test_an_operation_without_a_place_has_its_own_name() -> None:
    assert callee("np.mean", None) == "np.mean"


@pytest.mark.parametrize(
    ("op", "text", "name"),
    [("@", "x @ w", "x @ w"), ("[]", "x[0]", "x[0]"), ("tf.exp", "tf.exp(x)", "tf.exp")],
)
def test_an_expression_is_described_by_itself(op: str, text: str, name: str) -> None:
    assert described(op, Story(text).at(text)) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("self.f(x)(y)", "self.f"),
        ("layer (x)", "layer"),
        ("layers[0].assign(x)", "layers[0].assign"),
        ("(f or g)(x)", "f or g"),
        ("not a call", "not a call"),
    ],
)
def test_a_call_site_is_named_by_what_it_calls(text: str, name: str) -> None:
    assert called(Story(text).at(text)) == name


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["a"], "`a`"),
        (["a", "b"], "`a` and `b`"),
        (["a", "b", "c"], "`a`, `b` and `c`"),
        (["a", "b", "c", "d", "e"], "`a`, `b`, `c` and 2 more"),
    ],
)
def test_only_the_first_few_names_are_listed(names: list[str], text: str) -> None:
    assert listed(names) == text


def test_the_first_sentence_that_fits_is_taken() -> None:
    assert fitting("x" * 101, "y" * 100, "z") == "y" * 100
    assert fitting("x" * 101, "y" * 102) == "y" * 102


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("gradient(y, x)", Request()),
        ("tape.gradient(y, x", Request()),
        ("tape.gradient(*both)", Request("tape", "*both", "", ())),
        ("tape.gradient(y, x)", Request("tape", "y", "x", ("x",))),
        ("self.t.gradient(y, [a, m.b])", Request("self.t", "y", "[a, m.b]", ("a", "m.b"))),
        ("t.gradient(sources=x, target=y)", Request("t", "y", "x", ("x",))),
        ("t.batch_jacobian(y, source=x)", Request("t", "y", "x", ("x",))),
        ("t.gradient(y, ws[0])", Request("t", "y", "ws[0]", ())),
        ("t.gradient(\n    y,\n    x,\n)", Request("t", "y", "x", ("x",))),
    ],
)
def test_a_request_is_taken_apart(text: str, parts: Request) -> None:
    assert request(Story(text).at(text)) == parts


@pytest.mark.parametrize(
    ("label", "written"),
    [("a", "a"), ("self.b", "model.b"), ("self.c", ""), ("", ""), ("d", "")],
)
def test_a_source_is_known_by_the_name_in_the_call(label: str, written: str) -> None:
    parts = Request("t", "y", "...", ("a", "model.b", "model.d", "other.d"))
    assert parts.written(label) == written


@pytest.mark.parametrize(
    ("text", "first"),
    [("f(x, y)", "x"), ("f()", ""), ("f(*xs)", ""), ("f(a=1)", ""), ("f(x) + 1", "")],
)
def test_the_first_argument_of_a_call(text: str, first: str) -> None:
    assert argument(text) == first
