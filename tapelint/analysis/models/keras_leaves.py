"""What the built-in Keras layers compute, and the parts that wrappers are made of.

Facts of Keras 3.15: an `Embedding` casts its indices to integers, lookups and encoders give None;
`activation=` may be any callable and runs on the layer's result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis import flat, knowledge
from tapelint.analysis.graph import DType, Effect, Kind, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.mixing import BATCH_STATISTICS
from tapelint.analysis.models import keras_recurrent as recurrent
from tapelint.analysis.models.keras_calls import TRAINING
from tapelint.analysis.models.keras_config import config_of, configured_value
from tapelint.analysis.models.keras_shapes import shaped
from tapelint.analysis.models.keras_tracking import (
    MARKER,
    OPEN,
    PARTS,
    TrackingClass,
    collection,
    is_built,
    mark_built,
    own_variables,
    walk,
)
from tapelint.analysis.models.keras_weights import EMBEDDINGS, LOOKUPS, ROWS, class_word
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Box,
    Const,
    Data,
    External,
    FunctionValue,
    Instance,
    Method,
    Native,
    Tuple,
    Union,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

FLOATING = frozenset(
    "Rescaling Normalization Dropout Softmax GaussianNoise LayerNormalization UnitNormalization "
    "AveragePooling1D AveragePooling2D AveragePooling3D".split()
)
# Classes whose call may give more than one tensor, or whatever a function of the user's gives.
STRUCTURED = frozenset(
    "LSTM GRU SimpleRNN RNN Bidirectional TimeDistributed MultiHeadAttention Attention "
    "AdditiveAttention GroupedQueryAttention GroupQueryAttention LSTMCell GRUCell SimpleRNNCell "
    "StackedRNNCells ConvLSTM1D ConvLSTM2D ConvLSTM3D Lambda Wrapper".split()
)
ATTENTIONS = frozenset(
    "MultiHeadAttention Attention AdditiveAttention GroupedQueryAttention "
    "GroupQueryAttention".split()
)
MERGERS = frozenset("Concatenate Add Subtract Multiply Average Maximum Minimum Dot".split())
NORMALISERS = frozenset({"BatchNormalization", "SyncBatchNormalization"})
# Activations whose range decides what a logarithm or a root of it does.
BOUNDED = frozenset({"sigmoid", "softmax", "tanh", "softplus", "exponential"})
# Activations whose slope or whose single element decides what a gradient is.
TOLD = BOUNDED | {"log_softmax", "relu", "relu6", "leaky_relu"}
# Arguments of a call that are no inputs.
FLAGS = frozenset({"training", "return_attention_scores", "use_causal_mask"})


def is_plain(word: str) -> bool:
    """Whether a layer of this class gives one tensor whatever it is handed."""
    return word in ROWS and word not in STRUCTURED and word != "Layer"


def run(machine: Interpreter, layer: Instance, name: str, args: Arguments) -> Value:
    """Run the `call` of a built-in layer."""
    word = class_word(name)
    if word == "Layer":
        # The base class raises NotImplementedError.
        return anything(machine, layer, name, args)
    if word in LOOKUPS:
        return looked_up(machine, layer, word, name, args)
    if word in EMBEDDINGS:
        return shaped(machine, layer, word, args, embedded(machine, layer, name, args))
    if word == "Lambda":
        return run_lambda(machine, layer, name, args)
    if word == "Activation":
        function = configured_value(machine, layer, "activation")
        made = shaped(machine, layer, word, args, computed(machine, layer, name, args))
        return activated(machine, function, made, args)
    if word in ATTENTIONS:
        return attention(machine, layer, name, args)
    special = recurrent.RUNNERS.get(word)
    if special is not None:
        return shaped(machine, layer, word, args, special(machine, layer, name, args))
    if word not in ROWS:
        return anything(machine, layer, name, args)
    made = computed(machine, layer, name, args, merges=word in MERGERS)
    if word in NORMALISERS and uses_batch(machine, layer):
        made.node.note = BATCH_STATISTICS
    made = shaped(machine, layer, word, args, made)
    return activated(machine, configured_value(machine, layer, "activation"), made, args)


def uses_batch(machine: Interpreter, layer: Instance) -> bool:
    """Whether a layer certainly normalises by the mean of the batch: not where it is frozen."""
    is_trained = machine.state.cells.get((layer.identity, "trainable"), Const(True))
    return (machine.state.cells.get(TRAINING), is_trained) == (Const(True), Const(True))


def computed(
    machine: Interpreter, layer: Instance, name: str, args: Arguments, merges: bool = False
) -> Data:
    """Make the result of a layer from its inputs and its own variables."""
    inputs = inputs_of(args)
    own = own_variables(machine, layer)
    inputs += [("weights", v) for v in own]
    open_weights = machine.state.cells.get((layer.identity, OPEN))
    if open_weights is not None:
        inputs.append(("weights", open_weights))
    axis = configured_value(machine, layer, "axis")
    if axis is not None and name in flat.NORMALISERS:
        inputs.insert(1, ("axis", axis))
    units = configured_value(machine, layer, "units") if class_word(name) == "Dense" else None
    if isinstance(units, Const):
        inputs.append(("units", units))
        flag = configured_value(machine, layer, "use_bias")
        if flag == Const(False):
            inputs.append(("use_bias", flag))
    is_float = bool(own) or class_word(name) in FLOATING
    return machine.record(name, inputs, args.place, dtype=DType.FLOAT if is_float else None)


def inputs_of(args: Arguments) -> list[tuple[str, Value]]:
    inputs: list[tuple[str, Value]] = [("inputs", v) for v in args.positional]
    return inputs + [(k, v) for k, v in args.keywords.items() if k not in FLAGS]


def anything(machine: Interpreter, layer: Instance, name: str, args: Arguments) -> Data:
    """Return what a layer that is not understood gives: one tensor, or several that are related."""
    return machine.unknown(name, [layer, *args.values], args.place)


def everything(machine: Interpreter, layer: Instance, name: str, args: Arguments) -> Data:
    """Make a tensor somewhere in a layer that is not understood: it may depend on all of it."""
    variables = collection(machine, layer, "variables", args.place)
    inputs = [*inputs_of(args), ("weights", variables)]
    open_weights = machine.state.cells.get((layer.identity, OPEN))
    if open_weights is not None:
        inputs.append(("weights", open_weights))
    return machine.record(name, inputs, args.place, dtype=DType.UNKNOWN)


def looked_up(machine: Interpreter, layer: Instance, word: str, name: str, args: Arguments) -> Data:
    mode = configured_value(machine, layer, "output_mode")
    is_index = word != "CategoryEncoding" and (mode is None or mode == Const("int"))
    dtype = DType.INT if is_index else DType.FLOAT
    if configured_value(machine, layer, "invert") not in (None, Const(False)):
        dtype = DType.STRING
    return machine.record(
        name, inputs_of(args), args.place, dtype=dtype, effect=Effect.CUT, reason=Reason.OP
    )


def embedded(machine: Interpreter, layer: Instance, name: str, args: Arguments) -> Data:
    """Run an `Embedding`: its table is read at indices, which carry nothing."""
    carries = any(not n.dtype.is_blocked for v in args.values for n in machine.leaves(v))
    effects = {"inputs": (Effect.CUT, Reason.CAST)} if carries else {}
    inputs = [("inputs", v) for v in args.values]
    inputs += [("weights", v) for v in own_variables(machine, layer)]
    return machine.record(name, inputs, args.place, dtype=DType.FLOAT, effects=effects)


def run_lambda(machine: Interpreter, layer: Instance, name: str, args: Arguments) -> Value:
    function = configured_value(machine, layer, "function")
    if function is None:
        return anything(machine, layer, name, args)
    keywords = {k: v for k, v in args.keywords.items() if k not in ("training", "mask")}
    extra = configured_value(machine, layer, "arguments")
    if isinstance(extra, Box):
        contents = machine.contents(extra)
        known = dict(zip(contents.keys or (), contents.values, strict=False))
        keywords |= {str(k): v for k, v in known.items()}
    return machine.call(function, Arguments(args.positional, keywords, args.place, args.is_open))


def activated(machine: Interpreter, function: Value | None, made: Value, args: Arguments) -> Value:
    """Run a layer's activation where it is more than a name for a smooth function."""
    match function:
        case None | Const() | External(name="keras.activations.linear"):
            return made
        case External():
            if not knowledge.is_known(function.name):
                return bent(made)
            facts = knowledge.facts(function.name)
            is_told = function.name.rpartition(".")[2] in TOLD
            if facts is not None and facts.is_plain and not is_told:
                return bent(made)
        case FunctionValue() | BoundMethod() | Instance() | Native() | Union() | Method():
            pass
        case _:
            return machine.unknown("activation", [function, made], args.place)
    return machine.call(function, Arguments((made,), {}, args.place))


