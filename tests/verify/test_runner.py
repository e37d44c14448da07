"""The worker and its parent: many witnesses, one at a time or together."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from witnesses import program, run, source

from tapelint.verify.request import Limits
from tapelint.verify.runner import Runner

pytestmark = pytest.mark.tensorflow

SQUARE = """
x = tf.Variable({number}.0)
with tf.GradientTape() as tape:
    y = x * x
tape.gradient(y, x)
"""


def test_an_interruption_while_tensorflow_is_imported_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n", encoding="utf-8")
    python.chmod(0o755)

    def interrupted(self: Runner) -> None:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(Runner, "_listen", interrupted)
    with pytest.raises(KeyboardInterrupt), Runner(str(python)):
        pass
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.slow
def test_answers_belong_to_their_requests(runner: Runner, tmp_path: Path) -> None:
    made = [program(tmp_path, SQUARE.format(number=n), name=f"square_{n}.py") for n in range(1, 7)]
    by_path = {p.request(): 2 * n for n, p in enumerate(made, 1)}
    together = Runner(sys.executable, at_once=3)
    with together:
        for request, found in together.run(list(by_path)):
            assert source(found).value == str(by_path[request])


def test_one_witness_does_not_see_what_another_left(runner: Runner, tmp_path: Path) -> None:
    first = program(
        tmp_path, "import os\nos.environ['LEFT'] = 'x'\ntf.left = 1\nopen('left', 'w').close()\n"
    )
    run(runner, first)
    second = program(
        tmp_path,
        "import os\nassert 'LEFT' not in os.environ\nassert not hasattr(tf, 'left')\n"
        "assert os.listdir() == []\n",
    )
    assert run(runner, second).raised == ()


def test_the_same_seed_gives_the_same_numbers(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        "x = tf.Variable(tf.random.normal((2,)))\n"
        "with tf.GradientTape() as tape:\n    y = x * np.random.rand(2)\n"
        "tape.gradient(y, x)\n",
    )
    first, second = source(run(runner, made)), source(run(runner, made))
    other = source(run(runner, made, seed=8))
    assert first.value == second.value != other.value


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    with Runner(sys.executable) as runner:
        made = program(tmp_path, SQUARE.format(number=3))
        os.kill(runner._workers[0].process.pid, signal.SIGKILL)
        lost = run(runner, made)
        assert (lost.fate, lost.asked) == ("the worker died", ())
        assert source(run(runner, made)).value == "6"


def test_a_witness_that_takes_too_long_says_what_it_saw(runner: Runner, tmp_path: Path) -> None:
    made = program(tmp_path, SQUARE.format(number=3) + "while True: pass\n")
    found = run(runner, made, limits=Limits(3.0))
    assert found.fate == "timed out"
    assert source(found).value == "6"
