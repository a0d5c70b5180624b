"""Folds: every row is tested once a repeat, classes and groups are kept, and what cannot be done is said."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.errors import ChainruleError, ConfigError, DataError
from chainrule.select import draw_folds

Y = np.repeat(["a", "b", "c"], [30, 20, 10])


@pytest.mark.parametrize("kind", ["plain", "stratified"])
def test_every_row_is_tested_once_in_each_repeat(kind: str) -> None:
    folds = draw_folds(Y, folds=4, repeats=3, kind=kind)
    tested = np.concatenate([test for _, test in folds.pairs])
    assert np.bincount(tested).tolist() == [3] * len(Y)


def test_no_row_is_trained_and_tested_in_one_fold() -> None:
    assert all(not set(train) & set(test) for train, test in draw_folds(Y, folds=5, repeats=2).pairs)


def test_stratified_folds_have_each_class_in_its_share() -> None:
    for _, test in draw_folds(Y, folds=5).pairs:
        assert [int((Y[test] == name).sum()) for name in "abc"] == [6, 4, 2]


def test_repeats_are_drawn_anew_and_a_seed_repeats_them() -> None:
    once, again = draw_folds(Y, repeats=2, seed=3), draw_folds(Y, repeats=2, seed=3)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(once.pairs, again.pairs, strict=True))
    assert not np.array_equal(once.pairs[0][1], once.pairs[5][1])


@pytest.mark.parametrize("classify", [True, False])
def test_rows_of_a_group_are_never_parted(classify: bool) -> None:
    groups = np.arange(len(Y)) % 12
    folds = draw_folds(Y, folds=4, repeats=2, groups=groups, classify=classify)
    assert folds.kind == "grouped"
    assert all(not set(groups[train]) & set(groups[test]) for train, test in folds.pairs)
    assert np.bincount(np.concatenate([test for _, test in folds.pairs])).tolist() == [2] * len(Y)


def test_repeats_of_grouped_folds_are_drawn_anew() -> None:
    folds = draw_folds(Y, folds=4, repeats=2, groups=np.arange(len(Y)) % 12)
    first, second = ({tuple(test) for _, test in folds.pairs[i : i + 4]} for i in (0, 4))
    assert first != second


def test_numbers_get_plain_folds() -> None:
    assert draw_folds(np.linspace(0, 1, 40)).kind == "plain"


def test_a_class_with_a_single_row_is_named() -> None:
    with pytest.raises(DataError, match="single row of class 'rare'") as caught:
        draw_folds(np.append(Y, "rare"))
    assert "plain" in caught.value.remedy


def test_a_class_with_fewer_rows_than_folds_is_a_note_and_no_warning() -> None:
    assert draw_folds(np.append(Y, ["rare", "rare"]), folds=5).notes == (
        "class 'rare' has 2 rows: it is missing from some of the 5 test folds",
    )


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"folds": 1}, "at least 2 folds; got 1"),
        ({"folds": 2.5}, "at least 2 folds; got 2.5"),
        ({"repeats": 0}, "at least 1 repeat; got 0"),
        ({"folds": 61}, "each of 61 folds; got 60 rows"),
        ({"folds": 40}, "40 stratified folds; got at most 30 rows"),
        ({"kind": "stratifed"}, "Did you mean 'stratified'"),
        ({"kind": "grouped"}, "groups for grouped folds; got none"),
        ({"kind": "plain", "groups": np.zeros(60)}, "no groups beside folds"),
        ({"groups": np.zeros(60)}, "at least 5 groups"),
        ({"groups": np.arange(59)}, "59 groups for 60 rows"),
    ],
)
def test_what_cannot_be_drawn_is_answered(options: dict[str, object], error: str) -> None:
    with pytest.raises(ChainruleError, match=error):
        draw_folds(Y, **options)  # type: ignore[arg-type]


def test_folds_describe_themselves() -> None:
    folds = draw_folds(Y, folds=10, repeats=2, seed=1)
    assert str(folds) == "10 stratified folds, drawn 2 times (seed 1)"
    assert (len(folds), folds.n_train, folds.n_test) == (20, 54, 6)


def test_an_unknown_kind_is_a_setting_at_fault() -> None:
    with pytest.raises(ConfigError):
        draw_folds(Y, kind="x")
