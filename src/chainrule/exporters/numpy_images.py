"""Layers of images in plain NumPy: windows that move over them, pools, and what is put around."""

from __future__ import annotations

# Name: (what it takes to predict, what it takes to learn as well).
SOURCES: dict[str, tuple[str, str]] = {
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
