"""Every bad example of every card gives exactly the findings it marks, every good one nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from law import breaches
from pending import NOT_IMPLEMENTED, NOT_UNDERSTOOD

from tapelint import cards, registry
from tapelint.cards import Card, Example
from tapelint.engine import lint
from tapelint.model import Finding
from tapelint.settings import Settings
from tapelint.source.read import SourceText

EXAMPLES = {
    f"{card.code}-{example.section.lower()}-{example.number}": (card, example)
    for card in cards.load()
    for example in card.examples
}
# Seen when a program is watched, and never by reading it.
SEEN_IN_RUNS = frozenset({"TAP801", "TAP802", "TAP803"})
# About a file as a whole, found before any check runs.
WITHOUT_CHECK = frozenset({"TAP901", "TAP902", "TAP903"}) | SEEN_IN_RUNS


def check(example: Example) -> list[Finding]:
    """Lint one example."""
    return lint(SourceText("example.py", example.source), Settings())


def contradictions(card: Card, example: Example) -> list[str]:
    """Return how the findings of an example differ from what it marks."""
    marked = [
        (expectation.line, expectation.value or card.code)
        for expectation in example.expectations
        if expectation.kind == "finds"
    ]
    wanted = [mark for mark in marked if mark[1] not in NOT_IMPLEMENTED | SEEN_IN_RUNS]
    surplus: list[str] = []
    for finding in check(example):
        lines = range(finding.span.line, finding.span.end_line + 1)
        met = next((m for m in wanted if m[0] in lines and m[1] == finding.code), None)
        if met is None:
            surplus.append(f"line {finding.span.line} gives {finding.code}: {finding.message}")
        else:
            wanted.remove(met)
    return surplus + [f"line {line} does not give {code}" for line, code in wanted]


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - NOT_UNDERSTOOD))
def test_an_example_gives_exactly_what_it_marks(name: str) -> None:
    assert contradictions(*EXAMPLES[name]) == []


def test_an_example_that_is_understood_by_now_is_no_debt() -> None:
    assert {name for name in NOT_UNDERSTOOD if not contradictions(*EXAMPLES[name])} == set()


def test_a_rule_that_has_its_check_by_now_is_no_debt() -> None:
    written = {card.code for card in cards.load()} - WITHOUT_CHECK
    assert written - registry.check_functions().keys() == NOT_IMPLEMENTED


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_what_is_said_of_an_example_obeys_the_law(name: str) -> None:
    found = [f for f in check(EXAMPLES[name][1]) if f.code not in WITHOUT_CHECK]
    assert [breach for finding in found for breach in breaches(finding)] == []


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_is_told_in_the_same_words_each_time(name: str) -> None:
    _, example = EXAMPLES[name]
    assert check(example) == check(example)


def test_the_chain_of_an_example_begins_at_its_source_and_ends_at_a_request() -> None:
    (finding,) = check(EXAMPLES["TAP201-bad-2"][1])
    lines = EXAMPLES["TAP201-bad-2"][1].source.splitlines()
    told = [(step.role.value, lines[step.span.line - 1].strip()) for step in finding.steps]
    assert [role for role, _ in told] == "source step step step break target tape".split()
    assert told[0][1] == "self.kernel = tf.Variable([[1.0], [2.0]])"
    assert told[-1][1].startswith("gradient = tape.gradient(loss, layer.kernel)")


def test_no_example_is_left_out_by_a_slip_of_its_name() -> None:
    assert EXAMPLES.keys() >= NOT_UNDERSTOOD
    assert all(re.fullmatch(r"TAP\d{3}-(bad|good)-\d", name) for name in EXAMPLES)
    assert len(cards.load()) == len(list(Path(cards.folder()).glob("TAP*.md")))
