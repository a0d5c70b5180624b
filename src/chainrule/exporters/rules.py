"""Rules as lines of Python that NumPy, PyTorch and TensorFlow all understand: how one array of weights moves."""

from __future__ import annotations

from chainrule.exporters.table import Table
from chainrule.optim import (
    AdaGrad,
    Adam,
    AdamW,
    Averaged,
    GradientAscent,
    GradientDescent,
    Momentum,
    Muon,
    Nesterov,
    RMSProp,
    Rule,
)
from chainrule.optim.lazy import Lazy

# An entry returns the docstring and the lines of a function of w, its gradient g, what is remembered of it (a dict s,
# empty at first), η (`rate`) and the number t = 1, 2, … of the step. It may use sqrt, of the package.
RULES = Table("every script", "rule")

OTHER_WAY = "Train with another `optimizer`, or use `to=onnx` or `to=keras`, which hold the weights alone."
MATRICES = "a rule for whole matrices is no part of a script"
RULES.refuse(Averaged, why="the moving average is no part of a script", remedy=OTHER_WAY)
RULES.refuse(Muon, why=MATRICES, remedy=OTHER_WAY)
RULES.refuse(Lazy, why="rows that are left alone are no part of a script", remedy=OTHER_WAY)


def update_source(rule: Rule) -> str:
    """Return the source of a function `update(w, g, s, rate, t)`, which returns the new w."""
    about, lines = RULES.find(rule)(rule)
    body = "\n".join(f"    {line}" for line in lines)
    return f'def update(w, g, s, rate, t):\n    """{about}"""\n{body}'


@RULES.entry(GradientDescent, GradientAscent)
def gradient_descent(rule: Rule) -> tuple[str, list[str]]:
    """w - η g; uphill on -J is the same step."""
    return "Gradient descent.", ["return w - rate * g"]


@RULES.entry(Momentum)
def momentum(rule: Momentum) -> tuple[str, list[str]]:
    """v ← μ v - η g."""
    return "Momentum.", [_velocity(rule.momentum), 'return w + s["v"]']


@RULES.entry(Nesterov)
def nesterov(rule: Nesterov) -> tuple[str, list[str]]:
    """w + μ v - η g."""
    return "Nesterov's momentum.", [_velocity(rule.momentum), f'return w + {rule.momentum!r} * s["v"] - rate * g']


@RULES.entry(RMSProp)
def rmsprop(rule: RMSProp) -> tuple[str, list[str]]:
    """ε outside the root."""
    return "RMSprop, ε outside the root.", [
        _mean("s", rule.decay, "g * g"),
        f'return w - rate * g / (sqrt(s["s"]) + {rule.epsilon!r})',
    ]


@RULES.entry(AdaGrad)
def adagrad(rule: AdaGrad) -> tuple[str, list[str]]:
    """ε outside the root, the sum from 0."""
    return "AdaGrad, ε outside the root.", [
        's["s"] = s.get("s", 0.0) + g * g',
        f'return w - rate * g / (sqrt(s["s"]) + {rule.epsilon!r})',
    ]


@RULES.entry(Adam)
def adam(rule: Adam) -> tuple[str, list[str]]:
    """As in the paper."""
    return "Adam, as in the paper.", _adam(rule.beta1, rule.beta2, rule.epsilon, "w")


@RULES.entry(AdamW)
def adamw(rule: AdamW) -> tuple[str, list[str]]:
    """Adam on weights that shrink."""
    shrunk = f"(1 - rate * {rule.decay!r}) * w"
    return "Adam, with weights that shrink.", _adam(rule.beta1, rule.beta2, rule.epsilon, shrunk)


def _adam(beta1: float, beta2: float, epsilon: float, w: str) -> list[str]:
    return [
        _mean("m", beta1, "g"),
        _mean("v", beta2, "g * g"),
        f'step = (s["m"] / (1 - {beta1!r}**t)) / (sqrt(s["v"] / (1 - {beta2!r}**t)) + {epsilon!r})',
        f"return {w} - rate * step",
    ]


def _velocity(momentum: float) -> str:
    return f's["v"] = {momentum!r} * s.get("v", 0.0) - rate * g'


def _mean(name: str, keep: float, value: str) -> str:
    return f's["{name}"] = {keep!r} * s.get("{name}", 0.0) + (1 - {keep!r}) * {value}'
