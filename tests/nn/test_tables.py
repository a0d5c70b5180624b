"""Layers of tables by hand: encodings of numbers, and inputs that are read apart."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.network import Network
from chainrule.nn import Columns, Dense, Identity, Periodic, PiecewiseLinear, Relu, Scale, SmoothClip, SquaredError
from chainrule.types import PREDICT
from tests.contracts.checks import agreement, assert_close

XP = engine_by_name("numpy").xp
CLOSE = agreement(np.float64)


def test_smooth_clipping_by_hand() -> None:
    # x = 4, c = 3: u = 1 / sqrt(1 + 16 / 9) = 3 / 5, y = 12 / 5, and the slope is 27 / 125.
    layer, x = SmoothClip(), np.array([[4.0, 0.0, -4.0]])
    y, cache = layer.forward(XP, {}, x, PREDICT)
    dx, _ = layer.backward(XP, {}, cache, np.ones((1, 3)))
    assert_close(y, [[2.4, 0.0, -2.4]], CLOSE)
    assert_close(dx, [[0.216, 1.0, 0.216]], CLOSE)


def test_nothing_is_clipped_beyond_the_limit() -> None:
    y, _ = SmoothClip(2.0).forward(XP, {}, np.array([1e9, -1e9]), PREDICT)
    assert_close(y, [2.0, -2.0], CLOSE)


def test_a_scale_is_one_at_first_whatever_its_pace() -> None:
    layer = Scale(6.0)
    network = Network([("scale", layer), Dense(1)], (3,), SquaredError())
    p = network.init(np.random.default_rng(0))["scale"]
    x = np.array([[1.0, 2.0, 3.0]])
    assert_close(layer.forward(XP, p, x, PREDICT)[0], x, CLOSE)
    # r = 6, dy = (1, 0, -1): ds = 6 (1, 0, -3), so that a step of s by h changes the factor by 6 h.
    _, cache = layer.forward(XP, p, x, PREDICT)
    dx, grads = layer.backward(XP, p, cache, np.array([[1.0, 0.0, -1.0]]))
    assert_close(dx, [[1.0, 0.0, -1.0]], CLOSE)
    assert_close(grads["s"], [6.0, 0.0, -18.0], CLOSE)


BINS = PiecewiseLinear(((0.0, 1.0, 3.0, 4.0), ()))


@pytest.mark.parametrize(
    ("x", "y", "slopes"),
    [
        # Below the first edge its bin goes on: (-2 - 0) / 1.
        (-2.0, [-2.0, 0.0, 0.0], [1.0, 0.0, 0.0]),
        # A quarter of the second bin, which is 2 wide.
        (1.5, [1.0, 0.25, 0.0], [0.0, 0.5, 0.0]),
        # On an edge: the bin above it moves.
        (3.0, [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]),
        # Above the last edge: (6 - 3) / 1.
        (6.0, [1.0, 1.0, 3.0], [0.0, 0.0, 1.0]),
    ],
)
def test_bins_by_hand(x: float, y: list[float], slopes: list[float]) -> None:
    found, cache = BINS.forward(XP, {}, np.array([[x, 7.0]]), PREDICT)
    assert_close(found, [[*y, 7.0]], CLOSE)
    for t, slope in enumerate(slopes):
        dy = np.eye(4)[[t]]
        assert_close(BINS.backward(XP, {}, cache, dy)[0], [[slope, 0.0]], CLOSE)
    assert_close(BINS.backward(XP, {}, cache, np.ones((1, 4)))[0], [[sum(slopes), 1.0]], CLOSE)


def test_a_line_in_the_bins_is_any_bent_line_in_x() -> None:
    x = np.linspace(-1, 5, 50)[:, None]
    y, _ = PiecewiseLinear(((0.0, 1.0, 3.0, 4.0),)).forward(XP, {}, x, PREDICT)
    assert_close(y @ [2.0, -2.0, 5.0], np.interp(x[:, 0], [-1, 0, 1, 3, 4, 5], [-2, 0, 2, 0, 5, 10]), CLOSE)


def test_bins_are_quantiles_and_an_indicator_passes() -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.exponential(size=1001), rng.integers(0, 2, 1001), rng.integers(0, 4, 1001), np.ones(1001)])
    layer = PiecewiseLinear.of(x, bins=4)
    assert [len(own) for own in layer.edges] == [5, 0, 4, 0]
    assert_close(layer.edges[0], np.quantile(x[:, 0], [0, 0.25, 0.5, 0.75, 1]), CLOSE)
    assert layer.edges[2] == (0.0, 1.0, 2.0, 3.0)
    assert layer.output_shape((4,)) == (4 + 1 + 3 + 1,)
    assert [len(own) for own in PiecewiseLinear.of(x, bins=4, columns=[2]).edges] == [0, 0, 4, 0]


def test_quantiles_that_fall_together_leave_fewer_bins() -> None:
    values = np.array([0.0] * 90 + list(range(1, 11)))[:, None]
    (edges,) = PiecewiseLinear.of(values, bins=4).edges
    assert edges == (0.0, 10.0)


@pytest.mark.parametrize("edges", [((1.0,),), ((1.0, 1.0),), ((2.0, 1.0),), ((0.0, math.inf),), ()], ids=str)
def test_edges_that_make_no_bins_are_refused(edges: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(ConfigError, match="edges"):
        PiecewiseLinear(edges)


@pytest.mark.parametrize(
    "x", [np.ones(3), np.ones((0, 2)), np.array([[np.nan, 1.0]])], ids=["vector", "no rows", "gap"]
)
def test_bins_are_not_found_in_what_is_no_table_of_numbers(x: np.ndarray) -> None:
    with pytest.raises(DataError, match="finite inputs"):
        PiecewiseLinear.of(x)


@pytest.mark.parametrize("bins", [0, 49, 2.5, True])
def test_a_number_of_bins_that_is_none_is_refused(bins: object) -> None:
    with pytest.raises(ConfigError, match="a number of bins"):
        PiecewiseLinear.of(np.ones((3, 1)), bins=bins)  # type: ignore[arg-type]


def test_other_inputs_than_the_bins_were_found_in_are_refused() -> None:
    with pytest.raises(ShapeError, match="edges for 2 inputs"):
        BINS.output_shape((3,))


def test_waves_by_hand() -> None:
    # Two waves of one input: f = (1/4, 1), q = (0, 1/4), so that at x = 1 the angles are a quarter turn and 1 + 1/4.
    p = {
        "f": np.array([[0.25, 1.0]]),
        "q": np.array([[0.0, 0.25]]),
        "W": np.array([[[3.0], [5.0]]]),
        "b": np.array([[0.5]]),
    }
    layer = Periodic(2, 1)
    y, cache = layer.forward(XP, p, np.array([[1.0]]), PREDICT)
    assert_close(y, [[1.0, 0.5]], CLOSE)
    dx, grads = layer.backward(XP, p, cache, np.array([[10.0, 2.0]]))
    # Both sines are 1: dθ = -2 (3, 5); dx = 10 + 2π (-6 / 4 - 10).
    assert_close(dx, [[10 + 2 * math.pi * (-1.5 - 10)]], CLOSE)
    assert_close(grads["f"], [[-12 * math.pi, -20 * math.pi]], CLOSE)
    assert_close(grads["q"], [[-12 * math.pi, -20 * math.pi]], CLOSE)
    assert_close(grads["W"], np.zeros((1, 2, 1)), CLOSE)
    assert_close(grads["b"], [[2.0]], CLOSE)


def test_columns_by_hand() -> None:
    layer = Columns((Relu(), Identity()), ((2, 0), (0,)))
    x = np.array([[1.0, 9.0, -3.0]])
    y, cache = layer.forward(XP, {"part1": {}, "part2": {}}, x, PREDICT)
    dx, _ = layer.backward(XP, {"part1": {}, "part2": {}}, cache, np.array([[5.0, 7.0, 11.0]]))
    assert (y.tolist(), dx.tolist()) == ([[0.0, 1.0, 1.0]], [[18.0, 0.0, 0.0]])


def test_a_dense_part_of_indicators_is_an_embedding() -> None:
    W = np.arange(6.0).reshape(3, 2)
    layer = Columns((Dense(2, bias=False),), ((1, 2, 3),), ("town",))
    y, _ = layer.forward(XP, {"town": {"W": W}}, np.array([[9.0, 0, 0, 1], [9.0, 1, 0, 0]]), PREDICT)
    assert y.tolist() == [[4.0, 5.0], [0.0, 1.0]]


def test_columns_that_are_not_there_are_refused() -> None:
    with pytest.raises(ShapeError, match="inputs of which there are 2; got number 2"):
        Columns((Relu(),), ((0, 2),)).output_shape((2,))


def test_a_part_that_does_not_fit_is_named() -> None:
    with pytest.raises(ShapeError, match="part 'bins': PiecewiseLinear with edges for 2"):
        Columns((BINS,), ((0,),), ("bins",)).output_shape((2,))


@pytest.mark.parametrize(
    ("inputs", "names", "said"),
    [(((0,),), (), "each of the 2 parts"), (((0,), (1,)), ("a", "a"), "2 different names"), (((0,), ()), (), "inputs")],
)
def test_columns_that_do_not_fit_their_parts_are_refused(
    inputs: tuple[tuple[int, ...], ...], names: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        Columns((Relu(), Relu()), inputs, names)
