"""Steps of plain code: operations from the knowledge table, arithmetic, containers, control flow, cuts."""

from __future__ import annotations

from tapelint.analysis import knowledge
from tapelint.analysis.knowledge import Facts, ResultKind
from tests.fuzz.program import Program, Step

# Elementwise candidates; the table decides what each does to a gradient.
UNARY = (
    "tf.sin tf.cos tf.tanh tf.square tf.exp tf.abs tf.negative tf.sigmoid tf.identity tf.math.floor "
    "tf.math.ceil tf.round tf.sign tf.stop_gradient tf.nn.relu tf.nn.softplus tf.zeros_like "
    "tf.ones_like tf.math.rint tf.math.erf tf.math.expm1 tf.nn.softmax tf.sort tf.math.cumsum "
    "tf.nn.l2_normalize tf.math.softsign tf.nn.elu tf.math.reciprocal tf.math.atan"
).split()
BINARY = (
    "tf.add tf.subtract tf.multiply tf.maximum tf.minimum tf.math.squared_difference tf.math.atan2 "
    "tf.math.divide_no_nan tf.math.floordiv"
).split()
TO_INTEGER = ("tf.argmax", "tf.argsort", "tf.shape", "tf.size")
REDUCTIONS = ("tf.reduce_sum", "tf.reduce_mean", "tf.reduce_max", "tf.norm", "tf.reduce_logsumexp")
NUMPY = ("np.sin", "np.square", "np.exp", "np.abs", "np.tanh")


def known(names: list[str]) -> tuple[str, ...]:
    """Return the names that the table has measured and that give one tensor."""
    found = []
    for name in names:
        facts: Facts | None = knowledge.facts(knowledge.canonical(f"tensorflow{name[2:]}"))
        if facts is not None and facts.result is ResultKind.TENSOR:
            found.append(name)
    return tuple(found)


def unary(program: Program) -> None:
    program.add(f"{program.random.choice(known(UNARY))}({program.value()})")


def binary(program: Program) -> None:
    op = program.random.choice(known(BINARY))
    program.add(f"{op}({program.value()}, {program.value()})")


def operator(program: Program) -> None:
    op = program.random.choice(["+", "-", "*"])
    program.add(f"{program.value()} {op} {program.value()}")


def constant(program: Program) -> None:
    program.add(f"{program.value()} * {program.random.choice(['2.0', '0.5', 'np.float32(3.0)'])}")


def call_helper(program: Program) -> None:
    name = program.fresh("f")
    inner = program.random.choice(
        [
            "a * b",
            "tf.sin(a) + b",
            "tf.stop_gradient(a) * b",
            "tf.where(a > 0.0, a, b)",
            "a",
            "b + 1.0",
        ]
    )
    parameters = program.random.choice(["a, b", "a, b=None", "*args"])
    if parameters == "*args":
        program.helpers += [f"def {name}(*args):", "    a, b = args", f"    return {inner}"]
    elif parameters == "a, b=None":
        program.helpers += [
            f"def {name}(a, b=None):", "    if b is None:", "        b = a", f"    return {inner}",
        ]  # fmt: skip
    else:
        program.helpers += [f"def {name}(a, b):", f"    return {inner}"]
    given = program.random.choice([f"{program.value()}, {program.value()}"] * 2 + [program.value()])
    if "," not in given and parameters != "a, b=None":
        given = f"{given}, {program.value()}"
    program.add(f"{name}({given})")


def through_lambda(program: Program) -> None:
    program.add(f"(lambda q, k={program.value()}: q * k)({program.value()})")


def through_list(program: Program) -> None:
    name = program.fresh("items")
    program.body.append(f"{name} = [{program.value()}, {program.value()}]")
    if program.random.random() < 0.5:
        program.body.append(f"{name}.append({program.value()})")
    program.add(
        program.random.choice([f"{name}[0]", f"{name}[-1]", f"sum({name})", f"tf.add_n({name})"])
    )


def through_dict(program: Program) -> None:
    name = program.fresh("held")
    program.body.append(f"{name} = {{'a': {program.value()}, 'b': {program.value()}}}")
    if program.random.random() < 0.3:
        program.body.append(f"{name}['a'] = {program.value()}")
    program.add(program.random.choice([f"{name}['a']", f"{name}['b'] + {name}['a']"]))


