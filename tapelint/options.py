"""The options of the command line and how they are described; what they mean is said elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from tapelint import __version__, console

OUTCOMES = ("none", "nan", "zero")
MODES = ("eager", "graph", "xla")
# What without `--verify` would not be done, or would hold for every finding or for none.
DEPENDENT = {
    "fail_on": "`--fail-on confirmed` fails no run",
    "verify_modes": "`--verify-modes` compares nothing",
    "show_refuted": "`--show-refuted` shows nothing",
}


def complete_rules(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the code or the name of a rule; in a list, of the last one."""
    from tapelint import registry

    is_list = isinstance(param, click.Option)
    before, comma, word = incomplete.rpartition(",") if is_list else ("", "", incomplete)
    return [
        CompletionItem(f"{before}{comma}{name}", help=rule.card.message)
        for rule in registry.rules().values()
        for name in (rule.code, rule.name)
        if name.casefold().startswith(word.casefold())
    ]


def one_of(name: str, choices: str, help: str, *others: str, **more: Any) -> click.Option:
    """Declare an option that takes one of a few words, the first of which is the default."""
    words = choices.split()
    return click.Option(
        [*others, name, name.strip("-").replace("-", "_")],
        type=click.Choice(words),
        metavar=name.rpartition("-")[2].upper(),
        help=f"{help}: {', '.join(words[:-1])} or {words[-1]} (default: {words[0]}).",
        **{"default": words[0], **more},
    )


def colour() -> click.Option:
    """Declare `--color`."""
    return one_of("--color", "auto always never", "When to use colours")


