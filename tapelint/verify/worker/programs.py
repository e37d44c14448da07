"""Run a witness: a script from its first line, statement by statement."""

from __future__ import annotations

import ast
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from tapelint.verify.worker.boundary import OutOfTurns
from tapelint.verify.worker.modules import Modules

Json = dict[str, Any]


class Enough(BaseException):
    """Everything that was to be seen has been seen."""


class Script:
    """One module, run as Python would run it."""

    def __init__(self, modules: Modules, path: str, name: str, emit: Callable[[Json], None]):
        self.modules = modules
        self.path = path
        self.emit = emit
        self.module = ModuleType(name)
        self.module.__file__ = path
        modules.prepare(self.module)

    def run(self) -> None:
        """Run the statements in order, and say which of them raised."""
        sys.modules[self.module.__name__] = self.module
        sys.argv[:] = [self.path]
        tree = self.modules.parse(self.path)
        flags = future_flags(tree)
        for statement in self.modules.rewrite(tree, self.path).body:
            self.execute(statement, flags)

    def execute(self, statement: ast.stmt, flags: int) -> bool:
        """Run one statement; say whether it ended well."""
        code = self.modules.compile(ast.Module([statement], []), self.path, flags)
        try:
            exec(code, vars(self.module))
        except (Enough, OutOfTurns, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - SystemExit too: the program ends here
            self.emit({"event": "raised", **raised(error, self.modules)})
            return False
        return True


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
        for entry in _entries(error)
        if modules.is_user_file(entry.filename)
    ]
    return {
        "type": type(error).__name__,
        "bases": [base.__name__ for base in type(error).__mro__],
        "message": str(error)[:400],
        "frames": list(reversed(frames)),
        "by_audit": type(error).__name__ == "Refused",
    }


def _entries(error: BaseException) -> Iterator[traceback.FrameSummary]:
    yield from traceback.extract_tb(error.__traceback__)


def scratch_path(name: str) -> str:
    """Return a path in the folder a witness may write to."""
    return os.path.join(os.getcwd(), name)
