"""Tempts: two players whose variables, tapes and losses are swapped as tuples (a, b = b, a); each tape is asked for its own player once."""
import numpy as np
import tensorflow as tf

tf.random.set_seed(5)
PAYOFF = np.array([[0.0, -1.0, 1.2], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.3]], dtype="float32")


class Player:
    def __init__(self, name):
        self.name = name
        self.logits = tf.Variable(tf.random.normal((3,)), name=name)
        self.opt = tf.keras.optimizers.SGD(0.3)

    def policy(self):
        return tf.nn.softmax(self.logits)


def value(row, col):
    return tf.tensordot(row, tf.linalg.matvec(PAYOFF, col), axes=1)


first, second = Player("row"), Player("col")
for turn in range(4):
    with tf.GradientTape() as tape_a, tf.GradientTape() as tape_b:
        v = value(first.policy(), second.policy())
        loss_a, loss_b = -v, v
    pairs = [(tape_a, loss_a, first), (tape_b, loss_b, second)]
    if turn % 2:
        pairs[0], pairs[1] = pairs[1], pairs[0]
    for tape, loss, player in pairs:
        player.opt.apply_gradients([(tape.gradient(loss, player.logits), player.logits)])
    print(turn, float(v), first.policy().numpy().round(2), second.policy().numpy().round(2))

x, y = tf.Variable([1.0, -0.5]), tf.Variable([0.5, 0.5])
a, b = x, y
for k in range(4):
    with tf.GradientTape() as tape:
        saddle = tf.reduce_sum(a * b) + 0.1 * tf.reduce_sum(a * a) - 0.1 * tf.reduce_sum(b * b)
        saddle = saddle if k % 2 == 0 else -saddle
    grad_a, grad_b = tape.gradient(saddle, (a, b))
    a.assign_sub(0.2 * grad_a)
    b.assign_add(0.2 * grad_b)
    a, b = b, a
print(x.numpy(), y.numpy())

# momentum pairs: the previous and the current point change places, both are rebuilt as Variables
prev, cur = tf.Variable(2.0), tf.Variable(1.5)
for _ in range(4):
    look = tf.Variable(cur + 0.6 * (cur - prev))
    with tf.GradientTape() as tape:
        f = tf.math.log(tf.cosh(look)) + 0.05 * look ** 2
    prev, cur = cur, tf.Variable(look - 0.5 * tape.gradient(f, look))
print(float(prev), float(cur))
