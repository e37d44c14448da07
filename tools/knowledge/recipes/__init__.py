"""Arguments for callables that the ladder does not get into, or only into a corner of.

A recipe makes the arguments for a size; it is asked for several sizes, so that the samples have
different shapes. Some callables have more than one recipe: more than one way of being called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tools.knowledge.observe import Binding
from tools.knowledge.recipes import arrays, images, keras_functions, neural, numbers, others

Recipe = Callable[[int], Binding]
SIZES = (3, 4, 6)

_RECIPES: dict[str, list[Recipe]] = {}
for _module in (arrays, images, keras_functions, neural, numbers, others):
    for _names, _made in _module.RECIPES.items():
        for _name in _names.split():
            _RECIPES.setdefault(_name, []).extend(_made)


def bindings(name: str) -> Iterator[Binding] | None:
    """Return samples for a callable by its canonical name, None if it has no recipe."""
    found = _RECIPES.get(name)
    return None if found is None else (recipe(size) for size in SIZES for recipe in found)


def names() -> frozenset[str]:
    """Return the callables that have a recipe."""
    return frozenset(_RECIPES)
