"""The command line: commands and exit codes. What they do is done elsewhere.

Nothing heavy is imported before a command needs it: `--version` and `explain` answer at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tapelint import cli_run, cli_verify, console, options, usage

if TYPE_CHECKING:
    from tapelint.model import Finding

CLEAN, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130
PURPOSE = "Find the line that cuts a TensorFlow gradient."
DESCRIPTION = f"""
{PURPOSE}

A PATH is a Python file, a folder, or `-` for standard input; without one the current folder is
checked. What .gitignore leaves out is left out, unless it is named.

RULES are codes (TAP201), beginnings of codes (TAP2), names (numpy-in-tape), groups (path) or ALL,
with commas between them. PATTERNS are those of .gitignore, also with commas.

Settings come from the nearest tapelint.toml, or pyproject.toml with a [tool.tapelint], at or above
the paths; the command line has the last word.

`tapelint PATH` is short for `tapelint check PATH`: write ./explain for a folder that is called like
a command.
"""
EPILOG = """
Exit codes: 0 nothing found, 1 something found, 2 a wrong command line, a path that does not exist
or an internal error, 130 interrupted.

Environment: NO_COLOR and FORCE_COLOR decide about colours where --color does not; TAPELINT_DEBUG=1
shows where in tapelint an error happened.
"""
COMMANDS = (
    ("explain CODE", "Show what a rule finds, with examples and the fix."),
    ("rules", "List all rules."),
    ("knowledge NAME", "Say what tapelint believes of a callable, and why."),
    ("repro FILE:LINE", "Write a finding as a script of its own."),
    ("run SCRIPT", "Run a program and watch its gradients."),
    ("doctor", "Say what `--verify` uses here, and how code is confined."),
    ("clean", "Remove what `--verify` keeps between runs."),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run tapelint with the arguments `argv`, else those of the process; return the exit code."""
    console.prepare()
    try:
        arguments = None if argv is None else list(argv)
        code: object = program.main(arguments, prog_name="tapelint", standalone_mode=False)
    except click.Abort:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - nobody should have to read a traceback
        if os.environ.get("TAPELINT_DEBUG"):
            import traceback

            traceback.print_exc()
        return _complained(_sentences(error))
    return code if isinstance(code, int) else CLEAN


def _sentences(error: Exception) -> Sequence[str]:
    """Return what to say about an error; only one that nobody foresaw is worth a report."""
    from tapelint.registry import UnknownRule
    from tapelint.settings import SettingsError

    match error:
        case click.ClickException():
            return (usage.sentence(error),)
        case SettingsError():
            return error.problems
        case UnknownRule():
            return (str(error) if error.suggestion else f"{error} (see `tapelint rules`)",)
        case console.ConsoleError():
            return (str(error),)
        case FileNotFoundError() if not error.filename:
            return ("the current folder does not exist any more: go to one that does",)
        case _:
            what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            report = "please report it, TAPELINT_DEBUG=1 shows where it happened"
            return (f"tapelint failed with an internal error ({what}): {report}",)


def _complained(sentences: Sequence[str]) -> int:
    for sentence in sentences:
        console.complain(sentence)
    return FAILED if sentences else CLEAN


@click.group(cls=usage.Program, help=PURPOSE, add_help_option=False)
def program() -> None:
    """Hold the commands; one of them is always run."""


@program.command(
    cls=usage.DefaultCommand,
    headings=options.CHECK,
    also=COMMANDS,
    params=[options.PATHS, options.VERSION, options.help_option()],
    add_help_option=False,
    help=DESCRIPTION,
    epilog=EPILOG,
)
def check(**given: Any) -> int:
    """Check files, and tell with the exit code whether anything was found."""
    from tapelint import request, session
    from tapelint.model import Confidence
    from tapelint.settings import Selection

    format_name = given["output_format"]
    if given["statistics"] and format_name not in ("text", "concise", "json"):
        raise click.UsageError(f"`--statistics` cannot be written as {format_name}")
    if given["config"] and given["isolated"]:
        raise click.UsageError("`--config` and `--isolated` exclude each other: give one of them")
    options.require_verify(given)
    output = Path(given["output_file"]) if given["output_file"] else None
    if output is not None:
        console.require_folder(output)
    asked = request.Request(
        given["paths"] or (".",),
        stdin_filename=given["stdin_filename"],
        config=given["config"],
        is_isolated=given["isolated"],
        selection=Selection(given["select"], given["extend_select"], given["ignore"]),
        exclude=given["exclude"],
        extend_exclude=given["extend_exclude"],
        respect_gitignore=False if given["no_respect_gitignore"] else None,
        force_exclude=given["force_exclude"],
        min_confidence=Confidence(given["min_confidence"]) if given["min_confidence"] else None,
    )
    settings = asked.settings()
    if given["show_settings"]:
        from tapelint import listing

        console.say(listing.settings(settings, session.selected(settings)))
        return CLEAN
    inputs = request.inputs(asked, settings, tuple(program.commands))
    if given["show_files"]:
        console.say("".join(f"{shown}\n" for _, shown in inputs.files))
        return _complained(inputs.problems)
    stdin = (inputs.stdin_name, console.read_standard_input()) if inputs.stdin_name else None
    with console.Progress() as progress:
        result = session.run(
            inputs.files,
            settings,
            stdin=stdin,
            unlisted=inputs.unlisted,
            processes=given["jobs"],
            progress=progress,
        )
    problems = list(inputs.problems)
    if given["verify"]:
        wanted = cli_verify.wanted(given)
        result, hindrance = cli_verify.verified(result, settings.root, **wanted)
        if hindrance and given["fail_on"] == "confirmed":
            # Nothing could fail such a run: that it passes would say nothing.
            problems.append(hindrance)
        elif hindrance:
            console.remark(hindrance)
    colour = console.has_colour(given["color"], None if output else sys.stdout)
    text = request.report(
        result,
        format_name,
        colour=colour,
        columns=console.columns(),
        stdin=stdin,
        with_statistics=given["statistics"],
    )
    is_idle = given["quiet"] or (bool(inputs.problems) and not result.files_checked)
    if output is not None:
        console.write_file(output, text)
    elif result.findings or not is_idle or format_name not in ("text", "concise"):
        console.say(text, colour=colour)
    is_failure = cli_verify.is_failure(result.findings, given["fail_on"]) and not given["exit_zero"]
    return _complained(problems) or (FOUND if is_failure else CLEAN)


