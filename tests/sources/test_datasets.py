"""Built-in data sets: their shapes, their seeds and the geometry of the course's problems."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chainrule.errors import DataError
from chainrule.sources.datasets import entries, is_builtin, load
from chainrule.sources.samples import Pictures
from chainrule.sources.synthetic import PROBLEMS

NAMES = [entry.name for entry in entries()]


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_a_data_set_has_the_rows_the_target_and_the_task_that_the_list_says(entry) -> None:  # type: ignore[no-untyped-def]
    source = load(entry.name)
    assert (len(source.frame), source.task, source.target in source.frame.columns) == (entry.samples, entry.task, True)


@pytest.mark.parametrize("name", NAMES)
def test_a_data_set_has_no_missing_cells(name: str) -> None:
    assert not load(name).frame.isna().any(axis=None)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_generated_problem_has_two_inputs(name: str) -> None:
    assert list(load(name).frame.columns[:2]) == ["x1", "x2"]


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_seed_draws_the_same_problem_again(name: str) -> None:
    pd.testing.assert_frame_equal(load(name, 3).frame, load(name, 3).frame)


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_another_seed_draws_another_problem(name: str) -> None:
    assert not load(name, 3).frame.equals(load(name, 4).frame)


@pytest.mark.parametrize("name", [name for name, problem in PROBLEMS.items() if problem.task == "classification"])
def test_no_class_of_a_generated_problem_is_rare(name: str) -> None:
    counts = load(name).frame["class"].value_counts(normalize=True)
    assert counts.min() > 0.8 / len(counts)


def draw(name: str, n: int = 400, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    return PROBLEMS[name].make(np.random.default_rng(0), n, noise)


def test_neighbouring_squares_of_xor_differ() -> None:
    x, t = draw("xor")
    np.testing.assert_array_equal(t, x[:, 0] * x[:, 1] < 0)


def test_the_squares_of_xor_do_not_touch() -> None:
    assert np.abs(draw("xor")[0]).min() >= 0.3


def test_the_rings_of_the_donut_have_radius_five_and_ten() -> None:
    x, t = draw("donut")
    np.testing.assert_allclose(np.hypot(*x.T), np.where(t == 0, 5, 10), rtol=1e-12)


def test_the_clouds_lie_around_their_centres() -> None:
    x, t = draw("clouds", 3000, 1.0)
    centres = [x[t == k].mean(axis=0) for k in range(3)]
    np.testing.assert_allclose(centres, [[0, -2], [2, 2], [-2, 2]], atol=0.15)


def test_the_disc_lies_inside_the_ring() -> None:
    x, t = draw("circle")
    radius = np.hypot(*x.T)
    assert radius[t == 1].max() <= 2.5 < 3.5 <= radius[t == 0].min()


def test_the_arms_of_the_spiral_are_opposite() -> None:
    x, t = draw("spiral")
    np.testing.assert_allclose(x[t == 0], -x[t == 1], atol=1e-12)


def test_the_plane_is_a_tenth_of_the_sum() -> None:
    x, t = draw("plane")
    np.testing.assert_allclose(t, x.sum(axis=1) / 10, rtol=1e-12)


def test_the_cones_are_between_minus_one_and_one() -> None:
    _, t = draw("six_gaussians", 4000)
    assert -1 <= t.min() < -0.8
    assert 0.8 < t.max() <= 1


def test_two_gaussians_lie_on_both_sides_of_the_origin() -> None:
    x, t = draw("gaussians", 2000)
    np.testing.assert_allclose([x[t == 1].mean(axis=0), x[t == 0].mean(axis=0)], [[2, 2], [-2, -2]], atol=0.15)


def test_digits_are_pictures() -> None:
    pictures = load("digits").samples
    assert isinstance(pictures, Pictures)
    assert (pictures.shape, pictures.white, pictures.values.dtype) == ((1797, 8, 8, 1), 16, np.uint8)


def test_a_name_that_is_misspelt_is_refused_with_the_nearest() -> None:
    with pytest.raises(DataError, match="Did you mean 'digits'"):
        load("digit")


def test_every_listed_name_is_known() -> None:
    assert all(is_builtin(name) for name in NAMES)
