"""A question: which network, weights and rows a derivation is about, checked and in float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.constraints import Range
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.network.network import Network
from chainrule.train.objective import Supervised
from chainrule.tree import fill, leaves
from chainrule.types import Batch, Params


@dataclass(frozen=True, eq=False)
class Question:
    """A network, its weights, and the rows that the cost is the mean over."""

    network: Network
    params: Params
    batch: Batch
    rows: tuple[int, ...]


def ask(
    subject: Any,
    X: Any,
    t: Any,
    *,
    params: Params | None = None,
    row: Any = None,
    sample_weight: Any = None,
    mask: Any = None,
    max_terms: int = 1,
    first_row: int = 0,
) -> Question:
    """Return the question, or say what does not fit."""
    if not Range(int, 1).accepts(max_terms):
        raise ConfigError("max_terms to be a whole number of at least 1", f"{max_terms!r}", "Leave it out for 40.")
    network, params = parts_of(subject, params)
    if len(network.output_shape) != 1:
        raise ConfigError(
            "a network that ends in a vector of outputs (K,), to explain it",
            f"outputs of shape {network.output_shape}",
            "Ask for a network that ends in Flatten and Dense.",
        )
    x, targets = _array(X, "X"), _class_numbers(subject, np.asarray(t))
    n = x.shape[0]
    targets = targets_of(network, targets)
    weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    there = None if mask is None else np.asarray(mask, dtype=np.float64)
    for name, values in (("t", targets), ("sample_weight", weights), ("mask", there)):
        if values is not None and values.shape[:1] != (n,):
            raise ShapeError(
                f"{name} with one entry for each of the {n} rows of X",
                f"an array of shape {values.shape}",
                "Give the targets of these very rows.",
            )
    numbers = range(n)
    if row is not None:
        if not Range(int, 0, n - 1).accepts(int(row) if isinstance(row, np.integer) else row):
            raise ConfigError(f"a row from 0 to {n - 1}", f"{row!r}", "Rows count from 0.")
        numbers = range(int(row), int(row) + 1)
    if not n:
        raise DataError("at least one row", "none", "Give X a row.")
    chosen = slice(numbers.start, numbers.stop)
    batch = Batch(
        _ids(x[chosen]) if network.layer.takes_ids else _dense(x[chosen]),
        targets[chosen],
        None if weights is None or row is not None else weights[chosen],
        None if there is None else there[chosen],
    )
    Supervised(network).check(batch)
    _check_distribution(network, batch.t, numbers.start)
    return Question(network, weights_of(network, params), batch, tuple(n + first_row for n in numbers))


def _check_distribution(network: Network, t: np.ndarray, first: int) -> None:
    """Softmax's y - t holds because each row of t sums to 1."""
    if not network.loss.is_exclusive:
        return
    wrong = np.flatnonzero(np.abs(t.sum(axis=1) - 1) > 1e-6)
    if wrong.size:
        at = int(wrong[0])
        raise DataError(
            "targets of which each row sums to 1, for softmax and cross-entropy",
            f"{t[at].sum():g} in row {first + at}",
            "Give class numbers, or an indicator matrix.",
        )


def parts_of(subject: Any, params: Params | None = None) -> tuple[Network, Params]:
    """Return the network and the weights of whatever has both: a model, an estimator, a network and `params`."""
    network = subject if isinstance(subject, Network) else None
    for name in ("network", "network_"):
        network = network or getattr(subject, name, None)
    for name in ("params", "params_"):
        params = params if params is not None else getattr(subject, name, None)
    if not isinstance(network, Network):
        raise ConfigError(
            "a Network, a Model or a fitted estimator",
            f"{type(subject).__name__}",
            "Fit it first, or give its network.",
        )
    if params is None:
        raise ConfigError("the weights of the network", "none", "Give params=…, such as those of a run or a model.")
    return network, params


def weights_of(network: Network, params: Params) -> Params:
    """Return the weights in float64, under the names and with the shapes that the network asks for."""
    wanted = dict(leaves(network.specs))
    given = {name: np.array(value, dtype=np.float64) for name, value in leaves(params)}
    for name, spec in wanted.items():
        if name not in given or given[name].shape != spec.shape:
            came = f"one of shape {given[name].shape}" if name in given else f"none among {', '.join(given) or 'none'}"
            raise ShapeError(
                f"an array {name} of shape {spec.shape} in params", came, "Give the weights of this network."
            )
    return fill(network.specs, given)


def inputs_of(network: Network, X: Any) -> np.ndarray:
    """Return inputs (N, …) in float64, if they fit the network."""
    x = _dense(_array(X, "X"))
    if x.shape[1:] != network.input_shape:
        shape = ", ".join(map(str, network.input_shape))
        raise ShapeError(
            f"X of shape (N, {shape})", f"an array of shape {x.shape}", "Prepare the rows as for training."
        )
    if not np.isfinite(x).all():
        raise DataError("finite numbers in X", "NaN or infinity", "Fill them in.")
    return x


def _class_numbers(subject: Any, t: np.ndarray) -> np.ndarray:
    """Return the numbers of an estimator's own class labels; other targets as they are."""
    classes = getattr(subject, "classes_", None)
    if not isinstance(classes, np.ndarray) or t.ndim != 1:
        return t
    unknown = ~np.isin(t, classes)
    if unknown.any():
        raise DataError(
            f"classes that the estimator knows: {', '.join(map(str, classes[:10]))}",
            f"{t[unknown][0]!r} in row {int(np.flatnonzero(unknown)[0])}",
            "Give the labels that it was fitted with.",
        )
    numbers: np.ndarray = np.searchsorted(classes, t)
    return numbers


def targets_of(network: Network, t: np.ndarray) -> np.ndarray:
    """Return targets (N, K): class numbers become an indicator matrix, values a column."""
    (k,) = network.output_shape
    if t.dtype.kind not in "fiub":
        raise DataError("numbers as targets", f"an array of {t.dtype}", "Class names become numbers by numpy.unique.")
    whole: np.ndarray = t.astype(np.float64)
    if t.ndim == 1 and k == 1:
        return whole[:, None]
    if t.ndim == 1 and network.loss.is_exclusive:
        if not ((whole == np.floor(whole)) & (whole >= 0) & (whole < k)).all():
            raise DataError(
                f"class numbers from 0 to {k - 1}", f"{t[:5]!r}", "Or give t as an indicator matrix (N, K)."
            )
        indicator: np.ndarray = np.eye(k)[whole.astype(int)]
        return indicator
    return whole


def _array(values: Any, name: str) -> Any:
    array = values.tocsr() if hasattr(values, "tocsr") else np.asarray(values)
    if array.ndim < 2 or array.dtype.kind not in "fiub":
        raise ShapeError(
            f"{name} as an array of numbers with a row for each sample",
            f"an array of shape {array.shape}, {array.dtype}",
            "A single sample x is X = x[None].",
        )
    return array


def _ids(values: Any) -> np.ndarray:
    """Return ids as whole numbers."""
    array = np.asarray(values)
    if array.dtype.kind in "iu":
        return array
    if not (np.isfinite(array).all() and (array == np.floor(array)).all()):
        raise DataError("whole numbers in X, the ids that an Embedding reads", f"{array.ravel()[:4]}", "Give the ids.")
    return array.astype(np.int64)


def _dense(values: Any) -> np.ndarray:
    dense = values.toarray() if hasattr(values, "toarray") else values
    return np.asarray(dense, dtype=np.float64)
