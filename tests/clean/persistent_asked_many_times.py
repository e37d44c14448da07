"""Tempts: one persistent tape asked for every class, layer and loss after the with-block, then del; a second one asked in a loop over sources."""
import tensorflow as tf
import numpy as np

tf.keras.utils.set_random_seed(32)
L = tf.keras.layers
inputs = L.Input((4,))
hidden = L.Dense(6, activation="tanh", name="hidden")(inputs)
logits = L.Dense(3, name="logits")(hidden)
recon = L.Dense(4, name="recon")(hidden)
model = tf.keras.Model(inputs, [hidden, logits, recon])
x = tf.random.normal((8, 4))
y = tf.argmax(x[:, :3], axis=1)

with tf.GradientTape(persistent=True) as tape:
    tape.watch(x)
    h, z, r = model(x)
    losses = {
        "class": tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z)),
        "recon": tf.reduce_mean(tf.math.squared_difference(r, x)),
    }
    per_class = [z[:, k] for k in range(3)]
    accuracy = np.mean(np.argmax(z.numpy(), axis=1) == y.numpy())

saliency = tf.stack([tape.gradient(c, x) for c in per_class])
print("saliency per class", tf.norm(saliency, axis=[1, 2]).numpy(), "accuracy", accuracy)
for name, loss in losses.items():
    g_hidden = tape.gradient(loss, h)
    g_kernel = tape.gradient(loss, model.get_layer("hidden").kernel)
    print(name, tf.norm(g_hidden).numpy(), tf.norm(g_kernel).numpy())
balance = float(tf.norm(tape.gradient(losses["class"], h)) / tf.norm(tape.gradient(losses["recon"], h)))
del tape

opt = {"class": tf.keras.optimizers.Adam(1e-2), "recon": tf.keras.optimizers.SGD(1e-2)}
groups = {
    "class": model.get_layer("logits").trainable_variables,
    "recon": model.get_layer("recon").trainable_variables + model.get_layer("hidden").trainable_variables,
}
for _ in range(2):
    with tf.GradientTape(persistent=True) as tape:
        _, z, r = model(x, training=True)
        losses["class"] = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z))
        losses["recon"] = balance * tf.reduce_mean((r - x) ** 2)
    grads = {k: tape.gradient(losses[k], groups[k]) for k in groups}
    for k in groups:
        opt[k].apply_gradients(zip(grads[k], groups[k]))
    del tape
    print({k: float(v) for k, v in losses.items()})
