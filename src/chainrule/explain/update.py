"""The update: how an optimizer's rule moves the weight once its derivative is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from chainrule.constraints import Range
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError, did_you_mean
from chainrule.explain.arithmetic import exact, printed
from chainrule.explain.letters import put
from chainrule.explain.notation import bracketed, latex_figure, name_latex
from chainrule.explain.parts import Update
from chainrule.optim import GradientAscent, GradientDescent, Rule


def moved(
    rule: Rule,
    symbol: str,
    weight: float,
    gradient: float,
    learning_rate: float,
    moments: Mapping[str, float] | None = None,
    t: int = 1,
) -> Update:
    """Return where `rule` moves a weight.

    Parameters
    ----------
    symbol : str
        The weight as LaTeX.
    moments : mapping of str to float, optional
        What the rule remembers of this weight; zeros, as before the first step, if left out.
    t : int
        Number of the step, from 1.
    """
    if rule.by_array:
        raise ConfigError(
            "a rule that moves each weight by itself",
            f"{type(rule).__name__}, which moves matrices",
            "Take another rule.",
        )
    for name in moments or {}:
        if name not in rule.moments:
            raise ConfigError(
                f"a moment of {type(rule).__name__}", f"{name!r}", did_you_mean(name, rule.moments or ["none"])
            )
    if not Range(float, 0.0, low_open=True).accepts(learning_rate) or not Range(int, 1).accepts(t):
        raise ConfigError(
            "a learning rate above 0 and a step of at least 1",
            f"the learning rate {learning_rate!r}, the step {t!r}",
            "0.1 and 1 are usual.",
        )
    state = {name: np.array((moments or {}).get(name, 0.0)) for name in rule.moments}
    coefficients = {
        name: float(value[0])
        for name, value in rule.coefficients(np.array([float(t)]), np.array([learning_rate])).items()
    }
    after = float(rule.update(NUMPY, np.array(weight), np.array(gradient), state, coefficients)[0])
    lines = [put(rule.equation, w=symbol)]
    result = latex_figure(after, 6)
    # Uphill on L = -J is downhill on J.
    signs = {GradientDescent: ("-", gradient), GradientAscent: ("+", -gradient)}.get(type(rule))
    if signs:
        sign, slope = signs

        def step(digits: int) -> tuple[str, float]:
            few = digits - 2
            text = (
                rf"{bracketed(weight, digits)} {sign} {latex_figure(learning_rate, few)} \cdot {bracketed(slope, few)}"
            )
            moves = printed(learning_rate, few) * printed(slope, few)
            return text, printed(weight, digits) - (moves if sign == "-" else -moves)

        lines.append(rf"{symbol} \leftarrow {exact(step, after, 6)} = {result}")
    else:
        lines.append(rf"{symbol} \leftarrow {result} \quad {name_latex('from')} \quad {latex_figure(weight, 6)}")
    note = ""
    if rule.moments:
        when = "before its first step" if not moments and t == 1 else f"at its step {t}"
        held = ", ".join(f"{name} {value:.4g}" for name, value in state.items())
        note = f"The rule remembers, {when}: {held}. g is the derivative."
    return Update(type(rule).__name__, tuple(lines), note, learning_rate, weight, gradient, after)
