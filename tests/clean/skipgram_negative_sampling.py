"""Tempts: strings to ids by a Python dict, numpy negative sampling, an Embedding layer fed ints; the sparse gradient is turned dense before arithmetic."""
import re
import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import Embedding

tf.random.set_seed(0)
rng = np.random.default_rng(0)
TEXT = "the quick brown fox jumps over the lazy dog while the lazy cat sleeps under the quick sun"
tokens = re.findall(r"\w+", TEXT.lower())
vocab = {w: i for i, w in enumerate(sorted(set(tokens)))}
ids = [vocab[w] for w in tokens]
counts = np.bincount(ids, minlength=len(vocab)) ** 0.75
noise = counts / counts.sum()


def pairs(window=2):
    for c, center in enumerate(ids):
        for o in range(max(0, c - window), min(len(ids), c + window + 1)):
            if o != c:
                yield center, ids[o]


class SkipGram(tf.keras.Model):
    def __init__(self, v, dim):
        super().__init__()
        self.center = Embedding(v, dim, name="center")
        self.context = Embedding(v, dim, name="context")

    def call(self, pair):
        target, context = pair
        return tf.einsum("be,bce->bc", self.center(target), self.context(context))


def dense(g):
    return tf.convert_to_tensor(g) if isinstance(g, tf.IndexedSlices) else g


model = SkipGram(len(vocab), 6)
all_pairs = np.array(list(pairs()))
for start in range(0, 48, 16):
    center, positive = all_pairs[start:start + 16].T
    negatives = rng.choice(len(vocab), size=(len(center), 3), p=noise)
    context = np.concatenate([positive[:, None], negatives], axis=1)
    labels = np.zeros(context.shape, dtype=np.float32)
    labels[:, 0] = 1
    with tf.GradientTape() as tape:
        dots = model((center, context))
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=dots))
    weights = model.trainable_variables
    for w, g in zip(weights, tape.gradient(loss, weights)):
        w.assign(w - 0.5 * dense(g))
    print(start, float(loss))

emb = model.center.get_weights()[0]
emb = emb / np.linalg.norm(emb, axis=1, keepdims=True)
print("nearest to fox:", sorted(vocab, key=lambda w: -emb[vocab[w]] @ emb[vocab["fox"]])[:3])
