"""L-BFGS as a stream: it finds minima, can be left at any time, and hands on what goes wrong."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import scipy.optimize

from chainrule.errors import ConfigError
from chainrule.optim import LBFGS

SCALES = np.array([1.0, 10.0, 0.1])
MINIMUM = np.array([3.0, -1.0, 0.5])


def quadratic(w: np.ndarray) -> tuple[float, np.ndarray]:
    """Return ½ Σ k (w - w*)² and its gradient."""
    return float(0.5 * (SCALES * (w - MINIMUM) ** 2).sum()), SCALES * (w - MINIMUM)


def rosenbrock(w: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the banana valley and its gradient."""
    return float(scipy.optimize.rosen(w)), scipy.optimize.rosen_der(w)


def threads() -> set[threading.Thread]:
    """Return what runs."""
    return set(threading.enumerate())


def test_the_minimum_of_a_quadratic_is_found() -> None:
    *_, (w, _) = LBFGS(tolerance=1e-10).iterate(quadratic, np.zeros(3), 100)
    np.testing.assert_allclose(w, MINIMUM, atol=1e-8)


def test_the_end_of_the_banana_valley_is_found() -> None:
    *_, (w, _) = LBFGS(tolerance=1e-10).iterate(rosenbrock, np.array([-1.2, 1.0]), 200)
    np.testing.assert_allclose(w, [1.0, 1.0], atol=1e-6)


def test_the_cost_that_is_told_is_that_of_the_weights_that_are_told() -> None:
    assert all(cost == quadratic(w)[0] for w, cost in LBFGS().iterate(quadratic, np.zeros(3), 100))


def test_the_cost_never_rises() -> None:
    costs = [cost for _, cost in LBFGS().iterate(rosenbrock, np.array([-1.2, 1.0]), 200)]
    assert (np.diff(costs) <= 0).all()


def test_at_most_so_many_iterations_are_made() -> None:
    assert len(list(LBFGS().iterate(rosenbrock, np.array([-1.2, 1.0]), 5))) == 5


def test_at_the_minimum_there_is_nothing_to_do() -> None:
    assert list(LBFGS().iterate(quadratic, MINIMUM, 10)) == []


def test_nothing_is_computed_before_the_first_iteration_is_asked_for() -> None:
    calls: list[int] = []
    LBFGS().iterate(lambda w: calls.append(1) or quadratic(w), np.zeros(3), 10)  # type: ignore[func-returns-value]
    assert calls == []


def test_nothing_is_computed_between_two_iterations() -> None:
    calls: list[int] = []

    def counted(w: np.ndarray) -> tuple[float, np.ndarray]:
        calls.append(1)
        return rosenbrock(w)

    search = LBFGS().iterate(counted, np.array([-1.2, 1.0]), 100)
    next(search)
    so_far = len(calls)
    threading.Event().wait(0.05)
    assert len(calls) == so_far
    search.close()  # type: ignore[attr-defined]


def test_a_search_that_is_left_ends_its_thread() -> None:
    before = threads()
    search = LBFGS().iterate(rosenbrock, np.array([-1.2, 1.0]), 100)
    next(search)
    search.close()  # type: ignore[attr-defined]
    assert threads() <= before


def test_a_search_that_is_finished_ends_its_thread() -> None:
    before = threads()
    list(LBFGS().iterate(quadratic, np.zeros(3), 100))
    assert threads() <= before


def test_an_error_in_the_cost_is_handed_on() -> None:
    def broken(w: np.ndarray) -> tuple[float, np.ndarray]:
        raise ZeroDivisionError("in the cost")

    with pytest.raises(ZeroDivisionError, match="in the cost"):
        next(LBFGS().iterate(broken, np.zeros(3), 10))


def test_an_error_in_a_later_iteration_is_handed_on_and_ends_the_thread() -> None:
    before = threads()
    calls: list[int] = []

    def breaking(w: np.ndarray) -> tuple[float, np.ndarray]:
        calls.append(1)
        if len(calls) > 6:
            raise ZeroDivisionError("in the cost")
        return rosenbrock(w)

    with pytest.raises(ZeroDivisionError):
        list(LBFGS().iterate(breaking, np.array([-1.2, 1.0]), 100))
    assert threads() <= before


def test_the_weights_that_are_given_are_not_written_to() -> None:
    w = np.zeros(3)
    w.setflags(write=False)
    assert list(LBFGS().iterate(quadratic, w, 5))


def test_weights_that_were_told_do_not_change_afterwards() -> None:
    told = [(w, w.copy()) for w, _ in LBFGS().iterate(quadratic, np.zeros(3), 100)]
    assert all(np.array_equal(w, copy) for w, copy in told)


@pytest.mark.parametrize("settings", [{"memory": 0}, {"tolerance": -1.0}, {"max_evaluations": 1.5}], ids=str)
def test_a_setting_out_of_its_range_is_named(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(settings))} of LBFGS"):
        LBFGS(**settings)  # type: ignore[arg-type]
