"""Specs: networks as JSON and back, and the hostile ones that must be refused."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from chainrule.errors import ModelFileError
from chainrule.network import Network
from chainrule.nn import (
    Dense,
    DropConnect,
    Dropout,
    Huber,
    LeakyRelu,
    Reshape,
    Residual,
    Sequential,
    SoftmaxCrossEntropy,
    Tanh,
)
from chainrule.recipes import mlp
from chainrule.saved.spec import network_from_spec, network_spec

NETWORKS: dict[str, Network] = {
    "mlp": mlp((3,), (4, 5), 2, SoftmaxCrossEntropy(), dropout=0.2),
    "images": mlp((2, 3, 1), (4,), 2, Huber(0.3), activation="leaky_relu"),
    "nested": Network(
        Sequential((Residual(Sequential((DropConnect(4, 0.3), LeakyRelu(0.2), Dropout(0.1)))), Dense(2)), ("r", "o")),
        (4,),
        SoftmaxCrossEntropy(0.1),
    ),
    "one layer": Network(Dense(2, "he", 1.5, bias=False), (4,), Huber()),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_survives_json(name: str) -> None:
    assert network_from_spec(json.loads(json.dumps(network_spec(NETWORKS[name])))) == NETWORKS[name]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_that_comes_back_hashes_alike(name: str) -> None:
    assert hash(network_from_spec(json.loads(json.dumps(network_spec(NETWORKS[name]))))) == hash(NETWORKS[name])


GOOD: dict[str, Any] = {
    "input_shape": [3],
    "layer": {"kind": "Sequential", "layers": [{"kind": "Dense", "units": 2}], "names": ["output"]},
    "loss": {"kind": "SquaredError"},
}


def spoilt(path: str, value: Any) -> dict[str, Any]:
    """Return the good spec with another value at a path such as `layer.layers.0.units`."""
    spec: Any = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    node = spec
    for name in parents:
        node = node[int(name) if isinstance(node, list) else name]
    node[int(last) if isinstance(node, list) else last] = value
    return spec


def nested(kind: str, depth: int) -> Any:
    """Return layers inside layers."""
    spec: Any = {"kind": "Tanh"}
    for _ in range(depth):
        spec = {"kind": "Residual", "inner": spec} if kind == "Residual" else {"kind": "Sequential", "layers": [spec]}
    return spec


def nested_list(depth: int) -> Any:
    """Return lists inside lists."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


