"""`chainrule datasets`: the data sets that have a name."""

from __future__ import annotations

import click

from chainrule.cli.terminal import answer


@click.command()
def datasets() -> None:
    """List the data sets that can be named in place of a file."""
    from chainrule.cli.table import align
    from chainrule.sources.catalogue import CATALOGUE, whereabouts
    from chainrule.sources.datasets import entries

    known = [(entry, "built in") for entry in entries()]
    known += [(published.entry, whereabouts(name)) for name, published in CATALOGUE.items()]
    rows = [[entry.name, entry.task, entry.inputs, entry.about, where, f"{entry.samples:,}"] for entry, where in known]
    answer(align(["name", "task", "inputs", "what it is", "where", "rows"], rows, left=5))
