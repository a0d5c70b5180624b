"""What is printed comes out: whoever computes a product from its printed factors gets its printed result."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np
import pytest

from chainrule import mlp, nn
from chainrule.explain import derive, derive_output
from chainrule.explain.arithmetic import difference, exact, factor, plus, times
from chainrule.explain.derivation import Derivation
from chainrule.explain.notation import latex_figure
from tests.explain import cases
from tests.explain.cases import Case

SATURATED = [
    ("tanh, a unit at 1", "tanh", 12.0),
    ("tanh, a unit that rounds to 1", "tanh", 17.5),
    ("sigmoid, a unit at 1", "sigmoid", 20.0),
    ("sigmoid, a unit at 0", "sigmoid", -20.0),
]


def value_of(latex: str) -> float:
    """Compute what is printed, as a person would."""
    text = re.sub(r"\\underbrace\{(.*?)\}_\{\\text\{.*?\}\}", r"(\1)", latex)
    text = re.sub(r"\\t?frac\{(.*?)\}\{(.*)\}", r"((\1)/(\2))", text)
    text = text.replace(r"\left", "").replace(r"\right", "").replace(r"\cdot", "*").replace("{", "(").replace("}", ")")
    text = re.sub(r"(?<![\w.])e\^", "2.718281828459045^", text).replace("^", "**")
    # A bracket right after a number or a bracket is a factor.
    text = re.sub(r"(?<=[\d)])\s*(?=\()", "*", text)
    assert re.fullmatch(r"[\d.e+\-*/() ]+", text), latex
    return float(eval(text))


def equations(derivation: Derivation) -> Iterator[tuple[str, str]]:
    """Yield each sum, product or quotient that is printed with its result, as two pieces of LaTeX."""
    lines = [term.figures for term in derivation.terms]
    lines += [line for step in derivation.steps for line in step.lines]
    lines += derivation.update.lines if derivation.update is not None else ()
    for line in lines:
        left, _, right = re.sub(r".*\\leftarrow", "", line).rpartition(" = ")
        made = left.rpartition(" = ")[2] if "=" in left else left
        letters = re.sub(r"\\(cdot|t?frac|left|right|underbrace|text\{[^}]*\})|(?<![\w.])e\^", "", made)
        if made.strip() and not re.search(r"[a-zA-Z\\]", letters) and re.search(r"[ ^{]", made.strip()):
            yield made, right


def prove(derivation: Derivation) -> int:
    count = 0
    for made, result in equations(derivation):
        digits = 6 if derivation.update is not None and any(made in line for line in derivation.update.lines) else 4
        assert latex_figure(value_of(made), digits) == result.strip(), f"{made} = {value_of(made)!r}, not {result}"
        count += 1
    return count


@pytest.mark.parametrize("case", [*cases.dense_cases(), *cases.layer_cases()], ids=str)
def test_every_printed_product_and_sum_comes_out(case: Case) -> None:
    count = 0
    for address in case.addresses(np.random.default_rng(3), 4):
        derivation = derive(
            case.network, address, case.batch.x, case.batch.t, params=case.params, sample_weight=case.batch.w,
            context=case.context, penalty=nn.Penalty(l1=0.013, l2=0.17), learning_rate=0.37,
        )  # fmt: skip
        count += prove(derivation)
    assert count > 4


@pytest.mark.parametrize("loss", [*cases.dense_cases()[1:2], *cases.dense_cases()[7:8]], ids=str)
def test_every_line_of_an_output_comes_out(loss: Case) -> None:
    for row in (None, 0, 1):
        assert prove(derive_output(loss.network, 1, loss.batch.x, loss.batch.t, params=loss.params, row=row)) > 2


@pytest.mark.parametrize(
    "loss", [nn.BinaryCrossEntropy(), nn.Poisson(), nn.SquaredError(), nn.Pinball((0.3,)), nn.Huber(0.01)], ids=repr
)
@pytest.mark.parametrize("bias", [0.3, 3.0, -14.0])
def test_a_link_with_its_numbers_comes_out(loss: nn.Loss, bias: float) -> None:
    network = mlp((2,), [], 1, loss)
    params = {"output": {"W": np.array([[0.123456789], [0.7654321]]), "b": np.array([bias])}}
    assert prove(derive_output(network, 0, np.ones((1, 2)), np.ones((1, 1)), params=params)) >= 1


@pytest.mark.parametrize(("name", "activation", "bias"), SATURATED, ids=[name for name, *_ in SATURATED])
def test_a_slope_that_rounding_would_swallow_is_shown_by_its_own_value(name: str, activation: str, bias: float) -> None:
    network = mlp((2,), [2], 2, nn.SoftmaxCrossEntropy(), activation=activation)
    params = network.init(np.random.default_rng(0))
    params["hidden1"]["b"][...] = bias  # type: ignore[index]
    derivation = derive(network, "hidden1.W[1,0]", np.array([[0.3, 0.7]]), [1], params=params)
    assert derivation.total != 0
    assert prove(derivation) >= 3
    (term, *_) = derivation.terms
    assert "(1 - (-1)^2)" not in term.figures.replace("0.", "")


def test_an_output_that_is_all_but_right_shows_its_error_by_its_own_value() -> None:
    network = mlp((2,), [], 2, nn.SoftmaxCrossEntropy())
    params = {"output": {"W": np.zeros((2, 2)), "b": np.array([0.0, 27.0])}}
    derivation = derive(network, "output.W[0,1]", np.array([[0.3, 0.7]]), [1], params=params)
    assert "1 - 1" not in derivation.terms[0].figures
    assert prove(derivation) == 3


def test_no_more_digits_are_printed_than_the_result_needs() -> None:
    assert times([factor(0.5), factor(0.25)], 0.125) == r"0.5 \cdot 0.25"
    third = times([factor(1 / 3), factor(3.0)], 1.0)
    assert third == r"0.33333 \cdot 3"


def test_a_difference_of_nearly_equal_numbers_keeps_the_digits_that_make_it() -> None:
    text, value = difference(0.99998, 1.0, -2e-5)(4)
    assert (text, value) == ("(0.99998 - 1)", pytest.approx(-2e-5, rel=1e-6))
    text, value = difference(1 - 1e-12, 1.0, -1e-12)(4)
    assert (text, value) == (r"(-1 \cdot 10^{-12})", -1e-12)


def test_a_sum_that_nearly_cancels_carries_more_digits() -> None:
    assert plus([("", 0.123456, ""), ("", -0.123411, "")], 0.000045) == "0.123456 - 0.123411"


def test_what_cannot_come_out_ends() -> None:
    assert exact(lambda digits: (f"{digits}", 1.0), 2.0) == "17"


def test_the_evaluator_computes_as_a_person_does() -> None:
    assert value_of(r"\tfrac{1}{4} \cdot (0.5 - (-1)) \cdot 2 (1 - 0.5) \cdot 3 \cdot 10^{-2}") == pytest.approx(
        0.01125
    )
    assert value_of(r"-0.5 (1 - 0.25^2)") == pytest.approx(-0.46875)
    assert math.isclose(value_of(r"\frac{1}{1 + e^{-(-2)}}"), 1 / (1 + math.exp(2)))
