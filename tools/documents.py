"""Keep the parts of the documents that are made from something else as they should be.

    python -m tools.documents          write them again
    python -m tools.documents --check  only say which are out of date

Made are the list of rules, between two comments, and every `console` block: its first line is a
command, the rest what that command prints.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from tapelint import cards, registry
from tapelint.cards import Card

ROOT = Path(__file__).parents[1]
FAMILIES = {
    "TAP1": "The source is not on the tape",
    "TAP2": "The path from source to target is cut",
    "TAP3": "The tape is misused",
    "TAP4": "The gradients are applied wrongly",
    "TAP5": "The gradient is NaN or infinite",
    "TAP6": "Custom gradients",
    "TAP7": "Written for an older TensorFlow or Keras",
    "TAP8": "Seen in a run",
    "TAP9": "About tapelint itself",
}
# Found before any check runs, in comments, or by running a program.
WITHOUT_CHECK = frozenset({"TAP801", "TAP802", "TAP803", "TAP901", "TAP902", "TAP903"})
RULES = re.compile(r"(?<=<!-- rules -->\n).*?(?=<!-- end of rules -->)", re.DOTALL)
CONSOLE = re.compile(r"^```console\n\$ (?P<command>[^\n]+)\n.*?^```$", re.MULTILINE | re.DOTALL)


def documents() -> Sequence[Path]:
    """Return the pages that people read, without the rule cards."""
    return (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")))


def refreshed(text: str) -> str:
    """Return the text of a document with all that is made in it made again."""
    # A function as replacement: what is made may hold backslashes.
    text = RULES.sub(lambda found: rules(), text)
    return CONSOLE.sub(lambda found: console(found["command"]), text)


def rules() -> str:
    """Return the tables of all rules, a table for each family."""
    families = groupby(cards.load(), key=lambda card: card.code[: len("TAP0")])
    return "".join(_table(family, list(members)) for family, members in families)


def _table(family: str, members: Sequence[Card]) -> str:
    lines = ["", f"**{family}xx: {FAMILIES[family].lower()}**", ""]
    lines += ["| Code | Name | What it finds |", "| --- | --- | --- |"]
    lines += [f"| {' | '.join(_row(card))} |" for card in members]
    return "\n".join(lines) + "\n"


def _row(card: Card) -> Iterator[str]:
    marks = "" if registry.find(card.code).is_default else "\\*"
    if card.code not in registry.check_functions().keys() | WITHOUT_CHECK:
        marks += "\\*"
    yield f"[{card.code}](rules/{card.code}-{card.name}.md){marks}"
    yield f"`{card.name}`"
    yield card.message.replace("|", "\\|")


def console(command: str) -> str:
    """Return a console block with what a command prints now."""
    program, *arguments = shlex.split(command)
    if program != "tapelint":
        raise ValueError(f"only tapelint is run for a console block: {command}")
    return f"```console\n$ {command}\n{printed(arguments).rstrip()}\n```"


def printed(arguments: Sequence[str]) -> str:
    """Return what tapelint prints in the root of the checkout, on a terminal of 80 columns."""
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "tapelint", *arguments]
    given = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )
    if given.stderr:
        raise RuntimeError(f"tapelint {shlex.join(arguments)}: {given.stderr}")
    return given.stdout


def main(arguments: Sequence[str]) -> int:
    """Write the documents that are out of date, or with `--check` only name them."""
    stale = False
    for path in documents():
        text = path.read_text(encoding="utf-8")
        if (new := refreshed(text)) != text:
            stale = True
            if "--check" in arguments:
                print(f"{path.relative_to(ROOT)} is out of date: python -m tools.documents")
            else:
                path.write_text(new, encoding="utf-8")
                print(f"wrote {path.relative_to(ROOT)}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
