"""Files that cannot hold a tape are told from the others by their bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tapelint.source import markers
from tapelint.source.markers import MARKERS, OLD_MARKERS, file_may_hold_tape, may_hold_tape
from tapelint.source.read import Unreadable


@pytest.mark.parametrize(
    "data", [b"", b"import tensorflow as tf\n", b"gradienttape", b"Gradient Tape"]
)
def test_a_file_without_a_marker_cannot_hold_a_tape(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.py").write_bytes(data)
    assert not may_hold_tape(data)
    assert not file_may_hold_tape(tmp_path / "a.py")


@pytest.mark.parametrize(
    ("data", "may"),
    [
        (b"import tensorflow\n", False),
        (b"model.fit(x)\n", False),
        (b"from sklearn import svm\nsvm.SVC().fit(x)\n", False),
        (b"import keras\nmodel.predict(x)\n", False),
        (b"import keras\nmodel.fit(x)\n", True),
        (b"model.train_on_batch(x)\nimport tensorflow\n", True),
    ],
)
def test_training_counts_beside_the_name_of_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, may: bool
) -> None:
    monkeypatch.setattr(markers, "_BLOCK", 16)
    (tmp_path / "a.py").write_bytes(data)
    assert may_hold_tape(data) is may
    assert file_may_hold_tape(tmp_path / "a.py") is may


@pytest.mark.parametrize("marker", MARKERS + OLD_MARKERS)
@pytest.mark.parametrize(
    "data",
    ["tf.{}()", "{}", "\ufeffx\n{}", "# é {}", "x = 'a{}b'"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_a_marker_is_found_in_every_encoding_with_a_mark(
    tmp_path: Path, marker: str, data: str, encoding: str
) -> None:
    written = data.format(marker).encode(encoding)
    (tmp_path / "a.py").write_bytes(written)
    words = MARKERS + OLD_MARKERS
    assert may_hold_tape(written, words)
    assert file_may_hold_tape(tmp_path / "a.py", words)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_marker_is_found_wherever_blocks_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setattr(markers, "_BLOCK", 64)
    for before in range(140):
        text = "x" * before + "GradientTape" + "y" * 70
        (tmp_path / "a.py").write_bytes(text.encode(encoding))
        assert file_may_hold_tape(tmp_path / "a.py"), before


def test_a_file_beyond_the_limit_is_looked_at_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markers, "_BLOCK", 1024)
    filler = b"#" * 50_000
    (tmp_path / "a.py").write_bytes(filler)
    (tmp_path / "b.py").write_bytes(filler + b"GradientTape")
    assert not file_may_hold_tape(tmp_path / "a.py")
    assert file_may_hold_tape(tmp_path / "b.py")


def test_a_file_without_bytes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="disappeared"):
        file_may_hold_tape(tmp_path / "gone.py")


def test_a_disk_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: int) -> bytes:
        raise OSError(5, "Input/output error")

    (tmp_path / "a.py").write_text("")
    monkeypatch.setattr("tapelint.source.markers.os.read", broken)
    with pytest.raises(Unreadable, match="the file cannot be read: input/output error"):
        file_may_hold_tape(tmp_path / "a.py")
