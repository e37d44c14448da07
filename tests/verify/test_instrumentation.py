"""Rewritten code does what the code did, at the places where it did it."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tapelint.verify.worker.boundary import BINARY, INPLACE
from tapelint.verify.worker.instrument import HELPER, Spots, instrument

PROGRAMS = """
## calls
found = sorted([3, 1, 2], key=lambda n: -n)
## star arguments
found = max(*[1, 2], *(3,), **{'key': abs})
## operators
found = (7 // 2) ** 2 % 5 << 1 | 8 ^ 3 & 6
## a matrix product
class M:
    def __matmul__(s, o): return 9
found = M() @ 1
## an augmented name
found = [1]
kept = found
found += [2]
found = found is kept
## an augmented item
found = {'a': 1}
found['a'] += 2
## items and slices
a = list(range(9))
found = a[1], a[-2:], a[1:7:2], a[::-1]
## an index of several
class G:
    def __getitem__(s, i): return i
found = G()[1:2, ..., None]
## comprehensions
found = [x * y for x in range(3) for y in range(x) if x + y > 1]
## generators and sets
found = sorted({x % 2 for x in range(5)}), sum(x for x in range(4))
## a dict
found = {k: v + 1 for k, v in {'a': 1}.items()}
## loops
found = []
for i in range(5):
    if i == 3: break
    found.append(i)
else: found = None
## a loop that ends
for i in range(2): pass
else: found = i
## while
n = found = 0
while n < 4:
    n += 1
    if n == 2: continue
    found += n
else: found *= 2
## nested while
found = n = 0
while n < 2:
    m = 0
    while m < 3:
        m += 1; found += 1
    n += 1
## unpacking
a, (b, *c), = 1, (2, 3, 4)
found = a, b, c
## swapping
a, b = 1, 2
a, b = b, a
found = a, b
## f-strings
x, w = 3.14159, 8
found = f'{x:{w}.2f}|{x!r:>10}|{{}}|{f"{x}"}'
## super
class A:
    def f(s): return 1
class B(A):
    def f(s): return super().f() + 1
found = B().f()
## locals
def f(a):
    b = 2
    return sorted(locals())
found = f(1)
## decorators
import functools
@functools.lru_cache(maxsize=None)
def f(n): return n * 2
found = f(4)
## annotations
def f(a: list[int], b: 'x' = 1) -> dict[str, int]: return a
x: tuple[int, ...] = (1,)
found = f(x)
## match
match {'k': [1, 2 + 3]}:
    case {'k': [1, n]} if n > 4: found = n
    case _: found = None
## a match of signed numbers
match -1 + 2j:
    case -1 + 2j: found = True
## try and with
import contextlib
with contextlib.suppress(KeyError) as s:
    {}['a']
found = s
## yield and send
def g():
    got = yield 1
    yield got * 2
i = g()
next(i)
found = i.send(4)
## walrus
found = [y for x in range(4) if (y := x * 2) > 2], y
## private names
class P:
    def __init__(s): s.__v = 3
    def v(s): return s.__v + 1
found = P().v()
## global and nonlocal
n = 1
def f():
    global n
    m = 1
    def g():
        nonlocal m
        m += 1
    g()
    n += m
f()
found = n
## assertions
try:
    assert 1 + 1 == 3, 'no'
except AssertionError as e: found = str(e)
## a stored item
a = {}
a['x'] = b = [1]
b[0] = 5
found = a
## conditional expressions
found = 'a' if len([1]) else 'b'
## await
import asyncio
async def f(): return 3
async def g(): return await f() + 1
found = asyncio.run(g())
"""
SAME = {
    part.partition("\n")[0]: part.partition("\n")[2]
    for part in re.split(r"^## ", PROGRAMS, flags=re.MULTILINE)[1:]
}
ROOT = Path(__file__).parents[2]


class Plain:
    """The helpers, without anybody who watches."""

    slice = slice

    def __init__(self) -> None:
        self.places: list[int] = []

    def call(self, place: int, function: Any, *arguments: Any, **keywords: Any) -> Any:
        self.places.append(place)
        return function(*arguments, **keywords)

    def binary(self, place: int, name: str, left: Any, right: Any) -> Any:
        return BINARY[name](left, right)

    def inplace(self, place: int, name: str, left: Any, right: Any) -> Any:
        return INPLACE[name](left, right)

    def item(self, place: int, holder: Any, index: Any) -> Any:
        return holder[index]

    def stored(self, place: int, holder: Any, value: Any) -> Any:
        return value

    def mark(self) -> int:
        return 0

    def part(self, value: Any) -> Any:
        return value

    def text(self, place: int, mark: int, result: str) -> str:
        return result

    def iterate(self, place: int, iterable: Any) -> Iterator[Any]:
        yield from iterable

    elements = iterate

    def enter(self, place: int) -> None:
        pass

    def going(self, place: int, test: Any) -> Any:
        return test

    branch = holds = going

    def unpack(self, place: int, value: Any, count: int) -> Any:
        return value


def executed(text: str) -> tuple[object, Plain, Spots]:
    """Run rewritten code and return what it left in `found`."""
    spots, helper = Spots(), Plain()
    names: dict[str, Any] = {HELPER: helper}
    tree = instrument(ast.parse(text), "f.py", text, spots)
    exec(compile(tree, "f.py", "exec"), names)
    return names.get("found"), helper, spots


@pytest.mark.parametrize("name", SAME)
def test_rewritten_code_gives_the_same(name: str) -> None:
    plain: dict[str, Any] = {}
    exec(SAME[name], plain)
    assert executed(SAME[name])[0] == plain["found"]


def test_a_raised_exception_keeps_its_line() -> None:
    text = "a = 1\n\nb = [int(c)\n     for c in 'x']\n"
    with pytest.raises(ValueError, match="invalid literal") as caught:
        executed(text)
    lines = [e.lineno for e in caught.traceback if str(e.path).endswith("f.py")]
    assert lines[0] + 1 in (3, 4)


def test_a_place_counts_code_points() -> None:
    text = "名前 = '日本'; found = len(名前)\n"
    found, helper, spots = executed(text)
    spot = spots.known[helper.places[-1]]
    assert (found, spot.line, spot.column, spot.end_column) == (2, 1, 20, 27)


def test_a_call_over_several_lines_is_placed_whole() -> None:
    _, helper, spots = executed(
        textwrap.dedent("""\
        found = max(
            1,
            2,
        )
    """)
    )
    spot = spots.known[helper.places[-1]]
    assert (spot.line, spot.column, spot.end_line, spot.end_column) == (1, 9, 4, 2)


@pytest.mark.parametrize("folder", ["tapelint", "tests/clean"])
def test_everything_rewritten_can_be_compiled(folder: str) -> None:
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        tree = instrument(ast.parse(text), str(path), text, Spots())
        compile(tree, str(path), "exec", dont_inherit=True)
