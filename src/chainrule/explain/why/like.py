"""From a network as it is written on a slide, softmax(sigmoid(x W + b) V + c), to the lines of its derivatives."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chainrule.errors import ConfigError, did_you_mean
from chainrule.explain.why.program import Line
from chainrule.explain.why.question import Input, Question

# The derivative of each activation as a factor, by what goes in (a) and what comes out (z).
SLOPES = {"sigmoid": "{z} * (1 - {z})", "tanh": "(1 - {z} ** 2)", "relu": "({a} > 0)"}
_CALL = re.compile(r"\s*(sigmoid|tanh|relu|softmax|σ)\s*\((.*)\)\s*", re.DOTALL)
_AFFINE = re.compile(r"\s*(.*?)[\s@*·]+([A-Za-z]\w*)\s*(?:\+\s*([A-Za-z]\w*)\s*)?", re.DOTALL)
_UNITS = "MLP"
COSTS = ("cross-entropy", "squared")


@dataclass(frozen=True)
class Affine:
    """A layer as it was written: activation(h · weight + bias)."""

    activation: str
    weight: str
    bias: str


def read_network(text: str) -> tuple[str, tuple[Affine, ...]]:
    """Return the name of the input and the layers, first layer first.

    Raises
    ------
    ConfigError
        If the text is no network of one layer inside the other.
    """
    layers: list[Affine] = []
    rest = text.strip()
    while not re.fullmatch(r"[A-Za-z]\w*", rest):
        called = _CALL.fullmatch(rest)
        inside = called[2] if called else rest
        affine = _AFFINE.fullmatch(inside)
        if affine is None or affine[1].count("(") != affine[1].count(")"):
            raise ConfigError(
                "a network such as softmax(sigmoid(x W + b) V + c)",
                f"{text!r}, where {inside!r} cannot be read",
                "Write each layer as activation(input weights + bias), with sigmoid, tanh, relu, softmax or none.",
            )
        layers.append(Affine((called[1] if called else "").replace("σ", "sigmoid"), affine[2], affine[3] or ""))
        rest = affine[1].strip()
    layers.reverse()
    names = [rest, *(n for one in layers for n in (one.weight, one.bias) if n)]
    if not layers or len(set(names)) != len(names) or any(one.activation == "softmax" for one in layers[:-1]):
        raise ConfigError(
            "at least one layer, a name of its own for each parameter, and softmax at the output alone",
            repr(text),
            "Write, for instance, softmax(sigmoid(x W + b) V + c).",
        )
    if len(layers) > len(_UNITS) + 1:
        raise ConfigError("at most four layers", f"{len(layers)}", "Write fewer; the recursion is the same.")
    return rest, tuple(layers)


def question_like(
    answer: str,
    network: str,
    *,
    cost: str | None = None,
    mean: bool = False,
    likelihood: bool = False,
    penalty: str = "",
) -> Question:
    """Return the question for one derivative of a network's cost.

    Parameters
    ----------
    answer : str
        dW for the derivative by W; of the values on the way, da2 or dz.
    network : str
        Such as softmax(sigmoid(x W + b) V + c).
    cost : str, optional
        `cross-entropy` or `squared` (half the squared distance); the one that fits the output if left out.
    mean : bool
        Whether the cost is divided by N.
    likelihood : bool
        Whether the log-likelihood is asked about, which is minus the cross-entropy.
    penalty : str
        `l2` adds λ/2 ‖W‖² of all weights, `l1` adds λ ‖W‖₁; a function may ask for `lam`.
    """
    x, layers = read_network(network)
    last = layers[-1].activation
    cost = cost or ("cross-entropy" if last in ("softmax", "sigmoid") else "squared")
    if cost not in COSTS or ((cost == "cross-entropy") != (last == "softmax") and last == "softmax"):
        raise ConfigError("`cost` to be cross-entropy or squared, and cross-entropy for softmax", cost, "Change it.")
    if cost == "cross-entropy" and last not in ("softmax", "sigmoid"):
        raise ConfigError("softmax or sigmoid under cross-entropy", last or "no link", "Use `cost=squared`.")
    if penalty not in ("", "l1", "l2"):
        raise ConfigError("`penalty` to be l1 or l2", penalty, "Leave it out for none.")
    forward, hs, pre = _forward(x, layers)
    lines = [*forward, *_backward(hs, pre, layers, cost, mean, likelihood, penalty)]
    inputs = _inputs(x, layers, last, cost, penalty)
    wrt = answer[1:]
    known = [line.name for line in lines if line.name.startswith("d")]
    if answer not in known:
        raise ConfigError(f"one of {', '.join(known)}", answer, did_you_mean(answer, known))
    # The slope can be taken by what is drawn; a value on the way is judged by the derivation, which those slopes prove.
    return Question(
        answer,
        tuple(lines),
        inputs,
        _cost(last, cost, mean, likelihood, penalty, layers) if wrt in inputs else "",
        wrt if wrt in inputs else "",
        _aliases(x, layers, hs),
        f"∂{'L' if likelihood else 'J'}/∂{wrt} of {network}",
    )


def _forward(x: str, layers: tuple[Affine, ...]) -> tuple[list[Line], list[str], list[str]]:
    lines: list[Line] = []
    hs, pre = [x], []
    many = len(layers) > 2
    for i, one in enumerate(layers, 1):
        a = f"a{i}" if len(layers) > 1 else "a"
        out = "y" if i == len(layers) else (f"z{i}" if many else "z")
        lines.append(Line(a, f"{hs[-1]} @ {one.weight}" + (f" + {one.bias}" if one.bias else ""), a))
        lines.append(Line(out, f"{one.activation}({a})" if one.activation else a, out))
        hs.append(out)
        pre.append(a)
    return lines, hs, pre


def _backward(
    hs: list[str], pre: list[str], layers: tuple[Affine, ...], cost: str, mean: bool, likelihood: bool, penalty: str
) -> list[Line]:
    lines: list[Line] = []
    difference = "t - y" if likelihood else "y - t"
    last = layers[-1].activation
    source = difference
    if cost == "squared" and last:
        source = f"({difference}) * {SLOPES[last].format(a=pre[-1], z='y')}"
    if mean:
        source = f"({source}) / N" if source == difference else f"{source} / N"
    sign = "-" if likelihood else "+"
    over = "∂L/∂" if likelihood else "∂J/∂"
    for i in reversed(range(len(layers))):
        h, a, one = hs[i], pre[i], layers[i]
        lines.append(Line(f"d{a}", source, f"{over}{a}"))
        extra = {"l2": f" {sign} lam * {one.weight}", "l1": f" {sign} lam * sign({one.weight})", "": ""}[penalty]
        lines.append(Line(f"d{one.weight}", f"{h}.T @ d{a}{extra}", f"{over}{one.weight}"))
        if one.bias:
            lines.append(Line(f"d{one.bias}", f"sum(d{a}, axis=0)", f"{over}{one.bias}"))
        lines.append(Line(f"d{h}", f"d{a} @ {one.weight}.T", f"{over}{h}"))
        if i:
            slope = layers[i - 1].activation
            source = f"d{h}" + (f" * {SLOPES[slope].format(a=pre[i - 1], z=h)}" if slope else "")
    return lines


def _cost(last: str, cost: str, mean: bool, likelihood: bool, penalty: str, layers: tuple[Affine, ...]) -> str:
    if cost == "squared":
        source = "0.5 * sum((y - t) ** 2)"
    elif last == "softmax":
        source = "-sum(t * log(y))"
    else:
        source = "-sum(t * log(y) + (1 - t) * log(1 - y))"
    source += " / N" if mean else ""
    if penalty:
        each = "lam / 2 * sum({0} ** 2)" if penalty == "l2" else "lam * sum(abs({0}))"
        source += "".join(f" + {each.format(one.weight)}" for one in layers)
    return f"-({source})" if likelihood else source


def _inputs(x: str, layers: tuple[Affine, ...], last: str, cost: str, penalty: str) -> dict[str, Input]:
    letters = ["D", *_UNITS[: len(layers) - 1], "K"]
    kind = "normal" if cost == "squared" else ("one-hot" if last == "softmax" else "bits")
    inputs = {x: Input("ND"), "t": Input("NK", kind)}
    for i, one in enumerate(layers):
        inputs[one.weight] = Input(letters[i] + letters[i + 1])
        if one.bias:
            inputs[one.bias] = Input(letters[i + 1])
    if penalty:
        inputs["lam"] = Input("", "rate")
    return inputs


def _aliases(x: str, layers: tuple[Affine, ...], hs: list[str]) -> dict[str, str]:
    """Return the names under which the course, and others, ask for the same values."""
    names = {"X": x, "T": "t", "Y": "y", "targets": "t", "target": "t", "output": "y", "p_y_given_x": "y"}
    names |= {"inputs": x, "l2": "lam", "reg": "lam", "lambda_": "lam", "hidden": hs[-2], "n": "N"}
    for i, one in enumerate(layers, 1):
        names[f"W{i}"] = one.weight
        if one.bias:
            names[f"b{i}"] = one.bias
        names[f"Z{i}"] = hs[i]
    if len(layers) == 2:
        names["Z"] = names["z1"] = hs[1]
    return names
