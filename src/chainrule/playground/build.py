"""From the spec to the real parts of the library: a network, its objective, a rule, a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.network.network import Network
from chainrule.nn import (
    ACTIVATIONS,
    Dense,
    Dropout,
    Layer,
    Loss,
    Penalty,
    Sequential,
    SoftmaxCrossEntropy,
    SquaredError,
)
from chainrule.optim import Horizon, Rule, Schedule, rule_by_name, schedule_by_name
from chainrule.playground.data import Data
from chainrule.playground.spec import Spec
from chainrule.seeds import Purpose, generator
from chainrule.train.objective import Supervised
from chainrule.tree import fill, leaves
from chainrule.types import Params

_HE = ("relu", "leaky_relu", "elu", "gelu", "silu", "softplus")
# A schedule that ends needs an end: so many epochs where no stop condition says another.
HORIZON_EPOCHS = 1000


def network_of(spec: Spec, data: Data, n_inputs: int) -> Network:
    """Return the network that a spec describes: hidden1, tanh1, dropout1, hidden2, …, output."""
    named: list[tuple[str, Layer]] = []
    for number, layer in enumerate(spec.layers, start=1):
        init = ("he" if layer.activation in _HE else "glorot") if spec.init == "auto" else spec.init
        named.append((f"hidden{number}", Dense(layer.units, init=init)))
        named.append((f"{layer.activation}{number}", ACTIVATIONS[layer.activation]))
        if layer.dropout > 0:
            named.append((f"dropout{number}", Dropout(layer.dropout)))
    named.append(("output", Dense(data.target.outputs, init="glorot" if spec.init == "auto" else spec.init)))
    names, layers = zip(*named, strict=True)
    return Network(Sequential(layers, names), (n_inputs,), loss_of(spec, data))


def loss_of(spec: Spec, data: Data) -> Loss:
    """Return the loss: cross-entropy is of classes, so that numbers have squared error whatever the spec says."""
    is_cross_entropy = data.is_classification and spec.loss == "cross_entropy"
    return SoftmaxCrossEntropy() if is_cross_entropy else SquaredError()


def objective_of(spec: Spec, network: Network) -> Supervised:
    """Return what is minimised."""
    return Supervised(network, Penalty(spec.l1, spec.l2))


def rule_of(spec: Spec) -> Rule:
    """Return the optimizer's rule."""
    return rule_by_name(spec.optimizer, **spec.optimizer_settings)


def schedule_of(spec: Spec) -> Schedule:
    """Return the schedule."""
    return schedule_by_name(spec.schedule, **spec.schedule_settings)


def horizon_of(spec: Spec, n_train: int) -> Horizon:
    """Return how long training is to last, as far as a schedule is concerned."""
    return Horizon(-(-n_train // spec.batch_size), spec.stop.epochs or HORIZON_EPOCHS)


def initial_weights(spec: Spec, network: Network) -> Params:
    """Return the initial weights that the spec's seed names: the same for every engine and each time."""
    return network.init(generator(spec.init_seed, Purpose.INIT))


def carried_over(fresh: Params, old: Mapping[str, Any]) -> Params:
    """Return `fresh` weights in which those of `old` live on, as far as both have a place for them.

    A layer that has got one more unit keeps the others; of a matrix, the part that both shapes have.
    """
    named = {}
    for path, value in leaves(fresh):
        kept = np.array(value, dtype=np.float64)
        before = old.get(path)
        if before is not None and before.ndim == kept.ndim:
            common = tuple(slice(0, min(a, b)) for a, b in zip(kept.shape, before.shape, strict=True))
            kept[common] = before[common]
        named[path] = kept
    return fill(fresh, named)


def renumbered(weights: Mapping[str, Any], at: int, change: int) -> dict[str, Any]:
    """Return weights by the names that they have after hidden layer `at` was inserted (+1) or removed (-1)."""
    moved = {}
    for path, value in weights.items():
        layer, _, leaf = path.partition(".")
        if layer.startswith("hidden"):
            place = int(layer.removeprefix("hidden")) - 1
            if change < 0 and place == at:
                continue
            if place >= at:
                layer = f"hidden{place + 1 + change}"
        moved[f"{layer}.{leaf}"] = value
    return moved


def with_inputs(
    weights: Mapping[str, Any], before: tuple[str, ...], after: tuple[str, ...], fresh: Params
) -> dict[str, Any]:
    """Return weights whose first matrix has a row for each of the inputs `after`: its own where it had one before."""
    moved = dict(weights)
    first = next(path for path, _ in leaves(fresh) if path.endswith(".W"))
    old = moved.pop(first)
    rows = np.array(dict(leaves(fresh))[first], dtype=np.float64)
    common = min(rows.shape[1], old.shape[1])
    for place, name in enumerate(after):
        if name in before:
            rows[place, :common] = old[before.index(name), :common]
    return {first: rows, **moved}
