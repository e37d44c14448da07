"""Everything the documents show is so: what they print, the commands, the settings, the rules."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tapelint import cli, registry, settings
from tools import documents

ROOT = documents.ROOT
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
DOCUMENTS = documents.documents()
BLOCK = re.compile(r"^```(?P<language>[a-z]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:[A-Z_]+=1 )?tapelint(?: [^`]+)?)`")
ROW = re.compile(r"^\| \[(TAP\d+)\]\(([^)]+)\)((?:\\\*)*) \| `([^`]+)` \| (.+) \|$", re.MULTILINE)
PYTEST = re.compile(r"`((?:python -m )?pytest [^`]+)`")
LINK = re.compile(r"\]\((?P<target>[^)#:\s]+)(?:#[^)]*)?\)")
# Words in capitals stand for what the reader has.
PLACEHOLDERS = {"PATH": "src", "FILE": "train.py", "CODE": "TAP201"}
NO_CHANGES = "__pycache__ .git .venv .mypy_cache .pytest_cache .ruff_cache *.egg-info"

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def blocks(language: str, *paths: Path) -> Iterator[str]:
    """Yield the fenced blocks of a language in some documents, else in all of them."""
    for path in paths or DOCUMENTS:
        for block in BLOCK.finditer(path.read_text(encoding="utf-8")):
            if block["language"] == language:
                yield block["body"]


def commands() -> Sequence[str]:
    """Return every call of tapelint that stands in running text or in a workflow."""
    found: set[str] = set()
    for path in DOCUMENTS:
        text = BLOCK.sub("", path.read_text(encoding="utf-8"))
        found.update(command.replace("\n", " ") for command in INLINE.findall(text))
        for workflow in blocks("yaml", path):
            found.update(re.findall(r"^ +- run: (tapelint .*)$", workflow, re.MULTILINE))
    return sorted(found)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a small project the current folder."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copytree(ROOT / "examples", tmp_path / "src")
    shutil.copy(ROOT / "examples" / "decay_curve.py", tmp_path / "train.py")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@each_document
def test_what_is_made_in_a_document_is_up_to_date(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert documents.refreshed(text) == text, "python -m tools.documents"


def test_the_table_of_rules_is_that_of_the_cards() -> None:
    (table,) = documents.RULES.findall(README.read_text(encoding="utf-8"))
    rows = re.findall(
        r"^\| \[(TAP\d+)\]\(([^)]+)\)((?:\\\*)*) \| `([^`]+)` \| (.+) \|$", table, re.MULTILINE
    )
    shown = [(code, name, message, not star) for code, _, star, name, message in rows]
    known = registry.rules().values()
    assert shown == [(r.code, r.name, r.card.message, r.is_default) for r in known]
    assert all((ROOT / target).is_file() for _, target, *_ in rows)


def test_what_one_example_gives_is_part_of_what_all_of_them_give() -> None:
    # The set-up command lints the folder: people look for what they have read above it.
    alone = documents.printed(["examples/decay_curve.py"])
    assert alone.rpartition("\n\n")[0] in documents.printed(["examples/"])


@pytest.mark.parametrize("command", commands())
def test_a_command_in_the_text_works(command: str, project: Path) -> None:
    words = [PLACEHOLDERS.get(word, word) for word in shlex.split(command)]
    settings, arguments = words[: words.index("tapelint")], words[words.index("tapelint") + 1 :]
    given = subprocess.run(
        [sys.executable, "-m", "tapelint", *arguments],
        input=(project / "train.py").read_bytes(),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **dict(word.split("=") for word in settings)},
    )
    assert given.returncode in (0, 1), given.stderr
    assert given.stderr == b""


@pytest.mark.parametrize("command", sorted(PYTEST.findall(CONTRIBUTING.read_text("utf-8"))))
def test_a_command_that_runs_tests_finds_some(command: str) -> None:
    arguments = shlex.split(command.partition("pytest")[2])
    given = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert given.returncode == 0, given.stdout + given.stderr


def test_every_option_is_in_the_help_that_is_shown() -> None:
    (shown,) = (body for body in blocks("console") if body.startswith("$ tapelint --help"))
    options = [name for param in cli.program.commands["check"].params for name in param.opts]
    assert [name for name in options if name.startswith("--") and name not in shown] == []


def test_the_settings_that_are_shown_are_all_there_are(tmp_path: Path) -> None:
    (shown,) = blocks("toml", README)
    path = tmp_path / "pyproject.toml"
    path.write_text(shown, encoding="utf-8")
    loaded = settings.load(path)
    for selector in loaded.words:
        assert registry.select([selector])
    tables = [key for key in settings.OPTIONS if f"\n{key} =" not in shown]
    assert tables == ["per-file-ignores", "knowledge"]
    assert loaded.per_file_ignores
    assert loaded.beliefs


@pytest.mark.parametrize("source", list(blocks("python", README)))
def test_a_program_that_is_shown_is_clean_for_its_comments_alone(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "shown.py"
    path.write_text(source, encoding="utf-8")
    assert cli.main(["--isolated", str(path)]) == 0
    path.write_text(re.sub(r"# tapelint: .*", "", source), encoding="utf-8")
    assert cli.main(["--isolated", str(path)]) == 1


def test_the_hook_that_is_shown_exists() -> None:
    (shown,) = (body for body in blocks("yaml", README) if "hooks:" in body)
    ids = re.findall(r"- id: (\S+)", shown)
    known = re.findall(r"- id: (\S+)", (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert ids
    assert set(ids) <= set(known)


def test_the_tests_are_run_as_the_continuous_integration_runs_them() -> None:
    _, tests = blocks("sh", README)
    (set_up,) = blocks("sh", CONTRIBUTING)
    installed, _, command = tests.strip().rpartition(" && .venv/bin/")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert installed == set_up.strip()
    assert installed.endswith("--editable '.[dev,verify]'")
    assert "--editable '.[dev,verify]'" in script
    assert command.startswith("python -m pytest")
    assert f"\n{command} ||" in script
    assert f"`{command}`" in CONTRIBUTING.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="it is a command for a POSIX shell")
def test_the_command_to_try_it_works_on_a_fresh_checkout(tmp_path: Path) -> None:
    first, _ = blocks("sh", README)
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(*NO_CHANGES.split()))
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    given = subprocess.run(
        ["bash", "-c", first],
        cwd=checkout,
        env={**environment, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert given.returncode == 1, given.stderr
    assert given.stdout.endswith(documents.printed(["examples/"]))


@each_document
def test_a_link_in_a_document_leads_somewhere(document: Path) -> None:
    text = BLOCK.sub("", document.read_text(encoding="utf-8"))
    targets = {found["target"] for found in LINK.finditer(text)}
    assert [target for target in sorted(targets) if not (document.parent / target).exists()] == []


def test_the_json_schema_that_is_linked_is_that_of_the_version() -> None:
    schema = json.loads((ROOT / "tapelint" / "report" / "json-v1.schema.json").read_text("utf-8"))
    assert schema["properties"]["version"] == {"const": 1}
