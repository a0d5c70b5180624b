"""`chainrule evaluate`: how good a model is on data whose answers are known."""

from __future__ import annotations

import json
from typing import Any

import click

from chainrule.cli.flags import said
from chainrule.cli.predict import VIEWS
from chainrule.cli.terminal import answer, tell
from chainrule.cli.written import options as how_it_is_written
from chainrule.printable import printable


@click.command()
@click.argument("model", help="A .chainrule file, or the folder of a run.")
@click.argument("data", help="Table, folder or zip of files, a name from `datasets`, or arrays x and t (.npz).")
@click.option("--views", default=1, type=click.IntRange(1), show_default=True, help=VIEWS)
@how_it_is_written
@click.option("--resample", is_flag=True, help="Bring sounds to the rate trained on.")
@click.option("--offline", is_flag=True, help="Fetch nothing.")
@click.option("--strict", is_flag=True, help="Stop if a file cannot be read.")
@click.option("--part", help="train, valid or test: of a published data set, this part.")
@click.option("--label-from", help="Regular expression on a file's path; group 1 is the label.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object on stdout.")
def evaluate(
    model: str,
    data: str,
    views: int,
    resample: bool,
    offline: bool,
    strict: bool,
    part: str | None,
    label_from: str | None,
    json_: bool,
    written: dict[str, Any],
) -> None:
    """Measure a model on a table that has the target column, or on class folders."""
    from pathlib import Path

    from chainrule.cli.table import finite, metrics_table
    from chainrule.job.config import config_from
    from chainrule.job.of_arrays import evaluate_arrays
    from chainrule.job.predict import evaluate_table, open_model
    from chainrule.job.prepare import reading_of
    from chainrule.job.series.predict import evaluate_series, is_of_series

    asked = {"strict": strict, "resample": resample, "offline": offline, "label_from": label_from}
    reading = reading_of(config_from({"data": data, **asked, **written}))
    opened = open_model(Path(model))
    if opened.preparation is None:
        if part is not None or label_from is not None or views > 1:
            raise click.UsageError(
                "--part, --label-from and --views are for models of rows and files; this takes arrays."
            )
        result = evaluate_arrays(opened, data)
    elif is_of_series(opened):
        if part is not None or label_from is not None or views > 1:
            raise click.UsageError(
                "--part, --label-from and --views are for models of rows and files; this one forecasts series."
            )
        result = evaluate_series(opened, data, reading)
    else:
        result = evaluate_table(opened, data, part=part, views=views, reading=reading)
    if json_:
        metrics = {part: finite(values) for part, values in result.metrics.items()}
        answer(json.dumps({"model": model, "data": data, "rows": result.rows, "metrics": metrics}, allow_nan=False))
        return
    for note in result.notes:
        tell(f"note: {printable(said(note))}")
    tell(f"{result.rows:,} {'windows' if is_of_series(opened) else 'rows'} of {data}\n")
    answer(metrics_table(result.metrics))
