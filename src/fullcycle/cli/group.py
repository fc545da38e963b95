"""A click group whose commands load when asked for, and errors that read well."""

import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from fullcycle.kernel import FullcycleError


class LazyGroup(click.Group):
    """Commands live one per module, each as ``command``; ``--help`` imports none of them."""

    def __init__(self, *args: Any, commands_at: str, summaries: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._package = commands_at
        self._summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the life cycle, not of the alphabet."""
        return list(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return it."""
        if cmd_name not in self._summaries:
            return None
        command: click.Command = import_module(f"{self._package}.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse an unknown command with the nearest one."""
        name = args[0]
        if not name.startswith("-") and name not in self._summaries:
            near = get_close_matches(name, self._summaries, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else "See 'fullcycle --help' for what there is."
            ctx.fail(f"There is no command '{name}'. {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))


def status_of(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run ``command`` and say how it ended: 0 good, 1 the answer is no, 2 usage or configuration.

    Errors made for users are printed as such, never as tracebacks.
    """
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _note
            code = command.main(arguments, prog_name="fullcycle", standalone_mode=False)
    except click.exceptions.Abort as stop:
        return _interrupted(stop.__cause__)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except FullcycleError as error:
        _refused(error)
        return error.exit_code
    except BrokenPipeError:  # the reader, say `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt as stop:
        return _interrupted(stop)
    return code if isinstance(code, int) else 0


def _refused(error: FullcycleError) -> None:
    """Print an error; of several that come together, each with its own traceback before it."""
    for one in getattr(error, "parts", (error,)):
        click.echo(getattr(one, "traceback", ""), err=True, nl=False)
        click.secho("Error: ", fg="red", bold=True, nl=False, err=True)
        click.echo(str(one), err=True)
    if left_out := getattr(error, "told_left_out", ""):
        click.echo(left_out, err=True)


def _interrupted(stop: BaseException | None) -> int:
    """Say what was stopped, where it says so itself, as a run does."""
    click.echo(str(stop or "") or "interrupted; what finished is kept", err=True)
    return 130


def _note(message: Warning | str, *_: object, **__: object) -> None:
    """A warning as a user reads it: what it says, without the line of ours that gave it."""
    click.secho(f"note: {message}", fg="yellow", err=True)
