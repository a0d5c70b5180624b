"""What a person has, a list, a table, class numbers, as the arrays that a network is trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.encode.split import split_rows
from chainrule.errors import DataError, ShapeError
from chainrule.network.network import Network
from chainrule.seeds import Purpose, generator
from chainrule.types import Batch

_NUMBERS = "biuf"


def as_array(values: Any, name: str) -> Any:
    """Return numbers as an array; sparse matrices, and arrays of a device, stay what they are.

    Raises
    ------
    DataError
        If they are no numbers, or the rows of a list have several lengths.
    """
    if values is None or hasattr(values, "tocsr"):
        return values
    if np.ma.isMaskedArray(values):
        raise DataError(
            f"{name} without a mask of NumPy's", "a masked array", "Fill it in, and give mask= or sample_weight=."
        )
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise DataError(
            f"{name} with as many numbers in each row", "rows of several lengths", "Bring them to one length."
        ) from error
    if array.dtype.kind == "O" and hasattr(values, "columns"):
        strange = [str(column) for column, dtype in values.dtypes.items() if dtype.kind not in _NUMBERS]
        if not strange:
            # Numbers beside True and False, or whole ones beside others.
            return values.to_numpy(dtype=float)
        raise DataError(
            f"columns of numbers in {name}",
            f"text or dates in {', '.join(map(repr, strange[:3]))}",
            "Encode them first; `chainrule train` does so by itself.",
        )
    if array.dtype.kind not in _NUMBERS:
        example = f", such as {array.reshape(-1)[0]!r:.40}" if array.size else ""
        raise DataError(
            f"numbers in {name}",
            f"an array of {array.dtype}{example}",
            "For classes by name: NetworkClassifier, or numpy.unique(t, return_inverse=True)[1]."
            if name == "t"
            else "Encode them as numbers first.",
        )
    return array


def column_names(x: Any) -> tuple[str, ...]:
    """Return the names of a table's columns; none of an array."""
    return tuple(map(str, x.columns)) if hasattr(x, "columns") else ()


def in_order(x: Any, names: tuple[str, ...]) -> Any:
    """Return a table with its columns in the order of training; DataError where they are others."""
    came = column_names(x)
    if not names or not came or came == names:
        return x
    missing = [name for name in names if name not in came]
    if missing or len(came) != len(names):
        strange = [name for name in came if name not in names]
        raise DataError(
            f"the columns of training: {', '.join(names[:6])}{' …' if len(names) > 6 else ''}",
            f"{'without ' + ', '.join(map(repr, missing[:3])) if missing else 'with ' + ', '.join(map(repr, strange[:3]))}",
            "Give the same columns; their order does not matter.",
        )
    return x.iloc[:, [came.index(name) for name in names]]


def as_inputs(x: Any) -> Any:
    """Return inputs x: an array, or a mapping of arrays."""
    if isinstance(x, Mapping):
        return {name: as_array(values, f"x[{name!r}]") for name, values in x.items()}
    return as_array(x, "x")


def batch_of(network: Network, x: Any, t: Any = None, w: Any = None, mask: Any = None) -> Batch:
    """Return rows to train or score on; single values t (N,) become the one column that the network answers with."""
    t = as_array(t, "t")
    if t is not None and t.ndim == 1 and network.output_shape == (1,):
        t = t[:, None]
    return Batch(as_inputs(x), t, as_array(w, "sample_weight"), as_array(mask, "mask"))


def hold_out(batch: Batch, share: float, seed: int) -> tuple[Batch, Batch]:
    """Return the rows to train on and, drawn by the seed, a share of them to validate on.

    Class numbers, or indicators of classes, are stratified: each part has every class.
    """
    if not 0 < share < 1:
        raise DataError("valid to be a share between 0 and 1, or data", f"{share:g}", "Write 0.2, or (x, t).")
    n = batch.n_samples
    rest, part = split_rows(n, share, generator(seed, Purpose.SPLIT), _labels(batch.t))
    if len(part) == 0 or len(rest) == 0:
        raise DataError(
            f"enough rows for a share of {share:g} to validate on", f"{n} rows", "Give more rows, or no valid."
        )
    return batch.take(rest), batch.take(part)


def _labels(t: np.ndarray | None) -> np.ndarray | None:
    """Return the class of each row, where targets are classes and each has at least two rows."""
    if t is None or t.ndim > 2 or len(t) == 0:
        return None
    if t.ndim == 2 and t.shape[1] > 1 and ((t == 0) | (t == 1)).all() and (t.sum(axis=1) == 1).all():
        labels = t.argmax(axis=1)
    elif t.dtype.kind in "iub":
        labels = t.reshape(len(t), -1)[:, 0]
    else:
        return None
    labels = np.unique(labels, return_inverse=True)[1]
    return labels if np.bincount(labels).min() > 1 else None


def require_rows(batch: Batch, network: Network) -> None:
    """Raise ShapeError where inputs have no axis of samples, DataError where there is no sample."""
    arrays = [*Batch(batch.x).arrays()]
    if not arrays:
        raise DataError("inputs x", "none" if batch.x is None else "a mapping without arrays", "Give an array (N, …).")
    first = arrays[0]
    if isinstance(batch.x, Mapping) and len({len(array) for array in arrays if array.ndim}) > 1:
        sizes = {key: len(array) for key, array in batch.x.items()}
        raise ShapeError("as many rows in each x", f"{sizes}", "Give one row for each sample.")
    if first.ndim and first.shape[0] == 0:
        raise DataError("at least one row in x", "none", "Give data with rows in it.")
    if first.ndim == 0 or (not isinstance(batch.x, Mapping) and tuple(first.shape) == network.input_shape):
        raise ShapeError(
            f"x of shape (N, {', '.join(map(str, network.input_shape))})",
            f"one sample of shape {tuple(first.shape)}",
            "Put it into a list: [x].",
        )
