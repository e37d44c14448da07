"""What a witness showed is kept for as long as nothing that it read has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from witnesses import Program, program

from tapelint.verify.cache import FOLDER, Cache
from tapelint.verify.installation import Installation
from tapelint.verify.observed import run_from
from tapelint.verify.request import Limits, Mode, Request, World

HERE = Installation("python", "2.21.0", "3.15.1", "3.11.7", True, 7, True, 2.0)
EVENTS = [{"event": "note", "text": "`x` is invented"}, {"event": "end"}]


@pytest.fixture
def made(tmp_path: Path) -> Program:
    """A program in a folder of its own, beside a module and a file that it reads."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "helper.py").write_text("a = 1\n", encoding="utf-8")
    return program(folder, "import helper\n")


def kept(tmp_path: Path, made: Program, fate: str = "ended") -> Request:
    """Keep a run of a program, and return its request."""
    request = made.request()
    read = {"event": "read", "files": [str(made.path.parent / "helper.py")]}
    events = [*EVENTS, read]
    Cache(tmp_path).put(request, HERE, events, run_from(events, fate, 1.5))
    return request


def test_what_was_kept_is_found(tmp_path: Path, made: Program) -> None:
    found = Cache(tmp_path).get(kept(tmp_path, made), HERE)
    assert found is not None
    assert (found.fate, found.seconds, found.notes) == ("ended", 1.5, ("`x` is invented",))


@pytest.mark.parametrize("fate", ["timed out", "killed by signal 9", "died", "the worker died"])
def test_what_was_cut_short_is_not_kept(tmp_path: Path, made: Program, fate: str) -> None:
    assert Cache(tmp_path).get(kept(tmp_path, made, fate), HERE) is None


CHANGES: dict[str, Callable[[Request], Request]] = {
    "the world": lambda request: replace(request, world=World.VARIABLE),
    "the mode": lambda request: replace(request, mode=Mode.GRAPH),
    "the seed": lambda request: replace(request, seed=8),
    "the second run": lambda request: replace(request, is_second=True),
    "the limit": lambda request: replace(request, limits=Limits(1.0)),
    "the text": lambda request: replace(request, texts=type(request.texts)({request.main: ""})),  # type: ignore[call-arg]
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_another_request_is_another_entry(tmp_path: Path, made: Program, name: str) -> None:
    request = CHANGES[name](kept(tmp_path, made))
    assert Cache(tmp_path).get(request, HERE) is None


@pytest.mark.parametrize("name", ["tensorflow", "keras", "python", "python_path"])
def test_another_version_is_another_entry(tmp_path: Path, made: Program, name: str) -> None:
    other = replace(HERE, **{name: "other"})  # type: ignore[arg-type]
    assert Cache(tmp_path).get(kept(tmp_path, made), other) is None


def test_a_module_that_was_read_counts(tmp_path: Path, made: Program) -> None:
    request = kept(tmp_path, made)
    (made.path.parent / "helper.py").write_text("a = 2\n", encoding="utf-8")
    assert Cache(tmp_path).get(request, HERE) is None


def test_a_new_file_beside_it_counts(tmp_path: Path, made: Program) -> None:
    request = kept(tmp_path, made)
    (made.path.parent / "missing.py").touch()
    assert Cache(tmp_path).get(request, HERE) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"files": 3}', '{"files": {}, "events": 1}'])
def test_a_broken_entry_is_none(tmp_path: Path, made: Program, content: str) -> None:
    request = kept(tmp_path, made)
    (entry,) = (tmp_path / FOLDER).rglob("*.json")
    entry.write_text(content, encoding="utf-8")
    assert Cache(tmp_path).get(request, HERE) is None


def test_the_folder_keeps_itself_out_of_repositories(tmp_path: Path, made: Program) -> None:
    kept(tmp_path, made)
    folder = tmp_path / FOLDER
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert (folder / "CACHEDIR.TAG").read_text(encoding="utf-8").startswith("Signature: 8a477f5")
    assert Cache(tmp_path).clean()
    assert not folder.exists()


def test_a_file_in_its_place_is_no_error(tmp_path: Path, made: Program) -> None:
    (tmp_path / FOLDER).write_text("", encoding="utf-8")
    assert Cache(tmp_path).get(kept(tmp_path, made), HERE) is None
