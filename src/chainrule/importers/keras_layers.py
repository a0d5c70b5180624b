"""Layers of Keras as Chainrule's: what each setting means here, and what has to be refused because it means something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from chainrule import nn
from chainrule.importers.found import Softmax, Step, refused

_OTHER = "Write it with the setting that Chainrule has, or take it out."


class Weights(Protocol):
    """Where weights lie."""

    def of(self, name: str, *inside: str) -> list[np.ndarray]:
        """Return the weights of a layer, or of a part inside it."""


@dataclass(frozen=True, eq=False)
class Given:
    """A layer as a file has it."""

    kind: str
    name: str
    config: Mapping[str, Any]
    built: Mapping[str, Any]
    stored: Weights
    notes: list[str]
    call: Mapping[str, Any]

    def want(self, **settings: Any) -> None:
        """Refuse other values of these settings; one that is left out is as wanted."""
        for key, wanted in settings.items():
            value = self.config.get(key, wanted)
            if value != wanted:
                raise refused(
                    f"{self.name!r}, a {self.kind} with {key}={value!r:.60}", f"Only {wanted!r} can be read. {_OTHER}"
                )

    def weights(self, names: tuple[str, ...], *inside: str) -> dict[str, np.ndarray]:
        """Return the weights by Chainrule's names, which are as many as there are."""
        found = self.stored.of(self.name, *inside)
        if len(found) != len(names):
            raise refused(
                f"{self.name!r} with {len(found)} weights", f"A {self.kind} has {len(names)}.", "whole weights"
            )
        return dict(zip(names, found, strict=True))

    def only_to_learn(self, key: str) -> None:
        """Tell that a setting has no place here, where it changes nothing that is predicted."""
        if self.config.get(key):
            self.notes.append(f"{self.name}: {key}={self.config[key]} is left out, which only training would see")


Entry = Callable[[Given], Iterator[Step]]
LAYERS: dict[str, Entry] = {}


def _entry(*kinds: str) -> Callable[[Entry], Entry]:
    def enter(function: Entry) -> Entry:
        LAYERS.update(dict.fromkeys(kinds, function))
        return function

    return enter


def checked_dtype(config: Mapping[str, Any]) -> None:
    """Refuse a layer that calculates in another precision than float32."""
    dtype = config.get("dtype", "float32")
    name = dtype.get("config", {}).get("name") if isinstance(dtype, Mapping) else dtype
    if name not in (None, "float32", "float64", "int32", "int64"):
        raise refused(f"{config.get('name')!r} in {name!r:.40}", "Save the model in float32.", "layers in float32")


def _activation(given: Given) -> list[Step]:
    known: dict[str, nn.Layer | Softmax | None] = {
        "linear": None,
        "relu": nn.Relu(),
        "sigmoid": nn.Sigmoid(),
        "tanh": nn.Tanh(),
        "gelu": nn.Gelu(),
        "silu": nn.Silu(),
        "swish": nn.Silu(),
        "softplus": nn.Softplus(),
        "elu": nn.Elu(1.0),
        "leaky_relu": nn.LeakyRelu(0.2),
        "softmax": Softmax(),
    }
    name = given.config.get("activation") or "linear"
    if not isinstance(name, str) or name not in known:
        raise refused(f"{given.name!r} with the activation {name!r:.60}", f"Known are {', '.join(known)}.")
    layer = known[name]
    return [] if layer is None else [Step(layer)]


def _with_bias(given: Given) -> dict[str, np.ndarray]:
    return given.weights(("W", "b") if given.config["use_bias"] else ("W",))


@_entry("Dense")
def _dense(given: Given) -> Iterator[Step]:
    given.want(quantization_config=None, lora_rank=None)
    after = _activation(given)
    yield Step(nn.Dense(given.config["units"], bias=given.config["use_bias"]), _with_bias(given))
    yield from after


@_entry("Conv2D", "Conv1D", "DepthwiseConv2D", "Conv2DTranspose")
def _conv(given: Given) -> Iterator[Step]:
    c, after = given.config, _activation(given)
    given.want(data_format="channels_last", output_padding=None)
    if c["padding"] not in ("valid", "same"):
        given.want(padding="valid")
    sides = {"kernel": c["kernel_size"], "stride": c["strides"], "dilation": c["dilation_rate"]}
    settings: dict[str, Any] = {key: tuple(value) for key, value in sides.items()}
    settings |= {"padding": c["padding"], "bias": c["use_bias"]}
    layer: nn.Layer
    if given.kind == "Conv1D":
        settings |= {key: settings[key][0] for key in sides}
        layer = nn.Conv1D(c["filters"], groups=c["groups"], **settings)
    elif given.kind == "Conv2D":
        layer = nn.Conv2D(c["filters"], groups=c["groups"], **settings)
    elif given.kind == "DepthwiseConv2D":
        layer = nn.DepthwiseConv2D(multiplier=c["depth_multiplier"], **settings)
    else:
        given.want(groups=1)
        layer = nn.ConvTranspose2D(c["filters"], **settings)
    yield Step(layer, _with_bias(given))
    yield from after


