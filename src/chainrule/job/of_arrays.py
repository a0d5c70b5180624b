"""Using a model on arrays: one without a preparation reads its inputs, and its targets, from .npy and .npz files."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import DataError
from chainrule.job.predict import Evaluation
from chainrule.saved.model import Model

if TYPE_CHECKING:
    import pandas as pd


def predict_arrays(model: Model, data: str, *, proba: bool = False) -> pd.DataFrame:
    """Return what a model says of each sample: a class, or the values y of its outputs.

    Parameters
    ----------
    data : str
        An .npy file of inputs, or an .npz file that has them as `x`.
    proba : bool
        Whether to add the probability of each class.
    """
    import pandas as pd

    x = _inputs(model, data, _arrays(data))
    y = model.outputs_of(x)
    values = {name: y[..., k] for k, name in enumerate(_names(model))}
    if y.ndim > 2:
        raise DataError(
            "a model with one answer for a sample", f"answers of shape {y.shape[1:]}", "Use outputs_of in Python."
        )
    if not model.classes:
        return pd.DataFrame(values)
    return pd.DataFrame({"class": model.answers(y)} | (values if proba else {}))


def evaluate_arrays(model: Model, data: str) -> Evaluation:
    """Return the cost of a model, and the metrics that suit its loss, on an .npz file of inputs `x` and targets `t`."""
    arrays = _arrays(data)
    x = _inputs(model, data, arrays)
    if "t" not in arrays:
        raise DataError(
            f"targets `t` beside the inputs in {Path(data).name}",
            f"{', '.join(arrays) or 'nothing'}",
            "Write both: np.savez(path, x=x, t=t).",
        )
    t = arrays["t"]
    if t.dtype.kind == "U" and model.classes:
        t = _codes(model, t)
    # Learning is not installed wherever a model predicts.
    from chainrule.fitted.fitted import Fitted

    return Evaluation(len(x), {"data": Fitted(model).evaluate(x, t)}, [])


def _names(model: Model) -> list[str]:
    k = model.network.output_shape[-1]
    if not model.classes:
        return ["y"] if k == 1 else [f"y{i + 1}" for i in range(k)]
    return [f"P({name})" for name in (model.classes if k > 1 else model.classes[1:])]


def _codes(model: Model, t: np.ndarray) -> np.ndarray:
    known = {name: code for code, name in enumerate(model.classes)}
    strange = [name for name in np.unique(t).tolist() if name not in known]
    if strange:
        raise DataError(
            f"the classes {list(model.classes)}"[:200], f"{strange[0]!r:.60}", "Write them as the model has them."
        )
    codes = np.array([known[name] for name in t.ravel().tolist()]).reshape(t.shape)
    return codes[..., None] if model.network.output_shape[-1] == 1 and t.ndim == 1 else codes


def _arrays(data: str) -> dict[str, np.ndarray]:
    path = Path(data)
    if path.suffix not in (".npy", ".npz"):
        raise DataError(
            "an .npy or .npz file, for a model that takes arrays",
            f"{data!r:.100}",
            "Write the inputs with np.save, or with np.savez(path, x=x, t=t).",
        )
    if not path.is_file():
        raise DataError("a file of arrays", f"no file {data!r:.200}", "Check the path.")
    try:
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return {"x": found}
        with found as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"arrays of numbers in {path.name}", f"{error!s:.120}", "Write it with np.save or np.savez."
        ) from error


def _inputs(model: Model, data: str, arrays: dict[str, np.ndarray]) -> np.ndarray:
    network, name = model.network, Path(data).name
    if "x" not in arrays:
        raise DataError(
            f"inputs `x` in {name}", f"{', '.join(arrays) or 'nothing'}", "Write them: np.savez(path, x=x)."
        )
    x = arrays["x"]
    if x.shape[1:] != network.input_shape or not len(x):
        raise DataError(
            f"samples of shape {network.input_shape}, in an array (N, …)", f"shape {x.shape} in {name}", "Reshape it."
        )
    kinds = "iu" if network.layer.takes_ids else "iuf"
    if x.dtype.kind not in kinds or not np.isfinite(x).all():
        came = f"dtype {x.dtype}" if x.dtype.kind not in kinds else "NaN or infinity"
        what = "whole numbers" if network.layer.takes_ids else "finite numbers"
        raise DataError(f"{what} in {name}", came, "Convert it, or fill what is missing.")
    return x if network.layer.takes_ids else x.astype(np.float32)
