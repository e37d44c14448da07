"""Comments that keep nothing back, or do not say why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tapelint import session
from tapelint.engine import lint
from tapelint.settings import Selection, Settings
from tapelint.source.read import SourceText

HEAD = "import numpy as np\nimport tensorflow as tf\nx = tf.Variable(1.0)\n"
TAPE = "with tf.GradientTape() as tape:\n    y = {}\ng = tape.gradient(y, x)\n"
CUT = TAPE.format("np.log(x)  # tapelint: {}")
FLOWS = TAPE.format("tf.math.log(x)  # tapelint: {}")


def found(program: str, *codes: str, path: str = "a.py") -> list[tuple[str, int, str]]:
    """Return what is said about the comments of a program."""
    findings = lint(SourceText(path, HEAD + program), Settings())
    return [(f.code, f.span.line, f.message) for f in findings if f.code in codes]


USED = {
    "its code": CUT.format("ignore[TAP201] why"),
    "the beginning of its code": CUT.format("ignore[TAP2] why"),
    "its name": CUT.format("ignore[numpy-in-tape] why"),
    "every rule": CUT.format("ignore why"),
    "a word that is no request": FLOWS.format("ignored"),
    "a rule about comments": FLOWS.format("ignore[TAP902] generated"),
    "a rule about files": FLOWS.format("ignore[TAP901] why"),
    "a function that may be called from elsewhere": "def f(v):\n"
    "    return np.log(v)  # tapelint: ignore[TAP201] why\n" + TAPE.format("x * x"),
    "a file whose functions may be called from elsewhere": "def f(v):\n    return np.log(v)\n"
    + TAPE.format("x * x"),
    "a method that may be called from elsewhere": "class A:\n    def f(self, v):\n"
    "        return np.log(v)  # tapelint: ignore why\n" + TAPE.format("x * x"),
}


@pytest.mark.parametrize("program", USED.values(), ids=USED)
def test_a_comment_that_is_used_or_may_be_is_fine(program: str) -> None:
    assert found(program, "TAP902") == []


def test_a_comment_for_a_file_is_used_wherever_something_is_found() -> None:
    source = SourceText("a.py", "# tapelint: ignore-file[TAP201] why\n" + HEAD + CUT.format("no"))
    assert "TAP902" not in {finding.code for finding in lint(source, Settings())}


IDLE = {
    "another code": (CUT.format("ignore[TAP202] why"), "`TAP202` keeps nothing back"),
    "one code of two": (CUT.format("ignore[TAP201, TAP301] why"), "`TAP301` keeps nothing back"),
    "a name": (FLOWS.format("ignore[numpy-in-tape] why"), "`numpy-in-tape` keeps nothing back"),
    "every rule": (FLOWS.format("ignore why"), "the comment keeps nothing back"),
    "no rule": (CUT.format("ignore[TAP201, TAP2O1] why"), "`TAP2O1` names no rule"),
    "a function with a tape": (
        "def f():\n with tf.GradientTape() as t:\n  y = x  # tapelint: ignore why\n t.gradient(y, x)\nf()\n",
        "the comment keeps nothing back",
    ),
}


@pytest.mark.parametrize(("program", "message"), IDLE.values(), ids=IDLE)
def test_a_comment_without_a_finding_is_idle(program: str, message: str) -> None:
    ((code, _, said),) = found(program, "TAP902")
    assert (code, said) == ("TAP902", message)


@pytest.mark.parametrize(
    "comment",
    ["ignore[TAP201] only logged", "ignore: only logged", "ignore[TAP201] logged  # noqa: E501"],
)
def test_a_reason_stands_behind_the_request(comment: str) -> None:
    assert found(CUT.format(comment), "TAP903") == []


@pytest.mark.parametrize("comment", ["ignore", "ignore[TAP201]", "ignore[TAP201] --  # noqa: E501"])
def test_a_comment_of_tools_is_no_reason(comment: str) -> None:
    assert [code for code, _, _ in found(CUT.format(comment), "TAP903")] == ["TAP903"]


def reported(tmp_path: Path, *select: str, files: dict[str, str]) -> list[tuple[str, int, str]]:
    """Return what a run over some files reports, with some rules selected."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    pairs = [(tmp_path / name, str(tmp_path / name)) for name in files]
    settings = Settings(selections=(Selection(select=select),))
    result = session.run(pairs, settings, processes=1)
    return [(Path(f.span.path).name, f.span.line, f.code) for f in result.findings]


def test_only_rules_that_were_selected_are_idle(tmp_path: Path) -> None:
    files = {"a.py": HEAD + FLOWS.format("ignore[TAP201] why")}
    assert reported(tmp_path, "TAP902", files=files) == []
    assert reported(tmp_path, "TAP203", "TAP902", files=files) == []
    assert reported(tmp_path, "TAP201", files=files) == []
    assert reported(tmp_path, "TAP2", "TAP902", files=files) == [("a.py", 5, "TAP902")]


def test_a_comment_that_holds_a_rule_that_was_not_selected_is_used(tmp_path: Path) -> None:
    files = {"a.py": HEAD + CUT.format("ignore why")}
    assert reported(tmp_path, "TAP3", "TAP902", files=files) == []


def test_a_finding_of_another_file_counts(tmp_path: Path) -> None:
    helper = (
        HEAD
        + "def tape_of():\n    # GradientTape\n    pass\n"
        + ("def f(v):  # GradientTape\n    return np.log(v)  # tapelint: ignore[TAP201] why\n")
    )
    user = HEAD + "import helper\n" + TAPE.format("helper.f(x)")
    alone = {"helper.py": helper}
    assert reported(tmp_path, "TAP2", "TAP902", files=alone) == [("helper.py", 8, "TAP902")]
    both = {"helper.py": helper, "user.py": user}
    assert reported(tmp_path, "TAP2", "TAP902", files=both) == []


def test_a_comment_without_brackets_does_not_hide_that_it_is_idle(tmp_path: Path) -> None:
    files = {"a.py": HEAD + FLOWS.format("ignore why")}
    assert reported(tmp_path, "TAP", files=files) == [("a.py", 5, "TAP902")]
    named = {"a.py": HEAD + FLOWS.format("ignore[TAP201, TAP902] made by a tool")}
    assert reported(tmp_path, "TAP", files=named) == []
    files = {"a.py": "x = 1  # tapelint: ignore\n"}
    assert reported(tmp_path, "TAP", files=files) == []
