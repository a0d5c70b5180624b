"""Every registered layer, loss, rule, schedule and preparation: the same numbers elsewhere, or a refusal that names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule import nn, optim
from chainrule.encode.columns import ENCODERS
from chainrule.encode.preparation import ENCODINGS
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError
from chainrule.exporters import (
    keras,
    keras_layers,
    losses,
    numpy,
    numpy_bare,
    numpy_layers,
    numpy_time_sources,
    onnx,
    onnx_columns,
    onnx_layers,
    preparation,
    raw,
    rules,
    schedules,
    tensorflow,
    torch,
    torch_build,
    torch_layers,
)
from chainrule.exporters.lesson import Lesson, Rows
from chainrule.network import Network
from chainrule.nn.layer import LAYERS
from chainrule.nn.loss import LOSSES
from chainrule.saved.model import Model
from chainrule.types import Context, as_dense
from tests.exporters.lessons import differences, lesson, opened, require

# Of each class of layer one or more, on samples of a shape. Shapes are uneven, so that an axis too many tells.
SAMPLES: dict[str, list[tuple[nn.Layer, tuple[int, ...]]]] = {
    "Identity": [(nn.Identity(), (4,))],
    "Sigmoid": [(nn.Sigmoid(), (4,))],
    "Tanh": [(nn.Tanh(), (4,))],
    "Relu": [(nn.Relu(), (4,))],
    "LeakyRelu": [(nn.LeakyRelu(0.2), (4,))],
    "Elu": [(nn.Elu(0.7), (4,))],
    "Gelu": [(nn.Gelu(), (4,))],
    "Silu": [(nn.Silu(), (4,))],
    "Softplus": [(nn.Softplus(), (4,))],
    "Dense": [(nn.Dense(5), (4,)), (nn.Dense(5, bias=False), (4,)), (nn.Dense(5), (3, 4, 2))],
    "DropConnect": [(nn.DropConnect(5, 0.0), (4,))],
    "Dropout": [(nn.Dropout(0.0), (4,))],
    "SimpleRNN": [
        (nn.SimpleRNN(3), (5, 2)),
        (nn.SimpleRNN(3, return_sequences=True), (5, 2)),
        (nn.SimpleRNN(3, reverse=True), (5, 2)),
        (nn.SimpleRNN(3, return_sequences=True, reverse=True), (5, 2)),
    ],
    "LSTM": [
        (nn.LSTM(3, return_sequences=True), (5, 2)),
        (nn.LSTM(3, reverse=True), (5, 2)),
        # A gate's rate that an exporter has no masks for is refused, and where it has, none is drawn to predict.
        (nn.LSTM(3, recurrent_dropout=1e-12), (5, 2)),
    ],
    "GRU": [(nn.GRU(3, return_sequences=True), (5, 2)), (nn.GRU(3, reverse=True), (5, 2))],
    "Bidirectional": [
        (nn.Bidirectional(nn.LSTM(3)), (5, 2)),
        (nn.Bidirectional(nn.LSTM(3, return_sequences=True)), (5, 2)),
        (nn.Bidirectional(nn.GRU(3, return_sequences=True)), (5, 2)),
        (nn.Bidirectional(nn.SimpleRNN(2), nn.Sequential((nn.Dense(2), nn.SimpleRNN(3)))), (5, 2)),
    ],
    "SelfAttention": [
        (nn.SelfAttention(2), (5, 6)),
        (nn.SelfAttention(3, causal=True), (5, 6)),
        (nn.transformer_block(6, 2, 5, causal=True), (5, 6)),
    ],
    "Positions": [(nn.Positions(), (5, 3)), (nn.Positions(learned=True), (5, 4))],
    "SpatialDropout": [(nn.SpatialDropout(0.0), (3, 4, 2))],
    "Flatten": [(nn.Flatten(), (3, 4, 2))],
    "Reshape": [(nn.Reshape((2, 12)), (3, 4, 2))],
    "Sequential": [(nn.Sequential((nn.Dense(5), nn.Tanh())), (4,))],
    "Residual": [
        (nn.Residual(nn.Sequential((nn.Dense(4), nn.Tanh()))), (4,)),
        (nn.Residual(nn.Conv2D(3, 3, stride=2, padding="same"), nn.Conv2D(3, 1, stride=2)), (5, 4, 2)),
    ],
    "Conv2D": [
        (nn.Conv2D(3, (2, 3)), (5, 6, 2)),
        (nn.Conv2D(3, 3, stride=2, padding="same"), (5, 6, 2)),
        (nn.Conv2D(3, 2, padding="same", bias=False), (5, 6, 2)),
        (nn.Conv2D(3, 2, dilation=2), (5, 6, 2)),
        (nn.Conv2D(4, 3, padding="same", groups=2), (5, 6, 2)),
    ],
    "Conv1D": [(nn.Conv1D(3, 3), (6, 2)), (nn.Conv1D(3, 4, stride=2, padding="same"), (7, 2))],
    "DepthwiseConv2D": [(nn.DepthwiseConv2D(3, 2, stride=2, padding="same"), (5, 6, 2))],
    "ConvTranspose2D": [
        (nn.ConvTranspose2D(3, 3, stride=2), (3, 4, 2)),
        (nn.ConvTranspose2D(3, 3, stride=2, padding="same"), (3, 4, 2)),
        (nn.ConvTranspose2D(3, 4, padding="same"), (3, 4, 2)),
    ],
    "MaxPool2D": [(nn.MaxPool2D(2), (5, 6, 2)), (nn.MaxPool2D(3, 2, "same"), (5, 6, 2))],
    "AvgPool2D": [(nn.AvgPool2D(2), (5, 6, 2)), (nn.AvgPool2D(3, 2, "same"), (5, 6, 2))],
    "GlobalAvgPool": [(nn.GlobalAvgPool(), (3, 4, 2)), (nn.GlobalAvgPool(), (5, 2))],
    "GlobalMaxPool": [(nn.GlobalMaxPool(), (3, 4, 2)), (nn.GlobalMaxPool(), (5, 2))],
    "BatchNorm": [(nn.BatchNorm(0.8, 1e-3), (4,)), (nn.BatchNorm(), (3, 4, 2)), (nn.BatchNorm(), (5, 2))],
    "LayerNorm": [(nn.LayerNorm(1e-3), (4,)), (nn.LayerNorm(), (3, 4, 2))],
    "GroupNorm": [(nn.GroupNorm(2, 1e-3), (3, 4, 4))],
    "ZeroPad": [(nn.ZeroPad((1, 0, 2, 1)), (3, 4, 2))],
    "UpSample": [(nn.UpSample((2, 3)), (3, 4, 2))],
    "SmoothClip": [(nn.SmoothClip(0.8), (4,))],
    "Scale": [(nn.Scale(3.0), (4,))],
    "PiecewiseLinear": [(nn.PiecewiseLinear(((-1.0, 0.1, 0.5, 2.0), (), (-0.5, 0.5), (0.0, 0.2, 1.0))), (4,))],
    "Periodic": [(nn.Periodic(3, 2, sigma=0.5), (4,))],
    "Columns": [
        (
            nn.Columns((nn.Periodic(2, 2), nn.Sequential((nn.Dense(3, bias=False), nn.Tanh()))), ((3, 1), (0, 2, 3))),
            (4,),
        )
    ],
    "Ensemble": [
        (nn.Ensemble((nn.Dense(3), nn.Sequential((nn.Scale(), nn.Dense(3)))), link, (1.0, 2.0)), (4,))
        for link in ("identity", "softmax", "logistic", "exp")
    ],
    # Ids are no numbers of a table: it has a test of its own.
    "Embedding": [],
}
SCRIPTS: dict[str, tuple[str, Callable[[Lesson], Any]]] = {
    "numpy": ("", numpy.write),
    "pytorch": ("torch", torch.write),
    "tensorflow": ("tensorflow", partial(tensorflow.write, exact=True)),
}
RULES = {
    "gradient_descent": optim.GradientDescent(),
    "gradient_ascent": optim.GradientAscent(),
    "momentum": optim.Momentum(0.8),
    "nesterov": optim.Nesterov(0.8),
    "rmsprop": optim.RMSProp(0.8, 1e-6),
    "adagrad": optim.AdaGrad(1e-6),
    "adam": optim.Adam(0.8, 0.99, 1e-6),
    "adamw": optim.AdamW(0.1),
}
LOSS = {
    "SquaredError": nn.SquaredError(),
    "Huber": nn.Huber(0.5),
    "Pinball": nn.Pinball((0.3,)),
    "Poisson": nn.Poisson(),
    "SoftmaxCrossEntropy": nn.SoftmaxCrossEntropy(0.1),
    "BinaryCrossEntropy": nn.BinaryCrossEntropy(),
}
CASES = [(name, i) for name, samples in SAMPLES.items() for i in range(len(samples))]


def own(registry: dict[str, Any]) -> dict[str, Any]:
    """Return what the library itself has registered: other tests register classes of theirs."""
    return {name: kind for name, kind in registry.items() if kind.__module__.startswith("chainrule.")}


@pytest.mark.parametrize("table", [numpy_layers.LAYERS, keras_layers.LAYERS, onnx_layers.LAYERS, torch_layers.LAYERS])
def test_every_registered_layer_has_an_entry_or_a_refusal(table: Any) -> None:
    compositions = {
        torch_layers.LAYERS: (torch_build.COMPOSITIONS,),
        keras_layers.LAYERS: (keras.COMPOSITIONS, tensorflow.COMPOSITIONS),
    }
    known = [kind for kind in LAYERS.values() if table in compositions and all(kind in t for t in compositions[table])]
    assert [name for name, kind in own(LAYERS).items() if kind not in table and kind not in known] == []


@pytest.mark.parametrize("table", [losses.NUMPY, losses.TORCH, losses.TENSORFLOW, onnx_layers.LINKS, keras.LINKS])
def test_every_registered_loss_has_an_entry_or_a_refusal(table: Any) -> None:
    assert [name for name, kind in own(LOSSES).items() if kind not in table] == []


@pytest.mark.parametrize("table", [rules.RULES, torch.OPTIMIZERS, tensorflow.OPTIMIZERS])
def test_every_registered_rule_has_an_entry_or_a_refusal(table: Any) -> None:
    assert [name for name, kind in own(optim.RULES).items() if kind not in table] == []


def test_every_registered_schedule_has_an_entry_or_a_refusal() -> None:
    assert [name for name, kind in own(optim.SCHEDULES).items() if kind not in schedules.SCHEDULES] == []


@pytest.mark.parametrize("table", [preparation.COLUMNS, raw.COLUMNS, numpy_bare.CELLS, onnx_columns.COLUMNS])
def test_every_encoder_of_a_column_has_an_entry_or_a_refusal(table: Any) -> None:
    assert [name for name, kind in ENCODERS.items() if kind not in table] == []


@pytest.mark.parametrize("table", [preparation.ENCODINGS, raw.SAMPLES, onnx_columns.ENCODINGS])
def test_every_encoding_has_an_entry_or_a_refusal(table: Any) -> None:
    assert [name for name, kind in ENCODINGS.items() if kind not in table] == []


def test_every_registered_layer_is_tried() -> None:
    assert set(SAMPLES) == set(own(LAYERS))


def written_or_refused(write: Callable[[Lesson], Any], made: Lesson, layer: nn.Layer) -> Any:
    """Return what is written, or None where the layer is refused by its name and a remedy."""
    try:
        return write(made)
    except ConfigError as error:
        assert type(layer).__name__ in error.came  # noqa: PT017
        assert "`to=" in error.remedy  # noqa: PT017
        return None


@pytest.mark.parametrize("to", SCRIPTS)
@pytest.mark.parametrize(("name", "i"), CASES)
def test_a_layer_learns_the_same_elsewhere(to: str, name: str, i: int, tmp_path: Path) -> None:
    package, write = SCRIPTS[to]
    layer, shape = SAMPLES[name][i]
    made = lesson(layer, nn.Tanh(), shape=shape, penalty=nn.Penalty(l2=0.01))
    if written_or_refused(write, made, layer) is None:
        return
    if package:
        require(package)
    predictions, costs = differences(made, write, tmp_path)
    assert predictions <= 1e-6
    assert costs <= 1e-6


def test_quantiles_come_round_again_in_a_script() -> None:
    loss, rng = nn.Pinball((0.1, 0.5, 0.9)), np.random.default_rng(0)
    a, t = rng.normal(size=(2, 5, 6))
    written: dict[str, Any] = {"np": np}
    exec(losses.NUMPY.find(loss)(loss).source, written)
    costs, cache = loss.each(NUMPY, a, t)
    assert np.allclose(written["costs"](a, t), costs)
    assert np.allclose(written["slope"](a, t), loss.each_backward(NUMPY, cache))


@pytest.mark.parametrize("to", SCRIPTS)
@pytest.mark.parametrize("loss", LOSS)
def test_a_loss_is_the_same_elsewhere(to: str, loss: str, tmp_path: Path) -> None:
    package, write = SCRIPTS[to]
    if package:
        require(package)
    predictions, costs = differences(lesson(nn.Dense(5), nn.Tanh(), loss=LOSS[loss]), write, tmp_path)
    assert predictions <= 1e-6
    assert costs <= 1e-6


@pytest.mark.parametrize("to", SCRIPTS)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("schedule", [optim.Constant(), optim.Cosine(0.1)])
def test_a_rule_takes_the_same_steps_elsewhere(to: str, rule: str, schedule: optim.Schedule, tmp_path: Path) -> None:
    package, write = SCRIPTS[to]
    if package:
        require(package)
    made = lesson(nn.Dense(5), nn.Tanh(), rule=RULES[rule], schedule=schedule, learning_rate=0.01)
    assert differences(made, write, tmp_path)[1] <= 1e-6


@pytest.mark.parametrize("name", optim.SCHEDULES)
def test_a_schedule_is_the_same_in_plain_lines(name: str) -> None:
    schedule = optim.SCHEDULES[name]()
    source = schedules.rate_source(schedule, 0.03, 7, 20)
    scope: dict[str, Any] = {"np": np}
    exec(source, scope)
    steps = np.arange(140)
    wanted = 0.03 * schedule.factor(steps, optim.Horizon(7, 20))
    np.testing.assert_allclose([scope["rate"](int(step)) for step in steps], wanted, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("to", SCRIPTS)
@pytest.mark.parametrize(
    "setting",
    [
        {"penalty": nn.Penalty(l1=0.02, l2=0.03)},
        {"penalty": nn.Penalty(l2=0.3, normalised=True)},
        {"clip": optim.Clip(value=0.01)},
        {"clip": optim.Clip(norm=0.02)},
        {"weighted": True},
        {"shuffle": False},
    ],
    ids=lambda setting: str(setting)[:40],
)
def test_a_setting_of_training_has_the_same_effect_elsewhere(to: str, setting: dict[str, Any], tmp_path: Path) -> None:
    package, write = SCRIPTS[to]
    if package:
        require(package)
    plain = lesson(nn.Dense(5), nn.Tanh())
    made = lesson(nn.Dense(5), nn.Tanh(), **setting)
    assert plain.training is not None
    assert made.training is not None
    assert made.training.history.cost != plain.training.history.cost
    assert differences(made, write, tmp_path)[1] <= 1e-6


@pytest.mark.parametrize(("name", "i"), CASES)
def test_a_layer_predicts_the_same_in_onnx(name: str, i: int) -> None:
    require("onnx")
    runtime = require("onnxruntime")
    layer, shape = SAMPLES[name][i]
    made = lesson(layer, nn.Tanh(), shape=shape)
    written = written_or_refused(onnx.write, made, layer)
    if written is None:
        return
    session = runtime.InferenceSession(written.files[written.main], providers=["CPUExecutionProvider"])
    feeds = {key: cells[:, None] for key, cells in made.tested.raw.items()}
    labels, y = session.run(None, feeds)
    wanted = made.model.outputs_of(made.tested.x)
    np.testing.assert_allclose(y, wanted, rtol=0, atol=1e-6)
    assert labels.tolist() == made.model.answers(wanted).tolist()


# Keras' own, when it sets weights.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(("name", "i"), CASES)
def test_a_layer_predicts_the_same_in_a_keras_file(name: str, i: int, tmp_path: Path) -> None:
    package = require("keras")
    layer, shape = SAMPLES[name][i]
    made = lesson(layer, nn.Tanh(), shape=shape)
    written = written_or_refused(keras.write, made, layer)
    if written is None:
        return
    (tmp_path / written.main).write_bytes(written.files[written.main])
    net = package.saving.load_model(tmp_path / written.main, safe_mode=True)
    wanted = made.model.outputs_of(made.tested.x)
    np.testing.assert_allclose(net.predict(made.tested.x, verbose=0), wanted, rtol=0, atol=1e-6)


def test_the_bare_script_answers_as_the_network_does(tmp_path: Path) -> None:
    made = lesson(nn.Dense(5), nn.Tanh())
    module = opened(numpy_bare.write(made), tmp_path)
    row = {name: float(cells[0]) for name, cells in made.tested.raw.items()}
    wanted = dict(zip("abc", made.model.outputs_of(made.tested.x)[0], strict=True))
    assert module.predict(row) == pytest.approx(wanted, abs=1e-6)


@dataclass(frozen=True)
class Doubled(nn.Layer):
    """A layer that only this test knows: y = 2 x."""

    equations = nn.Tanh.equations

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def forward(self, xp: Any, p: Any, x: Any, ctx: Any) -> Any:
        return 2 * x, {}

    def backward(self, xp: Any, p: Any, cache: Any, dy: Any) -> Any:
        return 2 * dy, {}


def test_a_layer_of_ones_own_is_refused_by_name_until_it_has_an_entry(tmp_path: Path) -> None:
    made = lesson(nn.Dense(5), Doubled(), nn.Tanh())
    with pytest.raises(ConfigError, match=r"Doubled, which has none.*LAYERS.entry\(Doubled\)"):
        numpy.write(made)
    body = "\nclass Doubled:\n    def forward(self, x, w, rng=None):\n        return 2 * x\n"
    back = "\n    def backward(self, dy, w):\n        return 2 * dy, {}\n"

    @numpy_layers.LAYERS.entry(Doubled)
    def doubled(layer: Any, shape: Any, inside: Any) -> numpy_layers.Made:
        return numpy_layers.Made("Doubled()", ("Doubled",), sources={"Doubled": (body, back)})

    assert max(differences(made, numpy.write, tmp_path)) <= 1e-6


def test_a_subclass_of_a_known_layer_is_not_known() -> None:
    class Other(nn.Tanh):
        pass

    with pytest.raises(ConfigError, match="Other, which has none"):
        torch_layers.LAYERS.find(Other())


def embedded() -> Lesson:
    layers = nn.Sequential((nn.Embedding(7, 3, padding=0), nn.GlobalAvgPool(), nn.Dense(2)))
    network = Network(layers, (5,), nn.SoftmaxCrossEntropy())
    x = np.random.default_rng(0).integers(0, 7, size=(20, 5))
    params = network.init(np.random.default_rng(1))
    return Lesson("ids", Model(network, params, classes=("a", "b")), Rows({"x": x}, x))


@pytest.mark.parametrize("to", SCRIPTS)
def test_an_embedding_reads_the_same_rows_elsewhere(to: str, tmp_path: Path) -> None:
    package, write = SCRIPTS[to]
    if package:
        require(package)
    made = embedded()
    module = opened(write(made), tmp_path)
    wanted = made.model.outputs_of(made.tested.x)
    np.testing.assert_allclose(module.predict(module.rows_of("test")), wanted, rtol=0, atol=1e-6)


def test_an_embedding_learns_the_same_by_hand() -> None:
    layer, rng = nn.Embedding(7, 3, padding=0), np.random.default_rng(0)
    x, dy, W = rng.integers(0, 7, size=(20, 5)), rng.normal(size=(20, 5, 3)), rng.normal(size=(7, 3))
    scope: dict[str, Any] = {"np": np}
    exec("".join(numpy_time_sources.SOURCES["Embedding"]), scope)
    by_hand = scope["Embedding"](padding=0)
    y, cache = layer.forward(NUMPY, {"W": W}, x, Context())
    np.testing.assert_array_equal(by_hand.forward(x, {"W": W}), y)
    wanted = layer.backward(NUMPY, {"W": W}, cache, dy)[1]["W"]
    found = by_hand.backward(dy, {"W": W})[1]["W"]
    np.testing.assert_allclose(found, as_dense(NUMPY, wanted), rtol=0, atol=1e-12)


def test_an_embedding_reads_the_same_rows_in_onnx() -> None:
    require("onnx")
    made = embedded()
    written = onnx.write(made)
    session = require("onnxruntime").InferenceSession(written.files[written.main], providers=["CPUExecutionProvider"])
    wanted = made.model.outputs_of(made.tested.x)
    np.testing.assert_allclose(session.run(None, {"x": made.tested.x})[1], wanted, rtol=0, atol=1e-6)


def test_keras_own_adam_stays_within_its_promise(tmp_path: Path) -> None:
    require("tensorflow")
    predictions, costs = differences(lesson(nn.Dense(5), nn.Relu()), tensorflow.write, tmp_path)
    assert predictions <= 1e-6
    assert costs <= 1e-4
