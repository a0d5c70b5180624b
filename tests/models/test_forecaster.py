"""The Forecaster: what is known exactly comes out, in scikit-learn's manners, and from a file the same to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from chainrule import Forecaster, load_estimator
from chainrule.errors import ConfigError, DataError
from chainrule.models.histories import as_histories

T = np.arange(120)
WAVE = 5 * np.sin(2 * np.pi * T / 6) + 0.1 * T


def small(**more: Any) -> Forecaster:
    return Forecaster(**({"horizon": 3, "window": 12, "random_state": 0, "alpha": 0.0, "engine": "numpy"} | more))


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    return small(max_iter=400, n_iter_no_change=400, learning_rate_init=0.01).fit(WAVE)


def test_a_wave_goes_on_as_it_was(fitted: Forecaster) -> None:
    ahead = np.arange(120, 123)
    assert fitted.predict() == pytest.approx(5 * np.sin(2 * np.pi * ahead / 6) + 0.1 * ahead, abs=0.1)
    assert fitted.encoding_.season == 6
    assert fitted.score(WAVE) > 0.95


def test_another_history_goes_on_from_its_own_end(fitted: Forecaster) -> None:
    ahead = np.arange(50, 53)
    assert fitted.forecast(WAVE[:50]) == pytest.approx(5 * np.sin(2 * np.pi * ahead / 6) + 0.1 * ahead, abs=0.1)
    assert (fitted.forecast(WAVE) == fitted.predict()).all()


def test_the_interval_is_around_the_forecast(fitted: Forecaster) -> None:
    ends = fitted.predict_interval(coverage=0.95)
    assert ends.shape == (3, 2)
    assert (ends[:, 0] <= ends[:, 1]).all()
    with pytest.raises(ConfigError, match=r"a coverage that was fitted: 0\.8, 0\.95"):
        fitted.predict_interval(coverage=0.9)


def test_a_file_gives_the_same_to_the_bit(fitted: Forecaster, tmp_path: Path) -> None:
    fitted.save(tmp_path / "f.chainrule")
    again = load_estimator(tmp_path / "f.chainrule")
    assert (again.predict() == fitted.predict()).all()
    assert (again.predict_interval() == fitted.predict_interval()).all()
    assert again.get_params() == fitted.get_params()
    assert again.encoding_ == fitted.encoding_


def test_the_same_seed_gives_the_same_forecast_and_a_clone_is_not_fitted() -> None:
    one, other = (small(max_iter=5).fit(WAVE).predict() for _ in range(2))
    assert (one == other).all()
    with pytest.raises(NotFittedError):
        clone(small()).predict()


def test_several_series_keep_their_order_and_their_size() -> None:
    series = [10.0**i * WAVE[: 100 + i] for i in range(12)]
    found = small(model="linear", max_iter=5).fit(series).predict()
    assert found.shape == (12, 3)
    assert np.abs(found).max(axis=1) == pytest.approx(10.0 ** np.arange(12) * 10, rel=0.9)


def test_what_is_known_ahead_is_read_at_its_own_step() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(203, 1))
    y = np.concatenate([[0.0], 2 * x[1:200, 0]])
    model = small(window=3, season=1, max_iter=400, n_iter_no_change=400, learning_rate_init=0.01).fit(y, x[:200])
    assert model.predict(x[200:]) == pytest.approx(2 * x[200:, 0], abs=0.05)
    assert model.forecast(y, x) == pytest.approx(model.predict(x[200:]))
    with pytest.raises(DataError, match="X of the 3 steps to come"):
        model.predict()
    with pytest.raises(DataError, match=r"X of shape \(3, 1\)"):
        model.predict(x[:2])


def test_an_index_of_dates_has_the_calendar() -> None:
    days = pd.date_range("2021-01-29", periods=120, freq="ME")
    model = small(max_iter=3).fit(pd.Series(WAVE, index=days))
    assert model.encoding_.clock.describe() == "1 month"
    assert model.encoding_.season == 12
    assert as_histories(pd.Series(WAVE, index=days.to_period("M"))).is_date


def test_a_pinball_forecaster_is_surer_where_it_may_be() -> None:
    rng = np.random.default_rng(0)
    y = WAVE + rng.normal(size=120) * np.where(T % 6 < 3, 0.1, 3.0)
    model = small(loss="pinball", coverage=(0.5,), max_iter=60).fit(y)
    ends = model.predict_interval()
    assert (ends[:, 0] <= model.predict()).all()
    assert (model.predict() <= ends[:, 1]).all()


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ((np.zeros((5, 7)),), "one series"),
        ((np.array([1.0, np.inf] * 30),), "finite"),
        ((["a", "b"],), "numbers in y"),
        ((np.empty(0),), "a series with values"),
        ((WAVE[:5],), "longer|steps|times"),
        ((np.full(80, 3.0),), "vary"),
        ((WAVE, WAVE[:50]), "X with a row for each"),
        (([WAVE, WAVE], [WAVE]), "an X for each"),
        ((WAVE, np.full(120, np.nan)), "finite numbers"),
    ],
)
def test_what_is_no_series_is_refused(given: tuple[Any, ...], match: str) -> None:
    with pytest.raises(DataError, match=match):
        small(max_iter=2).fit(*given)


@pytest.mark.parametrize("coverage", [(), (0.8, 1.0), ("a",)])
def test_a_coverage_is_a_share(coverage: Any) -> None:
    with pytest.raises(ConfigError, match="shares between 0 and 1"):
        small(coverage=coverage).fit(WAVE)
