"""A model: a network with its weights and the preparation of its data: all that a prediction needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.encode.augment import Augment
from chainrule.encode.encoder import Findings
from chainrule.encode.preparation import Preparation
from chainrule.encode.sparse import is_sparse
from chainrule.encode.target import CLASSIFICATION
from chainrule.engine import Engine
from chainrule.engine.numpy import NUMPY, NumpyEngine
from chainrule.network.network import Network, logits
from chainrule.network.views import averaged_outputs
from chainrule.sources.samples import Samples
from chainrule.types import Params

if TYPE_CHECKING:
    import pandas as pd

_SAMPLES = 2048
# A matrix product rounds a row at the edge of its tiles otherwise than one inside.
_TILE = 64


@dataclass(frozen=True, eq=False)
class Model:
    """What a model file holds.

    Attributes
    ----------
    network : Network
    params : tree of NumPy arrays
    preparation : Preparation
    summary : mapping
        How it was trained, for people: JSON-able, read by nobody but them.
    augment : Augment
        How pictures were changed while it learned: so can the views of a picture be that a prediction is the mean of.
    """

    network: Network
    params: Params
    preparation: Preparation
    summary: Mapping[str, Any] = field(default_factory=dict)
    augment: Augment = field(default_factory=Augment)

    def outputs(
        self,
        frame: pd.DataFrame,
        findings: Findings | None = None,
        engine: Engine | None = None,
        *,
        samples: Samples | None = None,
        views: int = 1,
    ) -> np.ndarray:
        """Return y (N, K) for rows (and their `samples`): probabilities, or values in the target's own unit."""
        if samples is None:
            return self.outputs_of(self.preparation.inputs(frame, findings), engine, views=views)
        # As numbers they are several times as large as they are: so many at a time.
        blocks = [np.arange(start, min(start + _SAMPLES, len(samples))) for start in range(0, len(samples), _SAMPLES)]
        parts = (self.preparation.inputs(frame.iloc[rows], findings, samples=samples.take(rows)) for rows in blocks)
        return np.concatenate([self.outputs_of(x, engine, views=views) for x in parts])

    def outputs_of(self, x: np.ndarray, engine: Engine | None = None, *, views: int = 1) -> np.ndarray:
        """Return y (N, K) for prepared inputs x (N, ...): the mean over so many views of each picture.

        What comes out for a row of a table is the same to the last bit whichever rows are beside it.
        """
        engine = engine or NumpyEngine()
        if len(x.shape) == 2 and x.shape[0] % _TILE and views == 1:
            return self.outputs_of(_in_tiles(x), engine)[: x.shape[0]]
        params = engine.place(self.params)
        if views > 1:
            y = averaged_outputs(self.network, engine, params, x, self.augment, views=views)
        else:
            y = np.asarray(self.network.loss.link(NUMPY, logits(self.network, engine, params, x).astype(np.float64)))
        target = self.preparation.target
        return y if target.task == CLASSIFICATION else y * target.scale + target.mean

    def predict(
        self,
        frame: pd.DataFrame,
        findings: Findings | None = None,
        engine: Engine | None = None,
        *,
        samples: Samples | None = None,
    ) -> np.ndarray:
        """Return the predicted class names, or values (N,)."""
        y = self.outputs(frame, findings, engine, samples=samples)
        target = self.preparation.target
        return np.array(target.classes, dtype=object)[y.argmax(axis=1)] if target.classes else y[:, 0]


def _in_tiles(x: Any) -> Any:
    """Return rows with rows of zeros below them, a multiple of 64 in all."""
    zeros = np.zeros((-x.shape[0] % _TILE, x.shape[1]), x.dtype)
    if is_sparse(x):
        from scipy.sparse import csr_matrix, vstack

        return vstack([x, csr_matrix(zeros)], format="csr")
    return np.concatenate([x, zeros])
