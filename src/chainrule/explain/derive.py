"""derive: the derivative of the cost by one weight or bias, written out, computed and proven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.engine.numpy import NUMPY
from chainrule.explain import address, source, steps
from chainrule.explain.chain import Chain, follow
from chainrule.explain.check import Check
from chainrule.explain.derivation import Derivation
from chainrule.explain.ground import ground_of, one_of
from chainrule.explain.letters import Letters
from chainrule.explain.parts import Letter, Step, Term, Update
from chainrule.explain.question import Question, ask
from chainrule.explain.terms import Paths
from chainrule.explain.through_time.numbers import times
from chainrule.explain.through_time.parts import Unrolled
from chainrule.explain.through_time.summands import Summands
from chainrule.explain.through_time.told import Told
from chainrule.explain.update import moved
from chainrule.explain.vectorise import vectorised
from chainrule.nn import Penalty
from chainrule.optim import GradientDescent, Rule
from chainrule.train.objective import Supervised
from chainrule.tree import leaf
from chainrule.types import PREDICT, Context, Params, as_dense

TERMS = 40


def derive(
    subject: Any,
    weight: str,
    X: Any,
    t: Any,
    *,
    params: Params | None = None,
    row: int | None = None,
    sample_weight: Any = None,
    mask: Any = None,
    penalty: Penalty | None = None,
    rule: Rule | None = None,
    learning_rate: float = 0.1,
    moments: Mapping[str, float] | None = None,
    step: int = 1,
    context: Context = PREDICT,
    max_terms: int = TERMS,
    first_row: int = 0,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> Derivation:
    """Return the derivative of the cost by one weight or bias, as the course writes it, with every number.

    Parameters
    ----------
    subject : Network, Model, or whatever has a network and its parameters
        Of a network alone, `params` are the weights.
    weight : str
        `hidden1.W[0,2]`; indices count from 0.
    X, t : array
        Rows (N, ...) and their targets: (N, K), or class numbers or values (N,).
    row : int, optional
        The one row of X, from 0, that the cost is of; the mean over all rows if left out.
    sample_weight : array (N,), optional
        What each row counts for.
    mask : array (N, T), optional
        Of sequences: 1 for each step that there is, 0 for padding.
    penalty : Penalty, optional
        On the weights; that which the subject was trained with, if it knows it and none is given.
    rule : Rule
        How the weight is moved: gradient descent if left out.
    learning_rate : float
        η.
    moments, step
        What the rule remembers of this weight, and the number of its step, from 1.
    context : Context
        `Context(train=True, key=…)` for a pass with dropout.
    max_terms : int
        So many summands are written out at most; the sum of the others is given.
    first_row : int
        The number that the first row of X is told by, where X is a part of a table.
    inputs, outputs : sequence of str, optional
        What the columns of X and of t are called.

    Returns
    -------
    Derivation
        With `text`, `latex`, `to_json()`; a notebook shows it.
    """
    question = ask(
        subject, X, t, params=params, row=row, sample_weight=sample_weight, mask=mask, max_terms=max_terms,
        first_row=first_row,
    )  # fmt: skip
    penalty = getattr(subject, "penalty", None) if penalty is None else penalty
    name, index = address.find(question.params, weight)
    chain = follow(question.network, question.params, question.batch, context, name)
    letters = Letters(chain)
    paths = Paths(chain, letters, index)
    symbol = letters.parameter(*map(str, index))
    value = float(leaf(chain.params, name)[index])
    part = _penalty_part(penalty, chain, name, index)
    account = _account(paths, symbol, max_terms, question.rows)
    told = [steps.forward(letters), steps.cost(letters), *account.steps]
    terms, n_terms, rest, total = account.terms
    if penalty is not None and part is not None:
        scale = penalty.scale(chain.params, chain.network.penalised)
        told.append(steps.penalty(penalty, symbol, value, scale, total, part))
    check = _check(question, chain, penalty, index)
    return Derivation(
        of=address.write(name, index),
        title=steps.partial("J", symbol),
        letters=(*letters.legend(paths.index, inputs, outputs), *account.letters),
        steps=tuple(told),
        rows=question.rows,
        terms=terms,
        n_terms=n_terms,
        rest=rest,
        total=total,
        neurons=account.neurons,
        penalty=part,
        cost=chain.cost + (_penalty_cost(penalty, chain, chain.params) if penalty else 0.0),
        vectorised=vectorised(paths),
        update=_update(chain, rule, symbol, value, total + (part or 0.0), learning_rate, moments, step),
        check=check,
        source=source.of_gradient(chain.owner.layer, chain.name),
        unrolled=account.unrolled,
    )


@dataclass(frozen=True)
class _Account:
    """The sum, told: its steps, its summands (as `Paths.terms` returns them), and what belongs to them."""

    steps: tuple[Step, ...]
    terms: tuple[tuple[Term, ...], int, float, float]
    letters: tuple[Letter, ...] = ()
    neurons: tuple[tuple[str, float], ...] = ()
    unrolled: Unrolled | None = None


def _account(paths: Paths, symbol: str, max_terms: int, rows: tuple[int, ...]) -> _Account:
    """Tell the sum over paths of units, or, of a number that a recurrent layer uses at every step, over time."""
    along = times(paths.chain, paths.index)
    if along is None:
        depth = paths.depth(max_terms)
        terms = paths.terms(depth, max_terms, rows)
        shown, n_terms, rest, total = terms
        numbers = steps.numbers(paths, depth, symbol, shown, rest, n_terms, total)
        along_paths = (steps.total_derivative(paths), steps.factors(paths), steps.formula(paths), numbers)
        return _Account(along_paths, terms, neurons=paths.by_neuron())
    summands = Summands(along, rows, max_terms)
    time = Told(paths, summands)
    along_time = (time.total(), time.factors(), time.formula(), time.numbers(symbol), time.through_time())
    return _Account(along_time, summands.terms(), tuple(time.letters_of_time()), unrolled=time.unrolled)


def _update(chain: Chain, rule: Rule | None, *numbers: Any) -> Update | None:
    """What the optimizer does; nothing of state, which no rule moves, nor where a rule moves whole matrices."""
    if not leaf(chain.network.specs, chain.path).trained or (rule is not None and rule.by_array):
        return None
    return moved(rule or GradientDescent(), *numbers)


def _penalty_part(penalty: Penalty | None, chain: Chain, name: str, index: tuple[int, ...]) -> float | None:
    if not penalty or name not in chain.network.penalised:
        return None
    return float(penalty.backward(NUMPY, chain.params, chain.network.penalised)[name][index])


def _penalty_cost(penalty: Penalty, chain: Chain, params: Params) -> float:
    return float(penalty.forward(NUMPY, params, chain.network.penalised))


def _check(question: Question, chain: Chain, penalty: Penalty | None, index: Sequence[int]) -> Check:
    """The gradient of the whole network beside the slope of the cost."""
    objective, at = Supervised(question.network, penalty or Penalty()), tuple(index)
    _, grads = objective.loss_and_grads(NUMPY, question.params, question.batch, chain.context)
    ground = ground_of(objective, question.params, question.batch, chain.context)
    return ground.check(
        float(as_dense(NUMPY, leaf(grads, chain.path))[at]), chain.path, one_of(question.params, chain.path, at)
    )
