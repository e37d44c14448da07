"""Which layer classes of Keras are based on which: what `isinstance` says of a library's layer."""

from __future__ import annotations

from collections.abc import Iterable

from tapelint.analysis.models.keras_weights import class_word

LAYERS = "keras.layers."
MODELS = frozenset(
    {"keras.Model", "keras.models.Model", "keras.Sequential", "keras.models.Sequential"}
)
LAYER = frozenset({"keras.Layer", "keras.layers.Layer"})
# All of `keras.layers` that is based on another one there, but for `Layer` (Keras 3.15).
BASES = {
    **dict.fromkeys(
        "LSTM GRU SimpleRNN ConvLSTM1D ConvLSTM2D ConvLSTM3D".split(), frozenset({"RNN"})
    ),
    **dict.fromkeys(
        "SpatialDropout1D SpatialDropout2D SpatialDropout3D".split(), frozenset({"Dropout"})
    ),
    **dict.fromkeys("SpectralNormalization TimeDistributed".split(), frozenset({"Wrapper"})),
    "AdditiveAttention": frozenset({"Attention"}),
    "FlaxLayer": frozenset({"JaxLayer"}),
    "ReversibleEmbedding": frozenset({"Embedding"}),
}
SHORT = (("AvgPool", "AveragePool"), ("Pooling", "Pool"))


def is_based(bases: Iterable[str], asked: str) -> bool | None:
    """Whether an object of classes of Keras, given by name, is one of another; None: not known."""
    outcomes = {is_one(name, asked) for name in bases}
    if True in outcomes:
        return True
    return False if outcomes == {False} else None


def is_one(name: str, asked: str) -> bool | None:
    """Whether a class is another one, or is based on it."""
    if name == asked:
        return True
    is_layer, is_model = name.startswith(LAYERS) and name not in LAYER, name in MODELS
    if asked in LAYER:
        return True if is_layer or is_model or name in LAYER else None
    if asked in MODELS:
        # A model that was loaded, or made by `keras.Model(...)`, may be a `Sequential`.
        is_base = "Sequential" not in asked
        return (True if is_base else None) if is_model else False if is_layer else None
    if not asked.startswith(LAYERS):
        return None
    if is_layer:
        word, wanted = plain(name), plain(asked)
        return word == wanted or wanted in BASES.get(word, ())
    return False if is_model or name in LAYER else None


def plain(name: str) -> str:
    """Return the class of a name, by one of the names it has: `MaxPool2D` is `MaxPooling2D`."""
    word = class_word(name)
    for old, new in SHORT:
        word = word.replace(old, new)
    return word
