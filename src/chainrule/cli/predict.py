"""`chainrule predict`: what a model says of the rows of a table, or of files."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

VIEWS = "Pictures: the mean over so many views, shifted, turned, zoomed and mirrored as in training."


def predict(
    model: Annotated[str, typer.Argument(help="A .chainrule file, or the folder of a run.")],
    data: Annotated[str, typer.Argument(help="Table, folder or zip of files, or a name from `datasets`.")],
    out: Annotated[str | None, typer.Option(help="CSV file to write; stdout if left out.")] = None,
    proba: Annotated[bool, typer.Option("--proba", help="Also the probability of each class.")] = False,
    html: Annotated[
        str | None, typer.Option(help="Page to write: each picture beside what is said of it.", metavar="FILE")
    ] = None,
    views: Annotated[int, typer.Option(min=1, help=VIEWS)] = 1,
    header: Annotated[str, typer.Option(help="auto, first or none.")] = "auto",
    resample: Annotated[bool, typer.Option("--resample", help="Bring sounds to the rate trained on.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Fetch nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop if a file cannot be read.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No notes.")] = False,
) -> None:
    """Predict the target of each row or file, as CSV."""
    from pathlib import Path

    from chainrule.data.source import Reading
    from chainrule.files import replace_file
    from chainrule.job.predict import gallery_page, open_model, predict_table

    reading = Reading(header=header, strict=strict, resample=resample, offline=offline)
    opened = open_model(Path(model))
    predictions = predict_table(opened, data, proba=proba, views=views, reading=reading)
    if not quiet:
        for note in predictions.notes:
            typer.echo(f"note: {note}", err=True)
    if html is not None:
        replace_file(Path(html), gallery_page(opened, predictions))
        if not quiet:
            typer.echo(f"gallery written to {html}", err=True)
    text = predictions.table.to_csv(index=False)
    if out is None:
        sys.stdout.write(text)
        return
    replace_file(Path(out), text)
    if not quiet:
        typer.echo(f"{len(predictions.table):,} predictions written to {out}", err=True)
