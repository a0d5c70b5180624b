"""`chainrule inspect`: what is in a model file."""

from __future__ import annotations

import click

from chainrule.cli.terminal import answer
from chainrule.printable import printable


@click.command()
@click.argument("model", help="A .chainrule file, or the folder of a run.")
def inspect(
    model: str,
) -> None:
    """Show the layers, shapes, parameters, operations and data schema of a model."""
    from pathlib import Path

    from chainrule.cli.table import align
    from chainrule.job.predict import open_model
    from chainrule.job.series.describe import lines_of_series
    from chainrule.job.series.predict import is_of_series

    opened = open_model(Path(model))
    network, preparation = opened.network, opened.preparation
    rows = [
        [
            row.name,
            row.kind,
            _shape(row.input_shape),
            _shape(row.output_shape),
            f"{row.n_parameters:,}",
            f"{row.operations:,}",
        ]
        for row in network.rows()
    ]
    header = ["layer", "kind", "input", "output", "parameters", "operations"]
    answer(align(header, rows, left=4))
    answer(f"\n{network.n_parameters:,} parameters, {network.operations:,} operations a sample")
    answer(f"loss     {type(network.loss).__name__}")
    if preparation is not None:
        target = preparation.target
        classes = ", ".join(map(printable, target.classes[:20]))
        answer(f"target   {printable(target.name)} ({target.task}{', classes: ' + classes if classes else ''})")
    summary = opened.summary
    if summary:
        answer(
            f"trained  on {summary.get('data')}, {summary.get('epochs')} epochs, seed {summary.get('seed')}, "
            f"{summary.get('engine')}, Chainrule {summary.get('chainrule')}"
        )
    if preparation is None:
        answer(f"input    arrays of shape {_shape(network.input_shape)}")
        if opened.classes:
            answer(f"classes  {', '.join(map(printable, opened.classes[:20]))}")
        return
    if is_of_series(opened):
        for line in lines_of_series(opened):
            answer(line)
        return
    if not preparation.columns:
        answer(f"input    {preparation.encoding.describe()}")
        return
    becomes = preparation.encoding.becomes
    answer(
        "\n"
        + align(
            ["column", "taken for", "because", "becomes"],
            [[c.name, c.kind, c.reason, becomes.get(c.name, "(left out)")] for c in preparation.columns],
            left=4,
        )
    )
    reading = preparation.reading
    if reading is None:
        answer("\nThe file does not say how the training file was written.")
        return
    written = "Parquet" if reading.dialect is None else reading.dialect.describe()
    answer(f"\nread from {written}")
    answer(align(["column", "written as"], [[name, n.describe()] for name, n in reading.columns.items()], left=2))


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
