"""`chainrule look`: what is understood of data, before anything is trained."""

from __future__ import annotations

from typing import Any

import click

from chainrule.cli.flags import said
from chainrule.cli.terminal import answer, tell
from chainrule.cli.written import options as how_it_is_written
from chainrule.printable import printable


@click.command()
@click.argument("data", help="What `train` takes: a table, a folder, a name from `datasets`.")
@click.option("--target", help="Column to predict; guessed if left out.")
@click.option("--task", help="auto, classification or regression.")
@how_it_is_written
@click.option(
    "--set", "set_", multiple=True, metavar="KEY=VALUE", help="Any setting of `train`, columns.NAME=category."
)
@click.option("--html", metavar="FILE", help="Page to write.")
def look(
    data: str, target: str | None, task: str | None, set_: tuple[str, ...], html: str | None, written: dict[str, Any]
) -> None:
    """Read data, and show each column's kind, notation, examples and gaps, and the target's classes."""
    from pathlib import Path

    from chainrule.cli.table import align
    from chainrule.files import replace_file
    from chainrule.job.config import config_from
    from chainrule.job.look import look as look_at
    from chainrule.job.look import page_of, rows_of
    from chainrule.job.settings import overrides

    found = look_at(config_from(overrides(set_, {"data": data, "target": target, "task": task, **written})))
    if html is not None:
        replace_file(Path(html), page_of(found))
        tell(f"page written to {html}")
        return
    answer(f"{found.name}: {found.rows:,} rows" + (f"; {found.dialect}" if found.dialect else ""))
    answer("\n" + align(["column", "kind", "written as", "for example", "gaps", "because"], rows_of(found), left=6))
    answer(f"\ntarget   {found.target}")
    for note in found.notes:
        answer(f"note: {printable(said(note))}")
