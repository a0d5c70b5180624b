"""The contract of a loss, checked for every registered loss."""

from __future__ import annotations

from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np
import pytest

from chainrule.engine import Engine, engine_by_name
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.nn import LOSSES, BinaryCrossEntropy, Huber, Loss, Pinball, Poisson, SoftmaxCrossEntropy, SquaredError
from chainrule.nn.loss import register
from chainrule.types import Array
from tests.contracts import checks
from tests.contracts.checks import LossCase, agreement, assert_close, cost, da, precision

CASES = [
    LossCase("squared error", SquaredError(), 3, "any"),
    LossCase("squared error of one output", SquaredError(), 1, "any"),
    LossCase("squared error, square", SquaredError(), 5, "any"),
    LossCase("huber", Huber(), 3, "any"),
    LossCase("huber with a wide middle", Huber(2.5), 2, "any"),
    LossCase("pinball", Pinball(), 3, "any"),
    LossCase("pinball of three quantiles", Pinball((0.1, 0.5, 0.8)), 3, "any"),
    LossCase("pinball of two quantiles, twice", Pinball((0.2, 0.9)), 4, "any"),
    LossCase("poisson", Poisson(), 2, "counts"),
    LossCase("binary cross-entropy", BinaryCrossEntropy(), 1, "binary"),
    LossCase("binary cross-entropy of many labels", BinaryCrossEntropy(), 4, "binary"),
    LossCase("softmax cross-entropy", SoftmaxCrossEntropy(), 3, "indicator"),
    LossCase("softmax cross-entropy, square", SoftmaxCrossEntropy(), 5, "indicator"),
    LossCase("softmax cross-entropy of a mixture", SoftmaxCrossEntropy(), 4, "mixture"),
    LossCase("softmax cross-entropy, smoothed", SoftmaxCrossEntropy(0.1), 3, "indicator"),
]
CASES += [
    replace(case, name=f"{case.name}, over {label}", places=places)
    for case in CASES
    if case.name in {"squared error", "huber", "pinball of three quantiles", "poisson"}
    or "labels" in case.name
    or case.loss.is_exclusive
    if case.outputs != 5
    for label, places in (("time", (4,)), ("a map", (2, 3)))
]
EXCLUSIVE = [case for case in CASES if case.targets == "indicator"]

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_engine = pytest.mark.parametrize("engine", checks.ENGINES)
with_and_without_mask = pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
with_and_without_weights = pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])


def asarray(engine: str, values: np.ndarray) -> Array:
    """Return the array on the engine, in its own dtype."""
    return jnp.asarray(values) if engine == "jax" else values


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


@with_and_without_mask
@with_and_without_weights
@every_case
def test_da_is_the_derivative_by_number(case: LossCase, weighted: bool, masked: bool) -> None:
    checks.check_loss_derivative(case, weighted, masked)


@with_and_without_mask
@with_and_without_weights
@every_case
def test_da_is_what_jax_derives_from_forward(case: LossCase, weighted: bool, masked: bool) -> None:
    checks.check_loss_automatic_derivative(case, weighted, masked)


@with_and_without_weights
@every_engine
@every_case
def test_what_is_masked_is_as_left_out_whatever_stands_there(case: LossCase, engine: str, weighted: bool) -> None:
    a, t, mask = case.a(), case.t(), case.mask()
    w = np.broadcast_to(case.w().reshape(-1, *(1,) * len(case.places)), mask.shape).copy() if weighted else None
    # As vectors in a row: each place that counts is a sample.
    alone = (a[mask], t[mask], None if w is None else w[mask])
    a[~mask], t[~mask] = np.inf, np.nan
    xp = engine_by_name(engine).xp
    with precision(engine, "float64"), np.errstate(invalid="ignore"):
        given = [None if part is None else asarray(engine, part) for part in (a, t, w, mask)]
        J, gradient = (np.asarray(of(case, *given[:3], xp, given[3])) for of in (cost, da))
    assert_close(J, cost(case, *alone), agreement(np.float64))
    assert_close(gradient[mask], da(case, *alone), agreement(np.float64))
    assert not gradient[~mask].any()


