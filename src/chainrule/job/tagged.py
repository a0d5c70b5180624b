"""Sequences with a label for every step: their tokens one under the other, and how many are right from end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chainrule.sources.tagged import LABEL, TOKENS, parted

if TYPE_CHECKING:
    import pandas as pd


def token_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each token: the number of its sequence, from 1, the token, and its label where there is one."""
    import pandas as pd

    tokens = parted(frame[TOKENS])
    columns = {
        "sequence": np.repeat(np.arange(1, len(tokens) + 1), [len(row) for row in tokens]),
        "token": [token for row in tokens for token in row],
    }
    if LABEL in frame.columns:
        columns[LABEL] = [label for row in parted(frame[LABEL]) for label in row]
    return pd.DataFrame(columns)


def whole_sequences(frame: pd.DataFrame, truth: np.ndarray, y: np.ndarray) -> str:
    """Return how many sequences have the right label at every step, for people.

    Parameters
    ----------
    truth : int array (steps of all rows,)
    y : array (steps of all rows, K)
    """
    right, total = count_whole(frame, truth, y)
    return f"sequences that are right at every step: {right:,} of {total:,} ({right / max(1, total):.2%})"


def count_whole(frame: pd.DataFrame, truth: np.ndarray, y: np.ndarray) -> tuple[int, int]:
    """Return how many sequences have the right label at every step, and how many there are."""
    lengths = [len(row) for row in parted(frame[TOKENS])]
    wrong = np.add.reduceat((y.argmax(axis=1) != truth).astype(int), np.cumsum([0, *lengths[:-1]]))
    return int((wrong == 0).sum()), len(lengths)
