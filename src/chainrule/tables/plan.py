"""The plan: how many members on how many folds suit a table, by its size alone, so that a seed names the whole search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.encode.encoder import Encoder
from chainrule.encode.sparse import is_sparse
from chainrule.errors import ConfigError, DataError, did_you_mean
from chainrule.nn import Loss
from chainrule.select.folds import Folds, draw_folds
from chainrule.tables.member import EFFORTS, QUICK, Effort, Member, draw_members, quick_member
from chainrule.tables.search import Rows, Search, Shelf
from chainrule.types import Batch

_FOLDS = 5
# Numbers of a table beyond which fewer networks, of fewer passes, have to do.
_MANY, _VERY_MANY = 2_000_000, 10_000_000
# Numbers of a sparse table that is made dense all the same, so that its numbers can be encoded.
_DENSE = 5_000_000


def numbers_of(encoders: Sequence[Encoder]) -> tuple[int, ...]:
    """Return which inputs are numbers: the values of numeric columns and of dates, not indicators and words."""
    found: list[int] = []
    at = 0
    for encoder in encoders:
        found += [at + place for place in encoder.numbers]
        at += encoder.width
    return tuple(found)


def effort_named(name: str) -> Effort:
    """Return the effort of a name, or raise ConfigError."""
    if name not in EFFORTS:
        raise ConfigError(f"effort to be {', '.join(EFFORTS)}", f"{name!r}", did_you_mean(str(name), EFFORTS))
    return EFFORTS[name]


def folds_for(t: np.ndarray, *, classify: bool, seed: int, groups: Any = None, folds: int = _FOLDS) -> Folds:
    """Return the folds of a table's rows: fewer than five where there are not so many rows, groups or rows of a class.

    Parameters
    ----------
    t : array (N, K)
        Indicators of the classes, or values.
    groups : array (N,), optional
        What must not be parted.

    Raises
    ------
    DataError
        If there are fewer than two rows, or groups.
    """
    n = len(t)
    labels = t.argmax(axis=1) if classify else t[:, 0]
    if n < 2:
        raise DataError("at least 2 rows to learn from, one of them held out", f"{n}", "Give more rows.")
    if groups is not None:
        found = len(np.unique(np.asarray(groups)))
        if found < 2:
            raise DataError("at least 2 groups, one of them held out", f"{found} in all rows", "Leave `group` out.")
        return draw_folds(labels, folds=min(folds, found), groups=groups, classify=classify, seed=seed)
    counts = np.bincount(labels) if classify else np.array([n])
    counts = counts[counts > 0]
    if counts.min() < 2 or len(counts) < 2:
        # Of a class with a single row no fold can both learn and be held out.
        return draw_folds(labels, folds=min(folds, n), kind="plain", classify=classify, seed=seed)
    return draw_folds(labels, folds=min(folds, int(counts.max())), classify=classify, seed=seed)


def one_part(folds: Folds) -> Folds:
    """Return the first fold alone: one network learns, and stops by the rows held out."""
    return Folds(folds.pairs[:1], folds.kind, folds.folds, 1, folds.seed, folds.notes)


def plan_search(
    x: Any,
    t: np.ndarray,
    loss: Loss,
    effort: str,
    *,
    seed: int = 0,
    groups: Any = None,
    numbers: tuple[int, ...] | None = None,
    jobs: int = 1,
    engine: str = "numpy",
    seconds: float | None = None,
    shelf: Shelf | None = None,
) -> Search:
    """Return the search for a table's rows.

    Parameters
    ----------
    x : array (N, D) or CSR matrix
        Prepared inputs.
    t : array (N, K)
    loss : Loss
    effort : str
        A name in `EFFORTS`.
    seed : int
        Names folds, members, weights, batches and noise.
    groups : array (N,), optional
    numbers : tuple of int, optional
        See `numbers_of`.
    jobs : int
        Trainings at once, on NumPy.
    engine : str
        See `Search`.
    seconds : float, optional
        The time limit.
    shelf : Shelf, optional
    """
    wanted = effort_named(effort)
    if is_sparse(x) and x.shape[0] * x.shape[1] <= _DENSE:
        x = np.asarray(x.toarray())
    folds = folds_for(t, classify=loss.task == "classification", seed=seed, groups=groups)
    dense = not is_sparse(x)
    if wanted is QUICK:
        folds = one_part(folds)
        members: tuple[Member, ...] = (quick_member(x.shape, seed, dense=dense),)
    else:
        members = draw_members(networks_for(wanted, x.shape), seed, dense=dense)
    rows = Rows(Batch(x, t), loss, folds, numbers)
    return Search(rows, members, wanted, seed=seed, jobs=jobs, engine=engine, seconds=seconds, shelf=shelf)


def networks_for(effort: Effort, shape: tuple[int, ...]) -> int:
    """Return how many networks with hidden layers are tried on x of this shape (N, D)."""
    numbers = shape[0] * shape[1]
    if numbers > _VERY_MANY:
        return max(2, effort.networks // 3)
    return max(3, 2 * effort.networks // 3) if numbers > _MANY else effort.networks
