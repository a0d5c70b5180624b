"""The ColumnTransformer that scikit-learn fits by itself gives what our encoders give, for every kind and choice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.choices import Choices, ChoiceTable
from chainrule.encode.columns import ENCODERS
from chainrule.encode.encoder import Findings
from chainrule.encode.sparse import as_dense
from chainrule.encode.table import TableEncoding, column_kinds, fit_table
from chainrule.encode.transformer import column_transformer, largest_difference

N = 240
# Our x is float32.
ROUNDING = 1e-6


def make_frame(seed: int = 3) -> pd.DataFrame:
    """A table with every kind of column, most of them with gaps."""
    rng = np.random.default_rng(seed)

    def gaps(cells: Any) -> pd.Series:
        column = pd.Series(cells).astype(object)
        column[rng.random(N) < 0.1] = None
        return column

    moments = pd.date_range("1990-01-01", periods=N, freq="97h").strftime("%Y-%m-%d %H:%M")
    return pd.DataFrame(
        {
            "height": gaps(rng.normal(170, 10, N)).astype(float),
            "weight": gaps(rng.normal(70, 10, N)).astype(float),
            "price": [f"${value:,.2f}" for value in rng.lognormal(5, 2, N)],
            "age": rng.integers(0, 90, N),
            "infinite": np.where(rng.random(N) < 0.05, np.inf, rng.normal(size=N)),
            "colour": gaps(rng.choice(["red", "green", "blue"], N)),
            "shop": rng.zipf(1.5, N).clip(0, 60).astype(str),
            "size": gaps(rng.choice(["S", "M", "L"], N)),
            "smoker": gaps(rng.choice(["Yes", "no"], N)),
            "member": rng.random(N) < 0.3,
            "born": gaps(moments),
            "remark": gaps([" ".join(rng.choice(list("abcdefghij"), 5) + "x") for _ in range(N)]),
            "class": rng.choice(["a", "b"], N),
        }
    )


SETTINGS: list[dict[str, Any]] = [
    {},
    {"scaling": "minmax"},
    {"scaling": "robust", "winsorise": 0.05},
    {"scaling": "none", "impute": "mean"},
    {"scaling": "smooth"},
    {"scaling": "quantile", "dates": "parts"},
    {"scaling": "quantile", "encoding": "ordinal"},
    {"scaling": "minmax", "winsorise": 0.1, "indicators": False},
    {"impute": "mode", "dates": "parts"},
    {"impute": 3.5, "encoding": "ordinal"},
    {"order": "frequency", "scaling": "minmax"},
    {"order": {"size": ["S", "M", "L"]}, "rare": {"shop": 0.1}, "most_categories": {"colour": 2}},
    {"rare": 40},
    {"impute": "mode", "most_categories": 3},
    {"text": "bag", "ngrams": 2, "most_words": 30},
    {"text": "topics", "topics": 3},
    {"word_rows": 9, "scaling": {"age": "minmax", "*": "robust"}},
]


def fitted(settings: dict[str, Any]) -> tuple[TableEncoding, pd.DataFrame]:
    frame = make_frame()
    kinds = column_kinds(frame, "class", {"shop": "category"})
    return fit_table(frame, kinds, ChoiceTable(settings)), frame.drop(columns="class")


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_scikit_learn_finds_the_same_numbers(settings: dict[str, Any]) -> None:
    encoding, frame = fitted(settings)
    _, difference = largest_difference(encoding.encoders, encoding.encode(frame, None, Findings()), frame)
    assert difference < ROUNDING


def test_the_settings_above_have_every_kind_and_every_choice() -> None:
    kinds = {encoder.kind for settings in SETTINGS for encoder in fitted(settings)[0].encoders}
    assert kinds == set(ENCODERS)
    assert {name for settings in SETTINGS for name in settings} == set(Choices.__dataclass_fields__)


@pytest.mark.filterwarnings("ignore:Found unknown categories:UserWarning")
def test_rows_that_training_did_not_have_become_the_same_too() -> None:
    encoding, frame = fitted({"scaling": "minmax"})
    transformer, names = column_transformer(encoding.encoders)
    others = make_frame(seed=4).drop(columns="class")
    others.loc[:3, "shop"] = "new"
    others.loc[2:5, "height"] = 1e4
    ours = encoding.encode(others, None, Findings())
    order = [encoding.features.index(name) for name in names]
    np.testing.assert_allclose(
        as_dense(transformer.fit(frame).transform(others)), ours[:, order], rtol=ROUNDING, atol=ROUNDING
    )


def test_a_number_that_is_learned_otherwise_shows() -> None:
    encoding, frame = fitted({})
    x = encoding.encode(frame, None, Findings())
    x[7, 0] += 0.01
    assert largest_difference(encoding.encoders, x, frame)[1] > 0.001


def test_it_can_be_used_in_a_pipeline_of_ones_own() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline

    encoding, frame = fitted({})
    transformer, _ = column_transformer(encoding.encoders)
    target = frame["age"] > 45
    scores = cross_val_score(make_pipeline(transformer, LogisticRegression(max_iter=2000)), frame, target, cv=3)
    assert scores.min() > 0.8
