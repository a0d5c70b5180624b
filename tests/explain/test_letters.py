"""What stands in the formulas is what is computed: each formula is worked out again from what it shows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from chainrule import nn
from chainrule.engine.numpy import NUMPY
from chainrule.explain import derive
from chainrule.explain.letters import grouped, put, under
from chainrule.explain.notation import plain
from tests.explain import cases

Slope = Callable[[np.ndarray, np.ndarray], np.ndarray]
# Each activation's formula for dy/dx as it is shown, and the same by hand.
LOCAL: dict[str, tuple[str, Slope]] = {
    "identity": ("1", lambda x, y: np.ones_like(x)),
    "sigmoid": ("y (1 − y)", lambda x, y: y * (1 - y)),
    "tanh": ("(1 − y²)", lambda x, y: 1 - y**2),
    "relu": ("[x > 0]", lambda x, y: (x > 0) * 1.0),
    "leaky_relu": ("{1 if x > 0; α if x ≤ 0}", lambda x, y: np.where(x > 0, 1, 0.01)),
    "elu": ("{1 if x > 0; y + α if x ≤ 0}", lambda x, y: np.where(x > 0, 1, y + 1)),
    "gelu": (
        "(Φ(x) + x 1/√(2π) e^(−x²/2))",
        lambda x, y: norm.cdf(x) + x / math.sqrt(2 * math.pi) * np.exp(-(x**2) / 2),
    ),
    "silu": ("(σ(x) + y (1 − σ(x)))", lambda x, y: expit(x) + y * (1 - expit(x))),
    "softplus": ("σ(x)", lambda x, y: expit(x)),
}


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_the_slope_that_is_shown_is_the_slope_that_is_computed(name: str) -> None:
    layer = nn.ACTIVATIONS[name]
    shown, by_hand = LOCAL[name]
    assert plain(layer.equations.local) == shown
    x = np.random.default_rng(0).normal(size=(20, 3))
    y, cache = layer.forward(NUMPY, {}, x, cases.Context())
    dx, _ = layer.backward(NUMPY, {}, cache, np.ones_like(x))
    np.testing.assert_allclose(dx, by_hand(x, y), rtol=1e-12)


def worked_out(figures: str) -> float:
    """Return what a product of shown numbers comes to."""
    text = plain(figures).replace("−", "-").replace("·", "*").replace("²", "**2")
    text = re.sub(
        r"10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "10.0**" + m[1].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")), text
    )
    text = re.sub(r"(?<=[\d)]) (?=\()", " * ", text)
    return float(eval(text, {"__builtins__": {}}))


@pytest.mark.parametrize("case", cases.dense_cases(), ids=str)
def test_the_numbers_that_are_shown_multiply_to_the_value(case: cases.Case) -> None:
    seen = 0
    for address in case.addresses(np.random.default_rng(6), 4):
        derivation = derive(
            case.network, address, case.batch.x, case.batch.t, params=case.params, sample_weight=case.batch.w
        )
        for term in derivation.terms:
            product, _, value = term.figures.rpartition(" = ")
            assert worked_out(value) == pytest.approx(term.value, rel=1e-3)
            # Four digits each; 0.9987 - 1 has only two of them left.
            lost = re.search(r"\(0\.9[89]\d* - 1\)|\(1 - 0\.9[89]|\(1 - \(-0\.9[89]", product)
            if not lost:
                assert worked_out(product) == pytest.approx(term.value, rel=1e-2)
                seen += 1
    assert seen


def test_letters_are_put_into_a_formula() -> None:
    assert put("1 - y^2", y="z_{nm}") == "1 - z_{nm}^2"
    assert put("1 - y^2", y="z^{(2)}_{nr}") == r"1 - \left(z^{(2)}_{nr}\right)^2"
    assert put("e^x + \\exp(x)", x="a_{nk}") == r"e^{a_{nk}} + \exp(a_{nk})"
    assert put("1 - y^2", y="(-0.5)") == "1 - (-0.5)^2"


def test_indices_are_written_together_or_with_commas() -> None:
    assert (under("n", "k"), under("0", "12"), under("n", "i_{1}")) == ("nk", "0,12", "n,i_{1}")


@pytest.mark.parametrize(
    ("formula", "factor"),
    [("y - t", "(y - t)"), ("(1 - y^2)", "(1 - y^2)"), ("y (1 - y)", "y (1 - y)"), ("a b", "a b")],
)
def test_a_sum_is_bracketed_as_a_factor(formula: str, factor: str) -> None:
    assert grouped(formula) == factor


def test_the_course_letters_of_one_two_and_three_layers() -> None:
    by_name = {case.name: case for case in cases.dense_cases()}

    def letters(name: str, address: str) -> set[str]:
        case = by_name[name]
        return {
            plain(letter.latex)
            for letter in derive(case.network, address, case.batch.x, case.batch.t, params=case.params).letters
        }

    assert {"x[n,d]", "W[d,k]", "bₖ", "a[n,k]", "y[n,k]", "t[n,k]", "J"} == letters(
        "logistic regression on iris", "output.W[0,0]"
    )
    assert {"W[d,m]", "z[n,m]", "V[m,k]", "cₖ"} <= letters("xor", "hidden1.W[0,0]")
    assert {"w⁽¹⁾[q,r]", "z⁽²⁾[n,r]", "w⁽²⁾[r,s]", "z⁽³⁾[n,s]", "w⁽³⁾[s,k]"} <= letters(
        "donut, two hidden layers", "hidden1.W[0,0]"
    )
