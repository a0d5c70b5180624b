"""`import`: a file of another package becomes a model file, which predicts and is measured on arrays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import chainrule as package
from chainrule.network import Network
from chainrule.nn import Dense, Relu, SoftmaxCrossEntropy
from tests.cli.conftest import Command

NET = Network([Dense(4), Relu(), Dense(2)], (3,), SoftmaxCrossEntropy())
RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(6, 3)).astype(np.float32), np.array([0, 1, 1, 0, 1, 0])


@pytest.fixture
def files(tmp_path: Path) -> Path:
    shapes = {"0.weight": (4, 3), "0.bias": (4,), "2.weight": (2, 4), "2.bias": (2,)}
    save_file(
        {name: RNG.normal(size=shape).astype(np.float32) for name, shape in shapes.items()},
        tmp_path / "net.safetensors",
    )
    package.save_model(package.Model(NET, NET.init(RNG), classes=("no", "yes")), tmp_path / "like.chainrule")
    np.save(tmp_path / "x.npy", X)
    np.savez(tmp_path / "both.npz", x=X, t=T)
    return tmp_path


def test_what_was_imported_predicts_and_is_measured_on_arrays(chainrule: Command, files: Path) -> None:
    result = chainrule(
        "import", files / "net.safetensors", "--like", files / "like.chainrule", "--out", "net.chainrule"
    )
    assert (result.code, "26 parameters" in result.out) == (0, True), result.err
    model = package.load_model("net.chainrule")
    y = model.outputs_of(X)
    lines = chainrule("predict", "net.chainrule", files / "x.npy", "--proba").out.splitlines()
    assert lines[0] == "class,P(no),P(yes)"
    np.testing.assert_allclose([float(line.split(",")[2]) for line in lines[1:]], y[:, 1], rtol=1e-6)
    told = json.loads(chainrule("evaluate", "net.chainrule", files / "both.npz", "--json").out)
    assert told["rows"] == 6
    assert told["metrics"]["data"]["accuracy"] == pytest.approx((y.argmax(axis=1) == T).mean())
    assert told["metrics"]["data"]["cost"] == pytest.approx(-np.log(y[np.arange(6), T]).mean(), rel=1e-5)


def test_the_library_imports_too(files: Path) -> None:
    model = package.import_model(files / "net.safetensors", like=NET)
    assert model.outputs_of(X).shape == (6, 2)
    assert model.summary["imported"] == "net.safetensors"


BAD = [
    (["import", "net.safetensors"], "--like"),
    (["import", "net.safetensors", "--like", "like.chainrule", "--out", "like.chainrule"], "--force"),
    (["import", "net.pt"], "pickle"),
    (["import", "none.keras"], "Check the path"),
    (["predict", "like.chainrule", "table.csv"], "np.save"),
    (["predict", "like.chainrule", "wide.npy"], r"(3,)"),
    (["predict", "like.chainrule", "text.npy"], "finite numbers"),
    (["predict", "like.chainrule", "pickle.npy"], "np.save"),
    (["evaluate", "like.chainrule", "x.npy"], "np.savez"),
]


@pytest.mark.parametrize(("arguments", "remedy"), BAD)
def test_bad_input_is_refused_with_a_remedy(
    chainrule: Command, files: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], remedy: str
) -> None:
    monkeypatch.chdir(files)
    np.save("wide.npy", np.zeros((2, 5)))
    np.save("text.npy", np.array([["a", "b", "c"]]))
    np.save("pickle.npy", np.array([{}]), allow_pickle=True)
    result = chainrule(*arguments)
    assert (result.code, "Traceback" in result.err) == (2, False)
    assert remedy in result.err
