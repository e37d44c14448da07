"""The script of the continuous integration can be run, and workflows do what is said of them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci" / "run"
# pre-commit brings it.
yaml = pytest.importorskip("yaml")


def steps(text: str) -> list[dict[str, Any]]:
    """Return the steps of the one job of a workflow."""
    (job,) = yaml.safe_load(text)["jobs"].values()
    found: list[dict[str, Any]] = job["steps"]
    return found


def shown(path: str) -> str:
    """Return the file that docs/code-scanning.md shows, by the path it begins with."""
    text = (ROOT / "docs" / "code-scanning.md").read_text(encoding="utf-8")
    blocks: list[str] = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (workflow,) = (block for block in blocks if block.startswith(f"# {path}\n"))
    return workflow


@pytest.mark.skipif(os.name == "nt", reason="files have no such mode there")
def test_the_script_can_be_executed() -> None:
    assert SCRIPT.stat().st_mode & stat.S_IXUSR


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_the_script_can_be_read_by_bash() -> None:
    given = subprocess.run(["bash", "-n", str(SCRIPT)], capture_output=True, text=True)
    assert (given.returncode, given.stderr) == (0, "")


def test_the_script_names_no_host_and_installs_by_name_alone() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text


def test_the_workflow_of_this_repository_runs_the_script_and_nothing_else() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert [step["run"] for step in steps(workflow) if "run" in step] == [".ci/run"]


def test_the_workflow_of_this_repository_tries_every_python_that_is_supported() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    tried = yaml.safe_load(workflow)["jobs"]["check"]["strategy"]["matrix"]["python"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert tried == re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)


def test_the_workflow_that_is_shown_uploads_the_file_that_it_writes() -> None:
    workflow = shown(".github/workflows/tapelint.yml")
    assert yaml.safe_load(workflow)["permissions"]["security-events"] == "write"
    (command,) = (s["run"] for s in steps(workflow) if s.get("run", "").startswith("tapelint"))
    (upload,) = (s for s in steps(workflow) if "upload-sarif" in s.get("uses", ""))
    words = shlex.split(command)
    assert words[words.index("--output-file") + 1] == upload["with"]["sarif_file"]
    assert words[words.index("--output-format") + 1] == "sarif"
    # A step that fails would keep the next one from uploading.
    assert "--exit-zero" in words


def test_the_job_for_gitlab_reports_the_file_that_it_writes() -> None:
    job = yaml.safe_load(shown(".gitlab-ci.yml"))["tapelint"]
    (command,) = (shlex.split(line) for line in job["script"] if line.startswith("tapelint"))
    assert command[command.index("--output-format") + 1] == "gitlab"
    assert job["artifacts"]["reports"]["codequality"] == command[command.index("--output-file") + 1]
