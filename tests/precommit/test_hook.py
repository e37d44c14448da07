"""The hook works as people use it: installed by pre-commit itself, in a repository of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

ROOT = Path(__file__).parents[2]
BROKEN = """\
import numpy as np
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = tf.constant(np.square(w))
gradient = tape.gradient(loss, w)
"""


COPIED = ("tapelint", "rules", ".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return what runs a command in a folder, out of reach of the developer's own settings."""
    outer = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "PRE_COMMIT_HOME": str(tmp_path / "home")}

    def run(cwd: Path, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=cwd,
            env={**outer, **own},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    return run


@pytest.fixture
def hooks(tmp_path: Path, run: Run) -> Path:
    """Commit what is needed of this checkout, as it is now, to a repository for pre-commit."""
    folder = tmp_path / "hooks"
    folder.mkdir()
    caches = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=caches)
        else:
            shutil.copy(ROOT / name, folder / name)
    identity = ("-c", "user.name=tapelint", "-c", "user.email=tapelint@example.org")
    for command in (("init", "--quiet"), ("add", "."), (*identity, "commit", "--quiet", "-m", "x")):
        assert run(folder, "git", *command).returncode == 0
    return folder


@pytest.mark.slow
def test_the_hook_stops_a_commit_with_a_broken_gradient_and_no_other(
    tmp_path: Path, hooks: Path, run: Run
) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    script = repository / "train.py"
    script.write_text(BROKEN, encoding="utf-8")
    (repository / "notes.txt").write_text("np.square inside a GradientTape", encoding="utf-8")
    assert run(repository, "git", "init", "--quiet").returncode == 0
    assert run(repository, "git", "add", ".").returncode == 0
    hook = (sys.executable, "-m", "pre_commit", "try-repo", str(hooks), "tapelint", "-a")

    failing = run(repository, *hook)
    assert failing.returncode == 1, failing.stdout + failing.stderr
    assert "train.py:6:24 TAP201 numpy-in-tape" in failing.stdout
    assert "notes.txt" not in failing.stdout

    script.write_text(BROKEN.replace("tf.constant(np.square(w))", "tf.square(w)"), "utf-8")
    passing = run(repository, *hook)
    assert passing.returncode == 0, passing.stdout + passing.stderr
    assert "Passed" in passing.stdout


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_verifying_hook_runs_when_asked_for(tmp_path: Path, hooks: Path, run: Run) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: nothing can be verified")
    # The TensorFlow of this interpreter instead of one more download of it.
    file = hooks / ".pre-commit-hooks.yaml"
    text = file.read_text(encoding="utf-8")
    assert "additional_dependencies: [tensorflow-cpu]" in text
    text = text.replace("[tensorflow-cpu]", "[]")
    text = text.replace("--fail-on confirmed", f"--fail-on confirmed --python {sys.executable}")
    file.write_text(text, encoding="utf-8")
    identity = ("-c", "user.name=tapelint", "-c", "user.email=tapelint@example.org")
    assert run(hooks, "git", *identity, "commit", "--quiet", "-am", "x").returncode == 0
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "train.py").write_text(BROKEN, encoding="utf-8")
    assert run(repository, "git", "init", "--quiet").returncode == 0
    assert run(repository, "git", "add", ".").returncode == 0
    hook = (sys.executable, "-m", "pre_commit", "try-repo", str(hooks), "tapelint-verify", "-a")
    assert "confirmed" not in run(repository, *hook).stdout
    asked = run(repository, *hook, "--hook-stage", "manual")
    assert asked.returncode == 1, asked.stdout + asked.stderr
    assert "confirmed: None comes out for `w`" in " ".join(asked.stdout.split())
