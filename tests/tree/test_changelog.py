"""Every entry of the changelog says what kind of change it is."""

from __future__ import annotations

import re
from pathlib import Path

from tapelint import __version__

TEXT = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
TYPES = {"added", "false-positive", "changed", "fixed"}
VERSION = re.compile(r"^## (\d+\.\d+\.\d+)(?: \((?:unreleased|\d{4}-\d\d-\d\d)\))$", re.MULTILINE)


def test_every_entry_begins_with_its_type() -> None:
    entries = re.findall(r"^- (.*)$", TEXT, re.MULTILINE)
    assert entries
    wrong = [e for e in entries if re.match(r"\*\*([a-z-]+)\*\*: \S", e) is None]
    assert wrong == []
    assert {re.match(r"\*\*([a-z-]+)", entry)[1] for entry in entries} <= TYPES  # type: ignore[index]


def test_the_newest_version_is_this_one() -> None:
    headings = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    versions = VERSION.findall(TEXT)
    assert len(versions) == len(headings)
    assert versions[0] == __version__
