"""Run the fuzzer by hand: `python -m tests.fuzz 2000 [FIRST_SEED]` prints every disagreement."""

from __future__ import annotations

import sys

from tests.fuzz.programs import generate
from tests.fuzz.verdicts import compare


def main(arguments: list[str]) -> int:
    """Compare so many programs; exit 1 where tapelint raised a false alarm."""
    count = int(arguments[0]) if arguments else 200
    first = int(arguments[1]) if len(arguments) > 1 else 0
    ran = sources = false = missed = nothing = 0
    for seed in range(first, first + count):
        found = compare(seed, generate(seed))
        if found is None:
            continue
        ran += 1
        sources += found.sources
        nothing += found.lost
        for one in found.disagreements:
            false += one.is_false_alarm
            missed += not one.is_false_alarm
            what = "FALSE ALARM" if one.is_false_alarm else "missed"
            print(f"{what}: seed {seed}, source {one.source}")
    print(f"{count} programs, {ran} ran, {sources} sources, {nothing} without a gradient")
    print(f"{false} false alarms, {missed} missed")
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
