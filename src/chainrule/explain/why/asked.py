"""`chainrule.explain.why`: a function of one's own, judged in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from chainrule.errors import ConfigError
from chainrule.explain.why.call import SECONDS
from chainrule.explain.why.judge import judge
from chainrule.explain.why.like import question_like
from chainrule.explain.why.question import Question
from chainrule.explain.why.verdict import Verdict


def why(
    function: Callable[..., Any],
    like: str | Question,
    *,
    of: str = "",
    cost: str | None = None,
    mean: bool = False,
    likelihood: bool = False,
    penalty: str = "",
    arguments: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Verdict:
    """Say whether a function computes a derivative, and if not, in which line it goes wrong and why.

    Parameters
    ----------
    function : callable
        It asks for what it needs by the names of its arguments: those in `like`, the targets t, the values on the way
        (z, y, a1, a2), the sizes N, D, M, K. It runs in this process: only call it on what you trust.
    like : str or Question
        The network as a slide has it: "softmax(sigmoid(x W + b) V + c)".
    of : str
        Which derivative: dW is ∂J/∂W. The function's own name if left out.
    cost : str, optional
        `cross-entropy` or `squared`; what fits the output if left out.
    mean : bool
        Whether J is divided by N; the course's is a sum.
    likelihood : bool
        Whether the log-likelihood is derived, as for gradient ascent.
    penalty : str
        `l2` or `l1`; λ is the argument `lam`.
    arguments : mapping, optional
        What an argument is, if its name does not say: {"inputs": "x"}.
    seconds : float
        For each call.

    Returns
    -------
    Verdict
        Its text is for a person; `score`, `reason`, `line` and `cause` are for programs.

    Raises
    ------
    ConfigError
        If the network, the derivative, or an argument cannot be understood.

    Examples
    --------
    >>> def dV(z, y, t):
    ...     return z.T @ (t - y)
    >>> why(dV, "softmax(sigmoid(x W + b) V + c)").cause
    'the sign: `t - y` stands where `y - t` should'
    """
    if not isinstance(function, FunctionType):
        raise ConfigError("a function written in Python", f"{type(function).__name__}", "Wrap it: def dW(x, t, …): …")
    if isinstance(like, str):
        name = of or str(function.__name__)
        like = question_like(name, like, cost=cost, mean=mean, likelihood=likelihood, penalty=penalty)
    return judge(function, like, arguments=arguments, seconds=seconds)
