"""Pictures in a memory map, as a stream: read and scaled block by block."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from chainrule.encode.encoder import Findings
from chainrule.encode.preparation import Preparation
from chainrule.large.streamed import Streamed
from chainrule.sources.samples import Pictures
from chainrule.types import Batch

if TYPE_CHECKING:
    import pandas as pd

_BLOCK_BYTES = 8 << 20


class StreamedPictures(Streamed):
    """Training pictures in a memory map, scaled block by block."""

    def __init__(self, pictures: Pictures, frame: pd.DataFrame, preparation: Preparation) -> None:
        self._pictures = pictures
        self._frame = frame
        self._preparation = preparation
        self.n_samples = len(pictures)
        self.values = math.prod(pictures.shape[1:])
        self.findings = Findings()

    def pieces(self, order: np.random.Generator | None) -> Iterator[Batch]:
        """Read and scale blocks of pictures that lie beside each other."""
        rows = max(1, _BLOCK_BYTES // (4 * max(1, self.values)))
        starts = np.arange(0, self.n_samples, rows)
        for start in starts if order is None else order.permutation(starts):
            block = np.arange(start, min(start + rows, self.n_samples))
            frame = self._frame.iloc[block]
            x = self._preparation.inputs(frame, self.findings, samples=self._pictures.take(block))
            yield Batch(x, self._preparation.targets(frame))