@program.command(
    params=[
        options.CODE,
        options.one_of("--output-format", "text md json", "How to write it", "--format"),
        options.colour(),
        options.RUN,
        options.PYTHON,
        options.help_option(),
    ],
    add_help_option=False,
)
def explain(code: str, output_format: str, color: str, run: bool, python: str | None) -> int:
    """Show what the rule CODE (TAP201, or numpy-in-tape) finds.

    With examples of what goes wrong and what is right, the fix, and when to leave things as they
    are.
    """
    from tapelint import explain as cards
    from tapelint import registry

    colour = console.has_colour(color, sys.stdout)
    card = registry.find(code).card
    if run:
        text, agrees = cli_verify.examples(card, python)
        console.say(text)
        return CLEAN if agrees else FOUND
    text = cards.render(card, output_format, columns=console.columns(), colour=colour)
    console.say(text, colour=colour)
    return CLEAN


@program.command(
    params=[
        options.one_of("--output-format", "text json", "How to write it", "--format"),
        options.colour(),
        options.help_option(),
    ],
    add_help_option=False,
)
def rules(output_format: str, color: str) -> int:
    """List all rules: code, name and what each finds."""
    from tapelint import listing, registry

    colour = console.has_colour(color, sys.stdout)
    # A script wants each rule on a line, a person wants lines that fit.
    columns = console.columns() if console.is_terminal(sys.stdout) else None
    listed = registry.rules().values()
    console.say(listing.rules(listed, output_format, columns=columns, colour=colour), colour=colour)
    return CLEAN


@program.command(
    params=[
        options.NAME,
        options.one_of("--output-format", "text json", "How to write it", "--format"),
        options.CONFIG,
        options.ISOLATED,
        options.colour(),
        options.help_option(),
    ],
    add_help_option=False,
)
def knowledge(name: str, output_format: str, config: str | None, isolated: bool, color: str) -> int:
    """Say what tapelint believes of the callable NAME (tf.argmax, np.exp, mylib.quantize), and why.

    What you know better is said in the settings, under `[tool.tapelint.knowledge]`.
    """
    from tapelint import beliefs, request

    if not all(part.isidentifier() for part in name.split(".")):
        raise click.UsageError(f"`{name}` is no name of a callable: give one like tf.argmax")
    settings = request.Request((".",), config=config, is_isolated=isolated).settings()
    colour = console.has_colour(color, sys.stdout)
    belief = beliefs.find(name, settings)
    text = beliefs.render(name, belief, output_format, columns=console.columns(), colour=colour)
    console.say(text, colour=colour)
    return CLEAN


@program.command(
    params=[options.PLACE, options.OUTPUT, options.help_option()],
    add_help_option=False,
)
def repro(place: str, output_file: str | None) -> int:
    """Write the finding at FILE:LINE as a script of its own, for an issue or a test.

    The place may have a column, as in reports (FILE:LINE:COLUMN).
    It holds what leads to the gradient call and an assertion, which fails until the code is mended.
    """
    text = cli_verify.script(place, _found_here)
    if output_file is None:
        console.say(text)
    else:
        console.write_file(Path(output_file), text)
    return CLEAN


@program.command(
    params=[
        options.PROGRAM,
        *options.RUN_OPTIONS,
        options.PYTHON,
        options.one_of("--output-format", "text json sarif", "How to write the report", "--format"),
        options.OUTPUT,
        options.colour(),
        options.help_option(),
    ],
    add_help_option=False,
    context_settings={"allow_interspersed_args": False},
)
def run(**given: Any) -> int:
    """Run SCRIPT with its arguments and say where a gradient is None, NaN or zero.

    The program runs as under `python SCRIPT` (`python -m MODULE` with -m): its output, its exit
    code and its signals are its own, tapelint speaks on standard error. After the first None of a
    gradient call its next turn is recorded, to name the line that ends the gradient; --trace
    records everything, and runs functions eagerly.
    """
    return cli_run.watched(given)


@program.command(params=[options.PYTHON, options.help_option()], add_help_option=False)
def doctor(python: str | None) -> int:
    """Say which TensorFlow `--verify` would use, and which layers confine the code it runs.

    The exit code is 1 where nothing would be run.
    """
    text, is_ready = cli_verify.doctor(python, _root())
    console.say(text)
    return CLEAN if is_ready else FOUND


@program.command(params=[options.help_option()], add_help_option=False)
def clean() -> int:
    """Remove the folder `.tapelint_cache` of this project."""
    console.say(cli_verify.clean(_root()))
    return CLEAN


def _found_here() -> Sequence[Finding]:
    """Return the findings of the current folder."""
    from tapelint import request, session

    asked = request.Request((".",))
    settings = asked.settings()
    inputs = request.inputs(asked, settings)
    with console.Progress() as progress:
        return session.run(inputs.files, settings, progress=progress).findings


def _root() -> Path:
    """Return the folder of the settings that hold here, else the current one."""
    from tapelint import request

    return request.Request((".",)).settings().root or Path.cwd()
