"""Every example of every card: the verdicts of `--verify` and what a real tape gives agree.

All findings in the bad examples are put to a tape, and for each gradient call of the good ones a
forged one, which says that it gives None. What `# gives` says decides which verdict is right.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

import pytest
from witnesses import REQUESTS

from tapelint import cards, engine
from tapelint.model import Confidence, Finding, Role, Severity, Span, Step, Verdict
from tapelint.settings import Settings
from tapelint.source.read import SourceText
from tapelint.verify import examples
from tapelint.verify.runner import Runner
from tapelint.verify.verification import Options, Project, tried, verify

pytestmark = [pytest.mark.tensorflow, pytest.mark.xdist_group("cards")]

# Findings that no run decides yet, with the reason. The list may only get shorter.
OPEN: Mapping[str, str] = {
    "TAP104-bad-4": "a new value that nobody reads is no outcome of a request",
    "TAP110-bad-1": "what trains by which list is asked of a layer, not of a tape",
    "TAP110-bad-2": "what trains by which list is asked of a layer, not of a tape",
    "TAP110-bad-3": "what trains by which list is asked of a layer, not of a tape",
    "TAP110-bad-4": "what trains by which list is asked of a layer, not of a tape",
    "TAP110-bad-5": "what trains by which list is asked of a layer, not of a tape",
    "TAP112-bad-1": "that weights stay where they are is no outcome of a request",
    "TAP112-bad-2": "the optimizer of Keras raises, and no request",
    "TAP201-bad-4": "the rest of the loss has its gradient, and that a penalty does nothing is no None",
    "TAP208-bad-2": "TensorFlow answers for a `py_function` once, and the step cannot be asked again",
    "TAP305-bad-1": "what a tape keeps longer than it is asked for is no outcome of a request",
    "TAP305-bad-2": "what a tape keeps longer than it is asked for is no outcome of a request",
    "TAP307-bad-1": "whether one number or many were wanted is no matter of a run",
    "TAP307-bad-2": "whether one number or many were wanted is no matter of a run",
    "TAP401-bad-2": "what a name ought to hold is no matter of a run: nothing raises, nothing moves",
    "TAP409-bad-1": "None comes out, and which line is to blame the rule does not say",
    "TAP603-bad-3": "the gradient would have to be asked for a second time, from twice the target",
    "TAP702-bad-4": "an old name that is set does nothing, and nothing raises",
    "TAP703-bad-1": "shapes that were not meant for each other give a gradient all the same",
    "TAP703-bad-2": "shapes that were not meant for each other give a gradient all the same",
    "TAP703-bad-3": "shapes that were not meant for each other give a gradient all the same",
    "TAP704-bad-1": "a gradient that was not wanted comes out as well as one that was",
    "TAP604-bad-1": "the function would have to be called a second time, by position",
}
# About the file, or seen by `run` alone: `--verify` has nothing to run.
NOT_RUN = ("TAP801", "TAP802", "TAP803", "TAP901", "TAP902", "TAP903")
EXAMPLES = {
    f"{card.code}-{example.section.lower()}-{example.number}": example
    for card in cards.load()
    for example in card.examples
}
FORGED = "TAP201"


def forged(shown: str, source: str) -> dict[int, Finding]:
    """Return a finding for each line that says what is given: that the gradient there is None."""
    try:
        calls = [
            node
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in REQUESTS
        ]
    except SyntaxError:
        return {}
    found = {}
    for call in calls:
        span = Span(
            shown,
            call.lineno,
            call.col_offset + 1,
            call.end_lineno or 0,
            (call.end_col_offset or 0) + 1,
        )
        steps = (
            Step(span, Role.BREAK, "the gradient ends"),
            Step(span, Role.TAPE, "`tape.gradient` answers None"),
        )
        message = "the gradient of `y` with respect to `x` is None"
        made = Finding(
            FORGED, "forged", message, span, Severity.ERROR, Confidence.CERTAIN, "", steps
        )
        found.update(dict.fromkeys(range(call.lineno, (call.end_lineno or 0) + 1), made))
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Write every example to a folder of its own."""
    root = tmp_path_factory.mktemp("cards")
    texts = {f"{name}/example.py": example.source for name, example in EXAMPLES.items()}
    for shown, source in texts.items():
        (root / shown).parent.mkdir()
        (root / shown).write_text(source, encoding="utf-8")
    return Project(root, texts)


