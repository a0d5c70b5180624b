"""Buckets: batches of sequences of a like length, without the padding that all of a batch share."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from chainrule.encode.encoder import Findings
from chainrule.engine import Engine
from chainrule.large.streamed import Streamed
from chainrule.network.lengths import worth_shortening
from chainrule.seeds import Purpose, generator
from chainrule.train.measure import Measurable
from chainrule.train.objective import Objective
from chainrule.types import Batch


class Buckets(Streamed):
    """Sequences in memory, given out batch by batch: the shortest together, and each batch as long as it has to be.

    Which rows are in a batch, and which batch comes when, is drawn anew in each epoch, as a function of the seed and the
    epoch.

    Parameters
    ----------
    data : Batch
        On the host, with a mask.
    lengths : int array (N,)
        What each sequence is to be padded to; see `network.lengths`.
    every_step : bool
        Whether t has something for each step.
    """

    in_batches = True

    def __init__(self, data: Batch, lengths: np.ndarray, *, every_step: bool) -> None:
        self._data = data
        self._lengths = lengths
        self._every_step = every_step
        self.n_samples = data.n_samples
        self.values = math.prod(data.x.shape[1:])
        self.findings = Findings()

    def pieces(self, order: np.random.Generator | None) -> Iterator[Batch]:
        """Yield all rows at once."""
        yield self._data

    def epoch(self, epoch: int, *, seed: int, batch_size: int, shuffle: bool = True) -> Iterator[Batch]:
        """Yield the batches of an epoch."""
        rng = generator(seed, Purpose.ORDER, epoch)
        order = rng.permutation(self.n_samples) if shuffle else np.arange(self.n_samples)
        order = order[np.argsort(self._lengths[order], kind="stable")]
        batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
        for number in rng.permutation(len(batches)) if shuffle else range(len(batches)):
            yield self._batch(batches[number])

    def _batch(self, rows: np.ndarray) -> Batch:
        steps = int(self._lengths[rows].max())
        x, t, w, mask = self._data.take(rows)
        if self._every_step:
            t = t if t is None else t[:, :steps]
            w = w[:, :steps] if w is not None and w.ndim > 1 else w
        return Batch(x[:, :steps], t, w, None if mask is None else mask[:, :steps])


def bucketed(objective: Objective, data: Batch, engine: Engine) -> Buckets | None:
    """Return the batches of sequences of which much is padding; None for other data, and where nothing is gained."""
    if data.mask is None or not isinstance(objective, Measurable) or not hasattr(data.x, "shape"):
        return None
    network = objective.network
    lengths = worth_shortening(network, engine.numpy(data.mask))
    if lengths is None:
        return None
    every_step = len(network.output_shape) > 1
    return Buckets(data.map(engine.numpy), lengths, every_step=every_step)
