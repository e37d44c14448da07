"""SARIF as a workflow makes it: the real command, on real files of a repository."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sarif_schema import needs_schema, violations

from tapelint import cli

CUT = """\
import numpy as np
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    note = "{before}"; loss = tf.constant(np.square(w))
gradient = tape.gradient(loss, w)
"""
TWICE = """\
import tensorflow as tf


def step(model, data):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(data))
    first = tape.gradient(loss, data)
    return first, tape.gradient(loss, data)
"""
BEFORE = ["", "日本語", "😀🚀", "e\u0301"]

Report = Callable[..., bytes]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository with something to find in several folders."""
    root = tmp_path / "repo"
    for number, before in enumerate(BEFORE):
        folder = root / "my src" / f"été {number}"
        folder.mkdir(parents=True)
        (folder / "a#1 100%.py").write_text(CUT.format(before=before), encoding="utf-8")
    (root / ".git").mkdir()
    (root / "top.py").write_text(TWICE, encoding="utf-8")
    (root / "broken.py").write_text("tape = GradientTape(\n", encoding="utf-8")
    return root


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Return what runs the command in a folder and gives the bytes of the report."""

    def run(cwd: Path, *arguments: str) -> bytes:
        monkeypatch.chdir(cwd)
        output = tmp_path / "report.sarif"
        options = ["--isolated", "--output-format", "sarif", "--output-file", str(output)]
        assert cli.main([*options, *arguments]) == 1
        return output.read_bytes()

    return run


def results(document: bytes) -> list[dict[str, Any]]:
    """Return the results of a report."""
    found: list[dict[str, Any]] = json.loads(document)["runs"][0]["results"]
    return found


def places(node: object) -> Iterator[dict[str, Any]]:
    """Yield every physical location in a part of a report."""
    if isinstance(node, dict):
        if "physicalLocation" in node:
            yield node["physicalLocation"]
        for child in node.values():
            yield from places(child)
    elif isinstance(node, list):
        for child in node:
            yield from places(child)


def source(place: dict[str, Any], root: Path) -> str:
    """Return the text a location points at, read from the file its URI leads to."""
    path = root / unquote(place["artifactLocation"]["uri"])
    region = place["region"]
    assert region["startLine"] == region["endLine"]
    line = path.read_text(encoding="utf-8").split("\n")[region["startLine"] - 1]
    return line[region["startColumn"] - 1 : region["endColumn"] - 1]


@needs_schema
def test_the_official_schema_accepts_it(repository: Path, report: Report) -> None:
    assert violations(report(repository)) == []


def test_it_is_byte_equal_from_two_directories_and_in_two_runs(
    repository: Path, report: Report
) -> None:
    expected = report(repository)
    assert report(repository, "--jobs", "1") == expected
    assert report(repository, "top.py", "broken.py", "my src", ".") == expected
    assert report(repository / "my src", "..") == expected
    assert report(repository.parent, "repo") == expected
    assert report(repository.parent, str(repository)) == expected
    assert str(repository.parent).encode() not in expected


def test_every_place_shows_the_source_it_speaks_of(repository: Path, report: Report) -> None:
    document = report(repository)
    assert json.loads(document)["runs"][0]["columnKind"] == "unicodeCodePoints"
    cut = [result for result in results(document) if result["ruleId"] == "TAP201"]
    assert len(cut) == len(BEFORE)
    for result in cut:
        (location,) = places(result["locations"])
        assert source(location, repository) == "np.square(w)"
        flow = [source(place, repository) for place in places(result["codeFlows"])]
        assert flow[0] == "tf.Variable(2.0)"
        assert flow[-1] == "tape.gradient(loss, w)"
        assert "np.square(w)" in flow


def test_every_place_is_relative_to_the_root_of_the_repository(
    repository: Path, report: Report
) -> None:
    found = list(places(results(report(repository / "my src", "../top.py", "."))))
    assert found
    for place in found:
        assert place["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
        assert (repository / unquote(place["artifactLocation"]["uri"])).is_file()


def test_every_result_is_found_again_after_lines_have_moved(
    repository: Path, report: Report
) -> None:
    def prints(document: bytes) -> list[tuple[str, str]]:
        return [
            (result["ruleId"], result["partialFingerprints"]["primaryLocationLineHash"])
            for result in results(document)
        ]

    before = prints(report(repository))
    for path in repository.rglob("*.py"):
        path.write_text(f"import math\n\n{path.read_text('utf-8')}", encoding="utf-8")
    assert prints(report(repository)) == before
    assert {code for code, _ in before} == {"TAP201", "TAP301", "TAP901"}


def test_a_worktree_of_git_is_a_repository_too(tmp_path: Path, report: Report) -> None:
    tree = tmp_path / "tree"
    (tree / "inner").mkdir(parents=True)
    (tree / ".git").write_text("gitdir: ../repo/.git/worktrees/tree\n", encoding="utf-8")
    (tree / "inner" / "top.py").write_text(TWICE, encoding="utf-8")
    (result,) = results(report(tree / "inner"))
    (location,) = places(result["locations"])
    assert location["artifactLocation"]["uri"] == "inner/top.py"
