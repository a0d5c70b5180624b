"""Splits: sizes, strata, and the same again from the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.encode.split import split_rows


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("n", "fraction", "size"), [(10, 0.2, 2), (150, 0.2, 30), (7, 0.5, 4), (5, 0.0, 0)])
def test_the_part_has_its_share_of_the_rows(n: int, fraction: float, size: int) -> None:
    assert len(split_rows(n, fraction, rng())[1]) == size


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.floats(0, 1), st.integers(0, 9), st.booleans())
def test_every_row_is_in_exactly_one_part(labels: list[int], fraction: float, seed: int, stratify: bool) -> None:
    rest, part = split_rows(len(labels), fraction, rng(seed), np.array(labels) if stratify else None)
    assert sorted([*rest, *part]) == list(range(len(labels)))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.floats(0, 1), st.integers(0, 9))
def test_every_class_keeps_a_row_in_the_rest(labels: list[int], fraction: float, seed: int) -> None:
    rest, _ = split_rows(len(labels), fraction, rng(seed), np.array(labels))
    assert set(np.array(labels)[rest]) == set(labels)


def test_each_class_contributes_its_share() -> None:
    labels = np.repeat([0, 1, 2], [100, 50, 10])
    _, part = split_rows(160, 0.2, rng(), labels)
    assert np.bincount(labels[part]).tolist() == [20, 10, 2]


def test_remainders_are_rounded_so_that_the_whole_is_right() -> None:
    labels = np.repeat([0, 1, 2], 7)
    assert len(split_rows(21, 0.2, rng(), labels)[1]) == 4


def test_the_only_row_of_a_class_stays_in_the_rest() -> None:
    labels = np.array([0] * 50 + [1])
    assert all(50 in split_rows(51, 0.5, rng(seed), labels)[0] for seed in range(20))


def test_the_same_seed_gives_the_same_parts() -> None:
    labels = np.arange(40) % 3
    np.testing.assert_array_equal(split_rows(40, 0.3, rng(5), labels)[1], split_rows(40, 0.3, rng(5), labels)[1])


def test_another_seed_gives_other_parts() -> None:
    assert not np.array_equal(split_rows(40, 0.3, rng(5))[1], split_rows(40, 0.3, rng(6))[1])


def test_rows_of_sorted_data_are_drawn_from_everywhere() -> None:
    _, part = split_rows(1000, 0.2, rng())
    assert np.histogram(part, bins=4)[0].min() > 30
