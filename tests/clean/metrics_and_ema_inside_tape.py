"""Tempts: metric.update_state, an EMA assign, a float() and an f-string of the loss, all inside the with-block and between model and gradient."""
import logging
import tensorflow as tf
from tensorflow import keras

logging.basicConfig(level=logging.CRITICAL)
log = logging.getLogger("train")
keras.utils.set_random_seed(44)

net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
ema = [tf.Variable(w, trainable=False) for w in net.get_weights()]
loss_ema = tf.Variable(0.0, trainable=False)
n_seen = tf.Variable(0, trainable=False)
metrics = [keras.metrics.MeanSquaredError("mse"), keras.metrics.MeanAbsoluteError("mae"), keras.metrics.Mean("loss")]
best = {"loss": float("inf"), "weights": None}
optimizer = keras.optimizers.Adam(0.01)

x = tf.random.normal((30, 3), seed=2)
y = tf.reduce_sum(x, axis=1, keepdims=True) ** 2

for epoch in range(3):
    for xb, yb in zip(tf.split(x, 3), tf.split(y, 3)):
        with tf.GradientTape() as tape:
            out = net(xb, training=True)
            residual = out - yb
            loss = tf.reduce_mean(tf.square(residual))
            n_seen.assign_add(tf.shape(xb)[0])
            loss_ema.assign(0.9 * loss_ema + 0.1 * loss)
            metrics[0].update_state(yb, out)
            metrics[1](yb, out)
            metrics[2].update_state(loss, sample_weight=len(xb))
            text = f"{float(loss):.3f} (ema {loss_ema.numpy():.3f}, seen {int(n_seen)})"
            log.info("epoch %d: %s", epoch, text)
            if loss.numpy() < best["loss"]:
                best.update(loss=loss.numpy().item(), weights=net.get_weights())
            worst = int(tf.argmax(tf.abs(residual))[0])
            tf.debugging.assert_all_finite(loss, "loss went bad at sample %d" % worst)
        grads = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(grads, net.trainable_variables))
        for shadow, w in zip(ema, net.weights):
            shadow.assign_sub((1.0 - 0.99) * (shadow - w))
    print(epoch, {m.name: round(float(m.result()), 4) for m in metrics})
    for m in metrics:
        m.reset_state()

net.set_weights(best["weights"])
print("best", best["loss"], "ema norm", tf.linalg.global_norm(ema).numpy())
