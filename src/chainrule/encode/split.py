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


def split_groups(groups: np.ndarray, fraction: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return (rest, part): groups are drawn until they have about `fraction` of the rows; none of them is parted.

    Parameters
    ----------
    groups : array (n,)
        The group of each row; one group at least stays in the rest.
    """
    names, number, counts = np.unique(groups, return_inverse=True, return_counts=True)
    order = rng.permutation(len(names))[: len(names) - 1]
    # The group that the wanted number of rows falls into belongs to the part if more than half of it does.
    taken = order[np.cumsum(counts[order]) - counts[order] / 2 <= fraction * len(groups)]
    part = np.isin(number, taken)
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


def row_lots(rows: np.ndarray, seed: int, purpose: int) -> np.ndarray:
    """Return a number in [0, 1) for each row number, the same whichever rows are asked for together.

    So the parts of a table that is never in memory as a whole are known row by row: SplitMix64's mixing (Steele, Lea
    & Flood, 2014, Fast splittable pseudorandom number generators, fig. 16) of the row number, from a start that the
    seed and the purpose name.
    """
    start = np.random.SeedSequence((seed, purpose)).generate_state(1, np.uint64)[0]
    with np.errstate(over="ignore"):
        z = start + (rows.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    lots: np.ndarray = (z >> np.uint64(11)).astype(float) * 2.0**-53
    return lots
