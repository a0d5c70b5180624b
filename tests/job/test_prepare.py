"""From settings to arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chainrule.errors import DataError
from chainrule.job.config import Config
from chainrule.job.prepare import prepare, read_source


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
    assert (x.shape[1:], x.min(), x.max()) == ((8, 8), 0, 1)


def test_a_file_wins_over_a_data_set_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("iris").write_text("a,b\n1,x\n2,y\n")
    assert len(read_source("iris").frame) == 2
