"""Functions that hold a tape and that nobody calls are run with parameters that may be anything.

TensorFlow cannot judge these: there is no call to run.
"""

from __future__ import annotations

import pytest
from observed import PRELUDE, Note, notes, seen

SILENT = {
    "a global that another function may give another value": """
class Arrays:
    def mean(self, x):
        return np.mean(x)


backend = Arrays()


def choose(other):
    global backend
    backend = other


def step():
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = backend.mean(w)
    return tape.gradient(y, w)
""",
    "a global that is set through the modules that are loaded": """
import sys


class Arrays:
    def mean(self, x):
        return np.mean(x)


def choose(backend):
    for name in sys.modules:
        setattr(sys.modules[name], "backend", backend)


backend = Arrays()
choose(Arrays())


def step():
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = backend.mean(w)
    return tape.gradient(y, w)
""",
    "a method that a subclass is to define may use anything": """
class Trainer:
    def __init__(self):
        self.w = tf.Variable(2.0)

    def loss(self, x):
        raise NotImplementedError

    def step(self, x):
        with tf.GradientTape() as tape:
            y = self.loss(x)
        return tape.gradient(y, self.w)
""",
    "a parameter may be a variable": """
def step(x):
    with tf.GradientTape() as tape:
        y = x * x
    return tape.gradient(y, x)
""",
    "a parameter that is a model may use any of its variables": """
def step(model, x):
    with tf.GradientTape() as tape:
        y = model(x)
    return tape.gradient(y, model.trainable_variables)
""",
    "an attribute of an unknown object may be a variable": """
def step(self, batch):
    with tf.GradientTape() as tape:
        loss = self.loss_fn(batch["x"] * self.w, batch["y"])
    return tape.gradient(loss, [self.w, self.b])
""",
    "a tape that is a parameter may be persistent": """
def ask(tape, y, x):
    return tape.gradient(y, x), tape.gradient(y, x)

def step(x):
    tape = GradientTape
    return tape
""",
    "defaults are only one of the values a parameter may have": """
def step(x, convert=float):
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = convert(w) * tf.constant(1.0)
    return tape.gradient(y, w)
""",
    "a method of a class whose constructor takes the variables": """
class Model:
    def __init__(self, w):
        self.w = w

    def step(self):
        with tf.GradientTape() as tape:
            y = self.w * self.w
        return tape.gradient(y, self.w)
""",
    "an attribute that another method gives another value": """
class Model:
    def __init__(self):
        self.w = None

    def build(self):
        self.w = tf.Variable(2.0)

    def step(self):
        with tf.GradientTape() as tape:
            y = self.w * self.w
        return tape.gradient(y, self.w)
""",
    "a decorator nobody knows may change the result": """
import somewhere

@somewhere.decorated
def loss(x):
    return float(x)

def step():
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = tf.constant(1.0) * loss(w)
    return tape.gradient(y, w)
""",
    "a base class nobody knows may hold the variables": """
import somewhere

class Model(somewhere.Base):
    def step(self, x):
        with tf.GradientTape() as tape:
            y = self.forward(x)
        return tape.gradient(y, self.parameters)
""",
    "a value that unknown code may have watched": """
import somewhere

def step():
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        somewhere.prepare(tape, [x])
        y = x * x
    return tape.gradient(y, x)
""",
    "a variable that unknown code may read": """
import somewhere

def step():
    w = tf.Variable(2.0)
    model = somewhere.Model(w)
    with tf.GradientTape() as tape:
        y = model.loss()
    return tape.gradient(y, w)
""",
    "a callback that unknown code calls": """
import somewhere

def step():
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = somewhere.integrate(lambda t: t * w, 0.0, 1.0)
    return tape.gradient(y, w)
""",
    "a property that nobody knows": """
def step(layer):
    with tf.GradientTape() as tape:
        y = layer.output * 1.0
    return tape.gradient(y, layer.kernel)
""",
    "a branch that only a parameter decides": """
def step(x, hard):
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = w * x
        if hard:
            y = float(y) * tf.constant(1.0)
    return tape.gradient(y, w)
""",
    "a list that a parameter holds": """
def step(ws):
    total = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        y = total
        for w in ws:
            y = y + w
    return tape.gradient(y, [total, *ws])
""",
}

