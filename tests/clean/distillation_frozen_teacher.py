"""Tempts: a frozen teacher's predict() feeds the loss as a constant; temperature is a python number; T**2 scaling; accuracy with argmax for logging."""
import argparse

import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import Dense, Input, Dropout
from tensorflow.keras.models import Sequential

parser = argparse.ArgumentParser()
parser.add_argument("--temperature", type=float, default=3.0)
parser.add_argument("--alpha", type=float, default=0.3)
parser.add_argument("--epochs", type=int, default=2)
args = parser.parse_args([])

np.random.seed(0)
tf.keras.utils.set_random_seed(0)
X = np.random.randn(48, 5).astype(np.float32)
y = np.argmax(X[:, :3], axis=1)

teacher = Sequential([Input((5,)), Dense(32, activation="relu"), Dense(3)])
teacher.trainable = False
student = Sequential([Input((5,)), Dense(6, activation="relu"), Dropout(0.1), Dense(3)])

hard = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
soft = tf.keras.losses.KLDivergence()
optimizer = tf.keras.optimizers.Adam(0.01)


def batches(x, t, size=16):
    order = np.random.permutation(len(x))
    for start in range(0, len(x), size):
        pick = order[start:start + size]
        yield x[pick], t[pick]


for epoch in range(args.epochs):
    losses, hits = [], 0
    for xb, yb in batches(X, y):
        with tf.GradientTape() as tape:
            teacher_logits = teacher.predict_on_batch(xb)
            student_logits = student(xb, training=True)
            p_teacher = tf.nn.softmax(teacher_logits / args.temperature, axis=1)
            p_student = tf.nn.softmax(student_logits / args.temperature, axis=1)
            distill = soft(p_teacher, p_student) * args.temperature ** 2
            loss = args.alpha * hard(yb, student_logits) + (1 - args.alpha) * distill
            hits += np.sum(np.argmax(student_logits, axis=1) == yb)
        trainable = student.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, trainable), trainable))
        losses.append(loss.numpy())
    print(f"epoch {epoch}: loss={np.mean(losses):.4f} acc={hits / len(X):.2%}")
