"""Penalties: what large weights cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from chainrule.constraints import check_fields, flag, real
from chainrule.tree import leaf
from chainrule.types import Array, Namespace, Params


@dataclass(frozen=True)
class Penalty:
    """L1 and L2 on the weights (never on biases), added to the cost of a batch.

    ::

        forward    R  = (l1 Σ|W| + ½ l2 Σ W²) / M
        backward   dW = (l1 sign(W) + l2 W) / M         sign(0) = 0

    Parameters
    ----------
    l1, l2 : float
        Strengths.
    normalised : bool
        The course's form: M is the number of penalised weights, so that the same strength suits a small network
        and a large one. Otherwise M = 1.
    """

    l1: float = real(0.0, default=0.0)
    l2: float = real(0.0, default=0.0)
    normalised: bool = flag(False)

    is_recordable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self)

    def __bool__(self) -> bool:
        """Whether there is anything to add."""
        return self.l1 > 0 or self.l2 > 0

    def scale(self, params: Params, penalised: tuple[str, ...]) -> float:
        """Return 1 / M."""
        return 1.0 / max(1, sum(leaf(params, path).size for path in penalised)) if self.normalised else 1.0

    def forward(self, xp: Namespace, params: Params, penalised: tuple[str, ...]) -> Array:
        """Return R over the parameters whose dotted names are `penalised`."""
        total: Array = 0.0
        for path in penalised:
            W = leaf(params, path)
            if self.l1:
                total = total + self.l1 * xp.sum(xp.abs(W))
            if self.l2:
                total = total + 0.5 * self.l2 * xp.vdot(W, W)
        return total * self.scale(params, penalised)

    def backward(self, xp: Namespace, params: Params, penalised: tuple[str, ...]) -> dict[str, Array]:
        """Return ∂R/∂W by dotted name."""
        scale = self.scale(params, penalised)
        grads = {}
        for path in penalised:
            W = leaf(params, path)
            dW = (scale * self.l2) * W
            if self.l1:
                dW += (scale * self.l1) * xp.sign(W)
            grads[path] = dW
        return grads

    def branches(self, xp: Namespace, params: Params, penalised: tuple[str, ...]) -> Iterator[Array]:
        """Yield the signs of the weights, on which |W| depends."""
        return (xp.sign(leaf(params, path)) for path in (penalised if self.l1 else ()))