def bent(made: Value) -> Value:
    """Note that a result has been through a smooth activation."""
    if isinstance(made, Data):
        made.node.note = made.node.note or flat.BENT
    return made


def attention(machine: Interpreter, layer: Instance, name: str, args: Arguments) -> Value:
    """Run an attention layer; its scores come second where they are asked for."""
    made = computed(machine, layer, name, args)
    wanted = args.keywords.get(
        "return_attention_scores", configured_value(machine, layer, "return_attention_scores")
    )
    if wanted is None or wanted in (Const(False), NONE):
        return made
    if wanted == Const(True):
        return Tuple((made, scores(machine, layer, name, args)))
    return made


def scores(machine: Interpreter, layer: Instance, name: str, args: Arguments) -> Data:
    """Make attention scores: of query and key, through their projections alone."""
    inputs = inputs_of(args)
    for variable in own_variables(machine, layer):
        label = variable.node.label or ""
        if "/value/" not in label and "/attention_output/" not in label:
            inputs.append(("weights", variable))
    return machine.record(f"{name} scores", inputs, args.place, dtype=DType.FLOAT)


# ---------------------------------------------------------------------- parts


def make_parts(machine: Interpreter, made: Instance, word: str, args: Arguments) -> None:
    """Note the layers that a built-in layer is made of."""
    parts: list[Value] = []
    for value in args.values:
        parts.extend(layers_in(machine, value))
    if word == "Bidirectional" and parts:
        given = args.keywords.get("backward_layer")
        if given is None or given == NONE:
            parts = [parts[0], copy_of(machine, parts[0], args.place)]
    if parts:
        machine.state.cells[(made.identity, PARTS)] = Tuple(tuple(parts))


