"""Layers and losses as JSON and back, through the closed registries and nothing else."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from chainrule.errors import ChainruleError, ConfigError, ModelFileError, did_you_mean
from chainrule.network.network import Network
from chainrule.nn import LAYERS, LOSSES, Layer, Loss
from chainrule.saved.bounds import check_bounds

# A model file may nest layers, and lists of layers; no network that a person made is deeper, or has more layers.
_MAX_DEPTH = 64
_MAX_LAYERS = 10_000


def to_spec(value: Layer | Loss) -> dict[str, Any]:
    """Return a layer or a loss as JSON-able data: its kind and its hyperparameters.

    Raises
    ------
    ConfigError
        If its class is not registered, or has a field that JSON cannot hold: nobody could make it again.
    """
    kind = type(value).__name__
    registry: Mapping[str, type[Any]] = LAYERS if isinstance(value, Layer) else LOSSES
    if registry.get(kind) is not type(value) or not hasattr(value, "__dataclass_fields__"):
        where = "chainrule.nn.register" if isinstance(value, Layer) else "chainrule.nn.loss.register"
        raise ConfigError(
            "a network of registered classes",
            f"{value!r:.100}, whose class {kind} is not registered",
            f"Write {kind} as a frozen dataclass and decorate it with {where}.",
        )
    return {"kind": kind} | {
        field.name: _encode(getattr(value, field.name), kind, field.name)
        for field in fields(value)  # type: ignore[arg-type]
    }


def network_spec(network: Network) -> dict[str, Any]:
    """Return a network as JSON-able data."""
    return {
        "input_shape": list(network.input_shape),
        "layer": to_spec(network.layer),
        "loss": to_spec(network.loss),
    }


def network_from_spec(spec: Any) -> Network:
    """Return the network that `network_spec` described, or raise ModelFileError."""
    if not isinstance(spec, Mapping) or set(spec) != {"input_shape", "layer", "loss"}:
        raise _bad("a network with input_shape, layer and loss", f"{_short(spec)}")
    shape = spec["input_shape"]
    if not isinstance(shape, list) or not all(type(size) is int and 0 < size < 2**31 for size in shape):
        raise _bad("an input_shape of positive whole numbers", f"{_short(shape)}")
    layer = layer_from_spec(spec["layer"])
    loss = loss_from_spec(spec["loss"])
    try:
        network = Network(layer, tuple(shape), loss)
        check_bounds(network)
    except ChainruleError as error:
        raise _bad(_cut(error.expected), _cut(error.came)) from error
    return network


def layer_from_spec(spec: Any) -> Layer:
    """Return the layer that `to_spec` described, or raise ModelFileError."""
    if _layers_in(spec) > _MAX_LAYERS:
        raise _bad(f"at most {_MAX_LAYERS:,} layers", "more of them")
    layer: Layer = _from_spec(spec, LAYERS, "layer", 0)
    return layer


def loss_from_spec(spec: Any) -> Loss:
    """Return the loss that `to_spec` described, or raise ModelFileError."""
    loss: Loss = _from_spec(spec, LOSSES, "loss", 0)
    return loss


def _layers_in(spec: Any) -> int:
    """Return how many layers a description names, without going down into it by calls of its own."""
    found, left = 0, [spec]
    while left and found <= _MAX_LAYERS:
        node = left.pop()
        found += isinstance(node, Mapping)
        left.extend(node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ())
    return found


def _encode(value: Any, kind: str, field: str) -> Any:
    if isinstance(value, (Layer, Loss)):
        return to_spec(value)
    if isinstance(value, (tuple, list)):
        return [_encode(item, kind, field) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ConfigError(
        f"{field} of {kind} to be a number, a text, a layer or a tuple of such",
        f"{value!r:.60}",
        "A model file holds nothing else: make it of such fields.",
    )


def _from_spec(spec: Any, registry: Mapping[str, type[Any]], what: str, depth: int) -> Any:
    if not isinstance(spec, Mapping) or not isinstance(spec.get("kind"), str):
        raise _bad(f"a {what} with a kind", _short(spec))
    kind = spec["kind"]
    if kind not in registry:
        raise ModelFileError(
            f"a {what} that Chainrule knows",
            f"the kind {_short(kind)}",
            did_you_mean(kind, registry) + " If the layer is your own, import its module before loading.",
        )
    cls = registry[kind]
    known = {field.name for field in fields(cls)}
    optional = {field.name for field in fields(cls) if field.metadata.get("optional", True)}
    # An older file says null where there is a layer by default now: the shortcut of a Residual.
    given = {name: value for name, value in spec.items() if name != "kind" and (value is not None or name in optional)}
    settings = {name: _decode(value, depth + 1) for name, value in given.items()}
    if set(settings) - known:
        raise _bad(f"{kind} to have {', '.join(sorted(known)) or 'no settings'}", _short(sorted(set(settings) - known)))
    try:
        return cls(**settings)
    except ChainruleError as error:
        raise _bad(_cut(error.expected), _cut(error.came)) from error
    except TypeError as error:
        raise _bad(f"the settings of {kind}", _short(settings)) from error


def _decode(value: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise _bad(f"layers and lists nested at most {_MAX_DEPTH} deep", "deeper ones")
    if isinstance(value, Mapping):
        return _from_spec(value, LAYERS, "layer", depth)
    if isinstance(value, list):
        return tuple(_decode(item, depth + 1) for item in value)
    return value


def _bad(expected: str, came: str) -> ModelFileError:
    return ModelFileError(expected, came, "The model file is damaged or was not written by Chainrule.")


def _short(value: Any) -> str:
    # reprlib goes a few levels deep and no further, however deep the value of a hostile file is.
    return _cut(reprlib.repr(value), 80)


def _cut(text: str, limit: int = 300) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
