"""Layers and losses as JSON and back, through the closed registries and nothing else."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from chainrule.errors import ChainruleError, ModelFileError, did_you_mean
from chainrule.network.network import Network
from chainrule.nn import LAYERS, LOSSES, Layer, Loss

# A model file may nest layers, and lists of layers; no network that a person made is deeper than this.
_MAX_DEPTH = 64


def to_spec(value: Layer | Loss) -> dict[str, Any]:
    """Return a layer or a loss as JSON-able data: its kind and its hyperparameters."""
    return {"kind": type(value).__name__} | {
        field.name: _encode(getattr(value, field.name))
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
    layer = _from_spec(spec["layer"], LAYERS, "layer", 0)
    loss = _from_spec(spec["loss"], LOSSES, "loss", 0)
    try:
        return Network(layer, tuple(shape), loss)
    except ChainruleError as error:
        raise _bad(_cut(error.expected), _cut(error.came)) from error


def _encode(value: Any) -> Any:
    if isinstance(value, (Layer, Loss)):
        return to_spec(value)
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    return value


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
