"""A state_dict of PyTorch in a safetensors file: weights without layers, for a network that is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from chainrule import nn
from chainrule.errors import ConfigError, ModelFileError
from chainrule.importers.found import MOST_BYTES, WHOLE, fitted, refused
from chainrule.network.network import Network
from chainrule.nn import Layer
from chainrule.nn.attention import Positions
from chainrule.nn.recurrent.recurrent import Recurrent
from chainrule.saved.tensors import check_header, unpack
from chainrule.tree import dotted, nest
from chainrule.types import Params, Shape

_MOST_HEADER = 1 << 24
# The order of PyTorch's gates by Chainrule's: i, f, o, g of i, f, g, o.
_GATES = {"SimpleRNN": (0,), "LSTM": (0, 1, 3, 2), "GRU": (0, 1, 2)}
_BY_VALUE = (nn.Relu, nn.Sigmoid, nn.Tanh, nn.LeakyRelu, nn.Elu, nn.Gelu, nn.Silu, nn.Softplus, nn.Dropout, nn.Identity)

Tensors = dict[str, np.ndarray]


def read_state_dict(path: Path, network: Network, notes: list[str]) -> Params:
    """Return the weights of `network` that a state_dict has.

    A module stands for the layer of its name; where all modules have numbers, as in `nn.Sequential`, for the next layer
    that has weights.

    Raises
    ------
    ModelFileError
        If the file is damaged, its modules are not those of the layers, or a shape is another.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ModelFileError(f"a file of at most {MOST_BYTES:,} bytes", f"{size:,}", WHOLE)
    raw = path.read_bytes()
    check_header(raw, path.name, min(size, _MOST_HEADER))
    modules: dict[str, Tensors] = {}
    for name, value in unpack(raw, path.name).items():
        module, _, own = name.rpartition(".")
        if own != "num_batches_tracked":
            # The matrix that mixes the heads is a module inside of the attention.
            is_inside = module.rpartition(".")[2] == "out_proj"
            at, tensor = (module.rpartition(".")[0], f"out_proj.{own}") if is_inside else (module, own)
            modules.setdefault(at, {})[tensor] = value
    places = list(_places(network.layer, network.input_shape, "", _Flat(), notes))
    named: dict[str, Any] = {}
    for (name, layer, order), tensors in zip(places, _matched([place[0] for place in places], modules), strict=True):
        found = _weights_of(name, layer, tensors)
        if order is not None:
            rows = np.empty_like(found["W"])
            if rows.shape[0] != order.size:
                raise ModelFileError(f"{name}.W of {order.size} rows", f"{rows.shape[0]}", WHOLE)
            rows[order] = found["W"]
            found = {**found, "W": rows}
        named |= {dotted(name, key): value for key, value in found.items()}
    return fitted(network, nest(named))


def _matched(names: list[str], modules: dict[str, Tensors]) -> list[Tensors]:
    """Return the tensors of each layer: by name, or in the order of numbers."""
    if set(names) == set(modules):
        return [modules[name] for name in names]
    are_numbers = all(part.isdigit() for module in modules for part in module.split("."))
    if are_numbers and len(names) == len(modules):
        return [modules[at] for at in sorted(modules, key=lambda module: [int(part) for part in module.split(".")])]
    raise ModelFileError(
        f"a module for each of the layers {names}"[:300],
        f"the modules {sorted(modules)}"[:300],
        'Name the layers as the modules are: Network([("fc1", Dense(16)), …]).',
    )


class _Flat:
    """Where the values of a vector stand that PyTorch flattened with channels first, until a Dense has read them."""

    order: np.ndarray | None = None


def _places(
    layer: Layer, shape: Shape, name: str, flat: _Flat, notes: list[str]
) -> Iterator[tuple[str, Layer, np.ndarray | None]]:
    """Yield the layers that have weights, with their dotted names, and where the rows of a Dense go."""
    if isinstance(layer, nn.Sequential):
        shapes = layer.shapes_inside(shape)
        for inner, child in layer.children().items():
            yield from _places(child, shapes[inner], dotted(name, inner), flat, notes)
        return
    if isinstance(layer, nn.Residual):
        for child, inner in ((layer.inner, name), (layer.shortcut, dotted(name, "shortcut"))):
            yield from _places(child, shape, inner, flat, notes)
        return
    if isinstance(layer, nn.Flatten) and len(shape) > 1:
        places = np.arange(int(np.prod(shape))).reshape(shape)
        flat.order = np.moveaxis(places, -1, 0).ravel()
        notes.append(f"{name}: rows of the weights behind it were brought from channels first to channels last")
        return
    order, flat.order = flat.order, flat.order if isinstance(layer, _BY_VALUE) else None
    if order is not None and not isinstance(layer, (*_BY_VALUE, nn.Dense)):
        raise refused(f"{name!r}, a {type(layer).__name__} behind a Flatten", "Only a Dense can be read there.")
    if layer.params(shape):
        yield name, layer, order if isinstance(layer, nn.Dense) else None


