"""Which steps an answer came from: against weights whose answer is known, and against slopes by number."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ShapeError
from chainrule.explain import attention, step_saliency
from chainrule.network import Network
from chainrule.nn import Dense, Embedding, GlobalAvgPool, SoftmaxCrossEntropy
from chainrule.recipes import recipe_from

_NUMPY = engine_by_name("numpy", "float64")


def _network(kind: str, **settings: object) -> Network:
    recipe = recipe_from(kind, {"embedding": 4, "dropout": 0.0, **settings})
    return recipe.sequence_network((6,), 3, SoftmaxCrossEntropy(), ids=9)


def test_of_a_linear_network_the_steps_add_up_to_the_logit() -> None:
    network = Network([Embedding(9, 4, padding=0), GlobalAvgPool(), Dense(3, bias=False)], (6,), SoftmaxCrossEntropy())
    params = network.init(np.random.default_rng(0))
    x = np.array([[3, 4, 5, 0, 0, 0], [8, 8, 2, 1, 3, 4]])
    mask = (x > 0).astype(float)
    share = step_saliency(network, x, [2, 1], mask=mask, params=params)
    a = network.forward(_NUMPY.xp, params, x, _masked(mask))
    np.testing.assert_allclose(share.sum(axis=1), [a[0, 2], a[1, 1]])
    assert (share[0, 3:] == 0).all()


def _masked(mask: np.ndarray) -> object:
    from chainrule.types import PREDICT, Batch

    return PREDICT.of(Batch(None, mask=mask))


@pytest.mark.parametrize("kind", ["lstm", "transformer"])
def test_a_step_gave_what_making_its_vector_longer_adds(kind: str) -> None:
    settings = {"width": 8, "heads": 2, "blocks": 1} if kind == "transformer" else {"hidden": (5,)}
    network = _network(kind, **settings)
    params = network.init(np.random.default_rng(1))
    x = np.array([[3, 4, 5, 6, 7, 0]])
    mask = (x > 0).astype(float)
    share = step_saliency(network, x, 1, mask=mask, params=params)
    h = 1e-6
    for step in range(5):
        slopes = []
        for sign in (1, -1):
            W = params["words"]["W"].copy()
            W[x[0, step]] *= 1 + sign * h
            moved = {**params, "words": {"W": W}}
            slopes.append(network.forward(_NUMPY.xp, moved, x, _masked(mask))[0, 1])  # type: ignore[arg-type]
        assert share[0, step] == pytest.approx((slopes[0] - slopes[1]) / (2 * h), rel=1e-5, abs=1e-9)


def test_shares_of_an_attention_add_up_to_one_and_leave_padding_out() -> None:
    network = _network("transformer", width=8, heads=2, blocks=2)
    x = np.array([[3, 4, 5, 0, 0, 0]])
    shares = attention(network, x, mask=(x > 0).astype(float), params=network.init(np.random.default_rng(0)))
    assert list(shares) == ["block1.attend.attention", "block2.attend.attention"]
    for p in shares.values():
        assert p.shape == (1, 2, 6, 6)
        np.testing.assert_allclose(p.sum(axis=-1), 1)
        assert (p[..., 3:] == 0).all()


def test_a_network_that_answers_at_every_step_is_refused() -> None:
    recipe = recipe_from("gru", {})
    network = recipe.sequence_network((6,), 3, SoftmaxCrossEntropy(), ids=9, every_step=True)
    with pytest.raises(ShapeError, match="one answer for each sequence"):
        step_saliency(network, np.ones((1, 6), int), params=network.init(np.random.default_rng(0)))
