"""The exercises, in the course's order."""

from __future__ import annotations

from typing import Any

from chainrule.errors import ConfigError, did_you_mean
from chainrule.explain.exercises.exercise import Exercise
from chainrule.explain.why.like import question_like
from chainrule.explain.why.program import Line
from chainrule.explain.why.question import Input, Question

_NETWORK = "softmax(sigmoid(x W + b) V + c)"
_EACH = "    return np.array([{0} for {1} in {2}])"


def _elementwise(name: str, given: str, steps: str, *, cost: str, loops: str, slide: str, task: str) -> Exercise:
    """Return an exercise on a function of numbers; steps are `name = expression`, the last is the answer."""
    lines = tuple(Line(*step.split(" = ", 1)) for step in steps.split("; "))
    question = Question(lines[-1].name, lines, {given: Input("N")}, cost, given if cost else "", told=task)
    group = "derivatives" if cost else "forward"
    return Exercise(name, group, slide, task, (given,), question, loops)


def _softmax_given(name: str, steps: str, *, cost: str, loops: str, slide: str, task: str, group: str) -> Exercise:
    """Return an exercise on a layer's outputs a (N, K) and its targets."""
    lines = tuple(Line(*step.split(" = ", 1)) for step in steps.split("; "))
    inputs = {"a": Input("NK"), "t": Input("NK", "bits" if "sigmoid" in steps else "one-hot")}
    question = Question(lines[-1].name, lines, inputs, cost, "a" if cost else "", told=task)
    arguments = ("y", "t") if group == "cost" or cost else ("a",)
    return Exercise(name, group, slide, task, arguments, question, loops)


def _of_network(
    name: str, arguments: str, loops: str, *, of: str = "", like: str = _NETWORK, slide: str, **settings: Any
) -> Exercise:
    """Return an exercise on a derivative of a network's cost."""
    question = question_like(of or name, like, **settings)
    details = "".join(
        text
        for text, holds in (
            (", J divided by N", settings.get("mean")),
            (", with the penalty λ/2 Σ W² of all weights", settings.get("penalty") == "l2"),
            (", with the penalty λ Σ |W| of all weights", settings.get("penalty") == "l1"),
            (", J = ½ Σ (y − t)²", settings.get("cost") == "squared"),
        )
        if holds
    )
    task = f"Derive {question.told}{details}."
    return Exercise(name, "derivatives", slide, task, tuple(arguments.split()), question, loops)


_OUTPUT_LOOPS = """    out = np.zeros((z.shape[1], t.shape[1]))
    for n in range(len(z)):
        for m in range(z.shape[1]):
            for k in range(t.shape[1]):
                out[m, k] += {difference} * z[n, m]
    return out"""
_HIDDEN_LOOPS = """    out = np.zeros((x.shape[1], V.shape[0]))
    for n in range(len(x)):
        for m in range(V.shape[0]):
            back = 0
            for k in range(V.shape[1]):
                back += (y[n, k] - t[n, k]) * V[m, k]
            da = back * {slope}
            for d in range(x.shape[1]):
                out[d, m] += da * x[n, d]{scale}
    return {result}"""
_SIGMOID_SLOPE = "z[n, m] * (1 - z[n, m])"
_DEEP_LOOPS = """    out = np.zeros((x.shape[1], W2.shape[0]))
    for n in range(len(x)):
        back = np.zeros(W3.shape[0])
        for s in range(W3.shape[0]):
            for k in range(W3.shape[1]):
                back[s] += (y[n, k] - t[n, k]) * W3[s, k]
        for r in range(W2.shape[0]):
            g = 0
            for s in range(W2.shape[1]):
                g += back[s] * (1 - z2[n, s] ** 2) * W2[r, s]
            for d in range(x.shape[1]):
                out[d, r] += g * (1 - z1[n, r] ** 2) * x[n, d]
    return out"""


def _hidden(slope: str = _SIGMOID_SLOPE, scale: str = "", result: str = "out") -> str:
    return _HIDDEN_LOOPS.format(slope=slope, scale=scale, result=result)


