"""Files that are hard to read, to parse or to run, and what tapelint says about each.

Each begins with a tape, so that it is looked at, unless it is about files without one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TAPE = b"""\
import tensorflow as tf
x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x * x
"""
LINES = TAPE.count(b"\n")
NESTED = "more than 200 brackets are nested here"
DEEP = "the code nests too deep for Python to compile"
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that cannot be checked: on which line (None: on any), and why, as a pattern."""

    line: int | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Clean:
    """A file in which nothing is found."""


@dataclass(frozen=True, slots=True)
class Either:
    """A file that is checked or refused, as the Python that runs tapelint can read it or not."""


Verdict = Refused | Clean | Either


def program(*lines: str) -> bytes:
    """Return the tape and `lines` below it."""
    return TAPE + "".join(f"{line}\n" for line in lines).encode()


def nested(opening: str, closing: str, depth: int) -> bytes:
    """Return a program with nested brackets."""
    return program(f"z = {opening * depth}y{closing * depth}")


BYTES: Mapping[str, tuple[bytes, Verdict]] = {
    "empty": (b"", Clean()),
    "one line end": (b"\n", Clean()),
    "no line end": (TAPE.rstrip(b"\n"), Clean()),
    "only a byte order mark": (b"\xef\xbb\xbf", Clean()),
    "byte order mark": (b"\xef\xbb\xbf" + TAPE, Clean()),
    "windows line ends": (TAPE.replace(b"\n", b"\r\n"), Clean()),
    "old line ends": (TAPE.replace(b"\n", b"\r"), Clean()),
    "mixed line ends": (TAPE.replace(b"\n", b"\r\n", 2), Clean()),
    "form feeds": (b"\x0c" + TAPE + b"\x0c\ndef f():\n    pass\n\x0c", Clean()),
    "latin-1": (b"# coding: latin-1\n" + TAPE + b"z = '\xe9'\n", Clean()),
    "look-alike names": (program("ｘ１ = y", "π = y", "z = x1 + π"), Clean()),
    "lone surrogate": (program(r"z = '\ud800'"), Clean()),
    "binary without a tape": (bytes(range(256)) * 64, Clean()),
    "large without a tape": (b"#" * (10 * MIB + 1), Clean()),
    "large": (TAPE + b"#" * (10 * MIB), Refused(1, "the file has 10,485,8.. bytes")),
    "binary": (b"\x7fELF\x02\x01\x01\0GradientTape\xff\xfe", Refused(1, "NUL byte")),
    "compiled": (b"\xa7\r\r\n\0\0\0\0GradientTape", Refused(3, "NUL byte")),
    "zeros at the end": (TAPE + bytes(4096), Refused(LINES + 1, "NUL byte")),
    "no utf-8": (TAPE + b"z = '\xff'\n", Refused(LINES + 1, "no valid utf-8: byte 0xff")),
    "utf-16": (TAPE.decode().encode("utf-16"), Refused(1, "encoded in UTF-16")),
    "utf-32": (TAPE.decode().encode("utf-32"), Refused(1, "encoded in UTF-32")),
    "unknown encoding": (b"# coding: klingon\n" + TAPE, Refused(1, "`klingon`")),
}
NESTS: Mapping[str, tuple[bytes, Verdict]] = {
    "100 parentheses": (nested("(", ")", 100), Clean()),
    "190 calls": (nested("f(", ")", 190), Clean()),
    "1,400 parentheses": (nested("(", ")", 1400), Refused(LINES + 1, NESTED)),
    "1,400 lists": (nested("[", "]", 1400), Refused(LINES + 1, NESTED)),
    "1,400 dictionaries": (nested("{1: ", "}", 1400), Refused(LINES + 1, NESTED)),
    "1,400 calls": (nested("f(", ")", 1400), Refused(LINES + 1, NESTED)),
    "100,000 parentheses": (nested("(", ")", 100_000), Refused(LINES + 1, NESTED)),
    "100,000 open parentheses": (nested("(", "", 100_000), Refused(LINES + 1, NESTED)),
    "100,000 closing parentheses": (nested("", ")", 100_000), Refused(LINES + 1, "unmatched")),
    "500 terms": (program("z = " + " + ".join(["y"] * 500)), Clean()),
    "20,000 terms": (program("z = " + " + ".join(["y"] * 20_000)), Refused(1, DEEP)),
    "500 attributes": (program("z = y" + ".a" * 500), Clean()),
    "4,000 attributes": (program("z = y" + ".a" * 4000), Refused(1, DEEP)),
    "500 times not": (program("z = " + "not " * 500 + "y"), Either()),
    "5,000 times not": (program("z = " + "not " * 5000 + "y"), Refused(1, DEEP)),
    "5,000 times minus": (program("z = " + "-" * 5000 + "y"), Refused(1, DEEP)),
    "300 lambdas": (program("z = " + "lambda: " * 300 + "y"), Either()),
    "300 conditions": (program("z = " + "y if x else " * 300 + "y"), Clean()),
    "2,000 branches": (program("if x:", "    pass", *["elif x:", "    pass"] * 2000), Either()),
    "95 blocks": (program(*(f"{' ' * n}if x:" for n in range(95)), " " * 95 + "pass"), Clean()),
    "200 blocks": (
        program(*(f"{' ' * n}if x:" for n in range(200)), " " * 200 + "pass"),
        Refused(None, "too many levels of indentation"),
    ),
    "90 functions": (
        program(*(f"{' ' * n}def f():" for n in range(90)), " " * 90 + "pass"),
        Clean(),
    ),
    "100 f-strings": (program("z = " + "f'{" * 100 + "y" + "}'" * 100), Either()),
}
SIZES: Mapping[str, tuple[bytes, Verdict]] = {
    "long list": (program(f"z = [{'1, ' * 20_000}]"), Clean()),
    "long dictionary": (program("z = {" + "'a': 1, " * 10_000 + "}"), Clean()),
    "long string": (program(f"z = '{'a' * MIB}'"), Clean()),
    "long comment": (program("#" + " # a" * (MIB // 4)), Clean()),
    "2,000 lines": (program(*["y = y + x"] * 2000), Clean()),
    "1,000 functions": (
        program(*(f"def f{n}(a): return f{n + 1}(a)" for n in range(1000)), "f0(y)"),
        Clean(),
    ),
    "100 branches": (
        program(*(f"if x:\n    a{n} = y\nelse:\n    a{n} = x" for n in range(100))),
        Clean(),
    ),
}
RUNS: Mapping[str, tuple[bytes, Verdict]] = {
    "endless loop": (program("while True:", "    y = y + 1"), Clean()),
    "long loop": (program("for i in range(10**12):", "    y = y * x"), Clean()),
    "endless recursion": (program("def f(a):", "    return f(f(a))", "f(y)"), Clean()),
    "calls that double": (
        program(
            *(f"def f{n}(a): return f{n + 1}(f{n + 1}(a))" for n in range(8)),
            "def f8(a): return a",
            "f0(y)",
        ),
        Clean(),
    ),
    "large power": (program("z = 10**10**10", "z = 2**100_000_000", "z = 1 << 10**10"), Clean()),
    "large string": (program("z = 'a' * 10**12", "z = 'a'.ljust(10**12)"), Clean()),
    "large list": (program("z = [0] * 10**12", "z = list(range(10**12))"), Clean()),
    "large range": (program("for i in range(10**30):", "    y = y * x"), Clean()),
    "large width": (program("z = f'{1:>1000000000}'", "z = '{:1000000000}'.format(1)"), Clean()),
    "large hexadecimal number": (program("z = 0x" + "f" * 100_000), Clean()),
    "large number": (program("z = " + "9" * 10_000), Either()),
    "classes of themselves": (
        program("class A(A): pass", "class C(metaclass=C): pass", "A()"),
        Clean(),
    ),
}
SYNTAX: Mapping[str, tuple[bytes, Verdict]] = {
    "match": (program("match y:", "    case 1: pass", "    case _: pass"), Clean()),
    "type parameters": (program("type A[T] = list[T]", "def f[T](a: T) -> T: return a"), Clean()),
    "quotes within an f-string": (program("""z = f"{y["a"]}\""""), Clean()),
    "except star": (program("try: pass", "except* E: pass"), Clean()),
    "print statement": (program("print 'x'"), Refused(LINES + 1, "missing parentheses")),
    "exec statement": (program("exec 'x'"), Refused(LINES + 1, "missing parentheses")),
    "octal number": (program("z = 0777"), Refused(LINES + 1, "leading zeros")),
    "raise with a comma": (program("raise E, 'x'"), Refused(LINES + 1, "invalid syntax")),
    "backquotes": (program("z = `y`"), Refused(LINES + 1, "invalid syntax")),
    "not equal as it was": (program("if x <> y: pass"), Refused(LINES + 1, "invalid syntax")),
    "unknown operator": (program("z = y ?? x"), Refused(LINES + 1, "invalid syntax")),
    "magic of a notebook": (program("%matplotlib inline"), Refused(LINES + 1, "invalid syntax")),
    "template": (program("z = {{ y }}", "{% if a %}"), Refused(LINES + 2, "invalid syntax")),
    "conflict markers": (program("<<<<<<< HEAD"), Refused(LINES + 1, "invalid syntax")),
    "open parenthesis": (program("f("), Refused(LINES + 1, "`\\(` was never closed")),
    "open string": (program("z = '''"), Refused(LINES + 1, "unterminated triple-quoted string")),
    "open line": (TAPE + b"z = y \\\n", Refused(None, "unexpected EOF")),
    "wrong indentation": (
        program("if x:", "    a", "  b"),
        Refused(LINES + 3, "unindent does not"),
    ),
    "tabs and blanks": (
        program("if x:", "        a", "\tb"),
        Refused(None, "inconsistent use of tabs"),
    ),
    "template string": (program("z = t'{y}'"), Either()),
}
ALL = {**BYTES, **NESTS, **SIZES, **RUNS, **SYNTAX}


def files() -> Iterator[tuple[str, str, bytes, Verdict]]:
    """Yield a name, a file name, the bytes and the verdict for each file."""
    for number, (name, (data, verdict)) in enumerate(ALL.items()):
        yield name, f"hostile{number:03}.py", data, verdict
