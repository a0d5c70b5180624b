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
    """Predict the target of each row or file, as CSV."""
    from pathlib import Path

    from chainrule.files import replace_file
    from chainrule.job.config import config_from
    from chainrule.job.of_arrays import predict_arrays
    from chainrule.job.predict import gallery_page, open_model, predict_table
    from chainrule.job.prepare import reading_of

    asked = {"strict": strict, "resample": resample, "offline": offline}
    opened = open_model(Path(model))
    if opened.preparation is None:
        table = predict_arrays(opened, data, proba=proba)
    else:
        reading = reading_of(config_from({"data": data, **asked, **written}))
        predictions = predict_table(opened, data, proba=proba, views=views, reading=reading)
        table = predictions.table
        if not quiet:
            for note in predictions.notes:
                tell(f"note: {printable(said(note))}")
        if html is not None:
            replace_file(Path(html), gallery_page(opened, predictions))
            if not quiet:
                tell(f"gallery written to {html}")
    text = table.to_csv(index=False)
    if out is None:
        pour(text)
        return
    replace_file(Path(out), text)
    if not quiet:
        tell(f"{len(table):,} predictions written to {out}")
