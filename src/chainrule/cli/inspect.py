"""`chainrule inspect`: what is in a model file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chainrule.cli.terminal import answer
from chainrule.printable import printable

if TYPE_CHECKING:
    from chainrule.network.network import Network
    from chainrule.saved.model import Model


@click.command()
@click.argument("model", help="A .chainrule file, or the folder of a run.")
@click.option("--member", type=int, help="Of an ensemble: the network to look at, counted from 1.")
def inspect(
    model: str,
    member: int | None,
) -> None:
    """Show the layers, shapes, parameters, operations and data schema of a model."""
    from pathlib import Path

    from chainrule.cli.table import align
    from chainrule.job.predict import open_model
    from chainrule.job.series.describe import lines_of_series
    from chainrule.job.series.predict import is_of_series

    opened = open_model(Path(model))
    if member is not None:
        opened = opened.member(member)
    network, preparation = opened.network, opened.preparation
    if opened.n_members:
        _answer_ensemble(opened)
    else:
        _answer_layers(network)
    answer(f"\n{network.n_parameters:,} parameters, {network.operations:,} operations a sample")
    answer(f"loss     {type(network.loss).__name__}")
    if preparation is not None:
        target = preparation.target
        classes = ", ".join(map(printable, target.classes[:20]))
        answer(f"target   {printable(target.name)} ({target.task}{', classes: ' + classes if classes else ''})")
    if opened.threshold is not None:
        answer(f"answer   {printable(opened.classes[1])} from a probability of {opened.threshold:.4g} on")
    summary = opened.summary
    if summary and "ensemble" in summary:
        answer(
            f"trained  on {summary.get('data', 'a table')}, effort {summary.get('effort')}, seed {summary.get('seed')}, "
            f"Chainrule {summary.get('chainrule')}"
        )
    elif summary:
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


def _answer_layers(network: Network) -> None:
    """Print the layers of a network."""
    from chainrule.cli.table import align

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
    answer(align(["layer", "kind", "input", "output", "parameters", "operations"], rows, left=4))


def _answer_ensemble(model: Model) -> None:
    """Print what an ensemble was picked of; its networks, one by one, are shown by --member."""
    from chainrule.cli.table import align

    answer(f"ensemble of {model.n_members} networks (--member 1 to {model.n_members} shows one)")
    about = model.summary.get("ensemble")
    if not isinstance(about, dict):
        return
    answer(f"picked   {printable(str(about.get('picked')))}, each on {about.get('folds')} folds")
    if about.get("temperature", 1) != 1:
        answer(f"sure     its logits are divided by {about['temperature']}, which suits rows that were held out best")
    folds, rows = int(about.get("folds", 1)), []
    for i, one in enumerate(about.get("members", [])):
        first = 1 + i * folds
        networks = f"{first} to {first + folds - 1}" if folds > 1 else f"{first}"
        rows.append([networks, printable(str(one["member"])), f"{one['weight']:.3f}"])
    answer(align(["members", "what they are", "weight"], rows, left=2))


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
