"""Runs the modules of the project that a file imports, each once, when something of it is needed.

A module runs in a state of its own, as Python runs it: what it leaves behind is handed to every line
of execution that asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath

from tapelint.analysis import ir
from tapelint.analysis.cells import Cells
from tapelint.analysis.frames import Dead, Frame, OutOfBudget
from tapelint.analysis.handed import NodeSet
from tapelint.analysis.literals import declared_globals
from tapelint.analysis.project import Project, unit_of
from tapelint.analysis.state import State
from tapelint.analysis.statements import Statements
from tapelint.analysis.values import (
    Const,
    Deferred,
    External,
    FunctionValue,
    ModuleValue,
    Value,
    fresh,
)
from tapelint.model import Belief

MODULE_STEPS = 20_000
MOST_MODULES = 60
DEEPEST_IMPORT = 8


def is_called(path: str, dotted: str) -> bool:
    """Whether a module's file may be what `import dotted` finds."""
    file = PurePath(path)
    parts = file.parent.parts if file.stem == "__init__" else (*file.parent.parts, file.stem)
    wanted = tuple(dotted.split("."))
    return parts[-len(wanted) :] == wanted


class Modules(Statements):
    """The import half of the interpreter."""

    def __init__(self, budget: int, path: str, beliefs: Mapping[str, Belief]) -> None:
        super().__init__(budget)
        self.beliefs = beliefs
        self.project = Project(path) if path else None
        self.identities: dict[str, int] = {}
        self.left_behind: dict[str, Cells] = {}
        self.importing: list[str] = []
        # Functions of all modules so far, in the order in which they were defined.
        self.defined: list[FunctionValue] = []
        # Names that were set on objects which may be modules: `setattr(sys.modules[m], "k", v)`.
        self.set_from_outside: set[str] = set()

    def external(self, dotted: str) -> Value:
        raise NotImplementedError

    # ------------------------------------------------------------------ statements

    def imported(self, statement: ir.Import | ir.ImportFrom) -> Iterator[tuple[str, Value]]:
        """Yield the names an import binds."""
        if isinstance(statement, ir.Import):
            yield from self.imported_module(statement)
            return
        found = self.located(statement.level, statement.module)
        if statement.name == "*":
            if found is not None:
                yield from self.public_names(found)
            return
        if found is not None:
            yield statement.alias or statement.name, Deferred(found, statement.name)
            return
        # for: from . import losses; from package import module
        inner = self.located(
            statement.level, ".".join(filter(None, (statement.module, statement.name)))
        )
        if inner is not None:
            yield statement.alias or statement.name, inner
            return
        module = "." * statement.level + statement.module
        dotted = f"{module}.{statement.name}" if statement.module else f"{module}{statement.name}"
        yield statement.alias or statement.name, self.external(dotted)

    def imported_module(self, statement: ir.Import) -> Iterator[tuple[str, Value]]:
        """Yield what `import a.b` (the name `a`) or `import a.b as c` binds."""
        root = statement.module.partition(".")[0]
        if statement.alias is not None:
            found = self.located(0, statement.module)
            yield statement.alias, found or self.external(statement.module)
            return
        found = self.located(0, root)
        yield root, found or self.external(root)

    def located(self, level: int, module: str) -> ModuleValue | None:
        importer = self.frame.module
        if self.project is None or not importer:
            return None
        path = self.project.locate(importer, level, module)
        return None if path is None else ModuleValue(path)

    def public_names(self, module: ModuleValue) -> Iterator[tuple[str, Value]]:
        """Yield what `from module import *` binds."""
        identity = self.module_identity(module.path)
        if identity is None:
            return
        for name, value in self.attributes(identity).items():
            if not name.startswith(("_", "<")):
                yield name, value

    # ------------------------------------------------------------------ values

    def resolved(self, value: Deferred) -> Value:
        """Return what an imported name stands for."""
        found = self.module_attribute(value.module, value.name)
        if found is not None:
            return found
        return self.unknown(value.name, [], None)

    def module_attribute(self, module: ModuleValue, name: str) -> Value | None:
        """Return an attribute of a project module: a name it bound, or a module within it.

        A function of which the user says what it does is not looked into.
        """
        for dotted in self.beliefs:
            home, _, last = dotted.rpartition(".")
            if last == name and is_called(module.path, home):
                return External(dotted)
        identity = self.module_identity(module.path)
        if identity is not None:
            found: Value | None = self.state.cells.get((identity, name))
            if isinstance(found, Deferred):
                # A re-export; `found` may lead back here when modules import each other.
                return None if found == Deferred(module, name) else self.resolved(found)
            if found is not None:
                return self.or_another(name, found) if name in self.set_from_outside else found
        inner = self.project.submodule(module.path, name) if self.project is not None else None
        return None if inner is None else ModuleValue(inner)

    # ------------------------------------------------------------------ globals that change

    def blur_globals(self, identity: int, functions: Iterable[FunctionValue]) -> None:
        """Let a name that functions may assign (`global name`) hold something else as well."""
        names = set(self.set_from_outside)
        for function in functions:
            names |= declared_globals(function.lazy.source())
        for name in sorted(names):
            now = self.state.cells.get((identity, name))
            if now is not None and not isinstance(now, Deferred):
                self.state.cells[(identity, name)] = self.or_another(name, now)

    def or_another(self, name: str, value: Value) -> Value:
        """Return the value, or whatever else a name may hold at another time."""
        return self.join_values(value, self.unknown(name, [], None))

    # ------------------------------------------------------------------ running

    def module_identity(self, path: str) -> int | None:
        """Return the frame a module's names live under, in the current state."""
        if path not in self.left_behind and not self.run_file(path):
            return None
        identity = self.identities[path]
        cells = self.state.cells
        if ("module", path) not in cells:
            for key, cell in self.left_behind[path].items():
                cells.setdefault(key, cell)
        return identity

    def run_file(self, path: str) -> bool:
        """Run a module's body in a state of its own; False where that cannot be done."""
        if path in self.importing or len(self.importing) >= DEEPEST_IMPORT:
            return False
        if len(self.left_behind) >= MOST_MODULES:
            return False
        unit = unit_of(path)
        if unit is None:
            return False
        identity = self.identities[path] = fresh()
        held = (self.state, self.frames, self.stack, self.steps, self.budget, self.raised)
        self.state = State(NodeSet(0, self.state.escaped.roll))
        self.state.cells[("module", path)] = True
        self.state.cells[(identity, "__name__")] = Const(path)
        frame = Frame(identity, None, None, (), path)
        frame.is_captured = True
        self.frames, self.stack, self.raised = [frame], (), []
        self.steps, self.budget = 0, MODULE_STEPS
        self.importing.append(path)
        try:
            self.run_block(unit.body)
        except (Dead, OutOfBudget):
            pass
        finally:
            # Whoever imports the module may call any function of it first.
            self.blur_globals(identity, (f for f in self.defined if f.module == path))
            self.importing.pop()
            left = self.state.cells
            self.state, self.frames, self.stack, self.steps, self.budget, self.raised = held
        self.left_behind[path] = left
        return True
