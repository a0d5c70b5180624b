"""Links: the derivation of ∂J/∂a for each loss, as the course does it for softmax, with the numbers of one row."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.explain.arithmetic import Writing, difference, exact, factor, printed, times
from chainrule.explain.notation import bracketed, latex_figure
from chainrule.explain.parts import Letter, Step
from chainrule.nn import BinaryCrossEntropy, Huber, Loss, Pinball, Poisson, SoftmaxCrossEntropy, SquaredError

# So many classes are written into a line.
_MOST = 12


@dataclass(frozen=True, eq=False)
class Row:
    """One row at the output: logits a (K,), outputs y (K,), targets t (K,), and the logit k that is derived by."""

    loss: Loss
    a: np.ndarray
    y: np.ndarray
    t: np.ndarray
    k: int

    @property
    def smoothing(self) -> float:
        """ε of a smoothed softmax."""
        return self.loss.smoothing if isinstance(self.loss, SoftmaxCrossEntropy) else 0.0

    @property
    def s(self) -> np.ndarray:
        """The targets, smoothed where the loss does so."""
        return (1 - self.smoothing) * self.t + self.smoothing / len(self.t) if self.smoothing else self.t

    @property
    def target(self) -> str:
        """The letter of the targets."""
        return "s" if self.smoothing else "t"

    @property
    def extra_letters(self) -> tuple[Letter, ...]:
        """What this loss needs beyond a, y, t and J."""
        found = []
        if isinstance(self.loss, SoftmaxCrossEntropy):
            found.append(Letter(r"\delta_{kk'}", "Kronecker's delta: 1 where k = k', else 0"))
        if self.smoothing:
            found += [Letter("s_k", "target, smoothed"), Letter(r"\epsilon", f"{self.smoothing:g}, the smoothing")]
        if isinstance(self.loss, Huber):
            found.append(Letter(r"\delta", f"{self.loss.delta:g}, where the cost turns straight"))
        if isinstance(self.loss, Pinball):
            found.append(Letter(f"q_{{{self.k}}}", f"{self.q:g}, the quantile that output {self.k} is to be"))
        return tuple(found)

    @property
    def q(self) -> float:
        """The quantile of the output that is derived by, where the loss has quantiles."""
        return float(self.loss.levels(len(self.a))[self.k]) if isinstance(self.loss, Pinball) else 0.0

    def summands(self) -> Iterator[tuple[int, str, str, float]]:
        """Yield what each output adds to ∂J/∂a_k: its number, in letters, in numbers, and its value."""
        k = self.k
        if not isinstance(self.loss, SoftmaxCrossEntropy):
            value = float(self.loss.each_backward(NUMPY, self.cache())[0, k])
            yield k, rf"\frac{{\partial J}}{{\partial a_{{{k}}}}}", _difference(self), value
            return
        for j in range(len(self.a)):
            delta = float(j == k)
            value = -float(self.s[j]) * (delta - float(self.y[k]))
            symbols = rf"-{self.target}_{{{j}}} (\delta_{{{k},{j}}} - y_{{{k}}})"
            figures = times(
                [factor(-float(self.s[j])), difference(delta, float(self.y[k]), delta - float(self.y[k]))], value
            )
            yield j, symbols, figures, value

    def cache(self) -> dict[str, np.ndarray]:
        """What the loss's derivative reads, of this row alone."""
        cache: dict[str, np.ndarray] = self.loss.each(NUMPY, self.a[None], self.t[None])[1]
        return cache


def told(row: Row) -> tuple[Step, ...]:
    """Return the steps for the row's loss."""
    for kind, steps in _STEPS.items():
        if type(row.loss) is kind:
            return tuple(steps(row))
    return tuple(_any(row))


