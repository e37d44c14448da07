"""Whatever lies in a folder, the files that can be checked are checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import TAPE

ROOT = Path(__file__).parents[2]
GOOD = TAPE + b"tape.gradient(y, x)\ntape.gradient(y, x)\n"
FOUND = "good.py:6 TAP301"
needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with one file in which something is found."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.py").write_bytes(GOOD)
    return tmp_path


def found(*paths: str, code: int = 1) -> list[str]:
    """Return what the real program finds, in short."""
    done = subprocess.run(
        [sys.executable, "-m", "tapelint", "--isolated", "--output-format", "json", *paths],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert done.stderr == b""
    return list(lines(done.stdout))


def printed_as(format_name: str) -> str:
    """Return the report of the current folder in some format."""
    done = subprocess.run(
        [sys.executable, "-m", "tapelint", "--isolated", "--output-format", format_name],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    return done.stdout.decode()


def lines(output: bytes) -> Iterator[str]:
    """Yield place, code and, of a file that could not be checked, the sentence."""
    for each in json.loads(output)["findings"]:
        why = f" {each['message']}" if each["code"] == "TAP901" else ""
        yield f"{each['span']['path']}:{each['span']['line']} {each['code']}{why}"


@needs_links
def test_links_in_circles(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "up").symlink_to("..")
    (folder / "sub" / "self").symlink_to("self")
    assert found() == [FOUND]
    assert found("sub/up") == [f"sub/up/{FOUND}"]


@needs_links
def test_a_file_that_links_to_itself(folder: Path) -> None:
    (folder / "loop.py").symlink_to("loop.py")
    first, second = found()
    assert first == FOUND
    assert second.startswith("loop.py:1 TAP901 the file cannot be opened: too many levels of")


@needs_links
def test_a_link_that_leads_nowhere(folder: Path) -> None:
    (folder / "gone.py").symlink_to("nowhere")
    expected = "gone.py:1 TAP901 the link leads to a file that does not exist"
    assert found() == found("gone.py", "good.py") == [expected, FOUND]


@needs_links
def test_many_links_to_one_file_are_one_file(folder: Path) -> None:
    for number in range(20):
        (folder / f"link{number}.py").symlink_to("good.py")
    assert found() == [FOUND]


@needs_pipes
def test_a_pipe_that_nobody_writes_to(folder: Path) -> None:
    os.mkfifo(folder / "pipe.py")
    assert found() == [FOUND]
    expected = "pipe.py:1 TAP901 the path leads to no regular file"
    assert found("pipe.py", "good.py") == [FOUND, expected]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no such device here")
def test_a_device_without_an_end(folder: Path) -> None:
    (folder / "zero.py").symlink_to("/dev/zero")
    expected = "zero.py:1 TAP901 the path leads to no regular file"
    assert found("zero.py", "good.py") == [FOUND, expected]


def test_a_folder_called_like_a_file(folder: Path) -> None:
    (folder / "pkg.py").mkdir()
    (folder / "pkg.py" / "good.py").write_bytes(GOOD)
    assert found() == [FOUND, f"pkg.py/{FOUND}"]
    assert found("pkg.py") == [f"pkg.py/{FOUND}"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_that_could_steer_a_terminal_or_a_log(folder: Path) -> None:
    names = ["a\nb.py", "a\x1b[31mb.py", "a b.py", "\u202eyp.b.py", "a'b\".py", "a,b=c%d.py"]
    for name in names:
        (folder / name).write_bytes(GOOD)
    assert len(found()) == len(names) + 1
    for format_name in ("text", "concise"):
        printed = printed_as(format_name)
        assert "\x1b" not in printed
        assert "\u202e" not in printed
        assert not any(line.startswith("b.py") for line in printed.splitlines())
    commands = printed_as("github").splitlines()
    assert len(commands) == len(names) + 1
    assert all(line.startswith("::error file=") for line in commands)
    assert [line for line in commands if "file=a%2Cb=c%25d.py," in line]


@pytest.mark.skipif(os.name == "nt", reason="paths end sooner on Windows")
def test_folders_deeper_than_a_path_can_say(folder: Path) -> None:
    for _ in range(50):
        os.mkdir("d" * 100)
        os.chdir("d" * 100)
    os.chdir(folder)
    listed = found()
    assert FOUND in listed
    assert [line for line in listed if "the folder cannot be searched: file name too long" in line]


def test_settings_are_not_looked_for_in_what_is_checked(folder: Path) -> None:
    (folder / "tapelint.toml").write_bytes(b"\0\xff = [")
    assert found() == [FOUND]


def test_ignore_files_that_are_none(folder: Path) -> None:
    (folder / ".gitignore").write_bytes(b"[\n!\n\\\n\xff\xfe\n***/[z-a]\n" + b"*" * 5000 + b"x\n")
    assert found() == [FOUND]
