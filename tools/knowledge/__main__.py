"""Generate the knowledge table: `python -m tools.knowledge` from the repository root."""

from __future__ import annotations

import os

# Before TensorFlow is imported; one thread, so that the process may be forked.
os.environ.update(
    CUDA_VISIBLE_DEVICES="-1",
    KERAS_BACKEND="tensorflow",
    OMP_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
    TF_CPP_MIN_LOG_LEVEL="3",
    TF_ENABLE_ONEDNN_OPTS="0",
)

import argparse
import sys
import time
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tools.knowledge import encode
from tools.knowledge.generate import measure_all
from tools.knowledge.verdict import Entry
from tools.knowledge.walk import symbols

TABLE = Path(__file__).parents[2] / "tapelint" / "analysis" / "knowledge" / "table.json"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.knowledge", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", default=["*"], help="name patterns; prints, writes nothing"
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--without", nargs="+", default=[], help="name patterns to skip")
    parser.add_argument("--missing", action="store_true", help="print what could not be measured")
    options = parser.parse_args(argv)
    begun = time.monotonic()
    everything = symbols()
    wanted = [
        s
        for s in everything
        if s.left_out is None
        and any(fnmatch(s.name, only) for only in options.only)
        and not any(fnmatch(s.name, skip) for skip in options.without)
    ]
    entries: dict[str, Entry] = {}
    missing: dict[str, str] = {}
    for number, (symbol, answer) in enumerate(measure_all(wanted, options.processes), start=1):
        if isinstance(answer, Entry):
            entries[symbol.name] = answer
        else:
            missing[symbol.name] = answer
        if number % 100 == 0:
            print(
                f"{number}/{len(wanted)} callables, {len(entries)} measured",
                file=sys.stderr,
                flush=True,
            )
    if options.only == ["*"]:
        measured = {
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        }
        TABLE.write_text(encode.table(entries, everything, measured), encoding="utf-8")
    else:
        for name, entry in sorted(entries.items()):
            print(name, encode.encode(entry))
    if options.missing or options.only != ["*"]:
        for name, why in sorted(missing.items()):
            print("missing:", name, "--", why)
    reasons = Counter(why.split(" for ")[0].split(" of ")[0] for why in missing.values())
    print(
        f"{len(wanted)} callables, {len(entries)} measured"
        f" ({len(entries) / max(len(wanted), 1):.1%}), {time.monotonic() - begun:.0f} s"
    )
    for why, count in reasons.most_common(12):
        print(f"  {count:4} {why}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
