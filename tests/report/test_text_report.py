"""The text report shows the chain, with every mark under the text it means."""

from __future__ import annotations

import pytest
from samples import ALL, CROWDED, ELSEWHERE, NUMPY, SOURCES, VARIABLE, context, finding, span, step

from tapelint.model import Finding, Role, Severity, Span, Step
from tapelint.report import render
from tapelint.terminal import width

LINES_THAT_ARE_HARD_TO_MEASURE = {
    "ascii": "    y = np.mean(x)",
    "tab": "\ty = np.mean(x)",
    "tab inside": "a\t= 1; y =\tnp.mean(x)",
    "wide": 'name = "日本語"; y = np.mean(x)',
    "fullwidth": "ｘ１ = np.mean(x)",
    "emoji": 'name = "😀🚀"; y = np.mean(x)',
    "emoji of several code points": 'name = "👩‍🔬"; y = np.mean(x)',
    "combining": 'name = "e\u0301a\u0308"; y = np.mean(x)',
    "half width": 'name = "ｱｲｳ"; y = np.mean(x)',
    "escape": 'name = "\x1b[31m"; y = np.mean(x)',
    "reordering": 'name = "\u202e"; y = np.mean(x)',
    "long before": "y = " + " + ".join(["tf.exp(日本)"] * 30) + " + np.mean(x)",
    "long after": "y = np.mean(x) + " + " + ".join(["tf.exp(日本)"] * 30),
    "long around": "z = " + "日本 + " * 40 + "np.mean(x)" + " + 日本" * 40,
}


def marked(line: str, text: str = "np.mean(x)", columns: int = 80) -> str:
    """Return what stands above the marks when `text` is what a finding is about."""
    start = line.index(text) + 1
    at = Span("a.py", 1, start, 1, start + len(text))
    printed = render("text", [finding(at)], context(sources={"a.py": line}, width=columns))
    rows = printed.split("\n")
    number = next(i for i, row in enumerate(rows) if "^" in row)
    above, marks = rows[number - 1], rows[number]
    left = marks.index("^")
    return cut(above, left, left + marks.count("^"))


def cut(text: str, left: int, right: int) -> str:
    """Return the part of `text` between two columns of the screen."""
    part, column = "", 0
    for character in text:
        if left <= column < right:
            part += character
        column += width(character)
    return part


@pytest.mark.parametrize("columns", [40, 60, 100, 200])
@pytest.mark.parametrize(
    "line",
    LINES_THAT_ARE_HARD_TO_MEASURE.values(),
    ids=list(LINES_THAT_ARE_HARD_TO_MEASURE),
)
def test_the_marks_stand_under_the_text(line: str, columns: int) -> None:
    assert marked(line, columns=columns) == "np.mean(x)"


@pytest.mark.parametrize("columns", [48, 60, 80, 100])
@pytest.mark.parametrize("given", ALL, ids=lambda given: given.code)
def test_nothing_but_a_path_is_wider_than_the_terminal(given: Finding, columns: int) -> None:
    _, *rows = render("text", [given], context(width=columns)).split("\n")
    assert [row for row in rows if width(row) > columns] == []


def test_the_marks_of_a_span_that_is_wider_than_the_terminal_are_cut_with_it() -> None:
    line = "y = np.mean(" + "x + " * 60 + "x)"
    at = Span("a.py", 1, 5, 1, len(line) + 1)
    rows = render("text", [finding(at)], context(sources={"a.py": line}, width=60)).split("\n")
    source = next(row for row in rows if "np.mean" in row)
    marks = next(row for row in rows if "^" in row)
    assert source.endswith("...")
    assert width(marks) == width(source)


def test_a_span_over_several_lines_is_marked_to_the_end_of_its_first() -> None:
    at = Span("a.py", 1, 5, 3, 2)
    source = "y = np.mean(\n    x\n)\n"
    rows = render("text", [finding(at)], context(sources={"a.py": source})).split("\n")
    assert "   1 | y = np.mean(" in rows
    assert "     |     ^^^^^^^^" in rows


def test_every_step_is_shown_with_its_number_its_line_and_its_part() -> None:
    printed = render("text", [NUMPY], context())
    for number, source, label in (
        (6, "w = tf.Variable(2.0)", "source: `w` is a variable"),
        (9, "    y = w * 3.0", "`y` is recorded"),
        (11, "    m = np.mean(y)", "break: `np.mean` leaves TensorFlow"),
        (12, "    loss = m * 2", "target: `loss`"),
    ):
        assert f"{number:>5} | {source}\n" in printed
        assert label in printed


def test_steps_on_one_line_share_one_copy_of_it() -> None:
    printed = render("text", [CROWDED], context(width=100))
    assert printed.count("loss = score(") == 1
    for label in ("source: `w` is a variable", "break: `np.mean` leaves", "target: `loss`"):
        assert label in printed


def test_steps_on_the_same_text_share_their_mark() -> None:
    at = span(11, "np.mean(y)")
    both = (Step(at, Role.STEP, "an array"), Step(at, Role.BREAK, "not a tensor"))
    printed = render("text", [finding(at, *both)], context())
    assert "^^^^^^^^^^ an array; break: not a tensor" in printed


