"""The contract of a schedule: a factor on the learning rate, pure, for many steps at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule.errors import ConfigError
from chainrule.optim import (
    SCHEDULES,
    Constant,
    Cosine,
    CosLog4,
    Exponential,
    FlatCos,
    Horizon,
    InverseScaling,
    OneCycle,
    Schedule,
    StepDecay,
    WarmUp,
)
from chainrule.optim.schedule import register
from tests.contracts.checks import agreement, assert_close

HORIZON = Horizon(steps_per_epoch=5, epochs=20)


@dataclass(frozen=True)
class ScheduleCase:
    """A schedule, its factors at both ends of training, the step at which it is highest, and that height."""

    schedule: Schedule
    first: float
    last: float
    peak: int | None = 0
    top: float = 1.0


CASES = [
    ScheduleCase(Constant(), 1.0, 1.0),
    ScheduleCase(StepDecay(every=10, drop=0.5), 1.0, 0.5),
    ScheduleCase(StepDecay(every=4, drop=0.1), 1.0, 1e-4),
    ScheduleCase(InverseScaling(), 1.0, 0.1),
    ScheduleCase(InverseScaling(power=1.0), 1.0, 0.01),
    ScheduleCase(Exponential(0.9), 1.0, 0.9 ** (99 / 5)),
    ScheduleCase(Cosine(), 1.0, 0.0),
    ScheduleCase(Cosine(floor=0.2), 1.0, 0.2),
    # 10 of 100 steps warm up: 0.1, 0.2, … 1; the last step is the 89th of 90 on the cosine.
    ScheduleCase(WarmUp(share=0.1), 0.1, 0.5 * (1 + np.cos(np.pi * 89 / 90)), peak=9),
    # Up and down four times, so that it has no single peak.
    ScheduleCase(CosLog4(), 0.0, 0.0, peak=None, top=0.999),
    ScheduleCase(FlatCos(), 1.0, 0.0),
    ScheduleCase(FlatCos(share=0.8), 1.0, 0.0),
    ScheduleCase(OneCycle(), 0.04, 0.0001, peak=30, top=0.9999),
]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case.schedule))
every_single = pytest.mark.parametrize(
    "case", [case for case in CASES if case.peak is not None], ids=lambda case: repr(case.schedule)
)


def factors(schedule: Schedule, horizon: Horizon = HORIZON) -> np.ndarray:
    """Return the factors of all steps."""
    return schedule.factor(np.arange(horizon.steps), horizon)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_registered_schedule_has_a_case(name: str) -> None:
    assert SCHEDULES[name] in {type(case.schedule) for case in CASES}


@every_case
def test_there_is_one_finite_float_for_each_step(case: ScheduleCase) -> None:
    result = factors(case.schedule)
    assert (result.shape, result.dtype, bool(np.isfinite(result).all())) == ((100,), np.dtype(float), True)


@every_case
def test_the_first_factor_is_as_promised(case: ScheduleCase) -> None:
    assert_close(factors(case.schedule)[0], case.first, agreement(np.float64))


@every_case
def test_the_last_factor_is_as_promised(case: ScheduleCase) -> None:
    assert_close(factors(case.schedule)[-1], case.last, agreement(np.float64))


@every_case
def test_the_rate_that_was_set_is_the_highest(case: ScheduleCase) -> None:
    assert case.top <= factors(case.schedule).max() <= 1.0


@every_single
def test_it_rises_to_the_peak(case: ScheduleCase) -> None:
    assert case.peak is not None
    assert (np.diff(factors(case.schedule)[: case.peak + 1]) >= 0).all()


@every_single
def test_it_never_rises_after_the_peak(case: ScheduleCase) -> None:
    assert (np.diff(factors(case.schedule)[case.peak :]) <= 0).all()


@every_case
def test_a_part_of_the_steps_has_the_factors_of_the_whole(case: ScheduleCase) -> None:
    part = case.schedule.factor(np.arange(40, 60), HORIZON)
    assert np.array_equal(part, factors(case.schedule)[40:60])


@every_case
@pytest.mark.parametrize("horizon", [Horizon(1, 1), Horizon(1, 2), Horizon(3, 1)], ids=repr)
def test_the_shortest_trainings_have_factors_too(case: ScheduleCase, horizon: Horizon) -> None:
    assert np.isfinite(factors(case.schedule, horizon)).all()


@every_case
def test_a_schedule_is_a_value(case: ScheduleCase) -> None:
    assert hash(type(case.schedule)(**vars(case.schedule))) == hash(case.schedule)


def test_step_drops_between_two_epochs() -> None:
    result = factors(StepDecay(every=3, drop=0.5))
    assert (result[14], result[15]) == (1.0, 0.5)


def test_exponential_takes_its_decay_in_an_epoch() -> None:
    result = factors(Exponential(0.9))
    assert_close(result[5] / result[0], 0.9, agreement(np.float64))


def test_cosine_is_half_way_in_the_middle() -> None:
    middle = Cosine(floor=0.2).factor(np.array([5]), Horizon(1, 11))
    assert_close(middle, [0.6], agreement(np.float64))


def test_a_second_schedule_of_the_same_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="a second 'cosine'"):
        register("cosine")(Constant)
    assert SCHEDULES["cosine"] is not Constant


def test_coslog4_is_at_the_top_in_the_middle_of_each_of_four_waves() -> None:
    # log2(1 + 15 t) is 1/2, 3/2, 5/2, 7/2 at the tops, and 1, 2, 3, 4 between them.
    share = (2.0 ** np.array([0.5, 1.5, 2.5, 3.5, 1, 2, 3]) - 1) / 15
    found = CosLog4().factor(share * 1000, Horizon(1, 1001))
    assert_close(found, [1, 1, 1, 1, 0, 0, 0], agreement(np.float64))


def test_flat_cos_is_flat_and_then_half_way_in_the_middle_of_the_rest() -> None:
    assert_close(FlatCos().factor(np.array([0, 5, 7.5, 10]), Horizon(1, 11)), [1, 1, 0.5, 0], agreement(np.float64))
