"""Tempts: np.linspace alphas, argmax of predict for the class, interpolated images watched in chunks, TensorArray of gradients, numpy trapezoid afterwards."""
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(38)
model = tf.keras.Sequential([
    tf.keras.layers.Input((6, 6, 3)),
    tf.keras.layers.Conv2D(4, 3, activation="softplus"),
    tf.keras.layers.GlobalAveragePooling2D(),
    tf.keras.layers.Dense(4),
])


def interpolate_images(baseline, image, alphas):
    alphas_x = alphas[:, tf.newaxis, tf.newaxis, tf.newaxis]
    baseline_x, input_x = tf.expand_dims(baseline, axis=0), tf.expand_dims(image, axis=0)
    return baseline_x + alphas_x * (input_x - baseline_x)


def compute_gradients(images, target_class_idx):
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = model(images)
        probs = tf.nn.softmax(logits, axis=-1)[:, target_class_idx]
    return tape.gradient(probs, images)


def integrated_gradients(baseline, image, target_class_idx, m_steps=8, batch_size=3):
    alphas = tf.linspace(start=0.0, stop=1.0, num=m_steps + 1)
    gradient_batches = tf.TensorArray(tf.float32, size=m_steps + 1)
    for start in tf.range(0, len(alphas), batch_size):
        stop = tf.minimum(start + batch_size, len(alphas))
        batch = interpolate_images(baseline, image, alphas[start:stop])
        g = compute_gradients(batch, target_class_idx)
        gradient_batches = gradient_batches.scatter(tf.range(start, stop), g)
    total = gradient_batches.stack()
    grads = (total[:-1] + total[1:]) / 2.0
    return (image - baseline) * tf.reduce_mean(grads, axis=0)


def smooth_grad(image, target, n=4, sigma=0.1):
    rng = np.random.default_rng(0)
    maps = []
    for _ in range(n):
        noisy = image + rng.normal(scale=sigma, size=image.shape).astype("float32")
        g = compute_gradients(tf.expand_dims(noisy, 0), target)
        maps.append(g[0].numpy())
    return np.mean(np.abs(maps), axis=0).max(axis=-1)


photo = np.random.default_rng(8).integers(0, 255, (6, 6, 3)).astype(np.uint8)
image = tf.image.convert_image_dtype(photo, tf.float32)
baseline = tf.zeros(shape=image.shape)
target = int(np.argmax(model.predict(image[None], verbose=0)))
ig = integrated_gradients(baseline, image, target)
p = lambda im: tf.nn.softmax(model(im[None]))[0, target].numpy()
print("completeness gap", float(tf.reduce_sum(ig)) - (p(image) - p(baseline)))
print("attribution mask", tf.reduce_sum(tf.math.abs(ig), axis=-1).numpy().argmax(), smooth_grad(image, target).argmax())
