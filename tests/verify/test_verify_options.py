"""`--verify` and its kin on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema
import pytest

from tapelint import cli, report
from tapelint.cli_verify import is_failure
from tapelint.model import Confidence, Evidence, Finding, Severity, Span, Verdict
from tapelint.verify.process import Worker

CONFIRMED = """\
import numpy as np
import tensorflow as tf

x = tf.Variable([2.0, 3.0])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(np.square(x))
slope = tape.gradient(y, x)
"""
SCHEMA = Path(report.__file__).parent / "json-v1.schema.json"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what runs leave behind be left in a folder of the test."""
    monkeypatch.chdir(tmp_path)


def written(folder: Path, text: str) -> str:
    """Write a program and return its path."""
    path = folder / "train.py"
    path.write_text(text, encoding="utf-8")
    return str(path)


def finding(verdict: Verdict | None, confidence: Confidence = Confidence.LIKELY) -> Finding:
    """Return a finding that was judged so."""
    evidence = None if verdict is None else Evidence(verdict, "the reason")
    span = Span("a.py", 1, 1, 1, 2)
    return Finding("TAP101", "n", "m", span, Severity.ERROR, confidence, "", (), evidence=evidence)


@pytest.mark.parametrize(
    ("verdict", "confidence", "least", "fails"),
    [
        (Verdict.REFUTED, Confidence.CERTAIN, "likely", False),
        (Verdict.REFUTED, Confidence.CERTAIN, "certain", False),
        (None, Confidence.LIKELY, "likely", True),
        (None, Confidence.LIKELY, "certain", False),
        (None, Confidence.CERTAIN, "certain", True),
        (None, Confidence.CERTAIN, "confirmed", False),
        (Verdict.INCONCLUSIVE, Confidence.CERTAIN, "confirmed", False),
        (Verdict.INCONCLUSIVE, Confidence.CERTAIN, "certain", True),
        (Verdict.CONFIRMED, Confidence.LIKELY, "confirmed", True),
        (Verdict.CONFIRMED, Confidence.LIKELY, "certain", False),
        (Verdict.DIFFERS, Confidence.LIKELY, "confirmed", True),
    ],
)
def test_what_fails_a_run(
    verdict: Verdict | None, confidence: Confidence, least: str, fails: bool
) -> None:
    assert is_failure([finding(verdict, confidence)], least) is fails


def test_without_tensorflow_the_result_is_what_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, CONFIRMED)
    assert cli.main(["--isolated", path]) == 1
    plain = capsys.readouterr()
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    assert cli.main(["--isolated", "--verify", "--python", str(python), path]) == 1
    ran = capsys.readouterr()
    assert ran.out == plain.out
    assert ran.err.startswith("note: nothing is verified: TensorFlow is not installed for ")
    assert ran.err.count("\n") == 1


def test_a_run_that_only_a_confirmed_finding_fails_does_not_pass_unverified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, CONFIRMED)
    arguments = ["--isolated", "--verify", "--fail-on", "confirmed"]
    assert cli.main([*arguments, "--python", str(tmp_path / "nowhere"), path]) == 2
    ran = capsys.readouterr()
    assert "TAP201" in ran.out
    assert ran.err.startswith("error: nothing is verified: `")


