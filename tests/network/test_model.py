"""A model: samples are encoded some at a time, and it makes no difference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.images import ImageEncoding
from chainrule.encode.preparation import Preparation
from chainrule.encode.target import Target
from chainrule.network import mlp
from chainrule.network.model import Model
from chainrule.nn import SoftmaxCrossEntropy
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
    monkeypatch.setattr("chainrule.network.model._SAMPLES", 3)
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
