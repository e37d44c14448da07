"""The exit code: 0 clean, 1 findings, 2 could not do all that was asked, 130 interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakelint import program
from running import Run

from tapelint import registry, session


def test_a_clean_folder_is_0_and_one_friendly_line(tapelint_run: Run, folder: Path) -> None:
    (folder / "a.py").write_text(program())
    (folder / "b.py").write_text("no = 'mention of one'\n")
    ran = tapelint_run()
    assert (ran.code, ran.out, ran.err) == (0, "All 2 files clean.\n", "")


def test_an_empty_folder_is_0(tapelint_run: Run) -> None:
    ran = tapelint_run()
    assert (ran.code, ran.out, ran.err) == (0, "No files to check.\n", "")


def test_a_suppressed_finding_is_0_and_counted(tapelint_run: Run, folder: Path) -> None:
    (folder / "a.py").write_text(program("f()  # finds: TAP201  # tapelint: ignore[TAP201]"))
    ran = tapelint_run()
    assert (ran.code, ran.out) == (0, "1 file clean (1 suppressed).\n")


def test_exit_zero_is_0_whatever_is_found(tapelint_run: Run, folder: Path) -> None:
    (folder / "a.py").write_text(program("f()  # finds: TAP201"))
    ran = tapelint_run("--exit-zero")
    assert ran.code == 0
    assert "TAP201" in ran.out


def test_a_finding_is_1(tapelint_run: Run, folder: Path) -> None:
    (folder / "a.py").write_text(program("f()  # finds: TAP201"))
    ran = tapelint_run()
    assert ran.code == 1
    assert "a.py:2:1 TAP201 numpy-in-tape (error, certain)" in ran.out
    assert ran.out.endswith("Found 1 error in 1 file (1 checked).\n")


def test_a_file_that_cannot_be_checked_is_1(tapelint_run: Run, folder: Path) -> None:
    (folder / "a.py").write_text(program("f()  # raises: Puzzled"))
    ran = tapelint_run("--output-format=concise")
    assert ran.code == 1
    assert ran.out == ("a.py:1:1: TAP901 the analysis failed with an internal error (Puzzled)\n")


def test_a_path_that_does_not_exist_is_2_and_the_others_are_checked(
    tapelint_run: Run, folder: Path
) -> None:
    (folder / "a.py").write_text(program("f()  # finds: TAP201"))
    ran = tapelint_run("gone.txt", "a.py", "away", "--output-format=concise")
    assert ran.code == 2
    assert ran.out == "a.py:2:1: TAP201 the gradient is None\n"
    assert ran.err == (
        "error: `gone.txt` does not exist: give a file, a folder, or `-`\n"
        "error: `away` does not exist: give a file, a folder, or `-`\n"
    )


def test_a_missing_path_alone_is_not_called_clean(tapelint_run: Run) -> None:
    ran = tapelint_run("gone")
    assert (ran.code, ran.out) == (2, "")


def test_exit_zero_does_not_cover_a_path_that_does_not_exist(tapelint_run: Run) -> None:
    assert tapelint_run("--exit-zero", "gone").code == 2


def test_a_misspelt_path_gets_its_neighbour_proposed(tapelint_run: Run, folder: Path) -> None:
    (folder / "src" / "models").mkdir(parents=True)
    ran = tapelint_run("src/model")
    assert ran.err == "error: `src/model` does not exist, did you mean `src/models`?\n"


def test_an_empty_path_is_no_way_to_say_the_current_folder(tapelint_run: Run, folder: Path) -> None:
    (folder / "a.py").write_text(program("f()  # finds: TAP201"))
    ran = tapelint_run("")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: a path is empty")


def test_a_path_cannot_steer_the_terminal_nor_be_too_long(tapelint_run: Run) -> None:
    ran = tapelint_run("a\nb\x1b[31m", "a" * 5000)
    assert ran.code == 2
    first, second = ran.err.splitlines()
    assert first.startswith("error: `a\ufffdb\ufffd[31m` does not exist")
    assert second.startswith("error: `aaaa")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--selct", "TAP2"], "no option is called `--selct`, did you mean `--select`?"),
        (["--zzz"], "no option is called `--zzz` (see `tapelint --help`)"),
        (["-x"], "no option is called `-x` (see `tapelint --help`)"),
        (["--jobs", "0"], "`--jobs`: give 1 or more (see `tapelint --help`)"),
        (["-j", "two"], "`--jobs`: `two` is not a valid integer (see `tapelint --help`)"),
        (["--select", ","], "`--select`: the list is empty (see `tapelint --help`)"),
        (["--select"], "option `--select` requires an argument (see `tapelint --help`)"),
        (["explain"], "`tapelint explain` needs a CODE (see `tapelint explain --help`)"),
        (["explain", "bogus"], "no rule is called `bogus` (see `tapelint rules`)"),
        (["explain", "numpy"], "no rule is called `numpy` (see `tapelint rules`)"),
        (
            ["explain", "numpy-in-tap"],
            "no rule is called `numpy-in-tap`, did you mean `numpy-in-tape`?",
        ),
        (["explain", "TAP299"], "no rule is called `TAP299` (see `tapelint rules`)"),
        (["explain", "tap-201"], "no rule is called `tap-201`, did you mean `TAP201`?"),
        (["--select", "E501"], "--select: no rule is called `E501` (see `tapelint rules`)"),
        (["--fix"], "no option is called `--fix` (see `tapelint --help`)"),
        (["explian"], "`explian` does not exist, did you mean `tapelint explain`?"),
        (["help"], "`help` does not exist, did you mean `tapelint --help`?"),
        (
            ["--config", "tapelint.toml", "--isolated"],
            "`--config` and `--isolated` exclude each other: give one of them (see `tapelint --help`)",
        ),
        (
            ["--fail-on", "confirmed"],
            "`--fail-on confirmed` fails no run without `--verify`: give that too (see `tapelint --help`)",
        ),
        (
            ["--verify-modes", "eager,xla"],
            "`--verify-modes` compares nothing without `--verify`: give that too (see `tapelint --help`)",
        ),
        (
            ["--verify-modes", "eager,lazy"],
            "`--verify-modes`: `lazy` is not one of `eager`, `graph`, `xla` (see `tapelint --help`)",
        ),
        (
            ["knowledge", "tf.f()"],
            "`tf.f()` is no name of a callable: give one like tf.argmax (see `tapelint knowledge --help`)",
        ),
        (
            ["--config", "none.toml"],
            "none.toml: the settings cannot be read: no such file or directory",
        ),
        (
            ["--statistics", "--output-format", "sarif"],
            "`--statistics` cannot be written as sarif (see `tapelint --help`)",
        ),
        (
            ["--stdin-filename", "a.py"],
            "`--stdin-filename` names what `-` reads: give `-` as a path too",
        ),
        (
            ["src", "rules"],
            "`rules` is no path here, and a command comes first: `tapelint rules ...`",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line_is_2_and_one_sentence(
    tapelint_run: Run, folder: Path, arguments: list[str], sentence: str
) -> None:
    (folder / "src").mkdir()
    ran = tapelint_run(*arguments)
    assert ran.code == 2
    assert ran.err.splitlines() == [f"error: {sentence}"]


def test_a_selector_of_several_rules_names_none(tapelint_run: Run) -> None:
    ran = tapelint_run("explain", "TAP2")
    number = len(registry.codes("TAP2"))
    sentence = f"`TAP2` stands for {number} rules: name one of them (see `tapelint rules`)"
    assert (ran.code, ran.err) == (2, f"error: {sentence}\n")


def test_a_choice_that_is_none_lists_those_that_are(tapelint_run: Run) -> None:
    ran = tapelint_run("--output-format", "xml")
    assert ran.code == 2
    assert "`--output-format`: `xml` is not one of `text`, `concise`, `json`" in ran.err


def test_an_internal_error_is_2_and_no_traceback(
    tapelint_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "run", lambda *_, **__: 1 // 0)
    ran = tapelint_run()
    assert ran.code == 2
    assert ran.err == (
        "error: tapelint failed with an internal error (ZeroDivisionError: integer division or "
        "modulo by zero): please report it, TAPELINT_DEBUG=1 shows where it happened\n"
    )


def test_debugging_shows_the_traceback(tapelint_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "run", lambda *_, **__: 1 // 0)
    monkeypatch.setenv("TAPELINT_DEBUG", "1")
    ran = tapelint_run()
    assert ran.code == 2
    assert "Traceback (most recent call last)" in ran.err


def test_debugging_shows_where_a_file_was_given_up(
    tapelint_run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.py").write_text(program("f()  # raises: Puzzled"))
    monkeypatch.setenv("TAPELINT_DEBUG", "1")
    ran = tapelint_run()
    assert ran.code == 1
    assert "fakelint.Puzzled: told to" in ran.err


def test_an_interruption_is_130_and_silent(
    tapelint_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "run", interrupted)
    ran = tapelint_run()
    assert (ran.code, ran.out, ran.err) == (130, "", "")
