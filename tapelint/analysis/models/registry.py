"""Where models are registered: by canonical name, or by name prefix for whole families."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tapelint.analysis.values import Arguments, Value

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

Model = Callable[["Interpreter", Arguments], Value]
FamilyModel = Callable[["Interpreter", str, Arguments], Value]

MODELS: dict[str, Model] = {}
FAMILIES: dict[str, FamilyModel] = {}


def models(*names: str) -> Callable[[Model], Model]:
    """Register a model under canonical names."""

    def register(model: Model) -> Model:
        for name in names:
            MODELS[name] = model
        return model

    return register


def families(*prefixes: str) -> Callable[[FamilyModel], FamilyModel]:
    """Register a model for every name below a prefix (given with its trailing dot)."""

    def register(model: FamilyModel) -> FamilyModel:
        for prefix in prefixes:
            FAMILIES[prefix] = model
        return model

    return register


def family_of(name: str) -> FamilyModel | None:
    """Return the model of the longest registered prefix of a name."""
    end = len(name)
    while (end := name.rfind(".", 0, end)) >= 0:
        found = FAMILIES.get(name[: end + 1])
        if found is not None:
            return found
    return None
