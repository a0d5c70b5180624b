"""The classes of layers that a NumPy script is made of: the forward pass, and right below it what is added to learn."""

from __future__ import annotations

# Name: (what it takes to predict, what it takes to learn as well).
SOURCES: dict[str, tuple[str, str]] = {
    "Stack": (
        """
class Stack:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x, w, rng=None):
        for name, layer in self.layers.items():
            x = layer.forward(x, w.get(name, {}), rng)
        return x
""",
        """
    def backward(self, dy, w):
        grads = {}
        for name, layer in reversed(self.layers.items()):
            dy, part = layer.backward(dy, w.get(name, {}))
            grads |= {name: part} if part else {}
        return dy, grads
""",
    ),
    "Residual": (
        """
class Residual:
    def __init__(self, inner, shortcut):
        self.inner, self.shortcut = inner, shortcut

    def forward(self, x, w, rng=None):
        return self.shortcut.forward(x, w.get("shortcut", {}), rng) + self.inner.forward(x, w, rng)
""",
        """
    def backward(self, dy, w):
        dx, grads = self.inner.backward(dy, w)
        ds, bypass = self.shortcut.backward(dy, w.get("shortcut", {}))
        return dx + ds, grads | ({"shortcut": bypass} if bypass else {})
""",
    ),
    "Dense": (
        """
class Dense:
    def forward(self, x, w, rng=None):
        self.x = x
        return x @ w["W"] + w["b"]
""",
        """
    def backward(self, dy, w):
        rows, drows = self.x.reshape(-1, self.x.shape[-1]), dy.reshape(-1, dy.shape[-1])
        return dy @ w["W"].T, {"W": rows.T @ drows, "b": drows.sum(axis=0)}
""",
    ),
    "Linear": (
        """
class Linear:
    def forward(self, x, w, rng=None):
        self.x = x
        return x @ w["W"]
""",
        """
    def backward(self, dy, w):
        rows, drows = self.x.reshape(-1, self.x.shape[-1]), dy.reshape(-1, dy.shape[-1])
        return dy @ w["W"].T, {"W": rows.T @ drows}
""",
    ),
    "Identity": (
        """
class Identity:
    def forward(self, x, w, rng=None):
        return x
""",
        """
    def backward(self, dy, w):
        return dy, {}
""",
    ),
    "Sigmoid": (
        """
class Sigmoid:
    def forward(self, x, w, rng=None):
        self.y = np.exp(-np.logaddexp(0, -x))
        return self.y
""",
        """
    def backward(self, dy, w):
        return dy * self.y * (1 - self.y), {}
""",
    ),
    "Tanh": (
        """
class Tanh:
    def forward(self, x, w, rng=None):
        self.y = np.tanh(x)
        return self.y
""",
        """
    def backward(self, dy, w):
        return dy * (1 - self.y**2), {}
""",
    ),
    "Relu": (
        """
class Relu:
    def forward(self, x, w, rng=None):
        self.y = np.maximum(x, 0)
        return self.y
""",
        """
    def backward(self, dy, w):
        return dy * (self.y > 0), {}
""",
    ),
    "LeakyRelu": (
        """
class LeakyRelu:
    def __init__(self, slope):
        self.slope = slope

    def forward(self, x, w, rng=None):
        self.x = x
        return np.maximum(x, self.slope * x)
""",
        """
    def backward(self, dy, w):
        return np.where(self.x > 0, dy, self.slope * dy), {}
""",
    ),
    "Elu": (
        """
class Elu:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x, w, rng=None):
        self.y = np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))
        return self.y
""",
        """
    def backward(self, dy, w):
        return np.where(self.y > 0, dy, dy * (self.y + self.alpha)), {}
""",
    ),
    "Gelu": (
        """
class Gelu:
    def forward(self, x, w, rng=None):
        self.x, self.phi = x, (0.5 * (1 + np.vectorize(math.erf)(x * math.sqrt(0.5)))).astype(x.dtype)
        return x * self.phi
""",
        """
    def backward(self, dy, w):
        density = np.exp(-0.5 * self.x**2) / math.sqrt(2 * math.pi)
        return dy * (self.phi + self.x * density), {}
""",
    ),
    "Silu": (
        """
class Silu:
    def forward(self, x, w, rng=None):
        self.s = np.exp(-np.logaddexp(0, -x))
        self.y = x * self.s
        return self.y
""",
        """
    def backward(self, dy, w):
        return dy * (self.s + self.y * (1 - self.s)), {}
""",
    ),
    "Softplus": (
        """
class Softplus:
    def forward(self, x, w, rng=None):
        self.x = x
        return np.logaddexp(0, x)
""",
        """
    def backward(self, dy, w):
        return dy * np.exp(-np.logaddexp(0, -self.x)), {}
""",
    ),
    "Dropout": (
        """
class Dropout:
    def __init__(self, rate):
        self.rate = rate

    def forward(self, x, w, rng=None):
        self.mask = 1 if rng is None else (rng.random(x.shape) >= self.rate).astype(x.dtype) / (1 - self.rate)
        return x * self.mask
""",
        """
    def backward(self, dy, w):
        return dy * self.mask, {}
""",
    ),
    "SpatialDropout": (
        """
class SpatialDropout:
    def __init__(self, rate):
        self.rate = rate

    def forward(self, x, w, rng=None):
        shape = (len(x), *(1 for _ in x.shape[1:-1]), x.shape[-1])
        self.mask = 1 if rng is None else (rng.random(shape) >= self.rate).astype(x.dtype) / (1 - self.rate)
        return x * self.mask
""",
        """
    def backward(self, dy, w):
        return dy * self.mask, {}
""",
    ),
    "BatchNorm": (
        """
class BatchNorm:
    def __init__(self, momentum, epsilon):
        self.momentum, self.epsilon = momentum, epsilon

    def forward(self, x, w, rng=None):
        if rng is None:
            return w["g"] * (x - w["m"]) / np.sqrt(w["v"] + self.epsilon) + w["b"]
        axes = tuple(range(x.ndim - 1))
        n, mean, variance = x[..., 0].size, x.mean(axis=axes), x.var(axis=axes)
        if n > 1:
            w["v"] += (1 - self.momentum) * (variance * n / (n - 1) - w["v"])
        w["m"] += (1 - self.momentum) * (mean - w["m"])
        self.scale = 1 / np.sqrt(variance + self.epsilon)
        self.x = (x - mean) * self.scale
        return w["g"] * self.x + w["b"]
""",
        """
    def backward(self, dy, w):
        axes = tuple(range(dy.ndim - 1))
        dg, db = (dy * self.x).sum(axis=axes), dy.sum(axis=axes)
        n = dy[..., 0].size
        return (dy - self.x * dg / n - db / n) * w["g"] * self.scale, {"g": dg, "b": db}
""",
    ),
    "LayerNorm": (
        """
class LayerNorm:
    def __init__(self, epsilon):
        self.epsilon = epsilon

    def forward(self, x, w, rng=None):
        self.scale = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + self.epsilon)
        self.x = (x - x.mean(axis=-1, keepdims=True)) * self.scale
        return w["g"] * self.x + w["b"]
""",
        """
    def backward(self, dy, w):
        axes = tuple(range(dy.ndim - 1))
        grads = {"g": (dy * self.x).sum(axis=axes), "b": dy.sum(axis=axes)}
        dy = dy * w["g"]
        through = dy.mean(axis=-1, keepdims=True) + self.x * (dy * self.x).mean(axis=-1, keepdims=True)
        return (dy - through) * self.scale, grads
""",
    ),
    "Flatten": (
        """
class Flatten:
    def forward(self, x, w, rng=None):
        self.shape = x.shape
        return x.reshape(len(x), -1)
""",
        """
    def backward(self, dy, w):
        return dy.reshape(self.shape), {}
""",
    ),
    "Reshape": (
        """
class Reshape:
    def __init__(self, axes):
        self.axes = axes

    def forward(self, x, w, rng=None):
        self.shape = x.shape
        return x.reshape(len(x), *self.axes)
""",
        """
    def backward(self, dy, w):
        return dy.reshape(self.shape), {}
""",
    ),
}
