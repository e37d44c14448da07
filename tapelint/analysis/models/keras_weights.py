"""Which variables a built-in Keras layer owns, by its class and arguments (Keras 3.15).

Only names: making the variables is `keras_layers`. A class that is not listed has open weights.
"""

from __future__ import annotations

from dataclasses import dataclass

from tapelint.analysis.values import Arguments, Const


@dataclass(frozen=True, slots=True)
class Owned:
    """The names of a layer's variables, in Keras's order; a name may be `part/kernel`."""

    trainable: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A class: its variables, and the flag arguments that some of them depend on."""

    trainable: str = ""
    fixed: str = ""
    # Variable name -> (argument, its default): `bias` exists where `use_bias` is true.
    flags: tuple[tuple[str, str, bool], ...] = ()


BIAS = (("bias", "use_bias", True),)
CENTRED = (("gamma", "scale", True), ("beta", "center", True))
DENSE = Row("kernel bias", flags=BIAS)
RECURRENT = Row("kernel recurrent_kernel bias", flags=BIAS)
ATTENTION = Row(
    "query/kernel query/bias key/kernel key/bias value/kernel value/bias "
    "attention_output/kernel attention_output/bias",
    flags=tuple(
        (f"{part}/bias", "use_bias", True) for part in ("query", "key", "value", "attention_output")
    ),
)
SEPARABLE = Row("depthwise_kernel pointwise_kernel bias", flags=BIAS)
NOTHING = Row()

ROWS: dict[str, Row] = {
    "Dense": DENSE,
    "EinsumDense": Row("kernel bias", flags=(("bias", "bias_axes", False),)),
    "Embedding": Row("embeddings"),
    "ReversibleEmbedding": Row("embeddings"),
    "BatchNormalization": Row("gamma beta", "moving_mean moving_variance", CENTRED),
    "SyncBatchNormalization": Row("gamma beta", "moving_mean moving_variance", CENTRED),
    "LayerNormalization": Row("gamma beta", flags=CENTRED),
    "GroupNormalization": Row("gamma beta", flags=CENTRED),
    "RMSNormalization": Row("scale"),
    "Normalization": Row(fixed="mean variance count"),
    "PReLU": Row("alpha"),
    "LocallyConnected1D": DENSE,
    "LocallyConnected2D": DENSE,
    "MultiHeadAttention": ATTENTION,
    "GroupedQueryAttention": ATTENTION,
    "GroupQueryAttention": ATTENTION,
    "Attention": Row("scale", flags=(("scale", "use_scale", False),)),
    "AdditiveAttention": Row("scale", flags=(("scale", "use_scale", True),)),
}
ROWS |= dict.fromkeys(
    ("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose",
     "DepthwiseConv1D", "DepthwiseConv2D"),
    DENSE,
)  # fmt: skip
ROWS |= dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), SEPARABLE)
ROWS |= dict.fromkeys(
    ("LSTM", "GRU", "SimpleRNN", "LSTMCell", "GRUCell", "SimpleRNNCell", "ConvLSTM1D", "ConvLSTM2D",
     "ConvLSTM3D", "CuDNNLSTM", "CuDNNGRU", "ConvLSTMCell"),
    RECURRENT,
)  # fmt: skip
# Nothing that is computed, only passed on, moved about, pooled or merged.
PLAIN = (
    "Layer Activation ReLU LeakyReLU ELU Softmax ThresholdedReLU Flatten Reshape Permute "
    "RepeatVector Masking Lambda Identity ActivityRegularization InputLayer Rescaling "
    "Resizing CenterCrop Concatenate Add Subtract Multiply Average Maximum Minimum Dot "
    "UnitNormalization Pipeline Hashing CategoryEncoding HashedCrossing StringLookup "
    "IntegerLookup TextVectorization Discretization MelSpectrogram STFTSpectrogram Wrapper "
    "TimeDistributed Bidirectional RNN StackedRNNCells MaxNumBoundingBoxes Equalization "
    "AutoContrast"
).split()
ROWS |= dict.fromkeys(PLAIN, NOTHING)
ROWS |= dict.fromkeys(
    (
        f"{kind}{n}D"
        for kind in ("Global{}Pooling", "{}Pooling", "Global{}Pool", "{}Pool", "Adaptive{}Pooling")
        for kind in (kind.format("Max"), kind.format("Average"), kind.format("Avg"))
        for n in (1, 2, 3)
    ),
    NOTHING,
)
ROWS |= dict.fromkeys(
    (f"{kind}{n}D" for kind in ("ZeroPadding", "Cropping", "UpSampling") for n in (1, 2, 3)),
    NOTHING,
)
# Layers that draw random numbers hold the state of their generator, in `variables` alone.
NOISY = frozenset(
    "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianNoise GaussianDropout "
    "AlphaDropout RandomFlip RandomRotation RandomZoom RandomTranslation RandomCrop "
    "RandomContrast RandomBrightness RandomHeight RandomWidth RandomShear RandomHue "
    "RandomSaturation RandomColorJitter RandomGrayscale RandomInvert RandomPerspective "
    "RandomPosterization RandomSharpness RandomErasing RandomGaussianBlur "
    "RandomElasticTransform RandomColorDegeneration RandAugment AugMix MixUp CutMix "
    "Solarization".split()
)
ROWS |= dict.fromkeys(NOISY, NOTHING)
# Recurrent layers hold one for dropout, used or not (Keras 3.15).
SEEDED = NOISY | frozenset({"LSTM", "GRU", "SimpleRNN", "LSTMCell", "GRUCell", "SimpleRNNCell"})
SEED_STATE = "seed_generator_state"

# Their results are indices, counts or words: nothing comes back through them.
LOOKUPS = frozenset(
    "StringLookup IntegerLookup TextVectorization Discretization CategoryEncoding Hashing "
    "HashedCrossing".split()
)
EMBEDDINGS = frozenset({"Embedding", "ReversibleEmbedding"})
SPELLINGS = (("Convolution", "Conv"), ("Convolutional", "Conv"))


def class_word(name: str) -> str:
    """Return the class of a canonical name: `keras.layers.Convolution2D` is `Conv2D`."""
    word = name.rpartition(".")[2]
    for old, new in SPELLINGS:
        word = word.replace(old, new)
    return word


def owned_by(name: str, arguments: Arguments) -> Owned:
    """Return the variables a new layer of a class will own once it is built."""
    word = class_word(name)
    row = ROWS.get(word)
    if row is None:
        return Owned(is_open=True)
    dropped = set()
    is_open = False
    for variable, flag, default in row.flags:
        value = arguments.keywords.get(flag)
        if value is None and not arguments.is_open:
            present: bool | None = default
        else:
            present = bool(value.value) if isinstance(value, Const) else None
            if flag == "bias_axes" and value is not None:
                present = not (isinstance(value, Const) and value.value is None)
        if present is not True:
            dropped.add(variable)
            is_open = is_open or present is None
    trainable = tuple(v for v in row.trainable.split() if v not in dropped)
    # A `Normalization` that is given its statistics has no variables for them.
    is_given = word == "Normalization" and arguments.get(1, "mean") not in (None, Const(None))
    return Owned(trainable, () if is_given else tuple(row.fixed.split()), is_open)
