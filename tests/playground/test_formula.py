"""Typed formulas: arithmetic and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ConfigError, DataError
from chainrule.playground.formula import MOST_NODES, features_of, parse_formula

X = {"x1": np.array([1.0, -2.0]), "x2": np.array([3.0, 0.5])}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("x1", [1, -2]),
        ("x1^2", [1, 4]),
        ("x1^2 + x2", [4, 4.5]),
        ("2*x1^2", [2, 8]),
        ("-x1^2", [-1, -4]),
        ("x1*x2", [3, -1]),
        ("sin(x1) / 2", [np.sin(1) / 2, np.sin(-2) / 2]),
        ("abs(x1 - x2) ^ 0.5", [np.sqrt(2), np.sqrt(2.5)]),
        ("exp(-(x1^2 + x2^2))", [np.exp(-10), np.exp(-4.25)]),
        ("x1^-1", [1, -0.5]),
        ("+x2 - 1e-1", [2.9, 0.4]),
    ],
)
def test_a_formula_means_what_it_says(text: str, values: list[float]) -> None:
    assert np.allclose(parse_formula(text)(X), values, rtol=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "x1.__class__",
        "x1.real",
        "(lambda: 1)()",
        "eval(x1)",
        "exec(x1)",
        "open(x1)",
        "getattr(x1, x2)",
        "[x1][0]",
        "x1 if x1 else x2",
        "x1 and x2",
        "x1 < x2",
        "x1; x2",
        "x1 = 2",
        "x1 := 2",
        "f'{x1}'",
        "'x1'",
        "x1[0]",
        "{x1}",
        "*x1",
        "sin(x1, x2)",
        "sin(x=x1)",
        "sin(*x1)",
        "sin",
        "sin(sin)(x1)",
        "x1 // x2",
        "x1 % 2",
        "x1 @ x2",
        "x1 | x2",
        "~x1",
        "not x1",
        "await x1",
        "yield x1",
        "x1^x2",
        "2^x1",
        "x1^1000000",
        "9^9^9^9 * x1",
        "x1 * 1e999",
        "x1 * 99999999999999999999999999999999",
        "x1 * 1j",
        "x1 + True",
        "x0",
        "y",
        "X1",
        "x1\n+x2",
        "x1\x00",
        "х1",
        "x1 + ∞",
        "",
        "   ",
        "1 + 2",
        "(" * 90 + "x1" + ")" * 90 + "(",
        "-" * 190 + "x1",
        "+".join(["x1"] * (MOST_NODES // 2)),
    ],
)
def test_a_formula_that_tries_to_reach_python_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_formula(text)


def test_a_column_that_the_data_do_not_have_is_named() -> None:
    with pytest.raises(ConfigError, match="columns up to x2") as caught:
        features_of(("x1", "sin(x3)"), ("a", "b"))
    assert "x3" in caught.value.came


def test_an_input_without_a_value_in_some_row_is_refused_with_the_row() -> None:
    features = features_of(("log(x1)",), ("a", "b"))
    with pytest.raises(DataError, match="a finite number in every row") as caught:
        features.of_data(np.array([[1.0, 0.0], [-1.0, 0.0]]))
    assert "row 2" in caught.value.came


def test_all_columns_are_inputs_under_their_own_names() -> None:
    features = features_of(("all",), ("age", "income"))
    assert features.names == ("x1", "x2")
    assert features.labels == ("age", "income")
    x = np.arange(6.0).reshape(3, 2)
    assert features(x) is x


@pytest.mark.parametrize(
    ("text", "value"),
    [("x1 + (0-2)^0.5", np.nan), ("x1 + (1-1)^-1", np.inf), ("x1 / (1-1)", np.inf), ("x1 * (0-8)^0.333", np.nan)],
)
def test_a_power_of_constants_that_is_no_number_is_one_to_numpy(text: str, value: float) -> None:
    assert np.array_equal(parse_formula(text)({"x1": np.array([1.0, 2.0])}), [value, value], equal_nan=True)


@given(st.text("x12345.+-*/^() sincoexptalghqrb", max_size=40))
def test_whatever_is_typed_is_a_formula_or_refused(text: str) -> None:
    try:
        formula = parse_formula(text)
    except ConfigError:
        return
    columns = {name: np.array([-1.0, 0.0, 2.0]) for name in formula.names}
    assert formula(columns).dtype == np.float64
