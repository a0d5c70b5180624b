from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError, ShapeError
from chainrule.network import Network
from chainrule.nn import SoftmaxCrossEntropy
from chainrule.recipes.cnn import cnn, default_filters


def make(shape: tuple[int, ...] = (8, 8, 1), **options: object) -> Network:
    return cnn(shape, 3, SoftmaxCrossEntropy(), **{"filters": (4, 6), "hidden": (5,), **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shape", "rows", "filters"),
    [
        ((28, 28, 1), 60_000, (32, 64)),
        ((48, 48, 1), 8_000, (32, 64, 128)),
        ((48, 48, 1), 800, (16, 32, 64)),
        ((8, 8, 1), 1_000, (16,)),
        ((224, 320, 3), 5_000, (32, 64, 128, 256, 256)),
    ],
)
def test_larger_pictures_get_more_blocks_and_more_of_them_more_filters(
    shape: tuple[int, ...], rows: int, filters: tuple[int, ...]
) -> None:
    assert default_filters(shape, rows) == filters


def test_each_block_halves_the_picture() -> None:
    maps = {row.name: row.output_shape for row in make((9, 12, 3)).rows()}
    assert maps["conv1"] == (9, 12, 4)
    assert maps["pool1"] == (4, 6, 4)
    assert maps["pool2"] == (2, 3, 6)
    assert maps["flatten"] == (36,)
    assert maps["output"] == (3,)


def test_a_normalised_convolution_has_no_bias_of_its_own() -> None:
    assert set(make().specs["conv1"]) == {"W"}
    assert set(make(norm=False).specs["conv1"]) == {"W", "b"}
    assert "norm1" not in make(norm=False).specs


def test_a_block_may_have_several_convolutions() -> None:
    names = [row.name for row in make(convolutions=2).rows()]
    assert names[:7] == ["conv1_1", "norm1_1", "conv_relu1_1", "conv1_2", "norm1_2", "conv_relu1_2", "pool1"]


def test_dropout_lies_between_the_dense_layers_alone() -> None:
    assert [row.name for row in make(dropout=0.5).rows() if row.kind == "Dropout"] == ["dropout1"]


def test_it_computes_logits() -> None:
    network, engine = make(), engine_by_name("numpy", "float64")
    params = network.init(np.random.default_rng(0))
    assert network.forward(engine.xp, params, np.ones((2, 8, 8, 1))).shape == (2, 3)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ShapeError, match="pictures of shape"):
        make((64,))


def test_more_blocks_than_a_picture_can_be_halved_are_refused() -> None:
    with pytest.raises(ShapeError, match="at least 16 pixels on each side for 4 blocks"):
        make(filters=(2, 2, 2, 2))


def test_an_unknown_bend_is_answered_by_the_nearest() -> None:
    with pytest.raises(ConfigError, match="relu"):
        make(activation="rellu")
