"""Ticks are numbers that a person reads, and do not run together."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from chainrule.report.plots import learning_curves, svg


def labels(draw: Any) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg((4, 3), draw, "a picture"))


def test_prices_have_their_thousands_set_apart() -> None:
    def draw(figure: Any) -> None:
        figure.subplots().plot([100_000, 700_000], [0, 1])

    found = [text for text in labels(draw) if "000" in text]
    assert "200,000" in found
    assert len(found) <= 4


def test_years_are_no_prices() -> None:
    def draw(figure: Any) -> None:
        figure.subplots().plot([1900, 2010], [0, 1])

    assert "1900" in labels(draw)


@pytest.mark.parametrize("ends", [(0.302, 0.316), (0.01, 0.2), (1e-3, 1.0)])
def test_a_log_axis_is_told_in_decimals(ends: tuple[float, float]) -> None:
    def draw(figure: Any) -> None:
        ax = figure.subplots()
        ax.plot([1, 2], ends)
        ax.set_yscale("log")

    found = labels(draw)
    assert not [text for text in found if "mathdefault" in text or "×" in text]
    assert len([text for text in found if text.startswith("0.")]) >= 2


def test_epochs_are_whole_and_the_legend_lies_below_the_curves() -> None:
    text = learning_curves(
        [1, 2, 3], {"train": {"cost": [0.3, 0.2, 0.1]}, "valid": {"cost": [0.3, 0.25, 0.26]}}, [0.1] * 3, 2
    )
    assert "1.5" not in re.findall(r">([\d.]+)</text>", text)
    # In the picture's own coordinates: the words of the legend below the axis' label.
    heights = {word: float(y) for y, word in re.findall(r'<text[^>]*?y="([\d.]+)"[^>]*>(training|epoch)</text>', text)}
    assert np.isnan(heights.get("training", np.nan)) or heights["training"] > heights["epoch"]