def test_a_clean_run_starts_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "import tensorflow as tf\n")
    assert cli.main(["--isolated", "--verify", "--python", str(tmp_path / "nowhere"), path]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("value", ["0", "-1", "soon"])
def test_a_limit_has_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    assert cli.main(["--verify", "--verify-timeout", value, str(tmp_path)]) == 2
    assert "--verify-timeout" in capsys.readouterr().err


@pytest.mark.tensorflow
@pytest.mark.usefixtures("runner")
class TestUnderTensorFlow:
    """Each starts a worker of its own, as a user's run does."""

    def test_the_text_says_what_a_run_showed(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code = cli.main(["--isolated", "--verify", written(tmp_path, CONFIRMED)])
        ran = capsys.readouterr()
        assert (code, ran.err) == (1, "")
        words = " ".join(ran.out.split())
        assert "run: confirmed: None comes out for `x`, and `square` at line 6" in words
        assert "ran the script, TensorFlow " in words
        assert "fix verified: None -> [4, 6], as the finite difference says" in words

    def test_the_json_is_as_its_schema_says(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        cli.main(
            ["--isolated", "--verify", "--output-format", "json", written(tmp_path, CONFIRMED)]
        )
        document = json.loads(capsys.readouterr().out)
        jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
        (found,) = document["findings"]
        shown = found["verification"]
        assert shown["verdict"] == "confirmed"
        assert shown["seen"] == [{"source": "x", "gave": "None", "line": 7, "turn": 1}]
        assert document["summary"]["refuted"] == 0

    def test_sarif_says_the_same_in_every_run(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = ["--isolated", "--verify", "--output-format", "sarif"]
        printed = []
        for _ in range(2):
            cli.main([*arguments, written(tmp_path, CONFIRMED)])
            printed.append(capsys.readouterr().out)
        assert printed[0] == printed[1]
        (result,) = json.loads(printed[0])["runs"][0]["results"]
        assert result["properties"]["verification"]["verdict"] == "confirmed"
        assert "Confirmed: None comes out for `x`" in result["message"]["text"]

    def test_what_did_not_change_is_not_run_again(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = written(tmp_path, CONFIRMED)
        arguments = ["--isolated", "--verify", "--output-format", "json", path]
        cli.main(arguments)
        first = capsys.readouterr().out
        assert (tmp_path / ".tapelint_cache" / "CACHEDIR.TAG").is_file()
        monkeypatch.setattr(Worker, "send", lambda *_: pytest.fail("something was run"))
        cli.main(arguments)
        assert capsys.readouterr().out == first
        assert cli.main(["clean"]) == 0
        assert not (tmp_path / ".tapelint_cache").exists()

    def test_without_a_cache_nothing_is_kept(self, tmp_path: Path) -> None:
        cli.main(["--isolated", "--verify", "--no-cache", written(tmp_path, CONFIRMED)])
        assert [path.name for path in tmp_path.iterdir()] == ["train.py"]

    def test_the_doctor_names_versions_and_layers(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["doctor", "--python", sys.executable]) in (0, 1)
        printed = capsys.readouterr().out
        for name in ("interpreter", "TensorFlow", "Keras", "Landlock", "seccomp", "sandbox"):
            assert f"{name}: " in printed

    def test_the_examples_of_a_card_do_what_it_says(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.main(["explain", "TAP101", "--run"]) == 0
        printed = capsys.readouterr().out
        assert printed.startswith("TAP101 unwatched-tensor under TensorFlow ")
        assert "None, as the card says" in printed
        assert "but the card says" not in printed


def test_the_doctor_says_why_nothing_can_be_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["doctor", "--python", str(tmp_path / "nowhere")]) == 1
    assert "TensorFlow:   none: `" in capsys.readouterr().out


def test_there_may_be_nothing_to_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["clean"]) == 0
    assert capsys.readouterr().out == "there is no cache\n"


def test_a_script_is_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, CONFIRMED)
    out = tmp_path / "repro.py"
    assert cli.main(["repro", f"{path}:6", "-o", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert text.startswith("# TAP201 numpy-in-tape: ")
    assert "assert all(g is not None" in text
    assert capsys.readouterr().out == ""


def test_a_place_may_be_copied_from_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, CONFIRMED)
    printed = []
    for place in (f"{path}:6", f"{path}:6:23", f"{path}:6:23:"):
        assert cli.main(["repro", place]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] == printed[2]


def test_a_place_in_another_file_than_the_request_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = CONFIRMED.replace("tf.reduce_sum(np.square(x))", "loss_of(x)").split("\n")
    lines[1:2] = ["import tensorflow as tf", "from losses import loss_of"]
    path = written(tmp_path, "\n".join(lines))
    losses = tmp_path / "losses.py"
    losses.write_text(
        "import numpy as np\nimport tensorflow as tf\n\ndef loss_of(x):\n"
        "    return tf.reduce_sum(np.square(x))\n"
    )
    cli.main(["--isolated", "--output-format", "concise", path])
    assert capsys.readouterr().out.startswith("losses.py:5:26: TAP201 ")
    for place in ("losses.py:5:26", str(losses) + ":5", f"{path}:8"):
        assert cli.main(["repro", place]) == 0
        assert "Cut out of train.py, line 8" in capsys.readouterr().out.replace(f"{tmp_path}/", "")
    for place in ("losses.py:1", f"{path}:4"):
        assert cli.main(["repro", place]) == 2
    assert "has no finding on line 4, but on line 8" in capsys.readouterr().err


def test_the_column_chooses_between_findings_on_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = CONFIRMED.replace("tape:", "tape, tf.GradientTape() as other:")
    text = text.replace("    y =", "    z = tf.floor(np.abs(x)); y =") + "other.gradient(z, x)\n"
    path = written(tmp_path, text)
    cli.main(["--isolated", "--output-format", "concise", path])
    places = [line.split(" ")[0] for line in capsys.readouterr().out.splitlines()]
    assert len(places) == 2
    for place, cut in zip(places, ("np.abs", "np.square"), strict=True):
        assert cli.main(["repro", place]) == 0
        assert f"cut here by `{cut}`" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("train.py", "`train.py` is no place: give FILE:LINE"),
        ("{path}:1", "has no finding on line 1, but on line 6"),
        ("nowhere.py:3", "`nowhere.py` does not exist"),
        ("broken.py:3", "`broken.py` cannot be read: invalid syntax on line 2"),
        ("clean.py:3", "`clean.py` has no finding on line 3 or any other"),
    ],
)
def test_a_place_without_a_finding_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str, words: str
) -> None:
    path = written(tmp_path, CONFIRMED)
    (tmp_path / "broken.py").write_text("import tensorflow  # GradientTape\ndef f(:\n")
    (tmp_path / "clean.py").touch()
    assert cli.main(["repro", place.format(path=path)]) == 2
    assert words in capsys.readouterr().err
