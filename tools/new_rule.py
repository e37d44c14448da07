"""Begin a rule: its card, its check, its test and its line in the changelog, all to be filled in.

    python -m tools.new_rule TAP215 lossy-round-trip

What is written parses and imports, and fails its tests until the rule is there.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tapelint import __version__, cards

ROOT = Path(__file__).parents[1]
CODE = re.compile(r"TAP\d{3}")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")

CARD = """\
# {name} ({code})

```toml
group = "{group}"
severity = "error"
confidence = "certain"
since = "{version}"
stability = "preview"
fix = "none"
tensorflow = ">=2.16"
aliases = []
issues = []
```

WHAT is found in one sentence that begins with the thing

## What goes wrong

WHY the gradient is lost, in the words of someone who has just lost it.

## Bad

```python
import tensorflow as tf

x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = tf.stop_gradient(x)  # finds
gradient = tape.gradient(y, x)  # gives: None
```

## Good

```python
import tensorflow as tf

x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x**2
gradient = tape.gradient(y, x)  # gives: 6.0
```

## Fix

WHAT to write instead.

## When it is right to do this

WHEN to leave it as it is.

## Not found

WHAT is known to be missed, with an example.

## How it is confirmed

WHAT a real tape shows.

## References

- WHERE this is documented or was reported
"""
CHECK = '''\
"""{code}: WHAT is found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.model import Finding

CODE = "{code}"
RULE = Rule(CODE, "{name}")


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every WHAT."""
    yield from ()
'''
TEST = '''\
"""{code}: WHAT is found."""

from __future__ import annotations

import pytest

from tapelint.checks import {module}


def test_what_must_not_be_found() -> None:
    assert list({module}.check([])) == []
    pytest.fail("make an observation that is none of this rule's business")


def test_what_must_be_found() -> None:
    pytest.fail("make the smallest observation that is")
'''
ENTRY = "- **added**: {code} {name} finds WHAT\n"


def written(code: str, name: str, group: str, root: Path = ROOT) -> Mapping[Path, str]:
    """Return the new text of every file that a new rule touches."""
    words = {
        "code": code,
        "name": name,
        "group": group,
        "module": name.replace("-", "_"),
        "version": __version__,
    }
    changelog = root / "CHANGELOG.md"
    return {
        root / "rules" / f"{code}-{name}.md": CARD.format(**words),
        root / "tapelint" / "checks" / f"{words['module']}.py": CHECK.format(**words),
        root / "tests" / "checks" / f"test_{words['module']}.py": TEST.format(**words),
        changelog: _with_entry(changelog.read_text(encoding="utf-8"), ENTRY.format(**words)),
    }


def _with_entry(changelog: str, entry: str) -> str:
    """Put an entry behind the last one of the newest version."""
    newest = re.search(r"^## .*?(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    assert newest is not None
    end = newest.start() + len(newest[0].rstrip()) + 1
    return changelog[:end] + entry + changelog[end:]


def problem(code: str, name: str) -> str | None:
    """Return why a rule cannot have this code and name."""
    if CODE.fullmatch(code) is None:
        return f"{code} is no code: write TAP and three digits"
    if NAME.fullmatch(name) is None:
        return f"{name} is no name: write words in lower case with hyphens between them"
    for card in cards.load():
        if code == card.code or name in (card.name, *card.aliases):
            return f"{card.code} is {card.name}: codes and names are never used again"
    return None


def family_group(code: str) -> str | None:
    """Return the group of the rules whose codes begin alike."""
    return next(
        (c.group for c in cards.load() if c.code[: len("TAP0")] == code[: len("TAP0")]), None
    )


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write the files of a new rule, and say what to do next."""
    parser = argparse.ArgumentParser(prog="python -m tools.new_rule", description="Begin a rule.")
    parser.add_argument("code", help="a free code, such as TAP215")
    parser.add_argument("name", help="what is forbidden, such as numpy-in-tape")
    parser.add_argument("--group", help="default: that of the rules whose codes begin alike")
    given = parser.parse_args(arguments)
    if wrong := problem(given.code, given.name):
        parser.error(wrong)
    group = given.group or family_group(given.code)
    if group is None:
        parser.error(f"no rule begins like {given.code} yet: name its --group")
    for path, text in written(given.code, given.name, group, root).items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(root)}")
    print("now fill in every word in capitals, the card first: CONTRIBUTING.md says how")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
