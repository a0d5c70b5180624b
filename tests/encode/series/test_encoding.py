"""The encoding of series: each number at its place, the right horizon, and not one that was not known when a forecast is made."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.encoder import Findings
from chainrule.encode.series.encoding import SeriesEncoding, carried, quantiles_for, size_of
from chainrule.encode.series.fit import Wishes, before, fit_series, settle, strongest_period
from chainrule.encode.series.panel import Layout, Panel, panel_of
from chainrule.encode.series.windows import Windows, all_windows
from chainrule.errors import ConfigError, DataError, ModelFileError

LAYOUT = Layout("y", "t", "who")


def frame(n: int = 40) -> pd.DataFrame:
    """Two series in which every number says what it is: the value is the time, the columns ten and a hundred times it."""
    t = np.arange(n, dtype=float)
    parts = [
        pd.DataFrame({"t": t, "y": t + shift, "past": 10 * t, "plan": 100 * t, "who": who})
        for shift, who in ((0, "a"), (1000, "b"))
    ]
    return pd.concat(parts, ignore_index=True)


def fitted(rows: pd.DataFrame, until: float = 25.0, **wishes: object) -> tuple[Panel, SeriesEncoding]:
    panel = panel_of(rows, LAYOUT)
    wished = Wishes(**({"window": 4, "horizon": 3, "season": 2, "known": ("plan",)} | wishes))  # type: ignore[arg-type]
    encoding, _ = fit_series(panel, LAYOUT, until, settle(panel, wished, 0.6), wished)
    return panel, encoding


def test_the_target_of_a_window_is_what_comes_right_after_it() -> None:
    panel, encoding = fitted(frame())
    windows = Windows(np.array([0, 1]), np.array([9, 20]))
    level, scale = encoding.levels(panel, windows)
    assert level.tolist() == [9, 1020]
    assert encoding.truth(panel, windows).tolist() == [[10, 11, 12], [1021, 1022, 1023]]
    assert encoding.targets(panel, windows) * scale[:, None] == pytest.approx(np.array([[1, 2, 3], [1, 2, 3]]))


def test_every_input_stands_at_its_step() -> None:
    panel, encoding = fitted(frame())
    assert encoding.channels == ["y", "past", "plan", "is ahead"]
    assert encoding.shape == (7, 4)
    x = encoding.inputs(panel, Windows(np.array([0]), np.array([9])), Findings())[0].astype(float)
    scale = encoding.sizes["a"].scale
    assert x[:4, 0] * scale == pytest.approx([-3, -2, -1, 0], abs=1e-5)
    assert encoding.past is not None
    assert encoding.ahead is not None
    past, plan = encoding.past.encoders[0], encoding.ahead.encoders[0]
    assert x[:4, 1] * past.scale + past.center == pytest.approx([60, 70, 80, 90], rel=1e-5)
    # What is known ahead goes on through the horizon.
    assert x[:, 2] * plan.scale + plan.center == pytest.approx([600, 700, 800, 900, 1000, 1100, 1200], rel=1e-5)
    assert x[:, 3].tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_nothing_of_the_horizon_is_known_but_what_is_declared() -> None:
    panel, encoding = fitted(frame())
    x = encoding.inputs(panel, Windows(np.array([0, 1]), np.array([9, 30])), Findings())
    assert (x[:, 4:, :2] == 0).all()


def test_what_comes_later_changes_no_input_but_that_known_ahead() -> None:
    # The proof that nothing leaks: whatever is put into the future of a window, into its values or its columns, its inputs
    # stay the same to the bit.
    rows = frame()
    panel, encoding = fitted(rows)
    at = Windows(np.array([0]), np.array([9]))
    before_ = encoding.inputs(panel, at, Findings())
    for name, value in (("y", 1e6), ("past", -1e6)):
        other = rows.copy()
        other.loc[(other["t"] > 9) & (other["who"] == "a"), name] = value
        assert (encoding.inputs(panel_of(other, LAYOUT), at, Findings()) == before_).all(), name
    other = rows.copy()
    other.loc[(other["t"] > 9) & (other["who"] == "a"), "plan"] = 0.0
    changed = encoding.inputs(panel_of(other, LAYOUT), at, Findings())
    assert (changed[:, :4] == before_[:, :4]).all()
    assert (changed[:, 4:, 2] != before_[:, 4:, 2]).all()


def test_what_comes_after_training_changes_nothing_that_is_fitted() -> None:
    rows = frame()
    rows["kind"] = np.where(rows["t"] % 2 == 0, "even", "odd")
    _, encoding = fitted(rows)
    other = rows.copy()
    later = other["t"] > 25
    other.loc[later, ["y", "past", "plan"]] *= -77.0
    other.loc[later, "kind"] = "never seen"
    assert json.dumps(fitted(other)[1].to_json()) == json.dumps(encoding.to_json())


def test_a_series_is_told_from_its_own_level_in_its_own_scale() -> None:
    rows = frame()
    rows.loc[rows["who"] == "b", "y"] *= 1000.0
    panel, encoding = fitted(rows)
    x = encoding.inputs(panel, Windows(np.array([0, 1]), np.array([9, 9])), Findings())
    assert x[0, :4, 0] == pytest.approx(x[1, :4, 0], rel=1e-5)


def test_a_series_that_training_did_not_have_is_measured_by_its_first_history_alone() -> None:
    _, encoding = fitted(frame())
    strange = frame()
    strange["who"] = "new"
    strange = strange[:40]
    later = strange.copy()
    later.loc[later["t"] > 20, "y"] = 1e9
    at = Windows(np.array([0, 0]), np.array([20, 15]))
    scales = [encoding.levels(panel_of(one, LAYOUT), at)[1].tolist() for one in (strange, later)]
    assert scales[0] == scales[1]


def test_a_missing_value_is_carried_forward_and_marked_and_no_window_has_to_forecast_it() -> None:
    rows = frame()
    rows.loc[[7, 8], "y"] = np.nan
    panel, encoding = fitted(rows)
    assert encoding.marks
    x = encoding.inputs(panel, Windows(np.array([0]), np.array([9])), Findings())[0]
    scale = encoding.sizes["a"].scale
    assert x[:4, 0] * scale == pytest.approx([-3, -3, -3, 0], abs=1e-5)
    assert x[:4, 1].tolist() == [0, 1, 1, 0]
    origins = all_windows(panel, 4, 3).of_series(0)
    assert not {4, 5, 6, 7} & set(origins.tolist())
    assert {3, 8}.issubset(origins.tolist())


def test_histories_are_carried_forward_and_before_the_first_value_backward() -> None:
    y = np.array([[np.nan, 2.0, np.nan, 4.0], [1.0, np.nan, np.nan, np.nan]])
    assert carried(y).tolist() == [[2, 2, 2, 4], [1, 1, 1, 1]]


def test_a_series_that_does_not_move_has_the_scale_of_the_others() -> None:
    assert size_of(np.full(9, 5.0), "last", 3, 2.5).scale == 2.5
    assert size_of(np.full(9, 0.1) + 1e-17, "mean", 3, 2.5).scale == 2.5
    rows = frame()
    rows.loc[rows["who"] == "b", "y"] = 7.0
    _, encoding = fitted(rows)
    assert encoding.sizes["b"].scale == encoding.sizes["a"].scale
    rows["y"] = 7.0
    with pytest.raises(DataError, match="7 at every time"):
        fitted(rows)


def test_the_calendar_is_an_input_where_the_window_does_not_hold_it() -> None:
    days = pd.date_range("2022-01-01", periods=900, freq="D")
    rows = pd.DataFrame({"t": days, "y": np.arange(900.0), "who": "a"})
    until = float(days[800].value // 1000)
    assert fitted(rows, until, known=(), window=5)[1].circles == ("year", "week")
    assert fitted(rows, until, known=(), window=14)[1].circles == ("year",)
    assert fitted(rows, until, known=(), calendar=("none",))[1].circles == ()
    # A year that was not gone through twice has nothing to teach.
    assert fitted(rows, float(days[500].value // 1000), known=(), window=5)[1].circles == ("week",)
    panel, encoding = fitted(rows, until, known=(), window=5)
    x = encoding.inputs(panel, Windows(np.array([0]), np.array([100])), Findings())[0]
    counted = days[96:104].to_numpy().astype("datetime64[D]").astype(int)
    assert encoding.channels[3] == "week sin"
    assert x[:, 3] == pytest.approx(np.sin(2 * np.pi * counted / 7), abs=1e-5)


def test_a_column_known_ahead_must_be_there() -> None:
    with pytest.raises(ConfigError, match=r"known ahead.*'plam'.*'plan'|'plam'"):
        fitted(frame(), known=("plam",))
    with pytest.raises(ConfigError, match="known ahead"):
        fitted(frame(), known=("y",))


def test_quantiles_are_put_in_order_and_the_median_is_the_forecast() -> None:
    _, encoding = fitted(frame(), quantiles=quantiles_for((0.8,)), coverage=(0.8,))
    assert encoding.quantiles == (0.1, 0.5, 0.9)
    crossed = np.array([[3.0, 1.0, 2.0] * 3])
    assert encoding.points(crossed).tolist() == [[2, 2, 2]]
    assert encoding.intervals(crossed)[0, 0].tolist() == [[1, 3]] * 3


def test_the_encoding_survives_json_to_the_bit() -> None:
    panel, encoding = fitted(frame())
    banded = replace(encoding, bands=tuple(tuple((-1.0 * c, 2.0 * c) for _ in range(3)) for c in (1, 2)))
    again = SeriesEncoding.from_json(json.loads(json.dumps(banded.to_json())))
    assert again == banded
    at = Windows(np.array([0, 1]), np.array([9, 30]))
    assert (again.inputs(panel, at, Findings()) == banded.inputs(panel, at, Findings())).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window", 0), ("horizon", 10**9), ("level", "exec"), ("typical", 0.0), ("until", float("nan")), ("circles", ["moon"]),
        ("sizes", {"a": [1.0]}), ("sizes", {"a": [1.0, -1.0]}), ("bands", [[[0.0, 1.0]]]), ("coverage", [1.5]),
        ("layout", {"target": "y"}), ("errors", {"a": float("inf")}), ("marks", 1),
    ],
)  # fmt: skip
def test_a_damaged_encoding_is_refused(name: str, value: object) -> None:
    _, encoding = fitted(frame())
    with pytest.raises(ModelFileError):
        SeriesEncoding.from_json({**encoding.to_json(), name: value})


def test_rows_one_by_one_are_refused() -> None:
    _, encoding = fitted(frame())
    with pytest.raises(DataError, match="chainrule predict"):
        encoding.encode(frame(), None, Findings())


def test_the_season_is_found_by_the_likeness_of_a_series_with_itself() -> None:
    t = np.arange(300)
    rng = np.random.default_rng(0)
    assert strongest_period(np.sin(2 * np.pi * t / 11) + 0.3 * rng.normal(size=300) + 0.05 * t) == 11
    assert strongest_period(rng.normal(size=300)) == 1
    assert strongest_period(np.full(300, 3.0)) == 1


def test_before_cuts_every_series_at_the_time() -> None:
    cut = before(panel_of(frame(), LAYOUT), 9.0)
    assert [one.times[-1] for one in cut.series] == [9, 9]
