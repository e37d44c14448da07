"""What a finding says about a run: which gradient call, which sources, what comes out, and why."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from tapelint.model import Finding, Role, Span


class Expected(Enum):
    """What a run has to show for a finding to hold."""

    NONE = "None"
    ZERO = "zeros"
    NOT_FINITE = "nan"
    RAISES = "an exception"
    NONE_RAISES = "None, and an exception behind it"
    OWN_RECORD = "a request inside its own tape"
    OTHER_VARIABLE = "a variable that moves by another's gradient"
    NO_UPDATE = "a variable that does not move"
    NO_SOURCES = "a request without sources"
    UNEVEN = "a zip of different lengths"
    UNSCALED = "gradients that are divided by a scale"
    NOTHING = "nothing that a run decides"


# Causes as the recorder names them, for rules about the source itself.
CAUSES: Mapping[str, frozenset[str]] = {
    "TAP101": frozenset({"unwatched"}),
    "TAP102": frozenset({"not trainable"}),
    "TAP103": frozenset({"dtype"}),
    "TAP104": frozenset({"unwatched", "unused", "not trainable", "unknown"}),
    "TAP105": frozenset({"late watch"}),
    "TAP106": frozenset({"not auto-watched"}),
    "TAP107": frozenset({"unused", "unwatched"}),
    "TAP108": frozenset({"unused"}),
}
# For the others the place of the break counts too.
CUT = frozenset({"cut", "dtype", "unused", "no target"})
UNRECORDED = frozenset({"unrecorded", "unwatched", "late watch"})
CAUSES_AT_BREAK: Mapping[str, frozenset[str]] = {
    "TAP210": UNRECORDED,
    "TAP302": UNRECORDED,
    "TAP303": UNRECORDED | CUT,
    "TAP308": UNRECORDED,
}
# The finding points at what is read, and the connection may end at the write before.
READS_STATE = frozenset({"TAP204", "TAP207", "TAP211", "TAP212"})
# Wrong from the second turn of a loop on.
LATER_TURN = frozenset({"TAP104", "TAP301"})
SPECIAL: Mapping[str, Expected] = {
    "TAP109": Expected.RAISES,
    "TAP110": Expected.NOTHING,
    "TAP112": Expected.NOTHING,
    "TAP111": Expected.RAISES,
    "TAP301": Expected.RAISES,
    "TAP304": Expected.OWN_RECORD,
    "TAP305": Expected.NOTHING,
    "TAP306": Expected.RAISES,
    "TAP307": Expected.NOTHING,
    "TAP401": Expected.OTHER_VARIABLE,
    "TAP402": Expected.OTHER_VARIABLE,
    "TAP403": Expected.RAISES,
    "TAP404": Expected.NO_UPDATE,
    "TAP405": Expected.NONE_RAISES,
    "TAP406": Expected.NO_UPDATE,
    "TAP407": Expected.UNSCALED,
    "TAP408": Expected.RAISES,
    "TAP409": Expected.NONE,
}
TRAINED = re.compile(r"`(\w+\.)?(fit|train_on_batch|train_step)` (gets|raises)\b")
QUOTED = re.compile(r"`([^`]+)`")
CUSTOM = re.compile(r"custom gradient of `([^`]+)`")
LABEL = re.compile(r"(?:^|with respect to )`([^`]+)`")
METHODS = frozenset({"gradient", "jacobian", "batch_jacobian"})


@dataclass(frozen=True, slots=True)
class Claim:
    """A finding in terms of a run.

    `site` is the gradient call, or the `fit` that makes one, None where the finding is about none.
    `breaks` are the places that it blames. `indices` are the sources it is about, None where that
    cannot be told apart. `needs_graph` holds for what only happens while a graph is made.
    """

    finding: Finding
    expected: Expected
    site: Span | None
    breaks: tuple[Span, ...]
    causes: frozenset[str]
    needs_place: bool
    indices: frozenset[int] | None
    labels: tuple[str, ...]
    needs_graph: bool = False

    @property
    def anchor(self) -> Span:
        """The place that a run has to reach."""
        return self.site or self.finding.span


def claim_of(finding: Finding, sources: Mapping[str, str]) -> Claim:
    """Say what `finding` claims; `sources` has the texts of files by the paths findings show."""
    is_at_finding = SPECIAL.get(finding.code) is Expected.RAISES
    site = None if is_at_finding else site_of(finding)
    labels = labels_of(finding)
    call = call_at(site, sources) if site else None
    blamed = tuple(step.span for step in finding.steps if step.role is Role.BREAK)
    if finding.code.startswith("TAP6"):
        # TensorFlow runs a custom gradient for whoever called the function.
        blamed += _calls_of(finding, sources)
    return Claim(
        finding,
        _expected(finding),
        site,
        blamed or (finding.span,),
        CAUSES.get(finding.code, CAUSES_AT_BREAK.get(finding.code, CUT)),
        finding.code not in CAUSES or finding.code == "TAP104",
        _indices(call, labels),
        written(call) or (() if _is_training(finding) else labels),
        _is_training(finding) and _is_raised(finding),
    )


def _is_training(finding: Finding) -> bool:
    """Tell whether a finding is about the gradients that Keras asks for."""
    return TRAINED.match(finding.message) is not None


def _is_raised(finding: Finding) -> bool:
    return re.search(r"\braises\b", finding.message) is not None


def site_of(finding: Finding) -> Span | None:
    """Return the place of the gradient call: the last step about the tape."""
    asked = [step.span for step in finding.steps if step.role is Role.TAPE]
    return asked[-1] if asked else None


def labels_of(finding: Finding) -> tuple[str, ...]:
    """Return what the finding calls its sources."""
    found = [
        match[1]
        for step in finding.steps
        if step.role is Role.SOURCE and (match := LABEL.search(step.message))
    ]
    if about := re.search(r"with respect to `([^`]+)`", finding.message):
        found.insert(0, about[1])
    return tuple(dict.fromkeys(found))


def _expected(finding: Finding) -> Expected:
    if finding.code == "TAP402" and "`zip`" in finding.message and "drops" in finding.message:
        return Expected.UNEVEN
    if finding.code == "TAP102" and finding.message.startswith("no gradient is computed"):
        return Expected.NO_SOURCES
    if finding.code == "TAP401" and finding.message.endswith("from its gradient"):
        # A variable that becomes `gradient - rate * variable` is moved by its own gradient as well.
        return Expected.NOTHING
    if finding.code in SPECIAL:
        return SPECIAL[finding.code]
    if finding.code == "TAP603":
        return Expected.NONE if "is None" in finding.message else Expected.NOTHING
    if finding.code == "TAP604":
        return Expected.NOTHING
    if finding.code.startswith("TAP5"):
        return Expected.NOT_FINITE
    outcome = finding.message.partition(":")[0]
    if _is_training(finding) and not _is_raised(finding):
        return Expected.ZERO if "only zeros" in outcome else Expected.NONE
    if re.search(r"\bis zero\b", outcome):
        return Expected.ZERO
    if _is_raised(finding):
        return Expected.RAISES
    if re.search(r"\bis None\b", outcome):
        return Expected.NONE
    return Expected.NOTHING


def _calls_of(finding: Finding, sources: Mapping[str, str]) -> tuple[Span, ...]:
    """Return the lines that call the function a finding is about: the first that it names."""
    named = CUSTOM.search(finding.message) or QUOTED.search(finding.message)
    try:
        tree = ast.parse(sources.get(finding.span.path, ""))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    if named is None:
        return ()
    last = named[1].rpartition(".")[2]
    return tuple(
        Span(finding.span.path, node.lineno, 1, node.end_lineno or node.lineno, 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == last
    )


def call_at(site: Span, sources: Mapping[str, str]) -> ast.Call | None:
    """Return the gradient call that stands at a span."""
    try:
        tree = ast.parse(sources.get(site.path, ""))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in METHODS
            and (node.lineno, node.end_lineno) == (site.line, site.end_line)
            and abs(node.col_offset + 1 - site.column) <= _slack(site, sources)
        ):
            return node
    return None


def _slack(site: Span, sources: Mapping[str, str]) -> int:
    """`ast` counts bytes: allow for what the line has that is not ASCII."""
    line = sources.get(site.path, "").split("\n")[site.line - 1]
    return len(line.encode()) - len(line)


def _sources_argument(call: ast.Call) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg in ("sources", "source"):
            return keyword.value
    return call.args[1] if len(call.args) > 1 else None


def written(call: ast.Call | None) -> tuple[str, ...]:
    """Return the sources of a call as they are written, one by one where that can be seen."""
    given = _sources_argument(call) if call else None
    match given:
        case None:
            return ()
        case ast.List() | ast.Tuple():
            return tuple(ast.unparse(element) for element in given.elts)
        case ast.Dict() if all(isinstance(key, ast.Constant) for key in given.keys):
            # TensorFlow takes the values of a dict in the order of its keys.
            pairs = zip(given.keys, given.values, strict=True)
            named = sorted(pairs, key=lambda pair: repr(getattr(pair[0], "value", "")))
            return tuple(ast.unparse(value) for _, value in named)
        case _:
            return (ast.unparse(given),)


def _indices(call: ast.Call | None, labels: tuple[str, ...]) -> frozenset[int] | None:
    each = written(call)
    found = frozenset(i for i, text in enumerate(each) if text in labels)
    # One name may stand for a list of many.
    is_list = len(each) > 1 or isinstance(
        _sources_argument(call) if call else None, (ast.List, ast.Dict)
    )
    return found if found and is_list else None