@_entry("MaxPooling2D", "AveragePooling2D")
def _pool(given: Given) -> Iterator[Step]:
    c = given.config
    given.want(data_format="channels_last")
    kind = nn.MaxPool2D if given.kind == "MaxPooling2D" else nn.AvgPool2D
    yield Step(kind(tuple(c["pool_size"]), tuple(c["strides"] or c["pool_size"]), c["padding"]))


@_entry("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D")
def _global_pool(given: Given) -> Iterator[Step]:
    given.want(data_format="channels_last", keepdims=False)
    yield Step(nn.GlobalAvgPool() if "Average" in given.kind else nn.GlobalMaxPool())


@_entry("BatchNormalization", "LayerNormalization", "GroupNormalization")
def _norm(given: Given) -> Iterator[Step]:
    c = given.config
    given.want(renorm=False, rms_scaling=False)
    axis = c["axis"][0] if isinstance(c["axis"], list) and len(c["axis"]) == 1 else c["axis"]
    shape = given.built.get("input_shape") or []
    if axis not in (-1, len(shape) - 1):
        given.want(axis=-1)
    there = [("g", c["scale"]), ("b", c["center"])]
    names = [name for name, is_there in there if is_there] + ["m", "v"] * (given.kind == "BatchNormalization")
    weights = given.weights(tuple(names))
    width = next(iter(weights.values())).shape if weights else (shape or [0])[-1:]
    weights = {"g": np.ones(width), "b": np.zeros(width)} | weights
    epsilon = c["epsilon"]
    if given.kind == "BatchNormalization":
        yield Step(nn.BatchNorm(c["momentum"], epsilon), weights)
    elif given.kind == "LayerNormalization":
        yield Step(nn.LayerNorm(epsilon), weights)
    else:
        yield Step(nn.GroupNorm(c["groups"], epsilon), weights)


@_entry("Embedding")
def _embedding(given: Given) -> Iterator[Step]:
    given.want(mask_zero=False, quantization_config=None, lora_rank=None)
    yield Step(nn.Embedding(given.config["input_dim"], given.config["output_dim"]), given.weights(("W",)))


@_entry("SimpleRNN", "LSTM", "GRU")
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


@_entry("Bidirectional")
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
            raise refused(f"{given.name!r}, whose {key} has go_backwards={not is_back}", _OTHER)
        steps.append(_cell(given, kind, inner["config"], part, "cell"))
    ahead, back = steps
    assert isinstance(ahead.layer, nn.Layer)  # noqa: S101 (for the type checker: `_cell` makes layers)
    assert isinstance(back.layer, nn.Layer)  # noqa: S101
    yield Step(nn.Bidirectional(ahead.layer, back.layer), {"ahead": ahead.weights, "back": back.weights})


@_entry("MultiHeadAttention")
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


@_entry("Activation")
def _named(given: Given) -> Iterator[Step]:
    yield from _activation(given)


@_entry("ReLU")
def _relu(given: Given) -> Iterator[Step]:
    given.want(max_value=None, negative_slope=0.0, threshold=0.0)
    yield Step(nn.Relu())


@_entry("LeakyReLU")
def _leaky(given: Given) -> Iterator[Step]:
    yield Step(nn.LeakyRelu(float(given.config["negative_slope"])))


@_entry("ELU")
def _elu(given: Given) -> Iterator[Step]:
    yield Step(nn.Elu(float(given.config["alpha"])))


@_entry("Softmax")
def _softmax(given: Given) -> Iterator[Step]:
    given.want(axis=-1)
    yield Step(Softmax())


@_entry("Dropout")
def _dropout(given: Given) -> Iterator[Step]:
    given.want(noise_shape=None)
    yield Step(nn.Dropout(given.config["rate"]))


@_entry("SpatialDropout1D", "SpatialDropout2D")
def _spatial_dropout(given: Given) -> Iterator[Step]:
    given.want(data_format="channels_last")
    yield Step(nn.SpatialDropout(given.config["rate"]))


@_entry("Flatten")
def _flatten(given: Given) -> Iterator[Step]:
    given.want(data_format="channels_last")
    yield Step(nn.Flatten())


@_entry("Reshape")
def _reshape(given: Given) -> Iterator[Step]:
    shape = tuple(given.config["target_shape"])
    if -1 in shape:
        raise refused(f"{given.name!r} with target_shape={shape}", "Write the sizes out.")
    yield Step(nn.Reshape(shape))


@_entry("ZeroPadding2D")
def _zero_pad(given: Given) -> Iterator[Step]:
    given.want(data_format="channels_last")
    (top, bottom), (left, right) = given.config["padding"]
    yield Step(nn.ZeroPad((top, bottom, left, right)))


@_entry("UpSampling2D")
def _up_sample(given: Given) -> Iterator[Step]:
    given.want(data_format="channels_last", interpolation="nearest")
    yield Step(nn.UpSample(tuple(given.config["size"])))


@_entry("Identity")
def _identity(given: Given) -> Iterator[Step]:
    yield Step(nn.Identity())
