"""An ONNX file: what Chainrule wrote comes back, what others write is read, and what has no layer is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule import nn
from chainrule.errors import ChainruleError, ModelFileError
from chainrule.exporters import onnx as onnx_exporter
from chainrule.exporters.lesson import Lesson, Rows
from chainrule.importers.read import read_foreign
from chainrule.network import Network
from chainrule.saved.model import Model
from tests.exporters.lessons import network_of, require
from tests.exporters.test_contract import CASES, SAMPLES

RNG = np.random.default_rng(0)
# What is written as several operators by which no layer is known again.
TAKEN_APART = {"BatchNorm", "ConvTranspose2D", "Gelu", "Silu", "GroupNorm", "ZeroPad", "UpSample", "SelfAttention"}
TAKEN_APART |= {"SmoothClip", "Scale", "PiecewiseLinear", "Periodic", "Columns", "Ensemble"}


def array(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def graph(path: Path, nodes: list[Any], sizes: list[Any], constants: dict[str, np.ndarray], **more: Any) -> Path:
    """Write a graph from x to y."""
    onnx = require("onnx")
    helper = onnx.helper
    ports = [helper.make_tensor_value_info("x", more.get("type", 1), ["N", *sizes])]
    ends = [helper.make_tensor_value_info("y", 1, None)]
    stored = [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()]
    whole = helper.make_graph([helper.make_node(*node[:3], **node[3]) for node in nodes], "g", ports, ends, stored)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def predicted(path: Path, x: np.ndarray) -> np.ndarray:
    session = require("onnxruntime").InferenceSession(str(path), providers=["CPUExecutionProvider"])
    y: np.ndarray = session.run(None, {"x": x})[-1]
    return y


@pytest.mark.parametrize(("name", "i"), CASES)
def test_what_was_exported_to_onnx_comes_back(name: str, i: int, tmp_path: Path) -> None:
    require("onnx")
    layer, shape = SAMPLES[name][i]
    network = network_of((layer, nn.Tanh()), shape, 3, nn.SoftmaxCrossEntropy())
    x = array(20, *network.input_shape)
    made = Lesson("small", Model(network, network.init(np.random.default_rng(1))), Rows({"x": x}, x))
    written = onnx_exporter.write(made)
    (tmp_path / written.main).write_bytes(written.files[written.main])
    try:
        model = read_foreign(tmp_path / written.main).model
    except ModelFileError as error:
        known = {type(layer).__name__, name} & TAKEN_APART or "different inputs" in error.came
        assert known or isinstance(layer, nn.Sequential), error  # noqa: PT017
        return
    np.testing.assert_allclose(model.outputs_of(x), made.model.outputs_of(x), rtol=0, atol=1e-6)


def pictures() -> tuple[list[Any], list[int], dict[str, np.ndarray]]:
    """Return a network as PyTorch exports it: channels first, a Flatten in that order, a bypass."""
    nodes = [
        ("Conv", ["x", "W1", "b1"], ["c"], {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}),
        ("BatchNormalization", ["c", "g", "b", "m", "v"], ["n"], {"epsilon": 1e-3}),
        ("LeakyRelu", ["n"], ["r"], {"alpha": 0.2}),
        ("Add", ["x", "r"], ["a"], {}),
        ("Conv", ["a", "W2"], ["d"], {"pads": [1, 0, 2, 1], "strides": [2, 2]}),
        ("MaxPool", ["d"], ["p"], {"kernel_shape": [2, 2], "strides": [1, 1]}),
        ("Flatten", ["p"], ["f"], {}),
        ("Gemm", ["f", "W3", "b3"], ["h"], {"transB": 1}),
        ("Relu", ["h"], ["i"], {}),
        ("MatMul", ["i", "W4"], ["j"], {}),
        ("Add", ["j", "b4"], ["k"], {}),
        ("Softmax", ["k"], ["y"], {}),
    ]
    weights = {"W1": array(2, 2, 3, 3), "b1": array(2), "g": array(2), "b": array(2), "m": array(2), "v": array(2) ** 2}
    weights |= {"W2": array(3, 2, 3, 2), "W3": array(5, 3 * 2 * 2), "b3": array(5), "W4": array(5, 4), "b4": array(4)}
    return nodes, [2, 5, 6], weights


def test_channels_first_become_channels_last_through_a_flatten(tmp_path: Path) -> None:
    nodes, sizes, weights = pictures()
    path = graph(tmp_path / "net.onnx", nodes, sizes, weights)
    x = array(7, *sizes)
    found = read_foreign(path)
    assert found.model.network.input_shape == (5, 6, 2)
    assert "channels last" in found.notes[0]
    np.testing.assert_allclose(found.model.outputs_of(x.transpose(0, 2, 3, 1)), predicted(path, x), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("kind", "gates"), [("RNN", 1), ("LSTM", 4), ("GRU", 3)])
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_a_last_state_is_read_by_its_own_output(kind: str, gates: int, direction: str, tmp_path: Path) -> None:
    more = {"hidden_size": 3, "direction": direction} | ({"linear_before_reset": 1} if kind == "GRU" else {})
    nodes = [
        ("Transpose", ["x"], ["t"], {"perm": [1, 0, 2]}),
        (kind, ["t", "W", "U", "B"], ["", "h"], more),
        ("Squeeze", ["h", "axes"], ["s"], {}),
        ("Gemm", ["s", "V"], ["y"], {}),
    ]
    weights = {"W": array(1, gates * 3, 2), "U": array(1, gates * 3, 3), "B": array(1, gates * 6), "V": array(3, 2)}
    path = graph(tmp_path / "net.onnx", nodes, [5, 2], weights | {"axes": np.array([0])})
    x = array(6, 5, 2)
    np.testing.assert_allclose(read_foreign(path).model.outputs_of(x), predicted(path, x), rtol=0, atol=1e-6)


def test_a_state_that_is_read_twice_is_no_last_one(tmp_path: Path) -> None:
    nodes = [
        ("Transpose", ["x"], ["t"], {"perm": [1, 0, 2]}),
        ("RNN", ["t", "W", "U"], ["h"], {"hidden_size": 2}),
        ("Squeeze", ["h", "one"], ["s"], {}),
        ("Gather", ["s", "last"], ["l"], {"axis": 0}),
        ("Add", ["l", "s"], ["y"], {}),
    ]
    weights = {"W": array(1, 2, 2), "U": array(1, 2, 2), "one": np.array([1]), "last": np.array(4)}
    with pytest.raises(ModelFileError, match="Gather"):
        read_foreign(graph(tmp_path / "net.onnx", nodes, [5, 2], weights))


DENSE = ("MatMul", ["x", "W"], ["h"], {})
REFUSED: dict[str, Any] = {
    "If": [DENSE, ("If", ["h"], ["y"], {})],
    "Loop": [DENSE, ("Loop", ["h"], ["y"], {})],
    "Scan": [DENSE, ("Scan", ["h"], ["y"], {})],
    "Erf": [DENSE, ("Erf", ["h"], ["y"], {})],
    "of the domain 'mine'": [DENSE, ("Relu", ["h"], ["y"], {"domain": "mine"})],
    "softmax that is not": [("Softmax", ["x"], ["h"], {}), ("MatMul", ["h", "W"], ["y"], {})],
    "alpha=2.0": [("Gemm", ["x", "W"], ["y"], {"alpha": 2.0})],
    "another file": [("MatMul", ["x", "elsewhere"], ["y"], {})],
    "values in the file": [("MatMul", ["x", "giant"], ["y"], {})],
    "no constant": [DENSE, ("MatMul", ["x", "h"], ["y"], {})],
    "sum of a value with itself": [DENSE, ("Add", ["h", "h"], ["y"], {})],
}


@pytest.mark.parametrize("named", REFUSED)
def test_what_is_no_layer_here_is_refused_by_name(named: str, tmp_path: Path) -> None:
    onnx = require("onnx")
    path = graph(tmp_path / "net.onnx", REFUSED[named], [4], {"W": array(4, 4)})
    model = onnx.load(path)
    if "elsewhere" in str(REFUSED[named]):
        tensor = model.graph.initializer.add(name="elsewhere", data_type=1, dims=[4, 4], data_location=1)
        tensor.external_data.add(key="location", value="/etc/passwd")
    if "giant" in str(REFUSED[named]):
        model.graph.initializer.add(name="giant", data_type=1, dims=[4, 1 << 40], raw_data=b"1234")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelFileError, match=named):
        read_foreign(path)


@pytest.mark.parametrize("content", [b"", b"no file of onnx", bytes(range(256)) * 9])
def test_a_file_that_is_none_is_refused(content: bytes, tmp_path: Path) -> None:
    require("onnx")
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(ChainruleError, match="ONNX file"):
        read_foreign(tmp_path / "net.onnx")


def test_ids_are_read_by_an_embedding(tmp_path: Path) -> None:
    require("onnx")
    layers = nn.Sequential((nn.Embedding(7, 3), nn.Positions(learned=True), nn.LSTM(4), nn.Dense(2)))
    network = Network(layers, (5,), nn.SquaredError())
    x = np.random.default_rng(0).integers(0, 7, size=(9, 5))
    made = Lesson("ids", Model(network, network.init(np.random.default_rng(1))), Rows({"x": x}, x))
    written = onnx_exporter.write(made)
    (tmp_path / written.main).write_bytes(written.files[written.main])
    model = read_foreign(tmp_path / written.main).model
    np.testing.assert_allclose(model.outputs_of(x), made.model.outputs_of(x), rtol=0, atol=1e-6)


def from_pytorch(which: str) -> tuple[Any, tuple[int, ...]]:
    torch = require("torch")
    t = torch.nn

    class Part(t.Module):
        """Of what a recurrent layer gives every state, or the last."""

        def __init__(self, inner: Any, at: Any) -> None:
            super().__init__()
            self.inner, self.at = inner, at

        def forward(self, x: Any) -> Any:
            return self.inner(x)[0][:, self.at]

    class Block(t.Module):
        """A bypass around a convolution."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = t.Sequential(t.Conv2d(4, 4, 3, padding=1, bias=False), t.BatchNorm2d(4))

        def forward(self, x: Any) -> Any:
            return torch.relu(x + self.inner(x))

    every = slice(None)
    nets = {
        "pictures": (
            [t.Conv2d(2, 4, 3, padding=1), t.ReLU(), Block(), t.MaxPool2d(2), t.Flatten(), t.Linear(24, 3)],
            (2, 4, 6),
        ),
        "means": (
            [t.Conv2d(2, 4, 3, stride=2, padding=1), t.AdaptiveAvgPool2d(1), t.Flatten(), t.Linear(4, 3)],
            (2, 5, 6),
        ),
        "lstm": ([Part(t.LSTM(3, 4, batch_first=True), -1), t.Linear(4, 2), t.Softmax(-1)], (5, 3)),
        "gru": ([Part(t.GRU(3, 4, batch_first=True), -1), t.Linear(4, 2)], (5, 3)),
        "both ways": (
            [Part(t.LSTM(3, 4, batch_first=True, bidirectional=True), every), t.Flatten(), t.Linear(40, 2)],
            (5, 3),
        ),
    }
    layers, shape = nets[which]
    torch.manual_seed(0)
    return t.Sequential(*layers).eval(), shape


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("which", ["pictures", "means", "lstm", "gru", "both ways"])
def test_a_network_that_pytorch_wrote_predicts_the_same_here(which: str, tmp_path: Path) -> None:
    require("onnx")
    torch = require("torch")
    net, shape = from_pytorch(which)
    x = torch.tensor(array(6, *shape))
    axes = {"x": {0: "N"}, "y": {0: "N"}}
    names: dict[str, Any] = {"input_names": ["x"], "output_names": ["y"], "dynamic_axes": axes}
    torch.onnx.export(net, (x[:1],), str(tmp_path / "net.onnx"), dynamo=False, opset_version=17, **names)
    model = read_foreign(tmp_path / "net.onnx").model
    with torch.no_grad():
        wanted = net(x).numpy()
    given = np.moveaxis(x.numpy(), 1, -1) if len(shape) == 3 else x.numpy()
    np.testing.assert_allclose(model.outputs_of(given), wanted, rtol=0, atol=1e-6)


