"""Tempts: int tags used for gather_nd, a Viterbi decode with argmax under the same tape, sequence masks cast from comparisons, numpy lengths."""
import numpy as np
import tensorflow as tf

tf.random.set_seed(48)
rng = np.random.default_rng(48)
N_TAGS, DIM, B, T = 4, 5, 6, 7


class CRF(tf.Module):
    def __init__(self, n):
        self.transitions = tf.Variable(tf.random.normal((n, n), stddev=0.1), name="transitions")
        self.start = tf.Variable(tf.zeros((n,)), name="start")

    def score(self, emissions, tags, mask):
        picked = tf.gather(emissions, tags, axis=2, batch_dims=2)
        total = tf.reduce_sum(picked * mask, axis=1) + tf.gather(self.start, tags[:, 0])
        pairs = tf.stack([tags[:, :-1], tags[:, 1:]], axis=-1)
        return total + tf.reduce_sum(tf.gather_nd(self.transitions, pairs) * mask[:, 1:], axis=1)

    def log_partition(self, emissions, mask):
        alpha = self.start + emissions[:, 0]
        for t in range(1, emissions.shape[1]):
            step = tf.reduce_logsumexp(alpha[:, :, None] + self.transitions, axis=1) + emissions[:, t]
            alpha = tf.where(mask[:, t, None] > 0, step, alpha)
        return tf.reduce_logsumexp(alpha, axis=1)

    def decode(self, emissions):
        delta, pointers = self.start + emissions[:, 0], []
        for t in range(1, emissions.shape[1]):
            scores = delta[:, :, None] + self.transitions
            pointers.append(tf.argmax(scores, axis=1).numpy())
            delta = tf.reduce_max(scores, axis=1) + emissions[:, t]
        best = [np.argmax(delta, axis=1)]
        for back in reversed(pointers):
            best.append(back[np.arange(len(back)), best[-1]])
        return np.stack(best[::-1], axis=1)


crf, emit = CRF(N_TAGS), tf.keras.layers.Dense(N_TAGS)
opt = tf.keras.optimizers.Adam(0.05)
x = rng.normal(size=(B, T, DIM)).astype(np.float32)
tags = x[..., :N_TAGS].argmax(axis=-1)
lengths = rng.integers(3, T + 1, size=B)
mask = tf.cast(tf.sequence_mask(lengths, T), tf.float32)
real = mask.numpy().astype(bool)

for epoch in range(4):
    with tf.GradientTape() as tape:
        emissions = emit(x)
        log_lik = crf.score(emissions, tf.constant(tags), mask) - crf.log_partition(emissions, mask)
        nll = -tf.reduce_mean(log_lik / tf.cast(lengths, tf.float32))
        accuracy = (crf.decode(emissions) == tags)[real].mean()
    params = [*crf.trainable_variables, *emit.trainable_variables]
    grads = tape.gradient(nll, params)
    opt.apply_gradients((g, p) for g, p in zip(grads, params))
    print(epoch, float(nll), round(float(accuracy), 3))
