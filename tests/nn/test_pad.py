"""ZeroPad and UpSample, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError, ShapeError
from chainrule.nn import UpSample, ZeroPad
from chainrule.types import PREDICT

XP = engine_by_name("numpy").xp
X = np.array([[1.0, 2.0]]).reshape(1, 1, 2, 1)


def test_a_frame_is_that_drawn_by_hand() -> None:
    layer = ZeroPad((1, 0, 0, 2))
    y, cache = layer.forward(XP, {}, X, PREDICT)
    assert y[0, :, :, 0].tolist() == [[0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0]]
    assert layer.backward(XP, {}, cache, y * 3)[0][0, :, :, 0].tolist() == [[3.0, 6.0]]


def test_repeated_pixels_are_those_drawn_by_hand() -> None:
    layer = UpSample((2, 1))
    y, cache = layer.forward(XP, {}, X, PREDICT)
    assert y[0, :, :, 0].tolist() == [[1.0, 2.0], [1.0, 2.0]]
    dy = np.array([[1.0, 2.0], [10.0, 20.0]]).reshape(1, 2, 2, 1)
    assert layer.backward(XP, {}, cache, dy)[0][0, :, :, 0].tolist() == [[11.0, 22.0]]


@pytest.mark.parametrize(("frame", "shape"), [(1, (5, 6, 1)), ((1, 2), (5, 8, 1)), ((1, 0, 2, 3), (4, 9, 1))])
def test_a_frame_is_one_number_two_or_four(frame: object, shape: tuple[int, ...]) -> None:
    assert ZeroPad(frame).output_shape((3, 4, 1)) == shape  # type: ignore[arg-type]


@pytest.mark.parametrize("frame", [-1, (1, 2, 3), (1,), "one"], ids=str)
def test_another_frame_is_refused(frame: object) -> None:
    with pytest.raises(ConfigError, match="frame of ZeroPad"):
        ZeroPad(frame)  # type: ignore[arg-type]


@pytest.mark.parametrize("layer", [ZeroPad(), UpSample()], ids=repr)
def test_a_vector_is_refused(layer: ZeroPad | UpSample) -> None:
    with pytest.raises(ShapeError, match=r"to receive images of shape \(H, W, C\).*Reshape"):
        layer.output_shape((9,))
