"""How findings are written: formats, files, colours, counts."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest
from fakelint import program
from running import Run

from tapelint import request

ESCAPE = "\x1b["


@pytest.fixture(autouse=True)
def findings(folder: Path) -> None:
    """Put two files with findings into the folder."""
    (folder / "a.py").write_text(program("f()  # finds: TAP201", "g()  # finds: TAP301"))
    (folder / "b.py").write_text(program("h()  # finds: TAP201"))


def test_text_is_the_default(tapelint_run: Run) -> None:
    ran = tapelint_run()
    assert ran.out == tapelint_run("--output-format", "text").out
    assert ran.out.endswith("Found 3 errors in 2 files (2 checked).\n")


def test_concise_is_a_line_for_each_finding(tapelint_run: Run) -> None:
    assert tapelint_run("--output-format", "concise").out == (
        "a.py:2:1: TAP201 the gradient is None\n"
        "a.py:3:1: TAP301 the gradient is None\n"
        "b.py:2:1: TAP201 the gradient is None\n"
    )


def test_concise_says_nothing_of_a_clean_run(tapelint_run: Run) -> None:
    assert tapelint_run("--output-format", "concise", "--select", "TAP1").out == ""


def test_json_has_every_finding_and_the_summary(tapelint_run: Run) -> None:
    document = json.loads(tapelint_run("--output-format", "json").out)
    assert [found["code"] for found in document["findings"]] == ["TAP201", "TAP301", "TAP201"]
    assert document["summary"]["files_checked"] == 2


def test_json_of_a_clean_run_is_a_document_too(tapelint_run: Run) -> None:
    document = json.loads(tapelint_run("--output-format", "json", "--select", "TAP1", "-q").out)
    assert document["findings"] == []


def test_sarif_paths_start_at_the_root_of_the_repository(
    tapelint_run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".git").mkdir()
    (folder / "pkg").mkdir()
    (folder / "pkg" / "c.py").write_text(program("f()  # finds: TAP201"))
    monkeypatch.chdir(folder / "pkg")
    results = json.loads(tapelint_run("--output-format", "sarif").out)["runs"][0]["results"]
    location = results[0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == "pkg/c.py"
    assert "partialFingerprints" in results[0]


def test_sarif_knows_the_lines_of_standard_input(tapelint_run: Run) -> None:
    given = program("f()  # finds: TAP201").encode()
    ran = tapelint_run("-", "--stdin-filename=new.py", "--output-format=sarif", stdin=given)
    assert "partialFingerprints" in json.loads(ran.out)["runs"][0]["results"][0]


def test_gitlab_gets_paths_from_the_root_of_the_repository(
    tapelint_run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".git").mkdir()
    (folder / "pkg").mkdir()
    (folder / "pkg" / "c.py").write_text(program("f()  # finds: TAP201"))
    monkeypatch.chdir(folder / "pkg")
    (issue,) = json.loads(tapelint_run("--output-format", "gitlab").out)
    assert issue["location"] == {"path": "pkg/c.py", "lines": {"begin": 2, "end": 2}}
    assert (issue["check_name"], issue["severity"]) == ("TAP201 numpy-in-tape", "major")


def test_github_writes_workflow_commands(tapelint_run: Run) -> None:
    lines = tapelint_run("--output-format", "github").out.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("::error file=") for line in lines)


def test_statistics_count_the_findings_of_each_rule(tapelint_run: Run) -> None:
    ran = tapelint_run("--statistics")
    assert ran.code == 1
    assert ran.out == (
        "2  TAP201  numpy-in-tape\n"
        "1  TAP301  exhausted-tape\n"
        "Found 3 errors in 2 files (2 checked).\n"
    )


def test_statistics_can_be_concise_or_json(tapelint_run: Run) -> None:
    concise = tapelint_run("--statistics", "--output-format", "concise").out
    assert concise == "2  TAP201  numpy-in-tape\n1  TAP301  exhausted-tape\n"
    assert json.loads(tapelint_run("--statistics", "--output-format", "json").out) == {
        "version": 1,
        "statistics": [
            {"code": "TAP201", "name": "numpy-in-tape", "count": 2},
            {"code": "TAP301", "name": "exhausted-tape", "count": 1},
        ],
    }


def test_quiet_says_nothing_of_a_clean_run(tapelint_run: Run) -> None:
    ran = tapelint_run("--quiet", "--select", "TAP1")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_quiet_keeps_the_findings(tapelint_run: Run) -> None:
    assert tapelint_run("--quiet").out == tapelint_run().out


def test_there_are_no_colours_in_a_pipe(tapelint_run: Run) -> None:
    assert ESCAPE not in tapelint_run().out


@pytest.mark.parametrize(
    ("environment", "is_terminal", "choice", "is_coloured"),
    [
        ({}, False, "auto", False),
        ({}, True, "never", False),
        ({"TERM": "dumb"}, True, "auto", False),
        ({"NO_COLOR": "1"}, True, "auto", False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, "auto", False),
        ({"FORCE_COLOR": "1"}, False, "never", False),
        ({"NO_COLOR": ""}, True, "auto", True),
        ({}, True, "auto", True),
        ({}, False, "always", True),
        ({"NO_COLOR": "1"}, False, "always", True),
        ({"FORCE_COLOR": "1"}, False, "auto", True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, False, "auto", True),
    ],
)
def test_colours_are_where_they_are_wanted(
    tapelint_run: Run,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    is_terminal: bool,
    choice: str,
    is_coloured: bool,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    assert (ESCAPE in tapelint_run("--color", choice).out) is is_coloured


def test_the_report_can_go_to_a_file(tapelint_run: Run, folder: Path) -> None:
    printed = tapelint_run("--output-format", "json").out
    ran = tapelint_run("--output-format", "json", "-o", "out.json")
    assert (ran.code, ran.out, ran.err) == (1, "", "")
    assert (folder / "out.json").read_text() == printed


def test_a_file_has_no_colours_unless_it_is_told_to(
    tapelint_run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    tapelint_run("-o", "plain.txt")
    tapelint_run("-o", "colour.txt", "--color=always")
    assert ESCAPE not in (folder / "plain.txt").read_text()
    assert ESCAPE in (folder / "colour.txt").read_text()


def test_nothing_is_left_beside_the_report(tapelint_run: Run, folder: Path) -> None:
    before = set(os.listdir(folder))
    tapelint_run("-o", "out.txt")
    assert set(os.listdir(folder)) == before | {"out.txt"}


def test_a_report_that_cannot_be_finished_leaves_the_old_one(
    tapelint_run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "out.txt").write_text("old")
    before = set(os.listdir(folder))

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as stream:
            stream.write(data[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    ran = tapelint_run("-o", "out.txt")
    assert ran.code == 2
    assert ran.err == (
        "error: the report cannot be written to `out.txt`: no space left on device\n"
    )
    assert (folder / "out.txt").read_text() == "old"
    assert set(os.listdir(folder)) == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_a_report_keeps_the_permissions_of_the_old_one(tapelint_run: Run, folder: Path) -> None:
    (folder / "out.txt").write_text("old")
    (folder / "out.txt").chmod(0o604)
    tapelint_run("-o", "out.txt")
    assert stat.S_IMODE((folder / "out.txt").stat().st_mode) == 0o604


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_report_written_to_a_link_ends_up_where_it_leads(tapelint_run: Run, folder: Path) -> None:
    (folder / "real.txt").write_text("old")
    (folder / "link.txt").symlink_to("real.txt")
    tapelint_run("-o", "link.txt")
    assert (folder / "link.txt").is_symlink()
    assert (folder / "real.txt").read_text().startswith("a.py:2:1")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_written_to_and_not_replaced(tapelint_run: Run, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    reader = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    tapelint_run("-o", "pipe", "--output-format", "concise")
    assert os.read(reader, 4096).startswith(b"a.py:2:1: TAP201")
    os.close(reader)
    assert stat.S_ISFIFO((folder / "pipe").stat().st_mode)


def test_a_folder_that_does_not_exist_is_noticed_before_any_work(
    tapelint_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "inputs", lambda *_: pytest.fail("work was done"))
    ran = tapelint_run("-o", "reports/out.txt")
    assert ran.code == 2
    assert ran.err == (
        "error: the report cannot be written to `reports/out.txt`: "
        "make the folder `reports` first\n"
    )


def test_a_folder_is_no_place_for_a_report(tapelint_run: Run, folder: Path) -> None:
    (folder / "reports").mkdir()
    ran = tapelint_run("-o", "reports")
    assert ran.code == 2
    assert "`reports`, which is a folder" in ran.err


def test_the_report_is_as_wide_as_the_terminal(
    tapelint_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    wide = tapelint_run().out
    monkeypatch.setenv("COLUMNS", "41")
    narrow = tapelint_run().out
    assert len(narrow.splitlines()) > len(wide.splitlines())
