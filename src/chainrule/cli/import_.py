"""`chainrule import`: a network of Keras, ONNX or PyTorch as a model file."""

from __future__ import annotations

import click

from chainrule.cli.flags import said
from chainrule.cli.terminal import answer, tell
from chainrule.printable import printable


@click.command("import")
@click.argument("file", help="A .keras or .onnx file, or a state_dict in a .safetensors file.")
@click.option("--out", help="Model file to write; FILE.chainrule if left out.")
@click.option("--like", help="Of a state_dict: a model file or run with the layers that its weights are for.")
@click.option("--classes", help="Names of the outputs, between commas.")
@click.option("--force", is_flag=True, help="Replace a model file that is there.")
def import_(file: str, out: str | None, like: str | None, classes: str | None, force: bool) -> None:
    """Make a model file of another package's network. No code of the file is run."""
    from pathlib import Path

    from chainrule.errors import RunFolderError
    from chainrule.job.importing import import_file
    from chainrule.saved.file import save_model

    place = Path(out or f"{Path(file).stem}.chainrule")
    if place.exists() and not force:
        raise RunFolderError(
            f"no file at {place}", "one that is there", "Add `force=True` to replace, or change `out`."
        )
    names = [name.strip() for name in classes.split(",")] if classes else []
    found = import_file(file, like=like, classes=names)
    save_model(found.model, place)
    for note in found.notes:
        tell(f"note: {printable(said(note))}")
    network = found.model.network
    shape = " × ".join(map(str, network.input_shape))
    answer(
        f"written to {place}: {network.n_parameters:,} parameters, samples of {shape}, {type(network.loss).__name__}"
    )
