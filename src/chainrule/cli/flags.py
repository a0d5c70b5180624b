"""Settings as a command takes them: what the library calls `dropout=0.3` is told as --dropout 0.3."""

from __future__ import annotations

import shlex

import click

from chainrule.errors import rewrite_settings


def said(text: str) -> str:
    """Return a text of the library with its settings as flags of the command that runs."""
    context = click.get_current_context()
    return in_flags(text, context.command, context.find_root().command)


def in_flags(text: str, command: click.Command, app: click.Command) -> str:
    """Return a text of the library with its settings as flags.

    Parameters
    ----------
    command : Command
        The one that was given. What it does not take is told as `train` takes it.
    app : Group
        What has the command `train`.
    """
    train = app.commands["train"] if isinstance(app, click.Group) else command

    def write(name: str, value: str | None) -> str:
        for taker in (command, train):
            option = _option(taker, name)
            if option is not None:
                return _flag(option, value)
            if _option(taker, "set_") is not None:
                return "--set " + (f"{name}=…" if value is None else shlex.quote(f"{name}={value}"))
        return name if value is None else f"{name}={value}"

    return rewrite_settings(text, write)


def _option(command: click.Command, name: str) -> click.Option | None:
    return next((each for each in command.params if isinstance(each, click.Option) and each.name == name), None)


def _flag(option: click.Option, value: str | None) -> str:
    if value == "False" and option.secondary_opts:
        return option.secondary_opts[0]
    if value is None or option.is_flag:
        return option.opts[0]
    return f"{option.opts[0]} {shlex.quote(value)}"
