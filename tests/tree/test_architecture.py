"""Who imports whom is as ARCHITECTURE.md says, and nothing heavy is imported too early."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tapelint"
TABLE = re.compile(r"^```imports\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What is not of the standard library of every Python, and the parts that may know it.
FOREIGN = {
    "click": {"cli", "console", "options", "usage"},
    "libcst": {"analysis"},
    "pathspec": {"source"},
    "pytest": {"pytest_plugin"},
    "tensorflow": {"verify"},
    "tomli": {"cards", "settings"},
    "tomllib": {"cards", "settings"},
}
CLEAN = "import numpy as np\n\nprint(np.mean([1.0]))\n"


def part(module: str) -> str:
    """Return the part of tapelint that a module belongs to, "" for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports anywhere, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            is_package = (ROOT / Path(*node.module.split("."))).is_dir()
            for alias in node.names:
                yield f"{node.module}.{alias.name}" if is_package else node.module


def found() -> Mapping[str, set[str]]:
    """Return what each part imports, from other parts and from elsewhere."""
    imports: defaultdict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        imports[part(module.removesuffix(".__init__"))].update(imported(path))
    return imports


IMPORTS = found()


def stated() -> Mapping[str, set[str]]:
    """Return the table of ARCHITECTURE.md."""
    (table,) = TABLE.findall((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    rows = (line.split(None, 1) for line in table.splitlines())
    return {name: set(re.findall(r"\w+", listed)) - {"nothing"} for name, listed in rows}


def test_the_table_lists_every_part() -> None:
    assert set(stated()) == set(IMPORTS) - {""}


@pytest.mark.parametrize("name", sorted(set(IMPORTS) - {""}))
def test_a_part_imports_only_what_the_table_allows(name: str) -> None:
    own = {module for module in IMPORTS[name] if module.partition(".")[0] == "tapelint"}
    parts = {p for p in map(part, own) if (PACKAGE / p).is_dir() or (PACKAGE / f"{p}.py").exists()}
    assert parts - {name, ""} <= stated()[name]


def test_other_packages_are_imported_where_they_may_be() -> None:
    tops = {name: {m.partition(".")[0] for m in modules} for name, modules in IMPORTS.items()}
    allowed = set(sys.stdlib_module_names) | {"tapelint", *FOREIGN}
    assert {name: foreign for name, top in tops.items() if (foreign := top - allowed)} == {}
    for package, parts in FOREIGN.items():
        assert {name for name, top in tops.items() if package in top} <= parts


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["--help"], ["explain", "TAP201"], ["rules"], ["clean.py"]],
    ids=" ".join,
)
def test_what_needs_no_parser_does_not_import_it(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "clean.py").write_text(CLEAN, encoding="utf-8")
    program = (
        "import sys; from tapelint.cli import main; code = main(sys.argv[1:]);"
        "sys.exit(code or sorted({'libcst', 'tensorflow'} & set(sys.modules)) or 0)"
    )
    given = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert (given.returncode, given.stderr) == (0, "")
