"""A .keras file: made by Keras where it is installed, and by hand for what must be refused."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule import nn
from chainrule.errors import ChainruleError, ModelFileError
from chainrule.exporters import keras as keras_exporter
from chainrule.importers import keras_file
from chainrule.importers.found import model_of
from chainrule.importers.read import read_foreign
from tests.exporters.lessons import lesson, require
from tests.exporters.test_contract import CASES, SAMPLES

DENSE: dict[str, Any] = {
    "module": "keras.layers",
    "class_name": "Dense",
    "registered_name": None,
    "config": {"name": "d", "units": 2, "use_bias": True, "activation": "softmax", "dtype": "float32"},
}
INPUT = {
    "module": "keras.layers",
    "class_name": "InputLayer",
    "registered_name": None,
    "config": {"name": "x", "batch_shape": [None, 3]},
}


def stack(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "net", "layers": [INPUT, *layers]}}


def written(path: Path, config: Any, weights: bytes = b"none") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        archive.writestr("model.weights.h5", weights)
    return path


def changed(**config: Any) -> dict[str, Any]:
    layer = copy.deepcopy(DENSE)
    layer["config"] |= config
    return layer


class ByHand:
    """Weights that no file has."""

    def __init__(self, **weights: list[np.ndarray]) -> None:
        self.weights = weights

    def of(self, name: str, *inside: str) -> list[np.ndarray]:
        return self.weights.get("_".join((name, *inside)), [])


def test_layers_and_weights_by_hand_predict_what_the_formula_says() -> None:
    rng = np.random.default_rng(0)
    W, b, x = rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=(5, 3)).astype(np.float32)
    steps, shape = keras_file._sequential(stack(DENSE)["config"], ByHand(d=[W, b]), [])  # type: ignore[arg-type]
    model = model_of(steps, shape, "by hand")
    e = np.exp(x @ W + b)
    np.testing.assert_allclose(model.outputs_of(x), e / e.sum(axis=1, keepdims=True), rtol=0, atol=1e-6)


LAMBDA = {"module": "keras.layers", "class_name": "Lambda", "registered_name": None, "config": {"name": "code"}}
CUSTOM = {"module": "mine", "class_name": "Mine", "registered_name": "mine>Mine", "config": {"name": "m"}}
REFUSED = {
    "lambda": (stack(DENSE, LAMBDA), "'code', a Lambda"),
    "custom": (stack(CUSTOM), "mine>Mine"),
    "unknown layer": (stack(DENSE | {"class_name": "ConvLSTM2D"}), "ConvLSTM2D"),
    "activation of code": (stack(changed(activation={"class_name": "function", "config": "f"})), "activation"),
    "half precision": (stack(changed(dtype={"config": {"name": "mixed_bfloat16"}})), "mixed_bfloat16"),
    "subclass": ({"class_name": "Net", "registered_name": "mine>Net", "config": {}}, "'Net'"),
    "any length": (
        {
            "class_name": "Sequential",
            "config": {"layers": [INPUT | {"config": {"name": "x", "batch_shape": [None, None]}}]},
        },
        "fixed shape",
    ),
    "no list": ({"class_name": "Sequential", "config": {"layers": 3}}, "as Keras 3 writes it"),
    "no json": ("{", "whole"),
    "nested": ("[" * 100_000, "whole"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_layer_here_is_refused_by_name(case: str, tmp_path: Path) -> None:
    config, named = REFUSED[case]
    with pytest.raises(ModelFileError, match=named):
        read_foreign(written(tmp_path / "net.keras", config))


def test_a_zip_that_unpacks_to_more_than_it_can_hold_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "net.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", " " * (1 << 25))
        archive.writestr("model.weights.h5", b"")
    with pytest.raises(ModelFileError, match=r"config.json of at most"):
        read_foreign(tmp_path / "net.keras")


def h5(**arrays: Any) -> bytes:
    h5py = pytest.importorskip("h5py", reason="no h5py here: the extra [import] brings it")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        group = file.create_group("layers/dense/vars")
        group.attrs["name"] = "d"
        for name, value in arrays.items():
            if isinstance(value, np.ndarray):
                group.create_dataset(name, data=value)
            elif value == "giant":
                group.create_dataset(name, shape=(3, 1 << 40), dtype="f4", chunks=(3, 1024))
            else:
                group[name] = h5py.ExternalLink("/etc/passwd", "/x")
    return buffer.getvalue()


GOOD = {"0": np.zeros((3, 2), np.float32), "1": np.zeros(2, np.float32)}
WEIGHTS = {
    "giant": (GOOD | {"0": "giant"}, "all in the file"),
    "link": (GOOD | {"0": "link"}, "elsewhere"),
    "missing": ({"0": GOOD["0"]}, "1 weights"),
    "shape": (GOOD | {"1": np.zeros(3, np.float32)}, r"shape \(2,\)"),
    "text": (GOOD | {"1": np.array([b"a", b"b"])}, "floating-point"),
    "nan": (GOOD | {"1": np.full(2, np.nan, np.float32)}, "finite"),
}


@pytest.mark.parametrize("case", WEIGHTS)
def test_weights_that_are_not_what_the_layers_say_are_refused(case: str, tmp_path: Path) -> None:
    arrays, named = WEIGHTS[case]
    with pytest.raises(ChainruleError, match=named):
        read_foreign(written(tmp_path / "net.keras", stack(DENSE), h5(**arrays)))
    assert read_foreign(written(tmp_path / "good.keras", stack(DENSE), h5(**GOOD))).model.network.n_parameters == 8


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(("name", "i"), CASES)
def test_what_was_exported_to_keras_comes_back(name: str, i: int, tmp_path: Path) -> None:
    require("keras")
    layer, shape = SAMPLES[name][i]
    made = lesson(layer, nn.Tanh(), shape=shape)
    try:
        file = keras_exporter.write(made)
    except ChainruleError:
        return
    (tmp_path / file.main).write_bytes(file.files[file.main])
    try:
        model = read_foreign(tmp_path / file.main).model
    except ModelFileError as error:
        # A constant that is added has no layer of Keras, and none that is read.
        assert name == "Positions", error  # noqa: PT017
        return
    wanted = made.model.outputs_of(made.tested.x)
    np.testing.assert_allclose(model.outputs_of(made.tested.x), wanted, rtol=0, atol=1e-6)


def nets() -> dict[str, Any]:
    keras = require("keras")
    layers = keras.layers
    x = keras.Input((6, 6, 2))
    y = layers.ReLU()(layers.Conv2D(2, 3, padding="same", activation="elu")(x))
    y = layers.Add()([x, layers.BatchNormalization(scale=False)(y)])
    bypass = layers.Conv2D(4, 1, strides=2)(y)
    y = layers.Add()([layers.Conv2D(4, 3, strides=2, padding="same")(y), bypass])
    y = layers.Dense(1, activation="sigmoid")(layers.Flatten()(layers.AveragePooling2D(2)(y)))
    ids = keras.Input((5,), dtype="int32")
    z = layers.Embedding(7, 4)(ids)
    z = layers.Add()([z, layers.MultiHeadAttention(2, 2)(z, z, use_causal_mask=True)])
    z = layers.GRU(3, go_backwards=True)(layers.LayerNormalization()(z))
    lstm = [
        keras.Input((8, 3)),
        layers.Conv1D(4, 3, padding="same", activation="relu"),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        layers.SimpleRNN(3),
        layers.Dropout(0.2),
        layers.Dense(2, activation="softmax"),
    ]
    return {
        "bypasses": keras.Model(x, y),
        "attention": keras.Model(ids, layers.Dense(1)(z)),
        "recurrent": keras.Sequential(lstm),
    }


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("which", ["bypasses", "attention", "recurrent"])
def test_a_network_of_keras_predicts_the_same_here(which: str, tmp_path: Path) -> None:
    net, rng = nets()[which], np.random.default_rng(0)
    # Biases and moving means start at 0, where a wrong one would not tell.
    net.set_weights([np.abs(rng.normal(0.2, 0.4, w.shape)).astype(np.float32) for w in net.get_weights()])
    net.save(tmp_path / "net.keras")
    model = read_foreign(tmp_path / "net.keras").model
    shape = (9, *model.network.input_shape)
    x = rng.integers(0, 7, shape) if model.network.layer.takes_ids else rng.normal(size=shape).astype(np.float32)
    np.testing.assert_allclose(model.outputs_of(x), net.predict(x, verbose=0), rtol=0, atol=1e-6)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_what_a_network_of_keras_cannot_say_here_is_refused(tmp_path: Path) -> None:
    keras = require("keras")
    layers = keras.layers
    x = keras.Input((4,))
    shared = layers.Dense(4)
    two = [keras.Input((4,)), keras.Input((4,))]
    cases = {
        "used 3 times": keras.Model(x, layers.Add()([shared(x), shared(shared(x))])),
        "inputs": keras.Model(two, layers.Add()(two)),
        "Concatenate": keras.Model(x, layers.Concatenate()([x, layers.Dense(2)(x)])),
        "mask_zero": keras.Sequential([keras.Input((3,)), layers.Embedding(4, 2, mask_zero=True), layers.LSTM(2)]),
        "softmax that is not": keras.Sequential([x, layers.Dense(3, activation="softmax"), layers.Dense(2)]),
        "ceiling|max_value": keras.Sequential([x, layers.ReLU(max_value=6.0), layers.Dense(2)]),
    }
    for named, net in cases.items():
        net.save(tmp_path / "net.keras")
        with pytest.raises(ModelFileError, match=named):
            read_foreign(tmp_path / "net.keras")