def test_a_first_state_that_is_not_zero_is_refused(tmp_path: Path) -> None:
    onnx = require("onnx")
    one = onnx.numpy_helper.from_array(np.ones(1, np.float32))
    nodes = [
        ("ConstantOfShape", ["size"], ["first"], {"value": one}),
        ("Transpose", ["x"], ["t"], {"perm": [1, 0, 2]}),
        ("RNN", ["t", "W", "U", "", "", "first"], ["", "h"], {"hidden_size": 2}),
        ("Squeeze", ["h", "zero"], ["y"], {}),
    ]
    weights = {"W": array(1, 2, 2), "U": array(1, 2, 2), "zero": np.array([0]), "size": np.array([1, 1, 2])}
    with pytest.raises(ModelFileError, match="ConstantOfShape"):
        read_foreign(graph(tmp_path / "net.onnx", nodes, [5, 2], weights))


def test_shapes_that_no_machine_holds_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    nodes = [
        ("Transpose", ["x"], ["t"], {"perm": [0, 2, 1]}),
        ("Flatten", ["t"], ["f"], {}),
        ("Gemm", ["f", "W"], ["y"], {}),
    ]
    with pytest.raises(ModelFileError, match="at most"):
        read_foreign(graph(tmp_path / "net.onnx", nodes, [1 << 20, 1 << 20], {"W": array(4, 4)}))


def test_bypasses_without_end_are_refused(tmp_path: Path) -> None:
    nodes: list[Any] = []
    for i in range(3000):
        at = f"a{i - 1}" if i else "x"
        nodes += [("Relu", [at], [f"r{i}"], {}), ("Add", ["x", f"r{i}"], [f"a{i}" if i < 2999 else "y"], {})]
    with pytest.raises(ModelFileError, match="without end"):
        read_foreign(graph(tmp_path / "net.onnx", nodes, [4], {}))
