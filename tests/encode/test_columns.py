"""Encoders: examples worked by hand, and what no column may ever become."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from chainrule.encode.category import Category, Ordinal
from chainrule.encode.choices import Choices
from chainrule.encode.columns import ENCODERS, encoder_from_json
from chainrule.encode.dates import Date
from chainrule.encode.encoder import Encoder, Findings
from chainrule.encode.numeric import Boolean, Numeric
from chainrule.encode.sparse import as_dense
from chainrule.encode.words import Text
from chainrule.errors import DataError, ModelFileError


def column(*cells: Any) -> pd.Series:
    return pd.Series(list(cells), name="c")


def test_numbers_are_standardised_and_a_gap_is_the_median_with_an_indicator() -> None:
    cells = column(1.0, 3.0, None, 11.0)
    # The gap is 3: mean 4.5, deviations -3.5, -1.5, -1.5, 6.5, variance 14.75.
    want = np.array([[-3.5, 0], [-1.5, 0], [-1.5, 1], [6.5, 0]]) / [math.sqrt(14.75), 1]
    np.testing.assert_allclose(Numeric.fit(cells).encode(cells, Findings()), want, rtol=1e-12)


def test_numbers_without_gaps_have_no_indicator() -> None:
    assert Numeric.fit(column(1, 2, 3)).features == ["c"]


def test_a_gap_that_training_did_not_have_is_the_median() -> None:
    findings = Findings()
    np.testing.assert_allclose(
        Numeric.fit(column(1.0, 2.0, 6.0)).encode(column(None, 2.0), findings)[:, 0], -1 / 14**0.5 * 3**0.5
    )
    assert findings.imputed == {"c": 1}


def test_an_infinite_number_counts_as_missing() -> None:
    assert Numeric.fit(column(1.0, 2.0, math.inf)).features == ["c", "c is missing"]


def test_equal_numbers_become_zero() -> None:
    cells = column(0.1, 0.1, 0.1)
    np.testing.assert_array_equal(Numeric.fit(cells).encode(cells, Findings()), np.zeros((3, 1)))


def test_another_number_than_the_one_of_training_is_not_blown_up_by_rounding() -> None:
    assert abs(Numeric.fit(column(*[0.1] * 3)).encode(column(0.2), Findings())[0, 0]) < 1


def test_text_where_numbers_were_names_row_column_and_cell() -> None:
    with pytest.raises(DataError) as caught:
        Numeric.fit(column(1, 2)).encode(column("3", "four"), Findings())
    assert "'c'" in caught.value.expected
    assert caught.value.came == "'four' in row 2"


def test_booleans_are_zero_and_one_and_a_gap_is_the_more_frequent() -> None:
    cells = column("yes", "no", None, "yes")
    np.testing.assert_array_equal(Boolean.fit(cells).encode(cells, Findings()), [[1, 0], [0, 0], [1, 1], [1, 0]])


@pytest.mark.parametrize("words", [("Yes", "No"), ("TRUE", "FALSE"), ("y", "n"), ("1", "0"), ("t", "f")])
def test_the_true_word_is_one(words: tuple[str, str]) -> None:
    assert Boolean.fit(column(*words)).encode(column(*words), Findings())[:, 0].tolist() == [1, 0]


def test_booleans_are_read_in_any_case_of_letters() -> None:
    encoder = Boolean.fit(column("Yes", "No"))
    assert encoder.encode(column("YES", "no"), Findings())[:, 0].tolist() == [1, 0]


def test_a_strange_word_among_booleans_is_counted() -> None:
    findings = Findings()
    Boolean.fit(column("yes", "no")).encode(column("yes", "maybe"), findings)
    assert (findings.unknown, findings.examples) == ({"c": 1}, {"c": "maybe"})


def test_a_category_raises_one_indicator() -> None:
    cells = column("b", "a", "b", "a")
    encoder = Category.fit(cells)
    assert encoder.features == ["c = a", "c = b"]
    np.testing.assert_array_equal(encoder.encode(cells, Findings()), [[0, 1], [1, 0], [0, 1], [1, 0]])


def test_rare_categories_share_one_indicator() -> None:
    cells = column("a", "a", "b", "b", "c", "d")
    encoder = Category.fit(cells)
    assert encoder.features == ["c = a", "c = b", "c is rare"]
    np.testing.assert_array_equal(encoder.encode(column("c", "d"), Findings()), [[0, 0, 1], [0, 0, 1]])


def test_at_most_a_hundred_categories_are_kept_and_they_are_the_most_frequent() -> None:
    cells = [f"k{i:03d}" for i in range(150) for _ in range(2 if i < 50 else 3)]
    assert set(Category.fit(column(*cells)).categories) == {f"k{i:03d}" for i in range(50, 150)}


def test_a_missing_category_has_an_indicator() -> None:
    cells = column("a", "a", "b", "b", None)
    np.testing.assert_array_equal(Category.fit(cells).encode(cells, Findings())[-1], [0, 0, 1])


def test_an_unknown_category_is_counted_and_shown() -> None:
    findings = Findings()
    Category.fit(column("a", "a", "b", "b")).encode(column("a", "new", "new"), findings)
    assert findings.lines() == ["c: 2 cells hold a category that training did not see, such as 'new'"]


def test_an_unknown_category_beside_rare_ones_counts_as_one_of_them() -> None:
    findings = Findings()
    y = Category.fit(column("a", "a", "b", "b", "c")).encode(column("c", "new"), findings)
    np.testing.assert_array_equal(y, [[0, 0, 1], [0, 0, 1]])
    assert findings.lines() == ["cells of rare categories, or of new ones, count as one category: c (2)"]


def test_the_names_of_rare_categories_are_not_kept() -> None:
    assert "secret" not in json.dumps(Category.fit(column("a", "a", "secret")).to_json())


def test_a_number_and_its_text_are_one_category() -> None:
    encoder = Category.fit(column(1, 1, 2, 2))
    np.testing.assert_array_equal(
        encoder.encode(column("1", "2"), Findings()), encoder.encode(column(1.0, 2.0), Findings())
    )


def test_a_date_is_days_and_three_circles() -> None:
    # 1970-01-01 00:00 is where every circle starts; a day later the week has turned by a seventh.
    cells = column("1970-01-01", "1970-01-02")
    y = Date.fit(cells).encode(cells, Findings())
    week = 2 * math.pi / 7
    np.testing.assert_allclose(y[0], [-1, 0, 1, 0, 1, 0, 1], atol=1e-12)
    np.testing.assert_allclose(y[1, [0, 3, 4, 5, 6]], [1, math.sin(week), math.cos(week), 0, 1], atol=1e-12)


def test_noon_is_half_a_turn_of_the_day() -> None:
    y = Date.fit(column("2024-01-01", "2024-06-01")).encode(column("2024-03-01 12:00"), Findings())
    np.testing.assert_allclose(y[0, -2:], [0, -1], atol=1e-9)


def test_no_date_is_an_error_with_its_row() -> None:
    with pytest.raises(DataError, match="'soon' in row 2"):
        Date.fit(column("2024-01-01", "2024-06-01")).encode(column("2024-03-01", "soon"), Findings())


def test_a_missing_date_has_an_indicator_and_is_counted() -> None:
    findings = Findings()
    y = Date.fit(column("2024-01-01", None, "2024-06-01")).encode(column(None), findings)
    assert y[0, 1] == 1
    assert findings.imputed == {"c": 1}


def test_days_come_first_in_all_dates_of_a_column_where_one_of_them_shows_it() -> None:
    encoder = Date.fit(column("25/12/2023", "01/02/2024", "03/02/2024"))
    np.testing.assert_array_equal(
        encoder.encode(column("01/02/2024"), Findings()), encoder.encode(column("2024-02-01"), Findings())
    )


def test_text_is_weighed_as_scikit_learn_does() -> None:
    texts = ["the cat sat", "the dog sat", "a cat and a dog", "the the cat", "one bird", "bird and cat"]
    cells = column(*texts)
    want = TfidfVectorizer(min_df=2).fit_transform(texts).toarray()
    np.testing.assert_allclose(as_dense(Text.fit(cells).encode(cells, Findings())), want, rtol=1e-12)


def test_a_missing_text_has_no_words() -> None:
    cells = column("the cat", "the dog", None)
    assert not as_dense(Text.fit(cells).encode(cells, Findings()))[2].any()


def test_a_text_whose_words_never_repeat_has_no_features() -> None:
    assert Text.fit(column("one", "two", "three")).features == []


FITTED = [
    Numeric.fit(column(1.0, 2.5, None, 1 / 3)),
    Boolean.fit(column("yes", "no", None)),
    Category.fit(column("a", "a", "b", "b", "ä", None)),
    Ordinal.fit(column("small", "large", None), Choices(order=("small", "medium", "large"))),
    Date.fit(column("2024-01-01", "2024-06-01", None)),
    Text.fit(column("the cat", "the dog", "the cat")),
]


@pytest.mark.parametrize("encoder", FITTED, ids=lambda encoder: encoder.kind)
def test_an_encoder_survives_json_exactly(encoder: Encoder) -> None:
    assert encoder_from_json(json.loads(json.dumps(encoder.to_json()))) == encoder


@pytest.mark.parametrize("encoder", FITTED, ids=lambda encoder: encoder.kind)
def test_an_encoder_makes_as_many_numbers_as_it_has_features(encoder: Encoder) -> None:
    assert encoder.encode(column(None, None), Findings()).shape == (2, len(encoder.features))


DAMAGE: list[tuple[str, str, Any]] = [
    ("numeric", "center", "0"),
    ("numeric", "center", math.nan),
    ("numeric", "bounds", [1.0]),
    ("numeric", "bounds", [2.0, 1.0]),
    ("numeric", "impute", None),
    ("boolean", "fill", "yes"),
    ("category", "fill", 1.0),
    ("category", "least", -1),
    ("category", "missing", 1),
    ("ordinal", "ranks", {"kind": "ordinal"}),
    ("text", "ngrams", 9),
    ("date", "parts", [{"kind": "numeric"}]),
    ("numeric", "scale", 0.0),
    ("numeric", "scale", math.inf),
    ("numeric", "indicator", 1),
    ("category", "categories", [1, 2]),
    ("category", "categories", ["a", "a"]),
    ("category", "categories", "ab"),
    ("text", "words", ["a", 3]),
    ("text", "words", ["a", "a"]),
    ("text", "idf", [1.0]),
    ("text", "idf", ["x"]),
    ("date", "days", {"kind": "text", "name": "c", "words": [], "idf": []}),
    ("date", "days", {}),
]


@pytest.mark.parametrize(("kind", "field", "value"), DAMAGE)
def test_a_damaged_field_is_refused(kind: str, field: str, value: Any) -> None:
    data = next(encoder for encoder in FITTED if encoder.kind == kind).to_json()
    with pytest.raises(ModelFileError):
        encoder_from_json(data | {field: value})


@pytest.mark.parametrize("data", [None, [], {}, {"kind": "pickle"}, {"kind": ["numeric"]}, {"kind": "numeric"}])
def test_what_is_no_encoder_is_refused(data: Any) -> None:
    with pytest.raises(ModelFileError):
        encoder_from_json(data)


def test_a_field_too_many_is_refused() -> None:
    with pytest.raises(ModelFileError):
        encoder_from_json(FITTED[0].to_json() | {"code": "import os"})


CELLS = st.one_of(
    st.none(),
    st.floats(),
    st.integers(-(2**70), 2**70),
    st.booleans(),
    st.text(max_size=12),
    st.sampled_from(["yes", "no", "1", "0", "2024-01-01", "inf", "-Infinity", "1e400", "nan", "the cat", "9999-12-31"]),
)


@example("date", [0.0], ["0000"])
@given(st.sampled_from(sorted(ENCODERS)), st.lists(CELLS, min_size=1, max_size=12), st.lists(CELLS, max_size=6))
def test_an_encoder_gives_finite_numbers_or_a_data_error(kind: str, train: list[Any], other: list[Any]) -> None:
    cells = pd.Series(train, name="c", dtype=object)
    if cells.notna().sum() == 0:
        return
    try:
        encoder = ENCODERS[kind].fit(cells)
        parts = [encoder.encode(pd.Series(part, name="c", dtype=object), Findings()) for part in (train, other)]
    except DataError:
        return
    assert all(np.isfinite(as_dense(part).astype(np.float32)).all() for part in parts)


@given(st.lists(st.floats(), min_size=1, max_size=12), st.lists(st.floats(), max_size=6))
def test_numbers_of_any_size_become_finite(train: list[float], other: list[float]) -> None:
    encoder = Numeric.fit(pd.Series(train, name="c", dtype=float))
    for part in (train, other):
        y = encoder.encode(pd.Series(part, name="c", dtype=float), Findings())
        assert np.isfinite(y.astype(np.float32)).all()


# ------------------------------------------------------------------------------------------------ scaling of tails


def scaled(cells: pd.Series, scaling: str, *new: float) -> list[float]:
    found = Numeric.fit(cells, Choices(scaling=scaling))
    return found.encode(column(*new), Findings())[:, 0].tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("scaling", ["robust", "smooth"])
def test_equal_quartiles_are_stood_in_for_by_half_of_the_range(scaling: str) -> None:
    # Median and quartiles are 0, the range reaches from -2 to 8: half of it is 5.
    cells = column(*[0.0] * 20, -2.0, 8.0)
    encoder = Numeric.fit(cells, Choices(scaling=scaling))
    assert (encoder.center, encoder.scale, encoder.is_of_range) == (0.0, 5.0, True)
    assert "half of the range" in encoder.describe()
    assert scaled(cells, "robust", 10.0) == [2.0]


@pytest.mark.parametrize("scaling", ["robust", "smooth", "quantile"])
def test_a_column_of_equal_numbers_is_zero_whatever_comes_later(scaling: str) -> None:
    assert scaled(column(*[7.0] * 9), scaling, 7.0, 8.0, -1e9) == [0, 0, 0]


def test_smooth_clipping_keeps_the_middle_and_bounds_the_tails() -> None:
    # Quartiles 2 and 6, median 4: 7 is 0.75 of a scale out, and f(0.75) = 0.75 / sqrt(1 + 0.0625).
    cells = column(*map(float, range(9)))
    y = scaled(cells, "smooth", 4.0, 7.0, 1e300, -1e9)
    np.testing.assert_allclose(y, [0, 0.75 / math.sqrt(1.0625), 3, -3], rtol=1e-9)


def test_quantiles_become_normal_deviates_in_their_order() -> None:
    values = np.exp(np.random.default_rng(0).normal(size=3000))
    y = Numeric.fit(column(*values), Choices(scaling="quantile")).encode(column(*np.sort(values)), Findings())[:, 0]
    assert (np.diff(y) >= 0).all()
    assert abs(y.mean()) < 0.02
    assert abs(y.std() - 1) < 0.03
    np.testing.assert_allclose(scaled(column(*values), "quantile", float(np.median(values))), 0, atol=0.02)


def test_values_that_repeat_share_the_mean_deviate() -> None:
    # Ten quantiles, of which eight are 0: their deviates, and the two above, cancel to a mean.
    y = scaled(column(*[0.0] * 8, 1.0, 2.0), "quantile", 0.0, 2.0, 9.0)
    assert y[0] < 0 < y[1] == y[2]


@pytest.mark.parametrize("scaling", ["smooth", "quantile", "robust"])
def test_every_scaling_survives_json_and_files_of_before_are_read(scaling: str) -> None:
    encoder = Numeric.fit(column(*[0.0] * 9, 1.0, 5.0, None), Choices(scaling=scaling))
    assert encoder_from_json(json.loads(json.dumps(encoder.to_json()))) == encoder
    plain = Numeric.fit(column(1.0, 2.0))
    assert set(plain.to_json()) == {
        "kind", "name", "indicator", "center", "scale", "fill", "bounds", "scaling", "winsorise", "impute",
    }  # fmt: skip
    assert encoder_from_json(plain.to_json()) == plain


@pytest.mark.parametrize(
    "wrong",
    [{"knots": [1.0]}, {"scaling": "quantile"}, {"scaling": "quantil"}, {"knots": [2.0, 1.0], "heights": [0.0, 1.0]}],
    ids=str,
)
def test_a_damaged_map_is_found_when_it_is_read(wrong: dict[str, Any]) -> None:
    with pytest.raises(ModelFileError):
        encoder_from_json({**Numeric.fit(column(1.0, 2.0)).to_json(), **wrong})


# ------------------------------------------------------------------------------------------------------------- topics


def test_topics_bring_words_together_that_occur_together() -> None:
    rng = np.random.default_rng(0)
    sea, wood = (
        ["wave salt ship", "salt ship sail", "wave sail ship"],
        ["tree leaf moss", "moss tree bark", "leaf bark"],
    )
    is_sea = rng.random(200) < 0.5
    cells = column(*[str(rng.choice(sea if one else wood)) for one in is_sea])
    encoder = Text.fit(cells, Choices(text="topics", topics=2))
    y = encoder.encode(cells, Findings())
    assert (encoder.features, y.shape, encoder.is_wide) == (["c topic 1", "c topic 2"], (200, 2), False)
    # Whichever way the two topics lie, a line tells the texts apart, and together they are of size 1.
    line = np.linalg.lstsq(np.column_stack([y, np.ones(200)]), 2 * is_sea - 1, rcond=None)[0]
    assert ((np.column_stack([y, np.ones(200)]) @ line > 0) == is_sea).all()
    assert abs(np.sqrt((y**2).mean()) - 1) < 1e-3
    assert encoder.encode(column(None, "unheard of"), Findings()).tolist() == [[0, 0], [0, 0]]
    assert encoder_from_json(json.loads(json.dumps(encoder.to_json()))) == encoder


def test_a_damaged_topic_is_found_when_it_is_read() -> None:
    data = Text.fit(column("a b aa bb", "aa bb cc", "aa cc dd", "dd bb"), Choices(text="topics", topics=2)).to_json()
    for wrong in (data["topics"][:-1], [[1.0], *data["topics"][1:]], [[], *data["topics"][1:]]):
        with pytest.raises(ModelFileError):
            encoder_from_json({**data, "topics": wrong})


def test_too_few_texts_for_topics_stay_words() -> None:
    assert Text.fit(column("aa bb", "aa bb"), Choices(text="topics", word_rows=2)).features == ["c topic 1"]
    assert Text.fit(column("aa", "aa"), Choices(text="topics")).features == ["c has aa"]
