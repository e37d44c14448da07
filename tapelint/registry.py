"""Join rule cards and check modules by code, and turn selectors into codes.

Cards and check modules are read apart and only when asked for: a clean run reads no card, and
`explain` imports no check.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from tapelint import cards, checks
from tapelint.cards import Card, Stability
from tapelint.model import Confidence, Finding, Severity

# A check reads the observations of one file; only `tapelint.checks` knows their type.
Check = Callable[[Any], Iterator[Finding]]

ALL = "ALL"
PREFIX = "TAP"


@dataclass(frozen=True, slots=True)
class Rule:
    """What the rest of tapelint needs to know about a rule; everything else is on its card."""

    code: str
    name: str
    group: str
    severity: Severity
    confidence: Confidence
    card: Card

    @property
    def is_default(self) -> bool:
        """Tell whether the rule runs when nothing is selected: stable, and more than advice."""
        return self.card.stability is Stability.STABLE and self.severity is not Severity.NOTE


class UnknownRule(ValueError):
    """A selector or name that no rule answers to; `suggestion` is the nearest that one does."""

    def __init__(self, given: str, suggestion: str | None) -> None:
        hint = f", did you mean `{suggestion}`?" if suggestion else ""
        super().__init__(f"no rule is called `{given}`{hint}")
        self.given = given
        self.suggestion = suggestion


class SeveralRules(UnknownRule):
    """A selector of several rules, where one was to be named."""

    def __init__(self, given: str, number: int) -> None:
        super().__init__(given, None)
        self.args = (f"`{given}` stands for {number} rules: name one of them",)


@cache
def rules() -> Mapping[str, Rule]:
    """Return every rule by its code, in the order of the codes."""
    return MappingProxyType({card.code: _rule(card) for card in cards.load()})


def _rule(card: Card) -> Rule:
    return Rule(card.code, card.name, card.group, card.severity, card.confidence, card)


@cache
def check_functions() -> Mapping[str, Check]:
    """Import every check module and return its `check` by its `CODE`."""
    found: dict[str, Check] = {}
    for entry in pkgutil.iter_modules(checks.__path__, f"{checks.__name__}."):
        module = importlib.import_module(entry.name)
        # A module without a code is shared by several checks.
        if code := getattr(module, "CODE", None):
            if code in found:
                raise RuntimeError(f"{entry.name} repeats the code {code}")
            found[code] = module.check
    return MappingProxyType(dict(sorted(found.items())))


def default_codes() -> frozenset[str]:
    """Return the rules that run when nothing is selected."""
    return frozenset(code for code, rule in rules().items() if rule.is_default)


def select(selectors: Iterable[str]) -> frozenset[str]:
    """Return the codes that any of `selectors` names.

    A selector is a code (`TAP201`), the beginning of one (`TAP2`), a name or an alias
    (`numpy-in-tape`), a group (`path`) or `ALL`; upper and lower case do not matter. Raises
    `UnknownRule` for the first one that names nothing.
    """
    chosen: set[str] = set()
    for selector in selectors:
        chosen |= _matching(selector)
    return frozenset(chosen)


@cache
def codes(selector: str) -> frozenset[str]:
    """Return the codes that a selector names, none where it names no rule."""
    try:
        return select([selector])
    except UnknownRule:
        return frozenset()


def find(name: str) -> Rule:
    """Return the one rule with this code, name or alias; raise `UnknownRule` if none has."""
    wanted = name.strip().casefold()
    for rule in rules().values():
        if wanted in _names(rule):
            return rule
    match list(codes(name)):
        case [only]:
            return rules()[only]
        case [_, *_] as several:
            raise SeveralRules(name, len(several))
    known = [spelling for rule in rules().values() for spelling in _spellings(rule)]
    raise UnknownRule(name, _nearest(wanted, known))


def _matching(selector: str) -> set[str]:
    wanted = selector.strip().casefold()
    if wanted == ALL.casefold():
        return set(rules())
    matching = {
        code
        for code, rule in rules().items()
        if wanted in _names(rule)
        or wanted == rule.group.casefold()
        or (wanted.startswith(PREFIX.casefold()) and code.casefold().startswith(wanted))
    }
    if not matching:
        known = [spelling for rule in rules().values() for spelling in _spellings(rule)]
        groups = sorted({rule.group for rule in rules().values()})
        raise UnknownRule(selector, _nearest(wanted, [*known, *groups, ALL]))
    return matching


def _spellings(rule: Rule) -> tuple[str, ...]:
    return (rule.code, rule.name, *rule.card.aliases)


def _names(rule: Rule) -> set[str]:
    return {spelling.casefold() for spelling in _spellings(rule)}


def _nearest(wanted: str, known: list[str]) -> str | None:
    """Return what was probably meant; other digits are another rule, not the same misspelt."""
    digits = _digits(wanted)
    by_folded = {
        spelling.casefold(): spelling
        for spelling in known
        if not digits or digits == _digits(spelling)
    }
    near = difflib.get_close_matches(wanted, by_folded, n=1, cutoff=0.7)
    return by_folded[near[0]] if near else None


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
