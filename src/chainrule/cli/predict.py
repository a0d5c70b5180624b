"""`chainrule predict`: what a model says of the rows of a table, or of files."""

from __future__ import annotations

from typing import Any

import click

from chainrule.cli.flags import said
from chainrule.cli.terminal import pour, tell
from chainrule.cli.written import options as how_it_is_written
from chainrule.printable import printable

VIEWS = "Pictures: the mean over so many views, shifted, turned, zoomed and mirrored as in training."


@click.command()
@click.argument("model", help="A .chainrule file, or the folder of a run.")
@click.argument("data", help="Table, folder or zip of files, a name from `datasets`, or arrays (.npy, .npz).")
@click.option("--out", help="CSV file to write; stdout if left out.")
@click.option("--proba", is_flag=True, help="Also the probability of each class.")
@click.option("--html", metavar="FILE", help="Page to write: each picture beside what is said of it.")
@click.option("--views", default=1, type=click.IntRange(1), show_default=True, help=VIEWS)
@how_it_is_written
@click.option("--resample", is_flag=True, help="Bring sounds to the rate trained on.")
@click.option("--offline", is_flag=True, help="Fetch nothing.")
@click.option("--strict", is_flag=True, help="Stop if a file cannot be read.")
@click.option("--quiet", is_flag=True, help="No notes.")
def predict(
    model: str,
    data: str,
    out: str | None,
    proba: bool,
    html: str | None,
    views: int,
    resample: bool,
    offline: bool,
    strict: bool,
    quiet: bool,
    written: dict[str, Any],
) -> None:
    """Predict the target of each row or file, or the steps after a history, as CSV."""
    from pathlib import Path

    from chainrule.files import replace_file
    from chainrule.job.config import config_from
    from chainrule.job.of_arrays import predict_arrays
    from chainrule.job.predict import gallery_page, open_model, predict_table
    from chainrule.job.prepare import reading_of
    from chainrule.job.series.predict import is_of_series, predict_series

    asked = {"strict": strict, "resample": resample, "offline": offline}
    reading = reading_of(config_from({"data": data, **asked, **written}))
    opened = open_model(Path(model))
    if opened.preparation is None:
        if html is not None or views > 1:
            raise click.UsageError("--html and --views are for models of files; this one takes arrays.")
        _write(predict_arrays(opened, data, proba=proba), [], out, quiet=quiet)
        return
    if is_of_series(opened):
        for flag, given in (("--proba", proba), ("--html", html is not None), ("--views", views > 1)):
            if given:
                raise click.UsageError(f"{flag} is for models of rows and files; this one forecasts series.")
        forecast = predict_series(opened, data, reading)
        _write(forecast.table, forecast.notes, out, quiet=quiet)
        return
    predictions = predict_table(opened, data, proba=proba, views=views, reading=reading)
    if html is not None:
        replace_file(Path(html), gallery_page(opened, predictions))
        if not quiet:
            tell(f"gallery written to {html}")
    _write(predictions.table, predictions.notes, out, quiet=quiet)


def _write(table: Any, notes: list[str], out: str | None, *, quiet: bool) -> None:
    """Tell the notes, and write the answers where they are wanted."""
    from pathlib import Path

    from chainrule.files import replace_file

    if not quiet:
        for note in notes:
            tell(f"note: {printable(said(note))}")
    text = table.to_csv(index=False)
    if out is None:
        pour(text)
        return
    replace_file(Path(out), text)
    if not quiet:
        tell(f"{len(table):,} predictions written to {out}")
