"""Python's own functions, as far as values and gradients pass through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tapelint.analysis import updates
from tapelint.analysis.graph import DType, Effect, Kind, Reason
from tapelint.analysis.models.registry import models
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Box,
    ClassValue,
    Const,
    Data,
    Dataset,
    DTypeValue,
    External,
    FunctionValue,
    Instance,
    Method,
    Native,
    NoGradient,
    Tuple,
    Union,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

LONGEST_RANGE = 64


@models("builtins.range")
def range_(machine: Interpreter, args: Arguments) -> Value:
    values = [a.value for a in args.positional if isinstance(a, Const)]
    if len(values) == len(args.positional) and all(isinstance(v, int) for v in values):
        try:
            known = range(*values)
        except (TypeError, ValueError):
            return NONE
        if len(known) <= 6:
            return machine.sequence("list", [Const(i) for i in known])
    number = Data(machine.node("counter", Kind.PYTHON, DType.INT, args.place))
    return machine.sequence("list", (), number)


@models("builtins.len")
def len_(machine: Interpreter, args: Arguments) -> Value:
    value = args.get(0)
    if value is not None:
        known = None if isinstance(value, Data | Instance) else machine.elements(value)
        if known is not None and known.rest is None:
            return Const(len(known.values))
        if isinstance(value, Data) and value.shape and value.shape[0] is not None:
            return Const(value.shape[0])
        if isinstance(value, Instance):
            method = machine.class_attribute(value.cls, "__len__")
            if isinstance(method, FunctionValue):
                return machine.call(BoundMethod(method, value), Arguments((), {}, args.place))
    return Data(machine.node("len", Kind.PYTHON, DType.INT, args.place))


@models("builtins.print", "builtins.breakpoint", "builtins.input", "builtins.help")
def print_(machine: Interpreter, args: Arguments) -> Value:
    for value in args.values:
        if isinstance(value, Box):
            machine.elements(value)
    return NONE


@models("builtins.exit", "builtins.quit", "sys.exit", "os._exit", "os.abort")
def exit_(machine: Interpreter, args: Arguments) -> Value:
    machine.die()
    return NONE


def rows(
    machine: Interpreter, values: Sequence[Value], args: Arguments
) -> tuple[list[list[Value]], list[Value] | None]:
    """Walk several iterables side by side: known rows, and a row for all further ones."""
    columns = [machine.elements(v) for v in values]
    for value in values:
        machine.spend(value)
    lengths = [len(c.values) for c in columns if c is not None and c.rest is None]
    reach = [len(c.values) if c is not None else 0 for c in columns]
    count = min([*lengths, max(reach)]) if lengths else min(reach)
    known: list[list[Value]] = []

    def element(index: int, position: int) -> Value:
        column = columns[index]
        if column is None:
            return machine.any_element(values[index], args.place)
        if position < len(column.values):
            return column.values[position]
        if column.rest is not None:
            return column.rest
        return machine.unknown("element", [values[index]], args.place)

    for position in range(count):
        known.append([element(i, position) for i in range(len(values))])
    if lengths and count == min(lengths):
        return known, None
    further = []
    for index, column in enumerate(columns):
        if column is None:
            further.append(machine.any_element(values[index], args.place))
        elif column.rest is not None or column.values:
            everything = [*column.values[count:], *([column.rest] if column.rest else [])]
            further.append(machine.join_all(everything or list(column.values)))
        else:
            further.append(machine.unknown("element", [values[index]], args.place))
    return known, further


@models("builtins.zip")
def zip_(machine: Interpreter, args: Arguments) -> Value:
    if len(args.positional) == 0:
        return machine.sequence("zip", (), machine.unknown("zip", [], args.place))

    updates.examine_zip(machine, args.positional, args.place)

    def walk() -> Contents:
        known, further = rows(machine, args.positional, args)
        rest: Value | None = None if further is None else Tuple(tuple(further))
        if args.is_open:
            rest = machine.unknown("zip", list(args.positional), args.place)
            return Contents((), None, rest)
        return Contents(tuple(Tuple(tuple(r)) for r in known), None, rest)

    return machine.fill(Box("zip"), walk())


@models("builtins.enumerate")
def enumerate_(machine: Interpreter, args: Arguments) -> Value:
    source = args.get(0)
    if source is None:
        return NONE
    start = args.get(1, "start")
    first = start.value if isinstance(start, Const) and isinstance(start.value, int) else 0
    known, further = rows(machine, [source], args)
    counter = Data(machine.node("counter", Kind.PYTHON, DType.INT, args.place))
    exact = further is None and len(known) <= 6
    values = [Tuple((Const(first + i) if exact else counter, row[0])) for i, row in enumerate(known)]
    rest = None if further is None else Tuple((counter, further[0]))
    return machine.sequence("iterator", values, rest)


@models("builtins.map", "itertools.starmap")
def map_(machine: Interpreter, args: Arguments) -> Value:
    function, sources = args.positional[0], args.positional[1:]

    def walk() -> Contents:
        known, further = rows(machine, sources, args)
        results = [machine.call(function, Arguments(tuple(r), {}, args.place)) for r in known]
        rest = None
        if further is not None:
            rest = machine.call(function, Arguments(tuple(further), {}, args.place))
        return Contents(tuple(results), None, rest)

    return machine.pending(walk)


@models("builtins.filter")
def filter_(machine: Interpreter, args: Arguments) -> Value:
    function, source = args.positional[0], args.positional[1]
    known, further = rows(machine, [source], args)
    kept: list[Value] = []
    rest = None if further is None else further[0]
    for row in known:
        passed = machine.truth(
            row[0]
            if isinstance(function, Const)
            else machine.call(function, Arguments(tuple(row), {}, args.place))
        )
        if passed is True:
            kept.append(row[0])
        elif passed is None:
            rest = row[0] if rest is None else machine.join_values(rest, row[0])
    return machine.sequence("iterator", kept, rest)


@models(
    "builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset",
    "builtins.sorted", "builtins.reversed", "builtins.iter", "itertools.chain",
    "itertools.chain.from_iterable", "tf.unstack_list",
)  # fmt: skip
def listed(machine: Interpreter, args: Arguments) -> Value:
    """Stand for all that only copy or reorder; `call_external` refines the ones below."""
    source = args.get(0)
    if source is None:
        return machine.sequence("list", ())
    return to_list(machine, source, args)


def to_list(machine: Interpreter, source: Value, args: Arguments, kind: str = "list") -> Value:
    known = machine.elements(source)
    if known is None:
        return machine.sequence(kind, (), machine.any_element(source, args.place))
    machine.spend(source)
    return machine.sequence(kind, known.values, known.rest)


@models("builtins.tuple")
def tuple_(machine: Interpreter, args: Arguments) -> Value:
    source = args.get(0)
    if source is None:
        return Tuple(())
    made = to_list(machine, source, args)
    assert isinstance(made, Box)
    contents = machine.contents(made)
    return Tuple(contents.values) if contents.rest is None else made


@models("builtins.iter")
def iter_(machine: Interpreter, args: Arguments) -> Value:
    source = args.get(0)
    if source is None or isinstance(source, Dataset):
        return source or NONE
    if isinstance(source, Box) and source.kind in ("iterator", "generator", "zip"):
        return source
    return to_list(machine, source, args, "iterator")


@models("builtins.next")
def next_(machine: Interpreter, args: Arguments) -> Value:
    source = args.get(0)
    if isinstance(source, Box):
        contents = machine.contents(source)
        if contents.values and contents.keys is None:
            machine.fill(source, Contents(contents.values[1:], None, contents.rest))
            return contents.values[0]
        if contents.rest is not None:
            return contents.rest
    if isinstance(source, Dataset):
        return machine.dataset_element(source, args.place)
    return machine.unknown("next", args.values, args.place)


@models("builtins.sorted", "builtins.reversed")
def reordered(machine: Interpreter, args: Arguments) -> Value:
    source = args.get(0)
    if source is None:
        return NONE
    known = machine.elements(source)
    if known is not None and known.rest is None and not args.keywords:
        values = known.values
        if all(isinstance(v, Const) for v in values):
            try:
                return machine.sequence(
                    "list", [Const(x) for x in sorted(v.value for v in values)]  # type: ignore[union-attr]
                )
            except TypeError:
                pass
    if known is not None and known.rest is None and len(known.values) == 1:
        return to_list(machine, source, args)
    rest = machine.any_element(source, args.place)
    return machine.sequence("list", (), rest)


@models("builtins.reversed")
def reversed_(machine: Interpreter, args: Arguments) -> Value:
    source = args.get(0)
    known = machine.elements(source) if source is not None else None
    if known is not None and known.rest is None:
        return machine.sequence("iterator", known.values[::-1])
    return reordered(machine, args)


@models("itertools.chain")
def chain(machine: Interpreter, args: Arguments) -> Value:
    values: list[Value] = []
    rest: Value | None = None
    for source in args.positional:
        known = machine.elements(source)
        if known is None:
            more = machine.any_element(source, args.place)
            rest = more if rest is None else machine.join_values(rest, more)
            continue
        machine.spend(source)
        if rest is None:
            values.extend(known.values)
        else:
            rest = machine.join_all([rest, *known.values])
        if known.rest is not None:
            rest = known.rest if rest is None else machine.join_values(rest, known.rest)
    if args.is_open:
        rest = machine.unknown("chain", [], args.place)
    return machine.sequence("iterator", values, rest)


@models("itertools.chain.from_iterable")
def chain_from(machine: Interpreter, args: Arguments) -> Value:
    known = machine.elements(args.positional[0]) if args.positional else None
    if known is None or known.rest is not None:
        inner = machine.any_element(args.positional[0], args.place)
        return machine.sequence("iterator", (), machine.any_element(inner, args.place))
    return chain(machine, Arguments(known.values, {}, args.place))


@models("tf.nest.map_structure", "keras.tree.map_structure")
def map_structure(machine: Interpreter, args: Arguments) -> Value:
    function, first, *others = args.positional

    def walk(values: Sequence[Value]) -> Value:
        head = values[0]
        if isinstance(head, Tuple):
            columns = [machine.elements(v) for v in values]
            if all(c is not None and len(c.values) == len(head.elements) for c in columns):
                parts = tuple(
                    walk([c.values[i] for c in columns if c is not None])
                    for i in range(len(head.elements))
                )
                return Tuple(parts, head.names, head.cls)
        if isinstance(head, Box):
            contents = machine.contents(head)
            rows_ = [machine.contents(v) if isinstance(v, Box) else None for v in values]
            if all(r is not None and len(r.values) == len(contents.values) for r in rows_):
                parts = tuple(
                    walk([r.values[i] for r in rows_ if r is not None])
                    for i in range(len(contents.values))
                )
                rest = None
                if contents.rest is not None:
                    rest = machine.call(
                        function, Arguments((contents.rest,) * len(values), {}, args.place)
                    )
                return machine.fill(Box(head.kind), Contents(parts, contents.keys, rest))
        return machine.call(function, Arguments(tuple(values), {}, args.place))

    return walk([first, *others])


@models("builtins.dict", "collections.OrderedDict", "collections.Counter")
def dict_(machine: Interpreter, args: Arguments) -> Value:
    made = Contents((), ())
    source = args.get(0)
    if isinstance(source, Box) and machine.contents(source).keys is not None:
        made = replace(machine.contents(source), is_spent=False)
    elif source is not None:
        known = machine.elements(source)
        pairs = known.values if known is not None else ()
        for pair in pairs:
            key, value = machine.unpacked(pair, 2, args.place)
            is_known, constant = machine.key(key)
            one = Contents((value,), (constant,)) if is_known else Contents((), (), value)
            made = machine.overlay(made, one)
        if known is None or known.rest is not None:
            others = known.rest if known is not None and known.rest is not None else None
            pair = others or machine.any_element(source, args.place)
            value = machine.unpacked(pair, 2, args.place)[1]
            made = machine.overlay(made, Contents((), (), value))
    named = Contents(tuple(args.keywords.values()), tuple(args.keywords))
    made = machine.overlay(made, named)
    if args.is_open:
        more = machine.unknown("dict", [], args.place)
        made = machine.overlay(made, Contents((), (), more))
    return machine.fill(Box("dict"), made)


@models("collections.defaultdict")
def defaultdict(machine: Interpreter, args: Arguments) -> Value:
    made = dict_(machine, Arguments(args.positional[1:], args.keywords, args.place))
    if args.positional and isinstance(made, Box):
        machine.state.cells[("default", made.identity)] = args.positional[0]
    return made


@models("builtins.sum", "math.fsum")
def sum_(machine: Interpreter, args: Arguments) -> Value:
    source = args.get(0)
    if source is None:
        return NONE
    known = machine.elements(source)
    machine.spend(source)
    if known is None or known.rest is not None:
        if known is not None and not known.values and known.rest is None:
            return Const(0)
        values = [source] if known is None else [*known.values, known.rest or source]
        kind = machine.kind_of(values)
        if isinstance(source, Data) and known is None:
            kind = machine.kind_of([source])
        return machine.record("sum", [("x", v) for v in values], args.place, kind=kind)
    total: Value = args.get(1, "start") or Const(0)
    for value in known.values:
        total = machine.binary("+", total, value, args.place)
    return total


@models("builtins.min", "builtins.max")
def min_(machine: Interpreter, args: Arguments) -> Value:
    values = list(args.positional)
    if len(values) == 1:
        known = machine.elements(values[0])
        if known is None:
            return machine.any_element(values[0], args.place)
        machine.spend(values[0])
        values = [*known.values, *([known.rest] if known.rest is not None else [])]
    if not values:
        return machine.unknown("max", [], args.place)
    if all(isinstance(v, Const) for v in values) and not args.keywords:
        return Data(machine.node("max", Kind.PYTHON, DType.UNKNOWN, args.place))
    return machine.join_all(values)


@models("builtins.abs", "builtins.pow", "builtins.divmod")
def arithmetic(machine: Interpreter, args: Arguments) -> Value:
    values = list(args.positional)
    if all(isinstance(v, Const) for v in values) and len(values) == 1:
        try:
            return Const(abs(values[0].value))  # type: ignore[union-attr]
        except TypeError:
            return NONE
    kind = machine.kind_of(values)
    if len(values) == 2:
        return machine.binary("**", values[0], values[1], args.place)
    return machine.record("abs", [("x", v) for v in values], args.place, kind=kind)


@models("builtins.float", "builtins.int", "builtins.bool", "builtins.complex", "builtins.round")
def number(machine: Interpreter, args: Arguments) -> Value:
    raise NotImplementedError  # replaced below, one model a name


def converter(name: str, dtype: DType) -> None:
    @models(f"builtins.{name}")
    def convert(machine: Interpreter, args: Arguments) -> Value:
        value = args.get(0)
        if value is None:
            return Const({"float": 0.0, "int": 0, "bool": False}.get(name))
        if isinstance(value, Const):
            try:
                return Const({"float": float, "int": int, "bool": bool}[name](value.value))
            except (TypeError, ValueError, KeyError, OverflowError):
                return Data(machine.node(name, Kind.PYTHON, dtype, args.place))
        if name == "float" and machine.frame_is_graph():
            # AutoGraph turns float(tensor) into a cast, which has a gradient (TensorFlow 2.21).
            kind = machine.kind_of([value])
            return machine.record("tf.cast", [("x", value)], args.place, dtype=dtype, kind=kind)
        return machine.record(
            name, [("x", value)], args.place, dtype=dtype, kind=Kind.PYTHON,
            effect=Effect.CUT, reason=Reason.PYTHON,
        )


for _name, _dtype in (
    ("float", DType.FLOAT), ("int", DType.INT), ("bool", DType.BOOL), ("complex", DType.COMPLEX),
):
    converter(_name, _dtype)


@models("builtins.round")
def round_(machine: Interpreter, args: Arguments) -> Value:
    value = args.get(0)
    if isinstance(value, Const):
        return Data(machine.node("round", Kind.PYTHON, DType.UNKNOWN, args.place))
    kind = Kind.PYTHON if value is None else machine.kind_of([value])
    return machine.record(
        "round", [("x", v) for v in args.positional[:1]], args.place, kind=kind,
        effect=Effect.CUT, reason=Reason.PYTHON,
    )


@models("builtins.str", "builtins.repr", "builtins.format", "builtins.ascii", "builtins.bytes")
def text(machine: Interpreter, args: Arguments) -> Value:
    value = args.get(0)
    if value is None:
        return Const("")
    if isinstance(value, Const):
        return Const(str(value.value))
    return machine.text([value], args.place)


@models("builtins.isinstance")
def isinstance_(machine: Interpreter, args: Arguments) -> Value:
    if len(args.positional) == 2:
        known = machine.is_instance(args.positional[0], args.positional[1])
        if known is not None:
            return Const(known)
    return Data(machine.node("isinstance", Kind.PYTHON, DType.BOOL, args.place))


@models("builtins.callable")
def callable_(machine: Interpreter, args: Arguments) -> Value:
    value = args.get(0)
    if isinstance(value, FunctionValue | BoundMethod | ClassValue | Native | Method):
        return Const(True)
    if isinstance(value, Const | Tuple | Box | VariableValue):
        return Const(False)
    return Data(machine.node("callable", Kind.PYTHON, DType.BOOL, args.place))


@models("builtins.hasattr")
def hasattr_(machine: Interpreter, args: Arguments) -> Value:
    owner, name = args.get(0), args.get(1)
    if owner is not None and isinstance(name, Const) and isinstance(name.value, str):
        if machine.peek(owner, name.value) is not None:
            return Const(True)
        if isinstance(owner, Instance) and isinstance(owner.cls, ClassValue):
            if machine.class_attribute(owner.cls, name.value) is not None:
                return Const(True)
            if machine.library_base(owner.cls) is None and not machine.has_unknown_base(owner.cls):
                return Const(False)
    return Data(machine.node("hasattr", Kind.PYTHON, DType.BOOL, args.place))


@models("builtins.getattr")
def getattr_(machine: Interpreter, args: Arguments) -> Value:
    owner, name = args.get(0), args.get(1)
    if owner is not None and isinstance(name, Const) and isinstance(name.value, str):
        if len(args.positional) == 3 and machine.peek(owner, name.value) is None:
            found = hasattr_(machine, Arguments(args.positional[:2], {}, args.place))
            if found == Const(False):
                return args.positional[2]
        return machine.attribute(owner, name.value, args.place)
    return machine.unknown("getattr", args.values, args.place)


@models("builtins.setattr")
def setattr_(machine: Interpreter, args: Arguments) -> Value:
    if len(args.positional) == 3:
        owner, name, value = args.positional
        if isinstance(name, Const) and isinstance(name.value, str):
            machine.note_label(value, name.value)
            machine.note_rebinding(
                machine.peek(owner, name.value), value, name.value, args.place
            )
            machine.set_attribute(owner, name.value, value, args.place)
        else:
            machine.escape(value)
    return NONE


@models("builtins.type")
def type_(machine: Interpreter, args: Arguments) -> Value:
    value = args.get(0)
    if isinstance(value, Instance):
        return value.cls
    return machine.unknown("type", [], args.place)


@models("builtins.any", "builtins.all")
def any_(machine: Interpreter, args: Arguments) -> Value:
    for value in args.positional:
        machine.elements(value)
        machine.spend(value)
    return Data(machine.node("any", Kind.PYTHON, DType.BOOL, args.place))


@models("builtins.object.__new__")
def object_new(machine: Interpreter, args: Arguments) -> Value:
    """Run `object.__new__(cls)`."""
    cls = args.get(0, "cls")
    if isinstance(cls, ClassValue):
        return Instance(cls)
    return machine.unknown("object", [], args.place)


@models("builtins.vars", "builtins.dir", "builtins.id", "builtins.hash", "builtins.globals",
        "builtins.locals", "builtins.open", "builtins.ord", "builtins.chr", "builtins.hex")  # fmt: skip
def opaque(machine: Interpreter, args: Arguments) -> Value:
    return machine.unknown("builtin", [], args.place)


@models("builtins.eval", "builtins.exec")
def evaluate(machine: Interpreter, args: Arguments) -> Value:
    """Run code in a string: it sees every name that the caller sees."""
    frame = machine.frame
    for identity in (frame.identity, *frame.enclosing):
        for value in machine.attributes(identity).values():
            machine.escape(value)
    return machine.opaque_call("eval", args.values, args.place)


@models("builtins.slice")
def slice_(machine: Interpreter, args: Arguments) -> Value:
    return machine.unknown("slice", [], args.place)


# ---------------------------------------------------------------------- the class test


MAPPINGS = frozenset({"Mapping", "MutableMapping", "OrderedDict", "defaultdict"})
TENSOR_CLASSES = frozenset({"tf.Tensor", "tf.Variable", "keras.Variable", "np.ndarray"})


def is_instance(machine: Interpreter, value: Value, cls: Value) -> bool | None:
    """Return the outcome of `isinstance` where it is known."""
    if isinstance(cls, Tuple):
        outcomes = [is_instance(machine, value, c) for c in cls.elements]
        if True in outcomes:
            return True
        return False if all(o is False for o in outcomes) else None
    if isinstance(cls, DTypeValue):
        return None
    if isinstance(cls, ClassValue):
        return is_project_instance(machine, value, cls)
    if not isinstance(cls, External):
        return None
    name = cls.name
    if isinstance(value, Union):
        outcomes_set = {is_instance(machine, o, cls) for o in value.options}
        return outcomes_set.pop() if len(outcomes_set) == 1 else None
    if name.rpartition(".")[2] in MAPPINGS:
        # for: isinstance(features, collections.abc.Mapping)
        if isinstance(value, Box):
            return value.kind == "dict"
        if isinstance(value, VariableValue | Tuple | Const | FunctionValue):
            return False
        if isinstance(value, Data) and value.kind in (Kind.TENSOR, Kind.ARRAY):
            return False
    match value:
        case VariableValue():
            if name in ("tf.Variable", "keras.Variable"):
                return (name == "tf.Variable") == (value.library == "tf")
            return False if name in ("tf.Tensor", "np.ndarray") or is_python(name) else None
        case Data():
            return is_data_instance(value, name)
        case Const():
            return is_constant_instance(value.value, name)
        case Tuple():
            return name in ("builtins.tuple", "collections.abc.Sequence", "typing.Sequence") or (
                False if is_python(name) or name in TENSOR_CLASSES else None
            )
        case Box():
            return box_instance(value, name)
        case NoGradient():
            return False
        case Instance():
            if any(isinstance(a, External) and a.name == name for a in machine.ancestry(value.cls)):
                return True
            if name in TENSOR_CLASSES or is_python(name):
                base = machine.library_base(value.cls)
                return False if base is None or base.startswith(("keras.", "tf.Module")) else None
            return None
        case FunctionValue() | BoundMethod():
            return False if name in TENSOR_CLASSES or is_python(name) else None
        case _:
            return None


def is_python(name: str) -> bool:
    return name in {
        f"builtins.{n}"
        for n in ("int", "float", "bool", "str", "list", "tuple", "dict", "set", "bytes", "complex")
    }


def is_data_instance(value: Data, name: str) -> bool | None:
    match value.kind:
        case Kind.TENSOR:
            if name == "tf.Tensor":
                return True
            return False if name in TENSOR_CLASSES or is_python(name) else None
        case Kind.ARRAY:
            if name in ("tf.Tensor", "tf.Variable", "keras.Variable"):
                return False
            return False if is_python(name) and name != "builtins.float" else None
        case Kind.PYTHON:
            return False if name in TENSOR_CLASSES else None
        case _:
            return None


def is_constant_instance(value: object, name: str) -> bool | None:
    if name in TENSOR_CLASSES:
        return False
    if is_python(name):
        kinds = {"int": int, "float": float, "bool": bool, "str": str, "bytes": bytes,
                 "complex": complex, "list": list, "tuple": tuple, "dict": dict, "set": set}  # fmt: skip
        return isinstance(value, kinds[name.removeprefix("builtins.")])
    return None


def box_instance(value: Box, name: str) -> bool | None:
    if name == f"builtins.{value.kind}":
        return True
    if name in TENSOR_CLASSES or is_python(name):
        return False
    return None


def is_project_instance(machine: Interpreter, value: Value, cls: ClassValue) -> bool | None:
    match value:
        case Instance():
            if any(
                isinstance(a, ClassValue) and a.identity == cls.identity
                for a in machine.ancestry(value.cls)
            ):
                return True
            return None if machine.has_unknown_base(value.cls) else False
        case Tuple():
            return value.cls is not None and value.cls.identity == cls.identity
        case Data() if value.kind is Kind.UNKNOWN:
            return None
        case Union():
            outcomes = {is_project_instance(machine, o, cls) for o in value.options}
            return outcomes.pop() if len(outcomes) == 1 else None
        case _:
            return False
