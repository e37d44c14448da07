"""Tempts: edge indices are ints that pass gather, unsorted_segment_sum, unique and bincount; degrees are cast and divided safely; node features flow."""
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(33)
rng = np.random.default_rng(33)
N_NODES = 10
edges = np.unique(rng.integers(0, N_NODES, (30, 2)), axis=0)
edges = edges[edges[:, 0] != edges[:, 1]]
src, dst = tf.constant(edges[:, 0]), tf.constant(edges[:, 1])
unique_targets, _ = tf.unique(dst)
in_degree = tf.cast(tf.math.bincount(tf.cast(dst, tf.int32), minlength=N_NODES), tf.float32)
features = rng.normal(size=(N_NODES, 4)).astype(np.float32)
labels = (features[:, 0] + features[:, 1] > 0).astype(np.int32)
train_mask = np.arange(N_NODES) % 3 != 0


class GraphConv(tf.keras.layers.Layer):
    def __init__(self, units, activation=None):
        super().__init__()
        self.message = tf.keras.layers.Dense(units, use_bias=False)
        self.update = tf.keras.layers.Dense(units, activation=activation)
        self.attend = tf.keras.layers.Dense(1, use_bias=False)

    def call(self, h):
        m = self.message(tf.gather(h, src))
        score = tf.nn.leaky_relu(self.attend(tf.concat([m, tf.gather(h, dst)], axis=-1)))
        score = tf.exp(score - tf.gather(tf.math.unsorted_segment_max(tf.stop_gradient(score), dst, N_NODES), dst))
        norm = tf.math.unsorted_segment_sum(score, dst, N_NODES)
        weight = score / (tf.gather(norm, dst) + 1e-9)
        total = tf.math.unsorted_segment_sum(weight * m, dst, N_NODES)
        total = tf.math.divide_no_nan(total, tf.sqrt(in_degree + 1.0)[:, None])
        return self.update(tf.concat([h, total], axis=-1))


layers = [GraphConv(8, "relu"), GraphConv(8, "relu")]
classifier = tf.keras.layers.Dense(2)
opt = tf.keras.optimizers.Adam(1e-2)
for epoch in range(3):
    with tf.GradientTape() as tape:
        h = tf.convert_to_tensor(features)
        for layer in layers:
            h = layer(h)
        logits = tf.boolean_mask(classifier(h), train_mask)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels[train_mask], logits))
    variables = [v for l in (*layers, classifier) for v in l.trainable_variables]
    opt.apply_gradients(zip(tape.gradient(loss, variables), variables))
    hits = tf.reduce_mean(tf.cast(tf.math.in_top_k(labels[train_mask], tf.stop_gradient(logits), 1), tf.float32))
    print(epoch, float(loss), float(hits), "nodes reached", len(unique_targets))
