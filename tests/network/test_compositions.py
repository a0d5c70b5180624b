"""Networks with a composition of a user's own: traced, described, trained, saved and loaded like any other."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chainrule import optim, train
from chainrule.encode.preparation import Preparation
from chainrule.encode.table import column_kinds, fit_table
from chainrule.encode.target import fit_target
from chainrule.engine import engine_by_name
from chainrule.network import Network, layer_output
from chainrule.nn import BatchNorm, Dense, Dropout, Layer, Relu, Residual, Sequential, SoftmaxCrossEntropy, Tanh
from chainrule.saved import network_from_spec, network_spec
from chainrule.saved.file import load_model, save_model
from chainrule.saved.model import Model
from chainrule.tree import leaves, map_leaves
from chainrule.types import Batch
from tests.contracts.checks import ENGINES
from tests.nn.compositions import Highway, Mean, Scaled

XP = engine_by_name("numpy", "float64").xp
HIGHWAY = Highway(Sequential((Dense(6), Relu(), Dropout(0.2)), ("hidden", "bend", "noise")), Dense(6))
NETWORK = Network(
    Sequential((Dense(6), HIGHWAY, BatchNorm(), Scaled(Dense(2))), ("first", "highway", "norm", "output")),
    (2,),
    SoftmaxCrossEntropy(),
)


def data(n: int = 120) -> Batch:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (n, 2))
    return Batch(x, np.eye(2)[(x[:, 0] * x[:, 1] > 0).astype(int)])


def fit(engine: str, network: Network = NETWORK, epochs: int = 40) -> train.Run:
    return train.run(
        train.Supervised(network),
        data(),
        train.Settings(epochs=epochs, batch_size=40, learning_rate=0.02),
        optimizer=optim.Adam(),
        engine=engine_by_name(engine),
        evaluate={"train": data()},
    ).finish()


@pytest.mark.parametrize("engine", ENGINES)
def test_it_learns_on_both_engines(engine: str) -> None:
    run = fit(engine)
    assert run.history.scores["train"]["accuracy"][-1] > 0.9
    before, after = NETWORK.init(np.random.default_rng(0)), dict(leaves(run.params))
    assert after.keys() == dict(leaves(before)).keys()
    assert "highway.inner.hidden.W" in after
    assert np.any(after["norm.m"])


@pytest.mark.parametrize("engine", ENGINES)
def test_one_seed_is_one_run_though_the_composition_says_nothing_of_its_noise(engine: str) -> None:
    assert NETWORK.layer.is_random
    one, other = (dict(leaves(fit(engine, epochs=2).params)) for _ in range(2))
    assert all(np.array_equal(value, other[name]) for name, value in one.items())


def test_its_rows_tell_the_layers_inside_and_account_for_all_parameters() -> None:
    rows = {row.name: (row.kind, row.input_shape, row.n_parameters) for row in NETWORK.rows()}
    assert rows == {
        "first": ("Dense", (2,), 18),
        "highway.inner.hidden": ("Dense", (6,), 42),
        "highway.inner.bend": ("Relu", (6,), 0),
        "highway.inner.noise": ("Dropout", (6,), 0),
        "highway.gate": ("Dense", (6,), 42),
        "highway": ("Highway", (6,), 0),
        "norm": ("BatchNorm", (6,), 24),
        "output": ("Scaled(Dense)", (6,), 15),
    }
    assert sum(row.operations for row in NETWORK.rows()) == NETWORK.operations


def test_the_rows_of_a_bypass_tell_what_lies_inside_it() -> None:
    layers = Sequential((Residual(Sequential((Dense(8), Tanh(), Dense(3)))), Dense(2)), ("block", "output"))
    network = Network(layers, (3,), SoftmaxCrossEntropy())
    assert [row.name for row in network.rows()] == [
        "block.dense1", "block.tanh1", "block.dense2", "block.shortcut", "block", "output",
    ]  # fmt: skip
    # The widest place lies inside the bypass.
    assert network.widest == 8


NETWORKS: dict[str, Layer] = {
    "stack": NETWORK.layer,
    "nothing but a highway": Highway(Sequential((Dense(4), Dense(2))), Dense(2)),
    "nothing but a factor": Scaled(Dense(2)),
    "a mean": Sequential((Mean((Dense(3), Scaled(Dense(3)))), Dense(2))),
    "nothing but a bypass": Residual(Dense(2)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_row_can_be_asked_for_what_its_layer_writes(name: str) -> None:
    network, engine = Network(NETWORKS[name], (2,), SoftmaxCrossEntropy()), engine_by_name("numpy", "float64")
    params = engine.place(network.init(np.random.default_rng(1)))
    batch = data(5)
    trace = network.trace(XP, params, batch)
    for row in network.rows():
        y = layer_output(network, engine, params, batch.x, row.name)
        assert y.shape == (5, *row.output_shape)
        np.testing.assert_array_equal(y, trace.get(f"{row.name}.y", trace["a"]))


def test_the_trace_has_every_number_inside() -> None:
    params = NETWORK.init(np.random.default_rng(1))
    trace = NETWORK.trace(XP, params, data(5))
    assert {f"{name}.{kind}" for name in ("highway.inner.hidden", "highway.gate", "output.inner") for kind in ("x", "dy")} <= trace.keys()  # fmt: skip
    np.testing.assert_array_equal(trace["highway.inner.y"], trace["highway.inner.bend.y"])
    np.testing.assert_array_equal(trace["output.inner.x"], 2 * trace["output.x"])


def test_it_survives_json() -> None:
    assert network_from_spec(json.loads(json.dumps(network_spec(NETWORK)))) == NETWORK


def model_of(layer: Layer) -> Model:
    """Return a model of two columns and two classes."""
    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [3.0, 5.0, 4.0], "class": ["x", "y", "x"]})
    preparation = Preparation(
        fit_table(frame, column_kinds(frame, "class", {})), fit_target(frame["class"], "classification")
    )
    network = Network(layer, preparation.input_shape, SoftmaxCrossEntropy())
    params = map_leaves(lambda value: value.astype("float32"), network.init(np.random.default_rng(3)))
    return Model(network, params, preparation)


@pytest.mark.parametrize("name", NETWORKS)
def test_it_survives_a_model_file(name: str, tmp_path: Path) -> None:
    model = model_of(NETWORKS[name])
    save_model(model, tmp_path / "own.chainrule")
    loaded = load_model(tmp_path / "own.chainrule")
    assert loaded.network == model.network
    x = np.random.default_rng(4).normal(size=(6, *model.network.input_shape))
    np.testing.assert_array_equal(loaded.outputs_of(x), model.outputs_of(x))


def test_a_file_from_before_a_shortcut_was_a_layer_is_read(tmp_path: Path) -> None:
    model = model_of(Sequential((Residual(Dense(2)), Tanh(), Dense(2)), ("bypass", "bend", "output")))
    save_model(model, tmp_path / "new.chainrule")
    with zipfile.ZipFile(tmp_path / "new.chainrule") as new, zipfile.ZipFile(tmp_path / "old.chainrule", "w") as old:
        for name in new.namelist():
            text = new.read(name)
            if name == "model.json":
                document = json.loads(text)
                document["network"]["layer"]["layers"][0]["shortcut"] = None
                text = json.dumps(document).encode()
            old.writestr(name, text)
    loaded = load_model(tmp_path / "old.chainrule")
    assert loaded.network == model.network
    x = np.random.default_rng(4).normal(size=(6, 2))
    np.testing.assert_array_equal(loaded.outputs_of(x), model.outputs_of(x))
