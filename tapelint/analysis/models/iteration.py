"""`itertools`, deques, chained dicts and progress bars: who walks over what, in which order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.models.registry import LibraryClass, library_class, models
from tapelint.analysis.models.sequences import rows
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Const,
    Data,
    External,
    Instance,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# So many combinations are told apart, of more one stands for all.
MOST_COMBINATIONS = 36


def iterator(machine: Interpreter, values: Sequence[Value], rest: Value | None = None) -> Box:
    return machine.sequence("iterator", values, rest)


def walked(machine: Interpreter, source: Value, args: Arguments) -> Contents:
    """Return what walking over a value gives, and leave it walked over."""
    known = machine.elements(source)
    if known is None:
        return Contents((), None, machine.any_element(source, args.place))
    machine.spend(source)
    return known


def any_of(machine: Interpreter, contents: Contents, args: Arguments) -> Value:
    """Return what stands for each element."""
    everything = [*contents.values, *([] if contents.rest is None else [contents.rest])]
    if not everything:
        return machine.unknown("element", [], args.place)
    return machine.join_all(everything)


def opaque(machine: Interpreter, name: str, args: Arguments) -> Value:
    return machine.opaque_call(name, args.values, args.place)


# ---------------------------------------------------------------------- itertools


@models("itertools.islice")
def islice(machine: Interpreter, args: Arguments) -> Value:
    """Run `islice(iterable, stop)` or `islice(iterable, start, stop, step)`."""
    if not args.positional:
        return opaque(machine, "islice", args)
    source, *bounds = args.positional
    known = machine.elements(source)
    numbers = [b.value for b in bounds if isinstance(b, Const)]
    if known is None or known.rest is not None or len(numbers) != len(bounds):
        contents = walked(machine, source, args)
        return iterator(machine, (), any_of(machine, contents, args))
    try:
        chosen = tuple(itertools.islice(known.values, *numbers))
    except (TypeError, ValueError):
        return opaque(machine, "islice", args)
    if isinstance(source, Box) and source.kind in ("iterator", "generator", "zip"):
        reach = max((n for n in numbers[:2] if isinstance(n, int)), default=len(known.values))
        machine.fill(source, Contents(known.values[reach:]))
    return iterator(machine, chosen)


@models("itertools.cycle")
def cycle(machine: Interpreter, args: Arguments) -> Value:
    """Run `cycle(iterable)`: its elements in order, then any of them again."""
    source = args.get(0, "iterable")
    if source is None:
        return opaque(machine, "cycle", args)
    contents = walked(machine, source, args)
    return iterator(machine, contents.values, any_of(machine, contents, args))


@models("itertools.repeat")
def repeat(machine: Interpreter, args: Arguments) -> Value:
    """Run `repeat(x, times)`."""
    value, times = args.get(0, "object"), args.get(1, "times")
    if value is None:
        return opaque(machine, "repeat", args)
    if isinstance(times, Const) and isinstance(times.value, int) and times.value <= 64:
        return iterator(machine, [value] * times.value)
    return iterator(machine, (), value)


@models("itertools.count")
def count(machine: Interpreter, args: Arguments) -> Value:
    """Run `count(start, step)`."""
    return iterator(machine, (), Data(machine.node("counter", Kind.PYTHON, DType.INT, args.place)))


@models("itertools.tee")
def tee(machine: Interpreter, args: Arguments) -> Value:
    """Run `tee(iterable, n)`."""
    source, times = args.get(0, "iterable"), args.get(1, "n")
    number = times.value if isinstance(times, Const) and isinstance(times.value, int) else 2
    if source is None:
        return opaque(machine, "tee", args)
    contents = walked(machine, source, args)
    return Tuple(
        tuple(iterator(machine, contents.values, contents.rest) for _ in range(min(number, 8)))
    )


@models("itertools.accumulate")
def accumulate(machine: Interpreter, args: Arguments) -> Value:
    """Run `accumulate(iterable, function, initial=...)`."""
    source, function = args.get(0, "iterable"), args.get(1, "func")
    if source is None:
        return opaque(machine, "accumulate", args)
    contents = walked(machine, source, args)

    def step(total: Value, value: Value) -> Value:
        if function is None or function == NONE:
            return machine.binary("+", total, value, args.place)
        return machine.call(function, Arguments((total, value), {}, args.place))

    initial = args.keywords.get("initial", NONE)
    values = [*([] if initial == NONE else [initial]), *contents.values]
    totals = list(itertools.accumulate(values, step))
    rest = None
    if contents.rest is not None:
        rest = step(totals[-1], contents.rest) if totals else contents.rest
        rest = step(rest, contents.rest)
    return iterator(machine, totals, rest)


@models("itertools.pairwise")
def pairwise(machine: Interpreter, args: Arguments) -> Value:
    """Run `pairwise(iterable)`."""
    if not args.positional:
        return opaque(machine, "pairwise", args)
    contents = walked(machine, args.positional[0], args)
    pairs = [Tuple(pair) for pair in itertools.pairwise(contents.values)]
    if contents.rest is None:
        return iterator(machine, pairs)
    element = any_of(machine, contents, args)
    return iterator(machine, pairs, Tuple((element, element)))


@models("itertools.batched", "more_itertools.chunked")
def batched(machine: Interpreter, args: Arguments) -> Value:
    """Run `batched(iterable, n)`."""
    source, size = args.get(0, "iterable"), args.get(1, "n")
    if source is None:
        return opaque(machine, "batched", args)
    contents = walked(machine, source, args)
    if contents.rest is None and isinstance(size, Const) and isinstance(size.value, int):
        step = max(size.value, 1)
        return iterator(
            machine,
            [Tuple(contents.values[at : at + step]) for at in range(0, len(contents.values), step)],
        )
    return iterator(machine, (), machine.sequence("list", (), any_of(machine, contents, args)))


def choosing(
    name: str, choose: Callable[[Sequence[Value], int], Iterable[tuple[Value, ...]]]
) -> None:
    @models(f"itertools.{name}")
    def chosen(machine: Interpreter, args: Arguments) -> Value:
        source, size = args.get(0, "iterable"), args.get(1, "r")
        if source is None:
            return opaque(machine, name, args)
        contents = walked(machine, source, args)
        number = size.value if isinstance(size, Const) else None
        if size is None:
            number = len(contents.values)
        if contents.rest is None and isinstance(number, int):
            rows_ = itertools.islice(choose(contents.values, number), MOST_COMBINATIONS + 1)
            found = [Tuple(row) for row in rows_]
            if len(found) <= MOST_COMBINATIONS:
                return iterator(machine, found)
        element = any_of(machine, contents, args)
        if isinstance(number, int) and number <= 8:
            return iterator(machine, (), Tuple((element,) * number))
        return iterator(machine, (), machine.sequence("list", (), element))


choosing("combinations", lambda values, size: itertools.combinations(values, size))
choosing(
    "combinations_with_replacement",
    lambda values, size: itertools.combinations_with_replacement(values, size),
)
choosing("permutations", lambda values, size: itertools.permutations(values, size))


@models("itertools.product")
def product(machine: Interpreter, args: Arguments) -> Value:
    """Run `product(a, b, repeat=2)`."""
    times = args.keywords.get("repeat", Const(1))
    number = times.value if isinstance(times, Const) and isinstance(times.value, int) else None
    columns = [walked(machine, source, args) for source in args.positional]
    if number is not None:
        columns *= min(number, 8)
    size = 1
    for column in columns:
        size *= len(column.values)
    if number is not None and size <= MOST_COMBINATIONS and not any(c.rest for c in columns):
        found = itertools.product(*(c.values for c in columns))
        return iterator(machine, [Tuple(row) for row in found])
    return iterator(machine, (), Tuple(tuple(any_of(machine, c, args) for c in columns)))


@models("itertools.takewhile", "itertools.dropwhile", "itertools.filterfalse", "itertools.compress")
def some(machine: Interpreter, args: Arguments) -> Value:
    """Run what gives some of the elements, not known which."""
    if len(args.positional) != 2:
        return opaque(machine, "takewhile", args)
    first, second = args.positional
    is_walked = machine.elements(first) is not None
    source = first if is_walked else second
    contents = walked(machine, source, args)
    element = any_of(machine, contents, args)
    if not is_walked:
        machine.call(first, Arguments((element,), {}, args.place))
    return iterator(machine, (), element)


@models("itertools.groupby")
def groupby(machine: Interpreter, args: Arguments) -> Value:
    """Run `groupby(iterable, key)`."""
    source = args.get(0, "iterable")
    if source is None:
        return opaque(machine, "groupby", args)
    element = any_of(machine, walked(machine, source, args), args)
    key = machine.unknown("key", [], args.place)
    return iterator(machine, (), Tuple((key, iterator(machine, (), element))))


@models("itertools.zip_longest")
def zip_longest(machine: Interpreter, args: Arguments) -> Value:
    """Run `zip_longest(a, b, fillvalue=...)`."""
    fill = args.keywords.get("fillvalue", NONE)
    columns = [machine.elements(source) for source in args.positional]
    known = [c for c in columns if c is not None and c.rest is None]
    if len(known) == len(columns) and not args.is_open:
        values = itertools.zip_longest(*(c.values for c in known), fillvalue=fill)
        return iterator(machine, [Tuple(row) for row in values])
    some_rows, further = rows(machine, args.positional, args)
    last = further or (some_rows[-1] if some_rows else [])
    every = [machine.join_all([value, fill]) for value in last]
    return iterator(machine, [Tuple(tuple(r)) for r in some_rows], Tuple(tuple(every)))


# ---------------------------------------------------------------------- collections


@models("collections.deque")
def deque(machine: Interpreter, args: Arguments) -> Value:
    """Run `deque(iterable, maxlen)`: a bounded one drops elements, not known which."""
    source, bound = args.get(0, "iterable"), args.get(1, "maxlen")
    contents = Contents() if source is None else walked(machine, source, args)
    if bound is None or bound == NONE:
        return machine.sequence("list", contents.values, contents.rest)
    made = machine.sequence("list", (), any_of(machine, contents, args))
    if not contents.values and contents.rest is None:
        made = machine.sequence("list", ())
        machine.state.cells[("bounded", made.identity)] = Const(True)
    return made


@models("collections.ChainMap")
def chain_map(machine: Interpreter, args: Arguments) -> Value:
    """Run `ChainMap(first, ...)`: what is found in the first is taken from there."""
    items: dict[object, Value] = {}
    rest: Value | None = None
    for source in reversed(args.positional):
        contents = machine.contents(source) if isinstance(source, Box) else None
        if contents is None or contents.keys is None:
            return opaque(machine, "ChainMap", args)
        items.update(zip(contents.keys, contents.values, strict=True))
        if contents.rest is not None:
            rest = contents.rest if rest is None else machine.join_values(rest, contents.rest)
    return machine.fill(Box("dict"), Contents(tuple(items.values()), tuple(items), rest))


# ---------------------------------------------------------------------- progress bars

WALKED = "<walked>"
BARS = (
    "tqdm.tqdm", "tqdm.auto.tqdm", "tqdm.notebook.tqdm", "tqdm.tqdm_notebook", "tqdm.rich.tqdm",
    "tqdm.autonotebook.tqdm", "tqdm.asyncio.tqdm", "rich.progress.track", "progressbar.progressbar",
    "progressbar.ProgressBar", "fastprogress.progress_bar", "fastprogress.master_bar",
    "alive_progress.alive_it",
)  # fmt: skip
RANGES = ("tqdm.trange", "tqdm.auto.trange", "tqdm.notebook.trange", "tqdm.tnrange")


@models(*BARS)
def bar(machine: Interpreter, args: Arguments) -> Value:
    """Run `tqdm(iterable)`: it gives what the iterable gives."""
    made = Instance(External("tqdm.tqdm"))
    source = args.get(0, "iterable", "sequence", "gen", "it")
    machine.state.cells[(made.identity, WALKED)] = NONE if source is None else source
    return made


@models(*RANGES)
def trange(machine: Interpreter, args: Arguments) -> Value:
    """Run `trange(n)`."""
    numbers = machine.call_external(
        "builtins.range", Arguments(args.positional, {}, args.place, args.is_open)
    )
    return bar(machine, Arguments((numbers,), {}, args.place))


@library_class("tqdm.tqdm")
class Bar(LibraryClass):
    """A progress bar: iterating over it is iterating over what it was made of."""

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return a number or text of the bar; its methods only print."""
        if name in ("n", "total", "desc", "postfix", "format_dict", "iterable"):
            return machine.unknown(f".{name}", [], at)
        return None

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Print something."""
        return NONE

    def inside(
        self, machine: Interpreter, instance: Instance, at: Place, body: Callable[[Value], bool]
    ) -> bool:
        """Run `with tqdm(...) as bar:`."""
        return body(instance)

    def elements(self, machine: Interpreter, instance: Instance) -> Contents | None:
        """Return what the iterable gives."""
        return machine.elements(self.source(machine, instance))

    def any_element(self, machine: Interpreter, instance: Instance, at: Place) -> Value:
        """Return any element of the iterable."""
        return machine.any_element(self.source(machine, instance), at)

    def source(self, machine: Interpreter, instance: Instance) -> Value:
        """Return the iterable."""
        found: Value = machine.state.cells[(instance.identity, WALKED)]
        return found
