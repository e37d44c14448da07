"""The source tells a reader what it is for, stays small, and leaves nothing for later."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tapelint import cards, registry
from tapelint.cli import main

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tapelint"
MODULES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}
LONGEST = 400
# Modules that are longer than anyone should have to read. The list may only get shorter.
TOO_LONG = frozenset({"analysis/ir.py"})
# Within the analysis a node of the IR or a model of a builtin is said by its name alone; only what
# modules tell each other has to be explained.
INNER = "analysis/"
NAMELESS = re.compile(r"(?:^|_)(?:utils?|core|common|helpers?|misc|base)(?:_|$)")
# Spelled backwards, so that this file does not find itself.
LATER = re.compile("|".join(rf"\b{word[::-1]}\b" for word in ("ODOT", "EMXIF", "KCAH")))
TEXTS = ("*.py", "*.md", "*.toml", "*.yaml", "*.yml")


def tree(name: str) -> ast.Module:
    """Parse a module of the package."""
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def is_public(node: ast.stmt) -> bool:
    """Tell whether a statement defines a function or class that others may know."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return isinstance(node, kinds) and not node.name.startswith("_")


def undocumented(body: Sequence[ast.stmt], prefix: str = "") -> Iterator[str]:
    """Yield the public functions, classes and methods without a docstring."""
    for node in filter(is_public, body):
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if ast.get_docstring(node) is None:
            yield f"{prefix}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from undocumented(node.body, f"{prefix}{node.name}.")


def known_elsewhere() -> Iterator[str]:
    """Yield what modules take from each other, as `analysis/trace.py:explain`."""
    names = {f"tapelint.{name[:-3].replace('/', '.')}": name for name in MODULES}
    for module in map(tree, MODULES):
        aliases: dict[str, str] = {}
        for node in ast.walk(module):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if (whole := f"{node.module}.{alias.name}") in names:
                        aliases[alias.asname or alias.name] = names[whole]
                    elif node.module in names:
                        yield f"{names[node.module]}:{alias.name}"
        for node in ast.walk(module):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                yield f"{aliases.get(node.value.id)}:{node.attr}"


def test_every_module_says_what_it_is_for() -> None:
    silent = {name for name in MODULES if (t := tree(name)).body and not ast.get_docstring(t)}
    assert silent == set()


def test_what_is_public_has_a_docstring() -> None:
    outer = [name for name in MODULES if not name.startswith(INNER)]
    assert [f"{name}:{each}" for name in outer for each in undocumented(tree(name).body)] == []


def test_what_one_module_of_the_analysis_tells_another_has_a_docstring() -> None:
    functions = {
        f"{name}:{node.name}"
        for name in MODULES
        if name.startswith(INNER)
        for node in tree(name).body
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is None
    }
    assert functions & set(known_elsewhere()) == set()


def test_modules_are_named_for_their_idea() -> None:
    parts = {name: Path(name).with_suffix("").parts for name in MODULES}
    assert [name for name in MODULES if any(map(NAMELESS.search, parts[name]))] == []


def test_modules_can_be_read_in_one_sitting() -> None:
    long = {
        name: lines
        for name, path in MODULES.items()
        if (lines := path.read_text(encoding="utf-8").count("\n")) > LONGEST
    }
    assert {name: lines for name, lines in long.items() if name not in TOO_LONG} == {}
    assert TOO_LONG - long.keys() == set(), "these are short enough now: take them off the list"


@pytest.mark.parametrize("folder", ["tapelint", "rules", "tests", "tools", "docs", "examples"])
def test_nothing_is_left_for_later(folder: str) -> None:
    paths = [path for kind in TEXTS for path in (ROOT / folder).rglob(kind)]
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1)
        if LATER.search(line)
    ]
    assert paths
    assert found == []


def test_tensorflow_is_imported_by_the_child_process_alone() -> None:
    pattern = re.compile(r"^\s*(?:import|from)\s+(?:tensorflow|keras)\b", re.MULTILINE)
    importers = {
        name for name, path in MODULES.items() if pattern.search(path.read_text(encoding="utf-8"))
    }
    assert importers <= {"verify/worker/child.py"}


def test_checks_are_called_like_their_cards() -> None:
    for code, check in registry.check_functions().items():
        assert check.__module__ == f"tapelint.checks.{cards.card(code).name.replace('-', '_')}"


def test_tapelint_is_clean_on_itself(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--isolated", *(str(ROOT / folder) for folder in ("tapelint", "tools"))])
    printed = capsys.readouterr()
    assert (code, printed.err) == (0, ""), printed.out


def test_no_two_cards_answer_to_the_same_name() -> None:
    names = [
        name.casefold()
        for rule in registry.rules().values()
        for name in (rule.code, rule.name, *rule.card.aliases)
    ]
    names += [*{rule.group for rule in registry.rules().values()}, "all"]
    assert sorted(names) == sorted(set(names))
