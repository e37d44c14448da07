"""Which findings are reported: selectors, confidence, and the settings file behind them."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakelint import program
from running import Run

THREE = program(
    "f()  # finds: TAP201",
    "g()  # finds: TAP301",
    "h()  # finds: TAP203 likely",
)


@pytest.fixture(autouse=True)
def three(folder: Path) -> None:
    """Put a file with three findings into the folder."""
    (folder / "a.py").write_text(THREE)


def codes(run: Run, *arguments: str) -> list[str]:
    """Return the codes of what is reported, in order."""
    ran = run("--output-format=concise", *arguments)
    assert ran.err == ""
    return [line.split()[1] for line in ran.out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "TAP201 TAP301 TAP203"),
        (["--select", "TAP4"], ""),
        (["--select", "TAP201"], "TAP201"),
        (["--select", "tap2"], "TAP201 TAP203"),
        (["--select", "TAP201,TAP301"], "TAP201 TAP301"),
        (["--select", "TAP201", "--select", " TAP301 "], "TAP201 TAP301"),
        (["--select", "numpy-in-tape"], "TAP201"),
        (["--select", "path"], "TAP201 TAP203"),
        (["--select", "ALL"], "TAP201 TAP301 TAP203"),
        (["--select", "TAP3", "--extend-select", "TAP201"], "TAP201 TAP301"),
        (["--ignore", "TAP2"], "TAP301"),
        (["--select", "TAP2", "--ignore", "integer-cast"], "TAP201"),
        (["--min-confidence", "certain"], "TAP201 TAP301"),
        (["--min-confidence", "likely"], "TAP201 TAP301 TAP203"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value.replace(" ", "+"),
)
def test_selectors_choose_what_is_reported(
    tapelint_run: Run, arguments: list[str], expected: str
) -> None:
    assert codes(tapelint_run, *arguments) == expected.split()


def test_a_file_that_could_not_be_checked_is_reported_whatever_is_selected(
    tapelint_run: Run, folder: Path
) -> None:
    (folder / "a.py").write_text(program("f()  # raises: Puzzled"))
    assert codes(tapelint_run, "--select", "TAP3") == ["TAP901"]


def test_a_file_that_could_not_be_checked_is_not_reported_when_told_so(
    tapelint_run: Run, folder: Path
) -> None:
    (folder / "a.py").write_text(program("f()  # raises: Puzzled"))
    assert codes(tapelint_run, "--ignore", "TAP901") == []


def test_advice_is_only_given_when_it_is_asked_for(tapelint_run: Run, folder: Path) -> None:
    (folder / "a.py").write_text(program("f()  # finds: TAP305"))
    assert codes(tapelint_run) == []
    assert codes(tapelint_run, "--extend-select", "TAP305") == ["TAP305"]


def test_every_unknown_selector_is_named_with_what_was_meant(tapelint_run: Run) -> None:
    ran = tapelint_run(
        "--select", "TAP999,TAP201", "--ignore", "numpy-in-tap", "--extend-select=qqq"
    )
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines() == [
        "error: --select: no rule is called `TAP999` (see `tapelint rules`)",
        "error: --extend-select: no rule is called `qqq` (see `tapelint rules`)",
        "error: --ignore: no rule is called `numpy-in-tap`, did you mean `numpy-in-tape`?",
    ]


def test_an_unknown_selector_is_an_error_even_if_nothing_is_found(
    tapelint_run: Run, folder: Path
) -> None:
    (folder / "a.py").write_text("")
    assert tapelint_run("--select", "TAP999").code == 2


def test_the_settings_file_selects(tapelint_run: Run, folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.tapelint]\nselect = ['TAP3']\n")
    assert codes(tapelint_run) == ["TAP301"]


def test_the_command_line_has_the_last_word(tapelint_run: Run, folder: Path) -> None:
    (folder / "tapelint.toml").write_text(
        "select = ['TAP3']\nignore = ['TAP203']\nmin-confidence = 'certain'\n"
    )
    arguments = ("--select", "TAP2", "--min-confidence", "likely")
    assert codes(tapelint_run, *arguments) == ["TAP201", "TAP203"]


def test_the_command_line_adds_to_the_settings_file(tapelint_run: Run, folder: Path) -> None:
    (folder / "tapelint.toml").write_text("select = ['TAP3']\n")
    assert codes(tapelint_run, "--extend-select", "TAP201") == ["TAP201", "TAP301"]
    assert codes(tapelint_run, "--ignore", "TAP301") == []


def test_a_settings_file_can_be_left_out(tapelint_run: Run, folder: Path) -> None:
    (folder / "tapelint.toml").write_text("select = ['TAP3']\n")
    assert codes(tapelint_run, "--isolated") == ["TAP201", "TAP301", "TAP203"]


def test_a_settings_file_can_be_named(tapelint_run: Run, folder: Path) -> None:
    (folder / "tapelint.toml").write_text("select = ['TAP3']\n")
    (folder / "other.toml").write_text("select = ['TAP201']\n")
    assert codes(tapelint_run, "--config", "other.toml") == ["TAP201"]


def test_the_settings_are_those_of_the_paths_not_of_the_current_folder(
    tapelint_run: Run, folder: Path
) -> None:
    elsewhere = folder.parent / "elsewhere" / "pkg"
    elsewhere.mkdir(parents=True)
    (elsewhere.parent / "pyproject.toml").write_text("[tool.tapelint]\nselect = ['TAP3']\n")
    (elsewhere / "b.py").write_text(THREE)
    assert codes(tapelint_run, str(elsewhere / "b.py")) == ["TAP301"]


def test_the_settings_of_several_paths_are_those_above_all_of_them(
    tapelint_run: Run, folder: Path
) -> None:
    (folder / "tapelint.toml").write_text("select = ['TAP301']\n")
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "b.py").write_text(THREE)
    (folder / "one" / "tapelint.toml").write_text("select = ['TAP201']\n")
    assert codes(tapelint_run, "one", "two") == ["TAP301", "TAP301"]
    assert codes(tapelint_run, "one") == ["TAP201"]


def test_ignores_for_files_are_relative_to_the_settings_file(
    tapelint_run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "pkg").mkdir()
    (folder / "pkg" / "b.py").write_text(THREE)
    (folder / "tapelint.toml").write_text("[per-file-ignores]\n'pkg/*' = ['TAP2']\n")
    monkeypatch.chdir(folder / "pkg")
    assert codes(tapelint_run, "b.py", "../a.py") == ["TAP201", "TAP301", "TAP203", "TAP301"]


def test_every_problem_of_a_settings_file_is_told(tapelint_run: Run, folder: Path) -> None:
    (folder / "tapelint.toml").write_text("selekt = []\nexclude = 'a'\n")
    ran = tapelint_run()
    assert ran.code == 2
    assert ran.err.splitlines() == [
        "error: tapelint.toml: no setting is called `selekt`, did you mean `select`?",
        (
            "error: tapelint.toml: `exclude` should be a list of patterns, "
            'for instance ["docs/", "*_generated.py"]'
        ),
    ]


def test_an_unknown_rule_in_a_settings_file_is_told_with_the_file(
    tapelint_run: Run, folder: Path
) -> None:
    (folder / "tapelint.toml").write_text("ignore = ['numpy_in_tape']\n")
    ran = tapelint_run()
    assert ran.code == 2
    assert ran.err == (
        "error: tapelint.toml: no rule is called `numpy_in_tape`, did you mean `numpy-in-tape`?\n"
    )


def test_show_settings_can_be_read_back_as_a_settings_file(tapelint_run: Run, folder: Path) -> None:
    (folder / "tapelint.toml").write_text(
        "select = ['TAP3']\nextend-exclude = ['old/']\n[per-file-ignores]\n'*_test.py' = ['TAP1']\n"
    )
    shown = tapelint_run("--show-settings", "--extend-select", "TAP201", "--force-exclude")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("# from tapelint.toml\n")
    (folder / "tapelint.toml").unlink()
    (folder / "back.toml").write_text(shown.out)
    again = tapelint_run("--show-settings", "--config", "back.toml")
    assert again.out.split("\n", 1)[1] == shown.out.split("\n", 1)[1]
    assert '"TAP201"' in shown.out
    assert '"old/"' in shown.out
    assert "force-exclude = true" in shown.out
