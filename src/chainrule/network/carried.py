"""Carried state: a long sequence is read chunk by chunk, and each recurrent layer goes on where it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.errors import ConfigError
from chainrule.network.network import Network
from chainrule.nn.combine import Sequential
from chainrule.nn.layer import layers_inside
from chainrule.nn.recurrent.recurrent import Recurrent
from chainrule.types import Array, Cache, Context, Namespace, Params

# The state of each recurrent layer by its name, its parts as s0, s1, …
Carried = Mapping[str, Mapping[str, Array]]


def recurrent_layers(network: Network) -> dict[str, Recurrent]:
    """Return the recurrent layers of a stack by name.

    Raises
    ------
    ConfigError
        If one of them lies inside another layer, where its state is out of reach, or reads from the end.
    """
    stack = network.layer.children() if isinstance(network.layer, Sequential) else {}
    found = {name: layer for name, layer in stack.items() if isinstance(layer, Recurrent)}
    for name, layer in layers_inside(network.layer):
        if isinstance(layer, Recurrent) and (found.get(name) is not layer or layer.reverse):
            raise ConfigError(
                "recurrent layers that read ahead, one after the other, to carry their state from chunk to chunk",
                f"{name!r} inside another layer or reading from the end",
                "Leave `bidirectional` out.",
            )
    return found


def start_state(network: Network, xp: Namespace, lanes: int, dtype: Any) -> dict[str, dict[str, Array]]:
    """Return the state before the first step of so many sequences: zeros."""
    return {
        name: {f"s{i}": part for i, part in enumerate(layer.start(xp, lanes, dtype))}
        for name, layer in recurrent_layers(network).items()
    }


def forward_carried(
    network: Network, xp: Namespace, params: Params, x: Array, ctx: Context, state: Carried
) -> tuple[Array, Cache, Carried]:
    """Return the logits of a chunk, the cache that `network.layer.backward` reads, and the state after its last step.

    Parameters
    ----------
    x : array (N, T, …)
    state : mapping
        Of each recurrent layer after the chunk before; see `start_state`.
    """
    if not state:
        a, cache = network.layer.forward(xp, params, x, ctx)
        return a, cache, {}
    caches: Cache = {}
    after: dict[str, dict[str, Array]] = {}
    for i, (name, layer) in enumerate(network.layer.children().items()):
        p, inner = params.get(name, {}), ctx.child(xp, i)
        if name in state:
            assert isinstance(layer, Recurrent)  # noqa: S101 (start_state has looked)
            parts = tuple(state[name][f"s{k}"] for k in range(layer.parts))
            x, caches[name], last = layer.forward_from(xp, p, x, inner, parts)
            after[name] = {f"s{k}": part for k, part in enumerate(last)}
        else:
            x, caches[name] = layer.forward(xp, p, x, inner)
    return x, caches, after
