"""Comments that keep findings back: where they stand, what they mean, what is none."""

from __future__ import annotations

import textwrap

import pytest

from tapelint.model import Confidence, Finding, Severity, Span
from tapelint.source.read import SourceText
from tapelint.source.suppress import apply, suppressions


def finding(line: int, end_line: int | None = None, code: str = "TAP201") -> Finding:
    """Return a finding on some lines."""
    name = {"TAP201": "numpy-in-tape", "TAP301": "exhausted-tape"}[code]
    span = Span("a.py", line, 1, end_line or line, 9)
    return Finding(code, name, "wrong", span, Severity.ERROR, Confidence.CERTAIN)


def held_lines(source: str, code: str = "TAP201") -> list[int]:
    """Return the lines on which a finding would be kept back."""
    source = textwrap.dedent(source)
    findings = [finding(number, code=code) for number in range(1, source.count("\n") + 2)]
    kept, held = apply(findings, SourceText("a.py", source))
    assert sorted([*kept, *held], key=lambda found: found.span) == findings
    return [found.span.line for found in held]


NOTHING = {
    "a word that is longer": "x()  # tapelint: ignored\n",
    "a file word that is longer": "# tapelint: ignore-files\nx()\n",
    "no colon": "x()  # tapelint ignore\n",
    "another tool": "x()  # mytapelint: ignore\n",
    "a dash before": "x()  # no-tapelint: ignore\n",
    "upper case": "x()  # TAPELINT: IGNORE\n",
    "an empty list": "x()  # tapelint: ignore[]\n",
    "an open list": "x()  # tapelint: ignore[TAP201\n",
    "a string": 'x("# tapelint: ignore")\n',
    "a string with an escaped quote": r"""x("\"# tapelint: ignore")""" + "\n",
    "a raw string that ends in a backslash": 'x(r"a\\\\", "# tapelint: ignore")\n',
    "a long string": 'x("""\n# tapelint: ignore\n""")\n',
    "a long string with quotes in it": "x('''\n'' # tapelint: ignore\n''')\n",
    "a docstring": '"""Use it.\n\nx()  # tapelint: ignore\n"""\nx()\n',
    "a long string that never ends": 'x("""\n# tapelint: ignore\n',
    "a bytes string": "x(b'# tapelint: ignore')\n",
    "a continued string": 'x("a\\\n# tapelint: ignore")\n',
    "ignore-file below code": "x()\n# tapelint: ignore-file\n",
    "ignore-file behind code": "x()  # tapelint: ignore-file\n",
    "ignore-file below an import": "from __future__ import annotations\n# tapelint: ignore-file\n",
    "the end of the file": "x()\n# tapelint: ignore\n",
}


@pytest.mark.parametrize("source", NOTHING.values(), ids=NOTHING)
def test_what_asks_for_nothing_keeps_nothing_back(source: str) -> None:
    assert held_lines(source) == []


LINES = {
    "behind code": ("x()\ny()  # tapelint: ignore\nz()\n", [2]),
    "without blanks": ("x()#tapelint:ignore\n", [1]),
    "behind another comment": ("x()  # noqa: E501  # tapelint: ignore\n", [1]),
    "with a reason": ("x()  # tapelint: ignore[TAP201] only logged, see #12\n", [1]),
    "with a blank before the list": ("x()  # tapelint: ignore [TAP201]\n", [1]),
    "behind a string with a hash": ('x("#")  # tapelint: ignore\n', [1]),
    "behind a string that is open": ("x('a)\ny()  # tapelint: ignore\n", [2]),
    "behind a long string": ('x("""\na\n""")  # tapelint: ignore\n', [3]),
    "behind a form feed": ("x()\x0c  # tapelint: ignore\n", [1]),
    "alone": ("# tapelint: ignore\nx()\ny()\n", [2]),
    "alone and indented": ("if a:\n    # tapelint: ignore\n    x()\n    y()\n", [3]),
    "alone above comments": ("# tapelint: ignore\n# because\nx()\ny()\n", [3]),
    "alone above a blank line": ("# tapelint: ignore\n\nx()\ny()\n", [3]),
    "alone below a comment": ("# because\n# tapelint: ignore\nx()\n", [3]),
    "alone within brackets": ("x(\n    # tapelint: ignore\n    y(),\n    z(),\n)\n", [3]),
    "alone behind a form feed": ("\x0c# tapelint: ignore\nx()\n", [2]),
    "alone below a decorator": ("@a\n# tapelint: ignore\ndef f(): ...\n", [3]),
}


