"""Tempts: hard assignments by argmax and bincount for display inside the tape, logsumexp responsibilities keep the path; a python float n in the mean."""
import numpy as np
import tensorflow as tf
from functools import partial

gen = np.random.default_rng(1)
data = np.concatenate([gen.normal(m, 0.4, (15, 2)) for m in ((0, 0), (3, 1), (-2, 2))]).astype("f4")
K = 3

means = tf.Variable(data[gen.choice(len(data), K, replace=False)], name="means")
log_scales = tf.Variable(tf.zeros((K, 2)), name="log_scales")
mix_logits = tf.Variable([0.1, 0.0, -0.1], name="mix_logits")
variables = (means, log_scales, mix_logits)


def component_log_prob(x, mu, log_s):
    z = (x[:, None, :] - mu) * tf.exp(-log_s)
    return tf.reduce_sum(-0.5 * z ** 2 - log_s - 0.5 * tf.math.log(2.0 * np.pi), axis=-1)


def neg_log_lik(x, prior_strength):
    log_joint = tf.nn.log_softmax(mix_logits) + component_log_prob(x, means, log_scales)
    ll = tf.reduce_logsumexp(log_joint, axis=1)
    penalty = prior_strength * tf.reduce_sum(tf.square(log_scales))
    return (penalty - tf.reduce_sum(ll)) / float(len(x)), log_joint


objective = partial(neg_log_lik, prior_strength=0.01)
optimiser = tf.keras.optimizers.Adam(5e-2)
last = None
for epoch in range(5):
    with tf.GradientTape() as tape:
        loss, log_joint = objective(data)
        hard = tf.argmax(log_joint, axis=1)
        counts = np.bincount(hard.numpy(), minlength=K)
        resp = tf.nn.softmax(log_joint).numpy()
    optimiser.apply_gradients(zip(tape.gradient(loss, variables), variables))
    if last is not None and abs(last - loss.numpy()) < 1e-6:
        break
    last = loss.numpy()
    print(epoch, last, counts, resp.max(axis=1).mean().round(3))
