"""Which kind of foreign file it is, by what stands in it, and the model that it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from chainrule.errors import ConfigError, ModelFileError
from chainrule.importers.found import WHOLE, model_of
from chainrule.importers.keras_file import read_keras
from chainrule.importers.onnx_file import read_onnx
from chainrule.importers.state_dict import read_state_dict
from chainrule.network.network import Network
from chainrule.saved.model import Model

_KINDS = (".keras", ".onnx", ".safetensors")
_PICKLES = (".pt", ".pth", ".bin", ".pkl", ".pickle", ".ckpt")
_OLDER = (".h5", ".hdf5", ".pb")


@dataclass(frozen=True, eq=False)
class Imported:
    """A model that was made of a foreign file, and what the person has to know of it."""

    model: Model
    notes: list[str] = field(default_factory=list)


def read_foreign(path: Path | str, *, network: Network | None = None, classes: tuple[str, ...] = ()) -> Imported:
    """Return the model that predicts what the network in a file does.

    Parameters
    ----------
    path : path
        A `.keras` file, an `.onnx` file, or a state_dict of PyTorch in a `.safetensors` file.
    network : Network, optional
        Of a state_dict, which has no layers: those that its weights are for.
    classes : tuple of str, optional
        Names of the outputs.

    Raises
    ------
    ModelFileError
        If the file has something that no layer of Chainrule does, by its name; or is damaged.
    ConfigError
        If a package is not installed that reads it, or `network` is missing or too much.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind in _PICKLES:
        raise ModelFileError(
            "a file without code in it",
            f"a {kind} file, a pickle, which runs what it holds",
            "Save the state_dict with safetensors.torch.save_file.",
        )
    if kind not in _KINDS:
        remedy = "Save it with Keras 3 as .keras." if kind in _OLDER else "Rename it after what it is."
        raise ModelFileError(f"a file {', '.join(_KINDS)}", f"{path.name!r:.100}", remedy)
    if not path.is_file():
        raise ModelFileError(f"a {kind} file", f"no file {str(path)!r:.200}", "Check the path.")
    notes: list[str] = []
    if kind == ".safetensors":
        if network is None:
            raise ConfigError(
                "the network that a state_dict is for, which has weights and no layers",
                "none",
                "Give it as `like`: a model file of such a network, made with chainrule.save_model.",
            )
        model = Model(network, read_state_dict(path, network, notes), summary={"imported": path.name})
    else:
        if network is not None:
            raise ConfigError(
                "a network for a state_dict alone", f"one for a {kind} file, which has layers", "Leave `like` out."
            )
        try:
            steps, shape = (read_keras if kind == ".keras" else read_onnx)(path, notes)
            model = model_of(steps, shape, path.name)
        except RecursionError as error:
            raise ModelFileError("layers of a network", "bypasses that are nested without end", WHOLE) from error
    return Imported(replace(model, classes=tuple(classes)), notes)
