"""Splits: which rows train, which validate, which test; stratified, so that each part has every class."""

from __future__ import annotations

import numpy as np


def split_rows(
    n: int, fraction: float, rng: np.random.Generator, labels: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (rest, part): `part` has about `fraction` of n rows, both in ascending order.

    Parameters
    ----------
    labels : int array (n,), optional
        Classes. Each contributes its share to the part, rounded down and the largest remainders up, but keeps at
        least one row in the rest.
    """
    size = round(fraction * n)
    if labels is None:
        chosen = rng.permutation(n)[:size]
    else:
        chosen = _stratified(labels, size, rng)
    part = np.zeros(n, bool)
    part[chosen] = True
    return np.flatnonzero(~part), np.flatnonzero(part)


def _stratified(labels: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    classes, counts = np.unique(labels, return_counts=True)
    exact = counts * (size / len(labels))
    take = np.floor(exact).astype(int)
    # A random tie-break, or of many equally small classes the first ones would always be taken.
    order = np.lexsort((rng.random(len(classes)), take - exact))
    for i in order[: size - take.sum()]:
        take[i] += 1
    take = np.minimum(take, counts - 1)
    rows = [rng.permutation(np.flatnonzero(labels == c))[:k] for c, k in zip(classes, take, strict=True)]
    return np.concatenate(rows)
