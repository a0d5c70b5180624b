"""The objective of a language model: what comes next, with the state carried from chunk to chunk."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.engine import Engine
from chainrule.errors import DataError
from chainrule.network.carried import Carried, forward_carried, start_state
from chainrule.network.network import Network
from chainrule.nn.penalty import Penalty
from chainrule.tree import map_leaves
from chainrule.types import PREDICT, Array, Batch, Context, Namespace, Params

# Where the state lies among the parameters.
CARRIED = "carried"


@dataclass(frozen=True)
class NextToken:
    """The cost of each token given those before it: truncated backpropagation through time.

    A batch is T tokens of every lane, and the batch after it goes on in each lane. The layers' state after a batch is
    that before the next one; derivatives go back to the first token of a batch and no further. The state lies among the
    parameters, under `carried`, as state that no rule moves.

    Parameters
    ----------
    network : Network
        Answers at every step.
    lanes : int
        Rows of each batch.
    penalty : Penalty
        R, added to the cost.
    """

    network: Network
    lanes: int
    penalty: Penalty = Penalty()

    @property
    def is_random(self) -> bool:
        """Whether a layer is random."""
        return self.network.layer.is_random

    @property
    def operations(self) -> int:
        """The network's."""
        return self.network.operations

    @property
    def has_state(self) -> bool:
        """Whether a layer carries anything from batch to batch."""
        return bool(start_state(self.network, _ZEROS, 1, "float32"))

    def init(self, rng: np.random.Generator) -> Params:
        """Return the network's initial parameters, and the state before the first step."""
        params = dict(self.network.init(rng))
        state = start_state(self.network, _ZEROS, self.lanes, "float64")
        return params | {CARRIED: state} if state else params

    def loss_and_grads(self, xp: Namespace, params: Params, batch: Batch, ctx: Context) -> tuple[Array, Params]:
        """J + R and its gradients."""
        cost, grads, _ = self.loss_grads_and_state(xp, params, batch, ctx)
        return cost, grads

    def loss_grads_and_state(
        self, xp: Namespace, params: Params, batch: Batch, ctx: Context, keep: float | None = None
    ) -> tuple[Array, Params, Params]:
        """J + R, its gradients, and the state after the batch."""
        network, state = self.network, params.get(CARRIED, {})
        a, cache, after = forward_carried(network, xp, params, batch.x, ctx.of(batch), state)
        cost, loss_cache = network.loss.forward(xp, a, batch.t, batch.w)
        grads = dict(network.layer.gradients(xp, params, cache, network.loss.backward(xp, loss_cache)))
        if self.penalty:
            cost = cost + self.penalty.forward(xp, params, network.penalised)
            for path, dW in self.penalty.backward(xp, params, network.penalised).items():
                layer, name = path.split(".", 1) if "." in path else (path, "")
                _add(grads[layer], name, dW)
        if not state:
            return cost, grads, {}
        return cost, grads | {CARRIED: map_leaves(xp.zeros_like, state)}, {CARRIED: after}

    def check(self, data: Batch) -> None:
        """Raise DataError where an id names nothing."""
        self.network.check_ids(data.x)
        if data.x.shape != data.t.shape:
            raise DataError("a token that comes next for each one", f"{data.t.shape} for {data.x.shape}", "Shift it.")

    def evaluate(self, engine: Engine, params: Params, data: Batch) -> dict[str, float]:
        """Return the mean cost of a text, in nats, and in bits; the state is carried through it from zero."""
        cost = float(np.mean(token_costs(self.network, engine, params, data)))
        return {"cost": cost, "bits": cost / math.log(2)}


@dataclass(frozen=True)
class Costs:
    """The program that reads a chunk: the cost of each of its tokens, and the state after it."""

    network: Network

    def __call__(self, engine: Engine, params: Params, state: Carried, x: Array, t: Array) -> tuple[Array, Carried]:
        """Return −log p of each token (N, T), and the state."""
        a, _, after = forward_carried(self.network, engine.xp, params, x, PREDICT, state)
        costs, _ = self.network.loss.each(engine.xp, a, t)
        return costs, after


def token_costs(network: Network, engine: Engine, params: Params, data: Batch) -> np.ndarray:
    """Return −log p of every token (N, S) of x (N, S), read in pieces of T, the state carried from piece to piece.

    Parameters
    ----------
    params : tree
        As placed on `engine`; what is under `carried` is not looked at.
    data : Batch
        x (N, S) and t (N, S), S a multiple of the network's T.
    """
    steps = network.input_shape[0]
    weights = {name: value for name, value in params.items() if name != CARRIED}
    x, t = engine.numpy(data.x), engine.numpy(data.t)
    program = engine.compile(Costs(network))
    state: Any = engine.place(start_state(network, _ZEROS, len(x), engine.dtype))
    costs = np.empty(x.shape, np.float64)
    for start in range(0, x.shape[1], steps):
        part = slice(start, start + steps)
        found, state = program(weights, state, engine.array(x[:, part]), engine.array(t[:, part]))
        costs[:, part] = engine.numpy(found)
    return costs


def without_state(params: Params) -> Params:
    """Return the parameters that a model keeps."""
    return {name: value for name, value in params.items() if name != CARRIED}


def _add(grads: Any, path: str, dW: Array) -> None:
    *parents, last = path.split(".")
    for name in parents:
        grads = grads[name]
    grads[last] = grads[last] + dW


class _Zeros:
    """What `start_state` asks of a namespace, on the host."""

    @staticmethod
    def zeros(shape: Any, dtype: Any) -> np.ndarray:
        return np.zeros(shape, dtype)


_ZEROS: Any = _Zeros()
