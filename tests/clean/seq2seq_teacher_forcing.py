"""Tempts: a decoder that feeds back argmax ids or labels by a Python coin, state rebound per step, ragged lengths masked, BLEU-like score in numpy."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(111)
VOCAB, UNITS, START = 9, 10, 1


class Encoder(keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = keras.layers.Embedding(VOCAB, 6, mask_zero=True)
        self.gru = keras.layers.GRU(UNITS, return_sequences=True, return_state=True)

    def call(self, ids):
        return self.gru(self.embedding(ids))


class Decoder(keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = keras.layers.Embedding(VOCAB, 6)
        self.cell = keras.layers.GRUCell(UNITS)
        self.w1, self.w2, self.v = keras.layers.Dense(UNITS), keras.layers.Dense(UNITS, use_bias=False), keras.layers.Dense(1, use_bias=False)
        self.fc = keras.layers.Dense(VOCAB)

    def call(self, token, state, memory):
        score = self.v(tf.nn.tanh(self.w1(memory) + self.w2(state[:, None, :])))
        context = tf.reduce_sum(tf.nn.softmax(score, axis=1) * memory, axis=1)
        out, (state,) = self.cell(tf.concat([self.embedding(token), context], axis=-1), [state])
        return self.fc(out), state


encoder, decoder = Encoder(), Decoder()
optimizer = keras.optimizers.Adam(1e-2)
ce = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")


def loss_function(real, pred):
    mask = tf.cast(tf.logical_not(tf.equal(real, 0)), tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(ce(real, pred) * mask), tf.reduce_sum(mask))


def train_step(inp, targ, teacher_ratio, rng):
    loss, decoded = 0.0, []
    with tf.GradientTape() as tape:
        memory, state = encoder(inp)
        token = tf.fill([len(inp)], START)
        for t in range(targ.shape[1]):
            logits, state = decoder(token, state, memory)
            loss += loss_function(targ[:, t], logits)
            predicted = tf.argmax(logits, axis=-1, output_type=tf.int32)
            decoded.append(predicted.numpy())
            token = targ[:, t] if rng.random() < teacher_ratio else predicted
    batch_loss = loss / int(targ.shape[1])
    variables = encoder.trainable_variables + decoder.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return batch_loss, np.stack(decoded, axis=1)


rng = np.random.default_rng(2)
source = rng.integers(2, VOCAB, (8, 5)).astype("int32")
source[:3, 4:] = 0
target = source[:, ::-1].copy()
for epoch in range(2):
    loss, decoded = train_step(source, tf.constant(target), teacher_ratio=0.6, rng=rng)
    print(epoch, float(loss), "token accuracy", (decoded == target)[target != 0].mean())
