"""Derivatives of the cost on many rows, computed by an engine, as many rows at a time as fit into memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from chainrule.engine import Engine, placed
from chainrule.network.network import Network
from chainrule.network.outputs import rows_at_once
from chainrule.tree import fill, leaves, map_leaves
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
        _, loss_cache = self.network.loss.forward(xp, a, batch.t, batch.w, self.network.counted(batch.mask))
        dx, grads = self.network.layer.backward(xp, params, cache, self.network.loss.backward(xp, loss_cache))
        return map_leaves(partial(as_dense, xp), grads), dx


def derivatives(network: Network, engine: Engine, params: Params, batch: Batch) -> tuple[Params, np.ndarray]:
    """Return ∂J/∂w as a tree, and ∂J/∂x (N, ...), of the mean cost of all rows, as NumPy arrays.

    Parameters
    ----------
    params : tree
        As placed on `engine`.
    batch : Batch
        Rows, on the host; weights and mask count as they do in the cost.
    """
    program = engine.compile(Derivatives(network))
    n, rows = batch.n_samples, rows_at_once(network)
    counts = network.loss.counts(network.output_shape, n, batch.w, network.counted(batch.mask))
    total: dict[str, np.ndarray] = {}
    pieces = []
    for start in range(0, n, rows):
        part = slice(start, start + rows)
        grads, dx = program(params, placed(engine, batch.take(part)))
        # The cost is a mean: a piece's derivatives count by its share of the weights.
        share = float(counts[part].sum() / (counts.sum() or 1.0))
        pieces.append(engine.numpy(dx) * share)
        for path, grad in leaves(grads):
            total[path] = total.get(path, 0) + engine.numpy(grad) * share
    return fill(network.specs, total), np.concatenate(pieces)
