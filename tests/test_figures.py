"""Figures are what a person would write."""

from __future__ import annotations

import doctest

import pytest

from chainrule import figures
from chainrule.figures import cell, figure, share


def test_the_examples_are_right() -> None:
    found = doctest.testmod(figures)
    assert (found.failed, found.attempted) == (0, 2)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (143000.0, "143,000"),
        (15148.6352, "15,149"),
        (-2.5e-9, "-2.5e-09"),
        (0.0, "0.0000"),
        (float("nan"), "nan"),
        (1e18, "1e+18"),
    ],
)
def test_a_figure_has_no_power_of_ten_that_it_does_not_need(value: float, text: str) -> None:
    assert figure(value) == text


def test_figures_of_a_row_have_the_same_decimals() -> None:
    assert figures.figures([12037.4, 0.5, float("nan"), -0.2]) == ["12,037", "0", "nan", "0"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(7.0, "7"), (0.25, "0.25"), (1234.5, "1,234.5"), (755000.0, "755,000"), (1995.0, "1995"), (1e-9, "1e-09")],
)
def test_a_cell_has_no_zeros_at_its_end(value: float, text: str) -> None:
    assert cell(value) == text


def test_shares() -> None:
    assert [share(v) for v in (0.16, 0.0, 0.042, 1.0)] == ["16 %", "0 %", "4.2 %", "100 %"]
