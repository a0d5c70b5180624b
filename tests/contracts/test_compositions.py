"""The contract of a composition: what follows from the layers inside it does so, in the library's and in a user's own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError
from chainrule.nn import (
    BatchNorm,
    Bidirectional,
    Columns,
    Dense,
    Dropout,
    Ensemble,
    Identity,
    Layer,
    Residual,
    Sequential,
    Tanh,
)
from chainrule.nn.layer import layers_inside, part
from chainrule.nn.precision import LowPrecision
from chainrule.nn.probe import probe
from chainrule.tree import leaves, map_leaves
from chainrule.types import PREDICT, Context
from tests.contracts import checks
from tests.contracts.checks import LayerCase
from tests.nn.compositions import Highway, Mean, Scaled

SHIPPED = {
    "a stack": Sequential((Dense(3), Tanh(), Dense(3)), ("one", "bend", "two")),
    "a bypass": Residual(Dense(3)),
    "a bypass with a shortcut": Residual(Sequential((Dense(3), Tanh())), Dense(3)),
    "a bypass around a bypass": Residual(Residual(Tanh())),
    "a sequence read both ways": Bidirectional(Dense(3), Dense(3)),
    "columns": Columns((Dense(3), Tanh()), ((0, 1, 2), (2, 0, 1))),
    "an ensemble": Ensemble((Dense(3), Sequential((Dense(3), Tanh())))),
    "bypasses inside a stack inside a bypass": Residual(Sequential((Residual(Tanh()), Dense(3)))),
}
OWN = {
    "a highway": Highway(Dense(3), Sequential((Dense(3), Tanh()))),
    "a factor": Scaled(Dense(3)),
    "a factor of a stack": Scaled(Sequential((Dense(3), Tanh()))),
    "a mean": Mean((Dense(3), Residual(Dense(3)), Tanh())),
    "a highway inside a mean inside a stack": Sequential((Mean((Highway(Tanh(), Dense(3)), Dense(3))), Tanh())),
}
COMPOSITIONS: dict[str, Layer] = {**SHIPPED, **OWN}
OWN_CASES = [
    *(LayerCase(name, layer, (3,)) for name, layer in OWN.items()),
    LayerCase("a highway with noise and state", Highway(Dropout(0.3), Sequential((BatchNorm(), Dense(3)))), (3,), True),
    LayerCase("a factor with noise and state", Scaled(Sequential((Dropout(0.3), BatchNorm()))), (3,), True),
    LayerCase("a mean with noise and state", Mean((Dropout(0.3), BatchNorm(), Dropout(0.3))), (3,), True),
]

every_engine = pytest.mark.parametrize("engine", checks.ENGINES)
every_composition = pytest.mark.parametrize("name", COMPOSITIONS)
every_own = pytest.mark.parametrize("case", OWN_CASES, ids=str)


def with_all(layer: Layer, inside: Layer) -> Layer:
    """Return a composition with this layer in the place of each that has none inside."""
    children = layer.children()
    return layer.rebuilt({name: with_all(child, inside) for name, child in children.items()}) if children else inside


def masks(cache: Any) -> list[np.ndarray]:
    """Return what each dropout in a cache has drawn."""
    found = []
    for name, value in cache.items():
        if isinstance(value, dict):
            found += masks(value)
        elif name == "mask":
            found.append(value)
    return found


def ones(layer: Layer, width: int) -> dict[str, Any]:
    """Return parameters that are all 1."""
    return map_leaves(lambda spec: np.ones(spec.shape), layer.params((width,)))


def drawn(layer: Layer, width: int = 60) -> list[np.ndarray]:
    xp = engine_by_name("numpy").xp
    return masks(layer.forward(xp, ones(layer, width), np.ones((2, width)), Context(True, (7,)))[1])


@every_composition
def test_rebuilt_of_its_own_layers_it_is_the_same(name: str) -> None:
    layer = COMPOSITIONS[name]
    assert layer.rebuilt(layer.children()) == layer


@every_composition
def test_rebuilt_of_others_it_has_the_others_under_the_same_names(name: str) -> None:
    layer = COMPOSITIONS[name]
    others: dict[str, Layer] = {name: Dropout(0.1 + 0.1 * i) for i, name in enumerate(layer.children())}
    assert layer.rebuilt(others).children() == others


@every_composition
def test_its_parameters_are_those_of_the_layers_inside(name: str) -> None:
    layer = COMPOSITIONS[name]
    params, shapes = layer.params((3,)), layer.shapes_inside((3,))
    for child_name, child in layer.children().items():
        asked = dict(leaves(child.params(shapes[child_name])))
        assert asked.items() <= dict(leaves(part(params, child_name))).items()


@every_composition
def test_it_is_random_when_a_layer_inside_is(name: str) -> None:
    layer = COMPOSITIONS[name]
    assert not layer.is_random
    assert with_all(layer, Dropout(0.5)).is_random


@every_composition
def test_layers_inside_draw_different_noise(name: str) -> None:
    found = drawn(with_all(COMPOSITIONS[name], Dropout(0.5)))
    n_leaves = sum(not child.children() for _, child in layers_inside(COMPOSITIONS[name]))
    assert len(found) == n_leaves
    assert len({mask.tobytes() for mask in found}) == n_leaves


@every_engine
@every_composition
def test_a_layer_inside_that_draws_without_a_key_is_refused(name: str, engine: str) -> None:
    layer, xp = with_all(COMPOSITIONS[name], Dropout(0.5)), engine_by_name(engine).xp
    with pytest.raises(ConfigError, match="a key to draw random numbers from"):
        layer.forward(xp, ones(layer, 3), xp.ones_like(np.ones((2, 3))), Context(train=True))


# A shortcut with parameters inside a Residual's own inner layer would have the name of the outer one.
@pytest.mark.parametrize("name", [name for name in COMPOSITIONS if name != "a bypass around a bypass"])
def test_it_has_state_when_a_layer_inside_has_and_moves_all_of_it(name: str) -> None:
    layer = COMPOSITIONS[name]
    assert not layer.has_state
    checks.check_state(LayerCase(name, with_all(layer, BatchNorm()), (3,), train=True))


@every_composition
def test_a_probe_sees_the_x_y_dx_and_dy_of_every_layer_inside(name: str) -> None:
    case = LayerCase(name, COMPOSITIONS[name], (3,))
    record: dict[str, Any] = {}
    checks.both_ways(
        LayerCase(name, probe(case.layer, record), (3,)), engine_by_name("numpy").xp, PREDICT, case.params(), case.x(),
        case.dy(),
    )  # fmt: skip
    assert {f"{path}.{kind}" for path in names(case.layer) for kind in ("x", "y", "dx", "dy")} == set(record)


def names(layer: Layer, path: str = "", key: str = "") -> list[str]:
    found = []
    for name, child in layer.children().items():
        inside = f"{path}.{name}" if name else f"{key}.inner"
        found += [inside.strip("."), *names(child, f"{path}.{name}".strip("."), inside)]
    return found


@every_composition
def test_a_probe_changes_nothing(name: str) -> None:
    case, xp = LayerCase(name, COMPOSITIONS[name], (3,)), engine_by_name("numpy").xp
    probed = LayerCase(name, probe(case.layer, {}), (3,))
    plain, seen = (checks.both_ways(each, xp, PREDICT, case.params(), case.x(), case.dy()) for each in (case, probed))
    assert np.array_equal(plain[0], seen[0])
    assert np.array_equal(plain[1], seen[1])
    checks.assert_trees_close(plain[2], seen[2], 0.0)


@every_composition
def test_its_operations_are_at_least_those_of_the_layers_inside(name: str) -> None:
    layer = COMPOSITIONS[name]
    shapes = layer.shapes_inside((3,))
    inside = sum(child.operations(shapes[name]) for name, child in layer.children().items())
    assert inside <= layer.operations((3,)) <= inside + math.prod(layer.output_shape((3,)))


def test_a_layer_inside_is_told_what_counts() -> None:
    ctx = Context(True, (3,), np.ones(4), np.ones((4, 5)))
    child = ctx.child(engine_by_name("numpy").xp, 2)
    assert child.key == (3, 2)
    assert (child.train, child.w is ctx.w, child.mask is ctx.mask) == (True, True, True)


def test_low_precision_is_a_composition_too() -> None:
    layer = LowPrecision(Residual(Sequential((Dropout(0.1), BatchNorm()))))
    assert layer.rebuilt(layer.children()) == layer
    assert layer.is_random
    assert layer.has_state
    assert dict(leaves(layer.params((3,)))) == dict(leaves(layer.inner.params((3,))))


def test_two_layers_that_would_share_a_name_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"Residual under names of their own; got two that are called 'shortcut'"):
        Residual(Sequential((Dense(3),), ("shortcut",)), Dense(3)).params((3,))


def test_a_shortcut_without_parameters_leaves_its_name_free() -> None:
    layer = Residual(Sequential((Dense(3),), ("shortcut",)), Identity())
    case = LayerCase("a shortcut inside", layer, (3,))
    assert checks.leaves_of(case) == ["shortcut.W", "shortcut.b"]
    checks.check_derivative_by_parameters(case, "numpy")


def test_a_composition_that_keeps_a_cache_elsewhere_is_told_so() -> None:
    layer = Highway(BatchNorm(), Dense(3))
    case = LayerCase("state", layer, (3,), train=True)
    with pytest.raises(ConfigError, match=r"cache of Highway to hold that of its layer 'inner'"):
        layer.update_state(engine_by_name("numpy").xp, case.params(), {"gate": {}})


# --------------------------------------------------------------------------- a user's own keeps the contract of a layer


@every_engine
@every_own
def test_an_own_composition_has_the_right_derivatives(case: LayerCase, engine: str) -> None:
    checks.check_keys_and_shapes(case, engine)
    checks.check_derivative_by_input(case, engine)
    checks.check_derivative_by_parameters(case, engine)


@every_own
def test_an_own_composition_is_the_same_on_both_engines(case: LayerCase) -> None:
    checks.check_engines_agree(case)
    checks.check_automatic_derivative(case)


@every_own
def test_an_own_composition_is_a_pure_value_that_survives_json(case: LayerCase) -> None:
    checks.check_purity(case)
    checks.check_read_only(case)
    checks.check_spec_round_trip(case)
    checks.check_value_semantics(case.layer)
    checks.check_layer_equations(case)


@every_own
def test_an_own_compositions_state_is_what_is_not_trained(case: LayerCase) -> None:
    checks.check_state(case)