@every_case
def test_a_mask_of_numbers_is_one_of_truths(case: LossCase) -> None:
    a, t, mask = case.a().astype(np.float32), case.t().astype(np.float32), case.mask()
    by_number = cost(case, a, t, mask=mask.astype(int))
    assert by_number == cost(case, a, t, mask=mask)
    assert by_number.dtype == np.float32


@every_case
def test_a_weight_of_a_sample_is_that_of_each_of_its_places(case: LossCase) -> None:
    w = case.w().reshape(-1, *(1,) * len(case.places))
    of_places = np.broadcast_to(w, (5, *case.places))
    a, t = case.a(), case.t()
    assert_close(cost(case, a, t, case.w()), cost(case, a, t, of_places), agreement(np.float64))
    assert_close(da(case, a, t, case.w()), da(case, a, t, of_places), agreement(np.float64))


@every_case
def test_a_place_of_weight_k_is_k_places(case: LossCase) -> None:
    a, t = case.a(), case.t()
    k = case.rng("k").integers(0, 4, (5, *case.places))
    k[0] = 2
    flat_a, flat_t = (np.repeat(part.reshape(-1, case.outputs), k.reshape(-1), axis=0) for part in (a, t))
    assert_close(cost(case, a, t, k.astype(float)), cost(case, flat_a, flat_t), agreement(np.float64))


@with_and_without_weights
@every_engine
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
@pytest.mark.parametrize("case", EXCLUSIVE, ids=str)
def test_class_numbers_are_what_their_indicators_are(case: LossCase, dtype: type, engine: str, weighted: bool) -> None:
    a, t, w = case.a(), case.t(), case.w() if weighted else None
    xp = engine_by_name(engine).xp
    with precision(engine, "float64"):
        given = [None if part is None else asarray(engine, part) for part in (a, t.argmax(axis=-1).astype(dtype), w)]
        by_number = [np.asarray(of(case, *given, xp)) for of in (cost, da)]
    for actual, of in zip(by_number, (cost, da), strict=True):
        assert_close(actual, of(case, a, t, w), agreement(np.float64))


@every_engine
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float64"])
@every_case
def test_targets_and_weights_of_another_dtype_leave_float32_alone(case: LossCase, dtype: str, engine: str) -> None:
    a, t, w = case.a().astype(np.float32), np.round(case.t()).clip(0).astype(dtype), np.arange(5).astype(dtype)
    xp = engine_by_name(engine).xp
    with precision(engine, "float64"):
        given = [asarray(engine, part) for part in (a, t, w)]
        assert [str(of(case, *given, xp).dtype) for of in (cost, da)] == ["float32"] * 2
    assert_close(cost(case, a, t, w), cost(case, a, t.astype(np.float32), w.astype(np.float32)), 0)


@every_case
def test_a_loss_that_needs_targets_asks_for_them(case: LossCase) -> None:
    with pytest.raises(DataError, match=f"targets t for the loss {type(case.loss).__name__}; got None"):
        cost(case, case.a(), None)


@every_case
def test_targets_of_the_case_are_found_to_be_in_order(case: LossCase) -> None:
    case.loss.check_targets((*case.places, case.outputs), case.t())


@every_case
def test_targets_of_another_shape_are_refused_with_the_right_one(case: LossCase) -> None:
    with pytest.raises(ShapeError, match=rf"t of shape \({', '.join(map(str, case.t().shape))}"):
        case.loss.check_targets((*case.places, case.outputs), np.concatenate([case.t(), case.t()], axis=-1))


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


def test_a_second_loss_class_of_the_same_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="a second 'Huber'"):
        register(type("Huber", (SquaredError,), {}))
    assert LOSSES["Huber"] is Huber
