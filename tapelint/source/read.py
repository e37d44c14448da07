"""Bytes of a user's file -> text, or one sentence that says why not.

What Python itself would refuse to read is refused here, with Python's own rules for encodings.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from tapelint.model import Confidence, Finding, Severity, Span

NOTEBOOK = ".ipynb"
LIMIT = 10 * 1024 * 1024

# PEP 263, as CPython's own tokenizer reads it.
COOKIE = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
# for: # -*- coding: utf-8-unix -*-, as Emacs writes it
LINE_ENDS = re.compile(r"(?:utf-8|(?P<latin>latin-1|iso-8859-1|iso-latin-1))(?:-.*)?")
BLANK = re.compile(rb"[ \t\f]*(?:#|$)")
# The four bytes of UTF-32 begin with the two of UTF-16, so that they come first.
WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class SourceText:
    """A decoded file. `path` is what the user sees (POSIX separators, relative where possible).

    `text` has no byte order mark and only `\\n` line ends, so that line N here is line N there.
    """

    path: str
    text: str


class Unreadable(Exception):
    """A file that cannot be read; `message` and `help` are those of the finding it becomes."""

    def __init__(self, message: str, line: int = 1, column: int = 1, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.help = help

    def finding(self, shown: str) -> Finding:
        """Return the finding that stands in for the checks of this file."""
        return unreadable_file(shown, self.message, self.line, self.column, self.help)


def unreadable_file(
    shown: str, message: str, line: int = 1, column: int = 1, help: str = ""
) -> Finding:
    """Build finding TAP901 at one position, from whatever layer has given up on the file."""
    return Finding(
        code="TAP901",
        name="unreadable-file",
        message=message,
        span=Span(shown, line, column, line, column),
        severity=Severity.ERROR,
        confidence=Confidence.CERTAIN,
        help=help,
    )


def read(path: Path, shown: str) -> SourceText:
    """Read and decode the file at `path`; raise `Unreadable` where Python could not either."""
    descriptor = opened(path)
    try:
        size = os.fstat(descriptor).st_size
        if size > LIMIT:
            raise Unreadable(f"the file has {size:,} bytes, and the limit is {LIMIT:,}")
        with open(descriptor, "rb", closefd=False) as stream:
            data = stream.read()
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {reason(error)}") from None
    finally:
        os.close(descriptor)
    return decode(data, shown)


def opened(path: Path) -> int:
    """Open a regular file and return its descriptor; raise `Unreadable` for everything else."""
    try:
        # Opening a pipe would wait for its writer, perhaps for ever: look before.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise Unreadable("the path leads to no regular file")
        return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        if path.is_symlink():
            raise Unreadable("the link leads to a file that does not exist") from None
        raise Unreadable("the file disappeared while tapelint was running") from None
    except OSError as error:
        raise Unreadable(f"the file cannot be opened: {reason(error)}") from None


def reason(error: OSError) -> str:
    """Return what the system says about an error, as part of a sentence."""
    text = error.strerror or type(error).__name__
    return text[:1].lower() + text[1:]


def decode(data: bytes, shown: str) -> SourceText:
    """Decode source the way Python does: byte order mark, then PEP 263 comment, then UTF-8."""
    if shown.endswith(NOTEBOOK):
        # As Python, the JSON of a notebook may even parse: the answer would be an idle "clean".
        raise Unreadable("notebooks are not supported yet", help=_SCRIPT)
    if (wide := wide_encoding(data)) is not None:
        name = wide[:6].upper()
        raise Unreadable(f"the file is encoded in {name}, which Python does not read", help=_UTF8)
    has_mark = data.startswith(codecs.BOM_UTF8)
    body = data[len(codecs.BOM_UTF8) :] if has_mark else data
    if (zero := body.find(b"\0")) >= 0:
        line, column = _position(body[:zero].decode("latin-1"))
        raise Unreadable("the file holds a NUL byte, so it is no Python source", line, column)
    encoding, line = _declared(body)
    if has_mark and encoding != "utf-8":
        raise Unreadable(f"the file begins as UTF-8 and then declares `{encoding}`", line)
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        line, column = _position(body[: error.start].decode(encoding, "replace"))
        byte = body[error.start]
        message = f"the file is no valid {encoding}: byte 0x{byte:02x}"
        raise Unreadable(message, line, column, help=_UTF8) from None
    except ValueError:  # a codec that is not Python's own fails in its own way
        raise Unreadable(f"the encoding `{encoding}` cannot hold Python source", line) from None
    return SourceText(shown, _only_newlines(text))


_SCRIPT = "make a script of it: `jupyter nbconvert --to script`"
_UTF8 = "save the file as UTF-8, or declare its encoding in a comment on the first line"


def wide_encoding(data: bytes) -> str | None:
    """Name the UTF-16 or UTF-32 that the first bytes of a file announce."""
    return next((name for mark, name in WIDE_MARKS if data.startswith(mark)), None)


def _declared(body: bytes) -> tuple[str, int]:
    """Return the encoding that one of the first two lines declares, and the line."""
    head = body[:4096].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n", 2)
    for number, line in enumerate(head[:2], start=1):
        if cookie := COOKIE.match(line):
            return _known(cookie[1].decode("latin-1"), number), number
        if not BLANK.match(line):
            break
    return "utf-8", 1


def _known(name: str, line: int) -> str:
    if usual := LINE_ENDS.fullmatch(name.lower().replace("_", "-")):
        return "iso8859-1" if usual["latin"] else "utf-8"
    try:
        encoding = codecs.lookup(name).name
    except LookupError:
        raise Unreadable(f"the file declares the unknown encoding `{name}`", line) from None
    try:
        # The comment was read as ASCII: an encoding that reads it otherwise cannot be meant.
        is_usable = b"# coding".decode(encoding) == "# coding"
    except (LookupError, ValueError):
        # codecs that are no text encodings (zlib), or that refuse by design (undefined)
        is_usable = False
    if not is_usable:
        raise Unreadable(f"the encoding `{name}` cannot hold Python source", line)
    return encoding


def _only_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _position(before: str) -> tuple[int, int]:
    """Return line and column, from 1, of what follows `before`."""
    before = _only_newlines(before)
    return before.count("\n") + 1, len(before) - before.rfind("\n")
