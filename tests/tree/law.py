"""The law that messages, steps and advice obey, whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tapelint.model import Finding

LONGEST_MESSAGE = 100
# A message states; what to do is the business of the help line.
ADVICE = re.compile(r"\b(should|must|instead|please|try|consider|use|add|call|move|make)\b")
CODE = re.compile(r"`[^`]*`")


def breaches(finding: Finding) -> Iterator[str]:
    """Yield every way in which a finding breaks the law."""
    message = finding.message
    if len(message) > LONGEST_MESSAGE:
        yield f"the message has {len(message)} characters: {message}"
    if ADVICE.search(CODE.sub("", message)):
        yield f"the message gives advice: {message}"
    if not finding.help:
        yield "there is no help"
    texts = [message, finding.help, *(step.message for step in finding.steps)]
    for text in texts:
        yield from breaches_of_text(text)
    if not finding.steps:
        yield "there is no chain"


def breaches_of_text(text: str) -> Iterator[str]:
    """Yield every way in which a sentence of a finding breaks the law."""
    if text.endswith((".", "!")) and not text.endswith("..."):
        yield f"a full stop: {text}"
    if text.count("`") % 2:
        yield f"an odd backtick: {text}"
    if "\n" in text or "  " in text:
        yield f"more than one line, or two spaces: {text!r}"
    if "``" in text or "`None`" in text:
        yield f"empty code: {text}"
    if text[:1].isupper() and not text.startswith("TensorFlow"):
        yield f"begins in upper case: {text}"
