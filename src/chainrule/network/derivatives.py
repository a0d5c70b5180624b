"""Derivatives of the cost on many rows, computed by an engine, as many rows at a time as fit into memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from chainrule.engine import Engine, placed
from chainrule.network.network import Network, rows_at_once
from chainrule.tree import leaves, map_leaves, nest
from chainrule.types import PREDICT, Array, Batch, Params, as_dense


@dataclass(frozen=True)
class Derivatives:
    """The program that computes ∂J/∂w of every weight, and ∂J/∂x."""

    network: Network

    def __call__(self, engine: Engine, params: Params, batch: Batch) -> tuple[Params, Array]:
        """Return both for the mean cost of a batch."""
        xp = engine.xp
        batch = self.network.numbers(xp, params, batch)
        a, cache = self.network.layer.forward(xp, params, batch.x, PREDICT.of(batch))
        _, loss_cache = self.network.loss.forward(xp, a, batch.t, batch.w, batch.mask)
        dx, grads = self.network.layer.backward(xp, params, cache, self.network.loss.backward(xp, loss_cache))
        return map_leaves(partial(as_dense, xp), grads), dx


def derivatives(network: Network, engine: Engine, params: Params, batch: Batch) -> tuple[Params, np.ndarray]:
    """Return ∂J/∂w as a tree, and ∂J/∂x (N, ...), of the mean cost of all rows, as NumPy arrays.

    Parameters
    ----------
    params : tree
        As placed on `engine`.
    batch : Batch
        On the host.
    """
    program = engine.compile(Derivatives(network))
    n, rows = batch.n_samples, rows_at_once(network)
    whole = _weight(batch)
    total: dict[str, np.ndarray] = {}
    pieces = []
    for start in range(0, n, rows):
        piece = batch.take(slice(start, start + rows))
        grads, dx = program(params, placed(engine, piece))
        # The cost is a mean: a piece's derivatives count by its share of the weight.
        share = _weight(piece) / whole
        pieces.append(engine.numpy(dx) * share)
        for path, grad in leaves(grads):
            total[path] = total.get(path, 0) + engine.numpy(grad) * share
    return {name: {} for name in network.specs} | nest(total), np.concatenate(pieces)


def _weight(batch: Batch) -> float:
    """Return Σ w m: by how much a mean over these rows counts in a mean over more."""
    w = np.ones(batch.n_samples) if batch.w is None else np.asarray(batch.w, np.float64)
    return float(w.sum() if batch.mask is None else (w[:, None] * np.asarray(batch.mask, np.float64)).sum())
