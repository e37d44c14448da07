"""Steps through functions and objects of the program's own: what Python does with a tensor on its way."""

from __future__ import annotations

from tests.fuzz.program import Program, Step


def a_class(program: Program) -> None:
    cls, made = program.fresh("Unit"), program.fresh("unit")
    program.helpers += [
        f"class {cls}:",
        "    def __init__(self, k):",
        "        self.k = k",
        "        self.last = None",
        "    def __call__(self, x):",
        "        self.last = x * self.k",
        "        return self.scaled(self.last)",
        "    def scaled(self, x):",
        f"        return x {program.random.choice(['+ 1.0', '* 2.0'])}",
        "    @property",
        "    def doubled(self):",
        "        return self.last * 2.0",
    ]
    if program.random.random() < 0.4:
        base, cls = cls, program.fresh("Unit")
        program.helpers += [
            f"class {cls}({base}):",
            "    def scaled(self, x):",
            f"        return {program.random.choice(['super().scaled(x) * 0.5', 'self.k + 0.0', 'x'])}",
        ]
    program.body.append(f"{made} = {cls}({program.value()})")
    program.add(f"{made}({program.value()})")
    program.add(program.random.choice([f"{made}.doubled", f"{made}.k", f"{made}.last"]))


def a_record(program: Program) -> None:
    cls, made = program.fresh("Pair"), program.fresh("pair")
    if program.random.random() < 0.5:
        program.helpers += [
            "@dataclasses.dataclass",
            f"class {cls}:",
            "    a: object",
            "    b: object = 2.0",
        ]
    else:
        program.helpers.append(f"{cls} = collections.namedtuple('{cls}', 'a b')")
    program.body.append(f"{made} = {cls}({program.value()}, b={program.value()})")
    program.add(f"{made}.a * {program.random.choice([f'{made}.b', '2.0'])}")


def a_generator(program: Program) -> None:
    name = program.fresh("parts")
    program.helpers += [f"def {name}(*given):", "    for one in given:", "        yield one * 0.5"]
    call = f"{name}({program.value()}, {program.value()})"
    program.add(
        program.random.choice(
            [f"sum({call})", f"next({call})", f"tf.add_n(list({call}))", f"[*{call}][1]"]
        )
    )


def a_closure(program: Program) -> None:
    name = program.fresh("make")
    program.helpers += [
        f"def {name}(held):",
        "    total = held * 1.0",
        "    def inner(x):",
        "        nonlocal total",
        f"        total = {program.random.choice(['total + x', 'x', 'total * 1.0'])}",
        "        return total",
        "    return inner",
    ]
    program.add(f"{name}({program.value()})({program.value()})")


def a_partial(program: Program) -> None:
    name = program.fresh("f")
    program.helpers += [f"def {name}(a, b, *, c=1.0):", "    return a * c + b"]
    keyword = program.random.choice(["", f", c={program.value()}"])
    program.add(f"functools.partial({name}, {program.value()}{keyword})(b={program.value()})")


def a_decorator(program: Program) -> None:
    wrapper, name = program.fresh("wrap"), program.fresh("f")
    result = program.random.choice(["function(*args)", "function(*args) * 2.0", "args[0] * 1.0"])
    program.helpers += [
        f"def {wrapper}(function):",
        "    @functools.wraps(function)",
        "    def inner(*args):",
        f"        return {result}",
        "    return inner",
        f"@{wrapper}",
        f"def {name}(a, b):",
        "    return a * b",
    ]
    program.add(f"{name}({program.value()}, {program.value()})")


def a_recursion(program: Program) -> None:
    name = program.fresh("f")
    program.helpers += [
        f"def {name}(x, n):",
        "    if n == 0:",
        "        return x",
        f"    return {name}(x * 0.5, n - 1)",
    ]
    program.add(f"{name}({program.value()}, {program.random.randint(1, 3)})")


def an_exception(program: Program) -> None:
    name = program.fresh()
    raised = program.random.choice(["raise ValueError('no')", "pass"])
    program.body += [
        "try:", f"    {name} = {program.value()} * 2.0", f"    {raised}",
        "except ValueError:", f"    {name} = {program.value()} * 3.0",
        "finally:", f"    {name} = {name} + 1.0",
    ]  # fmt: skip
    program.values.append(name)


def a_while(program: Program) -> None:
    name, turns = program.fresh(), program.fresh("n")
    program.body += [
        f"{name}, {turns} = {program.value()}, 0",
        f"while {turns} < {program.random.randint(1, 3)}:",
        f"    {name} = {name} * {program.value()}",
        f"    {turns} += 1",
    ]
    program.values.append(name)


def a_walrus(program: Program) -> None:
    name = program.fresh()
    program.body.append(f"if ({name} := {program.value()} * 0.5) is not None:")
    program.body.append(f"    {name} = {name} + {program.value()}")
    program.values.append(name)


def pairs(program: Program) -> None:
    a, b = [f"[{program.value()}, {program.value()}]" for _ in range(2)]
    program.add(program.random.choice([
        f"sum(p * q for p, q in zip({a}, {b}))",
        f"tf.add_n([q * float(i) for i, q in enumerate({a})])",
        f"functools.reduce(lambda p, q: p * q, {a})",
        f"tf.add_n(list(map(tf.sin, {b})))",
        f"[*{a}, *{b}][{program.random.randint(0, 3)}]",
        f"dict(zip('ab', {a}))['{program.random.choice('ab')}']",
    ]))  # fmt: skip


def graph_function(program: Program) -> None:
    name = program.fresh("f")
    inner = program.random.choice(
        ["a * b", "tf.sin(a)", "tf.stop_gradient(a) + b", "a if flag else b"]
    )
    decorator = program.random.choice(["@tf.function", "@tf.function(reduce_retracing=True)"])
    program.helpers += [decorator, f"def {name}(a, b):", f"    return {inner}"]
    program.add(f"{name}({program.value()}, {program.value()})")


def graph_control(program: Program) -> None:
    x, y = program.value(), program.value()
    program.add(program.random.choice([
        f"tf.cond(tf.reduce_sum({x}) > 1e9, lambda: {x} * 2.0, lambda: {y} + 1.0)",
        f"tf.while_loop(lambda i, t: i < 2, lambda i, t: (i + 1, t * {y}), (0, {x} * 1.0))[1]",
        f"tf.map_fn(lambda e: e * 2.0, {x})",
        f"tf.map_fn(lambda e: e[0] * e[1], ({x}, {y}), fn_output_signature=tf.float32)",
        f"tf.foldl(lambda t, e: t + e, {x}) * tf.ones([3])",
        f"tf.vectorized_map(lambda e: e * 3.0, {x})",
        f"tf.recompute_grad(lambda p: p * 2.0)({x})",
    ]))  # fmt: skip


def custom_gradient(program: Program) -> None:
    name = program.fresh("f")
    back = program.random.choice(["up * 2.0", "tf.clip_by_value(up, -1.0, 1.0)", "None"])
    program.helpers += [
        "@tf.custom_gradient",
        f"def {name}(x):",
        "    def grad(up):",
        f"        return {back}",
        "    return tf.square(x), grad",
    ]
    program.add(f"{name}({program.value()})")


OBJECTS: tuple[tuple[Step, int], ...] = (
    (a_class, 4), (a_record, 2), (a_generator, 2), (a_closure, 2), (a_partial, 2), (a_decorator, 2),
    (a_recursion, 1), (an_exception, 1), (a_while, 1), (a_walrus, 1), (pairs, 3),
    (graph_function, 2), (graph_control, 3), (custom_gradient, 1),
)  # fmt: skip
