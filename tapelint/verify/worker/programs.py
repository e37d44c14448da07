"""Run a module of the user's in parts; a script is one that is run from its first line to its last."""

from __future__ import annotations

import ast
import copy
import importlib
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from tapelint.verify.worker.boundary import Boundary, OutOfTurns
from tapelint.verify.worker.modules import Modules
from tapelint.verify.worker.slices import binds

Json = dict[str, Any]
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Enough(BaseException):
    """Everything that was to be seen has been seen."""


class Program:
    """One module of the user's, run in parts; what fails is told, and invented."""

    def __init__(
        self,
        modules: Modules,
        boundary: Boundary,
        path: str,
        name: str,
        emit: Callable[[Json], None],
    ) -> None:
        self.modules = modules
        self.boundary = boundary
        self.workshop = boundary.workshop
        self.path = path
        self.emit = emit
        # What names are taken for that may be read before they are bound.
        self.supposed: dict[str, Any] = {}
        self.module = ModuleType(name)
        self.module.__file__ = path
        if "." in name:
            self.module.__package__ = name.rpartition(".")[0]
        modules.prepare(self.module)
        sys.modules[name] = self.module
        self.tree = modules.parse(path)
        self.flags = future_flags(self.tree)

    @property
    def names(self) -> dict[str, Any]:
        """The module's global names."""
        return vars(self.module)

    def execute(self, statements: Iterable[ast.stmt]) -> None:
        """Run statements of the module one after the other."""
        for statement in statements:
            if isinstance(statement, ast.If):
                # Each statement of a main guard for itself: one may fail without the others.
                self._execute_branch(statement)
            else:
                self._execute_one(statement)

    def _is_unbound(self, name: str) -> bool:
        """Tell whether nothing that ran has given a name a value."""
        if name not in self.names:
            return True
        return name in self.supposed and self.names[name] is self.supposed[name]

    def supply(self, names: Iterable[str]) -> None:
        """Import what the functions of the module import for themselves."""
        wanted = {name for name in names if name not in self.names}
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)) and binds(node) & wanted:
                kept = [a for a in node.names if binds(a) & wanted]
                statement = copy.copy(node)
                statement.names = kept
                wanted -= binds(statement)
                self.execute([statement])

    def _execute_branch(self, statement: ast.If) -> None:
        test = ast.Expression(statement.test)
        ast.fix_missing_locations(test)
        try:
            code = compile(test, self.path, "eval", flags=self.flags, dont_inherit=True)
            holds = bool(eval(code, self.names))
        except (Enough, OutOfTurns, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001
            self._failed(statement.test, error, binds(statement))
            return
        self.execute(statement.body if holds else statement.orelse)

    def _execute_one(self, statement: ast.stmt) -> None:
        bound = binds(statement)
        rewritten = self.modules.rewrite(ast.Module([statement], []), self.path)
        code = self.modules.compile(rewritten, self.path, self.flags)
        try:
            exec(code, self.names)
        except (Enough, OutOfTurns, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - SystemExit too
            self._failed(statement, error, bound)

    def _failed(self, node: ast.AST, error: BaseException, bound: set[str]) -> None:
        """Tell what a statement raised, and invent what it would have bound."""
        line = getattr(node, "lineno", 0)
        missing = sorted(name for name in bound if self._is_unbound(name))
        is_import = isinstance(error, ImportError)
        is_invented = is_import or self.boundary.effects.is_failure_of_surroundings(error)
        if not is_invented:
            self.emit({"event": "raised", **raised(error, self.modules)})
        for name in missing:
            make = self.workshop.make if is_invented else self.workshop.failed
            self.names[name] = make(name)
        if missing or is_import:
            said = textwrap.shorten(str(error).strip().split("\n")[0], 80, placeholder=" ...")
            listed = ", ".join(f"`{name}`" for name in missing) or "nothing"
            self.workshop.say(
                f"line {line} fails ({type(error).__name__}: {said}): {listed} invented"
            )


class Script(Program):
    """A module from its first line to its last, as Python would run it."""

    def run(self) -> None:
        """Run the statements in order."""
        sys.argv[:] = [self.path]
        self.execute(self.tree.body)


def future_flags(tree: ast.Module) -> int:
    """Return the compiler flags of `from __future__ import ...`."""
    features = importlib.import_module("__future__")
    names = [
        alias.name
        for statement in tree.body
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        for alias in statement.names
    ]
    flags = 0
    for name in names:
        feature = getattr(features, name, None)
        flags |= feature.compiler_flag if feature else 0
    return flags


def raised(error: BaseException, modules: Modules) -> Json:
    """Describe an exception: its type with all bases, and the user's lines it passed."""
    frames = [
        (entry.filename, entry.lineno)
        for entry in traceback.extract_tb(error.__traceback__)
        if modules.is_user_file(entry.filename)
    ]
    return {
        "type": type(error).__name__,
        "bases": [base.__name__ for base in type(error).__mro__],
        "message": str(error)[:400],
        "frames": list(reversed(frames)),
    }
