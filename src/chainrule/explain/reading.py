"""Reading: which steps of a sequence an answer came from, and where an attention looks."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.errors import ShapeError
from chainrule.explain.question import parts_of, weights_of
from chainrule.network.network import Network
from chainrule.nn.attention import SelfAttention
from chainrule.nn.layer import layers_inside
from chainrule.nn.probe import probe
from chainrule.tree import leaf
from chainrule.types import PREDICT, Array, Batch, Params


def step_saliency(
    subject: Any, X: Any, output: Any = None, *, mask: Any = None, params: Params | None = None
) -> np.ndarray:
    """Return what each step of a sequence gave to a class's logit, to first order: Σ_d x_d ∂aₖ/∂x_d.

    Of ids, x is the vector that each becomes. Where nothing bends, all steps and the biases add up to the logit.
    Denil, Demiraj & de Freitas, 2014, Extraction of salient sentences from labelled documents, section 5.

    Parameters
    ----------
    subject, params
        As in `derive`.
    X : array (N, T) of ids, or (N, T, D)
    output : int or int array (N,), optional
        k; of each row its largest logit if left out.
    mask : array (N, T), optional
        1 for each step that there is.

    Returns
    -------
    array (N, T)
        In float64; 0 for padding.

    Raises
    ------
    ShapeError
        If the network has more than one answer for a sequence, or X is none.
    """
    network, given = parts_of(subject, params)
    if len(network.output_shape) != 1 or len(network.input_shape) > 2:
        raise ShapeError(
            "a network with one answer for each sequence (T,) of ids, or (T, D)",
            f"inputs of {network.input_shape}, answers of {network.output_shape}",
            "Use saliency.",
        )
    record: dict[str, Array] = {}
    weights, x, ctx = weights_of(network, given), _steps(network, X), PREDICT.of(Batch(None, mask=mask))
    layer = probe(network.layer, record)
    a, cache = layer.forward(NUMPY, weights, x, ctx)
    dy = np.zeros_like(a)
    dy[np.arange(len(a)), a.argmax(axis=1) if output is None else output] = 1
    dx, _ = layer.backward(NUMPY, weights, cache, dy)
    if network.layer.takes_ids:
        first = next(iter(network.layer.children()), "")
        x, dx = record[f"{first}.y"], record[f"{first}.dy"]
    share: np.ndarray = (np.asarray(x) * np.asarray(dx)).sum(axis=-1)
    return share if mask is None else share * np.asarray(mask)


def attention(subject: Any, X: Any, *, mask: Any = None, params: Params | None = None) -> dict[str, np.ndarray]:
    """Return the shares that each place took from each, (N, B, T, T), of every `SelfAttention` by its name.

    Parameters
    ----------
    subject, X, mask, params
        As in `step_saliency`.
    """
    network, given = parts_of(subject, params)
    record: dict[str, Array] = {}
    weights, ctx = weights_of(network, given), PREDICT.of(Batch(None, mask=mask))
    probe(network.layer, record).forward(NUMPY, weights, _steps(network, X), ctx)
    shares = {}
    for name, layer in layers_inside(network.layer):
        if isinstance(layer, SelfAttention):
            p = {part: leaf(weights, f"{name}.{part}") for part in ("W", "b", "V", "c")}
            shares[name] = np.asarray(layer.forward(NUMPY, p, record[f"{name}.x"], ctx)[1]["p"])
    return shares


def _steps(network: Network, X: Any) -> np.ndarray:
    """Return ids as they are, and numbers in float64."""
    x = np.asarray(X)
    return x if network.layer.takes_ids else x.astype(np.float64)
