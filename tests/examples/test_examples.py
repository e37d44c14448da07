"""Every script in examples/ does under TensorFlow what its docstring says, and is found or not.

A docstring shows what the script prints, and the exception it ends with if there is one, as an
indented block; lines may be wrapped. The codes it names are those that tapelint reports.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import json
import re
import runpy
import textwrap
from pathlib import Path

import pytest

from tapelint import cli

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))
CORE = {"TAP101", "TAP104", "TAP201", "TAP203", "TAP204", "TAP301"}
CODE = re.compile(r"TAP\d{3}")
BLOCK = re.compile(r"(?:^    .*\n)+", re.MULTILINE)

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None,
    reason="TensorFlow is not installed: only it can say what the scripts do",
)
each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


def docstring(script: Path) -> str:
    """Return what a script says about itself."""
    said = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8")), clean=False)
    assert said is not None, "an example says in its docstring what it does"
    return said


def output(script: Path) -> str:
    """Run a script here and return what it prints, with the exception that ends it."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            runpy.run_path(str(script), run_name="__main__")
        except Exception as error:  # noqa: BLE001 - what it raises is part of what it does
            print(f"{type(error).__name__}: {error}")
    return printed.getvalue()


def unwrapped(text: str) -> str:
    """Return text as if it stood on one line."""
    return " ".join(text.split())


@pytest.mark.tensorflow
@needs_tensorflow
@pytest.mark.filterwarnings("ignore:Gradients do not exist:UserWarning")
@each_script
def test_the_docstring_shows_what_the_script_does(script: Path) -> None:
    (block,) = BLOCK.findall(docstring(script))
    assert unwrapped(output(script)) == unwrapped(textwrap.dedent(block))


@each_script
def test_tapelint_finds_what_the_docstring_names(
    script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = set(CODE.findall(docstring(script)))
    exit_code = cli.main(["--isolated", "--output-format", "json", str(script)])
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {finding["code"] for finding in findings} == named
    assert len(findings) == len(named)
    assert exit_code == bool(named)


def test_every_core_rule_has_a_script_and_one_script_is_right() -> None:
    named = [set(CODE.findall(docstring(script))) for script in SCRIPTS]
    assert set().union(*named) == CORE
    assert named.count(set()) == 1