@pytest.mark.parametrize(("source", "held"), LINES.values(), ids=LINES)
def test_a_comment_speaks_for_its_line_or_the_next_line_of_code(
    source: str, held: list[int]
) -> None:
    assert held_lines(source) == held


FILES = {
    "first line": "# tapelint: ignore-file\nx()\n",
    "below a shebang and an encoding": "#!/x\n# coding: utf-8\n# tapelint: ignore-file\nx()\n",
    "below a docstring": '"""Doc."""\n\n# tapelint: ignore-file\nx()\n',
    "below a raw docstring": 'r"""Doc."""\n# tapelint: ignore-file\nx()\n',
    "below blank lines": "\n\n\x0c\n# tapelint: ignore-file\nx()\n",
    "indented": "   # tapelint: ignore-file\nx()\n",
    "with a list": "# tapelint: ignore-file[TAP301, path]\nx()\n",
    "with a reason": "# tapelint: ignore-file generated\nx()\n",
}


@pytest.mark.parametrize("source", FILES.values(), ids=FILES)
def test_a_comment_above_all_code_speaks_for_the_file(source: str) -> None:
    (found,) = suppressions(source)
    assert found.covers is None


@pytest.mark.parametrize(
    ("words", "is_held"),
    [
        ("TAP301", False),
        ("TAP3", False),
        ("exhausted-tape", False),
        ("TAP2011", False),
        ("numpy", False),
        ("201", False),
        ("TAP201", True),
        ("tap201", True),
        ("TAP2", True),
        ("TAP", True),
        ("numpy-in-tape", True),
        ("Numpy-In-Tape", True),
        ("TAP301, TAP201", True),
        ("TAP301,TAP201,", True),
        ("  TAP201  ", True),
        ("bogus, TAP201", True),
    ],
)
def test_a_list_means_the_rules_it_names(words: str, is_held: bool) -> None:
    assert (held_lines(f"x()  # tapelint: ignore[{words}]\n") == [1]) is is_held


def test_two_requests_on_a_line_add_up() -> None:
    source = "x()  # tapelint: ignore[TAP201] a # tapelint: ignore[TAP301] b\n"
    assert held_lines(source, "TAP201") == held_lines(source, "TAP301") == [1]


@pytest.mark.parametrize(
    ("line", "end_line", "is_held"),
    [(1, 1, False), (1, 2, True), (2, 2, True), (2, 5, True), (1, 5, True), (3, 5, False)],
)
def test_a_finding_of_several_lines_is_held_by_a_comment_on_any_of_them(
    line: int, end_line: int, is_held: bool
) -> None:
    source = SourceText("a.py", "a(\n  b,  # tapelint: ignore\n  c,\n  d\n)\n")
    kept, held = apply([finding(line, end_line)], source)
    assert bool(held) is is_held
    assert bool(kept) is not is_held


def test_the_caller_may_know_more_names_for_rules() -> None:
    source = SourceText("a.py", "x()  # tapelint: ignore[path]\n")
    assert apply([finding(1)], source)[1] == ()
    assert apply([finding(1)], source, lambda word, found: word == "path")[1] == (finding(1),)


def test_findings_keep_their_order() -> None:
    source = SourceText("a.py", "x()\ny()  # tapelint: ignore\nz()\n")
    kept, held = apply([finding(3), finding(2), finding(1)], source)
    assert [found.span.line for found in kept] == [3, 1]
    assert [found.span.line for found in held] == [2]
