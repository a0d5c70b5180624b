"""The likelihood of a small Boltzmann machine, derived: the sum comes out, and it is the slope of the exact cost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from chainrule import BernoulliRBM, GaussianRBM
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.explain import derive_likelihood
from chainrule.nn.boltzmann import Boltzmann

RNG = np.random.default_rng(0)
V = RNG.integers(0, 2, (5, 4)).astype(float)
MACHINE: Any = SimpleNamespace(
    machine_=Boltzmann(), params_={"W": RNG.normal(size=(4, 3)), "b": RNG.normal(size=4), "c": RNG.normal(size=3)}
)


@pytest.mark.parametrize("weight", ["W[0,0]", "W[3,2]", "b[1]", "c[2]"])
def test_the_summands_add_up_to_the_slope_of_the_exact_cost(weight: str) -> None:
    derivation = derive_likelihood(MACHINE, weight, V, max_terms=12)
    assert derivation.check.agrees, derivation.check
    assert derivation.check.analytic == pytest.approx(derivation.gradient, rel=1e-12)
    assert len(derivation.terms) == 12
    assert derivation.n_terms == 5 + 16
    assert sum(term.value for term in derivation.terms) + derivation.rest == pytest.approx(derivation.total, rel=1e-12)
    numbers = next(step.numbers for step in derivation.steps if step.name == "numbers")
    assert numbers["model"] - numbers["data"] == pytest.approx(derivation.total, rel=1e-12)


def test_the_cost_is_minus_the_mean_exact_log_likelihood_of_the_estimator() -> None:
    model = BernoulliRBM(3, n_iter=5, random_state=0, engine="numpy").fit(V)
    derivation = derive_likelihood(model, "W[1,2]", V)
    assert derivation.cost == pytest.approx(-model.log_likelihood(V).mean(), rel=1e-12)


def test_every_form_can_be_shown() -> None:
    derivation = derive_likelihood(MACHINE, "W[0,1]", V)
    assert "⟨ v₀ h₁ ⟩" in derivation.text
    assert "Boltzmann.statistics" in derivation.text
    assert "verdict    agrees" in derivation.text
    assert "<math" in derivation._repr_html_()
    assert r"\langle" in derivation.latex
    assert derivation.to_json()["of"] == "W[0,1]"


@pytest.mark.parametrize(
    ("error", "subject", "weight", "X", "told"),
    [
        (ConfigError, GaussianRBM(2, n_iter=0).fit(V), "W[0,0]", V, "off or on"),
        (DataError, BernoulliRBM(2, n_iter=0).fit(np.zeros((2, 13))), "W[0,0]", np.zeros((2, 13)), "at most 12"),
        (ShapeError, MACHINE, "W[0,0]", V[:, :3], r"X of shape \(N, 4\)"),
        (ConfigError, MACHINE, "W[0,7]", V, "from 0 to 2"),
    ],
)
def test_what_cannot_be_derived_is_refused(error: Any, subject: Any, weight: str, X: np.ndarray, told: str) -> None:
    with pytest.raises(error, match=told):
        derive_likelihood(subject, weight, X)
