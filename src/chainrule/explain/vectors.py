"""derive_vector: the derivative of negative sampling's cost by one number of a word's vector, written out and proven."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.constraints import Range
from chainrule.engine.functions import expit
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError
from chainrule.explain.arithmetic import difference, factor, times
from chainrule.explain.check import Check
from chainrule.explain.derivation import Derivation
from chainrule.explain.ground import ground_of, one_of
from chainrule.explain.matrices import window
from chainrule.explain.notation import latex_figure
from chainrule.explain.parts import Letter, SourceLine, Step, Term, Vectorised
from chainrule.explain.update import moved
from chainrule.optim import GradientDescent
from chainrule.train.negative_sampling import NegativeSampling
from chainrule.types import PREDICT, Batch, as_dense


def derive_vector(
    subject: Any, word: str, unit: int, *, near: str, noise: Sequence[str], learning_rate: float = 0.025
) -> Derivation:
    """Return the derivative of a skip-gram pair's cost by one number of the vector of its centre.

    Parameters
    ----------
    subject : Word2Vec
        A fitted one, of skip-gram.
    word : str
        The centre.
    unit : int
        Which number of its vector, from 0.
    near : str
        The word near it.
    noise : sequence of str
        The words that stand for those that are not; none of them `near` itself.
    learning_rate : float
        η of the update.

    Raises
    ------
    ConfigError
        If there is no such number, no noise, or the vectors are CBOW's.
    DataError
        If a word has no vector.
    """
    E, U = subject.vectors_, subject.context_
    if subject.model != "skipgram":
        raise ConfigError(
            "vectors of skip-gram, whose pairs are derived", f"{subject.model!r}", "Fit with model='skipgram'."
        )
    if not Range(int, 0, E.units - 1).accepts(unit):
        raise ConfigError(f"a unit from 0 to {E.units - 1}", f"{unit!r:.40}", "Units count from 0.")
    if isinstance(noise, str) or not noise or near in noise:
        raise ConfigError(f"a list of noise words, none of them {near!r}", f"{noise!r:.60}", "Name some other words.")
    others = [near, *noise]
    u = np.array([U[other] for other in others], np.float64)
    v = np.array(E[word], np.float64)
    y = expit(u @ v)
    t = np.eye(len(others))[0]
    da = y - t
    terms = tuple(_term(j, unit, others[j], y[j], t[j], u[j, unit], da[j] * u[j, unit]) for j in range(len(others)))
    check, cost = _checked(v, u, unit)
    symbol = f"v_{{{unit}}}"
    total = float(da @ u[:, unit])
    return Derivation(
        of=f"{word}[{unit}]",
        title=rf"\frac{{\partial J}}{{\partial {symbol}}}",
        letters=_letters(word, others),
        steps=_steps(symbol, unit, total, len(others)),
        rows=(0,),
        terms=terms,
        n_terms=len(terms),
        rest=0.0,
        total=total,
        neurons=(),
        penalty=None,
        cost=cost,
        vectorised=Vectorised(
            (r"dv = (y - t) \cdot U",),
            (
                window("y - t", "the derivative by the scores", da[None]),
                window("U", "the vectors of the words beside", u, column=unit),
                window("dv", "the derivative by the vector", (da @ u)[None], column=unit, result=True),
            ),
        ),
        update=moved(GradientDescent(), symbol, float(v[unit]), total, learning_rate),
        check=check,
        source=_source(),
    )


def _letters(word: str, others: Sequence[str]) -> tuple[Letter, ...]:
    found = [
        Letter("v", f"vector of the centre, {word}"),
        *(Letter(f"u_{{{j}}}", f"vector of {other}, {'noise' if j else 'near it'}") for j, other in enumerate(others)),
        Letter("a_j", "score of the centre and word j"),
        Letter("y_j", "probability that they are near each other"),
        Letter("t_j", "target: 1 for the word near, 0 for noise"),
        Letter("J", "cost of the pair"),
    ]
    return tuple(found)


def _steps(symbol: str, unit: int, total: float, n: int) -> tuple[Step, ...]:
    dJ, da = rf"\frac{{\partial J}}{{\partial {symbol}}}", rf"\frac{{\partial a_j}}{{\partial {symbol}}}"
    return (
        Step("forward", "Forward", "Each word is told apart by a logistic regression.", (
            r"a_j = \sum_i u_{ji} v_i", r"y_j = \sigma(a_j) = \frac{1}{1 + e^{-a_j}}",
        )),
        Step("cost", "The cost", "The cross-entropy of all of them: word 0 is near, the others are noise.", (
            r"J = - \log y_0 - \sum_{j > 0} \log (1 - y_j)",
        )),
        Step("total", "The chain rule", "The vector is in every score.", (
            rf"{dJ} = \sum_j \frac{{\partial J}}{{\partial a_j}} {da}",
        )),
        Step("factors", "The factors", "As for every logistic output with its cross-entropy; and a score is linear in v.", (
            r"\frac{\partial J}{\partial a_j} = y_j - t_j", rf"{da} = u_{{j,{unit}}}",
        )),
        Step("numbers", "The numbers", f"One summand for each of the {n} words.", (
            rf"{dJ} = \sum_j (y_j - t_j) u_{{j,{unit}}} = {latex_figure(total)}",
        ), {"sum": total}, worked=True),
    )  # fmt: skip


def _term(j: int, unit: int, word: str, y: float, t: float, u: float, value: float) -> Term:
    figures = f"{times([difference(float(y), float(t), float(y - t)), factor(float(u))], float(value))}"
    return Term(
        row=None,
        path=(word,),
        neuron=word,
        symbols=rf"(y_{{{j}}} - t_{{{j}}}) \cdot u_{{{j},{unit}}}",
        figures=f"{figures} = {latex_figure(float(value))}",
        value=float(value),
        given=((f"y_{{{j}}}", float(y)), (f"u_{{{j},{unit}}}", float(u))),
    )


def _checked(v: np.ndarray, u: np.ndarray, unit: int) -> tuple[Check, float]:
    """What the library computes for a passage of this pair alone, beside the slope of its cost; and the cost.

    The words are numbered anew: the centre is 0, the word near it 1, the noise 2 and on.
    """
    n = len(u) + 1
    params = {"E": np.zeros((n, len(v))), "U": np.vstack((np.zeros(len(v)), u))}
    params["E"][0] = v
    passage = Batch(
        {
            "words": np.array([[0, 0, 1]]),
            "sentences": np.array([[-1, 0, 0]]),
            "reach": np.array([[1]]),
            "noise": np.arange(2, n)[None],
        }
    )
    objective = NegativeSampling(n, len(v), negative=n - 2)
    J, grads = objective.loss_and_grads(NUMPY, params, passage, PREDICT)
    dE = as_dense(NUMPY, grads["E"])
    ground = ground_of(objective, params, passage, PREDICT)
    return ground.check(float(dE[0, unit]), "E", one_of(params, "E", (0, unit))), float(J)


def _source() -> SourceLine:
    lines, start = inspect.getsourcelines(NegativeSampling._skipgram)
    at = next(i for i, line in enumerate(lines) if line.strip().startswith("dv ="))
    path = Path(inspect.getsourcefile(NegativeSampling) or "")
    return SourceLine("/".join(path.parts[-3:]), start + at, lines[at].strip(), "NegativeSampling._skipgram")
