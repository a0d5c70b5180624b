"""The output: why the derivative of the cost by a logit is y - t, step by step, with the numbers of one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.explain import address, source
from chainrule.explain.arithmetic import factor, times
from chainrule.explain.check import Check
from chainrule.explain.derivation import Derivation
from chainrule.explain.ground import Ground, piece
from chainrule.explain.letters import called
from chainrule.explain.links import Row, told
from chainrule.explain.matrices import window
from chainrule.explain.notation import latex_figure
from chainrule.explain.parts import Letter, Step, Term, Vectorised
from chainrule.explain.question import Question, ask
from chainrule.explain.slope import Point
from chainrule.types import PREDICT, Context, Params


def derive_output(
    subject: Any,
    output: int | str,
    X: Any,
    t: Any,
    *,
    params: Params | None = None,
    row: int | None = None,
    sample_weight: Any = None,
    context: Context = PREDICT,
    max_terms: int = 40,
    first_row: int = 0,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> Derivation:
    """Return the derivative of the cost by one logit, through the loss and its link.

    Of several rows it is the derivative by what is added to this logit in all of them, which is also that by the
    output's bias; the steps show the numbers of the first row.

    Parameters
    ----------
    output : int or str
        k, or `output[k]`; outputs count from 0.
    subject, X, t, params, row, sample_weight, context, max_terms, first_row, inputs, outputs
        As in `derive`.
    """
    question = ask(
        subject, X, t, params=params, row=row, sample_weight=sample_weight, max_terms=max_terms, first_row=first_row
    )
    network, batch = question.network, question.batch
    k = address.find_output(network.output_shape[0], output)
    a = np.asarray(network.forward(NUMPY, question.params, batch.x, context))
    _, cache = network.loss.forward(NUMPY, a, batch.t, batch.w)
    da = np.asarray(network.loss.backward(NUMPY, cache))
    y = np.asarray(network.loss.link(NUMPY, a))
    here = Row(network.loss, a[0], y[0], batch.t[0], k)
    layer = _last_name(question)
    terms, n_terms, rest = _terms(question, here, da, layer, max_terms)
    total = float(da[:, k].sum())
    symbol = rf"a_{{{k}}}"
    return Derivation(
        of=f"output[{k}]",
        title=rf"\frac{{\partial J}}{{\partial {symbol}}}",
        letters=_letters(here, outputs),
        steps=(*told(here), *_together(question, da, k)),
        rows=question.rows,
        terms=terms,
        n_terms=n_terms,
        rest=rest,
        total=total,
        neurons=(),
        penalty=None,
        cost=float(network.loss.forward(NUMPY, a, batch.t, batch.w)[0]),
        vectorised=_vectorised(question, y, da, k),
        update=None,
        check=_check(question, a, k, total),
        source=source.of_loss(network.loss),
    )


def _last_name(question: Question) -> str:
    *_, last = (row.name for row in question.network.rows())
    return last


def _letters(here: Row, outputs: Sequence[str]) -> tuple[Letter, ...]:
    found = [
        Letter("a_k", "logit k of the row, before the link"),
        Letter("y_k", "output k: what the link makes of the logits" + called(outputs)),
        Letter("t_k", "target"),
        Letter("J", "cost of the row"),
    ]
    return (*found, *here.extra_letters)


def _terms(question: Question, here: Row, da: np.ndarray, layer: str, most: int) -> tuple[tuple[Term, ...], int, float]:
    """Of one row a summand for each class that the logit acts on; of several, one for each row."""
    if question.batch.n_samples == 1:
        found = [
            Term(question.rows[0], (f"{layer}.{j}",), f"{layer}.{j}", symbols, f"{figures} = {latex_figure(v)}", v)
            for j, symbols, figures, v in here.summands()
        ]
    else:
        weights = question.batch.w
        shares = np.full(len(da), 1 / len(da)) if weights is None else weights / weights.sum()
        found = []
        for row, slope, share in zip(question.rows, da[:, here.k], shares, strict=True):
            alone = float(slope / share) if share else 0.0
            figures = f"{times([factor(float(share)), factor(alone)], float(slope))} = {latex_figure(float(slope))}"
            symbols = rf"\frac{{\partial J}}{{\partial a_{{{row},{here.k}}}}}"
            found.append(Term(row, (f"{layer}.{here.k}",), f"{layer}.{here.k}", symbols, figures, float(slope)))
    order = sorted(range(len(found)), key=lambda i: -abs(found[i].value))
    shown = sorted(order[:most])
    return tuple(found[i] for i in shown), len(found), float(sum(found[i].value for i in order[most:]))


def _together(question: Question, da: np.ndarray, k: int) -> Sequence[Step]:
    """Of several rows: their mean."""
    if question.batch.n_samples == 1:
        return ()
    line = rf"\sum_n \frac{{\partial J}}{{\partial a_{{n,{k}}}}} = {latex_figure(float(da[:, k].sum()))}"
    share = "1 / N" if question.batch.w is None else "its share of the sample weights"
    text = f"The numbers above are those of the row {question.rows[0]}. Each row counts for {share}; added up:"
    return (Step("numbers", "All rows", text, (line,), {"sum": float(da[:, k].sum())}, worked=True),)


def _vectorised(question: Question, y: np.ndarray, da: np.ndarray, k: int) -> Vectorised:
    _, _, error = question.network.loss.equations.backward["da"].partition("=")
    for small, large in (("y_{nk}", "Y"), ("t_{nk}", "T"), ("s_{nk}", "S"), ("e_{nk}", "E")):
        error = error.replace(small, large)
    if not getattr(question.network.loss, "smoothing", 0.0):
        error = error.replace("S", "T")
    share = ""
    if question.batch.w is not None:
        share = r"\frac{\omega}{\Omega} \odot "
    elif question.batch.n_samples > 1:
        share = r"\frac{1}{N} "
    line = rf"dA = {share}({error.strip()})" if share else f"dA = {error.strip()}"
    matrices = (
        window("Y", "the outputs", y, column=k),
        window("T", "the targets", question.batch.t, column=k),
        window("dA", "the derivative by the logits", da, column=k, result=True),
    )
    return Vectorised((line,), matrices)


def _check(question: Question, a: np.ndarray, k: int, total: float) -> Check:
    loss, batch = question.network.loss, question.batch

    def cost(logits: Params) -> Point:
        J, cache = loss.forward(NUMPY, logits["a"], batch.t, batch.w)
        return Point(float(J), piece(loss.branches(NUMPY, cache)))

    direction = np.zeros(a.shape)
    direction[:, k] = 1
    return Ground(cost, {"a": a}).check(total, "a", direction)
