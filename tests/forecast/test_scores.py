"""Scores by hand, in the values' own unit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.series.encoding import SeriesEncoding
from chainrule.encode.series.fit import Wishes, fit_series, settle
from chainrule.encode.series.panel import Layout, Panel, panel_of
from chainrule.encode.series.windows import Windows
from chainrule.forecast.scores import covered, scored, scores, table_of

Y = [0.0, 2, 1, 3, 2, 4, 3, 5, 4, 6, 5, 7]


def fitted() -> tuple[Panel, SeriesEncoding]:
    layout = Layout("y", "t")
    panel = panel_of(pd.DataFrame({"t": range(len(Y)), "y": Y}), layout)
    wishes = Wishes(window=3, horizon=2, season=2, coverage=(0.5,))
    encoding, _ = fit_series(panel, layout, 7.0, settle(panel, wishes, 0.6), wishes)
    return panel, encoding


def test_errors_are_in_the_unit_of_the_values_and_of_a_season_ago() -> None:
    panel, encoding = fitted()
    # Two steps before, every value was 1 less: the error of the seasonal-naive forecast of training.
    assert encoding.errors == {"": 1.0}
    at = Windows(np.array([0]), np.array([8]))
    scale = encoding.sizes[""].scale
    # Last known 4; the truth is 6 and 5; outputs of 1 and 3 scales.
    seen = scored("test", encoding, panel, at, np.array([[1.0 / scale, 3.0 / scale]]))
    assert seen.truth.tolist() == [[6, 5]]
    assert seen.y == pytest.approx(np.array([[5.0, 7.0]]))
    found = scores(encoding, seen)
    assert found["mae"] == pytest.approx(1.5)
    assert found["rmse"] == pytest.approx(np.sqrt(2.5))
    assert found["mase"] == pytest.approx(1.5)
    assert found["smape"] == pytest.approx((200 * 1 / 11 + 200 * 2 / 12) / 2)


def test_the_naive_forecasts_stand_beside_the_last_part() -> None:
    panel, encoding = fitted()
    at = Windows(np.array([0]), np.array([8]))
    table = table_of(encoding, {"test": scored("test", encoding, panel, at, np.zeros((1, 2)))})
    assert list(table) == ["test", "naive", "seasonal naive"]
    # Outputs of 0 are the naive forecast; a season of 2 ago were 5 and 4.
    assert table["test"] == pytest.approx(table["naive"])
    assert table["seasonal naive"]["mae"] == pytest.approx(1.0)


def test_the_share_inside_an_interval_counts_its_ends() -> None:
    panel, encoding = fitted()
    scale = encoding.sizes[""].scale
    banded = replace(encoding, bands=(((0.0, 2.0 / scale), (0.0, 0.5 / scale)),))
    seen = scored("test", banded, panel, Windows(np.array([0]), np.array([8])), np.zeros((1, 2)))
    assert seen.ends[0, 0] == pytest.approx(np.array([[4, 6], [4, 4.5]]))
    assert covered(banded, seen) == {"inside_50": 0.5}
    assert covered(encoding, scored("test", encoding, panel, seen.windows, np.zeros((1, 2)))) == {}


def test_a_series_that_did_not_move_in_training_has_no_mase() -> None:
    panel, encoding = fitted()
    still = replace(encoding, errors={"": 0.0})
    assert "mase" not in scores(
        still, scored("test", still, panel, Windows(np.array([0]), np.array([8])), np.zeros((1, 2)))
    )