LOSING = {
    "whatever the parameters are, nothing comes back through NumPy": """
def step(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = np.square(x) * tf.constant(1.0)  # break: numpy
    return tape.gradient(y, x)  # lost: x
""",
    "a variable of the function's own is known": """
def step(x):
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x * w.numpy()  # break: python
    return tape.gradient(y, w)  # lost: w
""",
    "a method that holds the tape": """
class Model:
    def __init__(self):
        self.w = tf.Variable(2.0)

    def loss(self, x):
        return float(self.w) * x  # break: python

    def step(self, x):
        with tf.GradientTape() as tape:
            y = self.loss(x) * tf.constant(1.0)
        return tape.gradient(y, self.w)  # lost: self.w
""",
    "what a trainer does around a method that a subclass is to define": """
class Trainer(tf.keras.Model):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.w = tf.Variable(2.0)

    def call(self, x):
        \"\"\"Compute the prediction.\"\"\"
        raise NotImplementedError("define it")

    def step(self, x):
        with tf.GradientTape() as tape:
            y = float(self.w) * tf.reduce_sum(x) + 0.0 * tf.stop_gradient(self(x))  # break: python
        tape.gradient(y, self.w)  # lost: self.w

    def two_steps(self, x):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(self(x))
        tape.gradient(y, self.w), tape.gradient(y, self.w)  # raises: exhausted
""",
    "a static method and a class method": """
class Model:
    w = tf.Variable(2.0)

    @classmethod
    def step(cls, x):
        with tf.GradientTape() as tape:
            y = x * int(cls.w)  # break: python
        return tape.gradient(y, cls.w)  # lost: w

    @staticmethod
    def other(x):
        with tf.GradientTape() as tape:
            y = x * int(Model.w)  # break: python
        return tape.gradient(y, Model.w)  # lost: w
""",
    "a function of a function": """
def make():
    w = tf.Variable(2.0)

    def step(x):
        with tf.GradientTape() as tape:
            y = x * w.numpy()  # break: python
        return tape.gradient(y, w)  # lost: w

    return step

def train(batches):
    step = make()
    for batch in batches:
        step(batch)
""",
    "a decorated function": """
@tf.function(autograph=False)
def step(x):
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x * tf.constant(3.0)
    return tape.gradient(y, x), tape.gradient(y, w)  # raises: exhausted
""",
    "a tape asked twice, whatever the parameters are": """
def step(x, y):
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = x * y
    return tape.gradient(z, x), tape.gradient(z, y)  # raises: exhausted
""",
    "a function below `if __name__`": """
def main():
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = tf.constant(1.0) * float(w)  # break: python
    tape.gradient(y, w)  # lost: w

if __name__ == "__main__":
    import sys
    sys.exit(main())
""",
    "code after a program was left": """
import sys

def usage():
    print("usage")
    sys.exit(2)

if len(sys.argv) > 5:
    usage()
w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = tf.constant(1.0) * float(w)  # break: python
tape.gradient(y, w)  # lost: w
""",
}


@pytest.mark.parametrize("source", [pytest.param(s, id=name) for name, s in SILENT.items()])
def test_what_may_be_anything_loses_nothing(source: str) -> None:
    assert seen(PRELUDE + source) == set()


@pytest.mark.parametrize("source", [pytest.param(s, id=name) for name, s in LOSING.items()])
def test_what_is_lost_whatever_the_parameters_are_is_named(source: str) -> None:
    expected: set[Note] = set(notes(PRELUDE + source))

    assert expected
    assert seen(PRELUDE + source) == expected