def _softmax(row: Row) -> Iterator[Step]:
    k, t = row.k, row.target
    if row.smoothing:
        yield Step(
            "smoothing", "The targets, smoothed", "A share of each target is spread evenly over the classes.",
            (row.loss.equations.forward[2], _each("s", row.s)), worked=True,
        )  # fmt: skip
    a = row.a - row.a.max() if np.abs(row.a).max() > 20 else row.a
    text = "Each output is its logit's exponential, as a share of all."
    if a is not row.a:
        text += " (The largest logit is taken off first: no output changes, and no exponential overflows.)"
    exponentials = np.exp(a)
    yield Step(
        "softmax", "Softmax", text,
        (
            r"y_k = \frac{e^{a_k}}{\sum_{j=1}^{K} e^{a_j}}", _each("a", row.a), _each("e^{a", exponentials, "}"),
            rf"\sum_j e^{{a_j}} = {latex_figure(float(exponentials.sum()))}", _each("y", row.y),
        ),
        {f"y[{j}]": float(value) for j, value in enumerate(row.y)},
    )  # fmt: skip
    yield Step(
        "cost", "The cost by an output", f"Of all classes only those count whose target {t} is not 0.",
        (rf"J = -\sum_{{k'}} {t}_{{k'}} \log y_{{k'}}", rf"\frac{{\partial J}}{{\partial y_{{k'}}}} = -\frac{{{t}_{{k'}}}}{{y_{{k'}}}}", _each(t, row.s)),
    )  # fmt: skip
    yield Step(
        "same", "The output by its own logit", "The answer depends on whether it is the same k. If it is: the product rule.",
        (
            r"\frac{\partial y_k}{\partial a_k} = e^{a_k} \frac{1}{\sum_j e^{a_j}} - e^{a_k} \left[\sum_j e^{a_j}\right]^{-2} e^{a_k}",
            r"\frac{\partial y_k}{\partial a_k} = y_k - y_k^2 = y_k (1 - y_k)",
            rf"\frac{{\partial y_{{{k}}}}}{{\partial a_{{{k}}}}} = {_share(row.y[k])} = {_f(row.y[k] * (1 - row.y[k]))}",
        ),
        worked=True,
    )  # fmt: skip
    yield Step(
        "other", "Another output by this logit", "If it is not, only the sum below the bar depends on the logit.",
        (
            r"\frac{\partial y_{k'}}{\partial a_k} = -e^{a_{k'}} \left[\sum_j e^{a_j}\right]^{-2} e^{a_k}",
            r"\frac{\partial y_{k'}}{\partial a_k} = -y_{k'} y_k",
            *(
                rf"\frac{{\partial y_{{{j}}}}}{{\partial a_{{{k}}}}} = {times([factor(-row.y[j]), factor(row.y[k])], -row.y[j] * row.y[k])} = {_f(-row.y[j] * row.y[k])}"
                for j in [j for j in range(len(row.y)) if j != k][:3]
            ),
        ),
        worked=True,
    )  # fmt: skip
    yield Step(
        "delta", "Both in one", "Kronecker's delta is 1 where k = k' and 0 elsewhere, so one formula says both.",
        (r"\frac{\partial y_{k'}}{\partial a_k} = y_{k'} (\delta_{kk'} - y_k)",),
        worked=True,
    )  # fmt: skip
    total = float(row.s.sum())
    counted = [j for j in range(len(row.s)) if row.s[j] != 0]
    products = [rf"{bracketed(float(row.s[j]))} ({int(j == k)} - {_f(row.y[k])})" for j in counted[:4]]
    product = "-" + " - ".join(products) + (r" - \cdots" if len(counted) > 4 else "")
    yield Step(
        "together", "Put together",
        "The logit acts on the cost through every output, so its derivative is a sum over k' (a total derivative). "
        "The outputs cancel; the sum is split; y does not depend on k' and comes before its sum; and the targets add up to 1.",
        (
            r"\frac{\partial J}{\partial a_k} = \sum_{k'} \frac{\partial J}{\partial y_{k'}} \frac{\partial y_{k'}}{\partial a_k}"
            rf" = -\sum_{{k'}} \frac{{{t}_{{k'}}}}{{y_{{k'}}}} y_{{k'}} (\delta_{{kk'}} - y_k)",
            rf"= -\sum_{{k'}} {t}_{{k'}} (\delta_{{kk'}} - y_k) = -\sum_{{k'}} {t}_{{k'}} \delta_{{kk'}} + y_k \sum_{{k'}} {t}_{{k'}}",
            rf"= -{t}_k + y_k \cdot {latex_figure(total)} = y_k - {t}_k",
        ),
        worked=True,
    )  # fmt: skip
    yield Step(
        "result", "The result", f"Here k = {k}.",
        (
            rf"\frac{{\partial J}}{{\partial a_{{{k}}}}} = {product}",
            rf"\frac{{\partial J}}{{\partial a_{{{k}}}}} = y_{{{k}}} - {t}_{{{k}}} = {_minus(row.y[k], row.s[k])} = {_f(row.y[k] - row.s[k])}",
        ),
        {"y": float(row.y[k]), t: float(row.s[k])}, worked=True,
    )  # fmt: skip


