"""`chainrule explain`: the derivative of the cost by one weight, written out with its numbers."""

from __future__ import annotations

from typing import Annotated

import typer


def explain(
    model: Annotated[str, typer.Argument(help="A .chainrule file, or the folder of a run.")],
    data: Annotated[str, typer.Argument(help="Table, folder or zip of files, or a name from `datasets`.")],
    weight: Annotated[
        list[str] | None,
        typer.Option(help="hidden1.W[0,2]; output[1] for a logit. Indices count from 0. May be given again."),
    ] = None,
    row: Annotated[int | None, typer.Option(help="The one row that the cost is of, counted from 0.")] = None,
    batch: Annotated[int | None, typer.Option(help="The first rows that the cost is the mean over; 10.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Of the update; that of the run, or 0.1, if left out.")
    ] = None,
    terms: Annotated[int, typer.Option(help="Summands that are written out at most.")] = 40,
    html: Annotated[str | None, typer.Option(help="Write a worksheet as HTML to this file.")] = None,
    latex: Annotated[str | None, typer.Option(help="Write a worksheet as a LaTeX article to this file.")] = None,
    no_solution: Annotated[bool, typer.Option("--no-solution", help="Worksheets with blanks to be filled in.")] = False,
    header: Annotated[str, typer.Option(help="auto, first or none.")] = "auto",
    offline: Annotated[bool, typer.Option("--offline", help="Fetch nothing.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No notes.")] = False,
) -> None:
    """Derive the cost by a weight as the course does, with every number, and prove it."""
    from pathlib import Path

    from chainrule.data.source import Reading
    from chainrule.errors import ConfigError
    from chainrule.explain import html_worksheet, latex_worksheet
    from chainrule.files import replace_file
    from chainrule.job.explain import explain_table

    if no_solution and html is None and latex is None:
        raise ConfigError("--html or --latex with --no-solution", "neither", "Name the worksheet's file: --html FILE.")
    explained = explain_table(
        Path(model),
        data,
        weight or [],
        row=row,
        batch=batch,
        learning_rate=learning_rate,
        max_terms=terms,
        reading=Reading(header=header, offline=offline),
    )
    if not quiet:
        for note in explained.notes:
            typer.echo(f"note: {note}", err=True)
    for file, write in ((html, html_worksheet), (latex, latex_worksheet)):
        if file is not None:
            replace_file(Path(file), write(explained.derivations, solution=not no_solution))
            if not quiet:
                typer.echo(f"{len(explained.derivations)} derivations written to {file}", err=True)
    if html is None and latex is None:
        typer.echo("\n\n\n".join(derivation.text for derivation in explained.derivations))
