"""Witnesses that share a process: what one of them leaves behind, no other one ever sees."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from witnesses import Program, program, run, source

from tapelint.verify.observed import Run
from tapelint.verify.request import Limits, Mode
from tapelint.verify.runner import Runner

pytestmark = pytest.mark.tensorflow

# What it finds of its process comes out as gradients: nothing else of a witness is heard.
INNOCENT = """
import os, random, signal, sys, warnings

layer = tf.keras.layers.Dense(3, activation="relu")
model = tf.keras.Sequential([layer, tf.keras.layers.Dropout(0.5), tf.keras.layers.Dense(1)])
x = tf.Variable(tf.random.normal((4, 3)))
z = tf.Variable(np.random.rand(2).astype("float32") + random.random())
seen = [
    layer.name, layer.dtype, tf.keras.backend.floatx(), tf.keras.backend.image_data_format(),
    tf.keras.mixed_precision.global_policy().name, np.random.default_rng().random(),
    len(tf.config.list_logical_devices()), tf.config.functions_run_eagerly(),
    tf.config.get_soft_device_placement(), tf.config.optimizer.get_jit(),
    tf.distribute.has_strategy(), tf.Variable(1.0, name="v").name, tf.executing_eagerly(),
    os.listdir(), os.path.basename(os.getcwd()) in ("", "sub"), sorted(os.environ), sys.path,
    sys.getrecursionlimit(), signal.getsignal(signal.SIGINT), np.geterr(), len(warnings.filters),
    len(tf.keras.utils.get_custom_objects()), "helper" in sys.modules, hasattr(tf, "left"),
    str(tf.constant(1.5) * 2), len([1, 2]),
]
for value in seen:
    with tf.GradientTape() as tape:
        y = z * float(sum(map(ord, str(value))))
    tape.gradient(y, z)


@tf.function
def loss(x):
    return tf.reduce_mean(tf.square(model(x, training=True)) * tf.random.uniform((4, 1)))


with tf.GradientTape() as tape:
    y = loss(x)
tape.gradient(y, [x, *model.trainable_variables])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(x.numpy() * z[0])
tape.gradient(y, [x, z])
"""
# Each of them is put back, or ends with the context: the process goes on.
FORGOTTEN = """
import collections, logging, os, random, sys, warnings
import helper

logging.getLogger("helper").setLevel("DEBUG")
tf.keras.utils.register_keras_serializable()(type("Left", (tf.keras.layers.Layer,), {}))

collections.namedtuple("Params", "weight bias")
tf.config.set_visible_devices([], "GPU")
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
tf.config.run_functions_eagerly(True)
tf.config.set_soft_device_placement(False)
tf.config.optimizer.set_jit("autoclustering")
tf.keras.mixed_precision.set_global_policy("mixed_float16")
tf.keras.layers.Dense(3)
tf.Variable(1.0, name="v")
tf.random.set_seed(99)
np.random.seed(5)
random.seed(1)
np.random.default_rng().random()
np.seterr(all="raise")
warnings.simplefilter("error")
sys.path.insert(0, "/nowhere")
tf.GradientTape.gradient = None
tf.distribute.MirroredStrategy().scope().__enter__()
open("left", "w").close()
os.mkdir("sub")
os.chdir("sub")
"""
# Each of them needs another process, and names what shows it.
LEFT = {
    "tensorflow.square": "tf.square = tf.stop_gradient",
    "gradient": "tf.RegisterGradient('Special')(lambda op, d: d)",
    "settings of TensorFlow": "tf.config.experimental.enable_op_determinism()",
    "open tapes": "tf.left = tf.GradientTape()\ntf.left.__enter__()",
    "__code__": "tf.keras.backend.epsilon.__code__ = (lambda: 0.5).__code__",
    "threads": (
        "import threading\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()"
    ),
}  # fmt: skip


class Watched(Runner):
    """Notes the traces that witnesses leave, and how many workers are started."""

    traces: list[str]
    started = 0

    def _leaves_nothing(self, worker, waiting, event):  # type: ignore[no-untyped-def]
        self.traces.append(str(event.get("trace")))
        return super()._leaves_nothing(worker, waiting, event)

    def _begin(self) -> None:
        self.started += 1
        super()._begin()


@pytest.fixture(scope="module")
def shared() -> Iterator[Watched]:
    """Run witnesses as where no fork is safe."""
    watched = Watched(sys.executable, may_fork=False)
    watched.traces = []
    with watched:
        yield watched


@pytest.fixture(scope="module")
def innocent(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A program that looks round."""
    return program(tmp_path_factory.mktemp("innocent"), INNOCENT)