def comprehension(program: Program) -> None:
    program.add(
        f"tf.add_n([q * {program.value()} for q in ({program.value()}, {program.value()})])"
    )


def unpacked(program: Program) -> None:
    a, b = program.fresh(), program.fresh()
    program.body.append(f"{a}, {b} = {program.value()}, {program.value()}")
    program.values += [a, b]
    if program.random.random() < 0.3:
        program.body.append(f"{a}, {b} = {b}, {a}")


def loop(program: Program) -> None:
    name = program.fresh()
    program.body.append(f"{name} = {program.value()}")
    turns = program.random.randint(1, 3)
    program.body.append(f"for _ in range({turns}):")
    step = program.random.choice(["* 0.5", f"+ {program.value()}", f"* {program.value()}"])
    program.body.append(f"    {name} = {name} {step}")
    program.values.append(name)


def branch(program: Program) -> None:
    name = program.fresh()
    test = program.random.choice(["flag", "not flag", f"tf.reduce_sum({program.value()}) > 1e9"])
    program.body += [
        f"if {test}:", f"    {name} = {program.value()} * 2.0",
        "else:", f"    {name} = {program.value()} + 1.0",
    ]  # fmt: skip
    program.values.append(name)


def numpy_call(program: Program) -> None:
    program.add(f"tf.constant({program.random.choice(NUMPY)}({program.value()}))")


def python_value(program: Program) -> None:
    how = program.random.choice(
        [
            "tf.constant({v}.numpy())",
            "tf.fill([3], float({v}[0]))",
            "tf.constant({v}.numpy().tolist())",
        ]
    )
    program.add(how.format(v=program.value()))


def integer_cast(program: Program) -> None:
    program.add(f"tf.cast(tf.cast({program.value()}, tf.int32), tf.float32)")


def integer_op(program: Program) -> None:
    op = program.random.choice(known(list(TO_INTEGER)))
    inner = f"{op}({program.value()})"
    program.add(
        f"tf.cast({inner}, tf.float32) * tf.ones([3])"
        if op != "tf.argsort"
        else f"tf.cast({inner}, tf.float32)"
    )


def threshold(program: Program) -> None:
    program.add(f"tf.cast({program.value()} > 0.2, tf.float32)")


def selected(program: Program) -> None:
    program.add(f"tf.where({program.value()} > 0.2, {program.value()}, {program.value()})")


def state_update(program: Program) -> None:
    name = program.fresh("state")
    trainable = program.random.choice(["", ", trainable=False"])
    program.before.append(f"{name} = tf.Variable([0.1, 0.2, 0.3]{trainable})")
    method = program.random.choice(["assign", "assign_add"])
    program.body.append(f"{name}.{method}({program.value()})")
    program.add(f"{name} * 1.5")


def rewrapped(program: Program) -> None:
    program.add(f"tf.Variable({program.value()}) * 2.0")


def paused(program: Program) -> None:
    name = program.fresh()
    program.body += ["with tape.stop_recording():", f"    {name} = {program.value()} * 3.0"]
    program.values.append(name)


def reduced(program: Program) -> None:
    op = program.random.choice(known(list(REDUCTIONS)))
    program.add(f"{op}({program.value()}) * tf.ones([3])")


def indexed(program: Program) -> None:
    v = program.value()
    program.add(program.random.choice(
        [f"tf.stack([{v}[0], {v}[1], {v}[2]])", f"{v}[::-1]", f"tf.gather({v}, [2, 1, 0])",
         f"tf.concat([{v}[1:], {v}[:1]], 0)"]
    ))  # fmt: skip


PLAIN: tuple[tuple[Step, int], ...] = (
    (unary, 8), (binary, 5), (operator, 8), (constant, 3), (call_helper, 4), (through_lambda, 2),
    (through_list, 3), (through_dict, 2), (comprehension, 2), (unpacked, 2), (loop, 3), (branch, 2),
    (numpy_call, 1), (python_value, 1), (integer_cast, 1), (integer_op, 1), (threshold, 1),
    (selected, 2), (state_update, 1), (rewrapped, 1), (paused, 1), (reduced, 2), (indexed, 3),
)  # fmt: skip
