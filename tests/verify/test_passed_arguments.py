"""What a module passes for a parameter of one of its functions, where all its calls agree."""

from __future__ import annotations

import ast
import textwrap

import pytest

from tapelint.verify.worker.arguments import Arguments

STEP = "def step(self, model, loss, x=None):\n    pass\n"
# Each passes `Net()` for `model`.
KNOWN = {
    "by position": "step(Net(), mse)",
    "by name": "step(loss=mse, model=Net())",
    "through a function": "def train(net):\n    step(net, mse)\ntrain(Net())",
    "through two": "def a(m):\n    step(m, 1)\ndef b(n):\n    a(m=n)\nb(n=Net())",
    "in a function": "def main():\n    step(Net(), mse)",
    "by a method": "class A:\n    def fit(self):\n        self.step(Net(), mse)",
    "twice alike": "step(Net(), mse)\nstep(Net(), mae)",
    "once where nobody sees it": "step(Net(), mse)\nfor m in models:\n    step(*m)",
}
UNKNOWN = {
    "nobody calls it": "other(Net())",
    "two calls that differ": "step(Net(), mse)\nstep(Other(), mse)",
    "something unpacked": "step(*parts)",
    "a loop of a function": "def main():\n    for m in models:\n        step(m, mse)",
    "a parameter that is bound anew": "def train(m):\n    m = m.inner\n    step(m, mse)\ntrain(Net())",
    "what a parameter makes": "def train(m):\n    net = m.inner\n    step(net, mse)\ntrain(Net())",
    "itself": "def train(m):\n    train(m)\n    step(m, mse)",
}


def passed(text: str, name: str = "model") -> str | None:
    """Return what a module passes for a parameter of `step`, as source."""
    tree = ast.parse(STEP + textwrap.dedent(text))
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    given = Arguments(tree).of(function, name)
    if given is None:
        return None
    return "; ".join(map(ast.unparse, [*given.before, given.expression]))


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_passed_is_known(name: str) -> None:
    assert passed(KNOWN[name]) == "Net()"


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_passed_is_not_known(name: str) -> None:
    assert passed(UNKNOWN[name]) is None


def test_what_a_function_around_the_call_makes_comes_along() -> None:
    text = "def main():\n    size = 3\n    net = Net(size)\n    print(net)\n    step(net, mse)"
    assert passed(text) == "size = 3; net = Net(size); net"


def test_a_default_is_left_alone() -> None:
    assert passed("step(Net(), mse)", "x") is None


def test_a_constructor_is_called_by_the_name_of_its_class() -> None:
    tree = ast.parse("class A:\n    def __init__(self, net):\n        pass\na = A(Net())")
    (definition,) = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))
    given = Arguments(tree).of(definition, "net", "A")
    assert given is not None
    assert ast.unparse(given.expression) == "Net()"
