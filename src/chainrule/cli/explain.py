"""`chainrule explain`: the derivative of the cost by one weight, written out with its numbers."""

from __future__ import annotations

from typing import Any

import click

from chainrule.cli.flags import said
from chainrule.cli.terminal import answer, tell
from chainrule.cli.written import options as how_it_is_written
from chainrule.printable import printable


@click.command()
@click.argument("model", help="A .chainrule file, or the folder of a run.")
@click.argument("data", help="Table, folder or zip of files, or a name from `datasets`.")
@click.option(
    "--weight",
    "weights",
    multiple=True,
    help="hidden1.W[0,2]; output[1] for a logit. Indices count from 0. May be given again.",
)
@click.option("--member", type=int, help="Of an ensemble: the network to look at, counted from 1.")
@click.option("--row", type=int, help="The one row that the cost is of, counted from 0.")
@click.option("--batch", type=int, help="The first rows that the cost is the mean over; 10.")
@click.option("--learning-rate", type=float, help="Of the update; that of the run, or 0.1, if left out.")
@click.option("--terms", default=40, show_default=True, help="Summands that are written out at most.")
@click.option("--html", help="Write a worksheet as HTML to this file.")
@click.option("--latex", help="Write a worksheet as a LaTeX article to this file.")
@click.option("--no-solution", is_flag=True, help="Worksheets with blanks to be filled in.")
@how_it_is_written
@click.option("--offline", is_flag=True, help="Fetch nothing.")
@click.option("--quiet", is_flag=True, help="No notes.")
def explain(
    model: str,
    data: str,
    weights: tuple[str, ...],
    member: int | None,
    row: int | None,
    batch: int | None,
    learning_rate: float | None,
    terms: int,
    html: str | None,
    latex: str | None,
    no_solution: bool,
    offline: bool,
    quiet: bool,
    written: dict[str, Any],
) -> None:
    """Derive the cost by a weight as the course does, with every number, and prove it."""
    from pathlib import Path

    from chainrule.errors import ConfigError
    from chainrule.explain import html_worksheet, latex_worksheet
    from chainrule.files import replace_file
    from chainrule.job.config import config_from
    from chainrule.job.explain import explain_table
    from chainrule.job.prepare import reading_of

    if no_solution and html is None and latex is None:
        raise ConfigError("--html or --latex with --no-solution", "neither", "Name the worksheet's file: --html FILE.")
    explained = explain_table(
        Path(model),
        data,
        weights,
        row=row,
        batch=batch,
        learning_rate=learning_rate,
        max_terms=terms,
        member=member,
        reading=reading_of(config_from({"data": data, "offline": offline, **written})),
    )
    if not quiet:
        for note in explained.notes:
            tell(f"note: {printable(said(note))}")
    for file, write in ((html, html_worksheet), (latex, latex_worksheet)):
        if file is not None:
            replace_file(Path(file), write(explained.derivations, solution=not no_solution))
            if not quiet:
                tell(f"{len(explained.derivations)} derivations written to {file}")
    if html is None and latex is None:
        answer("\n\n\n".join(derivation.text for derivation in explained.derivations))
