"""Functions that somebody may write for the derivatives of a network: right in many styles, and wrong in known ways."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NETWORK = "softmax(sigmoid(x W + b) V + c)"
AHEAD = "import numpy as np\n"


@dataclass(frozen=True)
class Case:
    """A source, what it is like, and what must be told of it.

    `cause` is a part of the cause that must be told; `line` a part of the line that must be named.
    """

    name: str
    source: str
    cause: str = ""
    line: str = ""
    of: str = "dW"
    like: str = NETWORK
    settings: dict[str, Any] = field(default_factory=dict)


VECTORS = """
def f(x, t, W, b, V, c):
    a = x @ W + b
    hidden = 1 / (1 + np.exp(-a))
    logits = hidden @ V + c
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    delta = p - t
    back = delta @ V.T
    dA = back * hidden * (1 - hidden)
    return x.T @ dA
"""
LOOPS = """
def f(x, t, y, z, V):
    N, D = x.shape
    M, K = V.shape
    out = np.zeros((D, M))
    for n in range(N):
        for m in range(M):
            back = 0
            for k in range(K):
                back += (y[n, k] - t[n, k]) * V[m, k]
            da = back * z[n, m] * (1 - z[n, m])
            for d in range(D):
                out[d, m] += da * x[n, d]
    return out
"""
ONE_LINE = """
def f(x, t, y, z, V):
    return x.T @ ((y - t) @ V.T * z * (1 - z))
