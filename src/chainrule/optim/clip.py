"""Clipping: a gradient that is too long is cut before it moves the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.constraints import check_fields, real
from chainrule.tree import leaves, map_leaves
from chainrule.types import Namespace, Params, as_dense


@dataclass(frozen=True)
class Clip:
    """Cut each value of the gradient to ±`value`, then shorten the whole of it to at most `norm`.

    Pascanu, Mikolov & Bengio, 2013, On the difficulty of training recurrent neural networks, algorithm 1.
    None leaves that kind of clipping out.
    """

    value: float | None = real(0.0, low_open=True, default=None, optional=True)
    norm: float | None = real(0.0, low_open=True, default=None, optional=True)

    is_recordable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self)

    def __bool__(self) -> bool:
        """Whether there is anything to cut."""
        return self.value is not None or self.norm is not None

    def __call__(self, xp: Namespace, grads: Params) -> Params:
        """Return the gradients, cut."""
        # Rows that are named repeatedly have to be added up before anything is measured.
        clipped: dict[str, Any] = map_leaves(lambda g: as_dense(xp, g), grads)
        limit = self.value
        if limit is not None:
            clipped = map_leaves(lambda g: xp.clip(g, -limit, limit), clipped)
        if self.norm is not None:
            length = xp.sqrt(sum(xp.vdot(g, g) for _, g in leaves(clipped)))
            # max keeps a short gradient as it is and a zero gradient from a division by zero.
            scale = self.norm / xp.maximum(length, self.norm)
            clipped = map_leaves(lambda g: g * scale, clipped)
        return clipped
