"""The contract suite itself is tested: nine classic mistakes are planted, and its checks must find each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from chainrule.nn import Dense, Layer, Loss, SquaredError, Tanh
from chainrule.types import Array, Cache, Context, Namespace, Params
from tests.contracts import checks
from tests.contracts.checks import LayerCase, LossCase


@dataclass(frozen=True)
class MissingTranspose(Dense):
    """Dx = dy W."""

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        return dy @ p["W"], self.gradients(xp, p, cache, dy)


@dataclass(frozen=True)
class WrongTranspose(Dense):
    """dW = dyᵀ x, which has the right shape where D = H."""

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        return {"W": dy.T @ cache["x"], "b": xp.sum(dy, axis=0)}


@dataclass(frozen=True)
class ForgottenBias(Dense):
    """No db."""

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        return {"W": cache["x"].T @ dy}


@dataclass(frozen=True)
class FrozenBias(Dense):
    """A db that is always zero."""

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        return {"W": cache["x"].T @ dy, "b": xp.zeros_like(p["b"])}


@dataclass(frozen=True)
class WrongTanh(Tanh):
    """tanh' = y (1 - y), which is the sigmoid's."""

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        return dy * cache["y"] * (1 - cache["y"]), {}


@dataclass(frozen=True)
class MutatedDy(Tanh):
    """Dx is written over dy."""

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        dy *= 1 - cache["y"] * cache["y"]
        return dy, {}


@dataclass(frozen=True)
class AffineBackward(Tanh):
    """A term in backward that does not depend on dy."""

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        return dy * (1 - cache["y"] * cache["y"]) + 1e-6, {}


@dataclass(frozen=True)
class Upcast(Tanh):
    """A float64 constant, to which NumPy promotes everything."""

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        return dy * (np.float64(1.0) - cache["y"] * cache["y"]), {}


@dataclass(frozen=True)
class MutatedInput(Dense):
    """Y is built in x."""

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        x -= xp.sum(x) * 0
        return super().forward(xp, p, x, ctx)


@dataclass(frozen=True)
class MutatedCache(Tanh):
    """1 - y² is built in the cached y."""

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        y = cache["y"]
        y *= -y
        y += 1
        return dy * y, {}


@dataclass(frozen=True)
class HoardingCache(Tanh):
    """X is cached and never read."""

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        y, cache = super().forward(xp, p, x, ctx)
        return y, cache | {"x": x}


@dataclass(frozen=True)
class SummingLoss(SquaredError):
    """The sum over the samples, in cost and derivative alike."""

    def forward(
        self, xp: Namespace, a: Array, t: Array | None = None, w: Array | None = None, mask: Array | None = None
    ) -> tuple[Array, Cache]:
        costs, cache = self.each(xp, a, t)
        return xp.sum(costs), cache | {"share": 1.0}


@dataclass(frozen=True)
class SummingDerivative(SquaredError):
    """The mean in the cost, the sum in the derivative."""

    def backward(self, xp: Namespace, cache: Cache) -> Array:
        return self.each_backward(xp, cache)


@dataclass(frozen=True)
class UnweightedLoss(SquaredError):
    """Sample weights are forgotten."""

    def forward(
        self, xp: Namespace, a: Array, t: Array | None = None, w: Array | None = None, mask: Array | None = None
    ) -> tuple[Array, Cache]:
        return super().forward(xp, a, t)


LAYER_CHECKS: dict[str, Callable[[LayerCase], None]] = {
    "keys and shapes": lambda case: checks.check_keys_and_shapes(case, "numpy"),
    "derivative by x": lambda case: checks.check_derivative_by_input(case, "numpy"),
    "derivative by parameters": lambda case: checks.check_derivative_by_parameters(case, "numpy"),
    "linearity": lambda case: checks.check_linearity(case, "numpy"),
    "read-only": checks.check_read_only,
    "float32": lambda case: checks.check_float32_stays(case, "numpy"),
    "automatic derivative": checks.check_automatic_derivative,
    "cache": checks.check_cache_is_read,
}

LOSS_CHECKS: dict[str, Callable[[LossCase], None]] = {
    "derivative": lambda case: checks.check_loss_derivative(case, weighted=False),
    "mean": checks.check_loss_averages,
    "repetition": checks.check_loss_repetition,
    "weightless rows": checks.check_loss_weightless_rows,
    "read-only": checks.check_loss_read_only,
}

PLANTED_LAYERS: list[tuple[Layer, tuple[int, ...], str]] = [
    (MissingTranspose(2), (4,), "keys and shapes"),
    (MissingTranspose(3), (3,), "derivative by x"),
    (MissingTranspose(3), (3,), "automatic derivative"),
    (WrongTranspose(3), (3,), "derivative by parameters"),
    (WrongTranspose(3), (3,), "automatic derivative"),
    (ForgottenBias(3), (3,), "keys and shapes"),
    (FrozenBias(3), (3,), "derivative by parameters"),
    (WrongTanh(), (3,), "derivative by x"),
    (MutatedDy(), (3,), "read-only"),
    (AffineBackward(), (3,), "linearity"),
    (AffineBackward(), (3,), "derivative by x"),
    (Upcast(), (3,), "float32"),
    (MutatedInput(3), (3,), "read-only"),
    (MutatedCache(), (3,), "read-only"),
    (HoardingCache(), (3,), "cache"),
]

PLANTED_LOSSES: list[tuple[Loss, str]] = [
    (SummingLoss(), "mean"),
    (SummingLoss(), "repetition"),
    (SummingDerivative(), "derivative"),
    (UnweightedLoss(), "repetition"),
    (UnweightedLoss(), "weightless rows"),
]


def _name(value: Any) -> str:
    return value if isinstance(value, str) else type(value).__name__ if not isinstance(value, tuple) else str(value)


@pytest.mark.parametrize(("layer", "shape", "check"), PLANTED_LAYERS, ids=_name)
def test_a_bug_planted_in_a_layer_is_found(layer: Layer, shape: tuple[int, ...], check: str) -> None:
    # A matrix product of the wrong shapes raises ValueError by itself, which fails a test as well.
    with pytest.raises((AssertionError, ValueError)):
        LAYER_CHECKS[check](LayerCase("planted", layer, shape))


@pytest.mark.parametrize(("loss", "check"), PLANTED_LOSSES, ids=_name)
def test_a_bug_planted_in_a_loss_is_found(loss: Loss, check: str) -> None:
    with pytest.raises(AssertionError):
        LOSS_CHECKS[check](LossCase("planted", loss, 3, "any"))


@pytest.mark.parametrize("check", LAYER_CHECKS)
@pytest.mark.parametrize("layer", [Dense(3), Tanh()], ids=_name)
def test_a_layer_without_a_bug_passes_the_same_checks(layer: Layer, check: str) -> None:
    LAYER_CHECKS[check](LayerCase("planted", layer, (3,)))


@pytest.mark.parametrize("check", LOSS_CHECKS)
def test_a_loss_without_a_bug_passes_the_same_checks(check: str) -> None:
    LOSS_CHECKS[check](LossCase("planted", SquaredError(), 3, "any"))
