"""`chainrule generate`: a language model goes on with a text."""

from __future__ import annotations

import click

from chainrule.cli.terminal import pour, tell
from chainrule.printable import printable


@click.command()
@click.argument("model", help="A .chainrule file, or the folder of a run.")
@click.option("--start", default="", help="Text to go on with.")
@click.option("--temperature", default=0.8, type=float, show_default=True, help="Below 1 surer, above 1 more varied.")
@click.option(
    "--length", default=300, type=click.IntRange(0), show_default=True, help="Characters, or words, to write."
)
@click.option("--seed", default=0, type=click.IntRange(0), show_default=True, help="Names what is drawn.")
@click.option("--quiet", is_flag=True, help="No notes.")
def generate(model: str, start: str, temperature: float, length: int, seed: int, quiet: bool) -> None:
    """Let a language model, trained with --task next, go on with a text."""
    from pathlib import Path

    from chainrule.job.generate import generated, unknown_in
    from chainrule.job.predict import open_model

    opened = open_model(Path(model))
    text = generated(opened, start, length=length, temperature=temperature, seed=seed)
    unknown = unknown_in(opened, start)
    if unknown and not quiet:
        tell(f"note: unknown to the model: {printable(', '.join(dict.fromkeys(unknown)))}")
    pour(text + "\n")
