"""An ensemble: its prediction is the mean of its members' predictions, whatever the link."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError, ShapeError
from chainrule.network import Network
from chainrule.nn import (
    BinaryCrossEntropy,
    Dense,
    Ensemble,
    Layer,
    Loss,
    Periodic,
    PiecewiseLinear,
    Poisson,
    Sequential,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
)
from chainrule.saved.spec import network_from_spec, network_spec
from chainrule.types import PREDICT, Batch
from tests.contracts.checks import agreement, assert_close

XP = engine_by_name("numpy").xp
CLOSE = agreement(np.float64)
LOSSES: list[Loss] = [SquaredError(), SoftmaxCrossEntropy(), BinaryCrossEntropy(), Poisson()]
# A straight line, one with bins in front, one with waves, and a deeper one.
MEMBERS: tuple[Layer, ...] = (
    Dense(3),
    Sequential((PiecewiseLinear(((-1.0, 0.0, 1.0), ())), Dense(3))),
    Sequential((Periodic(4, 2), Dense(5), Tanh(), Dense(3))),
    Sequential((Dense(4), Tanh(), Dense(4), Tanh(), Dense(3))),
)
WEIGHTS = (2.0, 1.0, 0.5, 3.0)


def members_of(network: Network, params: dict[str, object], x: np.ndarray) -> np.ndarray:
    """Return what each member predicts on its own (M, N, K)."""
    return np.stack(
        [
            network.loss.link(XP, member.forward(XP, params[f"member{m + 1}"], x, PREDICT)[0])  # type: ignore[arg-type]
            for m, member in enumerate(MEMBERS)
        ]
    )


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_it_predicts_the_weighted_mean_of_what_its_members_predict(loss: Loss) -> None:
    network = Network(Ensemble.of(MEMBERS, loss, WEIGHTS), (2,), loss)
    params = dict(network.init(np.random.default_rng(1)))
    x = np.random.default_rng(0).normal(size=(6, 2))
    expected = np.average(members_of(network, params, x), axis=0, weights=WEIGHTS)
    assert_close(network.predict(XP, params, x), expected, CLOSE)


def test_the_mean_of_probabilities_is_not_the_softmax_of_mean_logits() -> None:
    layer = Ensemble((Dense(2, bias=False), Dense(2, bias=False)))
    p = {"member1": {"W": np.array([[4.0, 0.0]])}, "member2": {"W": np.array([[0.0, 0.0]])}}
    y, _ = layer.forward(XP, p, np.ones((1, 1)), PREDICT)
    # σ(4) = 0.98201379 and 1/2: their mean; the softmax of the mean logits (2, 0) would be 0.881.
    assert_close(SoftmaxCrossEntropy().link(XP, y), [[0.74100690, 0.25899310]], 1e-8)
    assert_close(np.exp(y).sum(), 1.0, CLOSE)


def test_its_derivative_by_hand() -> None:
    layer = Ensemble((Dense(2, bias=False), Dense(2, bias=False)))
    p = {"member1": {"W": np.array([[np.log(3.0), 0.0]])}, "member2": {"W": np.array([[0.0, 0.0]])}}
    y, cache = layer.forward(XP, p, np.ones((1, 1)), PREDICT)
    # p₁ = (3/4, 1/4), p₂ = (1/2, 1/2), p = (5/8, 3/8); r₁ = ½ p₁ / p = (3/5, 1/3).
    assert_close(np.exp(y), [[5 / 8, 3 / 8]], CLOSE)
    _, grads = layer.backward(XP, p, cache, np.array([[1.0, 0.0]]))
    # da₁ = (3/5, 0) - (3/4, 1/4) · 3/5.
    assert_close(grads["member1"]["W"], [[3 / 20, -3 / 20]], CLOSE)
    # r₂ = ½ p₂ / p = (2/5, 2/3); da₂ = (2/5, 0) - (1/2, 1/2) · 2/5.
    assert_close(grads["member2"]["W"], [[1 / 5, -1 / 5]], CLOSE)


@pytest.mark.parametrize("link", ["softmax", "logistic"])
def test_no_probability_is_rounded_away(link: str) -> None:
    layer = Ensemble((Dense(2, bias=False), Dense(2, bias=False)), link)
    for size in (800.0, 1e4):
        p = {"member1": {"W": np.array([[size, -size]])}, "member2": {"W": np.array([[size, -size]])}}
        y, cache = layer.forward(XP, p, np.ones((1, 1)), PREDICT)
        _, grads = layer.backward(XP, p, cache, np.ones((1, 2)))
        assert_close(y[0, 0] - y[0, 1], 2 * size, CLOSE)
        assert np.isfinite(grads["member1"]["W"]).all()


def test_one_member_is_itself() -> None:
    for loss in LOSSES:
        network = Network(Ensemble.of(MEMBERS[:1], loss), (2,), loss)
        params = network.init(np.random.default_rng(0))
        x = np.random.default_rng(1).normal(size=(4, 2))
        assert_close(network.predict(XP, params, x), members_of_one(network, params, x), CLOSE)


def members_of_one(network: Network, params: object, x: np.ndarray) -> np.ndarray:
    a, _ = MEMBERS[0].forward(XP, params["member1"], x, PREDICT)  # type: ignore[index]
    return np.asarray(network.loss.link(XP, a))


def test_a_loss_of_another_link_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"by the link identity, for SquaredError; got one of the link softmax"):
        Network(Sequential((Tanh(), Ensemble((Dense(2),)))), (3,), SquaredError())


def test_a_loss_whose_mean_nobody_knows_is_refused() -> None:
    class Odd(SquaredError):
        link_name = "probit"

    with pytest.raises(ConfigError, match="whose link is 'probit'"):
        Ensemble.of(MEMBERS, Odd())


def test_members_of_different_shapes_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(2,\) of member1 and \(3,\) of member2"):
        Ensemble((Dense(2), Dense(3))).output_shape((4,))


def test_a_member_that_does_not_fit_is_named() -> None:
    with pytest.raises(ShapeError, match="member2: "):
        Ensemble((Dense(2), PiecewiseLinear(((0.0, 1.0),)))).output_shape((4,))


@pytest.mark.parametrize("weights", [(1.0,), (1.0, 0.0), (1.0, -1.0), (1.0, float("nan"))], ids=str)
def test_weights_that_make_no_mean_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="weight"):
        Ensemble((Dense(2), Dense(2)), weights=weights)


def test_it_is_one_network_that_learns_is_saved_and_loaded(tmp_path: Path) -> None:
    import chainrule

    loss = SoftmaxCrossEntropy()
    network = Network(Ensemble.of(MEMBERS, loss, WEIGHTS), (2,), loss)
    assert network_from_spec(json.loads(json.dumps(network_spec(network)))) == network
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 2))
    t = (x[:, 0] * x[:, 1] > 0).astype(int) + (x[:, 0] > 1)
    fitted = network.fit(x, t, epochs=30, engine="numpy", learning_rate=0.03)
    assert fitted.history.cost[-1] < 0.6 * fitted.history.cost[0]
    fitted.save(tmp_path / "mean.chainrule")
    loaded = chainrule.load(tmp_path / "mean.chainrule")
    assert np.array_equal(loaded.predict(x), fitted.predict(x))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_a_linear_mean_of_linear_members_has_the_gradient_of_both(engine: str) -> None:
    network = Network(Ensemble((Dense(1), Dense(1)), "identity", (1.0, 3.0)), (2,), SquaredError())
    params = network.init(np.random.default_rng(0))
    xp = engine_by_name("numpy").xp
    batch = Batch(np.ones((4, 2)), np.zeros((4, 1)))
    record = network.trace(xp, params, batch)
    dW = [np.asarray(record[f"member{m}.dW"]) for m in (1, 2)]
    assert_close(3 * dW[0], dW[1], CLOSE)
