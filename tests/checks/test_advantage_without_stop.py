"""TAP704: policy losses that train the critic."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import advantage_without_stop as rule
from tapelint.model import Role, Severity

HEAD = """\
states, returns = tf.random.normal((64, 4)), tf.random.uniform([64])
actions = tf.zeros([64], tf.int32)
trunk = tf.keras.layers.Dense(16, activation="relu")
policy, critic = tf.keras.layers.Dense(2), tf.keras.layers.Dense(1)
with tf.GradientTape() as tape:
    hidden = trunk(states)
    value = tf.squeeze(critic(hidden), axis=1)
    raw = policy(hidden)
    p = tf.nn.softmax(raw)
    chosen = tf.gather(p, actions, axis=1, batch_dims=1)
    log_prob = tf.math.log(chosen)
    advantage = returns - value
    loss = {}
"""
BOTH = "variables = [*trunk.trainable_variables, *policy.trainable_variables, *critic.trainable_variables]\n"
ALL = f"{HEAD}{BOTH}tape.gradient(loss, variables)\n"


@pytest.mark.parametrize(
    "loss",
    [
        "-tf.reduce_mean(log_prob * tf.stop_gradient(advantage)) + tf.reduce_mean(advantage**2)",
        "-tf.reduce_mean(log_prob * returns) + tf.reduce_mean(advantage**2)",
        # A weight of a loss's own, and what has nothing to do with a policy.
        "-tf.reduce_mean(log_prob * (returns - chosen))",
        "-tf.reduce_mean(log_prob * (1.0 - value))",
        "tf.reduce_mean(tf.square(value) * advantage)",
        "-tf.reduce_mean(log_prob * tf.exp(value))",
    ],
)
def test_what_trains_nobody_by_the_way_is_fine(loss: str) -> None:
    assert linted(rule, ALL.format(loss)) == []


def test_a_request_for_the_actor_alone_is_fine() -> None:
    program = HEAD.format("-tf.reduce_mean(log_prob * advantage)")
    assert linted(rule, f"{program}tape.gradient(loss, policy.trainable_variables)\n") == []


@pytest.mark.parametrize(
    "loss",
    [
        "-tf.reduce_mean(log_prob * advantage) + tf.reduce_mean(advantage**2)",
        "tf.reduce_mean(advantage * -log_prob)",
        "-tf.reduce_sum(log_prob * (returns - value))",
        "-tf.reduce_mean(log_prob * (returns + 0.9 * tf.roll(value, -1, 0) - value))",
        "-tf.reduce_mean(tf.exp(log_prob - tf.stop_gradient(log_prob)) * advantage)",
        "tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(actions, raw) * advantage)",
    ],
)
def test_an_advantage_that_is_differentiated_is_named(loss: str) -> None:
    (finding,) = linted(rule, ALL.format(loss))
    assert finding.message.endswith("the advantage is differentiated too, and trains the critic")
    assert finding.severity is Severity.NOTE
    assert [step.role for step in finding.steps] == [Role.BREAK, Role.TAPE]
