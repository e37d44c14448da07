"""Load the user's modules rewritten: the one under test, and what it imports of the project.

Texts handed over by the parent are preferred to what is on disk. Every module keeps its own file
name, so that tracebacks, autograph and the recorder speak of the user's lines.
"""

from __future__ import annotations

import ast
import functools
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from types import CodeType, ModuleType
from typing import Any

from tapelint.verify.worker.instrument import HELPER, Spots, instrument
from tapelint.verify.worker.patches import Patches

LONGEST = 2 * 1024 * 1024
# Modules that autograph writes (TensorFlow 2.21).
CONVERTED = "__autograph_generated_file"


class Modules:
    """The user's files: which they are, and their rewritten code."""

    def __init__(self, roots: Sequence[str], texts: Mapping[str, str], spots: Spots) -> None:
        self.roots = tuple(os.path.realpath(root) for root in roots)
        self.texts = dict(texts)
        self.spots = spots
        self.helper: Any = None
        self.with_attributes = False
        self.loaded: list[str] = []
        # What is installed below a root (a virtual environment) is not the user's, nor is this.
        installed = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        self.foreign = tuple(os.path.realpath(path) for path in [*installed, own])

    def is_user_file(self, name: str) -> bool:
        """Tell whether a code object's file belongs to the user."""
        if name in self.texts:
            return True
        if name.startswith("<") or not name.endswith(".py"):
            return False
        real = os.path.realpath(name)
        return self._is_below(real, self.roots) and not self._is_below(real, self.foreign)

    def is_of_project(self, path: str) -> bool:
        """Tell whether a file of any kind lies in the project, and is no installed package's."""
        real = os.path.realpath(path)
        return self._is_below(real, self.roots) and not self._is_below(real, self.foreign)

    @staticmethod
    def _is_below(path: str, folders: tuple[str, ...]) -> bool:
        return any(path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)

    def is_user_code(self, function: Any) -> bool:
        """Tell whether calling `function` runs rewritten code, and nothing else."""
        code = getattr(function, "__code__", None)
        if code is None:
            code = getattr(getattr(function, "__func__", None), "__code__", None)
        return isinstance(code, CodeType) and self.is_user_file(code.co_filename)

    def text(self, path: str) -> str:
        """Return the source of a module."""
        if path in self.texts:
            return self.texts[path]
        with open(path, "rb") as stream:
            return importlib.util.decode_source(stream.read(LONGEST))

    def parse(self, path: str) -> ast.Module:
        """Parse a module as it stands, and let others find its lines."""
        text = self.text(path)
        self.loaded.append(path)
        self._show_lines(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, path)

    def _show_lines(self, path: str) -> list[str]:
        text = self.text(path)
        lines = text.splitlines(keepends=True)
        # Without a time of change the entry is never compared with the disk.
        linecache.cache[path] = (len(text), None, lines, path)
        return lines

    def _keep_lines(self, patches: Patches) -> None:
        """Let nobody read from disk what was handed over: autograph empties the cache of lines."""
        read = linecache.updatecache

        def updatecache(filename: str, module_globals: Any = None) -> list[str]:
            if filename in self.texts:
                return self._show_lines(filename)
            return read(filename, module_globals)

        patches.set(linecache, "updatecache", updatecache)

    def _restore_after(self, patches: Patches) -> None:
        """Let nobody find the user's modules, or what led to them, when the witness is over."""
        before = dict(sys.modules)

        def forget() -> None:
            for name, module in list(sys.modules.items()):
                if name in before:
                    sys.modules[name] = before[name]
                elif name.startswith(CONVERTED) or self._is_users(module):
                    del sys.modules[name]

        patches.add(forget)
        for values in (sys.path, sys.meta_path, sys.argv):
            patches.add(functools.partial(values.__setitem__, slice(None), list(values)))
        for cache in (sys.path_importer_cache, linecache.cache):
            patches.add(functools.partial(cache.update, dict(cache)))
            patches.add(cache.clear)

    def _is_users(self, module: Any) -> bool:
        names = getattr(module, "__dict__", {})
        folders = [f"{path}/__init__.py" for path in names.get("__path__") or ()]
        files = filter(None, [names.get("__file__"), *folders])
        return any(isinstance(file, str) and self.is_user_file(file) for file in files)

    def rewrite(self, tree: ast.Module, path: str) -> ast.Module:
        """Return the rewritten tree of the module at `path`."""
        text, spots = self.text(path), self.spots
        return instrument(tree, path, text, spots, with_attributes=self.with_attributes)

    def compile(self, tree: ast.Module, path: str, flags: int = 0) -> CodeType:
        """Compile a rewritten tree."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code: CodeType = compile(tree, path, "exec", flags=flags, dont_inherit=True)
            return code

    def prepare(self, module: ModuleType) -> None:
        """Give a module what its rewritten code calls."""
        setattr(module, HELPER, self.helper)

    def install(self, patches: Patches) -> None:
        """Import the user's modules through here from now on."""
        self._restore_after(patches)
        self._keep_lines(patches)
        sys.meta_path.insert(0, _Finder(self))
        sys.path[:0] = [root for root in self.roots if root not in sys.path]


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, modules: Modules) -> None:
        self.modules = modules

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        roots = self.modules.roots if path is None else path
        spec = importlib.machinery.PathFinder.find_spec(name, list(roots), target)
        if spec is None or not isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            return None
        if spec.origin is None or not self.modules.is_user_file(spec.origin):
            return None
        spec.loader = _Loader(self.modules, name, spec.origin)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, modules: Modules, name: str, path: str) -> None:
        super().__init__(name, path)
        self.modules = modules

    def get_code(self, fullname: str) -> CodeType:
        tree = self.modules.parse(self.path)
        return self.modules.compile(self.modules.rewrite(tree, self.path), self.path)

    def exec_module(self, module: ModuleType) -> None:
        self.modules.prepare(module)
        super().exec_module(module)