EXERCISES: tuple[Exercise, ...] = (
    _elementwise(
        "sigmoid",
        "a",
        "y = sigmoid(a)",
        cost="",
        loops=_EACH.format("1 / (1 + np.exp(-one))", "one", "a"),
        slide="logistic regression",
        task="Compute σ(a) = 1 / (1 + exp(−a)) for each number of a.",
    ),
    _elementwise(
        "tanh_by_sigmoid",
        "a",
        "y = 2 * sigmoid(2 * a) - 1",
        cost="",
        loops=_EACH.format("2 / (1 + np.exp(-2 * one)) - 1", "one", "a"),
        slide="tanh and the sigmoid",
        task="Compute tanh(a) by the sigmoid.",
    ),
    _softmax_given(
        "softmax",
        "y = softmax(a)",
        cost="",
        loops="    return np.array([[np.exp(one) / sum(np.exp(row)) for one in row] for row in a])",
        slide="the softmax",
        task="Compute the softmax of each row of a.",
        group="forward",
    ),
    _softmax_given(
        "cross_entropy",
        "y = softmax(a); J = -sum(t * log(y))",
        cost="",
        loops="    return -sum(t[n, k] * np.log(y[n, k]) for n in range(len(t)) for k in range(t.shape[1]))",
        slide="the die and the indicator matrix",
        task="Compute the cost J = −Σₙ Σₖ t log y.",
        group="cost",
    ),
    _softmax_given(
        "binary_cross_entropy",
        "y = sigmoid(a); J = -sum(t * log(y) + (1 - t) * log(1 - y))",
        cost="",
        loops="    J = 0\n    for u, v in zip(t.flat, y.flat):\n        J -= u * np.log(v) + (1 - u) * np.log(1 - v)\n    return J",
        slide="the binary cross-entropy",
        task="Compute the cost J = −Σ (t log y + (1 − t) log(1 − y)) over all entries.",
        group="cost",
    ),
    _elementwise(
        "dsigmoid",
        "a",
        "y = sigmoid(a); dy = y * (1 - y)",
        cost="sum(y)",
        loops=_EACH.format("np.exp(-one) / (1 + np.exp(-one)) ** 2", "one", "a"),
        slide="the derivative of the sigmoid",
        task="Derive σ′(a) for each number of a.",
    ),
    _elementwise(
        "dtanh",
        "a",
        "y = tanh(a); dy = 1 - y ** 2",
        cost="sum(y)",
        loops=_EACH.format("1 / np.cosh(one) ** 2", "one", "a"),
        slide="the derivative of tanh",
        task="Derive tanh′(a) for each number of a.",
    ),
    _elementwise(
        "drelu",
        "a",
        "y = relu(a); dy = 1.0 * (a > 0)",
        cost="sum(y)",
        loops=_EACH.format("1.0 if one > 0 else 0.0", "one", "a"),
        slide="the derivative of ReLU",
        task="Derive relu′(a) for each number of a.",
    ),
    _elementwise(
        "total",
        "s",
        "x = sin(s); y = s ** 2; f = x * y; dx = cos(s); dy = 2 * s; df = y * dx + x * dy",
        cost="sum(f)",
        loops=_EACH.format("one ** 2 * np.cos(one) + np.sin(one) * 2 * one", "one", "s"),
        slide="the total derivative",
        task="Derive f(x(s), y(s)) by s, where f = x y, x = sin s and y = s².",
    ),
    Exercise(
        "jacobian",
        "derivatives",
        "the derivative of the softmax",
        "Derive the softmax y of a (K,): the array of ∂y_j/∂a_k, with j down and k across.",
        ("y",),
        Question(
            "dy", (Line("y", "softmax(a)"), Line("dy", "diag(y) - outer(y, y)")), {"a": Input("K")}, cost="y", wrt="a"
        ),
        "    return np.array([[y[j] * ((j == k) - y[k]) for k in range(len(y))] for j in range(len(y))])",
    ),
    _softmax_given(
        "da",
        "y = softmax(a); da = y - t",
        cost="-sum(t * log(y))",
        loops="    return np.array([[y[n, k] - t[n, k] for k in range(t.shape[1])] for n in range(len(t))])",
        slide="the softmax with its cost",
        task="Derive J = −Σₙ Σₖ t log y by a, where y is the softmax of a.",
        group="derivatives",
    ),
    _of_network("dV", "z y t", _OUTPUT_LOOPS.format(difference="(y[n, k] - t[n, k])"), slide="∂J/∂V"),
    _of_network(
        "dc",
        "y t",
        "    return np.array([sum(y[n, k] - t[n, k] for n in range(len(t))) for k in range(t.shape[1])])",
        slide="∂J/∂V",
    ),
    _of_network("dW", "x z y t V", _hidden(), slide="∂J/∂W"),
    _of_network(
        "db",
        "z y t V",
        "    out = np.zeros(V.shape[0])\n    for n in range(len(t)):\n        for m in range(V.shape[0]):\n"
        "            for k in range(V.shape[1]):\n"
        "                out[m] += (y[n, k] - t[n, k]) * V[m, k] * z[n, m] * (1 - z[n, m])\n    return out",
        slide="∂J/∂W",
    ),
    _of_network(
        "dW_tanh",
        "x z y t V",
        _hidden("(1 - z[n, m] ** 2)"),
        of="dW",
        like="softmax(tanh(x W + b) V + c)",
        slide="other activations",
    ),
    _of_network(
        "dW_relu",
        "x a1 y t V",
        _hidden("(a1[n, m] > 0)"),
        of="dW",
        like="softmax(relu(x W + b) V + c)",
        slide="other activations",
    ),
    _of_network(
        "dV_squared",
        "z y t",
        _OUTPUT_LOOPS.format(difference="(y[n, k] - t[n, k]) * y[n, k] * (1 - y[n, k])"),
        of="dV",
        like="sigmoid(sigmoid(x W + b) V + c)",
        slide="the squared error",
        cost="squared",
    ),
    _of_network(
        "dW_mean",
        "x z y t V N",
        _hidden(scale=" / N"),
        of="dW",
        slide="dividing the cost by N",
        mean=True,
    ),
    _of_network(
        "dW_l2",
        "x z y t V W lam",
        _hidden(result="out + lam * W"),
        of="dW",
        slide="regularisation",
        penalty="l2",
    ),
    _of_network(
        "dW_l1",
        "x z y t V W lam",
        _hidden(result="out + lam * np.sign(W)"),
        of="dW",
        slide="regularisation",
        penalty="l1",
    ),
    _of_network(
        "dW1_deep",
        "x z1 z2 y t W2 W3",
        _DEEP_LOOPS,
        of="dW1",
        like="softmax(tanh(tanh(x W1 + b1) W2 + b2) W3 + b3)",
        slide="deeper networks: the recursion",
    ),
)


def find(name: str) -> Exercise:
    """Return an exercise by its name.

    Raises
    ------
    ConfigError
        If there is none of this name.
    """
    for one in EXERCISES:
        if one.name == name:
            return one
    names = [one.name for one in EXERCISES]
    raise ConfigError("the name of an exercise", repr(name), did_you_mean(name, names))
