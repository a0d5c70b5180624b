"""Measuring a network while it learns: its gradients, its units and its penalty, on a fixed sample of rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from scipy.optimize import minimize

from chainrule.engine.numpy import NUMPY
from chainrule.network.network import Network
from chainrule.nn.penalty import Penalty
from chainrule.nn.probe import probe
from chainrule.tree import leaves
from chainrule.types import PREDICT, Array, Batch, Params, as_dense

# Rows of the sample at most and at least, and multiplications that its three passes may take.
MOST_ROWS, FEWEST_ROWS = 128, 8
_OPERATIONS = 3e8
# Beyond so many weights, copying them costs more than a doctor's word is worth.
_MOST_WEIGHTS = 20_000_000
# A sigmoid has less slope than this where it gives more than 0.98 or less than 0.02.
_FLAT = 0.02
_ALIKE = 1e-6


@runtime_checkable
class Measurable(Protocol):
    """An objective that lets its network and its penalty be looked at."""

    @property
    def network(self) -> Network:
        """What predicts."""

    @property
    def penalty(self) -> Penalty:
        """What is added to the cost."""


def is_due(epoch: int, epochs: int) -> bool:
    """Tell whether an epoch (from 1) is one after which to measure: 1, 3, 10, 30, 100, … and the last of `epochs`."""
    power = 10 ** (len(str(epoch)) - 1)
    return epoch == epochs or epoch in (power, 3 * power)


@dataclass(frozen=True, eq=False)
class Meter:
    """Measures on the host, in NumPy, whatever engine trains: nothing of a step changes, and both engines agree.

    Parameters
    ----------
    network : Network
    penalty : Penalty
    sample : Batch
        Rows on the host.
    """

    network: Network
    penalty: Penalty
    sample: Batch

    @cached_property
    def baseline(self) -> float:
        """The cost of the best answer that is the same for every row."""
        return constant_cost(self.network, self.sample)

    def figures(self, params: Params, before: Mapping[str, np.ndarray] | None = None) -> dict[str, Any]:
        """Return the fields of `Measured` that are measured.

        Parameters
        ----------
        params : tree
            The weights as NumPy arrays.
        before : mapping of str to array, optional
            The weights by name as they were when the epoch began.
        """
        with np.errstate(all="ignore"):
            record: dict[str, Array] = {}
            batch = self.network.numbers(NUMPY, params, self.sample)
            layer, loss = probe(self.network.layer, record), self.network.loss
            a, cache = layer.forward(NUMPY, params, batch.x, PREDICT.of(batch))
            cost, loss_cache = loss.forward(NUMPY, a, batch.t, batch.w, self.network.counted(batch.mask))
            _, tree = layer.backward(NUMPY, params, cache, loss.backward(NUMPY, loss_cache))
            grads = {path: as_dense(NUMPY, grad) for path, grad in leaves(tree)}
            named = dict(leaves(params))
            figures = {
                "cost": float(cost),
                "baseline": self.baseline,
                **self._penalty_figures(params, grads),
                "weights": _norms(named),
                "gradients": _norms(grads),
                "alike": {_owner(path): _is_alike(W) for path, W in named.items() if W.ndim == 2 and W.shape[1] > 1},
            }
            if before is not None:
                figures["moved"] = _norms({path: named[path] - old for path, old in before.items()})
            return figures | _unit_figures(record, {_owner(path) for path in named})

    def _penalty_figures(self, params: Params, grads: Mapping[str, np.ndarray]) -> dict[str, float]:
        if not self.penalty:
            return {"penalty": 0.0, "pull": 0.0}
        penalised = self.network.penalised
        pull = _norm(self.penalty.backward(NUMPY, params, penalised).values())
        push = _norm(grads[path] for path in penalised)
        return {
            "penalty": float(self.penalty.forward(NUMPY, params, penalised)),
            "pull": pull / push if push > 0 else math.inf if pull > 0 else 0.0,
        }


def meter_of(objective: Any, sample: Batch | None) -> Meter | None:
    """Return what measures an objective; None where it cannot be looked into, or has too many weights."""
    if sample is None or not isinstance(objective, Measurable) or objective.network.n_parameters > _MOST_WEIGHTS:
        return None
    most = int(_OPERATIONS / max(1, 3 * objective.network.operations))
    n, rows = sample.n_samples, max(FEWEST_ROWS, min(MOST_ROWS, most))
    if n > rows:
        sample = sample.take(np.linspace(0, n - 1, rows).astype(int))
    return Meter(objective.network, objective.penalty, sample)


def constant_cost(network: Network, batch: Batch) -> float:
    """Return the least cost of logits (K,) that are the same for every row and place: that of knowing nothing."""
    loss, shape = network.loss, (batch.n_samples, *network.output_shape)
    K, mask = shape[-1], network.counted(batch.mask)

    def cost(constant: np.ndarray) -> tuple[float, np.ndarray]:
        a = np.broadcast_to(constant, shape).astype(np.float64)
        J, cache = loss.forward(NUMPY, a, batch.t, batch.w, mask)
        return float(J), np.asarray(loss.backward(NUMPY, cache), np.float64).reshape(-1, K).sum(axis=0)

    with np.errstate(all="ignore"):
        return float(minimize(cost, np.zeros(K), jac=True, method="L-BFGS-B").fun)


def _owner(path: str) -> str:
    """`hidden1.W` belongs to `hidden1`; the `W` of a network that is one layer, to `layer`."""
    return path.rpartition(".")[0] or "layer"


def _norms(named: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return ‖·‖ by layer, of all its weights and biases together."""
    squares: dict[str, float] = {}
    for path, value in named.items():
        flat = np.asarray(value, np.float64).ravel()
        squares[_owner(path)] = squares.get(_owner(path), 0.0) + float(flat @ flat)
    return {layer: math.sqrt(square) for layer, square in squares.items()}


def _norm(arrays: Any) -> float:
    return math.sqrt(sum(float(np.vdot(array, array)) for array in arrays))


def _is_alike(W: np.ndarray) -> float:
    """Return 1 where all columns of W (D, M) are the same."""
    scale = float(np.abs(W).max())
    return float(np.ptp(W, axis=1).max() <= _ALIKE * scale)


def _unit_figures(record: Mapping[str, Array], weighted: set[str]) -> dict[str, dict[str, float]]:
    """Return the shares of dead and of saturated units, of each layer that bends its inputs one by one.

    A unit is dead where its dy is not 0 but its dx is, in all rows; saturated where little of dy comes through.
    """
    dead, saturated = {}, {}
    for name in [key[:-3] for key in record if key.endswith(".dx")]:
        x, dx, dy = (record.get(f"{name}.{part}") for part in ("x", "dx", "dy"))
        arrays = all(isinstance(each, np.ndarray) and each.ndim > 1 for each in (x, dx, dy))
        if name in weighted or not arrays or x.shape != dy.shape:  # type: ignore[union-attr]
            continue
        through, arrived = (np.abs(d).reshape(-1, d.shape[-1]).sum(axis=0) for d in (np.asarray(dx), np.asarray(dy)))
        reached = arrived > 0
        dead[name] = float((reached & (through == 0)).mean())
        saturated[name] = float((reached & (through > 0) & (through < _FLAT * arrived)).mean())
    return {"dead": dead, "saturated": saturated}
