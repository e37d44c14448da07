"""The programs of `nan/`: which operation gives NaN, and which does not."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from observed import BLOCK, HEADING, PRELUDE, observe

from tapelint.analysis.observations import NanReachable

HERE = Path(__file__).parent / "nan"
# Each page's programs stand below one line of these.
LAYERS = (
    "tower = model = critic = policy = tf.keras.layers.Dense(4); "
    "table = tf.Variable(tf.random.normal([5, 2]))"
)
PRELUDES = {"written.md": PRELUDE, "plausible.md": PRELUDE.replace("\n", f"; {LAYERS}\n")}
MARK = re.compile(r"# nan: (.+)$")


def programs(page: str) -> list[object]:
    text = (HERE / page).read_text(encoding="utf-8")
    titles, blocks = HEADING.findall(text), BLOCK.findall(text)
    assert len(titles) == len(blocks)
    return [pytest.param(PRELUDES[page] + b, id=t) for t, b in zip(titles, blocks, strict=True)]


def marked(source: str) -> set[tuple[int, str]]:
    lines = enumerate(source.splitlines(), 1)
    return {(number, m[1]) for number, line in lines if (m := MARK.search(line))}


@pytest.mark.parametrize("source", programs("written.md") + programs("plausible.md"))
def test_nan_is_seen_where_it_is_marked(source: str) -> None:
    seen = {
        (o.place.span().line, o.what.value) for o in observe(source) if isinstance(o, NanReachable)
    }

    assert seen == marked(source)


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow")
@pytest.mark.parametrize("source", programs("written.md"))
def test_tensorflow_gives_nan_where_it_is_marked(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    given: list[object] = []
    ask = tf.GradientTape.gradient

    def asked(tape: object, *arguments: object, **options: object) -> object:
        answer = ask(tape, *arguments, **options)
        given.extend(tf.nest.flatten(answer))
        return answer

    monkeypatch.setattr(tf.GradientTape, "gradient", asked)
    exec(source, {})

    is_nan = any(bool(tf.reduce_any(tf.math.is_nan(tf.convert_to_tensor(g)))) for g in given)
    assert is_nan == bool(marked(source))
