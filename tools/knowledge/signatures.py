"""The parameters of a callable, as far as `inspect` or the definition of an op tells them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from tools.knowledge.walk import Symbol

_Kind = inspect._ParameterKind


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `default` is `Parameter.REQUIRED` where there is none."""

    name: str
    kind: _Kind
    default: Any

    @property
    def is_required(self) -> bool:
        return self.default is inspect.Parameter.empty and self.kind not in (
            _Kind.VAR_POSITIONAL,
            _Kind.VAR_KEYWORD,
        )

    @property
    def may_be_tensor(self) -> bool:
        """Whether it is optional and its default does not rule a tensor out."""
        if self.is_required or self.kind in (_Kind.VAR_POSITIONAL, _Kind.VAR_KEYWORD):
            return False
        return not isinstance(self.default, bool | str | bytes) and not callable(self.default)

    @property
    def is_positional(self) -> bool:
        return self.kind not in (_Kind.KEYWORD_ONLY, _Kind.VAR_KEYWORD)


def parameters(symbol: Symbol) -> list[Parameter]:
    """Return the parameters in order; a raw op has none by place.

    Raises ValueError or TypeError where there is no signature.
    """
    found = [
        Parameter(p.name, p.kind, p.default)
        for p in inspect.signature(symbol.target).parameters.values()
    ]
    if symbol.is_raw:
        found = [Parameter(p.name, _Kind.KEYWORD_ONLY, p.default) for p in found]
    return found


def positional(found: list[Parameter]) -> list[str]:
    """Return the names by position, `*` before one that takes all that follow."""
    return [
        "*" + p.name if p.kind is _Kind.VAR_POSITIONAL else p.name for p in found if p.is_positional
    ]


def call(symbol: Symbol, binding: dict[str, Any], found: list[Parameter]) -> Any:
    """Call with arguments by name, `*args` and positional-only ones by place."""
    kinds = {p.name: p.kind for p in found}
    positional_names = [p.name for p in found if p.is_positional]
    has_star = any(
        kinds[name] is _Kind.VAR_POSITIONAL and binding.get(name) for name in positional_names
    )
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for name, value in binding.items():
        kind = kinds.get(name)
        if kind is _Kind.VAR_POSITIONAL:
            args.extend(value)
        elif (
            kind is _Kind.POSITIONAL_ONLY
            or name == "self"
            or (has_star and kind is _Kind.POSITIONAL_OR_KEYWORD)
        ):
            args.append(value)
        else:
            kwargs[name] = value
    return symbol.target(*args, **kwargs)
