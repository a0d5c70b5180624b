"""A run on series, from a table to forecasts: what is known exactly must come out, and every fault of a table is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.series.panel import Layout, panel_of
from chainrule.encode.series.windows import Cuts
from chainrule.errors import ChainruleError, ConfigError, DataError
from chainrule.forecast.ahead import encoding_of, forecast_table
from chainrule.job.config import config_from
from chainrule.job.doctor import visit_run
from chainrule.job.folder import RunFolder, check_place
from chainrule.job.predict import open_model
from chainrule.job.resume import resumed
from chainrule.job.series.backtest import backtest, backtest_page, block_ends, fold_cuts
from chainrule.job.series.describe import lines_of_series
from chainrule.job.series.measure import MeasuredSeries, measure_series
from chainrule.job.series.predict import evaluate_series, predict_series
from chainrule.job.series.prepare import prepare_series
from chainrule.job.series.report import worst
from chainrule.job.train import Job, Outcome
from chainrule.sources.source import Reading

READING = Reading()


def waves(n: int = 160, season: int = 8, **more: Any) -> pd.DataFrame:
    """A wave on a line, which a linear forecaster can say exactly."""
    t = np.arange(n)
    days = pd.date_range("2020-01-06", periods=n, freq="D").strftime("%Y-%m-%d")
    return pd.DataFrame({"day": days, "y": 50 + 0.5 * t + 10 * np.sin(2 * np.pi * t / season), **more})


def settings(path: Path, **more: Any) -> dict[str, Any]:
    return {
        "data": str(path), "target": "y", "time": "day", "window": 16, "horizon": 4, "season": 8, "model": "linear",
        "engine": "numpy", "epochs": 250, "patience": 0, "learning_rate": 0.02, "l2": 0.0, **more,
    }  # fmt: skip


def train(tmp_path: Path, frame: pd.DataFrame, name: str = "run", **more: Any) -> Outcome:
    path = tmp_path / f"{name}.csv"
    frame.to_csv(path, index=False)
    job = Job(config_from(settings(path, **more)), check_place(str(tmp_path / name), "x", force=True))
    for _ in job:
        pass
    return job.finish(replays=False)


def learned(tmp_path: Path, frame: pd.DataFrame, **more: Any) -> MeasuredSeries:
    """Return what a run comes to, without drawing its report."""
    path = tmp_path / "run.csv"
    frame.to_csv(path, index=False)
    job = Job(config_from(settings(path, **more)), RunFolder(tmp_path))
    for _ in job.learn():
        pass
    return measure_series(job.prepared, job.network, job.model.params, job.choice.engine)


@pytest.fixture(scope="module")
def wave(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    folder = tmp_path_factory.mktemp("wave")
    return folder, train(folder, waves())


def test_a_wave_is_forecast_exactly_with_its_days(wave: tuple[Path, Outcome]) -> None:
    folder, outcome = wave
    assert outcome.metrics["test"]["rmse"] < 0.05
    assert outcome.metrics["seasonal naive"]["rmse"] == pytest.approx(4.0, abs=0.01)
    model = open_model(folder / "run")
    found = predict_series(model, str(folder / "run.csv"), READING).table
    assert found["day"].tolist() == ["2020-06-14", "2020-06-15", "2020-06-16", "2020-06-17"]
    t = np.arange(160, 164)
    assert found["y"].to_numpy() == pytest.approx(50 + 0.5 * t + 10 * np.sin(2 * np.pi * t / 8), abs=0.2)
    assert list(found)[2:] == ["low 80%", "high 80%", "low 95%", "high 95%"]
    assert (found["low 95%"] <= found["low 80%"]).all()


def test_the_forecast_of_the_last_test_window_is_that_of_predict(wave: tuple[Path, Outcome]) -> None:
    # The same history, once inside the run and once as a table of its own, gives the same numbers.
    model = open_model(wave[0] / "run")
    short = waves()[:-4]
    ahead = forecast_table(model, short).y[0]
    truth = waves()["y"].to_numpy()[-4:]
    error = float(np.sqrt(np.square(ahead - truth).mean()))
    assert error < 0.1
    t = np.arange(156, 160)
    assert ahead == pytest.approx(50 + 0.5 * t + 10 * np.sin(2 * np.pi * t / 8), abs=0.2)


def test_the_report_says_how_it_stands_beside_the_naive_forecasts(wave: tuple[Path, Outcome]) -> None:
    folder, outcome = wave
    page = (folder / "run" / "report.html").read_text()
    for words in (
        "seasonal naive",
        "Forecasts against the truth",
        "How far ahead it can see",
        "What is left, over time",
    ):
        assert words in page
    assert "<script" not in page
    assert "% less." in outcome.advice


def test_evaluate_leaves_out_what_was_learned_from(wave: tuple[Path, Outcome]) -> None:
    folder, _ = wave
    found = evaluate_series(open_model(folder / "run"), str(folder / "run.csv"), READING)
    assert any("are left out" in note for note in found.notes)
    # Validation and test together: times after training.
    assert found.rows == 64 - 3
    waves(90).to_csv(folder / "early.csv", index=False)
    assert any(
        "were learned from" in note
        for note in evaluate_series(open_model(folder / "run"), str(folder / "early.csv"), READING).notes
    )


def test_inspect_tells_clock_window_and_intervals(wave: tuple[Path, Outcome]) -> None:
    lines = "\n".join(lines_of_series(open_model(wave[0] / "run")))
    assert "one step is 1 day; season 8" in lines
    assert "windows of 16 steps" in lines
    assert "80 %" in lines


def test_the_doctor_visits_a_run_on_series(wave: tuple[Path, Outcome]) -> None:
    assert visit_run(wave[0] / "run", replays=False).lines


def test_a_run_that_was_broken_off_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    path = tmp_path / "part.csv"
    waves().to_csv(path, index=False)
    config = config_from(settings(path, epochs=12, checkpoint_seconds=0))
    whole = Job(config, RunFolder(tmp_path))
    for _ in whole.learn():
        pass
    job = Job(config, check_place(str(tmp_path / "part"), "x", force=True))
    events = iter(job)
    for event in events:
        if type(event).__name__ == "EpochEnded" and event.epoch == 5:  # type: ignore[attr-defined]
            events.close()
    again = resumed(tmp_path / "part", None)
    assert again.config == replace(config.resolve(again.prepared.parts["train"].n), data_sha256=again.prepared.sha256)
    for _ in again:
        pass
    for name in ("W", "b"):
        assert (again.model.params["output"][name] == whole.model.params["output"][name]).all()


def test_a_planted_leak_is_not_used_and_what_is_declared_known_ahead_is(tmp_path: Path) -> None:
    # Noise cannot be forecast. A column that holds tomorrow's noise would give it away, if its future were read.
    rng = np.random.default_rng(0)
    noise = rng.normal(size=300)
    frame = waves(300)
    frame["y"] = noise
    frame["oracle"] = noise
    hidden = learned(tmp_path, frame, horizon=1, season=1, window=4, epochs=60)
    spread = float(np.std(noise))
    assert hidden.metrics["test"]["rmse"] > 0.85 * spread
    known = learned(tmp_path, frame, horizon=1, season=1, window=4, epochs=200, known=("oracle",))
    assert known.metrics["test"]["rmse"] < 0.1 * spread


def test_the_test_part_decides_nothing(tmp_path: Path) -> None:
    # Not the weights, not when it is enough, not a scale, not the width of an interval.
    mad = waves()
    mad.loc[129:, "y"] = np.random.default_rng(0).normal(size=31) * 1e4
    one, other = (learned(tmp_path, frame, epochs=60, patience=10) for frame in (waves(), mad))
    assert one.encoding == other.encoding
    assert (one.model.params["output"]["W"] == other.model.params["output"]["W"]).all()
    assert one.metrics["valid"] == other.metrics["valid"]
    assert other.metrics["test"]["rmse"] > 1000 > one.metrics["test"]["rmse"]


def test_quantiles_are_learned_by_the_pinball_loss(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    frame = waves(400)
    frame["y"] += rng.normal(size=400) * 3
    outcome = learned(tmp_path, frame, loss="pinball", coverage=(0.8,), learning_rate=0.005, l2=0.1, epochs=120)
    assert outcome.model.network.loss.quantiles == (0.1, 0.5, 0.9)  # type: ignore[attr-defined]
    assert outcome.metrics["test"]["inside_80"] == pytest.approx(0.8, abs=0.15)
    found = predict_series(outcome.model, str(tmp_path / "run.csv"), READING).table
    assert (found["low 80%"] <= found["y"]).all()
    assert (found["y"] <= found["high 80%"]).all()


def two_series() -> pd.DataFrame:
    one = waves()
    other = waves(season=5)
    other["y"] = 1000 - 20 * other["y"]
    return pd.concat([one.assign(shop="north"), other.assign(shop="south")], ignore_index=True)


def test_several_series_are_told_apart_and_forecast_in_their_own_size(tmp_path: Path) -> None:
    frame = two_series().sample(frac=1, random_state=0)
    outcome = learned(tmp_path, frame, group="shop", season=40, window=40, epochs=400)
    assert outcome.metrics["test"]["mase"] < 0.5
    found = predict_series(outcome.model, str(tmp_path / "run.csv"), READING)
    assert found.table["shop"].tolist() == ["north"] * 4 + ["south"] * 4
    t = np.arange(160, 164)
    assert found.y[0] == pytest.approx(50 + 0.5 * t + 10 * np.sin(2 * np.pi * t / 8), abs=4)
    assert found.y[1] == pytest.approx(1000 - 20 * (50 + 0.5 * t + 10 * np.sin(2 * np.pi * t / 5)), abs=80)
    rows = worst(outcome).rows
    assert [row[0] for row in rows] in (["north", "south"], ["south", "north"])
    assert float(rows[0][2]) >= float(rows[1][2])


def test_rows_of_the_future_give_what_is_known_ahead(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    promo = rng.integers(0, 2, 204)
    frame = waves(204)
    frame["promo"] = promo
    frame["y"] += 30 * promo
    model = learned(tmp_path, frame[:200], known=("promo",), epochs=400).model
    history = frame.copy()
    history.loc[200:, "y"] = np.nan
    found = forecast_table(model, history).y[0]
    assert found == pytest.approx(frame["y"].to_numpy()[200:], abs=3)
    with pytest.raises(DataError, match=r"rows for the 4 steps to come.*promo.*none for 2020-07-26"):
        forecast_table(model, frame[:202].assign(y=history["y"][:202]))


def test_the_last_known_value_and_not_the_last_row_begins_the_forecast(tmp_path: Path) -> None:
    model = learned(tmp_path, waves(), epochs=5).model
    history = waves()
    history.loc[150:, "y"] = np.nan
    assert forecast_table(model, history).table["day"].iloc[0] == "2020-06-04"


def test_a_new_series_is_measured_by_its_own_history_and_told(tmp_path: Path) -> None:
    model = learned(tmp_path, two_series(), group="shop", epochs=5).model
    strange = waves(40).assign(shop="west")
    found = forecast_table(model, strange)
    assert any("west" in note for note in found.notes)
    assert np.isfinite(found.y).all()


def test_a_backtest_trains_on_the_past_of_each_block_alone(tmp_path: Path) -> None:
    path = tmp_path / "waves.csv"
    waves().to_csv(path, index=False)
    config = config_from(settings(path, epochs=150))
    found = backtest(config, 3)
    assert [origin.windows for origin in found.origins] == [37, 37, 37]
    assert all(origin.metrics["network"]["rmse"] < 0.5 for origin in found.origins)
    assert "3 of 3 folds" in found.verdict()
    assert "Fold by fold" in backtest_page(found)
    # What comes after the first block is a mad thing; the first fold must not know of it.
    mad = waves()
    mad.loc[80:, "y"] = 1e6
    mad.to_csv(path, index=False)
    assert backtest(config, 3).origins[0].metrics["network"] == found.origins[0].metrics["network"]


def test_the_latest_fifth_of_what_a_fold_knows_validates() -> None:
    panel = panel_of(pd.DataFrame({"t": range(100), "y": range(100)}), Layout("y", "t"))
    assert fold_cuts(panel, 49.0, 4) == Cuts(39.0, 49.0)
    assert fold_cuts(panel, 19.0, 8) == Cuts(11.0, 19.0)
    with pytest.raises(DataError, match="8 to validate"):
        fold_cuts(panel, 8.0, 8)


def test_blocks_follow_each_other_to_the_last_time() -> None:
    assert block_ends(np.arange(100.0), 4, 5) == [(19.0, 39.0), (39.0, 59.0), (59.0, 79.0), (79.0, 99.0)]
    with pytest.raises(DataError, match=r"folds=3"):
        block_ends(np.arange(100.0), 8, 25)


def broken(**changes: Any) -> pd.DataFrame:
    frame = waves()
    for name, value in changes.items():
        frame[name] = value
    return frame


BAD: dict[str, tuple[pd.DataFrame, dict[str, Any], str]] = {
    "one row": (waves(1), {}, "at least two times|longer than the horizon"),
    "a horizon longer than the series": (waves(20), {"horizon": 30}, "longer than the horizon of 30"),
    "a window larger than the data": (waves(20), {"window": 50}, r"50 \+ 4 steps.*`window` of at most"),
    "no room for three parts": (waves(24), {"horizon": 8, "window": 4}, "training, validation and test|windows to train on"),
    "a constant series": (broken(y=3.0), {}, "3 at every time"),
    "doubled times": (pd.concat([waves(), waves()[:1]]), {}, "the same time in rows"),
    "times of other steps": (broken(day=[f"2020-01-01 {i // 60:02}:{i % 60:02}:{(i * i) % 50:02}" for i in range(160)]), {}, "step_by=rows"),
    "an empty time": (broken(day=[None, *waves()["day"][1:]]), {}, "a time in every row"),
    "no such time": (waves(), {"time": "dya"}, "did you mean `time=day`|Did you mean `time=day`"),
    "no such group": (waves(), {"group": "shop"}, "'shop'"),
    "a group of single rows": (broken(who=[f"w{i}" for i in range(160)]), {"group": "who"}, "at least two times"),
    "words in the target": (broken(y=["a few", *map(str, waves()["y"][1:])]), {}, "'a few'|numbers"),
    "time and target the same": (waves(), {"target": "day"}, "different columns"),
    "a classification": (waves(), {"task": "classification"}, "regression"),
    "balanced classes": (waves(), {"class_weight": "balanced"}, "class_weight"),
    "a target drawn in": (waves(), {"target_scaling": "power"}, "target_scaling"),
    "a loss of counts": (waves(), {"loss": "poisson"}, "pinball"),
    "a test part that is a file": (waves(), {"test": "other.csv"}, "chainrule evaluate"),
    "a test part that begins too late": (waves(), {"test": "2020-06-13"}, "at least a horizon of 4"),
    "a calendar of rows": (waves(), {"step_by": "rows", "calendar": ("week",)}, "dates for a `calendar`"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_forecast_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    frame, more, match = BAD[name]
    path = tmp_path / "bad.csv"
    frame.to_csv(path, index=False)
    with pytest.raises((DataError, ConfigError), match=match) as caught:
        prepare_series(config_from(settings(path, **more)))
    assert isinstance(caught.value, ChainruleError)


@pytest.mark.parametrize("name", ["window", "horizon", "known", "season", "step_by"])
def test_what_is_said_of_series_needs_a_time(name: str, tmp_path: Path) -> None:
    given: dict[str, Any] = {"group": "a", "window": 3, "horizon": 3, "known": ("a",), "season": 3, "step_by": "rows"}
    with pytest.raises(ConfigError, match=f"`time`, beside {name}"):
        config_from({"data": "x.csv", name: given[name]})


def test_series_seen_once_are_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    pd.concat([two_series(), waves(1).assign(shop="once")]).to_csv(path, index=False)
    prepared = prepare_series(config_from(settings(path, group="shop")))
    assert any("once (seen once)" in note for note in prepared.notes)


def test_the_parts_may_begin_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "waves.csv"
    waves().to_csv(path, index=False)
    prepared = prepare_series(config_from(settings(path, valid="2020-04-01", test="2020-05-01")))
    assert any(
        "train up to 2020-03-31, valid up to 2020-04-30, test up to 2020-06-13" in note for note in prepared.notes
    )


def test_rows_are_steps_if_asked_for(tmp_path: Path) -> None:
    frame = waves()
    frame["day"] = pd.to_datetime(frame["day"]) + pd.to_timedelta(np.arange(160) % 7, unit="h")
    outcome = learned(tmp_path, frame, step_by="rows")
    assert outcome.metrics["test"]["rmse"] < 0.1
    assert forecast_table(outcome.model, frame).table["day"].tolist() == ["+1", "+2", "+3", "+4"]


def test_gaps_split_and_missing_values_are_marked(tmp_path: Path) -> None:
    frame = waves().drop(index=[40, 41, 100])
    frame.loc[[20, 60], "y"] = np.nan
    path = tmp_path / "gaps.csv"
    frame.to_csv(path, index=False)
    split = prepare_series(config_from(settings(path)))
    fill = prepare_series(config_from(settings(path, gaps="fill")))
    assert fill.parts["train"].n > split.parts["train"].n
    assert any("no window reaches over them" in note for note in split.notes)
    encoding = encoding_of(learned(tmp_path, frame, epochs=3, gaps="fill").model)
    assert encoding.channels[1] == "y is missing"


def test_a_history_shorter_than_the_window_is_refused(wave: tuple[Path, Outcome]) -> None:
    model = wave[1].model
    with pytest.raises(DataError, match=r"a history of 16 steps.*10 steps up to the last value"):
        forecast_table(model, waves(10))
    with pytest.raises(DataError, match="a missing step among the last ones"):
        forecast_table(model, waves().drop(index=[150]))
    with pytest.raises(DataError, match="the column 'y'"):
        forecast_table(model, waves().drop(columns="y"))


def test_hours_of_summer_and_winter_time_are_read_on_one_clock(tmp_path: Path) -> None:
    hours = pd.date_range("2024-03-20", periods=400, freq="h", tz="UTC").tz_convert("Europe/Berlin")
    frame = pd.DataFrame({"day": [hour.isoformat() for hour in hours], "y": np.sin(np.arange(400) * 2 * np.pi / 24)})
    path = tmp_path / "hours.csv"
    frame.to_csv(path, index=False)
    prepared = prepare_series(config_from(settings(path, season=None)))
    assert any("brought to UTC" in note for note in prepared.notes)
    assert any("one step is 1 hour" in note for note in prepared.notes)
    assert any("24 steps" in note for note in prepared.notes)
    assert not any("missing at" in note for note in prepared.notes)


def test_columns_with_a_role_are_not_told_as_ignored(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    two_series().assign(visitors=np.arange(320.0) ** 2).to_csv(path, index=False)
    prepared = prepare_series(config_from(settings(path, group="shop")))
    assert not any("ignored" in note for note in prepared.notes)
    assert any("up to the last step alone: visitors" in note for note in prepared.notes)
