"""TensorFlow Probability: distributions and bijectors; everything else of it is open.

Measured on TensorFlow Probability 0.25 with TensorFlow 2.21: densities and moments flow to every
parameter; a sample does unless the distribution is discrete. Parameters that are variables are read
whenever a method runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Effect, Kind, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.models.registry import LibraryClass, library_class, models
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Const,
    Data,
    External,
    FunctionValue,
    Instance,
    Tuple,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

DISTRIBUTIONS = "tfp.distributions."
# Every value the parameters hold, inner distributions and bijectors taken apart.
HELD = "<data>"
DISCRETE = frozenset(
    "Bernoulli BetaBinomial Binomial Categorical DirichletMultinomial FiniteDiscrete Geometric "
    "Multinomial NegativeBinomial OneHotCategorical OrderedLogistic PlackettLuce Poisson "
    "PoissonLogNormalQuadratureCompound ProbitBernoulli QuantizedDistribution Skellam "
    "StoppingRatioLogistic Zipf".split()
)
# What these give is a sample of the distribution they hold, moved or arranged.
WRAPPERS = frozenset(
    "Independent Sample Masked BatchReshape BatchBroadcast TransformedDistribution".split()
)
# The parameter that only chooses between components.
MIXTURES = {"Mixture": "cat", "MixtureSameFamily": "mixture_distribution"}
DENSITIES = frozenset(
    "log_prob prob cdf log_cdf survival_function log_survival_function quantile entropy mean "
    "stddev variance covariance cross_entropy kl_divergence unnormalized_log_prob probs_parameter "
    "logits_parameter posterior_marginals log_prob_parts".split()
)
SHAPES = frozenset(
    "batch_shape event_shape batch_shape_tensor event_shape_tensor dtype name parameters "
    "allow_nan_stats validate_args reparameterization_type is_scalar_batch is_scalar_event".split()
)


class Parametrized(LibraryClass):
    """An object that is nothing but its parameters."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Keep the parameters."""
        cells = machine.state.cells
        values: list[Value] = []
        for value in arguments.values:
            flatten(machine, value, values)
        if any(isinstance(value, FunctionValue) for value in values) or arguments.is_open:
            # for: JointDistributionSequential([prior, lambda z: Normal(z, 1.0)])
            values.append(machine.unknown("parameters", arguments.values, arguments.place))
        cells[(made.identity, HELD)] = Tuple(tuple(values))
        for position, value in enumerate(arguments.positional):
            cells[(made.identity, f"<{position}>")] = value
        for name, value in arguments.keywords.items():
            cells[(made.identity, f"<{name}>")] = value

    def given(
        self, machine: Interpreter, instance: Instance, position: int | None, *names: str
    ) -> Value | None:
        """Return a parameter as it was given."""
        for name in (*names, *(() if position is None else (str(position),))):
            found: Value | None = machine.state.cells.get((instance.identity, f"<{name}>"))
            if found is not None:
                return found
        return None

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return a parameter, the variables among all parameters, or something of the shape."""
        if name in SHAPES:
            return machine.unknown(f".{name}", [], at)
        if name.endswith("variables"):
            held = machine.state.cells[(instance.identity, HELD)].elements
            found = [v for v in held if isinstance(v, VariableValue)]
            is_open = any(isinstance(v, Data) and v.kind is Kind.UNKNOWN for v in held)
            rest = machine.unknown(name, [instance], at) if is_open else None
            return machine.sequence("list", found, rest)
        if name.startswith("_") or name in METHODS:
            return None
        value = self.given(machine, instance, None, name)
        if isinstance(value, VariableValue | Instance) or (
            isinstance(value, Data) and value.kind is Kind.TENSOR
        ):
            return value
        return machine.record(f".{name}", [("x", instance)], at, dtype=DType.FLOAT)


def flatten(machine: Interpreter, value: Value, found: list[Value]) -> None:
    """Collect what a parameter holds."""
    match value:
        case Instance():
            held = machine.state.cells.get((value.identity, HELD))
            found.extend(held.elements if isinstance(held, Tuple) else (value,))
        case Tuple() | Box():
            contents = machine.contents(value) if isinstance(value, Box) else None
            parts = value.elements if isinstance(value, Tuple) else ()
            if contents is not None:
                rest = () if contents.rest is None else (contents.rest,)
                parts = (*contents.values, *rest)
            for part in parts:
                flatten(machine, part, found)
        case Const():
            pass
        case _:
            found.append(value)


@library_class(DISTRIBUTIONS)
class Distribution(Parametrized):
    """A distribution."""

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run `distribution(...)`, which only some have."""
        return machine.unknown("call", [instance, *arguments.values], arguments.place)

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method of a distribution."""
        place = arguments.place
        kind = kind_of(instance)
        if name in DENSITIES:
            inputs = [("x", instance), *(("value", v) for v in arguments.values)]
            return machine.record(f"{kind}.{name}", inputs, place, dtype=DType.FLOAT)
        match name:
            case "sample":
                return self.sample(machine, instance, arguments)
            case "mode" if kind in DISCRETE:
                return machine.record(
                    f"{kind}.mode", [("x", instance)], place,
                    effect=Effect.CUT, reason=Reason.OP, dtype=DType.UNKNOWN,
                )  # fmt: skip
            case "mode":
                return machine.record(f"{kind}.mode", [("x", instance)], place, dtype=DType.FLOAT)
            case "experimental_sample_and_log_prob":
                sample = self.sample(machine, instance, arguments)
                inputs = [("x", instance), ("value", sample)]
                density = machine.record(f"{kind}.log_prob", inputs, place, dtype=DType.FLOAT)
                return Tuple((sample, density))
            case "copy":
                return self.copy(machine, instance, arguments)
            case _:
                return machine.unknown(name, [instance, *arguments.values], place)

    def sample(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Draw a sample."""
        kind, place = kind_of(instance), arguments.place
        op = f"{kind}.sample"
        if "JointDistribution" in kind:
            return machine.unknown(op, [instance], place)
        if kind in DISCRETE:
            return machine.record(
                op, [("x", instance)], place,
                effect=Effect.CUT, reason=Reason.SAMPLE, dtype=DType.UNKNOWN,
            )  # fmt: skip
        base = self.given(machine, instance, 0, "distribution", "kernel")
        if kind in WRAPPERS and isinstance(base, Instance):
            inner = machine.library_of(base).method(machine, base, "sample", arguments)
            moved = self.given(machine, instance, 1, "bijector")
            inputs = [("x", inner), *([] if moved is None else [("bijector", moved)])]
            return machine.record(op, inputs, place, dtype=DType.FLOAT)
        if kind in MIXTURES:
            chooser = self.given(machine, instance, 0, MIXTURES[kind])
            is_smooth = self.given(machine, instance, None, "reparameterize") == Const(True)
            effects = {} if is_smooth else {"mixture": (Effect.CUT, Reason.SAMPLE)}
            parts = self.given(machine, instance, 1, "components", "components_distribution")
            held: list[Value] = []
            flatten(machine, parts or NONE, held)
            inputs = [("mixture", chooser or NONE), *(("x", value) for value in held)]
            return machine.record(op, inputs, place, dtype=DType.FLOAT, effects=effects)
        return machine.record(op, [("x", instance)], place, dtype=DType.FLOAT)

    def copy(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run `copy(loc=...)`: another one with some parameters replaced."""
        made = Instance(instance.cls)
        for name, value in machine.attributes(instance.identity).items():
            machine.state.cells[(made.identity, name)] = value
        held = list(machine.state.cells[(instance.identity, HELD)].elements)
        for name, value in arguments.keywords.items():
            machine.state.cells[(made.identity, f"<{name}>")] = value
            flatten(machine, value, held)
        machine.state.cells[(made.identity, HELD)] = Tuple(tuple(held))
        return made


METHODS = DENSITIES | {"sample", "mode", "copy", "experimental_sample_and_log_prob"}


def kind_of(instance: Instance) -> str:
    """Return the name of the distribution's class."""
    return instance.cls.name.rpartition(".")[2]


@models("tfp.distributions.kl_divergence")
def kl_divergence(machine: Interpreter, args: Arguments) -> Value:
    """Run `kl_divergence(p, q)`."""
    inputs = [("x", value) for value in args.values]
    return machine.record("kl_divergence", inputs, args.place, dtype=DType.FLOAT)


@library_class("tfp.bijectors.")
class Bijector(Parametrized):
    """A bijector: it moves values and distributions."""

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run `bijector(x)`, or make the distribution that it moves another one to."""
        value = arguments.get(0, "value")
        if isinstance(value, Instance) and kind_is_distribution(value):
            made = Instance(External(f"{DISTRIBUTIONS}TransformedDistribution"))
            Distribution().init(machine, made, Arguments((value, instance), {}, arguments.place))
            return made
        if isinstance(value, Instance):
            made = Instance(External("tfp.bijectors.Chain"))
            self.init(machine, made, Arguments((instance, value), {}, arguments.place))
            return made
        return self.method(machine, instance, "forward", arguments)

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return a parameter; what is called is a method."""
        if name.endswith("variables") or self.given(machine, instance, None, name) is not None:
            return super().attribute(machine, instance, name, at)
        return None

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run `forward`, `inverse` or a logarithm of a determinant."""
        if name.startswith(("forward", "inverse")) and "shape" not in name:
            inputs = [("bijector", instance), *(("x", v) for v in arguments.values)]
            return machine.record(f"bijector.{name}", inputs, arguments.place, dtype=DType.FLOAT)
        return machine.unknown(name, [instance, *arguments.values], arguments.place)


def kind_is_distribution(instance: Instance) -> bool:
    """Whether an object is a distribution of the library."""
    return isinstance(instance.cls, External) and instance.cls.name.startswith(DISTRIBUTIONS)
