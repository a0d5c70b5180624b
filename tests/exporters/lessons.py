"""Small lessons to export: a network of given layers, trained for three epochs in float64 on 40 rows that differ."""

from __future__ import annotations

import importlib
import importlib.util
import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.encode.numeric import Numeric
from chainrule.encode.preparation import Preparation
from chainrule.encode.table import TableEncoding
from chainrule.encode.target import Target
from chainrule.engine import engine_by_name
from chainrule.exporters import Lesson, Rows, Training
from chainrule.exporters.script import Written
from chainrule.network import Network
from chainrule.nn import Dense, Flatten, Layer, Loss, Penalty, Reshape, Sequential, SoftmaxCrossEntropy
from chainrule.optim import Adam, Rule
from chainrule.saved.model import Model
from chainrule.train import History, Settings, Supervised, run
from chainrule.types import Batch, Shape

N, K = 40, 3
EXTRAS = {"torch": "export-torch", "tensorflow": "export-tensorflow", "keras": "export-tensorflow"} | {
    "onnx": "onnx",
    "onnxruntime": "onnx",
}


def require(package: str) -> Any:
    """Return a package, or skip the test and say which extra brings it."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"no {package} here: the extra [{EXTRAS[package]}] brings it")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(package)


def encoding_of(width: int) -> TableEncoding:
    """Return the encoding of so many numeric columns that are taken as they are."""
    names = [f"x{i}" for i in range(width)]
    return TableEncoding((), tuple(Numeric(name, False, 0.0, 1.0, 0.0, [], "none", 0.0, "median") for name in names))


def network_of(layers: tuple[Layer, ...], shape: Shape, outputs: int, loss: Loss) -> Network:
    """Return a network of a table's numbers, brought to `shape`, through the layers, to the outputs."""
    width = math.prod(shape)
    first = (Reshape(shape),) if len(shape) > 1 else ()
    return Network(Sequential((*first, *layers, Flatten(), Dense(outputs))), (width,), loss)


def lesson(
    *layers: Layer,
    shape: Shape = (4,),
    loss: Loss | None = None,
    rule: Rule | None = None,
    penalty: Penalty | None = None,
    weighted: bool = False,
    **settings: Any,
) -> Lesson:
    """Return the lesson of a network that was trained for three epochs."""
    loss = loss or SoftmaxCrossEntropy()
    outputs = K if loss.task == "classification" else 1
    network = network_of(layers, shape, outputs, loss)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N, math.prod(shape))).astype(np.float32)
    raw = {f"x{i}": x[:, i].astype(float) for i in range(x.shape[1])}
    if outputs == K:
        classes = tuple("abc")
        codes = rng.integers(K, size=N)
        target = Target("t", "classification", classes)
        truth, t = np.array(classes)[codes], np.eye(K, dtype=np.float32)[codes]
    else:
        truth = rng.poisson(2.0, size=N).astype(float)
        target = Target("t", "regression", (), 0.0, 1.0)
        t = truth[:, None].astype(np.float32)
    w = rng.uniform(0.5, 2.0, N).astype(np.float32) if weighted else None
    whole = Rows(raw, x, t, w, truth)
    train, scored = whole.take(np.arange(30)), replace(whole.take(np.arange(30, N)), w=None)
    chosen = Settings(**{"epochs": 3, "batch_size": 8, "learning_rate": 0.05, "seed": 2} | settings)
    start = network.init(np.random.default_rng(0))
    done = run(
        Supervised(network, penalty or Penalty()),
        Batch(train.x, train.t, train.w),
        chosen,
        optimizer=rule or Adam(),
        engine=engine_by_name("numpy", "float64"),
        evaluate={"valid": Batch(scored.x, scored.t)},
        params=start,
    ).finish()
    model = Model(network, done.params, Preparation(encoding_of(x.shape[1]), target))
    training = Training(
        train, scored, "valid", start, rule or Adam(), chosen, penalty or Penalty(), done.history, chosen.epochs
    )
    return Lesson("small", model, scored, training)


def curve(history: History) -> np.ndarray:
    """Return cost and validation cost of each epoch."""
    return np.column_stack([history.cost, history.scores["valid"]["cost"]])


def opened(written: Written, folder: Path) -> Any:
    """Write an export, and return its script as a module."""
    for name, content in written.files.items():
        (folder / name).write_bytes(content)
    spec = importlib.util.spec_from_file_location("exported", folder / written.main)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def differences(made: Lesson, write: Callable[[Lesson], Written], folder: Path) -> tuple[float, float]:
    """Return the largest difference of a prediction, and of a cost over three epochs in float64."""
    module = opened(write(made), folder)
    y = module.predict(module.rows_of("test"))
    wanted = made.model.outputs_of(made.tested.x)
    assert y.shape == wanted.shape
    assert made.training is not None
    found = np.array([row[:2] for row in module.train(3, "float64")[1]], float)
    return float(np.abs(y - wanted).max()), float(np.abs(found - curve(made.training.history)).max())
