"""Plots at the edges of their input: they must draw, and not warn."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from chainrule.report import plots, table_plots
from chainrule.report.grid import pictures, weight_pictures

RNG = np.random.default_rng(0)


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)


@pytest.mark.parametrize("cost", [[1.0], [1.0, 0.5], [0.0, 0.0], [-1.0, -2.0], [1.0, -0.5], [1e30, 1e-30]])
def test_costs_of_any_size_and_sign_are_drawn(cost: list[float]) -> None:
    epochs = list(range(1, len(cost) + 1))
    assert parsed(plots.learning_curves(epochs, {"train": {"cost": cost}}, [0.1] * len(cost), 1)) is not None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_costs_that_are_not_finite_are_drawn(value: float) -> None:
    assert parsed(plots.learning_curves([1, 2], {"train": {"cost": [1.0, value]}}, [0.1, 0.1], 1)) is not None


def test_a_rate_that_falls_to_zero_is_drawn() -> None:
    assert parsed(plots.learning_curves([1, 2], {"train": {"cost": [1.0, 0.5]}}, [0.1, 0.0], 2)) is not None


@pytest.mark.parametrize("k", [2, 20, 60])
def test_a_confusion_matrix_of_any_size_is_drawn(k: int) -> None:
    assert (
        parsed(plots.confusion_matrix(RNG.integers(0, 5, (k, k)), [f"class number {i}" for i in range(k)])) is not None
    )


def test_a_confusion_matrix_with_an_absent_class_is_drawn() -> None:
    assert parsed(plots.confusion_matrix(np.array([[3, 0], [0, 0]]), ["a", "b"])) is not None


@pytest.mark.parametrize("n", [1, 2, 5000])
def test_values_are_drawn_against_each_other(n: int) -> None:
    assert parsed(table_plots.residual_panels(RNG.normal(size=n), RNG.normal(size=n), "t", None)) is not None


def test_equal_values_are_drawn() -> None:
    assert parsed(table_plots.residual_panels(np.ones(4), np.ones(4), "t", None)) is not None


@pytest.mark.parametrize("x", [RNG.normal(size=(9, 2)), np.ones((3, 2)), np.ones((1, 2))])
def test_a_plane_is_drawn_even_where_the_rows_lie_on_one_point(x: np.ndarray) -> None:
    def predict(grid: np.ndarray) -> np.ndarray:
        return np.full((len(grid), 2), 0.5)

    assert parsed(plots.decision_map(predict, x, np.zeros(len(x), int), ["a", "b"], ["no", "yes"])) is not None


def test_no_more_points_are_drawn_than_a_browser_bears() -> None:
    svg = table_plots.residual_panels(RNG.normal(size=50_000), RNG.normal(size=50_000), "t", None)
    assert len(svg) < 2_000_000


@pytest.mark.parametrize("shape", [(3, 4, 4), (3, 4, 4, 3), (1, 2, 2)])
def test_pictures_are_drawn_grey_or_coloured(shape: tuple[int, ...]) -> None:
    assert parsed(pictures(RNG.random(shape), ["a $5 <b>"] * shape[0])) is not None


@pytest.mark.parametrize("count", [1, 16, 100])
def test_weights_are_drawn_as_pictures(count: int) -> None:
    assert parsed(weight_pictures(RNG.normal(size=(count, 3, 3)))) is not None


@pytest.mark.parametrize("values", [np.zeros((2, 2)), np.full((2, 2), np.nan), np.array([[1e-30, 1e30]])])
def test_histograms_of_any_values_are_drawn(values: np.ndarray) -> None:
    assert parsed(plots.histograms({"h.W": values}, {"h.W": values})) is not None


def test_two_plots_share_no_id() -> None:
    first, second = (plots.listening(["a", "b"], np.array([1.0, 2.0])) for _ in range(2))
    ids = [{node.get("id") for node in parsed(svg).iter() if node.get("id")} for svg in (first, second)]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize("name", ["$x$", r"$\frac{$", "<b>", "数字 🙂", "a & b", "_x_", "tab\there"])
def test_any_name_is_drawn_as_it_is(name: str) -> None:
    root = parsed(plots.listening([name, "b"], np.array([1.0, 2.0])))
    assert " ".join(name.split()) in ["".join(node.itertext()).strip() for node in root.iter()]
