"""What a person may choose for a column, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.category import Category, Ordinal
from chainrule.encode.choices import Choices, ChoiceTable, check_choice
from chainrule.encode.columns import fit_column
from chainrule.encode.dates import Date
from chainrule.encode.encoder import Findings
from chainrule.encode.numeric import Numeric
from chainrule.encode.words import Text
from chainrule.errors import ConfigError, DataError


def column(*cells: Any) -> pd.Series:
    return pd.Series(list(cells), name="c")


def test_a_column_named_itself_wins_over_the_star() -> None:
    table = ChoiceTable({"scaling": {"*": "minmax", "fare": "robust"}, "impute": "mean"})
    assert (table.of("fare").scaling, table.of("age").scaling, table.of("age").impute) == ("robust", "minmax", "mean")


def test_columns_beside_the_named_ones_are_as_by_default() -> None:
    assert ChoiceTable({"scaling": {"fare": "robust"}}).of("age") == Choices()


def test_a_choice_for_a_column_that_is_not_there_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'fare'"):
        ChoiceTable({"scaling": {"fair": "robust"}}).check({"fare": "numeric"})


def test_a_choice_that_does_not_suit_the_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="one of the kind text"):
        ChoiceTable({"winsorise": {"note": 0.1}}).check({"note": "text"})


def test_indicators_of_a_category_are_not_scaled_but_ranks_are() -> None:
    with pytest.raises(ConfigError, match=r"encoding\.shop=ordinal"):
        ChoiceTable({"scaling": {"shop": "minmax"}}).check({"shop": "category"})
    ChoiceTable({"scaling": {"shop": "minmax"}, "encoding": {"shop": "ordinal"}}).check({"shop": "category"})


def test_a_choice_for_all_columns_skips_those_that_it_does_not_suit() -> None:
    ChoiceTable({"winsorise": 0.1}).check({"note": "text"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scaling", "minmx"),
        ("scaling", {"a": 3}),
        ("winsorise", 0.5),
        ("winsorise", math.nan),
        ("impute", "medium"),
        ("order", []),
        ("order", ["a", 3]),
        ("rare", -1),
        ("most_categories", 0),
        ("ngrams", 9),
    ],
)
def test_what_is_no_choice_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=name):
        check_choice(name, value)


def test_minmax_reaches_from_zero_to_one_and_is_clipped_at_predict() -> None:
    y = Numeric.fit(column(2.0, 4.0, 12.0), Choices(scaling="minmax")).encode(column(2, 7, 12, 99, -99), Findings())
    assert y[:, 0].tolist() == [0, 0.5, 1, 1, 0]


def test_robust_scaling_is_by_the_median_and_the_quartiles() -> None:
    # 0 to 8 and an outlier: quartiles 2.25 and 6.75, median 4.5.
    cells = column(*map(float, range(9)), 1e9)
    y = Numeric.fit(cells, Choices(scaling="robust")).encode(column(4.5, 9.0), Findings())
    np.testing.assert_allclose(y[:, 0], [0, 1])


def test_winsorising_draws_outliers_in_to_the_quantiles() -> None:
    cells = column(*map(float, range(101)))
    encoder = Numeric.fit(cells, Choices(winsorise=0.05))
    assert encoder.bounds == [5, 95]
    y = encoder.encode(column(95, 1e9, 5, -1e9), Findings())[:, 0]
    assert (y[0], y[2]) == (y[1], y[3])


@pytest.mark.parametrize(("impute", "fill"), [("median", 2), ("mean", 4), ("mode", 1), (7, 7), ("auto", 2)])
def test_a_gap_is_filled_in_as_chosen(impute: str | float, fill: float) -> None:
    assert Numeric.fit(column(1, 1, 2, 6, 10, None), Choices(impute=impute)).fill == fill


def test_indicators_can_be_left_out() -> None:
    assert Numeric.fit(column(1.0, None), Choices(indicators=False)).features == ["c"]


@pytest.mark.parametrize(
    ("cells", "order", "want"),
    [
        (["10", "9", "9"], "auto", ["9", "10"]),
        (["10", "9", "x"], "auto", ["10", "9", "x"]),
        (["10", "9", "9"], "alphabet", ["10", "9"]),
        (["a", "b", "b"], "frequency", ["a", "b"]),
        (["b", "a", "a"], "frequency", ["b", "a"]),
        (["small", "large"], ("small", "medium", "large"), ["small", "medium", "large"]),
    ],
)
def test_ranks_follow_the_order(cells: list[str], order: Any, want: list[str]) -> None:
    encoder = fit_column(column(*cells), "category", Choices(encoding="ordinal", order=order))
    assert isinstance(encoder, Ordinal)
    assert encoder.categories == want


def test_whoever_gives_an_order_means_ranks() -> None:
    assert isinstance(fit_column(column("a", "b"), "category", Choices(order=("b", "a"))), Ordinal)


def test_ranks_are_scaled_and_an_unknown_one_counts_as_missing() -> None:
    encoder = Ordinal.fit(column("a", "b", "c"), Choices(encoding="ordinal", scaling="minmax"))
    findings = Findings()
    assert encoder.encode(column("a", "b", "c", "new"), findings)[:, 0].tolist() == [0, 0.5, 1, 0.5]
    assert findings.unknown == {"c": 1}


@pytest.mark.parametrize(
    ("order", "came"), [(("a",), "'b' left out"), (("a", "b", "b"), "'b' twice"), ("number", "'a'")]
)
def test_an_order_that_does_not_suit_the_cells_is_refused(order: Any, came: str) -> None:
    with pytest.raises(DataError) as caught:
        Ordinal.fit(column("a", "b"), Choices(order=order))
    assert caught.value.came == came


@pytest.mark.parametrize(("rare", "kept"), [(1, ["a", "b", "c"]), (3, ["a"]), (0.4, ["a"]), (0.3, ["a", "b"])])
def test_what_is_rare_can_be_said(rare: float, kept: list[str]) -> None:
    assert Category.fit(column("a", "a", "a", "b", "b", "c"), Choices(rare=rare)).categories == kept


def test_a_missing_category_can_be_the_most_frequent() -> None:
    encoder = Category.fit(column("a", "a", "b", "b", "b", None), Choices(impute="mode"))
    np.testing.assert_array_equal(encoder.encode(column(None), Findings()), [[0, 1]])


def test_hundreds_of_categories_are_a_sparse_matrix() -> None:
    cells = column(*(f"k{i % 300:03d}" for i in range(1500)))
    y = Category.fit(cells, Choices(most_categories=1000)).encode(cells, Findings())
    assert (y.shape, y.nnz) == ((1500, 300), 1500)


def test_a_date_can_be_its_parts() -> None:
    encoder = Date.fit(column("2024-01-01", "2024-06-01"), Choices(dates="parts", scaling="none"))
    assert encoder.features[1:] == ["c year", "c month", "c day", "c weekday", "c hour"]
    # 29 February 2024 was a Thursday.
    assert encoder.encode(column("2024-02-29 13:10"), Findings())[0, 1:].tolist() == [2024, 2, 29, 3, 13]


def test_a_bag_of_words_counts_them() -> None:
    cells = column("the cat the dog", "the cat")
    y = Text.fit(cells, Choices(text="bag")).encode(cells, Findings())
    assert y.toarray().tolist() == [[1, 2], [1, 1]]


def test_the_most_frequent_words_are_kept() -> None:
    assert Text.fit(column("a the cat", "the dog cat the", "dog the"), Choices(most_words=1)).words == ["the"]


def test_pairs_of_words_can_count_as_one() -> None:
    assert Text.fit(column("big cat", "big cat"), Choices(ngrams=2)).words == ["big", "big cat", "cat"]
