"""Every example of every card does under a real tape what its comments say.

The value of a line is that of the last gradient call that ran on it (in a loop: the last turn);
a call that spans lines may carry its comment on any of them. `nan`, `inf` and `zeros` describe
the answer; numbers and nested lists are compared in shape and, with a tolerance, in value.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tape import assertions, contradiction, run

RULES = Path(__file__).parents[2] / "rules"
SECTION = re.compile(r"^## (Bad|Good)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Example:
    """One fenced program of a card."""

    code: str
    section: str
    number: int
    source: str

    def __str__(self) -> str:
        return f"{self.code}-{self.section.lower()}-{self.number}"


def examples() -> Iterator[Example]:
    """Yield the programs of all cards in the order of their codes."""
    for card in sorted(RULES.glob("TAP*.md")):
        for section in SECTION.finditer(card.read_text(encoding="utf-8")):
            for number, block in enumerate(BLOCK.finditer(section[2]), start=1):
                yield Example(card.name[:6], section[1], number, block[1])


EXAMPLES = tuple(examples())
CODES = frozenset(card.name[:6] for card in RULES.glob("TAP*.md"))

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None,
    reason="TensorFlow is not installed: only a real tape can check what the examples give",
)


@pytest.mark.tensorflow
@needs_tensorflow
@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_real_tape_gives_what_the_example_says(example: Example, tmp_path: Path) -> None:
    import tensorflow as tf

    tf.keras.backend.clear_session()
    tf.keras.utils.set_random_seed(7)
    tf.keras.mixed_precision.set_global_policy("float32")
    # tf.function reads the source of what it traces, so the program has to be a file.
    path = tmp_path / f"{example}.py"
    path.write_text(example.source, encoding="utf-8")
    assert contradiction(example.source, run(path)) is None


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.section == "Bad"], ids=str)
def test_a_bad_example_marks_what_is_found(example: Example) -> None:
    assert any(claim.kind == "finds" for claim in assertions(example.source))


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.section == "Good"], ids=str)
def test_a_good_example_marks_no_finding(example: Example) -> None:
    assert not any(claim.kind == "finds" for claim in assertions(example.source))


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_finding_names_a_rule_that_has_a_card(example: Example) -> None:
    named = {c.value for c in assertions(example.source) if c.kind == "finds" and c.value}
    assert named <= CODES


@pytest.mark.parametrize("card", sorted(RULES.glob("TAP*.md")), ids=lambda card: card.name[:6])
def test_a_card_has_bad_and_good_examples(card: Path) -> None:
    sections = {example.section for example in EXAMPLES if example.code == card.name[:6]}
    assert sections == {"Bad", "Good"}