def _words(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> tuple[str, ...]:
    """Split the values of an option that takes lists: `--select TAP1,TAP2 --select TAP3`."""
    found = tuple(word.strip() for text in value for word in text.split(",") if word.strip())
    if value and not found:
        raise click.BadParameter("the list is empty", ctx, param)
    return found


def _at_least_one(ctx: click.Context, param: click.Parameter, value: int | None) -> int | None:
    if value is not None and value < 1:
        raise click.BadParameter("give 1 or more", ctx, param)
    return value


def _positive(ctx: click.Context, param: click.Parameter, value: float) -> float:
    if not value > 0:
        raise click.BadParameter("give more than 0", ctx, param)
    return value


def _list(
    name: str, metavar: str, help: str, known: Sequence[str] = (), **more: Any
) -> click.Option:
    """Declare an option that takes lists, of any words or of those that are `known`."""

    def read(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> tuple[str, ...]:
        words = _words(ctx, param, value)
        if known and (unknown := [word for word in words if word not in known]):
            message = f"`{unknown[0]}` is not one of {', '.join(f'`{word}`' for word in known)}"
            raise click.BadParameter(message, ctx, param)
        return words

    return click.Option([name], multiple=True, metavar=metavar, callback=read, help=help, **more)


def _rules(name: str, help: str) -> click.Option:
    return _list(name, "RULES", help, shell_complete=complete_rules)


def _flag(*names: str, help: str, **more: Any) -> click.Option:
    return click.Option(names, is_flag=True, help=help, **more)


def _file(*names: str, help: str) -> click.Option:
    # Whether it can be read is found out by reading: who looks before only asks twice.
    kind = click.Path(readable=False)
    return click.Option(names, metavar="FILE", type=kind, help=help)


PATHS = click.Argument(["paths"], nargs=-1, metavar="[PATH]...", type=click.Path(readable=False))
PLACE = click.Argument(["place"], metavar="FILE:LINE")
PYTHON = _file("--python", help="The Python that has TensorFlow (default: this or the project's).")
OUTPUT = _file("-o", "--output-file", help="Write the report to this file, all of it or nothing.")
CONFIG = _file("--config", help="Read the settings from this file.")
ISOLATED = _flag("--isolated", help="Read no settings file.")
NAME = click.Argument(["name"], metavar="NAME")
RUN = _flag("--run", help="Run the examples under TensorFlow, and compare with what they say.")
CODE = click.Argument(["code"], metavar="CODE", shell_complete=complete_rules)


def _answer(names: Sequence[str], help: str, text: Callable[[click.Context], str]) -> click.Option:
    """Declare an option that prints something instead of running a command."""

    def printed(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            console.say(f"{text(ctx)}\n")
            ctx.exit()

    return _flag(*names, help=help, is_eager=True, expose_value=False, callback=printed)


def help_option() -> click.Option:
    """Declare `--help`; that of click ends badly where its reader is gone."""
    return _answer(("-h", "--help"), "Show this message and exit.", click.Context.get_help)


VERSION = _answer(
    ("-V", "--version"), "Show the version and exit.", lambda ctx: f"tapelint {__version__}"
)
CHECK: Mapping[str, Sequence[click.Option]] = {
    "What to report": (
        _rules("--select", "Report these rules only, instead of the usual ones."),
        _rules("--extend-select", "Report these rules too."),
        _rules("--ignore", "Do not report these rules."),
        one_of(
            "--min-confidence",
            "likely certain",
            "How sure the analysis must be of a finding",
            default=None,
        ),
    ),
    "Which files and settings": (
        _list("--exclude", "PATTERNS", "Leave out these files instead of the usual ones."),
        _list("--extend-exclude", "PATTERNS", "Leave out these files too."),
        _flag(
            "--force-exclude",
            default=None,
            help="Leave out excluded files even if they are named (for pre-commit).",
        ),
        _flag("--no-respect-gitignore", help="Check what .gitignore leaves out as well."),
        _file("--stdin-filename", help="The name of what `-` reads."),
        CONFIG,
        ISOLATED,
        click.Option(
            ["-j", "--jobs"],
            metavar="N",
            type=int,
            callback=_at_least_one,
            help="Use at most N processes (default: one for each processor).",
        ),
    ),
    "How to verify": (
        _flag("--verify", help="Run the code of each finding under a real tape, in a sandbox."),
        _flag("--show-refuted", help="Report findings too that a run has refuted."),
        one_of("--fail-on", "likely certain confirmed", "The least that fails a run"),
        _list(
            "--verify-modes",
            "MODES",
            "Compare what comes out in these modes: eager, graph, xla (default: eager).",
            MODES,
        ),
        PYTHON,
        click.Option(
            ["--verify-timeout"],
            metavar="SECONDS",
            type=float,
            default=20.0,
            callback=_positive,
            help="How long one run may take (default: 20).",
        ),
        _flag("--no-cache", help="Run everything again, and keep nothing of it."),
        _flag("--allow-unsandboxed", help="Run code even where nothing can confine it."),
    ),
    "How to report it": (
        one_of(
            "--output-format",
            "text concise json sarif github gitlab",
            "How to write the findings",
        ),
        OUTPUT,
        colour(),
        _flag("--statistics", help="Only count the findings of each rule."),
        _flag("-q", "--quiet", help="Say nothing when nothing is found."),
        _flag("-e", "--exit-zero", help="Exit with 0 even if something is found."),
        _flag("--show-files", help="List the files that would be checked, and exit."),
        _flag("--show-settings", help="Show the settings that would be used, and exit."),
    ),
}
PROGRAM = click.Argument(
    ["program"], nargs=-1, required=True, type=click.UNPROCESSED, metavar="SCRIPT"
)
RUN_OPTIONS = (
    _flag("-m", "--module", help="SCRIPT is the name of a module."),
    _flag("--trace", help="Run functions eagerly and record everything: slow, and complete."),
    _list(
        "--fail-on",
        "OUTCOMES",
        "Exit with 1 if the program succeeds and a gradient was one of: none, nan, zero.",
        OUTCOMES,
    ),
    _flag("-q", "--quiet", help="Say nothing on standard error."),
)


def require_verify(given: Mapping[str, Any]) -> None:
    """Raise `click.UsageError` for options that cannot mean anything without `--verify`."""
    for name, sentence in DEPENDENT.items():
        is_given = given[name] == "confirmed" if name == "fail_on" else given[name]
        if is_given and not given["verify"]:
            raise click.UsageError(f"{sentence} without `--verify`: give that too")
