"""From a file of Keras, ONNX or PyTorch to a model file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from chainrule.importers.read import Imported, read_foreign
from chainrule.job.predict import open_model
from chainrule.network.network import Network
from chainrule.saved.model import Model


def import_model(
    path: Path | str, *, like: Network | Model | Path | str | None = None, classes: Sequence[str] = ()
) -> Model:
    """Return the model that predicts what the network in a foreign file does. No code of the file is run.

    Parameters
    ----------
    path : path
        A `.keras` file, an `.onnx` file, or a state_dict of PyTorch in a `.safetensors` file.
    like : Network, Model or path of a model file or run, optional
        Of a state_dict, which has no layers: those that its weights are for.
    classes : sequence of str
        Names of the outputs.

    Returns
    -------
    Model
        Its `summary` has the file's name and, under `notes`, what a person has to know.

    Raises
    ------
    ModelFileError
        If the file has something that no layer of Chainrule does, by its name; or is damaged.
    """
    found = import_file(path, like=like, classes=classes)
    return replace(found.model, summary={**found.model.summary, "notes": found.notes})


def import_file(
    path: Path | str, *, like: Network | Model | Path | str | None = None, classes: Sequence[str] = ()
) -> Imported:
    """Return the model of a foreign file, and the notes beside it."""
    known = open_model(Path(like)) if isinstance(like, (str, Path)) else like
    network = known.network if isinstance(known, Model) else known
    names = tuple(classes) or (known.classes if isinstance(known, Model) else ())
    return read_foreign(path, network=network, classes=names)
