"""The target: guessed, fitted, encoded, and refused with the row where it is wrong."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.target import Target, fit_target, guess_target, guess_task, require_column
from chainrule.errors import DataError, ModelFileError


def column(*cells: Any) -> pd.Series:
    return pd.Series(list(cells), name="t")


@pytest.mark.parametrize(
    ("names", "guess"),
    [
        (["a", "b", "c"], "c"),
        (["label", "b", "c"], "label"),
        (["a", "Target", "class"], "Target"),
        (["a", " y ", "c"], " y "),
    ],
)
def test_the_target_is_the_column_called_like_one_else_the_last(names: list[str], guess: str) -> None:
    assert guess_target(names) == guess


def test_a_target_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(DataError) as caught:
        require_column("specis", ["sepal", "species"], "iris.csv")
    assert caught.value.remedy == "Did you mean `target=species`?"


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (["a", "b", "a"], "classification"),
        ([True, False, True], "classification"),
        ([0, 1, 2, 0], "classification"),
        ([1.0, 2.0, 1.0], "classification"),
        ([0.5, 1.5, 0.5], "regression"),
        (list(range(21)), "regression"),
        (list(range(20)), "classification"),
        (["1", "2.5"], "regression"),
        ([1.0, None, 2.5], "regression"),
    ],
)
def test_the_task_is_guessed(cells: list[Any], task: str) -> None:
    assert guess_task(column(*cells))[0] == task


def test_classes_of_numbers_are_in_numerical_order() -> None:
    assert fit_target(column(10, 9, 2, 10, 9, 2), "classification").classes == ("2", "9", "10")


def test_classes_of_texts_are_in_alphabetical_order() -> None:
    assert fit_target(column("b", "a", "b", "a"), "classification").classes == ("a", "b")


def test_a_class_is_an_indicator_row() -> None:
    cells = column("b", "a", "c", "a")
    np.testing.assert_array_equal(
        fit_target(cells, "classification").encode(cells), [[0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0]]
    )


def test_a_value_is_standardised() -> None:
    cells = column(1.0, 3.0, 5.0, 7.0)
    np.testing.assert_allclose(
        fit_target(cells, "regression").encode(cells), np.array([[-3], [-1], [1], [3]]) / math.sqrt(5), rtol=1e-12
    )


def test_whole_and_fractional_classes_are_known_again_without_the_fractions() -> None:
    target = fit_target(column(0.0, 0.5, 1.0, 0.5, 1.0, 0.0), "classification")
    assert [target.classes[k] for k in target.codes(column(1.0, 0.0))] == ["1", "0"]


def test_one_class_is_refused() -> None:
    with pytest.raises(DataError, match="one class, 'a', in all 3 rows"):
        fit_target(column("a", "a", "a"), "classification")


@pytest.mark.parametrize("value", [0.1, 3.0])
def test_one_value_is_refused(value: float) -> None:
    with pytest.raises(DataError, match="different values"):
        fit_target(column(value, value, value), "regression")


@pytest.mark.parametrize("cell", [None, math.nan, math.inf, -math.inf])
def test_a_value_that_is_missing_or_not_finite_is_refused_with_its_row(cell: Any) -> None:
    with pytest.raises(DataError) as caught:
        fit_target(column(1.0, cell, 3.0), "regression")
    assert "row 2" in caught.value.came
    assert "missing_target=drop" in caught.value.remedy


@pytest.mark.parametrize("cells", [["a", None, "b"], [1.0, math.nan, 2.0], [1.0, math.inf, 2.0]])
def test_a_class_that_is_missing_or_not_finite_is_refused_with_its_row(cells: list[Any]) -> None:
    with pytest.raises(DataError) as caught:
        fit_target(column(*cells), "classification")
    assert "row 2" in caught.value.came


def test_text_in_a_regression_is_refused_with_its_row_and_cell() -> None:
    with pytest.raises(DataError, match="'much' in row 3"):
        fit_target(column("1", "2", "much"), "regression")


def test_classes_that_hardly_repeat_are_refused() -> None:
    with pytest.raises(DataError, match="classes that repeat"):
        fit_target(column(*[f"k{i}" for i in range(30)]), "classification")


def test_more_than_a_thousand_classes_are_refused() -> None:
    with pytest.raises(DataError, match="classes that repeat"):
        fit_target(column(*[f"k{i}" for i in range(1001)] * 3), "classification")


def test_an_unknown_class_is_refused_with_its_row_and_the_nearest() -> None:
    target = fit_target(column("setosa", "virginica", "setosa", "virginica"), "classification")
    with pytest.raises(DataError) as caught:
        target.codes(column("setosa", "sitosa"))
    assert (caught.value.came, caught.value.remedy) == ("'sitosa' in row 2", "Did you mean 'setosa'?")


def test_a_dot_after_every_class_is_overlooked_as_in_the_test_file_of_adult() -> None:
    target = fit_target(column("<=50K", ">50K", "<=50K", ">50K"), "classification")
    np.testing.assert_array_equal(target.codes(column(">50K.", "<=50K.")), [1, 0])


def test_a_dot_after_some_classes_is_an_unknown_class() -> None:
    target = fit_target(column("<=50K", ">50K", "<=50K", ">50K"), "classification")
    with pytest.raises(DataError, match="row 2"):
        target.codes(column(">50K", "<=50K."))


def test_no_rows_have_no_codes() -> None:
    assert len(Target("t", "classification", ("a", "b")).codes(column())) == 0


def test_huge_values_keep_a_finite_scale() -> None:
    cells = column(-1e300, 1e300, 5e299)
    assert np.isfinite(fit_target(cells, "regression").encode(cells)).all()


# ------------------------------------------------------------------------------------------------- heavy-tailed values

RNG = np.random.default_rng(5)
TAILS = {
    "prices": np.exp(RNG.normal(11, 1.2, 400)),
    "both signs": RNG.standard_t(2, 400) * 50,
    "mostly zero": np.where(RNG.random(400) < 0.7, 0.0, RNG.exponential(3, 400)),
    "counts": RNG.negative_binomial(1, 0.05, 400).astype(float),
    "two values": np.array([1.0, 5.0] * 20),
    "one far out": np.array([*range(1, 60), 1e12], float),
    "tiny": np.exp(RNG.normal(0, 2, 400)) * 1e-9,
}


def reshaped(name: str, kind: str) -> Target:
    return fit_target(pd.Series(TAILS[name], name="t"), "regression", kind)


def test_a_power_of_lognormal_values_is_nearly_their_logarithm() -> None:
    target = reshaped("prices", "power")
    assert abs(target.reshaping.power) < 0.1  # type: ignore[union-attr]
    t = target.encode(pd.Series(TAILS["prices"]))[:, 0]
    assert np.corrcoef(t, np.log(TAILS["prices"]))[0, 1] > 0.999


def test_the_power_does_not_depend_on_the_unit() -> None:
    powers = [fit_target(pd.Series(TAILS[n] * f), "regression", "power").reshaping.power  # type: ignore[union-attr]
              for n in ("prices", "both signs") for f in (1, 1e6)]  # fmt: skip
    np.testing.assert_allclose([powers[0], powers[2]], [powers[1], powers[3]], atol=1e-3)


@pytest.mark.parametrize("kind", ["power", "quantile"])
@pytest.mark.parametrize("name", TAILS)
def test_the_way_back_of_a_reshaped_value_is_the_value(name: str, kind: str) -> None:
    target, values = reshaped(name, kind), TAILS[name]
    back = target.decode(target.encode(pd.Series(values)))[:, 0]
    np.testing.assert_allclose(back, values, rtol=1e-3 if name == "one far out" else 1e-6, atol=1e-9 * np.ptp(values))


@pytest.mark.parametrize("kind", ["power", "quantile"])
@pytest.mark.parametrize("name", TAILS)
def test_no_prediction_however_wrong_leaves_what_was_seen(name: str, kind: str) -> None:
    target, values = reshaped(name, kind), TAILS[name]
    y = target.decode(np.array([[-1e30], [-50.0], [-3.0], [0.0], [3.0], [50.0], [1e30]]))[:, 0]
    assert (values.min(), values.max()) == (y[0], y[-1])
    assert (np.diff(y) >= 0).all()
    assert np.isfinite(target.encode(pd.Series([values.min() - 1e3, values.max() * 1e3]))).all()


def test_bounds_alone_draw_predictions_in_and_are_told() -> None:
    target = fit_target(column(2.0, 4.0, 9.0), "regression", is_bounded=True)
    assert target.decode(np.array([[-9.0], [0.0], [9.0]]))[:, 0].tolist() == [2.0, 5.0, 9.0]
    assert target.describe() == "predictions stay within what training has seen, 2 to 9"
    assert fit_target(column(2.0, 4.0, 9.0), "regression").describe() == ""


@pytest.mark.parametrize("kind", ["power", "quantile"])
@pytest.mark.parametrize("name", ["prices", "both signs", "two values"])
def test_a_reshaped_target_survives_json_and_an_older_one_is_read(name: str, kind: str) -> None:
    target = reshaped(name, kind)
    assert Target.from_json(json.loads(json.dumps(target.to_json()))) == target
    plain = {"name": "t", "task": "regression", "classes": [], "mean": 1.0, "scale": 2.0}
    assert Target.from_json(plain) == Target("t", "regression", (), 1.0, 2.0)
    assert Target.from_json(plain).to_json() == plain


@pytest.mark.parametrize(
    "wrong",
    [
        {"bounds": [3.0, 1.0]},
        {"bounds": [1.0]},
        {"reshaping": {"kind": "power", "power": 9.0, "unit": 1.0, "offset": 0.0, "low": 1.0, "high": 2.0}},
        {"reshaping": {"kind": "power", "power": 0.5, "unit": 1.0, "offset": 0.0, "low": -1.0, "high": 2.0}},
        {"reshaping": {"kind": "quantile", "knots": [1.0, 1.0], "heights": [0.0, 1.0]}},
        {"reshaping": {"kind": "quantile", "knots": [1.0, 2.0], "heights": [0.0]}},
        {"reshaping": 3},
    ],
    ids=str,
)
def test_a_damaged_way_back_is_found_when_it_is_read(wrong: dict[str, Any]) -> None:
    plain = {"name": "t", "task": "regression", "classes": [], "mean": 1.0, "scale": 2.0}
    with pytest.raises(ModelFileError):
        Target.from_json({**plain, **wrong})
