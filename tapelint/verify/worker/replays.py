"""Run one function of a module, with invented arguments: the one around a gradient call."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tapelint.verify.worker.arguments import Arguments, Given
from tapelint.verify.worker.boundary import OutOfTurns
from tapelint.verify.worker.modules import Modules
from tapelint.verify.worker.programs import Enough, Function, Program, raised
from tapelint.verify.worker.slices import binds, enclosing, reads
from tapelint.verify.worker.standin import StandIn

# So many other functions are called to get to one that needs what they pass on.
MOST_CALLERS = 3
ARGUMENT = "__argument__"


@dataclass(frozen=True, slots=True)
class _Argument:
    """What the program gives a parameter, and the statements of the module that it needs."""

    given: Given
    needed: Sequence[ast.stmt]


@dataclass(frozen=True, slots=True)
class _Way:
    """What to run to get to a line: the definitions around it, what they need and read.

    `given` and `constructor` are what the program passes to the function and to its class.
    """

    around: Sequence[ast.AST]
    functions: Sequence[Function]
    needed: Sequence[ast.stmt]
    reads: set[str]
    given: dict[str, _Argument]
    constructor: dict[str, _Argument]
    steering: dict[tuple[str, int, int], bool]


def _callers(tree: ast.Module, line: int) -> list[int]:
    """Return lines that call the function around a line, one for each definition they stand in."""
    around = enclosing(tree, line)
    functions = [node for node in around if isinstance(node, Function)]
    if not functions:
        return []
    name = functions[0].name
    found: dict[int, int] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        called = node.func.id if isinstance(node.func, ast.Name) else called
        outer = [n for n in enclosing(tree, node.lineno) if isinstance(n, Function)]
        if called == name and outer and outer[0] is not functions[0]:
            found.setdefault(id(outer[0]), node.lineno)
    return list(found.values())[:MOST_CALLERS]


class Replay(Program):
    """One function with invented arguments, after the part of its module that it needs."""

    owner: Any = None

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        # Statements of the module that have been run.
        self.done: set[int] = set()

    def run(self, line: int, was_reached: Callable[[], bool]) -> None:
        """Call the function around `line`; say so where there is none that can be called.

        Where that does not lead to the line, those are called that call this one.
        """
        # Before the tree is rewritten in place.
        self.arguments = Arguments(self.tree)
        ways = [self._way(at) for at in (line, *_callers(self.tree, line))]
        if not ways[0].functions:
            self.emit({"event": "unreachable", "why": "no function stands around the line"})
            return
        self.boundary.awaited.place = (self.path, line)
        for way in ways:
            if was_reached() or not way.functions:
                break
            self.boundary.steering = {}
            self.execute_once(way.needed)
            self.supply(way.reads)
            self.boundary.steering = way.steering
            target = self._callable(way.around, way.constructor)
            if target is not None:
                is_bound = isinstance(way.around[0], ast.ClassDef)
                arguments, keywords = self._invented(
                    way.functions[0], is_bound=is_bound, given=way.given
                )
                self._call(target, arguments, keywords)

    def _way(self, line: int) -> _Way:
        around = enclosing(self.tree, line)
        functions = [node for node in around if isinstance(node, Function)]
        names = reads(around[0]) | {getattr(around[0], "name", "")} if functions else set()
        needed = _needed(self.tree.body, names) if functions else []
        wanted = steering(functions, line, self.path, self.modules)
        read = reads(around[0]) if functions else set()
        given = self._given(functions[0]) if functions else {}
        constructor: dict[str, _Argument] = {}
        if functions and isinstance(around[0], ast.ClassDef):
            initialise = _constructor(around[0])
            constructor = self._given(initialise, around[0].name) if initialise else {}
        return _Way(around, functions, needed, read, given, constructor, wanted)

    def _given(self, function: Function, called: str = "") -> dict[str, _Argument]:
        """Return what the program passes for the parameters of a function."""
        names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        found = {name: self.arguments.of(function, name, called) for name in names}
        return {
            name: _Argument(given, _needed(self.tree.body, given.names))
            for name, given in found.items()
            if given is not None
        }

    def _callable(self, around: Sequence[ast.AST], constructor: dict[str, _Argument]) -> Any:
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
            # Kept: a method under `tf.function` holds its object by a weak reference.
            self.owner = holder if is_static else self._instance(holder, constructor)
            value = getattr(self.owner, node.name, None)
            break
        if not callable(value):
            self.emit({"event": "unreachable", "why": "the function cannot be called from outside"})
            return None
        return value

    def _instance(self, cls: type, given: dict[str, _Argument]) -> Any:
        """Return an object of a class: constructed, or at least one with its methods."""
        classes = (
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ClassDef) and node.name == cls.__name__
        )
        initialise = next(filter(None, map(_constructor, classes)), None)
        arguments: list[Any] = []
        keywords: dict[str, Any] = {}
        if initialise:
            arguments, keywords = self._invented(initialise, is_bound=True, given=given)
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

    def _invented(
        self, function: Function, *, is_bound: bool, given: dict[str, _Argument]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return arguments for a function: the program's own, and unknowns, where it has no default."""
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
        return [self._argument(p.arg, given.get(p.arg)) for p in required], keywords

    def _argument(self, name: str, argument: _Argument | None) -> Any:
        """Return what the program passes for a parameter, an unknown where that does not work."""
        if argument is None:
            return self.workshop.make(name)
        self.execute_once(argument.needed)
        scope = dict(self.names)
        parts = ast.Module([*argument.given.before], [])
        assigned = ast.Assign([ast.Name(ARGUMENT, ast.Store())], argument.given.expression)
        parts.body.append(ast.copy_location(assigned, argument.given.expression))
        try:
            rewritten = self.modules.rewrite(ast.fix_missing_locations(parts), self.path)
            exec(self.modules.compile(rewritten, self.path, self.flags), scope)
        except (Enough, OutOfTurns, KeyboardInterrupt):
            raise
        except BaseException:  # noqa: BLE001 - whatever the program's own statements raise
            return self.workshop.make(name)
        value = scope[ARGUMENT]
        return self.workshop.make(name) if type(value) is StandIn else value

    def execute_once(self, statements: Sequence[ast.stmt]) -> None:
        """Run those statements of the module that have not been run yet."""
        wanted = [s for s in statements if id(s) not in self.done]
        self.done.update(map(id, wanted))
        self.execute(wanted)

    def _call(self, target: Any, arguments: list[Any], keywords: dict[str, Any]) -> None:
        try:
            result = target(*arguments, **keywords)
            if self.boundary.awaited.is_within(result):
                self.boundary.awaited.call(result)
            if hasattr(result, "__next__") and not hasattr(result, "element_spec"):
                for _, _ in zip(range(3), result, strict=False):
                    pass
        except (Enough, OutOfTurns, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001
            self.emit({"event": "raised", **raised(error, self.modules)})


def _constructor(definition: ast.ClassDef) -> ast.FunctionDef | None:
    """Return the constructor that a class defines itself."""
    return next(
        (n for n in definition.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"),
        None,
    )


def _needed(body: Sequence[ast.stmt], names: set[str]) -> list[ast.stmt]:
    """Return the statements of a module that give names their values, directly or not."""
    needed = set(names)
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
