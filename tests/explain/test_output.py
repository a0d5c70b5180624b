"""Why it is y - t: for each loss, step by step, proven by number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chainrule import mlp, nn
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ChainruleError
from chainrule.explain import derive_output
from chainrule.explain.derivation import Derivation
from chainrule.nn.layer import Equations

LOSSES = {
    "softmax": nn.SoftmaxCrossEntropy(),
    "softmax, smoothed": nn.SoftmaxCrossEntropy(0.3),
    "binary": nn.BinaryCrossEntropy(),
    "squared": nn.SquaredError(),
    "poisson": nn.Poisson(),
    "huber on the parabola": nn.Huber(100.0),
    "pinball": nn.Pinball((0.1, 0.5, 0.8)),
    "huber on the line": nn.Huber(0.01),
}
RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(5, 2)), np.eye(3)[[0, 1, 2, 2, 1]]


def derived(loss: nn.Loss, **options: object) -> tuple[Derivation, np.ndarray]:
    network = mlp((2,), [4], 3, loss, activation="tanh")
    params = network.init(np.random.default_rng(1))
    w = options.get("sample_weight")
    rows = slice(None) if options.get("row") is None else slice(options["row"], options["row"] + 1)  # type: ignore[operator]
    a = network.forward(NUMPY, params, X[rows])
    _, cache = loss.forward(NUMPY, a, T[rows], None if w is None else np.asarray(w, float))
    return derive_output(network, 1, X, T, params=params, **options), loss.backward(NUMPY, cache)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{}, {"row": 3}, {"sample_weight": [1, 2, 0, 4, 5]}], ids=str)
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_the_terms_add_up_to_da_and_to_the_slope_by_number(loss: nn.Loss, options: dict[str, object]) -> None:
    derivation, da = derived(loss, **options)
    assert derivation.total == pytest.approx(da[:, 1].sum(), rel=1e-12)
    assert math.fsum(term.value for term in derivation.terms) == pytest.approx(derivation.total, rel=1e-9)
    assert derivation.check.agrees
    assert derivation.source.file == type(loss).__module__.replace(".", "/") + ".py"
    assert derivation.source.text.startswith("return")


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_the_last_step_has_the_number(loss: nn.Loss) -> None:
    derivation, _ = derived(loss, row=3)
    result = derivation.steps[-1].plain.splitlines()[-1]
    said = float(result.rpartition("= ")[2].replace("−", "-").replace("·10⁻⁵", "e-5"))
    assert said == pytest.approx(derivation.total, rel=1e-3)


def test_softmax_is_derived_as_in_the_course() -> None:
    derivation, _ = derived(nn.SoftmaxCrossEntropy(), row=0)
    formulas = "\n".join(step.plain for step in derivation.steps)
    for line in (
        "∂yₖ/∂aₖ = yₖ − yₖ² = yₖ (1 − yₖ)",
        "∂y[k']/∂aₖ = −y[k'] yₖ",
        "∂y[k']/∂aₖ = y[k'] (δ[kk'] − yₖ)",
        "= −tₖ + yₖ · 1 = yₖ − tₖ",
    ):
        assert line in formulas


def test_a_softmax_of_one_row_has_a_term_for_each_class() -> None:
    derivation, _ = derived(nn.SoftmaxCrossEntropy(), row=0)
    assert [term.neuron for term in derivation.terms] == ["output.0", "output.1", "output.2"]
    assert [term.value == 0 for term in derivation.terms] == [False, True, True]


def test_far_away_logits_overflow_nothing() -> None:
    network = mlp((2,), [], 3, nn.SoftmaxCrossEntropy())
    params = {"output": {"W": np.full((2, 3), 400.0) * [1, 2, 3], "b": np.zeros(3)}}
    derivation = derive_output(network, 2, np.ones((1, 2)), [0], params=params)
    assert derivation.total == pytest.approx(1.0)
    assert all(math.isfinite(number) for step in derivation.steps for number in step.numbers.values())


def test_many_classes_are_cut_and_nothing_is_lost() -> None:
    network = mlp((2,), [], 100, nn.SoftmaxCrossEntropy(0.1))
    params = network.init(np.random.default_rng(0))
    derivation = derive_output(network, "output[7]", X, [0, 1, 2, 3, 4], params=params, row=1, max_terms=9)
    assert (len(derivation.terms), derivation.n_terms) == (9, 100)
    assert math.fsum(term.value for term in derivation.terms) + derivation.rest == pytest.approx(derivation.total)


def test_a_loss_from_elsewhere_is_shown_by_its_equations() -> None:
    class Cube(nn.SquaredError):
        equations = Equations(forward=(r"J_n = \sum_k e_{nk}^2",), backward={"da": r"da = e_{nk}"})

    derivation, da = derived(Cube(), row=0)
    assert derivation.steps[0].title == "Cube"
    assert derivation.total == pytest.approx(da[0, 1])


@pytest.mark.parametrize("output", [3, -1, "output", "output[3]", "hidden[1]", 1.5])
def test_an_output_that_is_none_is_refused(output: object) -> None:
    network = mlp((2,), [], 3, nn.SoftmaxCrossEntropy())
    with pytest.raises(ChainruleError, match=r"output\[0\] to output\[2\]"):
        derive_output(network, output, X, T, params=network.init(np.random.default_rng(0)))  # type: ignore[arg-type]