def layers_in(machine: Interpreter, value: Value) -> list[Value]:
    """Return the layers handed to a constructor, alone or in a list."""
    match value:
        case Instance():
            library = machine.library_of(value)
            return [value] if isinstance(library, TrackingClass) else []
        case Tuple() | Box():
            known = machine.elements(value)
            if known is None:
                return []
            everything = [*known.values, *([known.rest] if known.rest is not None else [])]
            return [layer for element in everything for layer in layers_in(machine, element)]
        case Union():
            return [value] if any(layers_in(machine, o) for o in value.options) else []
        case _:
            return []


def copy_of(machine: Interpreter, layer: Value, place: Place) -> Value:
    """Make a layer like another one, with variables of its own."""
    arguments = config_of(machine, layer) if isinstance(layer, Instance) else None
    if isinstance(layer, Instance) and isinstance(layer.cls, External) and arguments is not None:
        made = Instance(layer.cls)
        machine.library_of(made).init(machine, made, arguments)
        flag = machine.state.cells.get((layer.identity, "trainable"))
        if flag is not None:
            machine.state.cells[(made.identity, "trainable")] = flag
        if is_built(machine, layer):
            mark_built(machine, made)
        return made
    if isinstance(layer, Instance):
        made_anew = machine.call(layer.cls, Arguments((), {}, place, is_open=True))
        if isinstance(made_anew, Instance):
            # The original may have been built, in whichever way.
            for visit in walk(machine, made_anew):
                machine.state.cells.pop((visit.instance.identity, MARKER), None)
        return made_anew
    return machine.unknown("layer", [layer], place)


def part_named(machine: Interpreter, layer: Instance, name: str) -> Value | None:
    """Return the layer that a wrapper calls `backward_layer`, `forward_layer`, `layer` or `cell`."""
    parts = machine.state.cells.get((layer.identity, PARTS))
    if not isinstance(parts, Tuple) or not parts.elements:
        return None
    return parts.elements[-1 if name == "backward_layer" else 0]


def initial_states(machine: Interpreter, layer: Instance, place: Place) -> Value:
    """Run `get_initial_state`: zeros, one for each state."""
    count = recurrent.state_count(machine, layer)
    zeros = [Data(machine.node("state", Kind.TENSOR, DType.FLOAT, place)) for _ in range(count)]
    return machine.sequence("list", zeros)
