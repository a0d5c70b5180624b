"""Looking at data before a step multiplies what does not fit, or what means nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.engine import engine_by_name
from chainrule.errors import DataError, ShapeError
from chainrule.network.network import Network
from chainrule.types import PREDICT, Batch, Shape

# Rows on which it is tried whether layers keep to a mask.
_TRIED = 4


def check_batch(network: Network, data: Batch) -> None:
    """Raise unless a network can be trained, or evaluated, on `data`.

    Raises
    ------
    ShapeError
        If an array is none, or has another shape than the network and its loss ask for.
    DataError
        If there is NaN or infinity, a target that the loss is not defined for, a negative weight, or nothing that
        counts.
    """
    for name, array in _named(data):
        if array is not None and not hasattr(array, "shape"):
            raise ShapeError(f"{name} to be an array", type(array).__name__, "Make it one with numpy.asarray.")
    n, loss, output = data.n_samples, network.loss, network.output_shape
    for name, array in _named(Batch(data.x)):
        if array is None:
            continue
        # Which shape each of several x has, the layers know.
        wanted = (n, *(array.shape[1:] if isinstance(data.x, Mapping) else network.input_shape))
        if tuple(array.shape) != wanted:
            _refuse_shape(name, wanted, array, "Give one row for each sample.")
        _check_finite(name, array)
    network.check_ids(data.x)
    mask = network.counted(data.mask)
    if data.mask is not None:
        # Of a vector, the numbers are no places; ids are one each.
        read = network.input_shape if network.layer.takes_ids else network.input_shape[:-1]
        _check_places("mask", data.mask, (n, *(output[:-1] if mask is not None else read)))
        if not np.isin(np.asarray(data.mask), (0, 1)).all():
            raise DataError(
                "a mask of 0 and 1", "other numbers", "Write 1 for each place that there is; weights are w."
            )
        if n and not np.asarray(data.mask).any():
            raise DataError(
                "a mask that leaves something to learn from", "no place that counts", "Leave rows of 0 out."
            )
        _require_kept(network, data.x, np.asarray(data.mask), mask is not None)
    if data.t is None and loss.needs_target:
        raise DataError(f"targets t for the loss {type(loss).__name__}", "None", "Give Batch(x, t).")
    if data.t is not None:
        if int(data.t.shape[0]) != n:
            _refuse_shape("t", (n, *loss.target_shapes(output)[0]), data.t, "Give one row for each sample.")
        if mask is None:
            _check_finite("t", data.t)
        loss.check_targets(output, data.t, mask)
        if mask is not None:
            _check_finite("t", np.asarray(data.t)[np.asarray(mask, bool)])
    if data.w is not None:
        _check_weights(data, (n, *output[:-1]))


def _require_kept(network: Network, x: Any, mask: np.ndarray, counted: bool) -> None:
    """Raise DataError if answers depend on what stands in places that are masked away.

    Tried with weights as they begin, on a few rows and with two fillings of these places.
    """
    if isinstance(x, Mapping) or mask.ndim < 2:
        return
    flat = mask.reshape(len(mask), -1)
    rows = np.flatnonzero(flat.any(axis=1) & ~flat.all(axis=1))[:_TRIED]
    if not len(rows):
        return
    rng = np.random.default_rng(0)
    xp, params, mask = engine_by_name("numpy", "float64").xp, network.init(rng), mask[rows]
    there = mask.astype(bool)
    answers = []
    for _ in range(2):
        filled = np.array(x[rows])
        filled[~there] = rng.choice(filled[there], (~there).sum())
        if filled.dtype.kind == "f":
            filled[~there] += rng.normal(size=filled[~there].shape)
        context = PREDICT.of(Batch(filled, mask=mask))
        y = np.asarray(network.forward(xp, params, filled, context))
        answers.append(y[there] if counted else y)
    if not np.allclose(answers[0], answers[1], rtol=1e-6, atol=1e-9):
        raise DataError(
            "layers that keep to the mask",
            "answers that depend on what stands in places masked away",
            "Use layers that read masks, such as GlobalAvgPool or LSTM, where places are mixed (Flatten and Dense do "
            "not), or give no mask.",
        )


def _named(data: Batch) -> Iterator[tuple[str, Any]]:
    """Yield every array with its name: x['words'], t, …; None for what there is none of."""
    for name, part in data._asdict().items():
        if isinstance(part, Mapping):
            yield from ((f"{name}[{key!r}]", array) for key, array in part.items())
        else:
            yield name, part


def _check_weights(data: Batch, places: Shape) -> None:
    _check_places("w", data.w, places)
    _check_finite("w", data.w)
    w = np.asarray(data.w)
    if w.size and w.min() < 0:
        row = int(np.argwhere(w < 0)[0][0])
        raise DataError("weights that are not negative", f"{w.min():g} (the first in row {row})", "Weigh by 0 or more.")
    if w.size and not w.any():
        raise DataError("weights that are not all zero", "no weight above 0", "Give some row a weight.")


def _check_places(name: str, array: Any, places: Shape) -> None:
    """Raise ShapeError unless there is a value for each sample, or for each place of its output."""
    shape = tuple(array.shape)
    if not shape or shape != places[: len(shape)]:
        wanted = " or ".join(str(places[:k]) for k in range(1, len(places) + 1))
        raise ShapeError(f"{name} of shape {wanted}", f"an array of shape {shape}", "Give one value for each sample.")


def _refuse_shape(name: str, wanted: Shape, array: Any, remedy: str) -> None:
    raise ShapeError(f"{name} of shape {wanted}", f"an array of shape {tuple(array.shape)}", remedy)


def _check_finite(name: str, array: Any) -> None:
    # In float64 a sum of float32 is NaN or infinite only if one of them is.
    total = array.sum(dtype=np.float64)
    if not np.isfinite(total):
        raise DataError(f"finite numbers in {name}", f"NaN or infinity (their sum is {total})", "Fill them in.")
