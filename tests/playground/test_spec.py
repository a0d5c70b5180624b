"""The spec: what the controls say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chainrule.errors import ConfigError
from chainrule.playground.spec import DEFAULT, Effect, effect_of, spec_from_json, spec_to_json, spec_with


def test_a_spec_survives_a_trip_through_json() -> None:
    spec = spec_with(spec_with(DEFAULT, "layers.1.activation", "relu"), "view.slices", {"x3": 0.5})
    assert spec_from_json(json.loads(json.dumps(spec_to_json(spec)))) == spec


def test_what_is_left_out_has_its_default() -> None:
    assert spec_from_json({}) == DEFAULT
    assert spec_from_json({"data": {"name": "spiral"}}).data.samples == DEFAULT.data.samples


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([], "spec to be a table"),
        ({"learning_rat": 1}, "a setting of spec"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"learning_rate": True}, "learning_rate"),
        ({"learning_rate": "0.1"}, "learning_rate"),
        ({"data": 3}, "data to be a table"),
        ({"data": {"samples": 10**9}}, "samples of data"),
        ({"data": {"nose": 3}}, "a setting of data"),
        ({"layers": 3}, "a list of layers"),
        ({"layers": [{"units": 0}]}, "units of layer"),
        ({"layers": [{"units": 1.5}]}, "units of layer"),
        ({"layers": [{}] * 11}, "at most 10 hidden layers"),
        ({"layers": [{"activation": "tan"}]}, "activation of layer"),
        ({"inputs": []}, "inputs"),
        ({"inputs": ["x1", "x1"]}, "different inputs"),
        ({"inputs": ["x1" * 200]}, "at most 1024 inputs"),
        ({"optimizer": "gradient_ascent"}, "optimizer"),
        ({"optimizer": "momentum", "optimizer_settings": {"beta1": 0.5}}, "a setting of the optimizer momentum"),
        ({"optimizer": "momentum", "optimizer_settings": {"momentum": 2}}, "momentum of Momentum"),
        ({"schedule": "step", "schedule_settings": {"every": 0}}, "every of StepDecay"),
        ({"view": {"axes": [0, 0]}}, "two different axes"),
        ({"view": {"axes": [0, 1, 2]}}, "two different axes"),
        ({"view": {"slices": {"x3": "a"}}}, "a number for the slice"),
        ({"view": {"speed": 0}}, "speed of view"),
        ({"stop": {"epochs": 0}}, "epochs of stop"),
    ],
)
def test_a_wrong_spec_is_answered_by_what_was_expected(data: Any, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        spec_from_json(data)


@pytest.mark.parametrize("path", ["", "nothing", "layers.9.units", "layers.x.units", "data.name.x", "learning_rate.x"])
def test_a_path_to_nothing_is_refused(path: str) -> None:
    with pytest.raises(ConfigError):
        spec_with(DEFAULT, path, 1)


@pytest.mark.parametrize(
    ("path", "value", "effect"),
    [
        ("learning_rate", DEFAULT.learning_rate, Effect.NOTHING),
        ("view.show_test", True, Effect.VIEW),
        ("stop.epochs", 5, Effect.VIEW),
        ("learning_rate", 1.0, Effect.LEARNING),
        ("optimizer", "adam", Effect.LEARNING),
        ("l2", 0.1, Effect.LEARNING),
        ("batch_size", 1, Effect.LEARNING),
        ("layers.0.dropout", 0.5, Effect.LEARNING),
        ("layers.0.units", 5, Effect.NETWORK),
        ("layers.0.activation", "relu", Effect.NETWORK),
        ("inputs", ["x1"], Effect.NETWORK),
        ("init_seed", 2, Effect.WEIGHTS),
        ("loss", "squared_error", Effect.WEIGHTS),
        ("data.noise", 10.0, Effect.DATA),
    ],
)
def test_only_what_must_reset_resets(path: str, value: Any, effect: Effect) -> None:
    assert effect_of(DEFAULT, spec_with(DEFAULT, path, value)) is effect


def test_another_optimizer_starts_with_its_own_defaults() -> None:
    spec = spec_with(spec_with(DEFAULT, "optimizer", "momentum"), "optimizer_settings.momentum", 0.5)
    assert spec_with(spec, "optimizer", "adam").optimizer_settings == {}
