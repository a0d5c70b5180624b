"""What the report shows of a network that sees."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pytest

from chainrule.nn import SoftmaxCrossEntropy
from chainrule.recipes.cnn import cnn
from chainrule.recipes.mlp import mlp
from chainrule.report import seeing
from chainrule.report.grid import Cell, grid

RNG = np.random.default_rng(0)


def n_pictures(svg: str) -> int:
    return len(re.findall(r"<image", svg))


def section(page: str, title: str) -> str:
    found = re.search(rf"<section>\s*<h2>{title}</h2>.*?</section>", page, re.DOTALL)
    assert found is not None, title
    return found.group()


@pytest.mark.parametrize(
    "title",
    [
        "The pairs that it confuses most",
        "Why it was wrong",
        "What its first filters look for",
        "What becomes of a picture",
        "What training saw",
    ],
)
def test_a_network_that_sees_has_a_section_for(pages: Callable[[str], str], title: str) -> None:
    assert n_pictures(section(pages("cnn"), title)) > 3
    assert f"<h2>{title}</h2>" not in pages("images")


def test_there_is_one_window_for_each_filter(pages: Callable[[str], str]) -> None:
    assert n_pictures(section(pages("cnn"), "What its first filters look for")) == 4


def test_each_mistake_has_its_picture_its_pixels_and_two_maps_of_evidence(pages: Callable[[str], str]) -> None:
    svg = section(pages("cnn"), "Why it was wrong").partition("<svg")[2]
    # A map of evidence is two: the heat, and the picture below it.
    assert n_pictures(svg) == 8 * 6
    assert svg.count("pixels for") == 8
    assert svg.count("evidence for") == 16


def test_a_perceptron_does_not_see() -> None:
    loss = SoftmaxCrossEntropy()
    assert seeing.sees(cnn((8, 8, 1), 2, loss, filters=(2,)))
    assert not seeing.sees(mlp((8, 8, 1), (3,), 2, loss))


@pytest.mark.parametrize("kind", ["picture", "map", "signed", "heat"])
def test_a_map_of_equal_values_is_drawn(kind: str) -> None:
    assert ET.fromstring(grid([[Cell(np.zeros((3, 4)), kind)]], "nothing")) is not None


def test_heat_lies_over_its_picture_in_colour_too() -> None:
    cell = Cell(RNG.random((2, 2)), "heat", "a $ b\n<c>", RNG.random((6, 5, 3)))
    svg = grid([[cell, None]], "heat", labels=["$x"])
    assert n_pictures(svg) == 2
    assert "a $ b" in svg
