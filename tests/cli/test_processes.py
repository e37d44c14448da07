"""Tapelint as a process: pipes that close, Ctrl-C, streams that are not there, what it imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from fakelint import program

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
FAKE = """
import sys
import tapelint.engine, fakelint
tapelint.engine.lint = fakelint.lint
from tapelint.cli import main
sys.exit(main())
"""
BROKEN = """\
import numpy as np
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = tf.constant(np.exp(w)) * 3.0
gradient = tape.gradient(loss, w)
"""
needs_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such streams or signals")


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a process that can import tapelint and the faked analysis."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_COLOR")}
    return {**kept, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, HERE))), **more}


def run(
    *command: str, cwd: Path, shell: str | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run Python with the arguments `command`, in a shell where one is needed for its pipes."""
    arguments: Sequence[str] | str = [sys.executable, *command]
    if shell is not None:
        arguments = ["bash", "-c", shell, sys.executable, *command]
    return subprocess.run(
        arguments,
        cwd=cwd,
        env=environment(**more),
        text=True,
        encoding="utf-8",
        errors="replace",
        capture_output=True,
        check=False,
    )


def loaded(cwd: Path, *arguments: str) -> set[str]:
    """Return the modules that tapelint has imported when it is done."""
    code = (
        "import sys; from tapelint.cli import main; main(sys.argv[1:]);"
        "print(*sys.modules, file=sys.stderr)"
    )
    ran = run("-c", code, *arguments, cwd=cwd)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stderr.split())


HEAVY = ("libcst", "tensorflow", "numpy", "tapelint.analysis", "tapelint.engine")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["explain", "--help"],
        ["explain", "TAP201"],
        ["explain", "TAP201", "--format=json"],
        ["rules"],
        ["."],
        ["--select", "TAP2", "--show-settings"],
    ],
    ids=" ".join,
)
def test_what_needs_no_analysis_imports_none(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "a.py").write_text("import tensorflow as tf\n")
    found = loaded(tmp_path, *arguments)
    assert "click" in found
    assert not found & set(HEAVY)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]], ids=" ".join)
def test_what_needs_no_rules_reads_none(tmp_path: Path, arguments: list[str]) -> None:
    assert not loaded(tmp_path, *arguments) & {"tapelint.registry", "tapelint.cards", "pathspec"}


def test_linting_never_imports_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import tensorflow as tf\ntape = tf.GradientTape()\n")
    found = loaded(tmp_path, ".")
    assert "tapelint.engine" in found
    assert not found & {"tensorflow", "keras", "numpy"}


def test_the_module_can_be_run(tmp_path: Path) -> None:
    ran = run("-m", "tapelint", "--version", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("tapelint ")


@needs_posix
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(program(*["f()  # finds: TAP201"] * 20_000))
    pipe = '"$0" "$@" | head -n 1; exit "${PIPESTATUS[0]}"'
    ran = run("-c", FAKE, "--output-format=concise", cwd=tmp_path, shell=pipe)
    assert ran.stdout == "a.py:2:1: TAP201 the gradient is None\n"
    assert (ran.returncode, ran.stderr) == (1, "")


@needs_posix
@pytest.mark.parametrize(
    "arguments", [["rules"], ["explain", "TAP201"], ["--help"], ["."]], ids=str
)
def test_a_reader_that_is_gone_is_no_error(tmp_path: Path, arguments: list[str]) -> None:
    pipe = '"$0" "$@" | true; exit "${PIPESTATUS[0]}"'
    ran = run("-m", "tapelint", *arguments, cwd=tmp_path, shell=pipe)
    assert (ran.returncode, ran.stderr) == (0, "")


@needs_posix
def test_a_closed_standard_output_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(program("f()  # finds: TAP201"))
    ran = run("-c", FAKE, cwd=tmp_path, shell='"$0" "$@" >&-')
    assert (ran.returncode, ran.stderr) == (1, "")


@needs_posix
def test_a_closed_standard_error_is_no_error(tmp_path: Path) -> None:
    ran = run("-m", "tapelint", "gone", cwd=tmp_path, shell='"$0" "$@" 2>&-')
    assert (ran.returncode, ran.stdout) == (2, "")


@needs_posix
def test_a_closed_standard_input_is_one_sentence(tmp_path: Path) -> None:
    ran = run("-m", "tapelint", "-", cwd=tmp_path, shell='"$0" "$@" <&-')
    assert ran.returncode == 2
    assert ran.stderr == "error: standard input is closed, so there is nothing to read for `-`\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    ran = run("-m", "tapelint", cwd=tmp_path, shell='"$0" "$@" >/dev/full')
    assert ran.returncode == 2
    assert ran.stderr == "error: standard output cannot be written: no space left on device\n"


@needs_posix
def test_a_current_folder_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    ran = run("-m", "tapelint", cwd=gone, shell='rmdir "$PWD"; "$0" "$@"')
    assert ran.returncode == 2
    assert ran.stderr == "error: the current folder does not exist any more: go to one that does\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_any_source_can_be_printed_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    source = program("y = '漢字 é'  # finds: TAP201")
    (tmp_path / "a.py").write_text(source, encoding="utf-8")
    ran = run("-c", FAKE, "--color=never", cwd=tmp_path, PYTHONIOENCODING=encoding)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "2 | y = '" in ran.stdout


@needs_posix
def test_a_system_that_knows_ascii_alone_can_check_files_of_any_name(tmp_path: Path) -> None:
    (tmp_path / "\N{LATIN SMALL LETTER U WITH DIAERESIS}.py").write_text(BROKEN, encoding="utf-8")
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ran = run("-m", "tapelint", "--output-format=concise", cwd=tmp_path, **ascii_alone)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout.startswith("\\xc3\\xbc.py:6:24: TAP201 ")


@needs_posix
def test_ctrl_c_ends_everything_at_once_and_silently(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(program("f()  # hangs"))
    started = tmp_path / "started"
    code = FAKE.replace(
        "from tapelint.cli",
        "import os, pathlib\n"
        "def lint(source, settings):\n"
        f"    pathlib.Path({str(started)!r} + '.new').write_text(str(os.getpid()))\n"
        f"    os.rename({str(started)!r} + '.new', {str(started)!r})\n"
        "    return fakelint.lint(source, settings)\n"
        "tapelint.engine.lint = lint\n"
        "from tapelint.cli",
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "a.py"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while not started.exists() and process.poll() is None:
        time.sleep(0.01)
    # Ctrl-C reaches every process of the terminal.
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (130, b"", b"")
    worker = int(started.read_text())
    assert worker != process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
