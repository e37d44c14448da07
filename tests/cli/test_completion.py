"""What a shell is told when the tabulator is pressed."""

from __future__ import annotations

import pytest
from click.shell_completion import ShellComplete

from tapelint.cli import program


def completed(line: str) -> list[str]:
    """Return what completes the last word of a command line."""
    *words, last = line.split(" ")
    shell = ShellComplete(program, {}, "tapelint", "_TAPELINT_COMPLETE")
    return [item.value for item in shell.get_completions(words, last) if item.type == "plain"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ex", ["explain"]),
        ("--sel", ["--select"]),
        ("src --stat", ["--statistics"]),
        ("check --sel", ["--select"]),
        ("explain TAP20", [f"TAP20{digit}" for digit in range(1, 10)]),
        ("explain numpy", ["numpy-in-tape"]),
        ("--select tap301", ["TAP301"]),
        ("--ignore TAP101,numpy", ["TAP101,numpy-in-tape"]),
        ("--output-format s", ["sarif"]),
        ("--nothing-like-it", []),
    ],
)
def test_words_are_completed(line: str, expected: list[str]) -> None:
    assert completed(line) == expected


def test_the_first_word_may_be_a_command_or_a_path() -> None:
    shell = ShellComplete(program, {}, "tapelint", "_TAPELINT_COMPLETE")
    found = {(item.type, item.value) for item in shell.get_completions([], "")}
    assert {("plain", "explain"), ("plain", "rules"), ("file", "")} <= found
