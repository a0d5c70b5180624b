"""Clipping, by value and by norm."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engine import Engine, engine_by_name
from chainrule.errors import ConfigError
from chainrule.optim import Clip
from chainrule.tree import leaves, map_leaves
from tests.contracts.checks import agreement, assert_close, precision

XP = engine_by_name("numpy").xp
GRADS = {"a": {"W": np.array([[3.0, -0.2]]), "b": np.array([0.0])}, "tanh": {}, "c": {"W": np.array([-4.0])}}


def norm(grads: object) -> float:
    """Return the length of all gradients together."""
    return float(sum((g**2).sum() for _, g in leaves(grads)) ** 0.5)  # type: ignore[arg-type]


def test_by_value_each_number_is_cut() -> None:
    clipped = Clip(value=1.0)(XP, GRADS)
    assert (clipped["a"]["W"].tolist(), clipped["c"]["W"].tolist()) == ([[1.0, -0.2]], [-1.0])


def test_by_norm_the_whole_is_shortened_to_the_norm() -> None:
    assert norm(Clip(norm=0.5)(XP, GRADS)) == pytest.approx(0.5, rel=1e-12)


def test_by_norm_the_direction_stays() -> None:
    clipped = Clip(norm=0.5)(XP, GRADS)
    assert_close(clipped["a"]["W"] / clipped["c"]["W"], GRADS["a"]["W"] / GRADS["c"]["W"], agreement(np.float64))


def test_a_short_gradient_stays_as_it_is() -> None:
    clipped = Clip(norm=100.0)(XP, GRADS)
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(leaves(clipped), leaves(GRADS), strict=True))


def test_a_gradient_of_zero_stays_zero_without_a_division_by_it() -> None:
    zeros = map_leaves(np.zeros_like, GRADS)
    assert norm(Clip(norm=1.0)(XP, zeros)) == 0.0


def test_by_both_the_values_are_cut_first() -> None:
    assert norm(Clip(value=1.0, norm=100.0)(XP, GRADS)) == pytest.approx((1 + 0.04 + 1) ** 0.5, rel=1e-12)


def test_the_gradients_that_are_given_are_not_written_to() -> None:
    frozen = map_leaves(np.copy, GRADS)
    for _, g in leaves(frozen):
        g.setflags(write=False)
    Clip(value=1.0, norm=0.5)(XP, frozen)


@pytest.mark.parametrize("clip", [Clip(value=1.0), Clip(norm=0.5)], ids=repr)
def test_clipping_keeps_float32(clip: Clip, engine32: Engine) -> None:
    grads = map_leaves(engine32.array, GRADS)
    with precision(engine32.name, "float64"):
        clipped = clip(engine32.xp, grads)
    assert {str(g.dtype) for _, g in leaves(clipped)} == {"float32"}


def test_clipping_of_nothing_is_false() -> None:
    assert not Clip()


@pytest.mark.parametrize("settings", [{"value": 0.0}, {"norm": -1.0}, {"norm": float("nan")}, {"value": "1"}], ids=str)
def test_a_setting_out_of_its_range_is_named(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(settings))} of Clip"):
        Clip(**settings)  # type: ignore[arg-type]