def _binary(row: Row) -> Iterator[Step]:
    k, y, t = row.k, float(row.y[row.k]), float(row.t[row.k])
    yield _link_step(
        row, "The sigmoid", "A logit becomes a number between 0 and 1.",
        (r"y_k = \sigma(a_k) = \frac{1}{1 + e^{-a_k}}", rf"y_{{{k}}} = {exact(_sigmoid(float(row.a[k])), y)} = {_f(y)}"),
    )  # fmt: skip
    yield Step(
        "local", "The output by its logit", "The derivative of 1 / (1 + e⁻ᵃ), and what it is in y.",
        (
            r"\frac{\partial y_k}{\partial a_k} = \frac{e^{-a_k}}{(1 + e^{-a_k})^2} = \frac{1}{1 + e^{-a_k}} \cdot \frac{e^{-a_k}}{1 + e^{-a_k}}",
            r"\frac{\partial y_k}{\partial a_k} = y_k (1 - y_k)",
            rf"\frac{{\partial y_{{{k}}}}}{{\partial a_{{{k}}}}} = {_share(y)} = {_f(y * (1 - y))}",
        ),
        worked=True,
    )  # fmt: skip
    yield Step(
        "cost", "The cost by the output", "One of the two logarithms counts where the target is 0 or 1.",
        (
            r"J = -\sum_k t_k \log y_k + (1 - t_k) \log(1 - y_k)",
            r"\frac{\partial J}{\partial y_k} = -\frac{t_k}{y_k} + \frac{1 - t_k}{1 - y_k} = \frac{y_k - t_k}{y_k (1 - y_k)}",
        ),
        worked=True,
    )  # fmt: skip
    yield _result(row, "The result", "The product; what stands below the bar cancels.",
        r"\frac{\partial J}{\partial a_k} = \frac{y_k - t_k}{y_k (1 - y_k)} \cdot y_k (1 - y_k) = y_k - t_k", y - t)  # fmt: skip


def _squared(row: Row) -> Iterator[Step]:
    k, y, t = row.k, float(row.y[row.k]), float(row.t[row.k])
    yield _link_step(row, "The output", "The output is the logit itself.", ("y_k = a_k", rf"y_{{{k}}} = {_f(y)}"))
    yield Step(
        "cost", "The cost by the output", "The half is there so that the 2 of the square cancels.",
        (r"J = \tfrac{1}{2} \sum_k (y_k - t_k)^2", r"\frac{\partial J}{\partial y_k} = \tfrac{1}{2} \cdot 2 (y_k - t_k) = y_k - t_k"),
        worked=True,
    )  # fmt: skip
    yield _result(row, "The result", "The output changes as the logit does.",
        r"\frac{\partial J}{\partial a_k} = (y_k - t_k) \cdot 1 = y_k - t_k", y - t)  # fmt: skip


def _pinball(row: Row) -> Iterator[Step]:
    k, y, t, q = row.k, float(row.y[row.k]), float(row.t[row.k]), row.q
    yield _link_step(row, "The output", "The output is the logit itself.",
        ("y_k = a_k, \\quad e_k = y_k - t_k", rf"e_{{{k}}} = {_minus(row.y[k], row.t[k])} = {_f(y - t)}"))  # fmt: skip
    above, below = r"1 - q_k", r"-q_k"
    side, slope, figures = ("above", above, difference(1.0, q, 1 - q)) if y > t else ("below", below, _f(-q))
    text = f"The output is {side} the target, where each unit costs {'1 - q' if y > t else 'q'}."
    if y == t:
        slope, figures = "0", "0"
        text = "The output meets the target, where the cost has a corner: 0 is taken, which lies between the slopes of both sides."
    yield Step(
        "cost", "The cost by the output", text,
        (r"J = \sum_k \max(q_k (t_k - y_k), (q_k - 1)(t_k - y_k))", rf"\frac{{\partial J}}{{\partial y_k}} = {slope}"),
        worked=True,
    )  # fmt: skip
    value = float(row.loss.each_backward(NUMPY, row.cache())[0, k])
    yield Step(
        "result", "The result", "The output changes as the logit does.",
        (rf"\frac{{\partial J}}{{\partial a_k}} = ({slope}) \cdot 1 = {slope}",
         rf"\frac{{\partial J}}{{\partial a_{{{k}}}}} = {figures if y <= t else f'{figures} = {_f(value)}'}"),
        {"y": y, "t": t}, worked=True,
    )  # fmt: skip


def _poisson(row: Row) -> Iterator[Step]:
    k, y, t = row.k, float(row.y[row.k]), float(row.t[row.k])
    yield _link_step(row, "The exponential", "A count is never negative, so the logit is its logarithm.",
        ("y_k = e^{a_k}", rf"y_{{{k}}} = {exact(_exponential(float(row.a[k])), y)} = {_f(y)}"))  # fmt: skip
    yield Step(
        "cost", "The cost by the output", "The logarithm of y is a again.",
        (
            r"J = \sum_k t_k \log t_k - t_k \log y_k - t_k + y_k",
            r"\frac{\partial J}{\partial y_k} = 1 - \frac{t_k}{y_k}, \quad \frac{\partial y_k}{\partial a_k} = e^{a_k} = y_k",
        ),
        worked=True,
    )  # fmt: skip
    yield _result(row, "The result", "The product.",
        r"\frac{\partial J}{\partial a_k} = \left(1 - \frac{t_k}{y_k}\right) y_k = y_k - t_k", y - t)  # fmt: skip


