"""The derivative of a Boltzmann machine's likelihood by one weight: what the data say less what the model says, summed whole."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.explain import address, source
from chainrule.explain.check import Check, judged
from chainrule.explain.derivation import Derivation
from chainrule.explain.matrices import window
from chainrule.explain.notation import bracketed, latex_figure
from chainrule.explain.parts import Letter, SourceLine, Step, Term, Vectorised
from chainrule.explain.slope import Point, measure
from chainrule.explain.update import moved
from chainrule.nn.boltzmann import Boltzmann
from chainrule.optim import GradientDescent

TERMS = 40
# 2¹² rows of the model can still be gone through for each look at the slope.
_MOST = 12


def derive_likelihood(
    subject: Any, weight: str, X: Any, *, learning_rate: float = 0.1, max_terms: int = TERMS
) -> Derivation:
    """Return the derivative of J = -mean log p(v) by one weight or bias of a small machine, with every number.

    The model's part, which training replaces by rows that the machine dreams, is summed over all states of the visible
    units, and the whole is proven by the slope of the exact log likelihood.

    Parameters
    ----------
    subject : BernoulliRBM
        Or whatever has a `machine_` and its `params_` W (D, H), b (D,) and c (H,).
    weight : str
        `W[i,h]` from visible unit i to hidden unit h, `b[i]` or `c[h]`; indices count from 0.
    X : array (N, D)
    learning_rate : float
        η of the step of gradient descent that is shown.
    max_terms : int
        So many summands are written out at most; the sum of the others is given.

    Raises
    ------
    ConfigError, DataError, ShapeError
        If it is no machine of units that are off or on, has more than 12 visible units, or X has other columns.
    """
    machine = getattr(subject, "machine_", None)
    if not isinstance(machine, Boltzmann) or machine.is_gaussian:
        raise ConfigError("a Boltzmann machine of units that are off or on", f"{subject!r:.60}", "Fit BernoulliRBM.")
    params = {name: np.asarray(subject.params_[name], np.float64) for name in ("W", "b", "c")}
    v = np.atleast_2d(np.asarray(X, np.float64))
    D = len(params["b"])
    if D > _MOST:
        raise DataError(f"at most {_MOST} visible units", f"{D}", "Take a smaller machine: all its states are summed.")
    if v.ndim != 2 or v.shape[1] != D:
        raise ShapeError(f"X of shape (N, {D})", f"{v.shape}", "Give rows as the machine was fitted on.")
    return _Likelihood(machine, params, v, *address.find(params, weight)).derivation(learning_rate, max_terms)


@dataclass(frozen=True)
class _Likelihood:
    """A machine, its data, and the one number that is derived by."""

    machine: Boltzmann
    params: dict[str, np.ndarray]
    v: np.ndarray
    name: str
    index: tuple[int, ...]

    @property
    def states(self) -> np.ndarray:
        """Every state of the visible units (2ᴰ, D)."""
        return np.array(list(itertools.product((0.0, 1.0), repeat=self.v.shape[1])))

    def probabilities(self, params: dict[str, np.ndarray]) -> tuple[np.ndarray, float]:
        """Return p(v) of every state, and log Z."""
        log_p = -self.machine.free_energy(NUMPY, params, self.states)
        most = log_p.max()
        log_Z = float(most + np.log(np.exp(log_p - most).sum()))
        return np.exp(log_p - log_Z), log_Z

    def cost(self, params: dict[str, np.ndarray]) -> float:
        """J = mean F(v) + log Z."""
        return float(self.machine.free_energy(NUMPY, params, self.v).mean()) + self.probabilities(params)[1]

    def derivation(self, learning_rate: float, max_terms: int) -> Derivation:
        """Write it all out."""
        p, _ = self.probabilities(self.params)
        n = len(self.v)
        data = self._terms(self.v, np.full(n, -1 / n), is_data=True)
        model = self._terms(self.states, p, is_data=False)
        every = [*data, *model]
        # Those of most weight, in their order.
        largest = set(sorted(range(len(every)), key=lambda at: -abs(every[at].value))[:max_terms])
        shown = tuple(term for at, term in enumerate(every) if at in largest)
        left = sum(term.value for at, term in enumerate(every) if at not in largest)
        seen, made = -sum(term.value for term in data), sum(term.value for term in model)
        total = made - seen
        return Derivation(
            of=address.write(self.name, self.index),
            title=rf"\frac{{\partial J}}{{\partial {self._symbol}}}",
            letters=self._letters(),
            steps=self._steps(seen, made, total),
            rows=tuple(range(n)),
            terms=shown,
            n_terms=len(every),
            rest=left,
            total=total,
            neurons=(),
            penalty=None,
            cost=self.cost(self.params),
            vectorised=self._vectorised(p),
            update=moved(
                GradientDescent(), self._symbol, float(self.params[self.name][self.index]), total, learning_rate
            ),
            check=self._check(p),
            source=self._source(),
        )

    @property
    def _symbol(self) -> str:
        return f"{self.name}_{{{','.join(map(str, self.index))}}}"

    def _product(self, v: np.ndarray, u: np.ndarray) -> tuple[str, str, float, list[tuple[str, float]]]:
        """Return -∂F/∂θ of one row: in letters, in figures, its value, and the value of each letter."""
        h = 1 / (1 + np.exp(-u))
        i, j = self.index[0], self.index[-1]
        parts: list[tuple[str, str, float]] = []
        if self.name != "c":
            parts.append((f"v_{{{i}}}", bracketed(float(v[i])), float(v[i])))
        if self.name != "b":
            parts.append((rf"\sigma(u_{{{j}}})", bracketed(float(h[j])), float(h[j])))
        value = float(np.prod([number for *_, number in parts]))
        letters, figures = (r" \cdot ".join(part[at] for part in parts) for at in (0, 1))  # type: ignore[misc]
        return letters, figures, value, [(letter, number) for letter, _, number in parts]

    def _terms(self, rows: np.ndarray, shares: np.ndarray, *, is_data: bool) -> list[Term]:
        u = self.machine.drive(self.params, rows)
        found = []
        for number, (v, drive, share) in enumerate(zip(rows, u, shares, strict=True)):
            letters, figures, value, given = self._product(v, drive)
            of = rf"-\frac{{1}}{{{len(rows)}}}" if is_data else "p(v)"
            factor = of if is_data else bracketed(float(share))
            where = "data" if is_data else f"model, v = {''.join(str(int(one)) for one in v)}"
            found.append(
                Term(
                    row=number if is_data else None,
                    path=(where,),
                    neuron=where,
                    symbols=rf"{of} \cdot {letters}",
                    figures=rf"{factor} \cdot {figures} = {latex_figure(float(share) * value)}",
                    value=float(share) * value,
                    given=tuple(given),
                )
            )
        return found

    def _letters(self) -> tuple[Letter, ...]:
        return (
            Letter("v_i", "visible unit i, off (0) or on (1)"),
            Letter("h_j", "hidden unit j, off (0) or on (1)"),
            Letter("W_{ij}", "the weight between them"),
            Letter("b_i", "bias of visible unit i"),
            Letter("c_j", "bias of hidden unit j"),
            Letter("u_j", "what hidden unit j is driven by"),
            Letter(r"\sigma(u_j)", "the probability that hidden unit j is on, given v"),
            Letter("F(v)", "free energy of v"),
            Letter("Z", "what makes all probabilities sum to 1"),
            Letter("J", "minus the mean log likelihood of the rows"),
        )

    def _steps(self, seen: float, made: float, total: float) -> tuple[Step, ...]:
        i, j = self.index[0], self.index[-1]
        slope = {"W": rf"v_{{{i}}} \, \sigma(u_{{{j}}})", "b": f"v_{{{i}}}", "c": rf"\sigma(u_{{{j}}})"}[self.name]
        mean = {"W": f"v_{{{i}}} h_{{{j}}}", "b": f"v_{{{i}}}", "c": f"h_{{{j}}}"}[self.name]
        d = rf"\partial {self._symbol}"
        return (
            Step(
                "forward",
                "The energy and the probability",
                "Each state of all units has an energy, and is the likelier the lower it is.",
                (
                    r"E(v, h) = -\sum_i b_i v_i - \sum_j c_j h_j - \sum_i \sum_j v_i W_{ij} h_j",
                    r"p(v, h) = \frac{1}{Z} e^{-E(v, h)}",
                ),
            ),
            Step(
                "cost",
                "The hidden units are summed away",
                "No hidden unit has a weight to another, so that the sum over their states is a product over the units.",
                (
                    r"F(v) = -\log \sum_h e^{-E(v, h)} = -\sum_i b_i v_i - \sum_j \log(1 + e^{u_j})",
                    r"u_j = c_j + \sum_i v_i W_{ij}",
                    r"p(v) = \frac{1}{Z} e^{-F(v)}, \quad Z = \sum_v e^{-F(v)}",
                    r"J = -\frac{1}{N} \sum_n \log p(v_n) = \frac{1}{N} \sum_n F(v_n) + \log Z",
                ),
            ),
            Step(
                "factors",
                "The chain rule, through both parts",
                "The derivative of log(1 + eᵘ) is σ(u). That of log Z is the same derivative as the data's, of all states, "
                "each by its probability.",
                (
                    rf"\frac{{\partial F(v)}}{{{d}}} = -{slope}",
                    rf"\frac{{\partial \log Z}}{{{d}}} = \sum_v \frac{{e^{{-F(v)}}}}{{Z}} \cdot {slope} = \sum_v p(v) \, {slope}",
                ),
            ),
            Step(
                "formula",
                "Together",
                "What the model does by itself, less what it does where the data are.",
                (
                    rf"\frac{{\partial J}}{{{d}}} = \sum_v p(v) \, {slope} - \frac{{1}}{{N}} \sum_n {slope}",
                    rf"\frac{{\partial J}}{{{d}}} = \langle {mean} \rangle \text{{ model}} - \langle {mean} \rangle \text{{ data}}",
                ),
            ),
            Step(
                "numbers",
                "In numbers",
                f"The model's part is over all {len(self.states):,} states; training draws some of them instead.",
                (
                    rf"\langle {mean} \rangle \text{{ model}} - \langle {mean} \rangle \text{{ data}} = "
                    rf"{latex_figure(made)} - {bracketed(seen)} = {latex_figure(total)}",
                ),
                {"model": made, "data": seen},
                worked=True,
            ),
        )

    def _gradient(self, p: np.ndarray) -> dict[str, np.ndarray]:
        share = np.full((len(self.v), 1), 1 / len(self.v))
        data = self.machine.statistics(NUMPY, self.params, self.v, share)
        model = self.machine.statistics(NUMPY, self.params, self.states, p[:, None])
        return {name: model[name] - data[name] for name in data}

    def _vectorised(self, p: np.ndarray) -> Vectorised:
        share = np.full((len(self.v), 1), 1 / len(self.v))
        data = self.machine.statistics(NUMPY, self.params, self.v, share)[self.name]
        result = self._gradient(p)[self.name]
        row, column = (self.index if self.name == "W" else (0, self.index[0]))[:2]
        what = {"W": "v h", "b": "v", "c": "h"}[self.name]
        return Vectorised(
            (
                rf"\frac{{\partial J}}{{\partial {self.name}}} = \langle {what} \rangle \text{{ model}}"
                rf"- \langle {what} \rangle \text{{ data}}",
            ),
            (
                window(rf"\langle {what} \rangle \text{{ model}}", "of the model", result + data, row, column),
                window(rf"\langle {what} \rangle \text{{ data}}", "of the data", data, row, column),
                window(
                    rf"\frac{{\partial J}}{{\partial {self.name}}}",
                    "their difference",
                    result,
                    row,
                    column,
                    result=True,
                ),
            ),
        )

    def _check(self, p: np.ndarray) -> Check:
        """What training would compute, beside the slope of the exact cost."""
        at = self.params[self.name][self.index]

        def look(step: float) -> Point:
            moved_to = self.params[self.name].copy()
            moved_to[self.index] = at + step
            return Point(self.cost({**self.params, self.name: moved_to}))

        least = float(np.finfo(float).eps) * max(1.0, abs(self.cost(self.params)))
        return judged(float(self._gradient(p)[self.name][self.index]), measure(look, float(at), least), float(abs(at)))

    def _source(self) -> SourceLine:
        wanted = re.compile(r"\breturn\b")
        return source.line_of(Boltzmann.statistics, wanted) or SourceLine("", 0, "", "Boltzmann.statistics")
