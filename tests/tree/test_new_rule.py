"""The command that begins a rule leaves everything in its place, to be filled in."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from tapelint import cards
from tools import new_rule

CHANGELOG = new_rule.ROOT / "CHANGELOG.md"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make the folders of a checkout."""
    for folder in ("rules", "tapelint/checks", "tests/checks"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(CHANGELOG, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("code", "name", "why"),
    [
        ("TAP201", "lossy-round-trip", "TAP201 is numpy-in-tape"),
        ("TAP298", "numpy-in-tape", "TAP201 is numpy-in-tape"),
        ("TAP2", "lossy-round-trip", "TAP2 is no code"),
        ("TAP298", "lossy_round_trip", "lossy_round_trip is no name"),
        ("TAP298", "lossy", "lossy is no name"),
        ("TAP098", "lossy-round-trip", "name its --group"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(
    code: str, name: str, why: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        new_rule.main([code, name], root)
    assert why in capsys.readouterr().err
    assert list((root / "rules").iterdir()) == []


def test_the_card_can_be_read_and_waits_to_be_selected(root: Path) -> None:
    assert new_rule.main(["TAP298", "lossy-round-trip"], root) == 0
    card = cards.read(root / "rules" / "TAP298-lossy-round-trip.md")
    assert (card.code, card.name, card.group) == ("TAP298", "lossy-round-trip", "path")
    assert card.stability is cards.Stability.PREVIEW


def test_the_check_can_be_imported_and_finds_nothing(root: Path) -> None:
    new_rule.main(["TAP298", "lossy-round-trip"], root)
    path = root / "tapelint" / "checks" / "lossy_round_trip.py"
    spec = importlib.util.spec_from_file_location("lossy_round_trip", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (module.CODE, module.RULE.name) == ("TAP298", "lossy-round-trip")
    assert list(module.check([])) == []


def test_the_test_fails_until_it_is_written(root: Path) -> None:
    new_rule.main(["TAP298", "lossy-round-trip"], root)
    text = (root / "tests" / "checks" / "test_lossy_round_trip.py").read_text(encoding="utf-8")
    assert text.count("def test_") == text.count("pytest.fail(") == 2


def test_the_entry_is_the_last_of_the_newest_version(root: Path) -> None:
    old = "# Changelog\n\n## 2.0.0 (unreleased)\n\n- **fixed**: a\n\n## 1.0.0 (2030-01-01)\n\nb\n"
    (root / "CHANGELOG.md").write_text(old, encoding="utf-8")
    new_rule.main(["TAP298", "lossy-round-trip"], root)
    new = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    entry = "- **added**: TAP298 lossy-round-trip finds WHAT\n"
    assert new == old.replace("- **fixed**: a\n", "- **fixed**: a\n" + entry)


def test_what_is_added_to_the_changelog_is_one_line_alone(root: Path) -> None:
    before = CHANGELOG.read_text(encoding="utf-8").splitlines()
    new_rule.main(["TAP298", "lossy-round-trip"], root)
    after = (root / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in after if line not in before] == [
        "- **added**: TAP298 lossy-round-trip finds WHAT"
    ]
