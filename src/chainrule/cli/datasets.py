"""`chainrule datasets`: the built-in data sets."""

from __future__ import annotations

import typer


def datasets() -> None:
    """List the data sets that can be named in place of a file."""
    from chainrule.cli.table import align
    from chainrule.data.datasets import entries

    rows = [[entry.name, entry.task, entry.inputs, entry.about, f"{entry.samples:,}"] for entry in entries()]
    typer.echo(align(["name", "task", "inputs", "what it is", "rows"], rows, left=4))
