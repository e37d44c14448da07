"""Steps through Keras: layers, models and losses, whose variables are sources as well."""

from __future__ import annotations

from tests.fuzz.program import Program, Step


def a_dense(program: Program) -> None:
    layer = program.fresh("layer")
    activation = program.random.choice(
        ["", ", activation='tanh'", ", activation=keras.ops.sigmoid"]
    )
    program.before.append(f"{layer} = keras.layers.Dense(3{activation})")
    if program.random.random() < 0.3:
        program.before.append(f"{layer}.build((None, 3))")
    if program.random.random() < 0.2:
        # Fact of Keras: the variables named one by one get their gradients all the same.
        program.before.append(f"{layer}.trainable = False")
    program.add(f"{layer}({program.value()}[None])[0]")
    program.sources += [f"{layer}.kernel", f"{layer}.bias"]


def a_sequential(program: Program) -> None:
    model = program.fresh("model")
    middle = program.random.choice(
        ["keras.layers.ReLU()", "keras.layers.Dropout(0.5)", "keras.layers.LayerNormalization()"]
    )
    program.before.append(
        f"{model} = keras.Sequential([keras.layers.Dense(3), {middle}, keras.layers.Dense(3)])"
    )
    call = program.random.choice(["", ", training=False"])
    program.add(f"{model}({program.value()}[None]{call})[0]")
    program.sources += [f"{model}.layers[0].kernel", f"{model}.trainable_variables[-1]"]


def a_functional(program: Program) -> None:
    model, given, hidden = program.fresh("model"), program.fresh("given"), program.fresh("hidden")
    second = program.random.choice([hidden, given])
    program.before += [
        f"{given} = keras.Input((3,))",
        f"{hidden} = keras.layers.Dense(3, activation='relu', name='{hidden}')({given})",
        f"{model} = keras.Model({given}, [{hidden}, keras.layers.Dense(3)({second})])",
    ]
    program.add(f"{model}({program.value()}[None])[{program.random.choice('01')}][0]")
    program.sources += [f"{model}.get_layer('{hidden}').kernel", f"{model}.trainable_variables[2]"]


def a_layer_class(program: Program) -> None:
    cls, layer = program.fresh("Layer"), program.fresh("layer")
    inner = program.random.choice(
        ["x * self.scale", "x * self.scale + self.shift", "x + tf.stop_gradient(self.shift)"]
    )
    program.helpers += [
        f"class {cls}(keras.layers.Layer):",
        "    def build(self, shape):",
        "        self.scale = self.add_weight(shape=(3,), initializer='ones', name='scale')",
        "        self.shift = self.add_weight(shape=(3,), initializer='ones', name='shift')",
        "    def call(self, x):",
        f"        return {inner}",
    ]
    program.before.append(f"{layer} = {cls}()")
    program.add(f"{layer}({program.value()})")
    program.sources += [f"{layer}.scale", f"{layer}.shift"]


def a_model_class(program: Program) -> None:
    cls, model = program.fresh("Net"), program.fresh("net")
    used = program.random.choice(["self.first(x)", "self.second(self.first(x))", "x * self.gain"])
    program.helpers += [
        f"class {cls}(keras.Model):",
        "    def __init__(self):",
        "        super().__init__()",
        "        self.first = keras.layers.Dense(3)",
        "        self.second = keras.layers.Dense(3)",
        "        self.gain = self.add_weight(shape=(3,), initializer='ones', name='gain')",
        "    def call(self, x):",
        f"        return {used}",
    ]
    program.before += [f"{model} = {cls}()", f"{model}.first.build((None, 3))"]
    program.add(f"{model}({program.value()}[None])[0]")
    program.sources += [f"{model}.first.kernel", f"{model}.gain"]


def a_loss(program: Program) -> None:
    loss = program.random.choice(
        [
            "keras.losses.MeanSquaredError()",
            "keras.losses.mean_absolute_error",
            "keras.losses.Huber()",
        ]
    )
    program.add(f"{loss}({program.value()}, {program.value()}) * tf.ones([3])")


def keras_ops(program: Program) -> None:
    op = program.random.choice("sin tanh square relu round argsort stop_gradient softmax".split())
    program.add(f"tf.cast(keras.ops.{op}({program.value()}), tf.float32)")


KERAS: tuple[tuple[Step, int], ...] = (
    (a_dense, 3), (a_sequential, 2), (a_functional, 2), (a_layer_class, 2), (a_model_class, 2),
    (a_loss, 2), (keras_ops, 2),
)  # fmt: skip
