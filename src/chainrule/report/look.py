"""The page of data that were looked at: what was understood of each column, and what could be otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.report.template import template


def render_look(
    title: str, rows: int, dialect: str, columns: Sequence[Sequence[str]], target: str, notes: Sequence[str]
) -> str:
    """Return the page: no script, and nothing from outside.

    Parameters
    ----------
    columns : sequence of rows
        Of each column its name, kind, notation, examples, gaps, and why it was taken for that.
    """
    page: str = template("look.html.j2").render(
        page_title=title, rows=rows, dialect=dialect, columns=columns, target=target, notes=list(notes)
    )
    return page
