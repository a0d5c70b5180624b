"""From settings to arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.errors import ConfigError, DataError
from chainrule.job.config import Config
from chainrule.job.prepare import _share, prepare
from chainrule.sources.read import read_source
from chainrule.sources.samples import Pictures
from chainrule.sources.source import Source


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text("a,b,t\n" + "".join(f"{i * i},{i % 4}.5,{i}.25\n" for i in range(50)))
    return path


def test_parts_have_the_shares_that_were_asked_for() -> None:
    parts = prepare(Config("iris", valid=0.1, test=0.3)).parts
    assert {name: part.n for name, part in parts.items()} == {"train": 90, "valid": 15, "test": 45}


def test_every_class_has_its_share_in_every_part() -> None:
    parts = prepare(Config("iris")).parts
    assert all(len(set(part.frame["target"].value_counts())) == 1 for part in parts.values())


def test_no_row_is_in_two_parts(table: Path) -> None:
    parts = prepare(Config(str(table))).parts
    rows = [value for part in parts.values() for value in part.frame["t"]]
    assert len(rows) == len(set(rows)) == 50


def test_a_part_of_no_rows_is_left_out() -> None:
    assert list(prepare(Config("iris", valid=0.0, test=0.0)).parts) == ["train"]


def test_the_seed_decides_the_parts() -> None:
    first, again, other = (prepare(Config("iris", seed=seed)) for seed in (1, 1, 2))
    assert first.sha256 == again.sha256 != other.sha256


def test_statistics_are_those_of_the_training_part_alone(table: Path) -> None:
    prepared = prepare(Config(str(table)))
    train = prepared.parts["train"]
    np.testing.assert_allclose(train.batch.x.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(train.batch.t.mean(), 0, atol=1e-6)
    assert prepared.preparation.target.mean == pytest.approx(train.frame["t"].mean())
    assert abs(prepared.parts["test"].batch.x.mean()) > 1e-4


def test_other_validation_rows_change_nothing_of_the_training_part(table: Path, tmp_path: Path) -> None:
    other = tmp_path / "v.csv"
    other.write_text("a,b,t\n100000,7.5,3.5\n,0.5,4.5\n")
    plain = prepare(Config(str(table), valid=0.0))
    with_file = prepare(Config(str(table), valid=str(other)))
    assert with_file.sha256 == plain.sha256
    assert with_file.parts["valid"].n == 2


def test_rows_without_a_target_are_dropped_from_files_too(table: Path, tmp_path: Path) -> None:
    other = tmp_path / "v.csv"
    other.write_text("a,b,t\n1,7.5,\n2,0.5,4.5\n")
    assert prepare(Config(str(table), valid=str(other), missing_target="drop")).parts["valid"].n == 1


def test_a_file_whose_rows_all_lack_the_target_is_refused(table: Path, tmp_path: Path) -> None:
    other = tmp_path / "v.csv"
    other.write_text("a,b,t\n1,7.5,\n2,0.5,\n")
    with pytest.raises(DataError, match="none at all"):
        prepare(Config(str(table), valid=str(other), missing_target="drop"))


def test_counts_are_not_standardised(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,t\n" + "".join(f"{i}.5,{i * 3}\n" for i in range(30)))
    target = prepare(Config(str(path), task="regression", loss="poisson")).preparation.target
    assert (target.mean, target.scale) == (0.0, 1.0)


def test_a_built_in_target_is_not_guessed() -> None:
    assert prepare(Config("digits")).notes == []


def test_pictures_are_between_zero_and_one() -> None:
    x = prepare(Config("digits")).parts["train"].batch.x
    assert (x.shape[1:], x.min(), x.max()) == ((8, 8, 1), 0, 1)


def test_a_file_wins_over_a_data_set_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("iris").write_text("a,b\n1,x\n2,y\n")
    assert len(read_source("iris").frame) == 2


PICTURES = Pictures(np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1))


def published(monkeypatch: pytest.MonkeyPatch, **parts: list[int]) -> None:
    frame = pd.DataFrame({"class": ["a", "b"] * 50})
    rows = {name: np.array(part, int) for name, part in parts.items()}
    source = Source("s", frame, "class", "classification", PICTURES, rows)
    monkeypatch.setattr("chainrule.job.prepare.read_source", lambda *_: source)


def sizes(**settings: Any) -> dict[str, int]:
    return {name: part.n for name, part in prepare(Config("s", **settings)).parts.items()}


def test_parts_that_were_published_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    published(monkeypatch, train=[*range(50)], valid=[*range(50, 70)], test=[*range(70, 100)])
    prepared = prepare(Config("s"))
    assert {name: part.n for name, part in prepared.parts.items()} == {"train": 50, "valid": 20, "test": 30}
    np.testing.assert_allclose(prepared.parts["test"].batch.x.ravel() * 255, np.arange(70, 100))
    assert "valid 20" in prepared.notes[0]


def test_validation_rows_are_taken_from_those_that_no_published_part_has(monkeypatch: pytest.MonkeyPatch) -> None:
    published(monkeypatch, test=[*range(70, 100)])
    assert sizes() == {"train": 56, "valid": 14, "test": 30}


def test_published_validation_rows_alone_need_no_test_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    published(monkeypatch, valid=[*range(80, 100)])
    assert sizes() == {"train": 80, "valid": 20}


def test_a_share_that_is_asked_for_wins_over_what_was_published(monkeypatch: pytest.MonkeyPatch) -> None:
    published(monkeypatch, valid=[*range(50, 70)], test=[*range(70, 100)])
    assert sizes(test=0.1, valid=0.2) == {"train": 70, "valid": 20, "test": 10}
    assert sizes(valid=0.0) == {"train": 70, "test": 30}


def test_of_a_large_published_set_some_thousand_rows_validate() -> None:
    assert _share("valid", {"test": np.arange(10_000)}, 60_000) * 60_000 == pytest.approx(5000)


# ------------------------------------------------------------------------------------------------- values with a tail


@pytest.mark.parametrize("kind", ["power", "quantile"])
def test_a_reshaped_target_is_told_and_predictions_come_in_its_own_unit(table: Path, kind: str) -> None:
    from chainrule.job.predict import predict_table
    from chainrule.network import Network
    from chainrule.nn import Dense, SquaredError
    from chainrule.saved.model import Model

    prepared = prepare(Config(str(table), target="a", target_scaling=kind))
    (told,) = [note for note in prepared.notes if "`target_scaling`" in note]
    seen = prepared.parts["train"].frame["a"]
    assert f"predictions stay within what training has seen, {seen.min():.6g} to {seen.max():.6g}" in told
    assert abs(prepared.parts["train"].batch.t.std() - 1) < 1e-5
    network = Network([Dense(1)], prepared.preparation.input_shape, SquaredError())
    # A model that is sure of far too much, each way.
    W = 1e6 * np.ones((network.input_shape[0], 1))
    model = Model(network, {"dense1": {"W": W, "b": np.zeros(1)}}, prepared.preparation)
    predicted = predict_table(model, str(table))
    assert set(predicted.table["a"]) <= {float(seen.min()), float(seen.max())}
    assert "50 of 50 predictions stand at an end of what training has seen of 'a'" in predicted.notes[-1]


def test_predictions_are_held_within_what_was_seen_if_asked(table: Path) -> None:
    bounds = prepare(Config(str(table), clip_predictions=True)).preparation.target.bounds
    assert len(bounds) == 2
    assert prepare(Config(str(table))).preparation.target.bounds == ()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"data": "iris", "target_scaling": "power"}, "a regression for `target_scaling`"),
        ({"data": "iris", "clip_predictions": True}, "a regression for `target_scaling`"),
        ({"loss": "poisson", "target_scaling": "power"}, "`target_scaling=none` for the loss poisson"),
    ],
    ids=str,
)
def test_another_scale_where_there_is_none_is_refused(settings: dict[str, Any], said: str, table: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        prepare(Config(**{"data": str(table), **settings}))


def test_a_stream_and_an_export_refuse_a_reshaped_target(table: Path) -> None:
    from chainrule.exporters import Lesson, Rows
    from chainrule.job.stream import prepare_stream
    from chainrule.network import Network
    from chainrule.nn import Dense, SquaredError
    from chainrule.saved.model import Model

    config = Config(str(table), target_scaling="quantile")
    with pytest.raises(ConfigError, match="to train on a stream"):
        prepare_stream(config, lambda text: None)
    prepared = prepare(config)
    network = Network([Dense(1)], prepared.preparation.input_shape, SquaredError())
    model = Model(network, network.init(np.random.default_rng(0)), prepared.preparation)
    with pytest.raises(ConfigError, match="learned as it is, to be exported"):
        Lesson("t", model, Rows({}, prepared.parts["test"].batch.x))
