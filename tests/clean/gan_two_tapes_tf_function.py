"""Tempts: two tapes in one with-statement, each asked once, for variables of different models, inside a tf.function that also updates metrics."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(2)
bce = keras.losses.BinaryCrossentropy(from_logits=True)
noise_dim, batch = 4, 8


def mlp(n_in, n_out, **kw):
    return keras.Sequential([keras.layers.Input((n_in,)), keras.layers.Dense(16, activation="relu"),
                             keras.layers.BatchNormalization(), keras.layers.Dense(n_out, **kw)])


G = mlp(noise_dim, 2, activation="tanh")
D = mlp(2, 1)
gen_opt, disc_opt = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)
d_metric = keras.metrics.Mean(name="d_loss")
d_acc = keras.metrics.BinaryAccuracy(threshold=0.0)
steps = tf.Variable(0, dtype=tf.int64, trainable=False)


@tf.function
def train_step(real):
    z = tf.random.normal([batch, noise_dim])
    with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
        fake = G(z, training=True)
        real_out = D(real, training=True)
        fake_out = D(fake, training=True)
        gen_loss = bce(tf.ones_like(fake_out), fake_out)
        disc_loss = bce(tf.ones_like(real_out), real_out) + bce(tf.zeros_like(fake_out), fake_out)
        steps.assign_add(1)
        d_metric.update_state(disc_loss)
        d_acc.update_state(tf.ones_like(real_out), real_out)
    g_grads = gen_tape.gradient(gen_loss, G.trainable_variables)
    d_grads = disc_tape.gradient(disc_loss, D.trainable_variables)
    gen_opt.apply_gradients(zip(g_grads, G.trainable_variables))
    disc_opt.apply_gradients(zip(d_grads, D.trainable_variables))
    return gen_loss, disc_loss


angles = tf.random.uniform((32,), 0.0, 6.28)
points = tf.stack([tf.cos(angles), tf.sin(angles)], axis=1)
dataset = tf.data.Dataset.from_tensor_slices(points).shuffle(32).batch(batch, drop_remainder=True)

for epoch in range(2):
    d_metric.reset_state()
    for real in dataset:
        g, d = train_step(real)
    print(epoch, int(steps), float(g), float(d_metric.result()), d_acc.result().numpy())
