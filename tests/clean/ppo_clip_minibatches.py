"""Tempts: old log-probs and advantages are numpy, KL early stop on float(), tf.clip and minimum on the ratio; actor and critic have a tape each."""
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

keras = tf.keras
keras.utils.set_random_seed(7)


@dataclass
class Rollout:
    obs: list = field(default_factory=list)
    act: list = field(default_factory=list)
    logp: list = field(default_factory=list)
    rew: list = field(default_factory=list)

    def arrays(self):
        return tuple(np.asarray(v, dtype=t) for v, t in
                     ((self.obs, "float32"), (self.act, "int32"), (self.logp, "float32"), (self.rew, "float32")))


actor = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, "tanh"), keras.layers.Dense(3)])
critic = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, "tanh"), keras.layers.Dense(1)])
pi_opt, v_opt = keras.optimizers.Adam(3e-3), keras.optimizers.Adam(1e-2)
CLIP, TARGET_KL = 0.2, 0.5


def log_prob(logits, actions):
    return tf.reduce_sum(tf.one_hot(actions, 3) * tf.nn.log_softmax(logits), axis=1)


rng = np.random.default_rng(0)
buffer = Rollout()
for _ in range(32):
    o = rng.normal(size=4)
    logits = actor(o[None].astype("float32"))
    a = tf.random.categorical(logits, 1)[0, 0].numpy()
    buffer.obs.append(o)
    buffer.act.append(a)
    buffer.logp.append(log_prob(logits, [a]).numpy()[0])
    buffer.rew.append(o[a] - 0.1 * a)

obs, act, logp_old, ret = buffer.arrays()
values = critic.predict(obs, verbose=0)[:, 0]
adv = ret - values
adv = (adv - adv.mean()) / (adv.std() + 1e-8)

for epoch in range(3):
    order = rng.permutation(len(obs))
    for idx in np.array_split(order, 2):
        with tf.GradientTape() as tape:
            logp = log_prob(actor(obs[idx]), act[idx])
            ratio = tf.exp(logp - logp_old[idx])
            clipped = tf.clip_by_value(ratio, 1 - CLIP, 1 + CLIP)
            loss = -tf.reduce_mean(tf.minimum(ratio * adv[idx], clipped * adv[idx]))
        pi_opt.apply_gradients(zip(tape.gradient(loss, actor.trainable_variables), actor.trainable_variables))

        with tf.GradientTape() as tape:
            v_loss = tf.reduce_mean((ret[idx] - tf.squeeze(critic(obs[idx]), 1)) ** 2)
        v_grads = tape.gradient(v_loss, critic.trainable_variables)
        v_opt.apply_gradients(zip(v_grads, critic.trainable_variables))
    kl = float(np.mean(logp_old - log_prob(actor(obs), act).numpy()))
    if kl > TARGET_KL:
        print("early stop", epoch, kl)
        break
