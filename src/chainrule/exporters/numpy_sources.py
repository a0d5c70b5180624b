"""The classes that a NumPy script is made of: the forward pass, and right below it what is added to learn."""

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
    "windows": (
        '''
def windows(x, size, stride, dilation):
    """View (N, H', W', C, kh, kw) of images (N, H, W, C)."""
    reach = [d * (k - 1) + 1 for k, d in zip(size, dilation)]
    view = np.lib.stride_tricks.sliding_window_view(x, reach, axis=(1, 2))
    return view[:, :: stride[0], :: stride[1], :, :: dilation[0], :: dilation[1]]
''',
        "",
    ),
    "Conv": (
        """
class Conv:
    def __init__(self, stride, dilation, pads, bias):
        self.stride, self.dilation, self.pads, self.bias = stride, dilation, pads, bias

    def forward(self, x, w, rng=None):
        self.x = np.pad(x, ((0, 0), *self.pads, (0, 0)))
        self.seen = windows(self.x, w["W"].shape[:2], self.stride, self.dilation)
        y = np.tensordot(self.seen, w["W"], axes=([3, 4, 5], [2, 0, 1]))
        return y + w["b"] if self.bias else y
""",
        """
    def backward(self, dy, w):
        grads = {"W": np.tensordot(self.seen, dy, axes=([0, 1, 2], [0, 1, 2])).transpose(1, 2, 0, 3)}
        if self.bias:
            grads["b"] = dy.sum(axis=(0, 1, 2))
        dx = np.zeros_like(self.x)
        target = windows_of(dx, w["W"].shape[:2], self.stride, self.dilation, dy.shape[1:3])
        for u, v, view in target:
            view += dy @ w["W"][u, v].T
        return unpadded(dx, self.pads), grads
""",
    ),
    "MaxPool": (
        """
class MaxPool:
    def __init__(self, size, stride, pads):
        self.size, self.stride, self.pads = size, stride, pads

    def forward(self, x, w, rng=None):
        self.x = np.pad(x, ((0, 0), *self.pads, (0, 0)), constant_values=-np.inf)
        self.y = windows(self.x, self.size, self.stride, (1, 1)).max(axis=(4, 5))
        return self.y
""",
        """
    def backward(self, dy, w):
        dx, taken = np.zeros_like(self.x), np.zeros(dy.shape, bool)
        seen = [view for _, _, view in windows_of(self.x, self.size, self.stride, (1, 1), dy.shape[1:3])]
        for (_, _, view), tap in zip(windows_of(dx, self.size, self.stride, (1, 1), dy.shape[1:3]), seen):
            largest = (tap == self.y) & ~taken
            view += dy * largest
            taken |= largest
        return unpadded(dx, self.pads), {}
""",
    ),
    "AvgPool": (
        """
class AvgPool:
    def __init__(self, size, stride, pads):
        self.size, self.stride, self.pads = size, stride, pads

    def forward(self, x, w, rng=None):
        around = ((0, 0), *self.pads, (0, 0))
        self.x = np.pad(x, around)
        self.count = windows(np.pad(np.ones_like(x[:1]), around), self.size, self.stride, (1, 1)).sum(axis=(4, 5))
        return windows(self.x, self.size, self.stride, (1, 1)).sum(axis=(4, 5)) / self.count
""",
        """
    def backward(self, dy, w):
        dx = np.zeros_like(self.x)
        for _, _, view in windows_of(dx, self.size, self.stride, (1, 1), dy.shape[1:3]):
            view += dy / self.count
        return unpadded(dx, self.pads), {}
""",
    ),
    "GlobalAvgPool": (
        """
class GlobalAvgPool:
    def forward(self, x, w, rng=None):
        self.shape = x.shape
        return x.reshape(len(x), -1, x.shape[-1]).mean(axis=1)
""",
        """
    def backward(self, dy, w):
        places = np.prod(self.shape[1:-1])
        return np.broadcast_to((dy / places).reshape(len(dy), *(1,) * (len(self.shape) - 2), -1), self.shape), {}
""",
    ),
    "GlobalMaxPool": (
        """
class GlobalMaxPool:
    def forward(self, x, w, rng=None):
        self.x = x
        return x.max(axis=tuple(range(1, x.ndim - 1)))
""",
        """
    def backward(self, dy, w):
        axes = tuple(range(1, self.x.ndim - 1))
        largest = self.x == self.x.max(axis=axes, keepdims=True)
        share = largest / largest.sum(axis=axes, keepdims=True)
        return (share * np.expand_dims(dy, axes)).astype(dy.dtype), {}
""",
    ),
    "ZeroPad": (
        """
class ZeroPad:
    def __init__(self, pads):
        self.pads = pads

    def forward(self, x, w, rng=None):
        return np.pad(x, ((0, 0), *self.pads, (0, 0)))
""",
        """
    def backward(self, dy, w):
        return unpadded(dy, self.pads), {}
""",
    ),
    "UpSample": (
        """
class UpSample:
    def __init__(self, size):
        self.size = size

    def forward(self, x, w, rng=None):
        return x.repeat(self.size[0], axis=1).repeat(self.size[1], axis=2)
""",
        """
    def backward(self, dy, w):
        (a, b), (n, height, width, c) = self.size, dy.shape
        return dy.reshape(n, height // a, a, width // b, b, c).sum(axis=(2, 4)), {}
""",
    ),
}

# What the derivatives of windows call.
BACKWARD_HELPERS = '''
def windows_of(x, size, stride, dilation, places):
    """Yield (u, v) and the view of padded images (N, H, W, C) that tap (u, v) of all windows sees."""
    for u in range(size[0]):
        for v in range(size[1]):
            top, left = u * dilation[0], v * dilation[1]
            rows = slice(top, top + stride[0] * (places[0] - 1) + 1, stride[0])
            columns = slice(left, left + stride[1] * (places[1] - 1) + 1, stride[1])
            yield u, v, x[:, rows, columns]


def unpadded(x, pads):
    (top, bottom), (left, right) = pads
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]
'''
