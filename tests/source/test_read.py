"""Bytes become text as Python itself would read them, or one sentence."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

import pytest

from tapelint.model import Confidence, Severity, Span
from tapelint.source import read as reading
from tapelint.source.read import SourceText, Unreadable, decode, read


def text(data: bytes) -> str:
    """Return the text of a file with these bytes."""
    return decode(data, "a.py").text


def refusal(data: bytes) -> tuple[int, int, str]:
    """Return where and why a file with these bytes is refused."""
    with pytest.raises(Unreadable) as caught:
        decode(data, "a.py")
    return caught.value.line, caught.value.column, caught.value.message


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ""),
        (codecs.BOM_UTF8, ""),
        (b"x = 1", "x = 1"),
        (b"x = 1\n\n\n", "x = 1\n\n\n"),
        (codecs.BOM_UTF8 + b"x = 1\n", "x = 1\n"),
        (b"a\r\nb\rc\nd", "a\nb\nc\nd"),
        (b"a\r\r\nb", "a\n\nb"),
        (b"a\x0cb\n", "a\x0cb\n"),
        (b"a\x0bb\x1cc\x85".replace(b"\x85", "\x85\u2028".encode()), "a\x0bb\x1cc\x85\u2028"),
        ("x = 'é漢😀'\n".encode(), "x = 'é漢😀'\n"),
    ],
    ids=[
        "empty",
        "only a byte order mark",
        "no line end",
        "blank lines at the end",
        "byte order mark",
        "line ends of all systems",
        "a line end within a line end",
        "form feed",
        "what only str.splitlines takes for line ends",
        "all of Unicode",
    ],
)
def test_utf_8_is_read_and_lines_stay_in_their_places(data: bytes, expected: str) -> None:
    assert text(data) == expected


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("# coding: latin-1\n", "latin-1"),
        ("# -*- coding: iso-8859-15 -*-\n", "iso-8859-15"),
        ("# vim: set fileencoding=cp1252 :\n", "cp1252"),
        ("#!/usr/bin/env python\n# coding: latin-1\n", "latin-1"),
        ("\n# coding: latin-1\n", "latin-1"),
        ("\x0c# coding: latin-1\n", "latin-1"),
        ("# one\r\n# coding: latin-1\r\n", "latin-1"),
        ("# one\r# coding: latin-1\r", "latin-1"),
        ("# coding: UTF-8\n", "utf-8"),
        ("# coding: utf8\n", "utf-8"),
        ("# coding: utf-8-sig\n", "utf-8"),
        ("# -*- coding: utf-8-unix -*-\n", "utf-8"),
        ("# -*- coding: Latin_1-dos -*-\n", "latin-1"),
        ("# -*- coding: iso-latin-1-mac -*-\n", "latin-1"),
        ("# coding: koi8-r\n", "koi8-r"),
        ("# coding: gbk\n", "gbk"),
        ("# coding: shift_jis\n", "shift_jis"),
    ],
)
def test_an_encoding_comment_is_obeyed(head: str, encoding: str) -> None:
    letters = {"koi8-r": "ж", "gbk": "漢", "shift_jis": "漢"}.get(encoding, "é")
    plain = f"{head}x = '{letters}'\n"
    assert text(plain.encode(encoding)) == plain.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize(
    "head",
    [
        "# coding = latin-1\n",
        "#\n#\n# coding: latin-1\n",
        "x = 1  # coding: latin-1\n",
        "x = 1\n# coding: latin-1\n",
        "'''\n# coding: latin-1\n'''\n",
    ],
    ids=["blank before the sign", "third line", "behind code", "below code", "in a string"],
)
def test_what_only_looks_like_an_encoding_comment_is_not_obeyed(head: str) -> None:
    line, column, message = refusal(head.encode() + b"x = '\xe9'\n")
    assert (line, column) == (head.count("\n") + 1, 6)
    assert message == "the file is no valid utf-8: byte 0xe9"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"x = 1\ny = '\xff'\n", (2, 6, "the file is no valid utf-8: byte 0xff")),
        ("y = 'é".encode() + b"\xe9'\n", (1, 7, "the file is no valid utf-8: byte 0xe9")),
        (b"a\r\nb\r\n\xff", (3, 1, "the file is no valid utf-8: byte 0xff")),
        (b"# coding: cp1252\nx='\x81'\n", (2, 4, "the file is no valid cp1252: byte 0x81")),
        (b"# coding: klingon\n", (1, 1, "the file declares the unknown encoding `klingon`")),
        (b"#\n# coding: klingon\n", (2, 1, "the file declares the unknown encoding `klingon`")),
        (b"# coding: utf-16\n", (1, 1, "the encoding `utf-16` cannot hold Python source")),
        (b"# coding: cp037\n", (1, 1, "the encoding `cp037` cannot hold Python source")),
        (b"# coding: undefined\n", (1, 1, "the encoding `undefined` cannot hold Python source")),
        (b"# coding: rot_13\n", (1, 1, "the encoding `rot_13` cannot hold Python source")),
        (b"# coding: zlib\n", (1, 1, "the encoding `zlib` cannot hold Python source")),
        (
            codecs.BOM_UTF8 + b"#\n# coding: cp1252\n",
            (2, 1, "the file begins as UTF-8 and then declares `cp1252`"),
        ),
        (b"\0", (1, 1, "the file holds a NUL byte, so it is no Python source")),
        (b"x = 1\ny\0", (2, 2, "the file holds a NUL byte, so it is no Python source")),
    ],
)
def test_what_python_would_not_read_is_refused_with_its_place(
    data: bytes, expected: tuple[int, int, str]
) -> None:
    assert refusal(data) == expected


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_named(encoding: str) -> None:
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    wide = encoding[:6].upper()
    message = f"the file is encoded in {wide}, which Python does not read"
    assert refusal(mark + "x = 1\n".encode(encoding)) == (1, 1, message)


def test_a_file_is_read_with_the_name_the_user_sees(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"x = 1\r\n")
    assert read(tmp_path / "a.py", "src/a.py") == SourceText("src/a.py", "x = 1\n")


def test_a_refusal_becomes_a_finding_at_its_place() -> None:
    found = Unreadable("it is broken", 3, 7, help="mend it").finding("a.py")
    assert (found.code, found.name) == ("TAP901", "unreadable-file")
    assert (found.severity, found.confidence) == (Severity.ERROR, Confidence.CERTAIN)
    assert (found.message, found.help) == ("it is broken", "mend it")
    assert found.span == Span("a.py", 3, 7, 3, 7)


def test_a_file_larger_than_the_limit_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LIMIT", 1000)
    (tmp_path / "a.py").write_bytes(b"#" * 1000)
    assert len(read(tmp_path / "a.py", "a.py").text) == 1000
    (tmp_path / "a.py").write_bytes(b"#" * 1001)
    with pytest.raises(Unreadable, match=r"the file has 1,001 bytes, and the limit is 1,000"):
        read(tmp_path / "a.py", "a.py")


def test_a_notebook_is_refused_although_its_json_may_be_python(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text('{"cells": []}')
    with pytest.raises(Unreadable, match="notebooks are not supported yet"):
        read(tmp_path / "a.ipynb", "a.ipynb")
    # for: tapelint - --stdin-filename a.ipynb
    with pytest.raises(Unreadable, match="notebooks are not supported yet") as refused:
        decode(b'{"cells": []}', "a.ipynb")
    assert "jupyter nbconvert" in refused.value.help


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="the file disappeared while tapelint was running"):
        read(tmp_path / "gone.py", "gone.py")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="the path leads to no regular file"):
        read(tmp_path, "folder.py")


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_dangling_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").symlink_to("gone.py")
    with pytest.raises(Unreadable, match="the link leads to a file that does not exist"):
        read(tmp_path / "a.py", "a.py")


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").symlink_to("a.py")
    with pytest.raises(Unreadable, match="the file cannot be opened: too many levels of symbolic"):
        read(tmp_path / "a.py", "a.py")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.py")
    with pytest.raises(Unreadable, match="the path leads to no regular file"):
        read(tmp_path / "a.py", "a.py")


def test_a_file_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A user who may read everything would not notice the permissions of a file.
    def forbidden(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.py").write_text("")
    monkeypatch.setattr("tapelint.source.read.os.open", forbidden)
    with pytest.raises(Unreadable, match="the file cannot be opened: permission denied"):
        read(tmp_path / "a.py", "a.py")


def test_a_disk_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> os.stat_result:
        raise OSError(5, "Input/output error")

    (tmp_path / "a.py").write_text("")
    with monkeypatch.context() as patched:
        patched.setattr("tapelint.source.read.os.fstat", broken)
        with pytest.raises(Unreadable, match="the file cannot be read: input/output error"):
            read(tmp_path / "a.py", "a.py")
