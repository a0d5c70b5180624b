"""The options that say how a text table is written, for every command that reads one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_OPTIONS = (
    click.option("--header", help="auto, first, none, or the number of the row that names the columns."),
    click.option("--delimiter", help="comma, tab, semicolon, bar, space or a sign; found if left out."),
    click.option("--encoding", "file_encoding", help="Of the text: utf-8, cp1252, gbk, …; found if left out."),
    click.option("--decimal", help="The sign in front of decimals: . or a comma; found column by column if left out."),
    click.option("--thousands", help="The sign between groups of digits."),
    click.option("--missing", metavar="WORDS", help='Words for a missing cell, "NA,-"; "" for empty cells alone.'),
    click.option("--day-first/--month-first", default=None, help="What 1/2/2024 is; found if left out."),
    click.option("--comment", metavar="SIGN", help="What lines begin with that are no rows."),
    click.option("--row-names/--no-row-names", default=None, help="Whether the first column has the rows' names."),
)
_NAMES = (
    "header",
    "delimiter",
    "file_encoding",
    "decimal",
    "thousands",
    "missing",
    "day_first",
    "comment",
    "row_names",
)


def options(command: Any) -> Any:
    """Add the options; the command gets one argument, `written`, a mapping of the settings that were given."""
    import functools

    @functools.wraps(command)
    def gathered(*arguments: Any, **named: Any) -> Any:
        written = _settings(*(named.pop(name) for name in _NAMES))
        return command(*arguments, **named, written=written)

    decorated: Callable[..., Any] = gathered
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def _settings(*values: Any) -> dict[str, Any]:
    from chainrule.job.texts import parse_words

    given = dict(zip(_NAMES, values, strict=True))
    settings = {name: value for name, value in given.items() if value is not None}
    if "missing" in settings:
        settings["missing"] = parse_words(settings["missing"])
    return settings
