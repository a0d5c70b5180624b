"""The preparation: what is fitted on which rows, and what a table at predict time may look like."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.encoder import Findings
from chainrule.encode.preparation import Preparation
from chainrule.encode.table import column_kinds, fit_table
from chainrule.encode.target import fit_target
from chainrule.errors import ConfigError, DataError, ModelFileError
from chainrule.sources.reading.notation import Number, Text
from chainrule.sources.reading.reading import TableReading

N = 60


@pytest.fixture
def frame() -> pd.DataFrame:
    """A table with a column of each kind."""
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "height": np.where(rng.random(N) < 0.1, np.nan, rng.normal(170, 10, N)),
            "colour": rng.choice(["red", "green", "blue", None], N),
            "smoker": rng.choice(["yes", "no"], N),
            "born": pd.date_range("1990-01-01", periods=N, freq="97D").strftime("%Y-%m-%d"),
            "remark": [f"the {i % 7} quick brown foxes number {i}" for i in range(N)],
            "id": [5 * i for i in range(N)],
            "planet": ["earth"] * N,
            "class": rng.choice(["a", "b"], N),
        }
    )


@pytest.fixture
def preparation(frame: pd.DataFrame) -> Preparation:
    return fit(frame)


def fit(frame: pd.DataFrame, **overrides: str) -> Preparation:
    target = fit_target(frame["class"], "classification")
    return Preparation(fit_table(frame, column_kinds(frame, "class", overrides)), target)


def test_each_column_is_prepared_by_its_kind(preparation: Preparation) -> None:
    kinds = {column.name: column.kind for column in preparation.columns}
    assert kinds == {
        "height": "numeric",
        "colour": "category",
        "smoker": "boolean",
        "born": "date",
        "remark": "text",
        "id": "identifier",
        "planet": "constant",
    }


def test_identifiers_and_constants_are_not_learned_from(preparation: Preparation) -> None:
    assert preparation.used == ["height", "colour", "smoker", "born", "remark"]


def test_inputs_have_one_column_a_feature_in_float32(preparation: Preparation, frame: pd.DataFrame) -> None:
    x = preparation.inputs(frame)
    assert (x.shape, x.dtype) == ((N, len(preparation.features)), np.float32)


def test_a_preparation_that_went_through_json_gives_the_same_arrays(
    preparation: Preparation, frame: pd.DataFrame
) -> None:
    again = Preparation.from_json(json.loads(json.dumps(preparation.to_json())))
    assert again == preparation
    np.testing.assert_array_equal(again.inputs(frame), preparation.inputs(frame))
    np.testing.assert_array_equal(again.targets(frame), preparation.targets(frame))


def test_what_one_row_becomes_does_not_depend_on_the_rows_beside_it(
    preparation: Preparation, frame: pd.DataFrame
) -> None:
    np.testing.assert_array_equal(preparation.inputs(frame.iloc[[7]]), preparation.inputs(frame)[[7]])


def test_the_order_of_the_columns_does_not_matter(preparation: Preparation, frame: pd.DataFrame) -> None:
    np.testing.assert_array_equal(preparation.inputs(frame[frame.columns[::-1]]), preparation.inputs(frame))


def test_the_target_need_not_be_there_at_predict(preparation: Preparation, frame: pd.DataFrame) -> None:
    np.testing.assert_array_equal(preparation.inputs(frame.drop(columns="class")), preparation.inputs(frame))


def test_columns_that_are_left_out_need_not_be_there(preparation: Preparation, frame: pd.DataFrame) -> None:
    np.testing.assert_array_equal(preparation.inputs(frame.drop(columns=["id", "planet"])), preparation.inputs(frame))


def test_a_missing_column_is_named_with_the_one_it_may_be(preparation: Preparation, frame: pd.DataFrame) -> None:
    with pytest.raises(DataError) as caught:
        preparation.inputs(frame.rename(columns={"height": "heigth"}))
    assert (caught.value.remedy, "'height'" in caught.value.expected) == ("Rename 'heigth' to 'height'?", True)


def test_a_column_that_training_did_not_see_is_ignored_and_told(preparation: Preparation, frame: pd.DataFrame) -> None:
    findings = Findings()
    np.testing.assert_array_equal(preparation.inputs(frame.assign(weight=1), findings), preparation.inputs(frame))
    assert findings.lines()[0] == "columns that the model does not use are ignored: weight"


def test_a_column_that_is_missing_throughout_is_left_out(frame: pd.DataFrame) -> None:
    assert "empty" not in fit(frame.assign(empty=np.nan)).used


def test_a_column_without_a_value_in_the_training_part_is_left_out(frame: pd.DataFrame) -> None:
    late = pd.Series([None] * (N - 1) + ["x"], dtype=object)
    kinds = column_kinds(frame.assign(late=["w"] + ["x"] * (N - 1)), "class", {})
    assert "late" not in fit_table(frame.assign(late=late.where(late.isna())), kinds).used


def test_a_kind_can_be_said(frame: pd.DataFrame) -> None:
    kinds = {column.name: (column.kind, column.reason) for column in fit(frame, id="numeric").columns}
    assert kinds["id"] == ("numeric", "as asked")


def test_a_kind_for_a_column_that_is_not_there_is_refused_with_a_suggestion(frame: pd.DataFrame) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'colour'"):
        column_kinds(frame, "class", {"color": "category"})


@pytest.mark.parametrize("kind", ["catgory", 3, None])
def test_a_kind_that_does_not_exist_is_refused(frame: pd.DataFrame, kind: Any) -> None:
    with pytest.raises(ConfigError, match="a kind for the column 'colour'"):
        column_kinds(frame, "class", {"colour": kind})


def test_a_kind_that_does_not_suit_the_cells_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"columns\.colour"):
        fit(frame, colour="numeric")


def test_a_table_of_nothing_but_identifiers_and_constants_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="at least one column to learn from"):
        fit(frame[["id", "planet", "class"]])


def damaged(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    copy = json.loads(json.dumps(data))
    *parents, last = path.split(".")
    node = copy
    for name in parents:
        node = node[int(name)] if name.isdigit() else node[name]
    node[last] = value
    return copy


DAMAGE: list[tuple[str, Any]] = [
    ("inputs", None),
    ("inputs.kind", "pickle"),
    ("inputs.kind", "images"),
    ("inputs.columns", None),
    ("inputs.columns", [{"name": "x"}]),
    ("inputs.encoders", {}),
    ("inputs.encoders", [None]),
    ("inputs.extra", 1),
    ("target", None),
    ("target.task", "pickle"),
    ("target.classes", ["a", 3]),
    ("target.classes", ["a", "a"]),
    ("target.classes", ["a"]),
    ("target.classes", []),
    ("target.scale", 0.0),
    ("target.scale", math.nan),
    ("target.mean", math.inf),
    ("extra", 1),
]


@pytest.mark.parametrize(("path", "value"), DAMAGE)
def test_a_damaged_preparation_is_refused(preparation: Preparation, path: str, value: Any) -> None:
    with pytest.raises(ModelFileError):
        Preparation.from_json(damaged(preparation.to_json(), path, value))


@pytest.mark.parametrize(
    ("cells", "kind"), [([f"r{i}" for i in range(40)], "identifier"), (["u", "v"] * 20, "category")]
)
def test_row_names_are_an_identifier_unless_they_come_again(cells: list[str], kind: str) -> None:
    frame = pd.DataFrame({"column1": cells, "t": range(40)})
    reading = TableReading(None, {"column1": Text(names=True), "t": Number()})
    assert [column.kind for column in column_kinds(frame, "t", {}, reading)] == [kind]
