"""What an unknown input may be: dtypes and shapes, the likely ones first."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

BATCH = 4
MOST_TRIES = 60


@dataclass(frozen=True, slots=True)
class Form:
    """A dtype by its TensorFlow name, and a shape."""

    dtype: str
    shape: tuple[int, ...]


MATRIX = Form("float32", (BATCH, 4))
VECTOR = Form("float32", (BATCH,))
SCALAR = Form("float32", ())
IMAGES = Form("float32", (BATCH, 8, 8, 3))
SERIES = Form("float32", (BATCH, 8, 4))
COLUMN = Form("float32", (BATCH, 1))
LABELS = Form("int32", (BATCH,))
LABEL_COLUMN = Form("int32", (BATCH, 1))
COUNT = Form("int32", ())
TOKENS = Form("int32", (BATCH, 8))
GREY = Form("float32", (BATCH, 28, 28, 1))
WIDE_VECTOR = Form("float32", (BATCH, 784))
TEXT = Form("string", (BATCH,))
FLAG = Form("bool", ())
# Numbers of Python, for what is no tensor: sizes, rates.
WHOLE = Form("int", ())
REAL = Form("float", ())

USUAL = (
    MATRIX, VECTOR, SCALAR, IMAGES, LABELS, LABEL_COLUMN, COUNT, WHOLE, COLUMN, SERIES, TOKENS,
    REAL, GREY, WIDE_VECTOR, TEXT, FLAG,
)  # fmt: skip
# By what a person calls them. The last part of a dotted name counts.
BY_NAME: tuple[tuple[re.Pattern[str], tuple[Form, ...]], ...] = (
    (
        re.compile(r"labels?$|^targets?$|_ids?$|^ids$|^y_?(true|batch|train)?$|class"),
        (LABELS, LABEL_COLUMN, MATRIX, COLUMN),
    ),
    (re.compile(r"token|word|seq.*ids|^inp$|sentence"), (TOKENS, SERIES, MATRIX)),
    (re.compile(r"images?|imgs?$|pictures?|photo|frames?$"), (IMAGES, GREY, MATRIX)),
    (
        re.compile(r"(^|_)(lr|rate|alpha|beta|gamma|eps|epsilon|momentum|decay)($|_)"),
        (REAL, SCALAR),
    ),
    (
        re.compile(
            r"(^|_)(n|num|size|count|steps?|epochs?|units|filters|dims?|hidden|width|channels|"
            r"classes|layers|heads|len|length|seed|batch_size)($|_)"
        ),
        (WHOLE, COUNT, SCALAR),
    ),
    (re.compile(r"^(idx|index|i|j|k)$"), (WHOLE, COUNT)),
)


OBJECT = re.compile(
    r"(model|net|network|generator|discriminator|encoder|decoder|critic|actor|policy|optimizer|"
    r"opt|fn|func|function|loss_object|cfg|config|conf|args|flags|hparams|params|env|agent|layer|"
    r"strategy|logger|writer|self|cls|manager|dataset|ds|iterator|metric|callback)s?(_\w)?$"
)


def looks_like_object(name: str) -> bool:
    """Tell whether a name is one that people give to models, functions and settings."""
    return OBJECT.search(name.rpartition(".")[2].lower()) is not None


def by_name(name: str, *, is_real: bool = False) -> Iterator[Form]:
    """Yield the forms that a name suggests, then the usual ones.

    With `is_real` floating numbers come first: what only follows from the guess that something
    holds integers does not happen then.
    """
    last = name.rpartition(".")[2].lower()
    last = re.sub(r"(\(\)|\[[^\]]*\])+$", "", last)
    suggested = [form for pattern, forms in BY_NAME if pattern.search(last) for form in forms]
    forms = list(dict.fromkeys([*suggested, *USUAL]))
    if is_real:
        forms.sort(key=lambda form: form.dtype in ("int32", "string", "bool"))
    yield from forms


def combinations(
    names: Sequence[str], first: Iterable[Form] = (), *, is_real: bool = False
) -> Iterator[tuple[Form, ...]]:
    """Yield forms for several unknowns at once; `first` are those that the call itself suggests."""
    suggested = list(first)
    lists = [list(dict.fromkeys([*suggested, *by_name(name, is_real=is_real)])) for name in names]
    if len(lists) == 1:
        yield from ((form,) for form in lists[0][:MOST_TRIES])
        return
    # All alike, then as the names say, then what is near to that.
    seen: set[tuple[Form, ...]] = set()
    alike = [(form,) * len(names) for form in suggested]
    near = sorted(
        itertools.product(*(range(min(len(forms), 6)) for forms in lists[:4])),
        key=lambda indices: (sum(indices), indices),
    )
    named = (
        tuple(forms[indices[i]] if i < len(indices) else forms[0] for i, forms in enumerate(lists))
        for indices in near
    )
    for forms in itertools.chain(alike, named):
        if forms not in seen:
            seen.add(forms)
            yield forms
        if len(seen) >= MOST_TRIES:
            return
