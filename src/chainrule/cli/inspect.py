"""`chainrule inspect`: what is in a model file."""

from __future__ import annotations

import click


@click.command()
@click.argument("model", help="A .chainrule file, or the folder of a run.")
def inspect(
    model: str,
) -> None:
    """Show the layers, shapes, parameters, operations and data schema of a model."""
    from pathlib import Path

    from chainrule.cli.table import align
    from chainrule.job.predict import open_model

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
    click.echo(align(header, rows, left=4))
    click.echo(f"\n{network.n_parameters:,} parameters, {network.operations:,} operations a sample")
    click.echo(f"loss     {type(network.loss).__name__}")
    target = preparation.target
    what = f"{target.task}, classes: {', '.join(target.classes[:20])}" if target.classes else target.task
    click.echo(f"target   {target.name} ({what})")
    summary = opened.summary
    if summary:
        click.echo(
            f"trained  on {summary.get('data')}, {summary.get('epochs')} epochs, seed {summary.get('seed')}, "
            f"{summary.get('engine')}, Chainrule {summary.get('chainrule')}"
        )
    if not preparation.columns:
        click.echo(f"input    {preparation.encoding.describe()}")
        return
    becomes = {encoder.name: encoder.describe() for encoder in preparation.encoders}
    click.echo(
        "\n"
        + align(
            ["column", "taken for", "because", "becomes"],
            [[c.name, c.kind, c.reason, becomes.get(c.name, "(left out)")] for c in preparation.columns],
            left=4,
        )
    )
    reading = preparation.reading
    if reading is None:
        click.echo("\nThe file does not say how the training file was written.")
        return
    written = "Parquet" if reading.dialect is None else reading.dialect.describe()
    click.echo(f"\nread from {written}")
    click.echo(align(["column", "written as"], [[name, n.describe()] for name, n in reading.columns.items()], left=2))


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
