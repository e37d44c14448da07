"""Write the table in the format that `tapelint.analysis.knowledge.table` reads."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from tools.knowledge import scope
from tools.knowledge.observe import NONE, RAISES, ZEROS
from tools.knowledge.verdict import Entry, OutputEntry
from tools.knowledge.walk import Symbol

FORMAT = 1
_EFFECT_KEYS = ((NONE, "n"), (ZEROS, "z"), (RAISES, "r"))


def encode(entry: Entry) -> dict[str, Any]:
    """Return the JSON of an entry, empty where everything simply flows."""
    found: dict[str, Any] = {}
    if entry.kind != "tensor":
        found["k"] = entry.kind
    if entry.kind == "structure":
        found["o"] = [_encode_output(output, in_structure=True) for output in entry.outputs]
    else:
        found.update(_encode_output(entry.outputs[0], in_structure=False))
    if entry.value_free:
        found["v"] = " ".join(entry.value_free)
    if entry.dtype_from:
        found["f"] = entry.dtype_from
    if entry.dtype_argument:
        found["t"] = entry.dtype_argument
    if entry.flows_if_complex:
        found["c"] = " ".join(entry.flows_if_complex)
    if entry.exception not in ("", "LookupError"):
        found["e"] = entry.exception
    names_arguments = any(output.effects for output in entry.outputs) or any(
        key in found for key in "vft"
    )
    if names_arguments and entry.parameters:
        found = {"p": " ".join(entry.parameters), **found}
    return found


def _encode_output(output: OutputEntry, in_structure: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if output.name:
        found["i"] = output.name
    if in_structure and output.kind != "tensor":
        found["k"] = output.kind
    if output.dtype != "same":
        found["d"] = output.dtype
    for effect, key in _EFFECT_KEYS:
        names = [name for name, value in output.effects.items() if value == effect]
        if names:
            found[key] = " ".join(names)
    return found


def table(entries: Mapping[str, Entry], symbols: list[Symbol], measured: Mapping[str, str]) -> str:
    """Return the text of the file: one line per entry, per module of names and of aliases."""
    facts = {name: encode(entry) for name, entry in sorted(entries.items())}
    facts = {name: entry for name, entry in facts.items() if entry}
    sections = [
        f'"format": {FORMAT}',
        f'"measured": {json.dumps(dict(measured))}',
        f'"names": {_lines(_names(entries))}',
        f'"aliases": {_lines(_aliases(symbols))}',
        f'"facts": {_lines(facts)}',
    ]
    return "{\n" + ",\n".join(sections) + "\n}\n"


def _lines(section: Mapping[str, Any]) -> str:
    rows = [
        f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'), ensure_ascii=False)}"
        for key, value in section.items()
    ]
    return "{\n" + ",\n".join(rows) + "\n}"


def _names(entries: Mapping[str, Entry]) -> dict[str, str]:
    modules: dict[str, list[str]] = defaultdict(list)
    for name in sorted(entries):
        module, _, last = name.rpartition(".")
        modules[module].append(last)
    return {module: " ".join(names) for module, names in sorted(modules.items())}


def _aliases(symbols: list[Symbol]) -> dict[str, str]:
    modules: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for symbol in symbols:
        if symbol.left_out in scope.UNNAMED:
            continue
        module, _, last = symbol.name.rpartition(".")
        for spelling in symbol.spellings:
            where, _, word = spelling.rpartition(".")
            modules[where][module].append(word if word == last else f"{word}={last}")
    return {
        where: "; ".join(
            f"{module}: {' '.join(sorted(words))}" for module, words in sorted(group.items())
        )
        for where, group in sorted(modules.items())
    }
