"""Layers of Keras as Chainrule's: what each setting means here, and what has to be refused because it means something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from chainrule import nn
from chainrule.importers.found import Softmax, Step, refused

OTHER = "Write it with the setting that Chainrule has, or take it out."


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
                    f"{self.name!r}, a {self.kind} with {key}={value!r:.60}", f"Only {wanted!r} can be read. {OTHER}"
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


def entry(*kinds: str) -> Callable[[Entry], Entry]:
    """Enter a function for layers."""

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


@entry("Dense")
def _dense(given: Given) -> Iterator[Step]:
    given.want(quantization_config=None, lora_rank=None)
    after = _activation(given)
    yield Step(nn.Dense(given.config["units"], bias=given.config["use_bias"]), _with_bias(given))
    yield from after


@entry("Conv2D", "Conv1D", "DepthwiseConv2D", "Conv2DTranspose")
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


@entry("MaxPooling2D", "AveragePooling2D")
def _pool(given: Given) -> Iterator[Step]:
    c = given.config
    given.want(data_format="channels_last")
    kind = nn.MaxPool2D if given.kind == "MaxPooling2D" else nn.AvgPool2D
    yield Step(kind(tuple(c["pool_size"]), tuple(c["strides"] or c["pool_size"]), c["padding"]))


@entry("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D")
def _global_pool(given: Given) -> Iterator[Step]:
    given.want(data_format="channels_last", keepdims=False)
    yield Step(nn.GlobalAvgPool() if "Average" in given.kind else nn.GlobalMaxPool())


@entry("BatchNormalization", "LayerNormalization", "GroupNormalization")
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
    if not weights:
        # Neither would there be an array that says how many channels there are.
        given.want(scale=True)
    width = next(iter(weights.values())).shape
    weights = {"g": np.ones(width), "b": np.zeros(width)} | weights
    epsilon = c["epsilon"]
    if given.kind == "BatchNormalization":
        yield Step(nn.BatchNorm(c["momentum"], epsilon), weights)
    elif given.kind == "LayerNormalization":
        yield Step(nn.LayerNorm(epsilon), weights)
    else:
        yield Step(nn.GroupNorm(c["groups"], epsilon), weights)


@entry("Embedding")
def _embedding(given: Given) -> Iterator[Step]:
    given.want(mask_zero=False, quantization_config=None, lora_rank=None)
    yield Step(nn.Embedding(given.config["input_dim"], given.config["output_dim"]), given.weights(("W",)))


@entry("Activation")
def _named(given: Given) -> Iterator[Step]:
    yield from _activation(given)


@entry("ReLU")
def _relu(given: Given) -> Iterator[Step]:
    given.want(max_value=None, negative_slope=0.0, threshold=0.0)
    yield Step(nn.Relu())


@entry("LeakyReLU")
def _leaky(given: Given) -> Iterator[Step]:
    yield Step(nn.LeakyRelu(float(given.config["negative_slope"])))


@entry("ELU")
def _elu(given: Given) -> Iterator[Step]:
    yield Step(nn.Elu(float(given.config["alpha"])))


@entry("Softmax")
def _softmax(given: Given) -> Iterator[Step]:
    given.want(axis=-1)
    yield Step(Softmax())


@entry("Dropout")
def _dropout(given: Given) -> Iterator[Step]:
    given.want(noise_shape=None)
    yield Step(nn.Dropout(given.config["rate"]))


@entry("SpatialDropout1D", "SpatialDropout2D")
def _spatial_dropout(given: Given) -> Iterator[Step]:
    given.want(data_format="channels_last")
    yield Step(nn.SpatialDropout(given.config["rate"]))


@entry("Flatten")
def _flatten(given: Given) -> Iterator[Step]:
    given.want(data_format="channels_last")
    yield Step(nn.Flatten())


@entry("Reshape")
def _reshape(given: Given) -> Iterator[Step]:
    shape = tuple(given.config["target_shape"])
    if -1 in shape:
        raise refused(f"{given.name!r} with target_shape={shape}", "Write the sizes out.")
    yield Step(nn.Reshape(shape))


@entry("ZeroPadding2D")
def _zero_pad(given: Given) -> Iterator[Step]:
    given.want(data_format="channels_last")
    (top, bottom), (left, right) = given.config["padding"]
    yield Step(nn.ZeroPad((top, bottom, left, right)))


@entry("UpSampling2D")
def _up_sample(given: Given) -> Iterator[Step]:
    given.want(data_format="channels_last", interpolation="nearest")
    yield Step(nn.UpSample(tuple(given.config["size"])))


@entry("Identity")
def _identity(given: Given) -> Iterator[Step]:
    yield Step(nn.Identity())
