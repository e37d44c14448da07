"""Values of literals, names and words, as Python reads them from source text."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterable, Iterator

import libcst as cst

# for: self.a = 1; self.b: int = 2; self.c += 3; self.d, self.e = 4, 5
ASSIGNED_ATTRIBUTE = re.compile(r"\bself\.(\w+)\s*(?:,|:[^=\n]+=|[-+*/%@&|^<>]{0,2}=(?!=))")
# for: global backend; global mean, std
GLOBALS = re.compile(r"^[ \t]*global[ \t]+([\w, \t]+)", re.MULTILINE)
STRING = re.compile(r"([A-Za-z]*)(\"{3}|'{3}|\"|')")


def identifier(name: str) -> str:
    """Return a name as Python compares it (PEP 3131)."""
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


def mentions(text: str, words: Iterable[str]) -> bool:
    """Whether one of the words stands in the text, not only as a part of a longer name."""
    return any(
        word in text and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in words
    )


def assigned_attributes(text: str) -> frozenset[str]:
    """Return the names `self.NAME` is assigned under in the text, a few too many rather than few."""
    return frozenset(ASSIGNED_ATTRIBUTE.findall(text))


def declared_globals(text: str) -> frozenset[str]:
    """Return the names that functions in the text declare `global`: they assign them."""
    return frozenset(
        name.strip() for names in GLOBALS.findall(text) for name in names.split(",") if name.strip()
    )


def number(text: str) -> object:
    """Return the value of a number, or None where this Python cannot read it."""
    if len(text) < 16 and text.isascii() and text.isdecimal():
        return int(text)
    return _evaluated(text)


def string(text: str) -> str | bytes | None:
    """Return the value of one string literal with its quotes, or None."""
    match = STRING.match(text)
    if match is None:
        return None
    prefix = match[1].lower()
    if "b" not in prefix and ("\\" not in text or "r" in prefix):
        return text[match.end() : -len(match[2])]
    value = _evaluated(text)
    return value if isinstance(value, str | bytes) else None


def joined(values: Iterable[str | bytes | None]) -> str | bytes | None:
    """Return the value of literals that stand side by side."""
    values = list(values)
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) == len(values):
        return "".join(texts)
    parts = [value for value in values if isinstance(value, bytes)]
    return b"".join(parts) if len(parts) == len(values) else None


def unescaped(text: str, start: str) -> str:
    """Return the value of the text between two expressions of an f-string that begins so."""
    text = text.replace("{{", "{").replace("}}", "}")
    if "\\" not in text or "r" in start.lower():
        return text
    quote = start.lstrip("fFtTrR")
    value = _evaluated(quote + text + quote)
    return value if isinstance(value, str) else text


def pieces_of(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the literals of an implicit concatenation, or the one literal itself."""
    while isinstance(node, cst.ConcatenatedString):
        yield node.left
        node = node.right
    yield node


def _evaluated(text: str) -> object:
    try:
        value: object = ast.literal_eval(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    return value
