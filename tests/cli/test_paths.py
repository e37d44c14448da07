"""What is checked: paths, standard input, exclusions."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from fakelint import program
from running import Run

BAD = program("f()  # finds: TAP201")


def write(folder: Path, *names: str) -> None:
    """Write a file with one finding at each path."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(BAD)


def places(run: Run, *arguments: str, stdin: bytes | None = None) -> list[str]:
    """Return the files in which something is reported, in order."""
    ran = run("--output-format=concise", *arguments, stdin=stdin)
    assert ran.err == ""
    return [line.partition(":")[0] for line in ran.out.splitlines()]


def test_what_gitignore_leaves_out_is_left_out(tapelint_run: Run, folder: Path) -> None:
    write(folder, "a.py", "gen/b.py", "build/c.py")
    (folder / ".gitignore").write_text("gen/\n")
    assert places(tapelint_run) == ["a.py"]
    assert places(tapelint_run, "--no-respect-gitignore") == ["a.py", "gen/b.py"]


def test_what_is_named_is_checked_although_it_is_left_out_of_a_search(
    tapelint_run: Run, folder: Path
) -> None:
    write(folder, "gen/b.py", "build/c.py")
    (folder / ".gitignore").write_text("gen/\n")
    assert places(tapelint_run, "gen", "build/c.py") == ["build/c.py", "gen/b.py"]


def test_what_is_excluded_can_be_left_out_even_if_it_is_named(
    tapelint_run: Run, folder: Path
) -> None:
    write(folder, "a.py", "build/c.py", "old/d.py")
    arguments = ("--force-exclude", "--extend-exclude", "old", "a.py", "build/c.py", "old")
    assert places(tapelint_run, *arguments) == ["a.py"]


def test_forced_exclusion_can_be_a_setting(tapelint_run: Run, folder: Path) -> None:
    write(folder, "a.py", "build/c.py")
    (folder / "tapelint.toml").write_text("force-exclude = true\n")
    assert places(tapelint_run, "a.py", "build/c.py") == ["a.py"]


def test_forced_exclusion_does_not_look_above_the_project(
    tapelint_run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "build/a.py")
    monkeypatch.chdir(folder / "build")
    assert places(tapelint_run, "--force-exclude", "a.py") == ["a.py"]
    assert places(tapelint_run, "--force-exclude", str(folder / "build" / "a.py")) == ["a.py"]


def test_a_file_of_any_name_is_checked_if_it_is_named(tapelint_run: Run, folder: Path) -> None:
    write(folder, "script", "notes.txt")
    assert places(tapelint_run) == []
    assert places(tapelint_run, "script", "notes.txt") == ["notes.txt", "script"]


def test_a_file_named_twice_is_checked_once(tapelint_run: Run, folder: Path) -> None:
    write(folder, "src/a.py")
    assert places(tapelint_run, "src", "src/a.py", "./src/a.py", str(folder)) == ["src/a.py"]


def test_options_may_follow_paths(tapelint_run: Run, folder: Path) -> None:
    write(folder, "src/a.py")
    assert places(tapelint_run, "src", "--select", "TAP201") == ["src/a.py"]
    assert places(tapelint_run, "src", "--select", "TAP1") == []


def test_what_follows_two_dashes_is_a_path(tapelint_run: Run, folder: Path) -> None:
    write(folder, "--select")
    assert places(tapelint_run, "--", "--select") == ["--select"]


@pytest.mark.parametrize("name", ["check", "explain", "rules"])
def test_a_folder_called_like_a_command_is_a_path_with_a_dot(
    tapelint_run: Run, folder: Path, name: str
) -> None:
    write(folder, f"{name}/a.py")
    assert places(tapelint_run, f"./{name}") == [f"{name}/a.py"]
    assert places(tapelint_run, f"{name}/") == [f"{name}/a.py"]
    ran = tapelint_run("check", name, "--output-format=concise")
    assert (ran.code, ran.out.partition(":")[0]) == (1, f"{name}/a.py")


def test_check_is_the_default_command(tapelint_run: Run, folder: Path) -> None:
    write(folder, "a.py")
    assert tapelint_run("check", ".") == tapelint_run(".") == tapelint_run()


