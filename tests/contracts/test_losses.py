"""The contract of a loss, checked for every registered loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule.engine import Engine, engine_by_name
from chainrule.engine.numpy import NUMPY
from chainrule.nn import LOSSES, BinaryCrossEntropy, Huber, Loss, Poisson, SoftmaxCrossEntropy, SquaredError
from chainrule.types import Array
from tests.contracts import checks
from tests.contracts.checks import LossCase

CASES = [
    LossCase("squared error", SquaredError(), 3, "any"),
    LossCase("squared error of one output", SquaredError(), 1, "any"),
    LossCase("squared error, square", SquaredError(), 5, "any"),
    LossCase("huber", Huber(), 3, "any"),
    LossCase("huber with a wide middle", Huber(2.5), 2, "any"),
    LossCase("poisson", Poisson(), 2, "counts"),
    LossCase("binary cross-entropy", BinaryCrossEntropy(), 1, "binary"),
    LossCase("binary cross-entropy of many labels", BinaryCrossEntropy(), 4, "binary"),
    LossCase("softmax cross-entropy", SoftmaxCrossEntropy(), 3, "indicator"),
    LossCase("softmax cross-entropy, square", SoftmaxCrossEntropy(), 5, "indicator"),
    LossCase("softmax cross-entropy of a mixture", SoftmaxCrossEntropy(), 4, "mixture"),
    LossCase("softmax cross-entropy, smoothed", SoftmaxCrossEntropy(0.1), 3, "indicator"),
]

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_engine = pytest.mark.parametrize("engine", checks.ENGINES)
with_and_without_weights = pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])


@dataclass(frozen=True)
class Through:
    """The program of a loss's method of one argument."""

    loss: Loss
    method: str

    def __call__(self, engine: Engine, values: Array) -> Array:
        """Return what the method makes of the values."""
        return getattr(self.loss, self.method)(engine.xp, values)


@pytest.mark.parametrize("kind", LOSSES)
def test_every_registered_loss_has_a_case(kind: str) -> None:
    assert kind in {type(case.loss).__name__ for case in CASES}


@with_and_without_weights
@every_case
def test_da_is_the_derivative_by_number(case: LossCase, weighted: bool) -> None:
    checks.check_loss_derivative(case, weighted)


@with_and_without_weights
@every_case
def test_da_is_what_jax_derives_from_forward(case: LossCase, weighted: bool) -> None:
    checks.check_loss_automatic_derivative(case, weighted)


@every_case
def test_numpy_and_jax_agree(case: LossCase) -> None:
    checks.check_loss_engines_agree(case)


@every_case
def test_the_cost_is_a_mean(case: LossCase) -> None:
    checks.check_loss_averages(case)


@every_case
def test_a_weight_of_k_is_k_repetitions(case: LossCase) -> None:
    checks.check_loss_repetition(case)


@every_case
def test_rows_of_weight_zero_do_not_count(case: LossCase) -> None:
    checks.check_loss_weightless_rows(case)


@every_case
def test_a_batch_of_no_weight_costs_nothing(case: LossCase) -> None:
    assert checks.cost(case, case.a(), case.t(), np.zeros(5)) == 0


@every_case
def test_a_batch_of_no_weight_has_no_gradient(case: LossCase) -> None:
    assert not checks.da(case, case.a(), case.t(), np.zeros(5)).any()


@every_engine
@every_case
def test_unlink_gives_logits_of_the_same_predictions(case: LossCase, engine: str) -> None:
    machine = engine_by_name(engine, "float64")
    link, unlink = (machine.compile(Through(case.loss, name)) for name in ("link", "unlink"))
    y = machine.numpy(link(machine.array(case.a())))
    np.testing.assert_allclose(machine.numpy(link(unlink(machine.array(y)))), y, rtol=1e-12)
    # What is rounded to 0 or 1 has finite logits, in float32 too.
    certain = np.round(y) if case.t().max() <= 1 else np.zeros_like(y)
    assert np.isfinite(case.loss.unlink(NUMPY, certain.astype(np.float32))).all()


@every_case
def test_a_perfect_prediction_is_the_optimum(case: LossCase) -> None:
    checks.check_loss_optimum(case)


@with_and_without_weights
@every_engine
@every_case
def test_float32_stays_float32(case: LossCase, engine: str, weighted: bool) -> None:
    checks.check_loss_float32_stays(case, engine, weighted)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_engine
@every_case
def test_huge_logits_do_not_overflow(case: LossCase, engine: str, dtype: str) -> None:
    checks.check_loss_extremes(case, engine, dtype)


@every_case
def test_nothing_that_is_given_is_written_to(case: LossCase) -> None:
    checks.check_loss_read_only(case)


@every_case
def test_the_equations_are_complete(case: LossCase) -> None:
    checks.check_loss_equations(case)


@every_case
def test_the_spec_survives_json(case: LossCase) -> None:
    checks.check_loss_spec_round_trip(case)


@every_case
def test_a_loss_is_a_value(case: LossCase) -> None:
    checks.check_value_semantics(case.loss)


@every_case
def test_da_moves_predictions_towards_the_targets(case: LossCase) -> None:
    a, t = case.a(), case.t()
    step = 0.01 * checks.da(case, a, t)
    assert checks.cost(case, a - step, t) < checks.cost(case, a, t)
