"""Rules by name, and the digits that Adam's corrections keep."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.errors import ConfigError
from chainrule.optim import RULES, Adam, AdamW, Momentum, RMSProp, rule_by_name


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_found_by_its_name(name: str) -> None:
    assert rule_by_name(name) == RULES[name]()


def test_a_rule_takes_the_settings_that_it_has() -> None:
    assert rule_by_name("momentum", momentum=0.5, beta1=0.3) == Momentum(0.5)


@pytest.mark.parametrize(("name", "meant"), [("adamm", "adam"), ("lbfg", "lbfgs"), ("Nestrov", "nesterov")])
def test_a_misspelt_name_is_recognised(name: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"Did you mean '{meant}'"):
        rule_by_name(name)


@pytest.mark.parametrize("rule", [Adam(), AdamW()], ids=repr)
def test_the_corrections_of_adam_lose_half_their_digits_in_float32(rule: Adam | AdamW) -> None:
    # 1 - 0.999 in float32 keeps four digits or so; on the host it is exact to float64.
    epsilon = rule.coefficients(np.array([1]), np.array([1.0]))["epsilon"][0]
    poor = np.sqrt(np.float32(1) - np.float32(0.999))
    assert abs(poor / np.sqrt(0.001) - 1) > 1e-6
    assert epsilon == pytest.approx(rule.epsilon * np.sqrt(0.001), rel=1e-13)


def test_the_corrections_of_adam_end_at_one() -> None:
    c = Adam().coefficients(np.array([10**6]), np.array([0.5]))
    assert (c["rate"][0], c["epsilon"][0]) == (0.5, 1e-8)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (Adam, {"beta1": 1.0}),
        (Adam, {"epsilon": 0.0}),
        (AdamW, {"decay": -1.0}),
        (RMSProp, {"decay": float("nan")}),
        (Momentum, {"momentum": "0.9"}),
    ],
)
def test_a_setting_out_of_its_range_is_named(kind: type, settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(settings))} of {kind.__name__}"):
        kind(**settings)