def _huber(row: Row) -> Iterator[Step]:
    assert isinstance(row.loss, Huber)  # noqa: S101 (the table of steps says so)
    k, delta = row.k, row.loss.delta
    error = float(row.y[k] - row.t[k])
    yield _link_step(row, "The output", "The output is the logit itself.",
        ("y_k = a_k, \\quad e_k = y_k - t_k", rf"e_{{{k}}} = {_minus(row.y[k], row.t[k])} = {_f(error)}"))  # fmt: skip
    first = row.loss.equations.forward[0].replace("J_n", "J").replace("_{nk}", "_k")
    yield Step(
        "cost", "The cost by the output", "A parabola near the target, a straight line beyond δ.",
        (first, r"\frac{\partial J}{\partial y_k} = \begin{cases} e_k & |e_k| \le \delta \\ \delta \, \text{sign}(e_k) & \text{otherwise} \end{cases}"),
        worked=True,
    )  # fmt: skip
    where = "parabola" if abs(error) <= delta else "straight line"
    yield _result(row, "The result", f"Here |e| is {abs(error):.4g} and δ is {delta:g}: on the {where}.",
        r"\frac{\partial J}{\partial a_k} = \min(\max(e_k, -\delta), \delta)", max(-delta, min(delta, error)), "")  # fmt: skip


def _any(row: Row) -> Iterator[Step]:
    """A loss that brings its equations, but no derivation."""
    lines = (*row.loss.equations.forward, row.loss.equations.backward["da"])
    yield Step("loss", type(row.loss).__name__, "The cost, the link, and the derivative.", lines)


def _link_step(row: Row, title: str, text: str, lines: tuple[str, ...]) -> Step:
    return Step("link", title, text, lines, {"a": float(row.a[row.k]), "y": float(row.y[row.k])})


def _result(row: Row, title: str, text: str, line: str, value: float, middle: str | None = None) -> Step:
    k = row.k
    between = f"{_minus(row.y[k], row.t[k])} = " if middle is None else middle
    figures = rf"\frac{{\partial J}}{{\partial a_{{{k}}}}} = {between}{_f(value)}"
    return Step("result", title, text, (line, figures), {"y": float(row.y[k]), "t": float(row.t[k])}, worked=True)


def _f(value: float) -> str:
    return latex_figure(float(value))


def _minus(a: float, b: float) -> str:
    """Return a - b with the digits that the result needs."""
    return exact(
        lambda digits: (f"{latex_figure(a, digits)} - {bracketed(b, digits)}", printed(a, digits) - printed(b, digits)),
        float(a - b),
    )


def _share(y: float) -> str:
    """Return y (1 - y) with the digits that the result needs."""

    def write(digits: int) -> tuple[str, float]:
        text = latex_figure(y, digits)
        return f"{bracketed(y, digits)} (1 - {text})", printed(y, digits) * (1 - printed(y, digits))

    return exact(write, float(y * (1 - y)))


def _sigmoid(a: float) -> Writing:
    return lambda digits: (rf"\frac{{1}}{{1 + e^{{-{bracketed(a, digits)}}}}}", float(NUMPY.expit(printed(a, digits))))


def _exponential(a: float) -> Writing:
    return lambda digits: (f"e^{{{latex_figure(a, digits)}}}", math.exp(printed(a, digits)))


def _each(letter: str, values: np.ndarray, close: str = "") -> str:
    """Return y_0 = …, y_1 = …, as one line."""
    parts = [rf"{letter}_{{{j}}}{close} = {latex_figure(float(value))}" for j, value in enumerate(values[:_MOST])]
    return r", \quad ".join(parts) + (r", \quad \dots" if len(values) > _MOST else "")


def _difference(row: Row) -> str:
    """The derivative in numbers: y - t where the loss's own equation says so."""
    if isinstance(row.loss, (SquaredError, Poisson, BinaryCrossEntropy)):
        return _minus(row.y[row.k], row.t[row.k])
    return _f(row.loss.each_backward(NUMPY, row.cache())[0, row.k])


_STEPS: dict[type[Loss], Callable[[Row], Iterator[Step]]] = {
    SoftmaxCrossEntropy: _softmax,
    BinaryCrossEntropy: _binary,
    SquaredError: _squared,
    Poisson: _poisson,
    Pinball: _pinball,
    Huber: _huber,
}
