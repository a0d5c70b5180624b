"""Passages: a corpus as rows for the loop, made anew each epoch; frequent words are thinned, noise words are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from chainrule.large.corpus import Corpus, Vocabulary
from chainrule.large.streamed import Streamed
from chainrule.seeds import Purpose, generator
from chainrule.types import Batch

# So far above the mean is there room for words: an epoch keeps more once in thousands of millions.
_DEVIATIONS = 6


class Passages(Streamed):
    """Passages of C centres with W words on either side, as `train.NegativeSampling` takes them.

    Each epoch has the same number of passages, so that all steps are alike: as many as its words need, and some that
    are empty.

    Parameters
    ----------
    corpus, vocabulary
        The text, and its words that have vectors.
    window : int
        W: how far a centre looks at most. How far it does is drawn for each, from 1 to W.
    subsample : float
        s: a word of frequency f stays with the probability √(s/f) + s/f (0: all stay).
    centres : int
        C.
    noise : int
        Noise words of a passage, drawn in proportion to count^¾.
    batch_size : int
        Passages of a batch: an epoch is a whole number of batches.

    Attributes
    ----------
    pairs : float
        Pairs of an epoch on average, were there no edges of sentences.
    """

    pool_bytes = 16 << 20

    def __init__(
        self,
        corpus: Corpus,
        vocabulary: Vocabulary,
        *,
        window: int = 5,
        subsample: float = 1e-3,
        centres: int = 16,
        noise: int = 16,
        batch_size: int = 1,
    ) -> None:
        self._corpus = corpus
        self._number_of = vocabulary.number_of
        self._window, self._centres, self._noise = window, centres, noise
        counts = vocabulary.counts.astype(float)
        share = counts / counts.sum()
        self._stays = (
            np.minimum(1.0, np.sqrt(subsample / share) + subsample / share) if subsample else np.ones(len(counts))
        )
        self._drawn = np.cumsum(counts**0.75)
        self.kept = float(counts @ self._stays)
        deviation = math.sqrt(float(counts @ (self._stays * (1 - self._stays))))
        needed = (self.kept + _DEVIATIONS * deviation) / centres + corpus.n_blocks
        self.n_samples = math.ceil(math.ceil(needed) / batch_size) * batch_size
        self.values = 2 * (centres + 2 * window) + centres + noise
        self.pairs = self.kept * (window + 1)

    def pieces(self, order: np.random.Generator | None) -> Iterator[Batch]:
        """Yield all passages, block by block, and then empty ones."""
        rng = generator(0, Purpose.ORDER) if order is None else order
        blocks = range(self._corpus.n_blocks)
        left = self.n_samples
        for number in blocks if order is None else order.permutation(len(blocks)):
            piece = self._passages(self._corpus.block(int(number)), rng).take(slice(left))
            left -= piece.n_samples
            if piece.n_samples:
                yield piece
        while left:
            piece = self._cut(np.empty(0, np.int32), np.empty(0, np.int32), min(left, 4096), rng)
            left -= piece.n_samples
            yield piece

    def _passages(self, block: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return the passages of a block: what stays of it, cut into pieces of C centres."""
        sentences = np.cumsum(block < 0, dtype=np.int32)
        words = self._number_of[block]
        known = words >= 0
        words, sentences = words[known], sentences[known]
        stays = rng.random(len(words), np.float32) < self._stays[words]
        words, sentences = words[stays], sentences[stays]
        return self._cut(words, sentences, -(-len(words) // self._centres), rng)

    def _cut(self, words: np.ndarray, sentences: np.ndarray, n: int, rng: np.random.Generator) -> Batch:
        """Return n passages of consecutive words; behind the last word there is padding."""
        size, side = self._centres, self._window
        behind = n * size - len(words) + side
        reach = rng.integers(1, side + 1, (n, size), np.int32)
        reach.reshape(-1)[len(words) :] = 0
        drawn = np.searchsorted(self._drawn, rng.random((n, self._noise)) * self._drawn[-1], side="right")
        return Batch(
            {
                "words": self._laid(words, behind, 0),
                "sentences": self._laid(sentences, behind, -1),
                "reach": reach,
                "noise": np.minimum(drawn, len(self._drawn) - 1).astype(np.int32),
            }
        )

    def _laid(self, values: np.ndarray, behind: int, padding: int) -> np.ndarray:
        """Return each passage with its surroundings as a row."""
        around = self._centres + 2 * self._window
        line = np.pad(values, (self._window, behind), constant_values=padding)
        if len(line) < around:
            return np.empty((0, around), np.int32)
        rows = np.lib.stride_tricks.sliding_window_view(line, around)[:: self._centres]
        return np.ascontiguousarray(rows, np.int32)
