"""`tapelint knowledge NAME`: what is believed of a callable, and on whose word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running import Run

from tapelint.settings import OPTIONS


def words(text: str) -> str:
    """Return a text without its line breaks."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tf.math.argmax", "tf.argmax (tf.math.argmax) gives a tensor of integer dtype"),
        ("tensorflow.sign", "zeros for `x`, flows for complex `x`"),
        ("tf.nn.top_k", "gradient of `indices`: None for `input`"),
        ("tf.random.normal", "`dtype` states the dtype, where it is given"),
        ("tf.shape", "of `input` only shape or dtype is used"),
        ("tf.image.adjust_contrast", "raises LookupError for `images` and `contrast_factor`"),
        ("tf.exp", "gradient: flows for all arguments measured with TensorFlow 2."),
        ("np.exp", "modelled by hand: NumPy, SciPy, pandas and `math`"),
        ("keras.layers.Dense", "modelled by hand: A Keras layer"),
        ("float", "builtins.float (float) modelled by hand: Numbers"),
        ("tf.reduce_summ", "did you mean `tf.reduce_sum`"),
        ("quantize", "name it with its module (`mylib.quantize`) to say more"),
        ("mylib.quantize", 'if you know better: `"mylib.quantize" = "blocked"`'),
    ],
)  # fmt: skip
def test_what_is_said_of_a_name(tapelint_run: Run, name: str, said: str) -> None:
    ran = tapelint_run("knowledge", name)
    assert (ran.code, ran.err) == (0, "")
    assert said in words(ran.out)


def test_the_settings_have_the_last_word(tapelint_run: Run, folder: Path) -> None:
    (folder / "tapelint.toml").write_text('knowledge = {"tensorflow.round" = "flows"}\n')
    ran = tapelint_run("knowledge", "tf.round")
    assert "flows for all arguments tapelint.toml says so" in words(ran.out)
    assert "None for `x`" in tapelint_run("knowledge", "tf.round", "--isolated").out


def test_as_json(tapelint_run: Run) -> None:
    told = json.loads(tapelint_run("knowledge", "tf.math.argmax", "--output-format", "json").out)
    assert (told["version"], told["given"], told["name"]) == (1, "tf.math.argmax", "tf.argmax")
    assert (told["source"], told["outputs"][0]["gradient"]) == ("measured", {"input": "none"})
    told = json.loads(tapelint_run("knowledge", "mylib.f", "--output-format", "json").out)
    assert (told["source"], "outputs" in told) == ("nothing", False)


def test_settings_that_cannot_be_used(tapelint_run: Run, folder: Path) -> None:
    for text in ('{"mylib.f" = "gone"}', '{"f" = "flows"}', '"flows"', '{"mylib.f" = 1}'):
        (folder / "tapelint.toml").write_text(f"knowledge = {text}\n")
        ran = tapelint_run("knowledge", "mylib.f")
        assert ran.code == 2
        assert f"`knowledge` should be {OPTIONS['knowledge'].wanted}" in ran.err


def test_show_settings_writes_what_can_be_read_again(tapelint_run: Run, folder: Path) -> None:
    (folder / "tapelint.toml").write_text('knowledge = {"mylib.f" = "zeros"}\n')
    shown = tapelint_run("--show-settings").out
    assert '[knowledge]\n"mylib.f" = "zeros"\n' in shown
    (folder / "tapelint.toml").write_text(shown)
    assert tapelint_run("--show-settings").out == shown
