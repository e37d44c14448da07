"""A check says of itself what its card says."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from story import modules

from tapelint import cards, checks

MODULES = tuple(modules())


def short(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


@pytest.mark.parametrize("module", MODULES, ids=short)
def test_name_and_severity_are_those_of_the_card(module: ModuleType) -> None:
    card = cards.card(module.CODE)
    assert (module.RULE.code, module.RULE.name) == (card.code, card.name)
    assert module.RULE.severity is card.severity


@pytest.mark.parametrize("module", MODULES, ids=short)
def test_the_module_is_named_like_its_rule(module: ModuleType) -> None:
    assert short(module) == module.RULE.name.replace("-", "_")


def test_every_check_has_tests_of_its_own() -> None:
    tested = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert {short(module) for module in MODULES} <= tested


def test_a_module_without_a_code_has_no_check() -> None:
    shared = {
        path.stem for path in Path(checks.__path__[0]).glob("*.py") if path.stem != "__init__"
    } - {short(module) for module in MODULES}
    assert shared == {"chain", "findings", "naming", "nan", "phrasing", "twins", "verdicts"}
