"""What a logit depends on, proven by number."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import nn
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ChainruleError
from chainrule.explain import grad_cam, saliency
from chainrule.explain.check import judged
from chainrule.explain.slope import Point, measure
from tests.explain import cases

CASES = [cases.dense_cases()[5], *[c for c in cases.layer_cases() if c.name != "batch norm while learning"]]
IMAGES = next(case for case in cases.layer_cases() if case.name == "two convolutions and pools")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_saliency_is_the_slope_of_the_logit(case: cases.Case) -> None:
    found = saliency(case.network, case.batch.x, 1, params=case.params)
    assert found.shape == case.batch.x.shape
    rng = np.random.default_rng(0)
    direction = rng.normal(size=case.batch.x.shape)

    def logits(step: float) -> float:
        return float(case.network.forward(NUMPY, case.params, case.batch.x + step * direction)[:, 1].sum())

    assert judged(float((found * direction).sum()), measure(lambda change: Point(logits(change)))).agrees


def test_the_largest_logit_is_taken_where_none_is_named() -> None:
    case = IMAGES
    a = case.network.forward(NUMPY, case.params, case.batch.x)
    by_hand = saliency(case.network, case.batch.x, a.argmax(axis=1), params=case.params)
    np.testing.assert_array_equal(saliency(case.network, case.batch.x, params=case.params), by_hand)


def test_grad_cam_is_its_formula_and_its_gradient_is_the_slope() -> None:
    """By hand: the layers after conv2d2 alone, whose input is moved by number."""
    case = IMAGES
    heat = grad_cam(case.network, case.batch.x, 0, layer="conv2d2", params=case.params)
    at = case.network.layer.names.index("conv2d2") + 1  # type: ignore[attr-defined]
    layers, names = case.network.layer.layers, case.network.layer.names  # type: ignore[attr-defined]
    before, after = nn.Sequential(layers[:at], names[:at]), nn.Sequential(layers[at:], names[at:])
    y, _ = before.forward(NUMPY, case.params, case.batch.x, case.context)
    slope = np.zeros_like(y)
    for place in np.ndindex(*y.shape):
        moved = [y.copy(), y.copy()]
        for array, step in zip(moved, (-1e-5, 1e-5), strict=True):
            array[place] += step
        low, high = (after.forward(NUMPY, case.params, array, case.context)[0][place[0], 0] for array in moved)
        slope[place] = (high - low) / 2e-5
    alpha = slope.mean(axis=(1, 2))
    np.testing.assert_allclose(heat, np.maximum(np.einsum("nc,nijc->nij", alpha, y), 0), atol=1e-9)
    assert heat.max() > 0


def test_the_last_layer_with_places_is_taken_where_none_is_named() -> None:
    case = IMAGES
    last = grad_cam(case.network, case.batch.x, 0, layer="avgpool2d1", params=case.params)
    np.testing.assert_array_equal(grad_cam(case.network, case.batch.x, 0, params=case.params), last)


def test_mistakes_are_answered() -> None:
    dense, images = CASES[0], IMAGES
    with pytest.raises(ChainruleError, match="no layer of this network writes pictures"):
        grad_cam(dense.network, dense.batch.x, params=dense.params)
    with pytest.raises(ChainruleError, match="conv2d2"):
        grad_cam(images.network, images.batch.x, layer="conv2d3", params=images.params)
    with pytest.raises(ChainruleError, match="from 0 to 1"):
        saliency(images.network, images.batch.x, 2, params=images.params)
    with pytest.raises(ChainruleError, match="X of shape"):
        saliency(images.network, images.batch.x[:, 0], params=images.params)
    with pytest.raises(ChainruleError, match="weights of the network"):
        saliency(images.network, images.batch.x)
