"""Layers along time of Keras as Chainrule's: gates in another order, and heads with matrices of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chainrule import nn
from chainrule.importers.found import Step, refused
from chainrule.importers.keras_layers import LAYERS, OTHER, Given, checked_dtype, entry

__all__ = ["LAYERS"]


@entry("SimpleRNN", "LSTM", "GRU")
def _recurrent(given: Given) -> Iterator[Step]:
    if given.config["go_backwards"]:
        # Read from the end, Keras gives every state from the end too.
        given.want(return_sequences=False)
    yield _cell(given, given.kind, given.config, "cell")


def _cell(given: Given, kind: str, config: Mapping[str, Any], *inside: str) -> Step:
    own = Given(kind, given.name, config, {}, given.stored, given.notes, {})
    own.want(activation="tanh", use_bias=True, return_state=False, stateful=False)
    checked_dtype(config)
    if kind != "SimpleRNN":
        own.want(recurrent_activation="sigmoid")
    if kind == "GRU":
        own.want(reset_after=True)
    own.only_to_learn("dropout")
    p = own.weights(("W", "U", "b"), *inside)
    settings = {
        "return_sequences": config["return_sequences"],
        "reverse": config["go_backwards"],
        "recurrent_dropout": config["recurrent_dropout"],
    }
    units = config["units"]
    if kind == "SimpleRNN":
        return Step(nn.SimpleRNN(units, **settings), p)
    if kind == "LSTM":
        # Keras has i, f, g, o.
        return Step(nn.LSTM(units, **settings), {name: _in_order(value, (0, 1, 3, 2)) for name, value in p.items()})
    p = {name: _in_order(value, (1, 0, 2)) for name, value in p.items()}
    b, second = p["b"]
    # Of the two biases of r and z only the sum is read.
    b = np.concatenate([b[: 2 * units] + second[: 2 * units], b[2 * units :]])
    return Step(nn.GRU(units, **settings), p | {"b": b, "c": second[2 * units :]})


def _in_order(value: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    blocks = np.split(value, len(order), axis=-1)
    found: np.ndarray = np.concatenate([blocks[i] for i in order], axis=-1)
    return found


@entry("Bidirectional")
def _bidirectional(given: Given) -> Iterator[Step]:
    given.want(merge_mode="concat")
    steps = []
    for key, part, is_back in (("layer", "forward_layer", False), ("backward_layer", "backward_layer", True)):
        inner: Mapping[str, Any] = given.config.get(key) or {}
        kind = inner.get("class_name")
        if kind not in ("SimpleRNN", "LSTM", "GRU") or inner.get("registered_name") is not None:
            raise refused(
                f"{given.name!r}, a Bidirectional of {kind!r:.40}", "Only SimpleRNN, LSTM and GRU can be read."
            )
        if inner["config"]["go_backwards"] is not is_back:
            raise refused(f"{given.name!r}, whose {key} has go_backwards={not is_back}", OTHER)
        steps.append(_cell(given, kind, inner["config"], part, "cell"))
    ahead, back = steps
    assert isinstance(ahead.layer, nn.Layer)  # noqa: S101 (for the type checker: `_cell` makes layers)
    assert isinstance(back.layer, nn.Layer)  # noqa: S101
    yield Step(nn.Bidirectional(ahead.layer, back.layer), {"ahead": ahead.weights, "back": back.weights})


@entry("MultiHeadAttention")
def _attention(given: Given) -> Iterator[Step]:
    c = given.config
    given.want(use_bias=True, output_shape=None, value_dim=c["key_dim"], use_gate=False, sliding_window=None)
    if c.get("attention_axes") not in (None, [1]):
        given.want(attention_axes=[1])
    given.only_to_learn("dropout")
    parts = [given.weights(("W", "b"), f"{part}_dense") for part in ("query", "key", "value")]
    last = given.weights(("W", "b"), "output_dense")
    d = last["b"].size
    if c["num_heads"] * c["key_dim"] != d:
        raise refused(
            f"{given.name!r}, of {c['num_heads']} heads with {c['key_dim']} values, for places of {d}",
            "Heads have to share the values of a place among them.",
        )
    weights = {
        "W": np.concatenate([part["W"].reshape(d, d) for part in parts], axis=1),
        "b": np.concatenate([part["b"].reshape(d) for part in parts]),
        "V": last["W"].reshape(d, d),
        "c": last["b"],
    }
    yield Step(nn.SelfAttention(c["num_heads"], bool(given.call.get("use_causal_mask"))), weights)
