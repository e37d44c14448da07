"""The streams of a run: colours, the report as a whole file or none, a line of progress.

Nothing here knows findings or options.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TextIO

import click

from tapelint.terminal import printable

# Nobody wants to read a line that is gone again at once.
PATIENCE = 1.0
BETWEEN = 0.1
# What a reader that has left looks like; the second is how Windows says it.
GONE = frozenset({errno.EPIPE, errno.EINVAL})


class ConsoleError(Exception):
    """Something could not be read or written; the text is the sentence to show."""


def prepare() -> None:
    """Let every text be printed, whatever encoding the streams have."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            with contextlib.suppress(OSError, ValueError):
                reconfigure(errors="backslashreplace")


def has_colour(choice: str, stream: TextIO | None) -> bool:
    """Tell whether to print colours to `stream`; `choice` is "auto", "always" or "never"."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return os.environ.get("TERM") != "dumb" and is_terminal(stream)


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a person reads `stream`; a stream may be missing, or closed."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def columns() -> int:
    """Return the width of the terminal, or 80 where there is none."""
    import shutil

    return shutil.get_terminal_size((80, 24)).columns


def say(text: str, *, colour: bool = False) -> None:
    """Print `text` to standard output; a reader that has seen enough is no error."""
    if sys.stdout is None:  # it was closed before tapelint began
        return
    try:
        click.echo(text, nl=False, color=colour)
    except OSError as error:
        _discard(sys.stdout)
        if error.errno not in GONE:
            raise ConsoleError(f"standard output cannot be written: {_reason(error)}") from None


def complain(sentence: str) -> None:
    """Print one error to standard error."""
    if sys.stderr is None:
        return
    label = "error:"
    if has_colour("auto", sys.stderr):
        label = click.style(label, fg="red", bold=True)
    try:
        click.echo(f"{label} {printable(sentence)}", err=True, color=True)
    except OSError:
        _discard(sys.stderr)


def remark(sentence: str) -> None:
    """Print something that is no error to standard error."""
    try:
        click.echo(f"note: {sentence}", err=True)
    except OSError:
        _discard(sys.stderr)


def murmur(text: str, *, colour: bool = False) -> None:
    """Print `text` to standard error, as it is."""
    if sys.stderr is None:
        return
    try:
        click.echo(text, nl=False, err=True, color=colour)
    except OSError:
        _discard(sys.stderr)


def read_standard_input() -> bytes:
    """Return all that comes over standard input."""
    if sys.stdin is None:
        raise ConsoleError("standard input is closed, so there is nothing to read for `-`")
    try:
        data: bytes = sys.stdin.buffer.read()
    except OSError as error:
        raise ConsoleError(f"standard input cannot be read: {_reason(error)}") from None
    return data


def require_folder(path: Path) -> None:
    """Raise `ConsoleError` where no file could be written at `path`, before any work is done."""
    if os.path.isdir(path):
        raise ConsoleError(f"the report cannot be written to `{path}`, which is a folder")
    if not os.path.isdir(path.parent):
        raise ConsoleError(
            f"the report cannot be written to `{path}`: make the folder `{path.parent}` first"
        )


def write_file(path: Path, text: str) -> None:
    """Replace the file at `path`, so that nobody ever reads half a report."""
    data = text.encode("utf-8", "backslashreplace")
    # A link stays a link, and a pipe or device is written to but never replaced.
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            with _beside(target) as temporary:
                temporary.write_bytes(data)
                if target.exists():
                    temporary.chmod(stat.S_IMODE(target.stat().st_mode))
                temporary.replace(target)
    except OSError as error:
        message = f"the report cannot be written to `{path}`: {_reason(error)}"
        raise ConsoleError(message) from None


class Progress:
    """A line on standard error that says how far a run is, once it takes its time."""

    def __init__(self, stream: TextIO | None = None, what: str = "files") -> None:
        self._what = what
        self._stream = stream or sys.stderr
        self._is_on = is_terminal(self._stream) and os.environ.get("TERM") != "dumb"
        self._next = time.monotonic() + PATIENCE
        self._shown = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._show("")

    def __call__(self, done: int, total: int) -> None:
        """Say that `done` of `total` are done."""
        if self._is_on and time.monotonic() >= self._next:
            self._next = time.monotonic() + BETWEEN
            self._show(f"tapelint: {done} of {total} {self._what} done")

    def _show(self, line: str) -> None:
        if self._stream is None or line == self._shown:
            return
        try:
            # Blanks wipe out what was there; not every terminal knows another way.
            self._stream.write("\r" + line.ljust(len(self._shown)) + ("" if line else "\r"))
            self._stream.flush()
        except (OSError, ValueError):
            self._is_on = False
        self._shown = line


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Yield a name for a new file in the folder of `target`; what is left of it is removed."""
    import secrets

    temporary = target.parent / f".tapelint-{secrets.token_hex(6)}.tmp"
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _discard(stream: TextIO | None) -> None:
    """Send what is still in the buffer nowhere, where it would fail again on the way out."""
    if stream is None:
        return
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)


def _reason(error: OSError) -> str:
    text = error.strerror or type(error).__name__
    return text[:1].lower() + text[1:]