"""
DEEP = """
def f(x, t, W1, b1, W2, b2, W3, b3):
    h1 = np.tanh(x @ W1 + b1)
    h2 = np.tanh(h1 @ W2 + b2)
    o = h2 @ W3 + b3
    e = np.exp(o - o.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    d3 = y - t
    d2 = (d3 @ W3.T) * (1 - h2 ** 2)
    d1 = (d2 @ W2.T) * (1 - h1 ** 2)
    return x.T @ d1
"""
DEEP_LIKE = "softmax(tanh(tanh(x W1 + b1) W2 + b2) W3 + b3)"
RELU = """
def f(x, t, W, b, V, c):
    a = x @ W + b
    h = np.maximum(a, 0)
    y = h @ V + c
    delta = y - t
    back = delta @ V.T
    dA = back * (a > 0)
    return x.T @ dA
"""
RELU_LIKE = "relu(x W + b) V + c"
SQUARED = """
def f(x, t, W, b, V, c):
    s = lambda a: 1 / (1 + np.exp(-a))
    h = s(x @ W + b)
    y = s(h @ V + c)
    delta = (y - t) * y * (1 - y)
    back = delta @ V.T
    dA = back * h * (1 - h)
    return x.T @ dA
"""
SQUARED_LIKE = "sigmoid(sigmoid(x W + b) V + c)"
BIAS = """
def f(x, t, y, z, V):
    delta = y - t
    dA = delta @ V.T * z * (1 - z)
    return dA.sum(axis=0)
"""
OUTPUT = """
def f(z, y, t):
    delta = y - t
    return z.T @ delta
"""
OUTPUT_LOOPS = """
def f(z, y, t):
    N, M = z.shape
    K = t.shape[1]
    out = np.zeros((M, K))
    for n in range(N):
        for k in range(K):
            delta = y[n, k] - t[n, k]
            for m in range(M):
                out[m, k] += delta * z[n, m]
    return out
"""
MEAN_L2 = """
def f(x, t, y, z, V, W, lam):
    N = len(x)
    delta = (y - t) / N
    dA = delta @ V.T * z * (1 - z)
    return x.T @ dA + lam * W
"""


def _wrong(name: str, base: str, old: str, new: str, cause: str, *, line: str | None = None, **about: Any) -> Case:
    if old not in base:
        raise ValueError(f"{name}: {old!r} is not in the source")
    return Case(name, AHEAD + base.replace(old, new), cause, new.strip() if line is None else line, **about)


PLANTED = (
    _wrong("sign", VECTORS, "p - t", "t - p", "sign"),
    _wrong(
        "slope left out", VECTORS, "back * hidden * (1 - hidden)", "back", "slope `hidden * (1 - hidden)` is left out"
    ),
    _wrong("z left out", VECTORS, "hidden * (1 - hidden)", "(1 - hidden)", "factor `hidden` is left out"),
    _wrong("slope of tanh", VECTORS, "hidden * (1 - hidden)", "(1 - hidden ** 2)", "slope of tanh"),
    _wrong("slope at a", VECTORS, "hidden * (1 - hidden)", "a * (1 - a)", "taken at `a`"),
    _wrong(
        "sigmoid twice",
        ONE_LINE,
        "z * (1 - z)",
        "(1/(1+np.exp(-z))) * (1 - 1/(1+np.exp(-z)))",
        "applied twice",
        line="return",
    ),
    _wrong("mean for sum", VECTORS, "x.T @ dA", "x.T @ dA / len(x)", "mean over the samples"),
    _wrong(
        "sum for mean",
        MEAN_L2,
        "(y - t) / N",
        "y - t",
        "division by `N` is left out",
        settings={"mean": True, "penalty": "l2"},
    ),
    _wrong(
        "penalty forgotten",
        MEAN_L2,
        " + lam * W",
        "",
        "term `lam * W` is missing",
        line="return",
        settings={"mean": True, "penalty": "l2"},
    ),
    _wrong(
        "penalty twice",
        MEAN_L2,
        "lam * W",
        "2 * lam * W",
        "twice",
        line="return",
        settings={"mean": True, "penalty": "l2"},
    ),
    _wrong("transposed", VECTORS, "x.T @ dA", "dA.T @ x", "transposed"),
    _wrong("softmax counted twice", VECTORS, "p - t", "(p - t) * p * (1 - p)", "in y − t already"),
)
_DEEP: dict[str, Any] = {"of": "dW1", "like": DEEP_LIKE}
_SQUARED: dict[str, Any] = {"like": SQUARED_LIKE, "settings": {"cost": "squared"}}
_L2: dict[str, Any] = {"settings": {"mean": True, "penalty": "l2"}}
HARDER = (
    _wrong("loops overwrite k", LOOPS, "back += (y", "back = (y", "overwrites"),
    _wrong("loops overwrite n", LOOPS, "out[d, m] += ", "out[d, m] = ", "overwrites"),
    _wrong("loops sign", LOOPS, "y[n, k] - t[n, k]", "t[n, k] - y[n, k]", "sign", line="back +="),
    _wrong("loops last n", LOOPS, "range(N)", "range(N - 1)", "last of the samples is left out", line=""),
    _wrong("loops first n", LOOPS, "range(N)", "range(1, N)", "first of the samples is left out", line=""),
    _wrong("loops last k", LOOPS, "range(K)", "range(K - 1)", "last of the units", line="back +="),
    _wrong(
        "loops z left out", LOOPS, "z[n, m] * (1 - z[n, m])", "(1 - z[n, m])", "factor `z` is left out", line="da ="
    ),
    _wrong("loops slope left out", LOOPS, "back * z[n, m] * (1 - z[n, m])", "back", "is left out", line="da ="),
    _wrong("loops tanh", LOOPS, "z[n, m] * (1 - z[n, m])", "(1 - z[n, m] ** 2)", "slope of tanh", line="da ="),
    _wrong("own class", VECTORS, "p - t", "(p - t) * t", "own class"),
    _wrong("delta left out", VECTORS, "p - t", "p - 1", "δ is left out"),
    _wrong("stops at y", VECTORS, "p - t", "-t / p", "stops at the derivative", line="delta ="),
    _wrong(
        "wrong axis", VECTORS, "e.sum(axis=1, keepdims=True)", "e.sum(axis=0, keepdims=True)", "wrong axis", line="p ="
    ),
    _wrong("target for difference", VECTORS, "delta = p - t", "delta = p", "is not subtracted"),
    _wrong("one-line sign", ONE_LINE, "y - t", "t - y", "sign", line="return"),
    _wrong("one-line sign of slope", ONE_LINE, "1 - z", "z - 1", "sign", line="return"),
    _wrong("one-line z left out", ONE_LINE, "z * (1 - z)", "(1 - z)", "factor `z` is left out", line="return"),
    _wrong("one-line mean over all", ONE_LINE, "(y - t)", "(y - t) / y.size", "divided by N and by K", line="return"),
    _wrong("one-line half", ONE_LINE, "x.T @", "0.5 * x.T @", "half", line="return"),
    _wrong("one-line double", ONE_LINE, "x.T @", "2 * x.T @", "twice", line="return"),
    _wrong(
        "deep slope left out", DEEP, "(d2 @ W2.T) * (1 - h1 ** 2)", "(d2 @ W2.T)", "is left out", line="d1 =", **_DEEP
    ),
    _wrong(
        "deep slope left out below the output",
        DEEP,
        "(d3 @ W3.T) * (1 - h2 ** 2)",
        "d3 @ W3.T",
        "is left out",
        line="d2",
        **_DEEP,
    ),
    _wrong("deep of sigmoid", DEEP, "(1 - h1 ** 2)", "h1 * (1 - h1)", "slope of the sigmoid", line="d1 =", **_DEEP),
    _wrong("deep not squared", DEEP, "1 - h2 ** 2", "1 - h2", "power", line="d2 =", **_DEEP),
    _wrong("deep tanh of tanh", DEEP, "1 - h1 ** 2", "1 - np.tanh(h1) ** 2", "applied twice", line="d1 =", **_DEEP),
    _wrong("relu slope missing", RELU, "back * (a > 0)", "back", "is left out", line="dA", like=RELU_LIKE),
    _wrong("relu itself", RELU, "back * (a > 0)", "back * h", "activation stands where its slope", like=RELU_LIKE),
    _wrong("relu at a", RELU, "back * (a > 0)", "back * a", "itself stands where its slope", like=RELU_LIKE),
    _wrong("relu reversed", RELU, "a > 0", "a < 0", "`<`", line="dA", like=RELU_LIKE),
    _wrong("squared without slope", SQUARED, "(y - t) * y * (1 - y)", "y - t", "is left out", line="delta", **_SQUARED),
    _wrong("squared half", SQUARED, "(y - t) * y", "2 * (y - t) * y", "twice", line="delta", **_SQUARED),
    _wrong("bias of dW", BIAS, "dA.sum(axis=0)", "(x.T @ dA).sum(axis=0)", "taken for the bias", of="db"),
    _wrong("bias mean", BIAS, "dA.sum(axis=0)", "dA.mean(axis=0)", "mean", of="db"),
    _wrong("bias last", BIAS, "dA.sum(axis=0)", "dA[-1]", "last of the samples", of="db"),
    _wrong("output transposed", OUTPUT, "z.T @ delta", "delta.T @ z", "transposed", of="dV"),
    _wrong("output last row", OUTPUT, "z.T @ delta", "z[:-1].T @ delta[:-1]", "last of the samples", of="dV"),
    _wrong("output abs", OUTPUT, "delta = y - t", "delta = abs(y - t)", "absolute", of="dV"),
    _wrong("penalty minus", MEAN_L2, "+ lam * W", "- lam * W", "subtracted", line="return", **_L2),
    _wrong("penalty over N", MEAN_L2, "lam * W", "lam * W / N", "penalty is divided by N", line="return", **_L2),
    _wrong("penalty is L1", MEAN_L2, "lam * W", "lam * np.sign(W)", "other penalty", line="return", **_L2),
    _wrong("mean twice", MEAN_L2, "dA + lam", "dA / N + lam", "mean over the samples", line="", **_L2),
    _wrong("N - 1", MEAN_L2, "(y - t) / N", "(y - t) / (N - 1)", "N - 1", line="delta", **_L2),
)

_FORWARD = """    h = 1 / (1 + np.exp(-(x @ W + b)))
    o = h @ V + c
    e = np.exp(o - o.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
"""
_WHOLE = "\ndef f(x, t, W, b, V, c):\n" + _FORWARD


def _right(name: str, source: str, **about: Any) -> Case:
    return Case(name, AHEAD + source, **about)


RIGHT = (
    _right("steps", VECTORS),
    _right("loops", LOOPS),
    _right("one line", ONE_LINE),
    _right("deep", DEEP, **_DEEP),
    _right("relu", RELU, like=RELU_LIKE),
    _right("squared", SQUARED, **_SQUARED),
    _right("bias", BIAS, of="db"),
    _right("output", OUTPUT, of="dV"),
    _right("mean and penalty", MEAN_L2, **_L2),
    _right("einsum", "\ndef f(x, t, y, z, V):\n    return np.einsum('nd,nk,mk,nm->dm', x, y - t, V, z * (1 - z))\n"),
    _right(
        "two einsums",
        "\ndef f(x, t, y, z, V):\n    g = np.einsum('nk,mk->nm', y - t, V)\n    g *= z - z ** 2\n    return np.einsum('nd,nm->dm', x, g)\n",
    ),
    _right(
        "float32",
        ONE_LINE.replace("x.T @", "x.T.astype(np.float32) @")
        .replace("(y - t)", "(y - t).astype(np.float32)")
        .replace("z * (1 - z)", "(z * (1 - z)).astype(np.float32)"),
    ),
    _right(
        "in place",
        "\ndef f(x, t, y, z, V):\n    g = y.copy()\n    g -= t\n    g = g @ V.T\n    g *= z\n    g *= 1 - z\n    return x.T @ g\n",
    ),
    _right(
        "helper",
        "\ndef slope(z):\n    return z * (1 - z)\n\ndef f(x, t, y, z, V):\n    return x.T @ ((y - t) @ V.T * slope(z))\n",
    ),
    _right(
        "helpers",
        "\ndef s(a):\n    return 1 / (1 + np.exp(-a))\n\ndef soft(a):\n    e = np.exp(a)\n    return e / e.sum(axis=1, keepdims=True)\n\ndef f(x, t, W, b, V, c):\n    z = s(x @ W + b)\n    g = (soft(z @ V + c) - t) @ V.T * z * (1 - z)\n    return x.T.dot(g)\n",
    ),
    _right(
        "rows",
        "\ndef f(x, t, y, z, V):\n    out = 0\n    for n in range(len(x)):\n        out = out + np.outer(x[n], V @ (y[n] - t[n]) * z[n] * (1 - z[n]))\n    return out\n",
    ),
    _right(
        "columns",
        "\ndef f(x, t, y, z, V):\n    g = ((y - t) @ V.T) * z * (1 - z)\n    return np.stack([x.T @ g[:, m] for m in range(g.shape[1])], axis=1)\n",
    ),
    _right(
        "comprehension",
        "\ndef f(x, t, y, z, V):\n    g = ((y - t) @ V.T) * z * (1 - z)\n    return np.array([[sum(x[n, d] * g[n, m] for n in range(len(x))) for m in range(g.shape[1])] for d in range(x.shape[1])])\n",
    ),
    _right(
        "four loops",
        "\ndef f(x, t, y, z, V):\n    out = np.zeros((x.shape[1], V.shape[0]))\n    for n in range(len(x)):\n        for d in range(x.shape[1]):\n            for m in range(V.shape[0]):\n                for k in range(V.shape[1]):\n                    out[d, m] += (y[n, k] - t[n, k]) * V[m, k] * z[n, m] * (1 - z[n, m]) * x[n, d]\n    return out\n",
    ),
    _right(
        "transposed twice",
        "\ndef f(x, t, y, z, V):\n    g = V @ (y - t).T\n    g = g * (z * (1 - z)).T\n    return (g @ x).T\n",
    ),
    _right("negative twice", "\ndef f(x, t, y, z, V):\n    g = (t - y) @ V.T\n    return -(x.T @ (g * z * (1 - z)))\n"),
    _right(
        "broadcast",
        "\ndef f(x, t, y, z, V):\n    g = ((y - t)[:, None, :] * V[None]).sum(axis=2) * z * (1 - z)\n    return (x[:, :, None] * g[:, None, :]).sum(axis=0)\n",
    ),
    _right(
        "matmul",
        "\ndef f(x, t, y, z, V):\n    g = np.multiply(np.matmul(np.subtract(y, t), np.transpose(V)), np.multiply(z, np.subtract(1, z)))\n    return np.matmul(np.transpose(x), g)\n",
    ),
    _right(
        "course's capitals",
        "\ndef f(X, Z, T, Y, V):\n    dZ = (Y - T).dot(V.T) * Z * (1 - Z)\n    return X.T.dot(dZ)\n",
    ),
    _right(
        "tensordot", "\ndef f(x, t, y, z, V):\n    return np.tensordot(x, (y - t) @ V.T * z * (1 - z), axes=(0, 0))\n"
    ),
    _right(
        "slope by exp",
        _WHOLE
        + "    a = x @ W + b\n    s = np.exp(-a) / (1 + np.exp(-a)) ** 2\n    return x.T @ ((y - t) @ V.T * s)\n",
    ),
    _right("whole", _WHOLE + "    return x.T @ ((y - t) @ V.T * h * (1 - h))\n"),
    _right(
        "jacobian of softmax",
        _WHOLE
        + "    dy = -t / y\n    do = y * (dy - (dy * y).sum(axis=1, keepdims=True))\n    return x.T @ (do @ V.T * h * (1 - h))\n",
    ),
    _right(
        "dict of steps",
        "\ndef f(x, t, y, z, V):\n    g = {}\n    g['d'] = y - t\n    g['b'] = g['d'] @ V.T * z * (1 - z)\n    return x.T @ g['b']\n",
    ),
    _right(
        "in halves",
        "\ndef f(x, t, y, z, V):\n    n = len(x) // 2\n    g = (y - t) @ V.T * z * (1 - z)\n    return x[:n].T @ g[:n] + x[n:].T @ g[n:]\n",
    ),
    _right(
        "inner function",
        "\ndef f(x, t, y, z, V):\n    def back(d):\n        return d @ V.T * z * (1 - z)\n    return x.T @ back(y - t)\n",
    ),
    _right(
        "complex step",
        _WHOLE
        + "    out = np.zeros(W.shape)\n    for d in range(W.shape[0]):\n        for m in range(W.shape[1]):\n            U = W.astype(complex)\n            U[d, m] += 1e-20j\n            g = 1 / (1 + np.exp(-(x @ U + b)))\n            q = g @ V + c\n            r = np.exp(q)\n            r = r / r.sum(axis=1, keepdims=True)\n            out[d, m] = -(t * np.log(r)).sum().imag / 1e-20\n    return out\n",
    ),
    _right(
        "deep by a loop",
        "\ndef f(x, t, W1, b1, W2, b2, W3, b3):\n    hs = [x]\n    for W, b in ((W1, b1), (W2, b2)):\n        hs.append(np.tanh(hs[-1] @ W + b))\n    o = hs[-1] @ W3 + b3\n    e = np.exp(o)\n    g = e / e.sum(axis=1, keepdims=True) - t\n    for W, h in ((W3, hs[2]), (W2, hs[1])):\n        g = g @ W.T * (1 - h * h)\n    return x.T @ g\n",
        **_DEEP,
    ),
    _right(
        "mean at the end",
        "\ndef f(x, t, y, z, V, W, lam):\n    g = (y - t) @ V.T * z * (1 - z)\n    return x.T @ g / len(x) + lam * W\n",
        **_L2,
    ),
    _right(
        "ascent",
        "\ndef f(x, t, y, z, V):\n    return x.T @ ((t - y) @ V.T * z * (1 - z))\n",
        settings={"likelihood": True},
    ),
)
