"""Errors: their three parts, and the settings that they name."""

from __future__ import annotations

import pickle

import pytest

from chainrule.errors import ChainruleError, ConfigError, rewrite_settings


def test_an_error_says_what_was_expected_what_came_and_what_to_do() -> None:
    error = ConfigError("a rate above 0", "-1", "Set `learning_rate=0.1`.")
    assert str(error) == "Expected a rate above 0; got -1. Set `learning_rate=0.1`."


def test_the_parts_survive_the_way_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(ConfigError("a", "b", "c")))
    assert (type(error), error.expected, error.came, error.remedy) == (ConfigError, "a", "b", "c")
    assert isinstance(error, ChainruleError)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("try `dropout` or `l2=0.1`.", [("dropout", None), ("l2", "0.1")]),
        ("`scaling.fare in £=robust`", [("scaling.fare in £", "robust")]),
        ('`order.size=["S", …]`', [("order.size", '["S", …]')]),
        ("`hidden=`", [("hidden", "")]),
        ("run `pip install jax` or `chainrule train`", []),
        ("no settings", []),
    ],
)
def test_settings_are_found_between_backticks(text: str, found: list[tuple[str, str | None]]) -> None:
    seen: list[tuple[str, str | None]] = []
    rewrite_settings(text, lambda name, value: seen.append((name, value)) or "")  # type: ignore[func-returns-value]
    assert seen == found


def test_the_rest_of_the_text_stays() -> None:
    assert (
        rewrite_settings("try `l2=0.1`, or `chainrule cv`", lambda name, value: name.upper())
        == "try L2, or `chainrule cv`"
    )