def test_an_exclusion_is_relative_to_where_the_user_stands(
    tapelint_run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "tapelint.toml").write_text("")
    write(folder, "pkg/old/a.py", "pkg/new/a.py", "old/a.py")
    monkeypatch.chdir(folder / "pkg")
    assert places(tapelint_run, "--exclude", "old/a.py", "..") == [
        "../old/a.py",
        "../pkg/new/a.py",
    ]
    assert places(tapelint_run, "--exclude", "old/", "..") == ["../pkg/new/a.py"]


def test_exclude_replaces_the_usual_exclusions(tapelint_run: Run, folder: Path) -> None:
    write(folder, "a.py", "build/b.py", "old/c.py")
    assert places(tapelint_run, "--exclude", "old/") == ["a.py", "build/b.py"]
    assert places(tapelint_run, "--extend-exclude", "old/") == ["a.py"]


def test_standard_input_is_checked(tapelint_run: Run) -> None:
    assert places(tapelint_run, "-", stdin=BAD.encode()) == ["<stdin>"]


def test_standard_input_is_read_once(tapelint_run: Run) -> None:
    assert places(tapelint_run, "-", "-", stdin=BAD.encode()) == ["<stdin>"]


def test_standard_input_may_have_a_name(tapelint_run: Run, folder: Path) -> None:
    (folder / "tapelint.toml").write_text("[per-file-ignores]\n'old/*' = ['TAP201']\n")
    given = BAD.encode()
    new, old = (("-", "--stdin-filename", f"{name}/a.py") for name in ("new", "old"))
    assert places(tapelint_run, *new, stdin=given) == ["new/a.py"]
    assert places(tapelint_run, *old, stdin=given) == []


def test_settings_are_looked_for_beside_the_name_of_standard_input(
    tapelint_run: Run, folder: Path
) -> None:
    write(folder, "sub/x.py")
    (folder / "sub" / "tapelint.toml").write_text("select = ['TAP3']\n")
    arguments = ("-", "--stdin-filename", "sub/new.py")
    assert places(tapelint_run, *arguments, stdin=BAD.encode()) == []


def test_standard_input_with_an_excluded_name_is_passed_over(
    tapelint_run: Run, folder: Path
) -> None:
    arguments = ("-", "--stdin-filename", "build/a.py")
    assert places(tapelint_run, *arguments, stdin=BAD.encode()) == ["build/a.py"]
    assert places(tapelint_run, *arguments, "--force-exclude", stdin=BAD.encode()) == []


def test_standard_input_and_files_are_checked_together(tapelint_run: Run, folder: Path) -> None:
    write(folder, "a.py")
    ran = tapelint_run("a.py", "-", "--output-format=json", stdin=BAD.encode())
    document = json.loads(ran.out)
    assert [found["span"]["path"] for found in document["findings"]] == ["<stdin>", "a.py"]
    assert document["summary"]["files_checked"] == 2


def test_standard_input_that_is_no_text_is_a_finding(tapelint_run: Run) -> None:
    ran = tapelint_run("-", "--output-format=concise", stdin=b"GradientTape\n\xff")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out == "<stdin>:2:1: TAP901 the file is no valid utf-8: byte 0xff\n"


def test_the_report_quotes_standard_input(tapelint_run: Run) -> None:
    ran = tapelint_run("-", stdin=BAD.encode())
    assert "2 | f()  # finds: TAP201" in ran.out


def test_show_files_lists_them_and_checks_nothing(tapelint_run: Run, folder: Path) -> None:
    write(folder, "b.py", "a.py", "pkg/c.py", "build/d.py")
    ran = tapelint_run("--show-files")
    assert (ran.code, ran.out) == (0, "a.py\nb.py\npkg/c.py\n")
    assert tapelint_run("--show-files", "gone", "a.py").code == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_that_is_no_utf_8_can_be_reported(tapelint_run: Run, folder: Path) -> None:
    path = os.path.join(os.fsencode(folder), b"caf\xe9.py")
    Path(os.fsdecode(path)).write_text(BAD)
    assert places(tapelint_run) == ["caf\\xe9.py"]
