"""Run a witness: a script from its first line, one function of it, or a slice of a function."""

from __future__ import annotations

import ast
import importlib
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any

from tapelint.verify.worker.boundary import Boundary, OutOfTurns
from tapelint.verify.worker.modules import Modules
from tapelint.verify.worker.slices import binds, cut, enclosing, reads

Json = dict[str, Any]
Function = ast.FunctionDef | ast.AsyncFunctionDef
# In a slice these are real, and everything else is unknown.
REAL_MODULES = frozenset(
    {
        "tensorflow", "keras", "tf_keras", "numpy", "scipy", "math", "cmath", "functools",
        "itertools", "collections", "random", "tensorflow_probability", "typing", "dataclasses",
        "contextlib", "copy", "operator", "string", "enum", "warnings", "abc", "__future__",
    }
)  # fmt: skip


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
        missing = sorted(name for name in bound if name not in self.names)
        is_import = isinstance(error, ImportError)
        is_invented = is_import or self.boundary.effects.is_failure_of_surroundings(error)
        if not is_invented:
            self.emit({"event": "raised", **raised(error, self.modules)})
        for name in missing:
            make = self.workshop.make if is_invented else self.workshop.failed
            self.names[name] = make(name)
        if missing or is_import:
            said = str(error).strip().split("\n")[0][:80]
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