@pytest.fixture(scope="module")
def expected(runner: Runner, innocent: Program) -> dict[Mode, object]:
    """What that program shows in a process that nobody has used before."""
    modes = (Mode.EAGER, Mode.GRAPH)
    return {mode: shown(run(runner, innocent, mode=mode)) for mode in modes}


def shown(found: Run) -> object:
    """Return all that a verdict could depend on."""
    answers = [[(s.outcome, s.value) for s in asked.sources] for asked in found.asked]
    return found.fate, found.trouble, found.raised, found.notes, answers, found.executed


def test_one_process_serves_many(
    shared: Watched, innocent: Program, expected: dict[Mode, object], tmp_path: Path
) -> None:
    (tmp_path / "helper.py").write_text("value = 1\n", encoding="utf-8")
    before = shared.started
    used = program(tmp_path, FORGOTTEN).request()
    after = {mode: innocent.request(mode=mode) for mode in expected}
    runs = dict(shared.run([used, *after.values()]))
    assert (runs[used].fate, runs[used].raised) == ("ended", ())
    assert {mode: shown(runs[request]) for mode, request in after.items()} == expected
    assert shared.traces[-3:] == ["", "", ""]
    assert shared.started - before <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", LEFT)
def test_what_leaves_a_trace_ends_its_process(shared: Watched, tmp_path: Path, name: str) -> None:
    run(shared, program(tmp_path, LEFT[name]))
    assert name in shared.traces[-1]
    assert shared._workers == []


@pytest.mark.slow
def test_what_leaves_a_trace_has_a_process_of_its_own(
    shared: Watched, innocent: Program, expected: dict[Mode, object], tmp_path: Path
) -> None:
    asks = "x = tf.Variable(2.0)\nwith tf.GradientTape() as tape:\n    y = tf.square(x)\n"
    made = program(tmp_path, asks + "tape.gradient(y, x)\ntf.square = tf.stop_gradient\n").request()
    before, after = (innocent.request(is_second=second) for second in (False, True))
    for worker in list(shared._workers):
        shared._stop(worker)
    number, started = shared._number, shared.started
    runs = dict(shared.run([before, made, after]))
    assert source(runs[made]).value == "4"
    assert shown(runs[before]) == shown(runs[after]) == expected[Mode.EAGER]
    # What left the trace in a process that had been used was run again, last of all.
    assert shared._number - number == 4
    assert shared.started - started <= 3


ENDS = {
    "killed by signal 6": "import os\nos.abort()\n",
    "timed out": "import time\nexec('while True: time.sleep(1)')\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("fate", ENDS)
def test_a_process_that_ends_is_replaced(
    shared: Watched,
    innocent: Program,
    expected: dict[Mode, object],
    tmp_path: Path,
    fate: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tapelint.verify.runner.GRACE", 2.0)
    found = run(shared, program(tmp_path, ENDS[fate]), limits=Limits(3.0))
    assert found.fate == fate
    assert shown(run(shared, innocent)) == expected[Mode.EAGER]


def test_only_lines_with_the_nonce_count(shared: Watched, tmp_path: Path) -> None:
    text = (
        "import os, json\n"
        "for descriptor in range(3, 64):\n"
        "    for number in range(100):\n"
        "        line = {'event': 'raised', 'id': number, 'nonce': '', 'type': 'Forged'}\n"
        "        try:\n"
        "            os.write(descriptor, b'\\n' + json.dumps(line).encode() + b'\\n')\n"
        "        except OSError:\n"
        "            break\n"
    )
    found = run(shared, program(tmp_path, text))
    assert (found.fate, found.raised) == ("ended", ())


# A system on which nothing forks, and that has no limits for processes.
ELSEWHERE = """
import os, sys

for name in ("fork", "setsid", "killpg", "getpgid", "sysconf"):
    delattr(os, name)
sys.modules["resource"] = None


def refuse(event, arguments):
    if event == "open" and str(arguments[0]).startswith("/proc"):
        raise PermissionError(arguments[0])


sys.addaudithook(refuse)
"""


@pytest.mark.slow
def test_nothing_is_needed_that_linux_alone_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(ELSEWHERE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delattr(os, "killpg")
    text = "x = tf.Variable({}.0)\nwith tf.GradientTape() as tape:\n    y = x * x\ntape.gradient(y, x)\n"
    with Runner(sys.executable) as runner:
        assert runner.installation is not None
        assert not runner.installation.can_fork
        for number in (2, 3):
            made = program(tmp_path, text.format(number))
            assert source(run(runner, made)).value == str(2 * number)
        assert [worker.served for worker in runner._workers] == [2]
