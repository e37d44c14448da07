"""What tapelint believes of a callable, and on whose word: `tapelint knowledge NAME`.

The order is that in which a call is understood: the settings, a model by hand, what was measured.
"""

from __future__ import annotations

import builtins
import difflib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from tapelint.analysis import knowledge
from tapelint.analysis.knowledge import DTypeClass, Effect, Facts, Output, ResultKind
from tapelint.analysis.models import registry
from tapelint.settings import Settings
from tapelint.terminal import Painter, Style, wrap

FORMATS = ("text", "json")
VERSION = 1
WIDEST = 100
# Names of these libraries are in the table, or tapelint has never seen them.
MEASURED = ("tf.", "keras.")
PACKAGES = {"tensorflow": "TensorFlow", "keras": "Keras", "numpy": "NumPy"}

SECTION = "`[tool.tapelint.knowledge]` in the settings"
UNKNOWN = (
    "nothing is known of it: what it gives may depend on all that it is handed, and no gradient is"
    " reported as lost in it"
)
EFFECTS = {
    Effect.FLOWS: "flows",
    Effect.NONE: "None",
    Effect.ZEROS: "zeros",
    Effect.RAISES: "raises",
}
KINDS = {
    ResultKind.TENSOR: "a tensor",
    ResultKind.COMPOSITE: "a sparse or ragged tensor",
    ResultKind.VARIABLE: "a variable",
    ResultKind.NUMBER: "a Python number",
    ResultKind.ARRAY: "a NumPy array",
    ResultKind.STRING: "a string",
    ResultKind.NONE: "nothing",
    ResultKind.LIST: "a list of tensors",
    ResultKind.STRUCTURE: "several values",
    ResultKind.OBJECT: "an object",
}
DTYPES = {
    DTypeClass.SAME: "of the dtype that went in",
    DTypeClass.REAL: "of the dtype that went in, real where that was complex",
    DTypeClass.FLOAT: "of float dtype",
    DTypeClass.INT: "of integer dtype",
    DTypeClass.BOOL: "of bool dtype",
    DTypeClass.STRING: "of string dtype",
    DTypeClass.COMPLEX: "of complex dtype",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is believed of a callable; `source` is "settings", "model", "measured" or "nothing".

    `facts` are there for "settings" and "measured"; `reason` says why, for a reader.
    """

    name: str
    source: str
    reason: str
    facts: Facts | None = None
    near: tuple[str, ...] = ()


def find(given: str, settings: Settings) -> Known:
    """Return what is believed of a dotted name in any of its spellings."""
    dotted = f"builtins.{given}" if hasattr(builtins, given) else given
    name = knowledge.canonical(dotted)
    for declared, belief in settings.beliefs:
        if knowledge.canonical(declared) == name:
            facts = knowledge.declared(name, belief)
            return Known(name, "settings", f"{settings.path} says so", facts)
    modelled = _modelled(name)
    if modelled:
        return Known(name, "model", modelled)
    facts_measured = knowledge.facts(name) if name.startswith(MEASURED) else None
    if facts_measured is not None:
        return Known(
            facts_measured.name, "measured", f"measured with {_versions()}", facts_measured
        )
    near = difflib.get_close_matches(name, knowledge.names(), n=3, cutoff=0.8)
    return Known(name, "nothing", "", near=tuple(near) if name.startswith(MEASURED) else ())


def _modelled(name: str) -> str:
    """Return what the model of a name is for, in its author's words; empty: it has none."""
    function = registry.model_of(name)
    if function is not None:
        return _summary(_module_text(function.__module__))
    cls = registry.class_of(name)
    if cls is not None and registry.is_class_name(name):
        return _summary(type(cls).__doc__)
    family = registry.family_of(name)
    return _summary(_module_text(family.__module__)) if family is not None else ""


def _module_text(module: str) -> str | None:
    return sys.modules[module].__doc__


def _summary(text: str | None) -> str:
    paragraph = (text or "").strip().partition("\n\n")[0]
    return " ".join(paragraph.split()).rstrip(".")


def _versions() -> str:
    held = knowledge.measured_on()
    return ", ".join(f"{PACKAGES.get(name, name)} {version}" for name, version in held.items())


def render(
    given: str, belief: Known, format_name: str, *, columns: int = 80, colour: bool = False
) -> str:
    """Return a belief as "text" or "json", ending in a line end."""
    if format_name == "json":
        return json.dumps(as_json(given, belief), indent=2) + "\n"
    paint = Painter(colour)
    columns = min(columns, WIDEST)
    title = belief.name if belief.name == given else f"{belief.name} ({given})"
    lines = [paint(title, Style.STRONG)]
    for text in _sentences(belief):
        lines += [paint.code(line) for line in wrap(text, columns, "  ", "    ")]
    return "\n".join(lines) + "\n"


def _sentences(belief: Known) -> Iterable[str]:
    facts = belief.facts
    if facts is not None:
        yield from _measured(facts)
        yield belief.reason
    elif belief.source == "model":
        yield f"modelled by hand: {belief.reason}"
    else:
        yield UNKNOWN
        if belief.near:
            yield f"did you mean {' or '.join(f'`{name}`' for name in belief.near)}?"
        elif "." not in belief.name:
            yield f"name it with its module (`mylib.{belief.name}`) to say more under {SECTION}"
        else:
            line = f'`"{belief.name}" = "blocked"`'
            yield f'if you know better: {line} (or "flows", "zeros") under {SECTION}'


def _measured(facts: Facts) -> Iterable[str]:
    if facts.result is ResultKind.STRUCTURE:
        for position, output in enumerate(facts.outputs):
            label = output.name or f"value {position + 1}"
            yield f"gives `{label}`: {_kind(output.kind, output.dtype)}"
            yield f"gradient of `{label}`: {_gradient(facts, output)}"
    else:
        yield f"gives {_kind(facts.result, facts.dtype)}"
        yield f"gradient: {_gradient(facts, facts.outputs[0])}"
    if facts.dtype_argument:
        yield f"`{facts.dtype_argument}` states the dtype, where it is given"
    if facts.value_free:
        named = ", ".join(f"`{name}`" for name in sorted(facts.value_free))
        yield f"of {named} only shape or dtype is used"


def _kind(kind: ResultKind, dtype: DTypeClass) -> str:
    has_dtype = kind in (ResultKind.TENSOR, ResultKind.LIST, ResultKind.COMPOSITE, ResultKind.ARRAY)
    return f"{KINDS[kind]} {DTYPES[dtype]}" if has_dtype else KINDS[kind]


def _gradient(facts: Facts, output: Output) -> str:
    if not output.effects:
        return f"{EFFECTS[output.default]} for all arguments"
    parts: list[str] = []
    for effect in Effect:
        named = [f"`{name}`" for name, found in output.effects.items() if found is effect]
        if named:
            word = f"raises {facts.exception}" if effect is Effect.RAISES else EFFECTS[effect]
            parts.append(f"{word} for {' and '.join(named)}")
    if facts.flows_if_complex:
        named = [f"`{name}`" for name in sorted(facts.flows_if_complex)]
        parts.append(f"flows for complex {' and '.join(named)}")
    return ", ".join([*parts, f"{EFFECTS[output.default]} for all others"])


def as_json(given: str, belief: Known) -> dict[str, object]:
    """Return a belief as plain data; fields are only ever added."""
    facts = belief.facts
    content: dict[str, object] = {
        "version": VERSION,
        "given": given,
        "name": belief.name,
        "source": belief.source,
        "reason": belief.reason,
        "near": list(belief.near),
    }
    if facts is not None:
        content |= {
            "parameters": list(facts.parameters),
            "result": facts.result.value,
            "outputs": [
                {
                    "name": output.name,
                    "kind": output.kind.value,
                    "dtype": output.dtype.value,
                    "gradient": {name: effect.value for name, effect in output.effects.items()},
                    "otherwise": output.default.value,
                }
                for output in facts.outputs
            ],
            "only_shape_or_dtype": sorted(facts.value_free),
            "dtype_argument": facts.dtype_argument,
            "flows_if_complex": sorted(facts.flows_if_complex),
        }
    return content
