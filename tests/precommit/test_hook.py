"""The hook works as people use it: installed by pre-commit itself, in a repository of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BROKEN = """\
import numpy as np
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = tf.constant(np.square(w))
gradient = tape.gradient(loss, w)
"""


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="pre-commit installs from a repository")
def test_the_hook_stops_a_commit_with_a_broken_gradient_and_no_other(tmp_path: Path) -> None:
    outer = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment = {**outer, "GIT_CONFIG_GLOBAL": os.devnull, "PRE_COMMIT_COLOR": "never"}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def hook() -> subprocess.CompletedProcess[str]:
        return run(sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), "tapelint", "-a")

    script = tmp_path / "train.py"
    script.write_text(BROKEN, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("np.square inside a GradientTape", encoding="utf-8")
    assert run("git", "init", "--quiet").returncode == 0
    assert run("git", "add", ".").returncode == 0

    failing = hook()
    assert failing.returncode == 1, failing.stdout + failing.stderr
    assert "train.py:6:24 TAP201 numpy-in-tape" in failing.stdout
    assert "notes.txt" not in failing.stdout

    script.write_text(BROKEN.replace("tf.constant(np.square(w))", "tf.square(w)"), "utf-8")
    passing = hook()
    assert passing.returncode == 0, passing.stdout + passing.stderr
    assert "Passed" in passing.stdout
