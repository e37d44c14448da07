"""Tempts: masks from comparisons and casts, -1e9 added to scores, positional encodings in numpy, int token ids, argmax decoding in the log."""
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(61)
VOCAB, LEN, DIM, PAD = 15, 7, 8, 0


def positional_encoding(length, depth):
    pos = np.arange(length)[:, None]
    rate = 1 / (10000 ** (np.arange(depth // 2)[None] / (depth // 2)))
    return np.concatenate([np.sin(pos * rate), np.cos(pos * rate)], axis=-1).astype(np.float32)


class SelfAttention(layers.Layer):
    def __init__(self, dim):
        super().__init__()
        self.q, self.k, self.v, self.o = (layers.Dense(dim, use_bias=False) for _ in range(4))

    def call(self, x, mask):
        q, k, v = self.q(x), self.k(x), self.v(x)
        scores = tf.matmul(q, k, transpose_b=True) / tf.math.sqrt(tf.cast(tf.shape(k)[-1], tf.float32))
        scores += (1.0 - mask) * -1e9
        return self.o(tf.matmul(tf.nn.softmax(scores), v))


class TinyTransformer(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = layers.Embedding(VOCAB, DIM)
        self.pos = positional_encoding(LEN, DIM)
        self.attention, self.norm = SelfAttention(DIM), layers.LayerNormalization()
        self.ffn = tf.keras.Sequential([layers.Dense(16, "relu"), layers.Dense(DIM)])
        self.head = layers.Dense(VOCAB)

    def call(self, ids):
        keep = tf.cast(tf.not_equal(ids, PAD), tf.float32)[:, None, :]
        causal = tf.linalg.band_part(tf.ones((LEN, LEN)), -1, 0)
        x = self.embedding(ids) * np.sqrt(DIM).astype("float32") + self.pos[None]
        x = self.norm(x + self.attention(x, tf.minimum(keep, causal)))
        return self.head(x + self.ffn(x))


def masked_loss(labels, logits):
    mask = tf.cast(labels != PAD, tf.float32)
    losses = tf.keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    return tf.reduce_sum(losses * mask) / tf.maximum(tf.reduce_sum(mask), 1.0)


rng = np.random.default_rng(0)
tokens = rng.integers(1, VOCAB, (16, LEN + 1))
tokens[::3, 5:] = PAD
inputs, labels = tokens[:, :-1], tokens[:, 1:]
model = TinyTransformer()
opt = tf.keras.optimizers.Adam(1e-2)
for step in range(3):
    with tf.GradientTape() as tape:
        logits = model(inputs)
        loss = masked_loss(tf.constant(labels, dtype=tf.int64), logits)
    variables = model.trainable_variables
    grads, norm = tf.clip_by_global_norm(tape.gradient(loss, variables), 1.0)
    opt.apply_gradients(zip(grads, variables))
    correct = (np.argmax(logits, -1) == labels)[labels != PAD].mean()
    print(step, float(loss), float(norm), f"{correct:.1%}")
