"""Hear of a module as soon as it has been imported, and import nothing for that."""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Imported = Callable[[Any], None]


class ImportHook(importlib.abc.MetaPathFinder):
    """Finds modules where the other finders do, and calls back when their code has run."""

    def __init__(self, wanted: Mapping[str, Imported]) -> None:
        self.wanted = dict(wanted)

    def install(self) -> None:
        """Call back at once for what is imported already, and later for the rest."""
        for name in [name for name in self.wanted if name in sys.modules]:
            self.wanted.pop(name)(sys.modules[name])
        if self.wanted:
            sys.meta_path.insert(0, self)

    def uninstall(self) -> None:
        """Wait for nothing any more."""
        self.wanted.clear()
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec that another finder has, with a loader that calls back."""
        if name not in self.wanted:
            return None
        spec = self._elsewhere(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        imported = self.wanted.pop(name)
        loader: Any = spec.loader
        run = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            loader.__dict__.pop("exec_module", None)
            run(module)
            imported(module)

        loader.exec_module = exec_module
        if not self.wanted:
            self.uninstall()
        return spec

    def _elsewhere(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is not self and find is not None:
                spec: ModuleSpec | None = find(name, path, target)
                if spec is not None:
                    return spec
        return None
