"""From what was seen to findings: those of the analysis where it knows the place, else new ones."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tapelint import registry, session
from tapelint.model import Confidence, Evidence, Finding, Role, Seen, Severity, Span, Step, Verdict
from tapelint.settings import Settings
from tapelint.source.read import Unreadable, read
from tapelint.verify.claims import Claim, Expected, claim_of
from tapelint.verify.judgement import UNNAMED
from tapelint.verify.observed import Run
from tapelint.verify.verdict import Judge
from tapelint.watch.calls import Call, call_of
from tapelint.watch.causes import UNEXPLAINED, Cause, cause_of
from tapelint.watch.sightings import Heard, Sighting, Site

MATCHING: Mapping[str, frozenset[Expected]] = {
    "none": frozenset({Expected.NONE, Expected.NONE_RAISES}),
    "nan": frozenset({Expected.NOT_FINITE}),
    "inf": frozenset({Expected.NOT_FINITE}),
    "zero": frozenset({Expected.ZERO}),
}
OUTCOMES = {"none": "None", "nan": "nan", "inf": "infinite", "zero": "zero"}
ANSWERS = {"none": "None", "nan": "nan", "inf": "an infinity", "zero": "zeros"}
LONGEST = 100
DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
# for: "None for both sources", "None for all 3 sources", "no gradient for 2 of 5 variables"
SEVERAL = re.compile(
    r" for (?:(?P<both>both)|(?:all )?(?P<number>\d+)(?: of \d+)?) (?:sources|variables)"
)
TRACE = "run it again with `--trace` to see where"


@dataclass(slots=True)
class _File:
    """A file of the user's: how it is shown, its text, and what the analysis found in it."""

    shown: str
    text: str
    findings: Sequence[Finding] | None = None
    sources: Mapping[str, str] = field(default_factory=dict)


