"""A measured slope is as near to the true one as its own error bar says, and a kink is no slope."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from chainrule.explain.slope import Point, Slope, measure, rounding_of

SMOOTH: dict[str, tuple[Callable[[float], float], float]] = {
    "a line": (lambda w: 3 * w - 7, 3.0),
    "a parabola": (lambda w: (w - 2) ** 2, -4.0),
    "one that bends a thousand times faster": (lambda w: math.sin(1000 * w + 1), 1000 * math.cos(1)),
    "one that hardly bends": (lambda w: math.sin(w / 1000 + 1), math.cos(1) / 1000),
    "one that overflows far away": (lambda w: math.exp(min(w * 1e4, 800)) if w < 0.07 else math.inf, 1e4),
    "one that is nearly flat": (lambda w: 1e-9 * math.exp(w), 1e-9),
    "a little beside much": (lambda w: 1e3 + 1e-3 * math.tanh(w), 1e-3),
    "a third power at its turning point": (lambda w: w**3, 0.0),
}


def slope_of(function: Callable[[float], float], size: float = 1.0) -> Slope:
    return measure(lambda change: Point(function(change)), size)


@pytest.mark.parametrize(("function", "true"), SMOOTH.values(), ids=SMOOTH)
def test_the_true_slope_lies_within_the_error_bar(function: Callable[[float], float], true: float) -> None:
    slope = slope_of(function)
    assert abs(slope.value - true) <= slope.error
    assert slope.error <= max(1e-5 * abs(true), 1e-9)


@pytest.mark.parametrize("noise", [1e-15, 1e-12, 1e-9, 1e-6])
def test_the_error_bar_covers_the_noise_of_the_cost(noise: float) -> None:
    for seed in range(50):
        rng = np.random.default_rng(seed)
        slope = slope_of(lambda w, rng=rng: math.sin(w + 0.3) + noise * rng.normal())  # type: ignore[misc]
        assert abs(slope.value - math.cos(0.3)) <= slope.error
        assert slope.error < 400 * noise**0.8


def test_noise_is_measured_and_not_taken_for_a_bend() -> None:
    rng = np.random.default_rng(0)
    assert 0.2e-9 < rounding_of(lambda w: Point(math.exp(w) + 1e-9 * rng.normal())) < 5e-9
    assert rounding_of(lambda w: Point(math.exp(w))) < 1e-15


def test_a_cost_that_moves_in_stairs_is_seen_to_do_so() -> None:
    stairs = slope_of(lambda w: round(w * 1e-3 / 1e-9) * 1e-9)
    assert abs(stairs.value - 1e-3) <= stairs.error < 1e-4


def test_a_kink_is_told_with_the_slopes_of_both_sides() -> None:
    slope = slope_of(lambda w: max(0.5 * w, 3 * w))
    assert slope.sides == pytest.approx((0.5, 3.0), rel=1e-9)


@pytest.mark.parametrize("knows", [True, False], ids=["which says its pieces", "which does not"])
@pytest.mark.parametrize("distance", [0.1, 1e-3, 1e-5, 1e-7])
def test_a_kink_nearby_does_not_spoil_the_slope_of_a_cost(distance: float, knows: bool) -> None:
    def look(w: float) -> Point:
        return Point(2 * math.sin(w) + abs(w - distance), b"left" if knows and w < distance else b"")

    slope = measure(look)
    assert slope.sides is None
    assert abs(slope.value - 1) <= slope.error < 1e-5 * max(1, 1e-7 / distance)


def test_many_small_kinks_that_nobody_names_are_within_the_error_bar() -> None:
    rng = np.random.default_rng(1)
    places, sizes = rng.uniform(-1, 1, 1000), rng.normal(size=1000) / 1000
    true = float((sizes * np.sign(-places)).sum()) + 1
    slope = slope_of(lambda w: w + float((sizes * np.abs(w - places)).sum()))
    assert abs(slope.value - true) <= slope.error


def test_a_cost_that_is_not_finite_has_no_slope() -> None:
    assert slope_of(lambda w: math.nan).error == math.inf


def test_a_large_weight_is_moved_by_more() -> None:
    slope = slope_of(lambda w: (1e6 + w) ** 2 * 1e-6, 1e6)
    assert abs(slope.value - 2) <= slope.error < 1e-6
    assert slope.step > 1
