"""What comes out of a network: its logits for many rows, some at a time, and what one of its layers makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.engine import Engine
from chainrule.errors import ConfigError, ShapeError, did_you_mean
from chainrule.network.lengths import own_lengths
from chainrule.network.network import Network
from chainrule.nn.probe import probe
from chainrule.types import PREDICT, Array, Batch, Params

# Most values that lie between two layers in one piece of a prediction.
_MOST_VALUES = 1 << 25
_TILE = 64


@dataclass(frozen=True)
class Forward:
    """The program that computes logits."""

    network: Network

    def __call__(self, engine: Engine, params: Params, x: Array, mask: Array | None = None) -> Array:
        """Return the logits of x, of which the mask says what is padding."""
        return self.network.forward(engine.xp, params, x, PREDICT.of(Batch(x, mask=mask)))


def rows_at_once(network: Network, most: int = 4096) -> int:
    """Return how many samples pass through a network in one piece.

    An engine that multiplies no sparse matrix makes this many rows dense at a time; and the maps of a convolution have
    many times the values of its image. Many are a multiple of 64, so that no row is at the edge of a matrix: see
    `Model.outputs_of`.
    """
    rows = max(1, min(most, _MOST_VALUES // max(1, network.widest)))
    return rows - rows % 64 or rows


def logits(
    network: Network, engine: Engine, params: Params, x: Any, *, mask: Any = None, rows: int = 4096
) -> np.ndarray:
    """Return the logits of x (N, ...) as a NumPy array, at most `rows` samples at a time.

    Parameters
    ----------
    params : tree
        As placed on `engine`.
    x : array or CSR matrix, or a mapping of such
        Inputs, on the host or already on `engine`.
    mask : array (N, T), optional
        1 for each place of a sample that there is, 0 for padding.
    """
    if not isinstance(x, Mapping) and tuple(x.shape[1:]) != network.input_shape:
        raise ShapeError(
            f"inputs of shape (N, {', '.join(map(str, network.input_shape))})",
            f"an array of shape {tuple(x.shape)}",
            "Prepare the data as it was prepared for training.",
        )
    network.check_ids(x)
    forward = engine.compile(Forward(network))
    data = Batch(x, mask=mask)
    n, rows = data.n_samples, rows_at_once(network, rows)
    out = np.empty((n, *network.output_shape), engine.dtype)
    # By its own steps alone, so that no row's answer depends on those beside it.
    lengths = own_lengths(network, mask)
    if lengths is not None:
        return _by_length(network, engine, params, data, lengths, rows)
    for start in range(0, n, rows):
        part = data.take(slice(start, start + rows)).map(engine.array)
        out[start : start + rows] = engine.numpy(forward(params, part.x, part.mask))
    return out


def _by_length(
    network: Network, engine: Engine, params: Params, data: Batch, lengths: np.ndarray, rows: int
) -> np.ndarray:
    """Return the logits of sequences, those of a like length together and without the padding that they share."""
    forward = engine.compile(Forward(network))
    every_step = len(network.output_shape) > 1
    out = np.zeros((data.n_samples, *network.output_shape), engine.dtype)
    host = data.map(engine.numpy)
    for steps in np.unique(lengths):
        members = np.flatnonzero(lengths == steps)
        for start in range(0, len(members), rows):
            chosen = members[start : start + rows]
            # Whole tiles, of few sizes: see `Model.outputs_of`; and an engine that compiles does so for each size.
            size = next(size for size in (_TILE * 4**k for k in range(16)) if size >= len(chosen))
            filled = np.concatenate([chosen, np.full(min(size, rows) - len(chosen), chosen[0])])
            part = host.take(filled).map(lambda array, steps=steps: engine.array(array[:, :steps]))
            a = engine.numpy(forward(params, part.x, part.mask))[: len(chosen)]
            if every_step:
                out[chosen, :steps] = a
            else:
                out[chosen] = a
    return out


def layer_output(network: Network, engine: Engine, params: Params, x: Any, layer: str | int) -> np.ndarray:
    """Return what one layer makes of x (N, ...).

    Parameters
    ----------
    layer : str or int
        A layer's name; or the number of a layer with weights, counted from 1 without the last one, for what is read
        by the next layer with weights (that is: after the bend, and whatever else lies between).
    """
    name = layer_name(network, layer)
    record: dict[str, Array] = {}
    x = network.numbers(engine.xp, params, Batch(x)).x
    y, _ = probe(network.layer, record).forward(engine.xp, params, x, PREDICT)
    return engine.numpy(record.get(f"{name}.y", y))


def layer_name(network: Network, layer: str | int) -> str:
    """Return the name of a layer that is given by its name, or by a number as `layer_output` has it."""
    rows = list(network.rows())
    if isinstance(layer, str):
        names = [row.name for row in rows]
        if layer not in names:
            raise ConfigError("the name of a layer", f"{layer!r}", did_you_mean(layer, names))
        return layer
    weighted = [i for i, row in enumerate(rows) if row.n_parameters]
    count = len(weighted) - 1
    at = layer - 1 if layer > 0 else count + layer
    if layer == 0 or not 0 <= at < count:
        raise ConfigError(f"a hidden layer from 1 to {count}", f"{layer}", "Or give a layer's name.")
    return rows[weighted[at + 1] - 1].name