class Findings:
    """Makes the findings of one run; `folder` is what paths are shown from.

    With `in_process` files are analysed here: a process that runs TensorFlow is not to be forked.
    """

    def __init__(
        self, heard: Heard, settings: Settings, folder: Path, *, in_process: bool = False
    ) -> None:
        self.heard = heard
        self.in_process = in_process
        self.settings = settings
        self.folder = folder
        self.files: dict[str, _File] = {}
        self.judge = Judge(self.absolute)

    def absolute(self, shown: str) -> str:
        """Return the path that the program knows a file by."""
        return os.path.abspath(os.path.join(self.folder, shown))

    def of(self, sightings: Sequence[Sighting]) -> Iterator[tuple[Finding, tuple[Sighting, ...]]]:
        """Yield the findings that some sightings of one site make, each with what it speaks for."""
        groups: dict[object, list[tuple[Sighting, Cause, Finding | None]]] = {}
        alike = Counter(sighting.outcome for sighting in sightings)
        for sighting in sightings:
            asked, source = self.heard.explained.get(sighting.key, (None, None))
            sighting = replace(sighting, asked=asked, source=source)
            cause = cause_of(sighting.outcome, source, asked)
            known = self._known(sighting, cause, alike[sighting.outcome])
            place = cause.blamed.frames[0] if cause.blamed else None
            key = known.sort_key if known else (sighting.outcome, cause.code, place)
            groups.setdefault(key, []).append((sighting, cause, known))
        for group in groups.values():
            members = tuple(sighting for sighting, _, _ in group)
            _, cause, known = group[0]
            if known is not None:
                yield self._as_note(self._with_evidence(known, members), members), members
            else:
                yield self._as_note(self._new(members, cause), members), members

    def is_explained(self, sighting: Sighting) -> bool:
        """Tell whether a sighting needs no more to be told in full."""
        return sighting.key in self.heard.explained

    # ------------------------------------------------------------------- of the analysis

    def _known(self, sighting: Sighting, cause: Cause, number: int) -> Finding | None:
        """Return what the analysis says of this source of this call.

        `number` is how many sources of the call gave the same.
        """
        file = self._file(sighting.site)
        if file.findings is None:
            self._analyse(file)
        call = self._call(sighting.site)
        claims = [claim_of(finding, file.sources) for finding in file.findings or ()]
        claims = [
            claim
            for claim in claims
            if claim.site is not None
            and claim.site.path == call.span.path
            and (claim.site.line, claim.site.column) == (call.span.line, call.span.column)
            and claim.expected in MATCHING[sighting.outcome]
        ]
        named = [claim for claim in claims if self._is_about(claim, call, sighting)]
        # for: "None for 2 of 3 sources", where one of them is shown
        cut = [claim for claim in claims if self._blames(claim, cause)]
        # Names of variables are often not those of the code, but there are as many as it says.
        is_open = cause.code == UNEXPLAINED[sighting.outcome] and len(claims) == 1
        counted = [claim for claim in claims if is_open and _number_of(claim.finding) == number]
        return next((claim.finding for claim in (*named, *cut, *counted)), None)

    def _blames(self, claim: Claim, cause: Cause) -> bool:
        if cause.blamed is None or claim.finding.code != cause.code:
            return False
        return self.judge.is_at(cause.blamed.frames[0], claim.breaks)

    def _is_about(self, claim: Claim, call: Call, sighting: Sighting) -> bool:
        if claim.indices is not None:
            return sighting.index in claim.indices
        if sighting.count == 1:
            return True
        found = {step.message for step in claim.finding.steps if step.role is Role.SOURCE}
        name = sighting.name.rpartition("/")[2]
        return not name or not found or any(name in text for text in found)

    def _analyse(self, file: _File) -> None:
        path = Path(self.absolute(file.shown))
        if self.in_process:
            outcome = session.check(session.Job(file.shown, path), self.settings)
            file.findings = outcome.findings
            file.sources = {file.shown: file.text, **{s.path: s.text for s in outcome.sources}}
            return
        result = session.run([(path, file.shown)], self.settings, processes=1)
        file.findings, file.sources = result.findings, {file.shown: file.text, **result.sources}

    def _with_evidence(self, known: Finding, members: Sequence[Sighting]) -> Finding:
        first = members[0]
        if first.asked is not None:
            claim = claim_of(known, self._file(first.site).sources)
            judged = self.judge.judge(claim, Run("ended", 0.0, "", (first.asked,)))
            if judged.verdict is Verdict.CONFIRMED:
                evidence = self._evidence(members, judged.reason, Verdict.CONFIRMED)
                return replace(known, evidence=evidence)
        return replace(known, evidence=self._evidence(members, self._seen_in(members)))

    def _as_note(self, finding: Finding, members: Sequence[Sighting]) -> Finding:
        """Say no more than a note about a None that the program looks for itself."""
        if members[0].outcome != "none" or not self.expects_none(members[0].site):
            return finding
        advice = f"the program looks for None itself: {finding.help}, if it is not meant"
        return replace(finding, severity=Severity.NOTE, help=advice)

    # ------------------------------------------------------------------------- new ones

    def _new(self, members: Sequence[Sighting], cause: Cause) -> Finding:
        first = members[0]
        call = self._call(first.site)
        span = self._line(cause.blamed.frames[0]) if cause.blamed else call.span
        rule = registry.find(cause.code)
        severity = Severity.WARNING if first.outcome == "zero" else rule.severity
        return Finding(
            rule.code,
            rule.name,
            self._message(members, cause),
            span,
            severity,
            Confidence.CERTAIN,
            self._help(first, cause, call, rule.code),
            tuple(self._steps(first, cause, call)),
            self._evidence(members, self._seen_in(members)),
        )

    def _message(self, members: Sequence[Sighting], cause: Cause) -> str:
        first = members[0]
        what = "not finite" if first.is_inferred else OUTCOMES[first.outcome]
        why = f": {cause.why}" if cause.why else ""
        names = [f"`{self._name(member)}`" for member in members]
        few = f"the gradient with respect to {' and '.join(names)} is {what}{why}"
        if len(names) <= 2 and len(few) <= LONGEST:
            return few
        if len(names) == 1:
            return f"the gradient is {what}{why}"[:LONGEST]
        of = f" of {first.count}" if first.count else ""
        return f"the gradient is {what} for {len(names)}{of} sources{why}"[:LONGEST]

    def _steps(self, first: Sighting, cause: Cause, call: Call) -> Iterator[Step]:
        source = first.source
        name = self._name(first)
        if source is not None and source.made and self._is_shown(source.made[0]):
            yield Step(self._line(source.made[0]), Role.SOURCE, f"`{name}` is made here")
        else:
            yield Step(call.span, Role.SOURCE, f"`{name}` is a source")
        if cause.blamed is not None:
            yield Step(self._line(cause.blamed.frames[0]), Role.BREAK, cause.why)
        method = first.site.method
        is_call = bool(call.sources)
        answer = "what is not finite" if first.is_inferred else ANSWERS[first.outcome]
        asks = f"`{method}` answers {answer}"
        yield Step(call.span, Role.TAPE, asks if is_call else f"{asks}, called from here")

    def _help(self, first: Sighting, cause: Cause, call: Call, code: str) -> str:
        page = f"`tapelint explain {code}` tells more"
        if first.source is None and first.is_symbolic:
            return f"the function was traced once: {TRACE}; {page}"
        if first.source is None:
            return f"the place was not come to again: {TRACE}; {page}"
        return page

    # -------------------------------------------------------------------------- in common

    def _evidence(
        self, members: Sequence[Sighting], reason: str, verdict: Verdict = Verdict.SEEN
    ) -> Evidence:
        first = members[0]
        line = first.site.frames[0][1]
        seen = tuple(
            Seen(self._name(m), ANSWERS[m.outcome], line, max(m.turn, 1)) for m in members[:8]
        )
        return Evidence(
            verdict,
            reason,
            seen,
            how="the program",
            mode="graph" if first.is_symbolic else "eager",
            tensorflow=self.heard.tensorflow,
            python=self.heard.python,
        )

    def _seen_in(self, members: Sequence[Sighting]) -> str:
        first = members[0]
        turn = f" in turn {first.turn}" if first.turn > 1 else ""
        when = " while the function is traced" if first.is_symbolic else turn
        if first.is_inferred:
            return (
                f"`{self._name(first)}` holds nan after a call of the function, and did not before"
            )
        if first.outcome == "zero":
            return f"nothing but zeros comes out for `{self._name(first)}`, turn after turn"
        return f"{ANSWERS[first.outcome]} comes out for `{self._name(first)}`{when}"

    def _name(self, sighting: Sighting) -> str:
        """Return what a source is called: as it is written, else as the variable is named."""
        sources = self._call(sighting.site).sources
        if len(sources) == sighting.count or (len(sources) > sighting.index and len(sources) > 1):
            return sources[sighting.index]
        if sighting.name and sighting.name != UNNAMED:
            return sighting.name
        if len(sources) == 1 and sighting.count and DOTTED.fullmatch(sources[0]):
            # for: tape.gradient(loss, model.trainable_variables), where these have no names
            return f"{sources[0]}[{sighting.index}]" if sighting.count > 1 else sources[0]
        return sources[0] if len(sources) == 1 else f"source {sighting.index + 1}"

    def expects_none(self, site: Site) -> bool:
        """Tell whether the program looks for None in what a site gives."""
        return self._call(site).expects_none

    def span_of(self, site: Site) -> Span:
        """Return where a site stands."""
        return self._call(site).span

    def text(self, shown: str) -> str | None:
        """Return the text of a file that has been looked at, by the path it is shown by."""
        return next((f.text for f in self.files.values() if f.shown == shown), None)

    def _call(self, site: Site) -> Call:
        file = self._file(site)
        return call_of(site, file.shown, file.text)

    def _file(self, site: Site) -> _File:
        return self._file_at(site.frames[0][0])

    def _file_at(self, path: str) -> _File:
        if path not in self.files:
            shown = self._shown(path)
            try:
                text = read(Path(path), shown).text
            except Unreadable:
                text = ""
            self.files[path] = _File(shown, text)
        return self.files[path]

    def _shown(self, path: str) -> str:
        try:
            relative = os.path.relpath(path, self.folder)
        except ValueError:  # another drive
            return path
        return path if relative.startswith("..") else relative.replace(os.sep, "/")

    def _line(self, frame: tuple[str, int]) -> Span:
        file = self._file_at(frame[0])
        lines = file.text.split("\n")
        text = lines[frame[1] - 1] if 0 < frame[1] <= len(lines) else ""
        indent = len(text) - len(text.lstrip())
        return Span(file.shown, frame[1], indent + 1, frame[1], len(text.rstrip()) + 1)

    def _is_shown(self, frame: tuple[str, int]) -> bool:
        return bool(self._file_at(frame[0]).text)


def _number_of(finding: Finding) -> int:
    """Return how many sources a finding speaks of."""
    several = SEVERAL.search(finding.message)
    if several is None:
        return 1
    return 2 if several["both"] else int(several["number"])
