"""TAP305: persistent tapes that need not be."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import persistent_never_needed as rule
from tapelint.model import Role, Severity

HEAD = "v, w = tf.Variable(1.0), tf.Variable(2.0)\n"
WITH = "with tf.GradientTape(persistent=True) as tape:\n    y, z = v * w, v + w\n"

FINE = {
    "a tape that is not persistent": "with tf.GradientTape() as tape:\n    y = v * w\n"
    "tape.gradient(y, v)\n",
    "two requests": f"{WITH}tape.gradient(y, v)\ntape.gradient(z, v)\n",
    "one request a variable": f"{WITH}for x in [v, w]:\n    tape.gradient(y, x)\n",
    "one of two by a branch": f"{WITH}import sys\nif len(sys.argv) > 1:\n    tape.gradient(y, v)\n"
    "else:\n    tape.gradient(z, v)\n",
    "a tape nobody asks": WITH,
    "a second derivative": "with tf.GradientTape(persistent=True) as tape:\n    y = v**3\n"
    "    g = tape.gradient(y, v)\ntape.gradient(g, v)\n",
    "a request inside": "with tf.GradientTape(persistent=True) as tape:\n    y = v**3\n"
    "    g = tape.gradient(y, v)\n",
    "a Jacobian without pfor": f"{WITH}tape.jacobian(y, v, experimental_use_pfor=False)\n",
    "a tape that is returned": "def record():\n    with tf.GradientTape(persistent=True) as tape:\n"
    "        y = v * w\n    return tape, tape.gradient(y, v)\n",
    "a tape that is kept": "class A:\n    def f(self):\n"
    "        with tf.GradientTape(persistent=True) as self.tape:\n            y = v * w\n"
    "        return self.tape.gradient(y, v)\n",
    "a tape that is handed out": f"from elsewhere import ask\n{WITH}tape.gradient(y, v)\n"
    "ask(tape)\n",
    "a tape that is deleted": "for _ in range(9):\n"
    "    with tf.GradientTape(persistent=True) as tape:\n        y, z = v * w, v + w\n"
    "    tape.gradient(y, v)\n    tape.gradient(z, v)\n    del tape\n",
    "a tape that a function drops": "def step():\n"
    "    with tf.GradientTape(persistent=True) as tape:\n        y, z = v * w, v + w\n"
    "    return tape.gradient(y, v), tape.gradient(z, v)\nfor _ in range(9):\n    step()\n",
}


@pytest.mark.parametrize("program", FINE.values(), ids=FINE)
def test_what_is_asked_again_or_dropped_is_fine(program: str) -> None:
    assert linted(rule, HEAD + program) == []


@pytest.mark.parametrize(
    "program",
    [
        f"{WITH}tape.gradient(y, [v, w])\n",
        (
            "def step():\n    with tf.GradientTape(persistent=True) as tape:\n        y = v * w\n"
            "    return tape.gradient(y, v)\n"
        ),
        (
            "for _ in range(9):\n    with tf.GradientTape(persistent=True) as tape:\n"
            "        y = v * w\n    tape.gradient(y, v)\n"
        ),
    ],
)
def test_a_single_request_needs_no_persistent_tape(program: str) -> None:
    (finding,) = linted(rule, HEAD + program)
    assert finding.message == "`tape` is persistent and asked once"
    assert finding.severity is Severity.NOTE
    assert [step.role for step in finding.steps] == [Role.BREAK, Role.TAPE]


def test_a_loop_keeps_the_record_of_the_turn_before() -> None:
    program = (
        "for _ in range(9):\n    with tf.GradientTape(persistent=True) as tape:\n"
        "        y, z = v * w, v + w\n    tape.gradient(y, v)\n    tape.gradient(z, v)\n"
    )
    (finding,) = linted(rule, HEAD + program)
    assert finding.message.endswith("kept beyond its last request, into the next turn")
    assert finding.help == "write `del tape` behind the last request"