HOSTILE: dict[str, Any] = {
    "nothing": None,
    "a list": [],
    "a text": "network",
    "a field too few": {"input_shape": [3], "layer": GOOD["layer"]},
    "a field too many": {**GOOD, "code": "import os"},
    "an unknown layer": spoilt("layer.layers.0", {"kind": "Lambda", "code": "os.system"}),
    "a layer of a dotted name": spoilt("layer.layers.0", {"kind": "os.system"}),
    "a layer that is a class of Python's": spoilt("layer.layers.0", {"kind": "__class__"}),
    "a layer without a kind": spoilt("layer.layers.0", {"units": 2}),
    "a kind that is no text": spoilt("layer.layers.0", {"kind": 3}),
    "a kind that is a list": spoilt("layer.layers.0", {"kind": ["Dense"]}),
    "a loss for a layer": spoilt("layer", {"kind": "SquaredError"}),
    "a layer for a loss": spoilt("loss", {"kind": "Tanh"}),
    "an unknown loss": spoilt("loss", {"kind": "Hinge"}),
    "a loss that is a text": spoilt("loss", "SquaredError"),
    "an extra setting": spoilt("layer.layers.0", {"kind": "Dense", "units": 2, "hook": "x"}),
    "a private setting": spoilt("layer.layers.0", {"kind": "Dense", "units": 2, "__class__": "x"}),
    "an extra setting of a loss": spoilt("loss", {"kind": "SquaredError", "delta": 1.0}),
    "a setting too few": spoilt("layer.layers.0", {"kind": "Dense"}),
    "units of nothing": spoilt("layer.layers.0.units", None),
    "units below one": spoilt("layer.layers.0.units", 0),
    "units that are a text": spoilt("layer.layers.0.units", "2"),
    "units that are a number with a point": spoilt("layer.layers.0.units", 2.5),
    "units that are true": spoilt("layer.layers.0.units", True),
    "units that are a list": spoilt("layer.layers.0.units", [2]),
    "units that are a layer": spoilt("layer.layers.0.units", {"kind": "Tanh"}),
    "units of four hundred digits": spoilt("layer.layers.0.units", 10**400),
    "a rate of four hundred digits": spoilt("layer.layers.0", {"kind": "Dropout", "rate": 10**400}),
    "a rate of NaN": spoilt("layer.layers.0", {"kind": "Dropout", "rate": float("nan")}),
    "a delta of infinity": spoilt("loss", {"kind": "Huber", "delta": float("inf")}),
    "an unknown init": spoilt("layer.layers.0", {"kind": "Dense", "units": 2, "init": "eval"}),
    "layers that are a layer": spoilt("layer.layers", {"kind": "Tanh"}),
    "layers that are numbers": spoilt("layer.layers", [1, 2]),
    "no layers": spoilt("layer.layers", []),
    "names that are too many": spoilt("layer.names", ["a", "b"]),
    "a name for each layer and one again": spoilt("layer.names", ["output", "output"]),
    "names that are numbers": spoilt("layer.names", [1]),
    "a name with a dot": spoilt("layer.names", ["a.b"]),
    "names that are a text": spoilt("layer.names", "output"),
    "a bypass around a number": spoilt("layer.layers.0", {"kind": "Residual", "inner": 1}),
    "axes inside axes": spoilt("layer.layers.0", {"kind": "Reshape", "shape": [[3]]}),
    "an input shape that is a number": spoilt("input_shape", 3),
    "an input shape of texts": spoilt("input_shape", ["3"]),
    "an input shape of true": spoilt("input_shape", [True]),
    "an input shape below one": spoilt("input_shape", [0]),
    "an input shape of giants": spoilt("input_shape", [2**31]),
    "no input shape": spoilt("input_shape", []),
    "layers that do not fit": spoilt("input_shape", []),
    "layers nested forty deep": spoilt("layer", nested("Sequential", 40)),
    "layers nested a hundred thousand deep": spoilt("layer", nested("Residual", 100_000)),
    "lists nested a hundred thousand deep": spoilt("layer.layers", nested_list(100_000)),
    "a layer that is lists nested a hundred thousand deep": spoilt("layer", nested_list(100_000)),
    "an input shape nested a hundred thousand deep": spoilt("input_shape", nested_list(100_000)),
    "a network that is lists nested a hundred thousand deep": nested_list(100_000),
    "lists nested forty deep": spoilt("layer.layers.0.units", nested_list(40)),
    "an unknown kind of a million letters": spoilt("layer.layers.0", {"kind": "D" * 1_000_000}),
    "settings of a million letters": spoilt("layer.layers.0", {"kind": "Dense", "units": "2" * 1_000_000}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_spec_is_refused(name: str) -> None:
    with pytest.raises(ModelFileError):
        network_from_spec(HOSTILE[name])


@pytest.mark.parametrize("name", HOSTILE)
def test_the_refusal_of_a_hostile_spec_is_short(name: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        network_from_spec(HOSTILE[name])
    assert len(str(caught.value)) < 1000


def test_a_good_spec_is_accepted() -> None:
    assert network_from_spec(GOOD) == Network(Sequential((Dense(2),), ("output",)), (3,), network_from_spec(GOOD).loss)


def test_a_misspelt_kind_is_recognised() -> None:
    with pytest.raises(ModelFileError, match="Did you mean 'Dense'"):
        network_from_spec(spoilt("layer.layers.0.kind", "Dens"))


def test_layers_as_deep_as_people_nest_them_are_accepted() -> None:
    spec = {"input_shape": [3], "layer": nested("Residual", 10), "loss": {"kind": "SquaredError"}}
    assert network_from_spec(spec).output_shape == (3,)


def test_a_spec_of_giant_layers_allocates_nothing() -> None:
    spec = spoilt("layer.layers.0.units", 2**28)
    assert network_from_spec(spec).n_parameters == 4 * 2**28


def test_a_shape_is_a_tuple_again() -> None:
    spec = {"input_shape": [4], "layer": {"kind": "Sequential", "layers": [{"kind": "Reshape", "shape": [2, 2]}]}}
    spec["layer"]["layers"].append({"kind": "Flatten"})  # type: ignore[index]
    network = network_from_spec({**spec, "loss": {"kind": "SquaredError"}})
    assert network.layer == Sequential((Reshape((2, 2)), network.layer.layers[1]))  # type: ignore[attr-defined]


def test_the_spec_of_a_layer_names_all_its_settings() -> None:
    spec = network_spec(Network(Sequential((Dense(2), Tanh())), (3,), Huber()))
    assert spec["layer"]["layers"][0] == {"kind": "Dense", "units": 2, "init": "glorot", "gain": 1.0, "bias": True}
