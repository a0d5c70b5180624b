"""Models whose every answer is known: functions of raw rows, and rows to ask them about."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.target import Target
from chainrule.inspection import Rows, Subject
from chainrule.sources.kinds import ColumnKind

N = 1200


def columns(**kinds: str) -> tuple[ColumnKind, ...]:
    return tuple(ColumnKind(name, kind, "") for name, kind in kinds.items())


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "strong": rng.normal(size=N),
            "town": rng.choice([f"town {i}" for i in range(40)], N),
            "colour": rng.choice(["red", "green", "blue"], N),
            "flag": rng.random(N) < 0.3,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, N), unit="D"),
            "noise": rng.integers(0, 9, N),
        }
    )


KINDS = columns(strong="numeric", town="category", colour="category", flag="boolean", day="date", noise="numeric")


def logit(frame: pd.DataFrame) -> np.ndarray:
    """Follow one column closely, forty towns a little, the day a little, and the rest not at all."""
    towns = frame["town"].astype(str).str[5:].astype(int).to_numpy()
    days = (pd.to_datetime(frame["day"]) - pd.Timestamp("2024-05-30")).dt.days.to_numpy()
    return np.asarray(1.5 * frame["strong"].to_numpy(float) + 0.02 * (towns - 20) + 0.003 * days, float)


def two_classes(frame: pd.DataFrame) -> np.ndarray:
    p = 1 / (1 + np.exp(-logit(frame)))
    return np.column_stack([1 - p, p])


def values(frame: pd.DataFrame) -> np.ndarray:
    return (1000 * logit(frame) + 20_000)[:, None]


@pytest.fixture(scope="session")
def classifier(frame: pd.DataFrame) -> tuple[Subject, Rows]:
    y = two_classes(frame)
    truth = (np.random.default_rng(1).random(N) < y[:, 1]).astype(int)
    subject = Subject(two_classes, Target("bought", "classification", ("no", "yes")), KINDS)
    return subject, Rows("test", frame, truth, y)


@pytest.fixture(scope="session")
def regressor(frame: pd.DataFrame) -> tuple[Subject, Rows]:
    y = values(frame)
    truth = y[:, 0] + np.random.default_rng(2).normal(0, 500, N)
    return Subject(values, Target("price", "regression"), KINDS), Rows("test", frame, truth, y)


Case = tuple[Subject, Rows]
