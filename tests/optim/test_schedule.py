"""Schedules by name."""

from __future__ import annotations

import pytest

from chainrule.errors import ConfigError
from chainrule.optim import SCHEDULES, Cosine, Horizon, schedule_by_name


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_found_by_its_name(name: str) -> None:
    assert schedule_by_name(name) == SCHEDULES[name]()


def test_a_schedule_takes_its_settings() -> None:
    assert schedule_by_name("cosine", floor=0.1) == Cosine(0.1)


def test_a_misspelt_name_is_recognised() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'cosine'"):
        schedule_by_name("cosin")


def test_a_misspelt_setting_is_recognised() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'floor'"):
        schedule_by_name("cosine", flor=0.1)


def test_a_setting_of_a_schedule_without_settings_is_refused() -> None:
    with pytest.raises(ConfigError, match="Leave it out"):
        schedule_by_name("constant", floor=0.1)


def test_the_steps_of_a_horizon_are_those_of_all_epochs() -> None:
    assert Horizon(7, 3).steps == 21
