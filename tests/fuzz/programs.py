"""Random tape programs: sources, steps of the grammar, and a frame that holds the tape and asks it.

A program is text that runs by itself and leaves `answers`: what its requests gave, in the order in
which they were made. The same seed gives the same program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.fuzz.layers import KERAS
from tests.fuzz.objects import OBJECTS
from tests.fuzz.plain import PLAIN
from tests.fuzz.program import Program

IMPORTS = (
    "import collections", "import dataclasses", "import functools", "import keras",
    "import numpy as np", "import tensorflow as tf", "",
)  # fmt: skip
# Not possible, or another thing, within a graph: values that leave TensorFlow, new variables.
EAGER = (".numpy(", "np.", "float(", "Variable(", ".assign", "tf.constant(", "keras.", "layer", "model",
         "net", "tape.")  # fmt: skip


def sources(program: Program) -> None:
    """Make two to four sources of various kinds; some are watched."""
    for _ in range(program.random.randint(2, 4)):
        name = program.fresh("s")
        kind = program.random.choice(
            ["variable"] * 5 + ["frozen", "watched", "watched", "constant", "integer", "keras"]
        )
        numbers = [round(program.random.uniform(-1.5, 1.5), 2) for _ in range(3)]
        match kind:
            case "variable":
                program.before.append(f"{name} = tf.Variable({numbers})")
            case "keras":
                program.before.append(f"{name} = keras.Variable({numbers})")
            case "frozen":
                program.before.append(f"{name} = tf.Variable({numbers}, trainable=False)")
            case "integer":
                program.before.append(f"{name} = tf.Variable([1, 2, 3])")
            case _:
                program.before.append(f"{name} = tf.constant({numbers})")
        if kind == "watched":
            program.body.append(f"tape.watch({name})")
        program.sources.append(name)
        program.values.append(f"tf.cast({name}, tf.float32)" if kind == "integer" else name)


def outside(program: Program) -> None:
    """Compute something before the tape."""
    if program.random.random() < 0.2:
        name = program.fresh("early")
        program.before.append(f"{name} = {program.value()} * 2.0")
        program.values.append(name)


# ---------------------------------------------------------------------- the tape and its requests


def indented(lines: Sequence[str], by: int = 1) -> list[str]:
    return ["    " * by + line for line in lines]


def target(program: Program) -> str:
    """Return a scalar made of the last value and some others."""
    used = program.random.sample(
        program.values, min(len(program.values), program.random.randint(1, 3))
    )
    return " + ".join(f"tf.reduce_sum({name})" for name in [program.values[-1], *used])


def request(program: Program, tape: str, what: str) -> str:
    """Return a request for all sources, in one of the structures they may have."""
    listed = ", ".join(program.sources)
    keyed = ", ".join(f"'k{i:02}': {name}" for i, name in enumerate(program.sources))
    form = program.random.choice([f"[{listed}]"] * 3 + [f"({listed},)", f"{{{keyed}}}"])
    return f"tf.nest.flatten({tape}.gradient({what}, {form}))"


def plain(program: Program) -> list[str]:
    options = program.random.choice(["", "", "", "persistent=True"])
    return [
        f"with tf.GradientTape({options}) as tape:",
        *indented([*program.body, f"target = {target(program)}"]),
        f"answers = {request(program, 'tape', 'target')}",
    ]


def in_function(program: Program) -> list[str]:
    return [
        "def run():",
        "    with tf.GradientTape() as tape:",
        *indented([*program.body, f"target = {target(program)}"], 2),
        f"    return {request(program, 'tape', 'target')}",
        "answers = run()",
    ]


def in_graph(program: Program) -> list[str]:
    """Run it as a graph, where nothing in it needs to be eager."""
    lines = in_function(program)
    if any(word in line for line in program.body for word in EAGER):
        return lines
    return ["@tf.function", *lines]


def in_method(program: Program) -> list[str]:
    return [
        "class Trainer:",
        "    def __init__(self):",
        "        self.tape = None",
        "    def loss(self, tape):",
        *indented([*program.body, f"return {target(program)}"], 2),
        "    def step(self):",
        "        with tf.GradientTape() as self.tape:",
        "            self.target = self.loss(self.tape)",
        f"        return {request(program, 'self.tape', 'self.target')}",
        "trainer = Trainer()",
        "answers = trainer.step()",
    ]


def asked_twice(program: Program) -> list[str]:
    first, second = target(program), program.value()
    return [
        "with tf.GradientTape(persistent=True) as tape:",
        *indented([*program.body, f"target = {first}"]),
        f"    other = tf.reduce_sum({second})",
        f"answers = {request(program, 'tape', 'target')} + {request(program, 'tape', 'other')}",
    ]


def watching_nothing(program: Program) -> list[str]:
    watched = program.random.sample(program.sources, 1)
    is_keras = any(
        f"{name} = keras.Variable" in line for line in program.before for name in watched
    )
    first = [f"tape.watch({watched[0]})"] if watched[0].isidentifier() and not is_keras else []
    return [
        "with tf.GradientTape(watch_accessed_variables=False) as tape:",
        *indented([*first, *program.body, f"target = {target(program)}"]),
        f"answers = {request(program, 'tape', 'target')}",
    ]


def nested(program: Program) -> list[str]:
    """Differentiate a first derivative."""
    watched = [
        line.replace("tape", "outer") for line in program.body if line.startswith("tape.watch(")
    ]
    return [
        "with tf.GradientTape() as outer:",
        *indented(watched),
        "    with tf.GradientTape() as tape:",
        *indented([*program.body, f"target = {target(program)}"], 2),
        f"    first = {request(program, 'tape', 'target')}",
        "    there = [tf.cast(g, tf.float32) for g in first if g is not None]",
        "    slope = sum(tf.reduce_sum(g**2.0) for g in there)",
        f"answers = first + {request(program, 'outer', 'slope')}",
    ]


FRAMES: tuple[tuple[Callable[[Program], list[str]], int], ...] = (
    (plain, 6), (in_function, 2), (in_graph, 2), (in_method, 2), (asked_twice, 2),
    (watching_nothing, 1), (nested, 2),
)  # fmt: skip


def generate(seed: int) -> str:
    """Return the source of the program with this seed."""
    program = Program(seed)
    sources(program)
    outside(program)
    grammar = program.random.choice([PLAIN, (*PLAIN, *OBJECTS), (*PLAIN, *OBJECTS, *KERAS)])
    steps, weights = zip(*grammar, strict=True)
    for step in program.random.choices(steps, weights, k=program.random.randint(3, 12)):
        step(program)
    frames, chances = zip(*FRAMES, strict=True)
    (frame,) = program.random.choices(frames, chances)
    lines = frame(program)
    flag = f"flag = {program.random.choice([True, False])}"
    return "\n".join([*IMPORTS, flag, *program.helpers, *program.before, *lines]) + "\n"
