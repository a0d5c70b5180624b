"""The chain: what stands between one parameter and the cost, with every number that passed through it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.network.network import Network
from chainrule.nn import Dense, DropConnect, Layer, Residual, Sequential
from chainrule.tree import leaf
from chainrule.types import Array, Batch, Cache, Context, Params


@dataclass(frozen=True, eq=False)
class Stage:
    """A layer on the way, with what came in and out, forward and backward."""

    path: str
    layer: Layer
    params: Params
    cache: Cache
    x: np.ndarray
    y: np.ndarray
    dx: np.ndarray
    dy: np.ndarray

    @property
    def is_dense(self) -> bool:
        """Whether a path through it is a single weight."""
        return isinstance(self.layer, (Dense, DropConnect))

    @property
    def is_elementwise(self) -> bool:
        """Whether it handles each number on its own, so that a path through it is a single factor."""
        return bool(self.layer.equations.local)

    @property
    def weights(self) -> np.ndarray:
        """The weights (D, H) that a dense layer used: with DropConnect, those that its mask left."""
        used: np.ndarray = self.cache["V"] if isinstance(self.layer, DropConnect) else self.params["W"]
        return used

    def unit(self, number: int) -> str:
        """Return what one output is called: hidden1.2, or conv1[0,4,2] by its place."""
        shape = self.y.shape[1:]
        name = self.path or "layer"
        if len(shape) < 2:
            return f"{name}.{number}"
        return f"{name}[{','.join(str(int(i)) for i in np.unravel_index(number, shape))}]"

    @cached_property
    def local(self) -> np.ndarray:
        """dy/dx of an elementwise layer (N, U): its own backward pass of ones."""
        return rows(self.layer.backward(NUMPY, self.params, self.cache, np.ones_like(self.dy))[0])


@dataclass(frozen=True, eq=False)
class Chain:
    """A pass of a batch through a network.

    Attributes
    ----------
    stages : tuple of Stage
        From the inputs to the logits. A bypass that the parameter lies inside is entered: the cost depends on the
        parameter through that branch alone, and ∂J/∂(x + f(x)) is also ∂J/∂f(x).
    at : int
        Number of the stage that the parameter belongs to.
    name : str
        Of the parameter inside its layer, such as `W`.
    a, y, da : array (N, K)
        Logits, outputs, and the derivative of the cost by the logits.
    share : array (N,)
        What each row's cost counts for: 1/N, or its share of the sample weights.
    """

    network: Network
    params: Params
    batch: Batch
    context: Context
    stages: tuple[Stage, ...]
    at: int
    name: str
    cost: float
    a: np.ndarray
    y: np.ndarray
    da: np.ndarray
    share: np.ndarray
    gradient: np.ndarray

    @property
    def owner(self) -> Stage:
        """The layer that the parameter belongs to."""
        return self.stages[self.at]

    @property
    def path(self) -> str:
        """Dotted name of the parameter."""
        return join(self.owner.path, self.name)

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.batch.n_samples


def rows(values: Array) -> np.ndarray:
    """Return the values of each sample in a row, as Flatten puts them."""
    array = np.asarray(values)
    return array.reshape(array.shape[0], -1)


def join(path: str, name: str) -> str:
    """Return the dotted name of what is called `name` inside `path`."""
    return f"{path}.{name}" if path else name


def follow(network: Network, params: Params, batch: Batch, context: Context, parameter: str) -> Chain:
    """Return the chain of a pass, for the parameter with that dotted name."""
    context = replace(context, w=batch.w)
    a, cache = network.layer.forward(NUMPY, params, batch.x, context)
    record = network.trace(NUMPY, params, batch, context)
    stages = tuple(_stages(network.layer, "", params, cache, record, parameter))
    inside = [i for i, stage in enumerate(stages) if parameter.startswith(join(stage.path, ""))]
    at = max(inside, key=lambda i: len(stages[i].path))
    name = parameter[len(join(stages[at].path, "")) :]
    head, dot, last = parameter.rpartition(".")
    weights = batch.w
    share = np.full(batch.n_samples, 1 / batch.n_samples) if weights is None else weights / weights.sum()
    return Chain(
        network, params, batch, context, stages, at, name, float(record["J"]), rows(a), rows(record["y"]),
        rows(record["da"]), share, np.asarray(record[f"{head}{dot}d{last}"]),
    )  # fmt: skip


def _stages(
    layer: Layer, path: str, params: Params, cache: Cache, record: dict[str, Array], parameter: str
) -> Iterator[Stage]:
    if isinstance(layer, Sequential):
        for name, child in zip(layer.names, layer.layers, strict=True):
            yield from _stages(child, join(path, name), params[name], cache[name], record, parameter)
    elif isinstance(layer, Residual) and parameter.startswith(join(path, "")):
        shortcut = join(path, "shortcut")
        if layer.shortcut is None:
            yield from _stages(layer.inner, path, params, cache, record, parameter)
        elif parameter.startswith(join(shortcut, "")):
            inside = (params["shortcut"], cache["shortcut"])
            yield from _stages(layer.shortcut, shortcut, *inside, record, parameter)
        else:
            yield from _stages(layer.inner, path, params, cache["inner"], record, parameter)
    else:
        key = path or "layer"
        values: list[Any] = [
            np.asarray(record.get(f"{key}.{kind}", record[whole]))
            for kind, whole in (("x", "x"), ("y", "a"), ("dx", "dx"), ("dy", "da"))
        ]
        yield Stage(path, layer, params, cache, *values)


def parameter_values(params: Params, path: str) -> np.ndarray:
    """Return the array of the parameter with that dotted name."""
    return np.asarray(leaf(params, path))