def test_a_step_inside_the_text_of_another_keeps_its_own_mark() -> None:
    at = span(11, "np.mean(y)")
    whole = step(11, "m = np.mean(y)", Role.TARGET, "`m`")
    printed = render("text", [finding(at, whole)], context())
    assert "      |     ----^^^^^^^^^^ target: `m`\n" in printed


def test_a_chain_through_another_file_names_that_file() -> None:
    printed = render("text", [ELSEWHERE], context())
    order = [
        printed.index(where) for where in ("> train.py:6", "> lib/helper.py:5", "> train.py:16")
    ]
    assert order == sorted(order)


def test_a_finding_that_is_no_step_is_shown_where_it_stands() -> None:
    at = span(14, "tape.gradient(loss, w)")
    printed = render("text", [finding(at, VARIABLE)], context())
    assert printed.index("   6 | w = tf.Variable(2.0)") < printed.index("  14 | again =")
    assert "^" * len("tape.gradient(loss, w)") in printed


def test_a_long_chain_keeps_its_ends_and_the_break() -> None:
    source = "".join(f"v{i} = v{i - 1} + 1\n" for i in range(1, 60))
    steps = [Step(Span("a.py", i, 1, i, 3), Role.STEP, f"turn {i} of many") for i in range(2, 59)]
    ends = (
        Step(Span("a.py", 1, 1, 1, 3), Role.SOURCE, "here it begins"),
        Step(Span("a.py", 59, 1, 59, 4), Role.BREAK, "here it ends"),
    )
    given = finding(ends[1].span, ends[0], *steps, ends[1])
    printed = render("text", [given], context(sources={"a.py": source}))
    assert "here it begins" in printed
    assert "here it ends" in printed
    assert 0 < printed.count("of many") < 10


def test_a_file_that_cannot_be_read_again_is_reported_without_its_lines() -> None:
    given = finding(Span("gone.py", 1, 1, 1, 1), message="the file cannot be read")
    assert render("text", [given], context()).startswith(
        "gone.py:1:1 TAP201 numpy-in-tape (error, certain)\n  the file cannot be read\n\n"
    )


def test_nothing_from_a_file_can_steer_the_terminal() -> None:
    source = 'x = "\x1b]0;title\x07\x9b31m"; y = np.mean(x)'
    at = Span("a\x1b[2J\n.py", 1, 1, 1, 2)
    given = finding(at, Step(at, Role.BREAK, "`\x1b[1m`"), message="`\x1b[2J`", help="\x1b[2J")
    printed = render("text", [given], context(sources={at.path: source}))
    printed += render("concise", [given], context())
    assert [c for c in printed if not c.isprintable() and c != "\n"] == []


def test_colours_change_nothing_but_colours() -> None:
    import re

    plain = render("text", ALL, context())
    coloured = render("text", ALL, context(colour=True))
    assert "\x1b[" not in plain
    assert coloured != plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_a_help_of_several_lines_keeps_them_apart() -> None:
    at = span(11, "np.mean(y)")
    printed = render("text", [finding(at, help="do this\nor do that")], context())
    assert "  help: do this\n        or do that\n" in printed


def test_findings_are_shown_in_the_order_of_their_places() -> None:
    printed = render("text", list(reversed(ALL)), context())
    assert printed == render("text", ALL, context())
    assert printed.index("train.py:11:9 ") < printed.index("train.py:14:9 ")


@pytest.mark.parametrize(
    ("severities", "checked", "suppressed", "expected"),
    [
        ([], 12, 0, "All 12 files clean."),
        ([], 1, 0, "1 file clean."),
        ([], 0, 0, "No files to check."),
        ([], 12, 3, "All 12 files clean (3 suppressed)."),
        ([Severity.ERROR], 1, 0, "Found 1 error in 1 file (1 checked)."),
        ([Severity.NOTE] * 2, 3, 0, "Found 2 notes in 2 files (3 checked)."),
        (
            [Severity.ERROR, Severity.WARNING, Severity.ERROR, Severity.ERROR],
            12,
            0,
            "Found 3 errors and 1 warning in 2 files (12 checked).",
        ),
        (
            [Severity.NOTE, Severity.WARNING, Severity.ERROR],
            12,
            4,
            "Found 1 error, 1 warning and 1 note in 2 files (12 checked, 4 suppressed).",
        ),
    ],
)
def test_the_last_line_sums_up(
    severities: list[Severity], checked: int, suppressed: int, expected: str
) -> None:
    files = list(SOURCES)
    found = [
        Finding(
            "TAP201", "numpy-in-tape", "wrong", Span(files[i % 2], 1, 1, 1, 2), s, NUMPY.confidence
        )
        for i, s in enumerate(severities)
    ]
    printed = render("text", found, context(checked=checked, suppressed=suppressed))
    assert printed.split("\n")[-2:] == [expected, ""]


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="no format is called 'xml'"):
        render("xml", [], context())
