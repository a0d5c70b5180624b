"""A part of a network: layers by name, with the whole's weights."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError
from chainrule.network import Network
from chainrule.nn import Dense, Flatten, SoftmaxCrossEntropy, SquaredError, Tanh

WHOLE = Network(
    [("flat", Flatten()), ("below", Dense(4)), ("bend", Tanh()), ("output", Dense(3))], (2, 3), SoftmaxCrossEntropy()
)


def test_parts_in_a_row_are_the_whole() -> None:
    below, above = WHOLE.part(last="bend"), WHOLE.part("output")
    assert (below.input_shape, below.output_shape, above.input_shape) == ((2, 3), (4,), (4,))
    assert below.loss == SquaredError()
    assert above.loss == WHOLE.loss
    xp = engine_by_name("numpy", "float64").xp
    params = WHOLE.init(np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=(5, 2, 3))
    z = below.predict(xp, params, x)
    np.testing.assert_array_equal(above.predict(xp, params, z), WHOLE.predict(xp, params, x))
    own = {name: params[name] for name in below.layer.names}  # type: ignore[attr-defined]
    np.testing.assert_array_equal(below.predict(xp, own, x), z)


def test_a_part_may_be_one_layer() -> None:
    assert WHOLE.part("below", "below").layer.names == ("below",)  # type: ignore[attr-defined]


def test_a_name_that_is_no_layer_is_refused() -> None:
    with pytest.raises(ConfigError, match="'belo'"):
        WHOLE.part("belo")


def test_layers_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ConfigError, match="does not stand before 'bend'"):
        WHOLE.part("bend", "below")


def test_a_network_of_one_layer_has_no_parts() -> None:
    with pytest.raises(ConfigError, match="a stack of layers"):
        Network(Dense(2), (3,), SquaredError()).part()
