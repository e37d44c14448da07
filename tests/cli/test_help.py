"""What the command line says about itself, and the commands that show rules."""

from __future__ import annotations

import json
import re
import sys

import click
import pytest
from running import Run

from tapelint import __version__, cli, options, registry, report
from tapelint.cli import program
from tapelint.model import Confidence

COMMANDS = [[], ["explain"], ["rules"]]


@pytest.mark.parametrize("command", COMMANDS, ids=str)
@pytest.mark.parametrize("columns", [80, 60])
def test_help_fits_the_terminal(
    tapelint_run: Run, monkeypatch: pytest.MonkeyPatch, command: list[str], columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    ran = tapelint_run(*command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert max(map(len, ran.out.splitlines())) <= columns


def test_help_is_the_same_for_the_program_and_its_default_command(tapelint_run: Run) -> None:
    assert tapelint_run("--help") == tapelint_run("-h") == tapelint_run("check", "--help")


def test_help_groups_every_option_of_the_default_command(tapelint_run: Run) -> None:
    text = tapelint_run("--help").out
    headings = re.findall(r"^(\w[\w ]+):$", text, re.MULTILINE)
    assert headings == ["Commands", *options.CHECK, "Other"]
    for heading, listed in options.CHECK.items():
        section = text.partition(f"\n{heading}:\n")[2].partition("\n\n")[0]
        for option in listed:
            assert re.search(rf"{option.opts[-1]}\b", section), option.opts


def test_help_lists_every_other_command(tapelint_run: Run) -> None:
    listed = {usage.split()[0] for usage, _ in cli.COMMANDS}
    assert listed == set(program.commands) - {"check"}


def test_every_option_says_what_it_does() -> None:
    for command in program.commands.values():
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, option.opts
                assert option.help.endswith("."), option.opts


def test_every_report_format_can_be_asked_for() -> None:
    listed = next(o for o in options.CHECK["How to report it"] if o.name == "output_format")
    assert isinstance(listed.type, click.Choice)
    assert tuple(listed.type.choices) == report.FORMATS


def test_every_confidence_can_be_asked_for() -> None:
    listed = next(o for o in options.CHECK["What to report"] if o.name == "min_confidence")
    assert isinstance(listed.type, click.Choice)
    assert set(listed.type.choices) == {confidence.value for confidence in Confidence}


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_told(tapelint_run: Run, option: str) -> None:
    ran = tapelint_run(option)
    assert (ran.code, ran.out) == (0, f"tapelint {__version__}\n")


@pytest.mark.parametrize("name", ["TAP201", "tap201", "numpy-in-tape"])
def test_explain_shows_a_rule_by_code_or_name(tapelint_run: Run, name: str) -> None:
    ran = tapelint_run("explain", name)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("TAP201 numpy-in-tape\n")
    assert "What goes wrong" in ran.out


def test_explain_writes_markdown_and_json(tapelint_run: Run) -> None:
    assert tapelint_run("explain", "TAP201", "--format", "md").out.startswith("# numpy-in-tape")
    assert json.loads(tapelint_run("explain", "TAP201", "--format", "json").out)["code"] == "TAP201"


def test_explain_and_rules_know_the_name_that_check_has_for_formats(tapelint_run: Run) -> None:
    for command in (["explain", "TAP201"], ["rules"]):
        short = tapelint_run(*command, "--format", "json")
        assert tapelint_run(*command, "--output-format", "json") == short


def test_explain_is_coloured_on_request(tapelint_run: Run) -> None:
    assert "\x1b[" not in tapelint_run("explain", "TAP201").out
    assert "\x1b[" in tapelint_run("explain", "TAP201", "--color", "always").out


def test_rules_are_a_line_each_in_a_pipe(tapelint_run: Run) -> None:
    lines = tapelint_run("rules").out.partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines] == list(registry.rules())
    for line, rule in zip(lines, registry.rules().values(), strict=True):
        assert rule.name in line
        assert line.endswith(rule.card.message)


def test_rules_that_wait_to_be_selected_are_marked(tapelint_run: Run) -> None:
    text = tapelint_run("rules").out
    marked = re.findall(r"^(TAP\d+) -", text, re.MULTILINE)
    assert marked == [code for code, rule in registry.rules().items() if not rule.is_default]
    assert text.endswith("A rule marked - runs only when it is selected.\n")


def test_rules_fit_the_terminal(tapelint_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, tapelint_run("rules", "--color=never").out.splitlines())) <= 80


def test_rules_as_json_say_what_is_on_their_cards(tapelint_run: Run) -> None:
    document = json.loads(tapelint_run("rules", "--format", "json").out)
    assert [rule["code"] for rule in document["rules"]] == list(registry.rules())
    numpy = next(rule for rule in document["rules"] if rule["code"] == "TAP201")
    assert numpy["name"] == "numpy-in-tape"
    assert numpy["default"] is True
    assert numpy["severity"] == "error"