def _weights_of(name: str, layer: Layer, tensors: Tensors) -> Params:
    entry = next((_ENTRIES[kind] for kind in type(layer).__mro__ if kind in _ENTRIES), None)
    if entry is None:
        raise ConfigError(
            "a network of layers that PyTorch has",
            f"{name!r}, a {type(layer).__name__}",
            "Keep its model file instead.",
        )
    left = dict(tensors)
    try:
        found = entry(layer, left)
    except KeyError as error:
        raise ModelFileError(
            f"{name}.{error.args[0]}, for {type(layer).__name__}", "a file without it", WHOLE
        ) from error
    except (ValueError, IndexError) as error:
        shapes = {key: value.shape for key, value in tensors.items()}
        raise ModelFileError(f"weights of {type(layer).__name__} in {name!r}", f"{shapes}"[:200], WHOLE) from error
    if left:
        raise refused(f"{name}.{next(iter(left))}, which {type(layer).__name__} has not", "Take a layer that has it.")
    return found


def _plain(*axes: int) -> Callable[[Any, Tensors], Params]:
    """Return an entry for a weight whose axes are turned, and a bias where the layer has one."""

    def entry(layer: Any, tensors: Tensors) -> Params:
        p = {"W": tensors.pop("weight").transpose(axes)}
        return p | {"b": tensors.pop("bias")} if layer.bias else p

    return entry


def _norm(layer: Any, tensors: Tensors) -> Params:
    return {"g": tensors.pop("weight"), "b": tensors.pop("bias")}


def _batch_norm(layer: Any, tensors: Tensors) -> Params:
    return {**_norm(layer, tensors), "m": tensors.pop("running_mean"), "v": tensors.pop("running_var")}


def _depthwise(layer: nn.DepthwiseConv2D, tensors: Tensors) -> Params:
    W = tensors.pop("weight")
    if W.shape[1] != 1:
        raise ValueError("groups of several channels")
    W = W.reshape(-1, layer.multiplier, *W.shape[2:]).transpose(2, 3, 0, 1)
    return {"W": W, "b": tensors.pop("bias")} if layer.bias else {"W": W}


def _embedding(layer: nn.Embedding, tensors: Tensors) -> Params:
    return {"W": tensors.pop("weight")}


def _recurrent(layer: Recurrent, tensors: Tensors, suffix: str = "_l0") -> Params:
    def taken(name: str) -> np.ndarray:
        blocks = np.split(tensors.pop(name + suffix), layer.gates)
        found: np.ndarray = np.concatenate([blocks[i] for i in _GATES[type(layer).__name__]])
        return found

    W, U, b, second = (taken(name) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    if not isinstance(layer, nn.GRU):
        return {"W": W.T, "U": U.T, "b": b + second}
    gates = 2 * layer.units
    return {"W": W.T, "U": U.T, "b": np.concatenate([b[:gates] + second[:gates], b[gates:]]), "c": second[gates:]}


def _bidirectional(layer: nn.Bidirectional, tensors: Tensors) -> Params:
    ahead, back = layer.ahead, layer.back
    if not isinstance(ahead, Recurrent) or not isinstance(back, Recurrent) or ahead.reverse or not back.reverse:
        raise refused("a Bidirectional of other layers than two recurrent ones", "Take LSTM, GRU or SimpleRNN inside.")
    return {"ahead": _recurrent(ahead, tensors), "back": _recurrent(back, tensors, "_l0_reverse")}


def _attention(layer: nn.SelfAttention, tensors: Tensors) -> Params:
    return {
        "W": tensors.pop("in_proj_weight").T,
        "b": tensors.pop("in_proj_bias"),
        "V": tensors.pop("out_proj.weight").T,
        "c": tensors.pop("out_proj.bias"),
    }


def _positions(layer: Positions, tensors: Tensors) -> Params:
    # Positions that PyTorch's people learn are an Embedding of the places.
    return {"P": tensors.pop("weight")}


_ENTRIES: dict[type[Any], Callable[[Any, Tensors], Params]] = {
    nn.Dense: _plain(1, 0),
    nn.Conv2D: _plain(2, 3, 1, 0),
    nn.Conv1D: _plain(2, 1, 0),
    nn.ConvTranspose2D: _plain(2, 3, 1, 0),
    nn.DepthwiseConv2D: _depthwise,
    nn.BatchNorm: _batch_norm,
    nn.LayerNorm: _norm,
    nn.GroupNorm: _norm,
    nn.Embedding: _embedding,
    nn.SimpleRNN: _recurrent,
    nn.LSTM: _recurrent,
    nn.GRU: _recurrent,
    nn.Bidirectional: _bidirectional,
    nn.SelfAttention: _attention,
    nn.Positions: _positions,
}
