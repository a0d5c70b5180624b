"""Intervals from residuals: by hand, and as wide as they have to be on what was not seen."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.forecast.bands import bands_of


def test_the_ends_are_the_order_statistics_by_hand() -> None:
    residuals = np.arange(1.0, 20.0)[:, None]
    # 19 residuals, 80 %: ⌊20 · 0.1⌋ = the 2nd and ⌈20 · 0.9⌉ = the 18th.
    assert bands_of(residuals, [0.8]) == (((2.0, 18.0),),)


def test_of_too_few_residuals_the_largest_are_taken() -> None:
    assert bands_of(np.array([[1.0], [-3.0], [2.0]]), [0.95]) == (((-3.0, 2.0),),)


def test_each_step_of_the_horizon_has_its_own() -> None:
    residuals = np.column_stack([np.linspace(-1, 1, 99), np.linspace(-5, 5, 99)])
    ((near, far),) = bands_of(residuals, [0.9])
    assert far[1] == pytest.approx(5 * near[1])


def test_the_share_of_new_values_inside_is_what_is_asked_for() -> None:
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(300):
        low, high = bands_of(rng.standard_t(4, (60, 1)), [0.8])[0][0]
        new = rng.standard_t(4, 500)
        inside.append(((new >= low) & (new <= high)).mean())
    assert abs(np.mean(inside) - 0.8) < 0.03
    assert np.mean(inside) >= 0.8 - 2 * np.std(inside) / np.sqrt(300)