class Replay(Program):
    """One function with invented arguments, after the part of its module that it needs."""

    def run(self, line: int) -> None:
        """Call the function around `line`; say so where there is none that can be called."""
        around = enclosing(self.tree, line)
        functions = [node for node in around if isinstance(node, Function)]
        if not functions:
            self.emit({"event": "unreachable", "why": "no function stands around the line"})
            return
        # Before the tree is rewritten in place.
        wanted = steering(functions, line, self.path, self.modules)
        self.execute(_needed(self.tree.body, around[0]))
        self.boundary.steering = wanted
        target = self._callable(around)
        if target is not None:
            arguments, keywords = self._invented(functions[0], is_bound=len(around) > 1)
            self._call(target, arguments, keywords)

    def _callable(self, around: Sequence[ast.AST]) -> Any:
        """Return the outermost function around the line, a method with its object."""
        holder: Any = None
        value: Any = None
        for node in around:
            assert isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            if isinstance(node, ast.ClassDef):
                holder = getattr(holder, node.name) if holder else self.names.get(node.name)
                if not isinstance(holder, type):
                    self.emit({"event": "unreachable", "why": f"`{node.name}` is no class here"})
                    return None
                continue
            if holder is None:
                value = self.names.get(node.name)
                break
            is_static = any(
                isinstance(d, ast.Name) and d.id in ("staticmethod", "classmethod")
                for d in node.decorator_list
            )
            owner = holder if is_static else self._instance(holder)
            value = getattr(owner, node.name, None)
            break
        if not callable(value):
            self.emit({"event": "unreachable", "why": "the function cannot be called from outside"})
            return None
        return value

    def _instance(self, cls: type) -> Any:
        """Return an object of a class: constructed, or at least one with its methods."""
        initialise = next(
            (
                node
                for statement in ast.walk(self.tree)
                if isinstance(statement, ast.ClassDef) and statement.name == cls.__name__
                for node in statement.body
                if isinstance(node, ast.FunctionDef) and node.name == "__init__"
            ),
            None,
        )
        arguments, keywords = self._invented(initialise, is_bound=True) if initialise else ([], {})
        try:
            return cls(*arguments, **keywords)
        except (Enough, OutOfTurns, KeyboardInterrupt):
            raise
        except Exception as error:  # noqa: BLE001
            said = str(error).strip().split("\n")[0][:60]
            self.workshop.say(
                f"`{cls.__name__}` cannot be constructed ({type(error).__name__}: {said}), "
                "its attributes are invented"
            )
            return self._bare(cls)

    def _bare(self, cls: type) -> Any:
        workshop = self.workshop

        def missing(self: Any, name: str) -> Any:
            if name.startswith("__") and name.endswith("__"):
                raise AttributeError(name)
            made = workshop.failed(f"self.{name}")
            object.__setattr__(self, name, made)
            return made

        bare: Any = type(
            cls.__name__, (cls,), {"__getattr__": missing, "__init__": lambda self: None}
        )
        try:
            return bare.__new__(bare)
        except Exception:  # noqa: BLE001 - a class that wants more than that
            return workshop.failed("self")

    def _invented(self, function: Function, *, is_bound: bool) -> tuple[list[Any], dict[str, Any]]:
        """Return arguments for a function: unknowns where it has no default."""
        parameters = [*function.args.posonlyargs, *function.args.args]
        is_static = any(
            isinstance(d, ast.Name) and d.id == "staticmethod" for d in function.decorator_list
        )
        if is_bound and not is_static:
            parameters = parameters[1:]
        required = parameters[: max(0, len(parameters) - len(function.args.defaults))]
        keywords = {
            argument.arg: self.workshop.make(argument.arg)
            for argument, default in zip(
                function.args.kwonlyargs, function.args.kw_defaults, strict=True
            )
            if default is None
        }
        return [self.workshop.make(p.arg) for p in required], keywords

    def _call(self, target: Any, arguments: list[Any], keywords: dict[str, Any]) -> None:
        try:
            result = target(*arguments, **keywords)
            if hasattr(result, "__next__") and not hasattr(result, "element_spec"):
                for _, _ in zip(range(3), result, strict=False):
                    pass
        except (Enough, OutOfTurns, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001
            self.emit({"event": "raised", **raised(error, self.modules)})


class Sliced(Program):
    """The statements that lead to a gradient call; what they read beyond is unknown."""

    def run(self, line: int) -> None:
        """Run the slice for the gradient call on `line`."""
        functions = [n for n in enclosing(self.tree, line) if isinstance(n, Function)]
        body = functions[-1].body if functions else self.tree.body
        found = cut(body, line)
        outer = self._outer(set(found.free), functions)
        self.execute(outer)
        for name in sorted(found.free):
            if name not in self.names:
                self.names[name] = self.workshop.make(name)
        self.execute(found.statements)

    def _outer(self, free: set[str], functions: Sequence[Function]) -> list[ast.stmt]:
        """Return the imports of real modules and the constants that a slice reads."""
        parameters = {
            a.arg
            for f in functions
            for a in (*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs)
        }
        kept: list[ast.stmt] = []
        for statement in self.tree.body:
            if not binds(statement) & (free - parameters):
                continue
            if _imports_real(statement) or (
                isinstance(statement, (ast.Assign, ast.AnnAssign)) and not reads(statement)
            ):
                kept.append(statement)
        return kept


def _imports_real(statement: ast.stmt) -> bool:
    match statement:
        case ast.Import():
            return all(a.name.partition(".")[0] in REAL_MODULES for a in statement.names)
        case ast.ImportFrom(module=str(module), level=0):
            return module.partition(".")[0] in REAL_MODULES
        case _:
            return False


def _needed(body: Sequence[ast.stmt], target: ast.AST) -> list[ast.stmt]:
    """Return the statements of a module that a definition needs, directly or not."""
    needed = reads(target) | {getattr(target, "name", "")}
    kept: set[int] = set()
    is_growing = True
    while is_growing:
        is_growing = False
        for index, statement in enumerate(body):
            if index in kept or not _is_setup(statement, needed):
                continue
            kept.add(index)
            needed |= reads(statement)
            is_growing = True
    return [statement for index, statement in enumerate(body) if index in kept]


def _is_setup(statement: ast.stmt, needed: set[str]) -> bool:
    if isinstance(statement, ast.ImportFrom) and any(a.name == "*" for a in statement.names):
        return True
    if isinstance(statement, ast.Expr):
        # model.compile(...), tf.random.set_seed(...)
        call = statement.value
        if not isinstance(call, ast.Call):
            return False
        root: ast.expr = call.func
        while isinstance(root, ast.Attribute):
            root = root.value
        return (
            isinstance(root, ast.Name)
            and root.id in needed
            and isinstance(call.func, ast.Attribute)
        )
    if isinstance(statement, (ast.For, ast.While)) and _has_tape(statement):
        return False
    return bool(binds(statement) & needed)


def _has_tape(statement: ast.AST) -> bool:
    return any(
        isinstance(n, ast.Attribute) and n.attr == "GradientTape" for n in ast.walk(statement)
    )


def steering(
    functions: Sequence[Function], line: int, path: str, modules: Modules
) -> dict[tuple[str, int, int], bool]:
    """Say which way the branches of functions go so that a line is reached."""
    wanted: dict[tuple[str, int, int], bool] = {}
    lines = modules.text(path).split("\n")
    for function in functions:
        for node in ast.walk(function):
            if not isinstance(node, ast.If):
                continue
            answer = _towards(node, line)
            if answer is not None:
                test = node.test
                text = lines[test.lineno - 1].encode()[: test.col_offset]
                column = len(text.decode("utf-8", "ignore")) + 1
                wanted[path, test.lineno, column] = answer
    return wanted


def _towards(node: ast.If, line: int) -> bool | None:
    def holds(body: Sequence[ast.stmt]) -> bool:
        return any(s.lineno <= line <= (s.end_lineno or s.lineno) for s in body)

    if holds(node.body):
        return True
    if holds(node.orelse):
        return False
    is_before = (node.end_lineno or node.lineno) < line
    leaves = (ast.Return, ast.Raise, ast.Continue, ast.Break)
    if is_before and isinstance(node.body[-1], leaves):
        return False
    return None


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
