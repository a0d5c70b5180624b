"""A model: samples are encoded some at a time, and it makes no difference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.images import ImageEncoding
from chainrule.encode.preparation import Preparation
from chainrule.encode.target import Target
from chainrule.errors import ConfigError
from chainrule.nn import BinaryCrossEntropy, SoftmaxCrossEntropy
from chainrule.recipes import mlp
from chainrule.saved.model import Model
from chainrule.sources.samples import Pictures

PICTURES = Pictures(np.random.default_rng(0).integers(0, 256, (7, 3, 2, 1), dtype=np.uint8))
FRAME = pd.DataFrame({"file": [f"{i}.png" for i in range(7)]})


@pytest.fixture
def model() -> Model:
    network = mlp((3, 2, 1), (4,), 2, SoftmaxCrossEntropy())
    preparation = Preparation(ImageEncoding.fit(PICTURES), Target("class", "classification", ("a", "b")))
    return Model(network, network.init(np.random.default_rng(1)), preparation)


def test_pictures_are_encoded_some_at_a_time(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = model.outputs(FRAME, samples=PICTURES)
    np.testing.assert_array_equal(whole, model.outputs_of(model.preparation.inputs(FRAME, samples=PICTURES)))
    monkeypatch.setattr("chainrule.saved.model._SAMPLES", 3)
    sizes = []
    encode = ImageEncoding.encode

    def seen(self, frame, samples, findings):  # type: ignore[no-untyped-def]
        sizes.append((len(frame), len(samples)))
        return encode(self, frame, samples, findings)

    monkeypatch.setattr(ImageEncoding, "encode", seen)
    np.testing.assert_allclose(model.outputs(FRAME, samples=PICTURES), whole, rtol=1e-6)
    assert sizes == [(3, 3), (3, 3), (1, 1)]


def test_predictions_are_the_names_of_the_likeliest_classes(model: Model) -> None:
    y = model.outputs(FRAME, samples=PICTURES)
    assert model.predict(FRAME, samples=PICTURES).tolist() == ["ab"[k] for k in y.argmax(axis=1)]


def bare(outputs: int, **fields: Any) -> Model:
    """Return a model of arrays: without a preparation."""
    network = mlp((3,), (4,), outputs, SoftmaxCrossEntropy() if outputs > 1 else BinaryCrossEntropy())
    return Model(network, network.init(np.random.default_rng(1)), **fields)


X = np.random.default_rng(2).normal(size=(5, 3))


def test_a_model_without_a_preparation_answers_arrays() -> None:
    model = bare(3, classes=("a", "b", "c"))
    y = model.outputs_of(X)
    assert model.answers(y).tolist() == ["abc"[k] for k in y.argmax(axis=1)]


def test_one_output_of_two_classes_asks_whether_it_is_the_second() -> None:
    assert bare(1, classes=("no", "yes")).answers(np.array([[0.4], [0.6]])).tolist() == ["no", "yes"]


def test_a_sequence_has_a_class_at_each_place() -> None:
    y = np.array([[[0.1, 0.9], [0.8, 0.2]]])
    assert bare(2, classes=("a", "b")).answers(y).tolist() == [["b", "a"]]


def test_without_classes_the_answers_are_values() -> None:
    assert bare(2).answers(np.ones((4, 2))).shape == (4, 2)
    assert bare(1).answers(np.ones((4, 1))).shape == (4,)


def test_a_table_is_refused_without_a_preparation() -> None:
    with pytest.raises(ConfigError, match=r"a model without one.*give arrays to its outputs_of"):
        bare(2).predict(FRAME)


def test_classes_come_from_the_preparation(model: Model) -> None:
    assert model.classes == ("a", "b")


@pytest.mark.parametrize("classes", [("a",), ("a", "b", "c")])
def test_one_class_for_each_output_is_asked_for(classes: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="one class for each of the 2 outputs"):
        bare(2, classes=classes)


def test_classes_other_than_the_preparations_are_refused(model: Model) -> None:
    with pytest.raises(ConfigError, match="Leave classes out"):
        replace(model, classes=("b", "a"))


@pytest.mark.parametrize(("columns", "units"), [(5, 7), (600, 8)])
def test_an_answer_does_not_depend_on_its_neighbours_to_the_last_bit(columns: int, units: int) -> None:
    network = mlp((columns,), (units,), 3, SoftmaxCrossEntropy())
    x = np.random.default_rng(0).normal(size=(300, columns)).astype(np.float32)
    model = Model(network, network.init(np.random.default_rng(1)))
    whole = model.outputs_of(x)
    for start, stop in ((0, 1), (63, 64), (64, 65), (3, 70), (100, 300)):
        np.testing.assert_array_equal(model.outputs_of(x[start:stop]), whole[start:stop])


def test_a_picture_that_is_flattened_does_not_depend_on_its_neighbours_either(model: Model) -> None:
    x = np.random.default_rng(0).random((130, 3, 2, 1)).astype(np.float32)
    whole = model.outputs_of(x)
    for start, stop in ((0, 1), (5, 70), (129, 130)):
        np.testing.assert_array_equal(model.outputs_of(x[start:stop]), whole[start:stop])
