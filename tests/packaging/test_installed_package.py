"""What is built is complete, and works where there is neither TensorFlow nor this checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tapelint import __version__

ROOT = Path(__file__).parents[2]
CARDS = sorted(path.name for path in (ROOT / "rules").glob("*.md"))
DEPENDENCIES = {"click", "libcst", "pathspec", "tomli"}
# What of a folder is not meant to be shipped.
UNSHIPPED = {".pyc", ".pyo"}

# Building and installing once is enough for all of them.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution, and the wheel from it, into a folder."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    """Return the wheel."""
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def shipped(wheel: Path) -> set[str]:
    """Return the names in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def sources(built: Path) -> set[str]:
    """Return the names in the source distribution, without the folder they are all in."""
    (found,) = built.glob("*.tar.gz")
    with tarfile.open(found) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


@pytest.fixture(scope="module")
def binaries(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel in an environment of its own, and return where its commands are."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, with_pip=True)
    folder = environment / ("Scripts" if os.name == "nt" else "bin")
    command = [str(folder / "python"), "-m", "pip", "install", "--quiet", str(wheel)]
    subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return folder


@pytest.fixture
def run(binaries: Path, tmp_path: Path) -> Run:
    """Return what runs an installed command, far from the checkout."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(binaries / program), *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            cwd=tmp_path,
            env=environment,
        )

    return run


def test_the_wheel_holds_the_package_and_nothing_beside_it(shipped: set[str]) -> None:
    tops = {name.partition("/")[0] for name in shipped}
    assert tops == {"tapelint", f"tapelint-{__version__}.dist-info"}


def test_the_wheel_holds_every_file_of_the_package(shipped: set[str]) -> None:
    files = (path for path in (ROOT / "tapelint").rglob("*") if path.is_file())
    wanted = {p.relative_to(ROOT).as_posix() for p in files if p.suffix not in UNSHIPPED}
    assert wanted <= shipped
    assert "tapelint/analysis/knowledge/table.json" in shipped


def test_the_wheel_holds_every_card(shipped: set[str]) -> None:
    prefix = "tapelint/rules/"
    cards = sorted(name.removeprefix(prefix) for name in shipped if name.startswith(prefix))
    assert cards == CARDS


def test_the_wheel_holds_the_licence(shipped: set[str]) -> None:
    assert f"tapelint-{__version__}.dist-info/licenses/LICENSE" in shipped


@pytest.mark.parametrize("folder", ["rules", "tests", "examples", "tools"])
def test_the_source_distribution_holds_all_that_is_needed_to_work_on_it(
    sources: set[str], folder: str
) -> None:
    files = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    wanted = {p.relative_to(ROOT).as_posix() for p in files if p.suffix not in UNSHIPPED}
    assert wanted
    assert wanted <= sources


def test_no_tensorflow_comes_with_it(run: Run) -> None:
    given = run("python", "-c", "import tensorflow")
    assert "ModuleNotFoundError: No module named 'tensorflow'" in given.stderr


def test_it_depends_on_nothing_that_is_not_listed(run: Run) -> None:
    listed = json.loads(run("python", "-m", "pip", "list", "--format", "json").stdout)
    # LibCST reads its own settings as YAML.
    allowed = {"pip", "setuptools", "tapelint", "pyyaml", "pyyaml-ft", "typing-extensions"}
    assert {package["name"].lower() for package in listed} <= DEPENDENCIES | allowed


def test_the_version_is_that_of_the_checkout(run: Run) -> None:
    given = run("tapelint", "--version")
    assert (given.returncode, given.stdout) == (0, f"tapelint {__version__}\n")


def test_every_card_is_a_rule(run: Run) -> None:
    listed = json.loads(run("tapelint", "rules", "--output-format", "json").stdout)["rules"]
    assert sorted(f"{rule['code']}-{rule['name']}.md" for rule in listed) == CARDS


def test_a_rule_can_be_explained(run: Run) -> None:
    given = run("tapelint", "explain", "TAP201")
    assert given.returncode == 0
    assert given.stdout.startswith("TAP201 numpy-in-tape\n")
    assert "What goes wrong" in given.stdout


def test_a_bug_is_found(run: Run) -> None:
    example = ROOT / "examples" / "decay_curve.py"
    given = run("tapelint", "--output-format", "concise", str(example))
    assert given.returncode == 1
    assert "TAP201" in given.stdout
    assert given.stderr == ""


def test_correct_code_is_clean(run: Run) -> None:
    given = run("tapelint", str(ROOT / "examples" / "logistic_regression.py"))
    assert (given.returncode, given.stderr) == (0, "")


def test_it_runs_as_a_module(run: Run) -> None:
    given = run("python", "-m", "tapelint", "--version")
    assert given.stdout == f"tapelint {__version__}\n"
