"""`chainrule.load_data`: a file, a folder or a built-in data set as arrays to train and to test on."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np

from chainrule.encode.sparse import as_dense
from chainrule.encode.target import CLASSIFICATION
from chainrule.job.config import Config
from chainrule.job.prepare import Part, Prepared, prepare

Rows: TypeAlias = tuple[np.ndarray, np.ndarray]


def load_data(
    data: str | Path, target: str | None = None, *, test: float | str = "auto", seed: int = 0
) -> tuple[Rows, Rows]:
    """Return (x, t), (x_test, t_test) of a data set, prepared as `chainrule train` prepares it.

    Parameters
    ----------
    data : str or Path
        A file, a folder, or the name of a built-in data set; `chainrule datasets` lists these.
    target : str, optional
        The column to predict; guessed where it is left out.
    test : float or str
        Share of the rows, a file, or `auto`: the part that was published, else 0.2.
    seed : int
        Names which rows are drawn.

    Returns
    -------
    x : array (N, …), float32
        Columns as numbers, scaled by what the rows to train on are like; pictures (N, H, W, C) from 0 to 1.
    t : array (N,)
        Class numbers in the order of the classes' names, or values in the target's own unit.
    """
    prepared = prepare(Config(data=str(data), target=target, valid=0.0, test=test, seed=seed))
    test_part = prepared.parts.get("test")
    train = _rows(prepared, prepared.parts["train"])
    if test_part is None:
        return train, (train[0][:0], train[1][:0])
    return train, _rows(prepared, test_part)


def _rows(prepared: Prepared, part: Part) -> Rows:
    target = prepared.preparation.target
    labels = part.frame[target.name]
    t = target.codes(labels) if target.task == CLASSIFICATION else target.values(labels)
    return as_dense(part.batch.x), t
