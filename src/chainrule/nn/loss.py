"""What a loss is: the cost of logits, fused with the link that makes predictions of them. The only place that averages."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, TypeVar

import numpy as np

from chainrule.constraints import check_fields
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.nn.layer import Equations
from chainrule.types import Array, Cache, Namespace, Shape

# What is rounded to 0 has a logarithm all the same; in float32 too this is a number.
LEAST = 1e-30


class Loss(ABC):
    """J, the cost of logits a (N, …, K): a weighted mean over the places n of all samples, each with K outputs.

    ::

        forward    J  = Σₙ wₙ mₙ Jₙ / Σₙ wₙ mₙ      (wₙ = 1 where there are no weights, mₙ = 1 where there is no mask)
        backward   da = wₙ mₙ ∂Jₙ/∂a / Σₙ wₙ mₙ

    Of logits (N, K), each sample is one place. A subclass gives Jₙ, the cost of each place summed over its K outputs,
    and right below it ∂Jₙ/∂a. Where it says nothing else, a prediction is the logit itself.

    Attributes
    ----------
    is_recordable : bool
        What it is of a layer.
    task : str
        `regression` or `classification`: what its targets are.
    name : str
        What settings call it; without one it is chosen by its class.
    is_exclusive : bool
        Whether the K outputs are classes of which one is right, so that a target may be that class's number.
    needs_target : bool
        Whether it can be computed only where there are targets t.
    target_range : (float, float)
        Least and greatest target that it is defined for.
    link_name : str
        What the link is called: `identity`, `exp`, `logistic` or `softmax`, or a word of its own.
    metrics : tuple of str
        Names of the metrics that suit it, the most telling first (see `train.metrics`). Without one it is measured by
        its cost alone.
    """

    is_recordable: ClassVar[bool] = False
    task: ClassVar[str] = "regression"
    name: ClassVar[str] = ""
    is_exclusive: ClassVar[bool] = False
    needs_target: ClassVar[bool] = True
    target_range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    link_name: ClassVar[str] = "identity"
    metrics: ClassVar[tuple[str, ...]] = ()
    equations: ClassVar[Equations]

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self)

    def forward(
        self, xp: Namespace, a: Array, t: Array | None = None, w: Array | None = None, mask: Array | None = None
    ) -> tuple[Array, Cache]:
        """Return J and the cache for `backward`.

        Parameters
        ----------
        a : array (N, …, K)
        t : array (N, …, K), or (N, …) of class numbers where the classes exclude each other
        w : array (N,), (N, …) or None
            Weights of the samples, or of their places.
        mask : array (N,), (N, …) or None
            Where it is false (or 0), nothing counts, whatever stands there.
        """
        costs, cache = self.each(xp, a, self._read(xp, a, t, mask))
        if w is None and mask is None:
            cache["share"] = 1.0 / costs.size
            return xp.sum(costs) * cache["share"], cache
        weights = _weights(xp, costs, w, mask)
        total = xp.sum(weights)
        # A batch of no weight (padding alone) costs nothing; dividing by its 0 would cost everything.
        share = weights / xp.where(total > 0, total, xp.ones_like(total))
        cache["share"] = share[..., None]
        if mask is not None:
            cache["mask"] = aligned(mask, a.ndim)
            # Not only by a weight of 0: what stands there may be infinite.
            costs = xp.where(aligned(mask, costs.ndim), costs, xp.zeros_like(costs))
        return xp.sum(costs * share), cache

    def backward(self, xp: Namespace, cache: Cache) -> Array:
        """Return da = ∂J/∂a."""
        da = self.each_backward(xp, cache) * cache["share"]
        return xp.where(cache["mask"], da, xp.zeros_like(da)) if "mask" in cache else da

    @abstractmethod
    def each(self, xp: Namespace, a: Array, t: Array) -> tuple[Array, Cache]:
        """Return the costs Jₙ (N, …) and the cache for `each_backward`."""

    @abstractmethod
    def each_backward(self, xp: Namespace, cache: Cache) -> Array:
        """Return ∂Jₙ/∂a (N, …, K)."""

    def branches(self, xp: Namespace, cache: Cache) -> Iterator[Array]:
        """Yield which piece of its formula each cost lies on, where it has several, as a layer does."""
        return iter(())

    def link(self, xp: Namespace, a: Array) -> Array:
        """Return the predictions y that the logits a stand for."""
        return a

    def unlink(self, xp: Namespace, y: Array) -> Array:
        """Return logits that stand for the predictions y: the inverse of `link`."""
        return y

    def _read(self, xp: Namespace, a: Array, t: Array | None, mask: Array | None) -> Array | None:
        """Return t in a's dtype (class numbers as they are), with zeros where the mask says that nothing counts."""
        if t is None:
            if self.needs_target:
                raise DataError(f"targets t for the loss {type(self).__name__}", "None", "Give Batch(x, t).")
            return None
        # Whole numbers, or float64, would turn float32 logits into a float64 gradient.
        if t.ndim == a.ndim and t.dtype != a.dtype:
            t = xp.cast(t, a.dtype.name)
        return t if mask is None else xp.where(aligned(mask, t.ndim), t, xp.zeros_like(t))

    def counts(self, shape: Shape, n: int, w: Any = None, mask: Any = None) -> np.ndarray:
        """Return for how much each of n samples counts: the weights of its places together, where those are (…, K)."""
        costs = np.ones((n, *shape[:-1]))
        each = costs if w is None else costs * aligned(np.asarray(w), costs.ndim)
        each = each if mask is None else np.where(aligned(np.asarray(mask), costs.ndim), each, 0.0)
        total: np.ndarray = each.reshape(n, -1).sum(axis=1)
        return total

    def accepts(self, shape: Shape) -> bool:
        """Tell whether the logits of one sample may have this shape (…, K)."""
        return len(shape) > 0

    def target_shapes(self, shape: Shape) -> tuple[Shape, ...]:
        """Return the shapes that the targets of one sample may have, where its logits have the shape (…, K)."""
        return (shape, shape[:-1]) if self.is_exclusive else (shape,)

    def check_targets(self, shape: Shape, t: Any, mask: Any = None) -> None:
        """Raise unless targets are what the loss is defined for, where the logits of one sample have the shape (…, K).

        Parameters
        ----------
        t : array (N, …, K) or (N, …)
        mask : bool array (N,) or (N, …), optional
            Where it is false, anything may stand.

        Raises
        ------
        ShapeError, DataError
        """
        wanted = self.target_shapes(shape)
        if tuple(t.shape[1:]) not in wanted:
            raise ShapeError(
                f"t of shape {' or '.join(str((t.shape[0], *one)) for one in wanted)}",
                f"an array of shape {tuple(t.shape)}",
                _remedy(shape, t.ndim),
            )
        found = np.asarray(t)
        found = found if mask is None else found[np.asarray(mask, bool)]
        if found.size and t.ndim == len(shape):
            _check_classes(np.asarray(t), shape[-1], mask)
        elif found.size:
            self.check_range(found)
            if self.is_exclusive:
                _check_distributions(self, found)

    def check_range(self, t: np.ndarray) -> None:
        """Raise DataError unless all targets lie in `target_range`."""
        low, high = self.target_range
        least, most = t.min(), t.max()
        if least < low or most > high:
            span = f"of at least {low:g}" if math.isinf(high) else f"from {low:g} to {high:g}"
            raise DataError(
                f"targets {span} for the loss {type(self).__name__}",
                f"{least if least < low else most:g}",
                "Mend the targets, or take another loss.",
            )


