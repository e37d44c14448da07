"""The part of the command line that watches a program: `tapelint run`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tapelint import console

if TYPE_CHECKING:
    from tapelint.model import Finding
    from tapelint.settings import Settings
    from tapelint.watch.account import Account, Counts

FOUND, FAILED = 1, 2
MOST_PLACES = 4


def watched(given: Mapping[str, Any]) -> int:
    """Run a program, tell of its gradients, and return its own exit code."""
    from tapelint.verify.installation import NoTensorFlow, environment_of, interpreter

    if os.name != "posix":
        raise console.ConsoleError("programs can be watched on Linux and macOS only")
    target, *arguments = given["program"]
    if not given["module"] and not os.path.exists(target):
        raise console.ConsoleError(
            f"`{target}` does not exist: give a script, or `-m` and a module"
        )
    output = Path(given["output_file"]) if given["output_file"] else None
    if output is not None:
        console.require_folder(output)
    elif given["output_format"] != "text":
        message = f"`--output-format {given['output_format']}` needs an `--output-file`"
        raise console.ConsoleError(f"{message}: standard output is the program's")
    try:
        python = interpreter(given["python"], Path.cwd())
        if given["python"] is None and python == sys.executable:
            # The script's own project may have an environment where this folder has none.
            folder = Path(target).resolve().parent
            python = _own(python) or environment_of(folder) or python
    except NoTensorFlow as problem:
        raise console.ConsoleError(str(problem)) from None
    from tapelint.watch.process import Program

    program = Program(python, target, tuple(arguments), given["module"], given["trace"])
    return _Watch(given, output).run(program)


def _own(python: str) -> str | None:
    from tapelint.verify.installation import has_tensorflow

    return python if has_tensorflow(sys.path) else None


class _Watch:
    """One watched run."""

    def __init__(self, given: Mapping[str, Any], output: Path | None) -> None:
        self.given = given
        self.output = output
        self.folder = Path.cwd()
        self.colour = console.has_colour(given["color"], sys.stderr)
        self.settings = _settings(given["program"][0])

    def run(self, program: Any) -> int:
        """Run it to its end, and write what there is to write."""
        from tapelint.watch import process
        from tapelint.watch.account import Account

        account = Account(self.settings, self.folder, self._tell)
        self.account = account
        try:
            code, numbers = process.run(program, account.event)
        except process.CannotStart as problem:
            raise console.ConsoleError(str(problem)) from None
        account.finish()
        if account.heard.refused:
            from tapelint.verify.installation import missing

            raise console.ConsoleError(missing(account.heard.refused))
        counts = account.counts(numbers)
        if not self.given["quiet"]:
            for sentence in _summary(account, counts):
                console.murmur(f"tapelint: {sentence}\n")
        if self.output is not None:
            console.write_file(self.output, self._report(account, counts, code))
        if code == 0 and _is_failure(account.outcomes, self.given["fail_on"]):
            return FOUND
        return process.end_as(code)

    def _tell(self, finding: Finding) -> None:
        if self.given["quiet"]:
            return
        from tapelint.report.text import one

        console.murmur(one(finding, self._context(colour=self.colour)) + "\n", colour=self.colour)

    def _context(self, *, colour: bool = False, run: Mapping[str, object] | None = None) -> Any:
        from tapelint.report import Context, git_root_of
        from tapelint.source.read import Unreadable, read

        def text(shown: str) -> str | None:
            known = self.account.made.text(shown)
            if known is not None:
                return known
            try:
                return read(Path(shown), shown).text
            except Unreadable:
                return None

        return Context(
            source=text,
            cwd=self.folder,
            git_root=git_root_of(self.folder),
            colour=colour,
            width=console.columns(),
            checked=len(self.account.made.files),
            run=run,
        )

    def _report(self, account: Account, counts: Mapping[int, Counts], code: int) -> str:
        from tapelint.report import render
        from tapelint.watch.account import sums

        total = sums(counts)
        run = {
            "program": list(self.given["program"]),
            "exit_code": code if code >= 0 else 128 - code,
            "tensorflow": account.heard.tensorflow,
            "gradient_calls": total.calls,
            "none": total.none,
            "not_finite": total.nan,
            "zero": total.zero,
        }
        findings = list(account.findings.values())
        return render(self.given["output_format"], findings, self._context(run=run))


def _settings(target: str) -> Settings:
    """Return the settings of the project that the program belongs to."""
    from tapelint import request

    path = target if os.path.exists(target) else "."
    return request.Request((path,)).settings()


def _is_failure(outcomes: set[str], least: Sequence[str]) -> bool:
    seen = {"nan" if outcome == "inf" else outcome for outcome in outcomes}
    return bool(seen & set(least))


def _summary(account: Account, counts: Mapping[int, Counts]) -> list[str]:
    """Return what is to be said in the end."""
    from tapelint.watch.account import sums

    total = sums(counts)
    calls = f"{total.calls} gradient call" + ("" if total.calls == 1 else "s")
    if not account.heard.tensorflow:
        return ["the program did not import TensorFlow"]
    if not total.calls:
        return ["the program asked for no gradient in its own files"]
    found = []
    if total.none:
        places = _places(account, counts, "none")
        found.append(f"{total.none} of {calls} gave None ({places})")
    # Numbers are not looked at in each turn: how many there were is not known.
    for outcome, what in (("nan", "NaN or an infinity"), ("zero", "zeros")):
        if getattr(total, outcome):
            found.append(f"{what} came out at {_places(account, counts, outcome)}")
    if account.heard.trouble:
        found.append(f"not everything could be watched: {account.heard.trouble}")
    return found or [f"{calls} seen, and each gave its gradients"]


def _places(account: Account, counts: Mapping[int, Counts], outcome: str) -> str:
    spans = [
        account.made.span_of(account.heard.sites[number])
        for number, each in counts.items()
        if getattr(each, outcome)
    ]
    places = list(dict.fromkeys(f"{span.path}:{span.line}" for span in spans))
    more = [f"{len(places) - MOST_PLACES} more"] if len(places) > MOST_PLACES else []
    return ", ".join([*places[:MOST_PLACES], *more])
