"""Two passes over a table on the disk find what one look at it in memory does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.choices import ChoiceTable
from chainrule.encode.split import row_lots
from chainrule.encode.table import TableEncoding, column_kinds, fit_table
from chainrule.large import parquet
from chainrule.large.block import Blocks
from chainrule.large.blocks import open_blocks
from chainrule.large.survey import Lots, measured, survey
from tests.encode.test_transformer import SETTINGS, make_frame


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_ROWS", 64)


LOTS = Lots(seed=5, valid=0.2, test=0.1, target="class")


def quiet(words: str) -> None:
    """Say nothing."""


@pytest.fixture
def blocks(tmp_path: Path) -> Blocks:
    frame = make_frame()
    for name in [name for name in frame if frame[name].dtype.kind == "O"]:
        frame[name] = frame[name].astype("string")
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=70)
    return open_blocks(tmp_path / "t.parquet")


def both(blocks: Blocks, settings: dict[str, Any], share: float = 1.0) -> tuple[TableEncoding, TableEncoding]:
    """Return the encoding by two passes, and that of the same rows in memory."""
    choices = ChoiceTable(settings)
    found = survey(blocks, LOTS, share, quiet)
    sample = found.frame("sample")
    kinds = column_kinds(sample, "class", {"shop": "category"})
    streamed = measured(blocks, LOTS, fit_table(sample, kinds, choices), choices, quiet)
    train = LOTS.part(pd.concat([f for b in range(blocks.n_blocks) for f in blocks.frames(b)]), "train")
    return streamed, fit_table(train.reset_index(drop=True), kinds, choices)


def close(left: Any, right: Any) -> bool:
    """Tell whether two encoders' JSON agree but for the rounding of sums in another order."""
    if isinstance(left, float) and isinstance(right, float):
        return left == pytest.approx(right, rel=1e-9, abs=1e-9)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(close(left[name], right[name]) for name in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(close, left, right))
    return bool(left == right)


@pytest.mark.parametrize("settings", SETTINGS[:9:2] + SETTINGS[-2:], ids=str)
def test_where_the_sample_is_everything_two_passes_find_the_same_encoders(
    blocks: Blocks, settings: dict[str, Any]
) -> None:
    streamed, whole = both(blocks, settings)
    assert streamed.columns == whole.columns
    for ours, theirs in zip(streamed.encoders, whole.encoders, strict=True):
        assert close(ours.to_json(), theirs.to_json()), (ours, theirs)


def test_means_categories_and_gaps_are_those_of_all_rows_though_the_sample_has_a_tenth(blocks: Blocks) -> None:
    streamed, whole = both(blocks, {}, share=0.1)
    ours, theirs = ({e.name: e for e in encoding.encoders} for encoding in (streamed, whole))
    assert ours["age"].to_json()["center"] == pytest.approx(theirs["age"].to_json()["center"])
    assert ours["age"].to_json()["scale"] == pytest.approx(theirs["age"].to_json()["scale"])
    assert ours["colour"] == theirs["colour"]
    assert ours["remark"] == theirs["remark"]
    assert ours["height"].to_json()["indicator"] is True


def test_every_row_is_in_one_part_and_parts_have_their_shares() -> None:
    frame = pd.DataFrame({"class": np.zeros(20_000)})
    sizes = {name: len(LOTS.part(frame, name)) for name in ("train", "valid", "test")}
    assert sum(sizes.values()) == 20_000
    assert sizes["valid"] == pytest.approx(4000, rel=0.05)
    assert sizes["test"] == pytest.approx(2000, rel=0.05)


def test_a_rows_part_does_not_depend_on_how_the_table_is_cut() -> None:
    frame = pd.DataFrame({"class": np.zeros(1000)})
    cut = pd.concat([LOTS.part(frame.iloc[i : i + 77], "valid") for i in range(0, 1000, 77)])
    assert cut.index.tolist() == LOTS.part(frame, "valid").index.tolist()


def test_lots_are_even_and_those_of_two_purposes_have_nothing_to_do_with_each_other() -> None:
    left, right = (row_lots(np.arange(50_000), 0, purpose) for purpose in (1, 2))
    assert left.mean() == pytest.approx(0.5, abs=0.01)
    assert np.histogram(left, 10, (0, 1))[0].min() > 4700
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.02


def test_rows_without_a_target_are_in_no_part_where_they_are_dropped() -> None:
    frame = pd.DataFrame({"class": [1.0, np.nan, np.inf, 2.0]})
    lots = Lots(0, 0.0, 0.0, "class", drop=True)
    assert lots.part(frame, "train").index.tolist() == [0, 3]


def test_a_cell_of_text_far_down_among_numbers_is_told_with_its_row_and_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = [f"{i}.5,{'ab'[i % 2]}" for i in range(3000)]
    lines[2345] = "many,b"
    path.write_text("x,class\n" + "\n".join(lines) + "\n")
    blocks = open_blocks(path)
    survey(blocks, LOTS, 0.5, quiet)
    odd = blocks.odd["x"]
    assert (odd.count, odd.cell, odd.row, odd.line) == (1, "many", 2346, 2347)


def test_the_targets_mean_and_deviation_are_those_of_all_training_rows(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": np.arange(400.0), "class": np.random.default_rng(0).normal(1e6, 3, 400)})
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=50)
    found = survey(open_blocks(tmp_path / "t.parquet"), LOTS, 0.1, quiet)
    train = LOTS.part(frame, "train")["class"]
    assert found.n_train == len(train)
    assert found.target_moments == pytest.approx((train.mean(), train.std(ddof=0)))


def test_a_survey_tells_how_far_it_is(blocks: Blocks) -> None:
    told: list[str] = []
    survey(blocks, LOTS, 1.0, told.append)
    assert (told[0].endswith("0%"), told[-1].endswith("100%")) == (True, True)


def test_encoders_of_a_stream_survive_json(blocks: Blocks) -> None:
    streamed, _ = both(blocks, {})
    assert TableEncoding.from_json(json.loads(json.dumps(streamed.to_json()))) == streamed
