"""Frames: what their bytes say about the network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chainrule.engine.numpy import NUMPY
from chainrule.playground.frame import as_bytes, frame_message
from chainrule.playground.session import Session
from chainrule.playground.spec import DataSpec, LayerSpec, Spec
from chainrule.playground.wire import decode, encode

PLAIN = Spec(data=DataSpec(samples=60))


def _frame(session: Session, want: str = "output", size: int = 50) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    message = frame_message(session.snapshot(), n=1, want=want, size=size, points=[], budget=None)
    wire = encode(message)
    assert isinstance(wire, bytes)
    header, buffers = decode(wire)
    arrays = {}
    for about, raw in zip(header["layout"], buffers, strict=True):
        arrays[about["name"]] = np.frombuffer(raw, about["dtype"]).reshape(about["shape"])
    return header, arrays


def _grid(session: Session, size: int) -> dict[str, np.ndarray]:
    scene = session.scene
    return scene.units(session.learner.trainer.params, scene.features(scene.plane.points(size)))


def test_the_map_of_two_classes_is_the_probability_of_the_second() -> None:
    session = Session(PLAIN)
    header, arrays = _frame(session)
    assert header["map"] == {"of": "output", "kind": "probability", "size": 50, "low": 0.0, "high": 1.0}
    p = _grid(session, 50)["output"][:, 1].reshape(50, 50)
    assert np.abs(arrays["map"] / 255 - p).max() <= 0.5 / 255 + 1e-5
    assert np.array_equal(arrays["weights"], session.learner.trainer.params.flat.astype(np.float32))


def test_the_map_of_several_classes_is_the_likeliest_and_how_sure_it_is() -> None:
    session = Session(replace(PLAIN, data=DataSpec("clouds", samples=60)))
    header, arrays = _frame(session)
    y = _grid(session, 50)["output"]
    assert header["map"]["kind"] == "class"
    assert (arrays["map_class"].ravel() == y.argmax(axis=1)).mean() > 0.999
    assert np.abs(arrays["map"].ravel() / 255 - y.max(axis=1)).max() <= 0.5 / 255 + 1e-5


def test_the_map_of_a_regression_spans_the_targets() -> None:
    session = Session(replace(PLAIN, data=DataSpec("plane", samples=60)))
    header, arrays = _frame(session)
    t = session.scene.data.t
    assert header["map"]["kind"] == "value"
    assert (header["map"]["low"], header["map"]["high"]) == (t.min(), t.max())
    y = np.clip(_grid(session, 50)["output"][:, 0], t.min(), t.max())
    shown = t.min() + arrays["map"].ravel() / 255 * (t.max() - t.min())
    assert np.abs(shown - y).max() <= 0.51 * (t.max() - t.min()) / 255
    assert "confusion_train" not in arrays
    assert set(header["metrics"]["train"]) == {"r2"}


@pytest.mark.parametrize("want", ["hidden1.2", "hidden2.0", "input.1", "output.1"])
def test_any_unit_can_be_looked_at(want: str) -> None:
    session = Session(PLAIN)
    header, arrays = _frame(session, want)
    layer, unit = want.split(".")
    grid = session.scene.features(session.scene.plane.points(50))
    values = (grid if layer == "input" else _grid(session, 50)[layer])[:, int(unit)]
    low, high = header["map"]["low"], header["map"]["high"]
    shown = low + arrays["map"].ravel() / 255 * (high - low)
    assert np.abs(shown - values).max() <= 0.51 * (high - low) / 255
    if layer in ("hidden1", "hidden2"):
        assert (low, high) == (-1.0, 1.0)


@pytest.mark.parametrize("want", ["hidden9.0", "hidden1.99", "nothing", "", "hidden1", "hidden1.-1", "output.x"])
def test_a_unit_that_is_gone_is_answered_by_the_output(want: str) -> None:
    header, arrays = _frame(Session(PLAIN), want)
    assert header["map"]["of"] == "output"
    assert arrays["map"].shape == (50, 50)


def test_every_unit_has_a_thumbnail_cut_from_the_same_pass() -> None:
    session = Session(replace(PLAIN, layers=(LayerSpec(3), LayerSpec(2, "relu"))))
    header, arrays = _frame(session, size=100)
    assert header["thumbnail"] == {"size": 20, "inputs": 2, "units": 9}
    units = _grid(session, 100)
    pick = (np.arange(20) * 100 + 50) // 20
    second = units["hidden1"].reshape(100, 100, 3)[np.ix_(pick, pick)][..., 1]
    assert np.abs(arrays["thumbnails"][3] / 127.5 - 1 - second).max() <= 0.51 / 127.5
    probability = units["output"].reshape(100, 100, 2)[np.ix_(pick, pick)][..., 0]
    assert np.abs(arrays["thumbnails"][7] / 255 - probability).max() <= 0.51 / 255


def test_scores_and_confusion_are_those_of_both_parts() -> None:
    session = Session(PLAIN)
    session.learner.step("epoch")
    header, arrays = _frame(session)
    scene = session.scene
    for part in ("train", "test"):
        x, t = scene.part(part)[:2]
        a = scene.network.forward(NUMPY, session.learner.trainer.params, x)
        assert header["cost"][part] == pytest.approx(float(scene.network.loss.forward(NUMPY, a, t)[0]))
        table = arrays[f"confusion_{part}"]
        assert table.sum() == len(x)
        assert header["metrics"][part]["accuracy"] == pytest.approx(np.trace(table) / len(x))
        assert table[0].sum() == (t[:, 0] == 1).sum()


def test_weights_that_are_no_numbers_make_a_frame_all_the_same() -> None:
    session = Session(PLAIN)
    session.learner.trainer.params.flat[...] = np.nan
    session.learner.measure()
    header, arrays = _frame(session)
    assert header["cost"] == {"train": None, "test": None}
    assert (arrays["map"] == 128).all()


def test_a_weight_beyond_float32_is_infinite_for_the_page_without_a_warning() -> None:
    session = Session(PLAIN)
    session.learner.trainer.params.flat[1] = 1e300
    session.learner.measure()
    _, arrays = _frame(session)
    assert np.isinf(arrays["weights"][1])


def test_bytes_span_low_to_high() -> None:
    values = np.array([-np.inf, -2.0, -1.0, 0.0, 1.0, 2.0, np.inf, np.nan])
    assert as_bytes(values, -1.0, 1.0).tolist() == [0, 0, 0, 128, 255, 255, 255, 128]


def test_a_snapshot_is_not_touched_by_further_training() -> None:
    session = Session(PLAIN)
    snapshot = session.snapshot()
    before = snapshot.weights.flat.copy()
    session.learner.step("epoch")
    assert np.array_equal(snapshot.weights.flat, before)
    assert session.snapshot().serial > snapshot.serial


def test_pictures_have_a_coarser_map_and_no_thumbnails_of_their_pixels() -> None:
    session = Session(replace(PLAIN, data=DataSpec("faces", samples=60)))
    header, arrays = _frame(session, size=100)
    assert header["map"]["size"] == 50
    assert header["thumbnail"]["inputs"] == 0
    assert arrays["map"].shape == (50, 50)
