"""Measure verification on real code: `python -m tools.sites FOLDER...`.

Asks for a witness at every gradient call of scripts, packages and notebooks, and prints how many
got there, what came out, and why the others did not. With `--plant` it also breaks every call's
computation once, and prints how many breaks are found and confirmed on their line.

The code runs in the sandbox of `--verify`.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tapelint.verify.runner import Runner
from tapelint.verify.verification import Options
from tools.sites import breaks
from tools.sites.calls import Site, sites_of
from tools.sites.witnesses import Answer, asked, confirmed, ranked

SHOWN = 25


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line names."""
    given = _parser().parse_args(arguments)
    sites = sampled(list(sites_of(given.paths)), given.most, given.seed, given.each)
    options = Options(seconds=given.seconds)
    with Runner(given.python, at_once=given.jobs) as runner:
        answers = []
        for answer in asked(sites, runner, options):
            answers.append(answer)
            print(line_of(answer), flush=True)
        print()
        print(report(answers), flush=True)
        for answer in answers:
            for found in confirmed(answer, runner, options):
                assert found.evidence is not None
                where = f"{answer.site.path}:{found.span.line}"
                print(f"would be confirmed: {where} {found.code} {found.evidence.reason}")
        if given.plant:
            healthy = frozenset(a.site for a in answers if a.outcome.startswith("a value"))
            results = []
            for result in breaks.results(sites, healthy, runner, options, seed=given.seed):
                results.append(result)
                print(breaks.line_of(result), flush=True)
            print()
            print(breaks.report(results))


def sampled(sites: Sequence[Site], most: int, seed: int, each: int) -> list[Site]:
    """Return some of the sites, `each` of a file at most: the same in every run with one seed."""

    def order(site: Site) -> int:
        return zlib.crc32(f"{seed} {site.path} {site.span.line} {site.span.column}".encode())

    counts: Counter[str] = Counter()
    kept = []
    for site in sorted(sites, key=order):
        if len(kept) < most and counts[site.path] < each:
            counts[site.path] += 1
            kept.append(site)
    return sorted(kept, key=lambda site: (site.path, site.span))


def line_of(answer: Answer) -> str:
    """Say in a line what one call gave."""
    place = f"{answer.site.path}:{answer.site.span.line}:{answer.site.span.column}"
    gave = f"{answer.outcome} ({answer.way})" if answer.outcome else "not reached"
    return f"{place} {gave} in {answer.seconds:.1f} s: {answer.reason}"


def report(answers: Sequence[Answer]) -> str:
    """Sum up: how many calls were reached, what came out, and why not the others."""
    reached = [answer for answer in answers if answer.outcome]
    share = len(reached) / max(1, len(answers))
    lines = [f"{len(reached)} of {len(answers)} gradient calls reached ({share:.0%})"]
    for title, counted in (
        ("outcome", Counter(answer.outcome for answer in reached)),
        ("reached by", Counter(answer.way for answer in reached)),
    ):
        lines += [f"{count:5} {title}: {what}" for what, count in counted.most_common()]
    missed = [answer.reason.split(" | ")[-1] for answer in answers if not answer.outcome]
    lines += [f"{count:5} not reached: {why}" for count, why in ranked(missed)[:SHOWN]]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.sites", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, help="scripts, notebooks or folders")
    parser.add_argument("--plant", action="store_true", help="plant a break at each call as well")
    parser.add_argument("--most", type=int, default=10_000, help="sample that many calls")
    parser.add_argument("--each", type=int, default=10_000, help="that many of a file at most")
    parser.add_argument("--seed", type=int, default=7, help="another seed is another sample")
    parser.add_argument("--seconds", type=float, default=20.0, help="what one witness may take")
    parser.add_argument("--jobs", type=int, default=2, help="witnesses at a time")
    parser.add_argument("--python", default=sys.executable, help="the Python to run them under")
    return parser


if __name__ == "__main__":
    main()
