"""The shipped table: loaded when it is first asked for, decoded entry by entry.

The file holds `names` (every callable that was measured, by module), `aliases` (other public names,
by module) and `facts` (only what does not simply flow, one line each). Keys of an entry, all
optional: `p` parameters, `n`/`z`/`r` arguments that give None, zeros, an error, `k` result kind,
`d` dtype class, `o` outputs (same keys, `i` their field name), `v` value-free arguments, `f` the
argument that decides the dtype, `t` the dtype parameter, `c` arguments that flow when they are
complex, `e` the exception.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

from tapelint.analysis.knowledge.facts import (
    DTypeClass,
    Effect,
    Facts,
    Output,
    ResultKind,
)

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Table:
    """The decoded file; the word lists of a module are split when the module is first met."""

    measured: Mapping[str, str]
    facts: Mapping[str, Mapping[str, Any]]
    names: Mapping[str, str]
    aliases: Mapping[str, str]
    _names: dict[str, frozenset[str]] = field(default_factory=dict)
    _aliases: dict[str, dict[str, str]] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Tell whether a canonical name was measured."""
        module, _, last = name.rpartition(".")
        known = self._names.get(module)
        if known is None:
            known = self._names[module] = frozenset(self.names.get(module, "").split())
        return last in known

    def alias(self, name: str) -> str | None:
        """Return the canonical name a public name stands for, None if it is no alias."""
        module, _, last = name.rpartition(".")
        known = self._aliases.get(module)
        if known is None:
            known = self._aliases[module] = _decode_aliases(self.aliases.get(module, ""))
        return known.get(last)


def _decode_aliases(text: str) -> dict[str, str]:
    # Written as "tf: abs add; tf.linalg: mul=matmul": the target's module, then the names,
    # each with its name over there where that is another one.
    found: dict[str, str] = {}
    for group in filter(None, text.split("; ")):
        module, _, words = group.partition(": ")
        for word in words.split():
            name, _, target = word.partition("=")
            found[name] = f"{module}.{target or name}"
    return found


@lru_cache(maxsize=1)
def load() -> Table:
    """Read the table that ships with the package."""
    text = (resources.files(__package__) / "table.json").read_text(encoding="utf-8")
    held = json.loads(text)
    if held["format"] != FORMAT:
        raise ValueError(f"table format is {held['format']}, expected {FORMAT}")
    return Table(held["measured"], held["facts"], held["names"], held["aliases"])


@lru_cache(maxsize=4096)
def facts(name: str) -> Facts | None:
    """Return what is known of a callable by its canonical name, None if it was never measured."""
    table = load()
    name = table.alias(name) or name
    entry = table.facts.get(name)
    if entry is not None:
        return _decode(name, entry)
    return Facts(name) if table.has(name) else None


def is_known(name: str) -> bool:
    """Tell whether a canonical name was measured; a known name without an entry simply flows."""
    table = load()
    name = table.alias(name) or name
    return name in table.facts or table.has(name)


def names() -> list[str]:
    """Return the canonical names of all that was measured."""
    table = load()
    listed = [f"{module}.{name}" for module, words in table.names.items() for name in words.split()]
    return [*listed, *(name for name in table.facts if name not in set(listed))]


def measured_on() -> Mapping[str, str]:
    """Return the versions the table was measured on, by package; a range is "2.16.2-2.21.0"."""
    return load().measured


def _decode(name: str, entry: Mapping[str, Any]) -> Facts:
    outputs = tuple(_decode_output(part) for part in entry.get("o", (entry,)))
    return Facts(
        name,
        parameters=tuple(entry.get("p", "").split()),
        result=ResultKind(entry.get("k", "tensor")),
        outputs=outputs,
        value_free=frozenset(entry.get("v", "").split()),
        dtype_from=entry.get("f", ""),
        dtype_argument=entry.get("t", ""),
        flows_if_complex=frozenset(entry.get("c", "").split()),
        exception=entry.get("e", "LookupError"),
    )


def _decode_output(part: Mapping[str, Any]) -> Output:
    effects = {
        argument: effect
        for key, effect in (("n", Effect.NONE), ("z", Effect.ZEROS), ("r", Effect.RAISES))
        for argument in part.get(key, "").split()
    }
    kind = ResultKind(part.get("k", "tensor"))
    # The elements of a list are tensors; the outputs of a structure say what they are.
    kind = ResultKind.TENSOR if kind in (ResultKind.LIST, ResultKind.STRUCTURE) else kind
    return Output(part.get("i", ""), kind, DTypeClass(part.get("d", "same")), effects)
