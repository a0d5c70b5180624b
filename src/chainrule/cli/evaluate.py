"""`chainrule evaluate`: how good a model is on data whose answers are known."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from chainrule.cli.predict import VIEWS


def evaluate(
    model: Annotated[str, typer.Argument(help="A .chainrule file, or the folder of a run.")],
    data: Annotated[str, typer.Argument(help="Table, folder or zip of files, or a name from `datasets`.")],
    views: Annotated[int, typer.Option(min=1, help=VIEWS)] = 1,
    header: Annotated[str, typer.Option(help="auto, first or none.")] = "auto",
    resample: Annotated[bool, typer.Option("--resample", help="Bring sounds to the rate trained on.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Fetch nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop if a file cannot be read.")] = False,
    part: Annotated[str | None, typer.Option(help="train, valid or test: of a published data set, this part.")] = None,
    label_from: Annotated[
        str | None, typer.Option(help="Regular expression on a file's path; group 1 is the label.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Measure a model on a table that has the target column, or on class folders."""
    from pathlib import Path

    from chainrule.cli.table import finite, metrics_table
    from chainrule.data.source import Reading
    from chainrule.job.predict import evaluate_table, open_model

    reading = Reading(header=header, strict=strict, resample=resample, offline=offline, label_from=label_from)
    result = evaluate_table(open_model(Path(model)), data, part=part, views=views, reading=reading)
    if json_:
        metrics = {part: finite(values) for part, values in result.metrics.items()}
        typer.echo(json.dumps({"model": model, "data": data, "rows": result.rows, "metrics": metrics}, allow_nan=False))
        return
    for note in result.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"{result.rows:,} rows of {data}\n", err=True)
    typer.echo(metrics_table(result.metrics))
