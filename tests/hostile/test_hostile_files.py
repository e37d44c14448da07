"""Whatever is in a file, it gives a clear finding or none, and the other files are checked.

One run of the real program checks them all; the tests look at what it said about each.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from programs import TAPE, Clean, Refused, Verdict, files

ROOT = Path(__file__).parents[2]
GOOD = TAPE + b"tape.gradient(y, x)\ntape.gradient(y, x)\n"
# The first and the last file of a run, small and large.
GOOD_FILES = {"aaa.py": GOOD, "zzz.py": GOOD + b"# more\n" * 20_000}
CASES = [pytest.param(file, verdict, id=name) for name, file, _, verdict in files()]
# One run is enough for all tests, in whatever process they are.
pytestmark = pytest.mark.xdist_group("hostile")


@dataclass(frozen=True, slots=True)
class Run:
    """What a run printed, and its findings by file."""

    code: int
    err: str
    document: Mapping[str, Any]
    findings: Mapping[str, Sequence[Mapping[str, Any]]]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Check all hostile files in one run."""
    folder = tmp_path_factory.mktemp("hostile")
    for _, file, data, _ in files():
        (folder / file).write_bytes(data)
    for file, data in GOOD_FILES.items():
        (folder / file).write_bytes(data)
    # No verdict may depend on how busy the machine is.
    (folder / "tapelint.toml").write_text("seconds-per-file = 600\n")
    done = subprocess.run(
        [sys.executable, "-m", "tapelint", "--output-format", "json", "."],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    document = json.loads(done.stdout)
    findings: dict[str, list[Mapping[str, Any]]] = {}
    for found in document["findings"]:
        findings.setdefault(found["span"]["path"], []).append(found)
    return Run(done.returncode, done.stderr, document, findings)


def test_the_run_ends_as_any_run_with_findings(ran: Run) -> None:
    assert (ran.code, ran.err) == (1, "")


def test_no_file_is_forgotten(ran: Run) -> None:
    assert ran.document["summary"]["files_checked"] == len(CASES) + len(GOOD_FILES)


@pytest.mark.parametrize("file", GOOD_FILES)
def test_the_other_files_are_checked(ran: Run, file: str) -> None:
    assert [found["code"] for found in ran.findings[file]] == ["TAP301"]


@pytest.mark.parametrize(("file", "verdict"), CASES)
def test_a_hostile_file_is_clean_or_refused_in_a_clear_sentence(
    ran: Run, file: str, verdict: Verdict
) -> None:
    found = ran.findings.get(file, [])
    match verdict:
        case Clean():
            assert found == []
        case Refused(line, why):
            assert len(found) == 1
            assert_is_clear(found[0])
            assert line in (None, found[0]["span"]["line"])
            assert re.search(why, found[0]["message"])
        case _:
            assert len(found) <= 1
            for each in found:
                assert_is_clear(each)


def assert_is_clear(found: Mapping[str, Any]) -> None:
    """Check that a finding says what is wrong with the file, and not with tapelint."""
    assert found["code"] == "TAP901"
    assert not re.search("internal error|crashed|took longer", found["message"])
    assert len(found["message"]) <= 100
    assert found["span"]["line"] >= 1
    assert found["span"]["column"] >= 1
