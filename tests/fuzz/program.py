"""A program under construction, which the steps of the grammar add lines to."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Program:
    """A program under construction: float tensors of shape (3,) by name, and the lines so far.

    `sources` are expressions that may be asked for; those of layers exist once the body has run.
    """

    seed: int
    random: random.Random = field(init=False)
    before: list[str] = field(default_factory=list)
    helpers: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def fresh(self, stem: str = "t") -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def value(self) -> str:
        """Return a value to compute with, the latest ones more often."""
        recent = self.values[-3:]
        return self.random.choice(recent if self.random.random() < 0.6 else self.values)

    def add(self, line: str) -> str:
        """Append an assignment of an expression to a new name, and return the name."""
        name = self.fresh()
        self.body.append(f"{name} = {line}")
        self.values.append(name)
        return name


Step = Callable[[Program], None]
