"""Tests of differences: by hand, against SciPy, and how often they are wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from chainrule.errors import DataError
from chainrule.select import corrected_t_test, effect_size, holm, mcnemar, paired_t_test

D = np.array([0.02, 0.01, 0.03, -0.01, 0.04])


def test_the_plain_test_is_scipys() -> None:
    ours, theirs = paired_t_test(D), stats.ttest_1samp(D, 0)
    assert (ours.statistic, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue))
    interval = theirs.confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high))


def test_the_corrected_test_by_hand() -> None:
    # d̄ = 0.018, s² = 0.00037; 4 training rows for each test row: t = 0.018 / √(0.00037 (1/5 + 1/4)).
    ours = corrected_t_test(D, n_train=80, n_test=20)
    t = 0.018 / math.sqrt(0.00037 * 0.45)
    assert ours.statistic == pytest.approx(t)
    assert (ours.df, ours.p) == (4, pytest.approx(2 * stats.t.sf(t, 4)))
    assert ours.high - ours.difference == pytest.approx(stats.t.ppf(0.975, 4) * math.sqrt(0.00037 * 0.45))


def test_one_sided_is_half_of_two_sided_where_the_first_is_ahead() -> None:
    assert paired_t_test(D, alternative="greater").p == pytest.approx(paired_t_test(D).p / 2)
    assert paired_t_test(-D, alternative="greater").p == pytest.approx(1 - paired_t_test(D).p / 2)


def test_the_interval_holds_zero_exactly_when_the_test_finds_nothing() -> None:
    for shift in (0.0, 0.005, 0.02):
        found = corrected_t_test(D + shift, n_train=80, n_test=20)
        assert (found.low > 0) == (found.p < 0.05)


@pytest.mark.parametrize(("d", "statistic", "p"), [([0.0, 0.0], 0.0, 1.0), ([0.1, 0.1], math.inf, 0.0)])
def test_differences_that_are_all_alike_divide_by_no_zero(d: list[float], statistic: float, p: float) -> None:
    found = paired_t_test(d)
    assert (found.statistic, found.p) == (statistic, p)


def test_one_fold_is_too_few() -> None:
    with pytest.raises(DataError, match="at least 2 folds"):
        paired_t_test([0.1])


def test_the_corrected_test_is_wrong_as_often_as_it_says_and_the_plain_one_far_more_often() -> None:
    # Differences of equal models on 10 x 10 folds, each correlated with each by 1/10: the share of the test rows.
    rng = np.random.default_rng(0)
    j, rho = 100, 0.1
    shared = math.sqrt(rho) * rng.normal(size=(2000, 1))
    differences = shared + math.sqrt(1 - rho) * rng.normal(size=(2000, j))
    corrected = np.mean([corrected_t_test(d, n_train=9, n_test=1).p < 0.05 for d in differences])
    plain = np.mean([paired_t_test(d).p < 0.05 for d in differences])
    assert 0.03 < corrected < 0.07
    assert plain > 0.5


def test_the_effect_is_the_mean_in_standard_deviations() -> None:
    assert effect_size(D) == pytest.approx(0.018 / math.sqrt(0.00037))
    assert (effect_size([0, 0]), effect_size([-1, -1])) == (0.0, -math.inf)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.5]) == pytest.approx([1.0, 1.0])
    assert holm([0.02]) == [0.02]


def test_mcnemar_counts_what_one_alone_has_right() -> None:
    truth = np.zeros(20, int)
    a = np.array([0] * 9 + [1] * 1 + [0] * 10)
    b = np.array([1] * 9 + [0] * 1 + [0] * 10)
    found = mcnemar(truth, a, b)
    # 9 of 10 heads or more, either way: 2 (1 + 10) / 1024.
    assert (found.only_a, found.only_b, found.p) == (9, 1, pytest.approx(22 / 1024))


def test_mcnemar_of_models_that_agree_finds_nothing() -> None:
    assert mcnemar([0, 1], [0, 0], [0, 0]).p == 1.0


def test_mcnemar_of_different_rows_is_an_error() -> None:
    with pytest.raises(DataError, match="one answer of each model for each row"):
        mcnemar([0, 1], [0], [0, 1])
