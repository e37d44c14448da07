"""TAP109: KerasTensors as sources, and watched."""

from __future__ import annotations

import pytest
from story import Story

from tapelint.analysis.observations import RequestMisused
from tapelint.checks import symbolic_source


def test_a_watched_keras_variable_is_another_rule() -> None:
    place = Story("tape.watch(w)").at("tape.watch(w)")
    assert list(symbolic_source.check([RequestMisused(place, "watched keras variable")])) == []


@pytest.mark.parametrize(
    ("call", "what", "message"),
    [
        (
            "tape.gradient(score, model.input)",
            "symbolic source",
            "`tape.gradient` raises: `model.input` is a symbolic Keras tensor",
        ),
        (
            "tape.watch(features)",
            "symbolic watch",
            "`tape.watch` raises: `features` is a symbolic Keras tensor",
        ),
    ],
)
def test_the_symbol_is_named_as_it_is_written(call: str, what: str, message: str) -> None:
    misused = RequestMisused(Story(call).at(call), what)
    (finding,) = symbolic_source.check([misused, misused])
    assert finding.message == message
    assert "`keras.Model(model.inputs, [layer.output, model.output])`" in finding.help
