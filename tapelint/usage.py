"""How click reads and describes the command line: a default command, grouped help, sentences.

`tapelint PATH` is short for `tapelint check PATH`: a first word that is no command is a path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

DEFAULT = "check"
QUOTED = re.compile(r"'([^'`]*)'")


class Program(click.Group):
    """The commands of tapelint, of which `DEFAULT` need not be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command before arguments that begin with no command."""
        is_completed = ctx.resilient_parsing and not args
        if not is_completed and (not args or args[0] not in self.commands):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command; Ctrl-C ends it without a word."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(130)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands, what the default command takes, and paths."""
        default = self.commands[DEFAULT]
        found = super().shell_complete(ctx, incomplete)
        found += default.shell_complete(click.Context(default, parent=ctx), incomplete)
        if not incomplete.startswith("-"):
            # The shell itself knows what files there are.
            found.append(CompletionItem(incomplete, type="file"))
        return found


class DefaultCommand(click.Command):
    """The default command, whose help is that of the whole program.

    `headings` groups its options, `also` has the usage and purpose of the other commands.
    """

    def __init__(
        self,
        *args: Any,
        headings: Mapping[str, Sequence[click.Option]],
        also: Sequence[tuple[str, str]],
        **settings: Any,
    ) -> None:
        super().__init__(*args, **settings)
        self.params += [option for options in headings.values() for option in options]
        self.headings = headings
        self.also = also

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write how to call tapelint, with and without a command."""
        program = ctx.find_root().info_name or ""
        formatter.write_usage(program, " ".join(self.collect_usage_pieces(ctx)))
        for usage, _ in self.also:
            formatter.write(f"       {program} {usage}\n")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the other commands, then all options below their headings."""
        listed = [option for options in self.headings.values() for option in options]
        others = [param for param in self.get_params(ctx) if param not in listed]
        with formatter.section("Commands"):
            formatter.write_dl(list(self.also))
        for heading, options in {**self.headings, "Other": others}.items():
            records = [param.get_help_record(ctx) for param in options if param.name != "paths"]
            with formatter.section(heading):
                formatter.write_dl([record for record in records if record is not None])


def sentence(error: click.ClickException) -> str:
    """Return what is wrong with a command line, and what to do about it, in one sentence."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.info_name if context is not None else None
    help_command = "tapelint" if command in (None, DEFAULT) else f"tapelint {command}"
    advice = f" (see `{help_command} --help`)"
    match error:
        case click.NoSuchOption():
            return f"no option is called `{error.option_name}`{_nearest(error) or advice}"
        case click.MissingParameter() if error.param is not None:
            return f"`tapelint {command}` needs a {error.param.human_readable_name}{advice}"
        case click.BadParameter() if error.param is not None:
            return f"`{max(error.param.opts, key=len)}`: {_plain(error.message)}{advice}"
        case _:
            return f"{_plain(error.format_message())}{advice}"


def _nearest(error: click.NoSuchOption) -> str:
    """Name the option that was probably meant."""
    import difflib

    params = [] if error.ctx is None else error.ctx.command.get_params(error.ctx)
    # Dashes say nothing: all options have them.
    known = {name.strip("-"): name for param in params for name in param.opts}
    near = difflib.get_close_matches(error.option_name.strip("-"), known, n=1)
    return f", did you mean `{known[near[0]]}`?" if near else ""


def _plain(message: str) -> str:
    """Fit a sentence of click into one of ours."""
    message = QUOTED.sub(r"`\1`", " ".join(message.split()).rstrip("."))
    return message[:1].lower() + message[1:]
