"""From what a person names to the first session."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from chainrule.errors import ChainruleError, ConfigError, ModelFileError
from chainrule.network.network import Network
from chainrule.nn import Dense, LayerNorm, Relu, Sequential, SoftmaxCrossEntropy
from chainrule.playground.commands import handle
from chainrule.playground.protocol import command_from
from chainrule.playground.session import Session
from chainrule.playground.start import first_session, read_spec
from chainrule.saved.file import save_model
from chainrule.saved.model import Model


def test_data_by_name_and_by_file(tmp_path: Path) -> None:
    assert first_session("spiral").spec.data.name == "spiral"
    assert first_session("iris").spec.inputs == ("all",)
    path = tmp_path / "t.csv"
    path.write_text("size,kind\n" + "".join(f"{i % 7}.5,{'ab'[i % 2]}\n" for i in range(40)))
    session = first_session(str(path))
    assert session.scene.data.target.classes == ("a", "b")
    with pytest.raises(ChainruleError, match="the name of a data set"):
        first_session("spirl")
    with pytest.raises(ChainruleError):
        first_session(str(tmp_path / "none.csv"))


def test_settings_from_toml_and_json(tmp_path: Path) -> None:
    toml, js, bad = tmp_path / "a.toml", tmp_path / "a.json", tmp_path / "b.toml"
    toml.write_text('learning_rate = 0.1\n[data]\nname = "xor"\n[[layers]]\nunits = 3\n')
    js.write_text(json.dumps({"learning_rate": 0.1, "data": {"name": "xor"}, "layers": [{"units": 3}]}))
    assert read_spec(toml) == read_spec(js)
    bad.write_text("learning_rate = ")
    for path in (bad, tmp_path / "none.toml"):
        with pytest.raises(ConfigError, match="a TOML or JSON file"):
            read_spec(path)


@pytest.mark.parametrize("name", ["circle", "iris", "digits", "plane"])
def test_an_exported_model_is_opened_with_its_weights(name: str, tmp_path: Path) -> None:
    session = Session()
    handle(
        session,
        command_from(
            {
                "type": "spec",
                "spec": {"data": {"name": name}, "layers": [{"units": 5, "activation": "relu", "dropout": 0.2}]},
            }
        ),
    )
    handle(session, command_from({"type": "step"}))
    path = tmp_path / "m.chainrule"
    path.write_bytes(handle(session, command_from({"type": "export", "kind": "model"}))[0].buffers[0])
    opened = first_session(name, path)
    assert opened.spec.layers == session.spec.layers
    assert np.array_equal(opened.learner.trainer.params.flat, session.learner.trainer.params.flat)
    assert opened.learner.test.metric == pytest.approx(session.learner.test.metric)
    with pytest.raises(ChainruleError):
        first_session("spiral" if name != "circle" else "iris", path)


def test_a_model_of_other_layers_is_answered(tmp_path: Path) -> None:
    session = Session()
    network = Network(Sequential((Dense(3), LayerNorm(), Relu(), Dense(2))), (2,), SoftmaxCrossEntropy())
    file = handle(session, command_from({"type": "export", "kind": "model"}))[0].buffers[0]
    path = tmp_path / "m.chainrule"
    path.write_bytes(file)
    from chainrule.saved.file import load_model

    preparation = load_model(path).preparation
    save_model(Model(network, network.init(np.random.default_rng(0)), preparation), path)
    with pytest.raises(ModelFileError, match="dense layers"):
        first_session("circle", path)
    with pytest.raises(ModelFileError):
        first_session("circle", tmp_path / "none.chainrule")
