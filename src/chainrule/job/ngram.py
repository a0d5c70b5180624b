"""The n-gram baseline of a language model: how often what came next did so after the same few tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

# Training tokens that are counted at most: the last ones, which are nearest to those that are measured.
MOST_TOKENS = 20_000_000


@dataclass(frozen=True, eq=False)
class NGram:
    """An interpolated n-gram model with Witten-Bell smoothing.

    ::

        p(w | h) = (c(h w) + T(h) p(w | h')) / (c(h) + T(h))

    c counts, T(h) is how many different tokens came after h, and h' is h without its first token; after no token at all,
    p is even over all ids. Bell, Cleary & Witten, 1990, Text compression, method C; interpolated as Chen & Goodman, 1998,
    An empirical study of smoothing techniques for language modeling, section 2.4.

    Attributes
    ----------
    counts : list of (codes, counts)
        For each order from 1: every sequence of so many tokens that came, as a sorted number, and how often.
    size : int
        V, how many ids there are.
    """

    counts: list[tuple[np.ndarray, np.ndarray]]
    size: int

    @classmethod
    def fit(cls, ids: np.ndarray, size: int, order: int) -> NGram:
        """Count the sequences of up to `order` tokens, as far as they fit into a number of 63 bits."""
        ids = np.asarray(ids[-MOST_TOKENS:], np.int64)
        order = min(order, longest_order(size))
        counts = [np.unique(_codes(ids, size, n), return_counts=True) for n in range(1, order + 1)]
        return cls(counts, size)

    @property
    def order(self) -> int:
        """The longest sequence that is counted."""
        return len(self.counts)

    def bits(self, ids: np.ndarray) -> np.ndarray:
        """Return for each order the mean bits of a token after the first `order` - 1 ones."""
        ids = np.asarray(ids, np.int64)
        skip = self.order - 1
        p = np.full(len(ids) - skip, 1 / self.size)
        bits = []
        for n in range(1, self.order + 1):
            code = _codes(ids, self.size, n)[skip - (n - 1) :]
            times = _looked_up(*self.counts[n - 1], code)
            total, kinds = self._after(code // self.size, n)
            p = np.where(total > 0, (times + kinds * p) / np.maximum(total + kinds, 1), p)
            bits.append(float(-np.log2(p).mean()))
        return np.array(bits)

    def _after(self, history: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Return c(h) and T(h) of each history of n - 1 tokens."""
        codes, counts = self.counts[n - 1]
        histories, first = np.unique(codes // self.size, return_index=True)
        totals = np.add.reduceat(counts, first)
        kinds = np.diff(np.append(first, len(codes)))
        return _looked_up(histories, totals, history), _looked_up(histories, kinds, history)


def longest_order(size: int) -> int:
    """Return how many tokens of so many kinds fit into a number of 63 bits."""
    return int(63 // math.log2(max(2, size)))


def _codes(ids: np.ndarray, size: int, n: int) -> np.ndarray:
    """Return each sequence of n tokens as one number: its ids are the digits."""
    codes = np.zeros(max(0, len(ids) - n + 1), np.int64)
    for i in range(n):
        codes = codes * size + ids[i : len(ids) - n + 1 + i]
    return codes


def _looked_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the value of each wanted key, 0 where there is none."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found: np.ndarray = np.where(keys[at] == wanted, values[at], 0)
    return found