@pytest.fixture(scope="module")
def judged(runner: Runner, written: Project) -> Mapping[str, Sequence[Finding]]:
    """Put what is found in the examples to a tape."""
    found = [
        finding
        for shown, source in written.texts.items()
        for finding in engine.lint(SourceText(shown, source), Settings())
        if not finding.code.startswith(NOT_RUN)
    ]
    by_name: dict[str, list[Finding]] = {name: [] for name in EXAMPLES}
    for finding in verify(found, written, runner, Options(seconds=60.0)):
        by_name[finding.span.path.partition("/")[0]].append(finding)
    return by_name


@pytest.fixture(scope="module")
def lied_about(runner: Runner, written: Project) -> Mapping[tuple[str, int], Verdict]:
    """Put a forged finding for each gradient call of a good example to a tape."""
    false = {
        (name, line): finding
        for name in EXAMPLES
        if "-good-" in name
        for line, finding in forged(f"{name}/example.py", EXAMPLES[name].source).items()
    }
    once = list({id(finding): finding for finding in false.values()}.values())
    # What is written as a graph runs eagerly first: whether that differs is part of the whole.
    whole = [f for f in once if "tf.function" in written.texts[f.span.path]]
    rest = [f for f in once if "tf.function" not in written.texts[f.span.path]]
    options = Options(seconds=60.0)
    verdicts = {
        id(case.finding): case.best.judgement.verdict
        for case in tried(rest, written, runner, options)
        if case.best
    }
    answers = verify(whole, written, runner, options)
    verdicts |= {id(f): verdict(a) for f, a in zip(whole, answers, strict=True)}
    return {place: verdicts[id(finding)] for place, finding in false.items()}


def verdict(finding: Finding) -> Verdict:
    """Return what a run said of a finding."""
    assert finding.evidence is not None
    return finding.evidence.verdict


def found_in(name: str) -> bool:
    """Tell whether tapelint is to find something in an example that can be run."""
    finds = [e for e in EXAMPLES[name].expectations if e.kind == "finds"]
    return bool(finds) and not name.startswith(NOT_RUN)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if found_in(name) and name not in OPEN])
def test_what_is_found_in_an_example_is_confirmed(
    judged: Mapping[str, Sequence[Finding]], name: str
) -> None:
    told = [(f.code, f.evidence and f.evidence.reason, verdict(f)) for f in judged[name]]
    assert [entry for entry in told if entry[2] is not Verdict.CONFIRMED] == []


@pytest.mark.parametrize("name", OPEN)
def test_what_no_run_decides_is_left_open(
    judged: Mapping[str, Sequence[Finding]], name: str
) -> None:
    verdicts = {verdict(f) for f in judged[name]}
    assert verdicts, "nothing is found"
    assert verdicts != {Verdict.CONFIRMED}, "no debt any more"
    assert verdicts <= {Verdict.CONFIRMED, Verdict.INCONCLUSIVE}


GIVEN = [
    (name, e.line, e.value)
    for name, example in EXAMPLES.items()
    for e in example.expectations
    if e.kind == "gives" and "-good-" in name
]


def is_healthy(value: str) -> bool:
    """Tell whether a comment says that a gradient comes out for every source."""
    numbers = ast.literal_eval(value) if not set("nzi") & set(value) else None
    return numbers is not None and bool(_flat(numbers)) and 0.0 not in _flat(numbers)


def _flat(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for element in value.values() for leaf in _flat(element)]
    if isinstance(value, (list, tuple)):
        return [leaf for element in value for leaf in _flat(element)]
    return [value]


@pytest.mark.parametrize(("name", "line", "value"), GIVEN)
def test_a_false_finding_meets_what_a_good_example_gives(
    lied_about: Mapping[tuple[str, int], Verdict], name: str, line: int, value: str
) -> None:
    told = lied_about[name, line]
    if is_healthy(value):
        assert told is Verdict.REFUTED
    elif "None" in value:
        assert told is not Verdict.REFUTED
    else:
        assert told is not Verdict.CONFIRMED


@pytest.mark.parametrize("code", ["TAP101", "TAP604", "TAP901"])
def test_an_example_that_is_explained_gives_what_its_card_says(runner: Runner, code: str) -> None:
    programs = [
        examples.Program(
            name,
            example.source,
            tuple(
                (e.line, e.kind, e.value)
                for e in example.expectations
                if e.kind in ("gives", "raises")
            ),
        )
        for name, example in EXAMPLES.items()
        if name.startswith(code)
    ]
    told = [o for _, found in examples.run(programs, runner) for o in found]
    assert told
    assert [o for o in told if o.agrees is False] == []