def aligned(values: Array, ndim: int) -> Array:
    """Return an array (N, …) with axes of length 1 behind, until it has as many as it is to be multiplied with."""
    return values if values.ndim == ndim else values.reshape(*values.shape, *(1,) * (ndim - values.ndim))


def _weights(xp: Namespace, costs: Array, w: Array | None, mask: Array | None) -> Array:
    """Return the weight w m of every place (N, …)."""
    weights = xp.ones_like(costs) if w is None else aligned(w, costs.ndim)
    if weights.dtype != costs.dtype:
        weights = xp.cast(weights, costs.dtype.name)
    if weights.shape != costs.shape:
        weights = weights * xp.ones_like(costs)
    return weights if mask is None else xp.where(aligned(mask, costs.ndim), weights, xp.zeros_like(weights))


def _remedy(shape: Shape, ndim: int) -> str:
    if ndim == 1 and shape == (1,):
        return "Write values as a column: t[:, None]."
    if ndim == len(shape):
        return f"Class numbers are for SoftmaxCrossEntropy; here they become indicators by numpy.eye({shape[-1]})[t]."
    return "Give each sample the targets of all its outputs."


def _check_classes(t: np.ndarray, k: int, mask: Any = None) -> None:
    wrong = ~((t >= 0) & (t < k) & (t == np.floor(t)))
    if mask is not None:
        wrong &= aligned(np.asarray(mask, bool), t.ndim)
    if wrong.any():
        came, at = t[wrong][0], tuple(int(i) for i in np.argwhere(wrong)[0])
        raise DataError(
            f"class numbers from 0 to {k - 1} in t", f"{came} at {at}", "Count the classes from 0, by numpy.unique."
        )


def _check_distributions(loss: Loss, t: np.ndarray) -> None:
    total = t.sum(axis=-1, dtype=np.float64)
    wrong = np.abs(total - 1) > _ROUNDED
    if wrong.any():
        raise DataError(
            f"targets of which each sums to 1 over the classes, for the loss {type(loss).__name__}",
            f"a sum of {total[wrong][0]:g}",
            "Give class numbers, or one indicator or distribution for each place.",
        )


# How far a rounded distribution may be from a sum of 1.
_ROUNDED = 1e-3

T = TypeVar("T", bound=type[Loss])

LOSSES: dict[str, type[Loss]] = {}


def register(loss: T) -> T:
    """Enter a loss class in the closed registry, the only place where a model file's names are looked up."""
    kind = loss.__name__
    if LOSSES.setdefault(kind, loss) is not loss:
        raise ConfigError("a loss class with a name of its own", f"a second {kind!r}", "Rename the class.")
    return loss


def losses_named(task: str) -> dict[str, type[Loss]]:
    """Return the registered losses for a task that settings can name, by these names."""
    return {loss.name: loss for loss in LOSSES.values() if loss.task == task and loss.name}
