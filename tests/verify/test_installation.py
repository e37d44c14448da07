"""Why nothing can be verified here is one sentence, and the environment keeps its secrets."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tapelint import cli
from tapelint.verify.installation import (
    NoTensorFlow,
    death,
    environment,
    environment_of,
    has_tensorflow,
    interpreter,
    refusal,
)
from tapelint.verify.runner import Runner

LOST = """\
import tensorflow as tf
x = tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = tf.constant(x.numpy())
tape.gradient(y, x)
"""


def script(folder: Path, body: str) -> str:
    """Write something that is called like an interpreter."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def sentence(python: str) -> str:
    """Return why verification does not start under an interpreter."""
    with pytest.raises(NoTensorFlow) as caught, Runner(python):
        pass
    said = str(caught.value)
    assert "\n" not in said
    assert not said.endswith(".")
    return said


def test_secrets_are_not_passed_on() -> None:
    given = {"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "s", "GITHUB_TOKEN": "t", "HOME": "/root"}
    kept = environment(given)
    assert kept["PATH"] == "/bin"
    assert not {"AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "HOME"} & kept.keys()


def test_a_folder_called_tensorflow_is_no_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "tensorflow").mkdir()
    assert not has_tensorflow([str(tmp_path), ""])


def test_no_environment_is_looked_for_beyond_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    (tmp_path / ".venv" / "bin" / "python").touch()
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    assert environment_of(project) is None


def test_the_environment_of_a_project_is_found(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    python.touch()
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)
    assert environment_of(below) == str(python)


def test_an_interpreter_that_is_asked_for_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(NoTensorFlow, match="no Python interpreter that can be run"):
        interpreter(str(tmp_path / "nowhere"), tmp_path)


def test_the_interpreter_that_is_asked_for_is_used(tmp_path: Path) -> None:
    assert interpreter(sys.executable, tmp_path) == sys.executable


def test_without_tensorflow_the_way_to_it_is_named(tmp_path: Path) -> None:
    # -S leaves out the installed packages.
    python = script(tmp_path, f'exec "{sys.executable}" -S "$@"')
    said = sentence(python)
    assert said == (
        f"TensorFlow is not installed for `{python}`: "
        f"run `{python} -m pip install tensorflow`, or give `--python`"
    )


def test_an_interpreter_that_crashes_is_named(tmp_path: Path) -> None:
    assert "signal 11" in sentence(script(tmp_path, "kill -SEGV $$"))


def test_missing_processor_instructions_are_explained() -> None:
    assert "instructions that the processor does not have" in death("python", -4, "")


def test_something_that_is_no_python_is_quoted(tmp_path: Path) -> None:
    assert sentence(script(tmp_path, "echo 'no such thing' >&2; exit 3")).endswith("no such thing")


def test_a_broken_library_is_quoted_in_its_first_line() -> None:
    said = refusal("python", "ImportError", "libfoo.so: cannot open shared object\nmore\n")
    assert said == "TensorFlow cannot be imported by `python`: libfoo.so: cannot open shared object"


def test_legacy_keras_that_is_missing_is_explained() -> None:
    assert "TF_USE_LEGACY_KERAS" in refusal("python", "ImportError", "Keras cannot: tf_keras ...")


def beside(folder: Path, text: str, name: str = "tensorflow") -> str:
    """Return an interpreter that finds a package of our own before the one that is installed."""
    package = folder / "packages" / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(text, encoding="utf-8")
    return script(folder, f'PYTHONPATH="{package.parent}" exec "{sys.executable}" "$@"')


def test_an_old_tensorflow_is_too_old(tmp_path: Path) -> None:
    python = beside(tmp_path, "__version__ = '2.9.3'\nclass GradientTape: pass")
    said = sentence(python)
    assert said == f"TensorFlow 2.9.3 is too old: 2.16 or newer is needed (`{python}`)"


def test_a_tensorflow_without_what_is_needed_is_not_known(tmp_path: Path) -> None:
    python = beside(tmp_path, "__version__ = '9.0.0'\nclass GradientTape: pass")
    assert sentence(python).startswith("TensorFlow 9.0.0 is not known here: No module named ")


def test_a_package_called_tensorflow_that_is_another_is_named(tmp_path: Path) -> None:
    said = sentence(beside(tmp_path, "answer = 42"))
    assert said.endswith("a folder or file called `tensorflow` hides the package")


def test_a_tensorflow_that_raises_is_quoted(tmp_path: Path) -> None:
    python = beside(tmp_path, "raise ImportError('libcuda.so: no such file\\nmore')")
    said = sentence(python)
    assert said == f"TensorFlow cannot be imported by `{python}`: libcuda.so: no such file"


def test_a_dependency_that_is_missing_is_no_missing_tensorflow(tmp_path: Path) -> None:
    said = sentence(beside(tmp_path, "import absent_package_of_tensorflow"))
    assert said.endswith("No module named 'absent_package_of_tensorflow'")


@pytest.mark.parametrize(
    ("signal", "words"), [("SIGILL", "the processor does not have"), ("SIGSEGV", "signal 11")]
)
def test_a_tensorflow_that_crashes_the_interpreter_is_named(
    tmp_path: Path, signal: str, words: str
) -> None:
    crash = f"import os, signal; os.kill(os.getpid(), signal.{signal})"
    assert words in sentence(beside(tmp_path, crash))


def test_a_tensorflow_that_ends_the_interpreter_is_named(tmp_path: Path) -> None:
    assert "cannot run the verification" in sentence(beside(tmp_path, "import os; os._exit(3)"))


def test_an_old_python_is_named(tmp_path: Path) -> None:
    old = "import runpy, sys; sys.hexversion = 0x03090000; del sys.argv[0]; "
    old += "sys.exit(runpy.run_path(sys.argv[0], run_name='__main__') and None)"
    python = script(tmp_path, f'shift; exec "{sys.executable}" -c "{old}" "$@"')
    assert (
        sentence(python) == f"`{python}` cannot run the verification: it is no Python 3.10 or newer"
    )


def test_what_cannot_be_verified_is_reported_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(LOST, encoding="utf-8")
    python = beside(tmp_path, "__version__ = '2.9.3'")
    arguments = ["train.py", "--isolated", "--output-format", "concise"]
    code = cli.main(arguments)
    alone = capsys.readouterr()
    assert cli.main([*arguments, "--verify", "--python", python]) == code
    verified = capsys.readouterr()
    assert verified.out == alone.out != ""
    assert "nothing is verified: TensorFlow 2.9.3 is too old" in verified.err


def test_a_file_called_tensorflow_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("raise SystemExit('taken')", encoding="utf-8")
    python = script(tmp_path, f'cd "{tmp_path}" && exec "{sys.executable}" -S "$@"')
    assert "is not installed" in sentence(python)
