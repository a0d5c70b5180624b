"""One formula in three notations."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from chainrule import nn, optim
from chainrule.explain.notation import bracketed, figure, latex_figure, mathml, plain

FORMULAS = [
    formula
    for kind in (*nn.LAYERS.values(), *nn.LOSSES.values())
    for formula in (*kind.equations.forward, *kind.equations.backward.values())
] + [rule.equation for rule in optim.RULES.values()]


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{\partial J}{\partial W_{dm}}", "∂J/∂W[d,m]"),
        (r"\frac{1}{N} \sum_{n=1}^{N} x_{nd}", "1/N Σₙ x[n,d]"),
        (r"\sum_d w_d", "Σ_d w[d]"),
        (r"w^{(2)}_{rs} (1 - \left(z^{(2)}_{ns}\right)^2)", "w⁽²⁾[r,s] (1 − (z⁽²⁾[n,s])²)"),
        (r"b^{(2)}_r", "b⁽²⁾[r]"),
        (r"W_{0,2} \leftarrow W_{0,2} - \eta g", "W[0,2] ← W[0,2] − η g"),
        (r"\frac{a + b}{\sqrt{v} + \epsilon}", "(a + b)/(√v + ε)"),
        (r"\begin{cases} 1 & x > 0 \\ \alpha & x \le 0 \end{cases}", "{1 if x > 0; α if x ≤ 0}"),
        (r"\overbrace{x}^{y} + \underbrace{z}_{\text{2 more}}", "x + z"),
        (r"x^\top \hat m \cdot 10^{-5}", "xᵀ m̂ · 10⁻⁵"),
        (r"\text{hidden\_1}", "hidden_1"),
    ],
)
def test_a_formula_as_a_line(latex: str, text: str) -> None:
    assert plain(latex) == text


@pytest.mark.parametrize("formula", FORMULAS)
def test_every_formula_of_the_library_can_be_read_in_each_notation(formula: str) -> None:
    text = plain(formula)
    assert not set(text) & set("\\{}&\0") - ({"{", "}"} if "cases" in formula else set())
    assert ElementTree.fromstring(mathml(formula)).tag.endswith("math")
    for word in ("quad", "frac", "partial", "left", "right", "cdot"):
        assert word not in text


@pytest.mark.parametrize(
    ("value", "text", "latex"),
    [
        (0.0, "0", "0"),
        (-0.0, "0", "0"),
        (-1.5, "−1.5", "-1.5"),
        (1.23456e-7, "1.235·10⁻⁷", r"1.235 \cdot 10^{-7}"),
        (123456.0, "1.235·10⁵", r"1.235 \cdot 10^{5}"),
        (math.inf, "∞", r"\infty"),
        (math.nan, "NaN", r"\text{NaN}"),
    ],
)
def test_a_number_as_a_person_writes_it(value: float, text: str, latex: str) -> None:
    assert figure(value) == text
    assert latex_figure(value) == latex


def test_a_negative_factor_stands_in_brackets() -> None:
    assert bracketed(-0.5) == "(-0.5)"
    assert bracketed(0.5) == "0.5"
