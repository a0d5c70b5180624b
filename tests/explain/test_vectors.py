"""derive_vector: a number of a word's vector, derived by hand, computed by the library and measured."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ConfigError, DataError
from chainrule.explain import derive_vector, html_worksheet, latex_worksheet
from chainrule.models.vectors import WordVectors

WORDS = ["king", "queen", "river", "seven"]


def fitted(model: str = "skipgram") -> Any:
    rng = np.random.default_rng(0)
    tables = [WordVectors(WORDS, rng.normal(size=(4, 5)).astype("float32")) for _ in range(2)]
    return SimpleNamespace(vectors_=tables[0], context_=tables[1], model=model)


def test_it_is_the_sum_by_hand_and_the_slope() -> None:
    model = fitted()
    found = derive_vector(model, "king", 3, near="queen", noise=["river", "seven"])
    v, J, total = np.array(model.vectors_["king"], float), 0.0, 0.0
    for word, t in (("queen", 1), ("river", 0), ("seven", 0)):
        u = np.array(model.context_[word], float)
        y = 1 / (1 + math.exp(-float(u @ v)))
        J -= math.log(y if t else 1 - y)
        total += (y - t) * u[3]
    assert found.total == pytest.approx(total, rel=1e-12)
    assert found.cost == pytest.approx(J, rel=1e-12)
    assert sum(term.value for term in found.terms) == pytest.approx(total, rel=1e-12)
    assert found.check.agrees
    assert found.check.analytic == pytest.approx(total, rel=1e-12)
    assert found.update is not None
    assert found.update.after == pytest.approx(v[3] - 0.025 * total)


def test_it_is_told_in_every_form() -> None:
    found = derive_vector(fitted(), "king", 3, near="queen", noise=["river", "seven"])
    assert "vector of queen, near it" in found.text
    assert "verdict    agrees" in found.text
    assert found.source.text.startswith("dv =")
    assert "king[3]" in html_worksheet([found])
    assert "partial J" in latex_worksheet([found])
    assert len(found.to_json()["terms"]) == 3


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"unit": 5}, "unit from 0 to 4"), ({"noise": []}, "noise words"), ({"noise": ["queen"]}, "none of them 'queen'")],
)
def test_what_cannot_be_derived_is_refused(changed: dict[str, Any], message: str) -> None:
    asked: dict[str, Any] = {"word": "king", "unit": 3, "near": "queen", "noise": ["river"]} | changed
    with pytest.raises(ConfigError, match=message):
        derive_vector(fitted(), **asked)


def test_words_without_vectors_and_cbow_are_refused() -> None:
    with pytest.raises(DataError, match="Did you mean 'king'"):
        derive_vector(fitted(), "kingg", 3, near="queen", noise=["river"])
    with pytest.raises(ConfigError, match="skip-gram"):
        derive_vector(fitted("cbow"), "king", 3, near="queen", noise=["river"])
