"""Saliency: which inputs, and which places of a picture, a class's logit depends on."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError, ShapeError, did_you_mean
from chainrule.explain.question import inputs_of, parts_of, weights_of
from chainrule.network.network import Network
from chainrule.nn.layer import layers_inside
from chainrule.nn.probe import probe
from chainrule.types import PREDICT, Array, Params


def saliency(subject: Any, X: Any, output: Any = None, *, params: Params | None = None) -> np.ndarray:
    """Return ∂aₖ/∂x of each row: how the logit of a class changes with every input.

    Simonyan, Vedaldi & Zisserman, 2014, Deep inside convolutional networks, section 3 (there, of the score).

    Parameters
    ----------
    subject, params
        As in `derive`.
    X : array (N, ...)
    output : int or int array (N,), optional
        k; of each row its largest logit if left out.

    Returns
    -------
    array (N, ...)
        In float64, of the shape of X.
    """
    network, weights = parts_of(subject, params)
    _, dx, _ = _backward(network, weights, X, output)
    return dx


def grad_cam(
    subject: Any, X: Any, output: Any = None, *, layer: str | None = None, params: Params | None = None
) -> np.ndarray:
    """Return where in each picture the evidence for a class lies: Grad-CAM.

    ::

        αₖ[n,c] = mean over places of ∂aₖ/∂y[n,i,j,c]        map[n,i,j] = max(0, Σ_c αₖ[n,c] y[n,i,j,c])

    Selvaraju et al., 2017, Grad-CAM: visual explanations from deep networks, eq. 1 and 2.

    Parameters
    ----------
    subject, params, X, output
        As in `saliency`.
    layer : str, optional
        The layer whose values y (N, H, W, C) are looked at; the last that has places if left out.

    Returns
    -------
    array (N, H, W)
        At least 0, of the size of the layer's output.
    """
    network, weights = parts_of(subject, params)
    record, _, names = _backward(network, weights, X, output)
    places = [name for name in names if record[f"{name}.y"].ndim == 4]
    if not places:
        raise ShapeError(
            "a network with a layer whose values have places (N, H, W, C)",
            "none: no layer of this network writes pictures",
            "Use saliency, which needs no convolution.",
        )
    chosen = places[-1] if layer is None else layer
    if chosen not in places:
        raise ConfigError("a layer whose values have places", f"{layer!r}", did_you_mean(str(layer), places))
    y, dy = record[f"{chosen}.y"], record[f"{chosen}.dy"]
    alpha = dy.mean(axis=(1, 2), keepdims=True)
    heat: np.ndarray = np.maximum((alpha * y).sum(axis=3), 0)
    return heat


def _backward(network: Network, params: Params, X: Any, output: Any) -> tuple[dict[str, Array], np.ndarray, list[str]]:
    """Return what passes through each layer when dy of the logits is 1 at k, dx, and the layers' names."""
    x = inputs_of(network, X)
    record: dict[str, Array] = {}
    layer = probe(network.layer, record)
    weights = weights_of(network, params)
    a, cache = layer.forward(NUMPY, weights, x, PREDICT)
    dy = np.zeros_like(a)
    dy[np.arange(len(a)), _outputs(a, output)] = 1
    dx, _ = layer.backward(NUMPY, weights, cache, dy)
    return record, np.asarray(dx), [name for name, _ in layers_inside(network.layer) if f"{name}.dy" in record]


def _outputs(a: np.ndarray, output: Any) -> np.ndarray:
    """Return k for each row."""
    n, outputs = a.shape
    if output is None:
        chosen: np.ndarray = a.argmax(axis=1)
        return chosen
    k = np.asarray(output)
    if k.dtype.kind not in "iu" or k.shape not in ((), (n,)) or not ((k >= 0) & (k < outputs)).all():
        raise ConfigError(
            f"an output from 0 to {outputs - 1}, or one for each of the {n} rows", f"{output!r:.60}", "Count from 0."
        )
    return np.broadcast_to(k, (n,))
