"""The classes of layers along time that a NumPy script is made of: forward, and what is added to learn."""

from __future__ import annotations

# Name: (what it takes to predict, what it takes to learn as well).
SOURCES: dict[str, tuple[str, str]] = {
    "Recurrent": (
        '''
class Recurrent:
    """A cell that reads x (N, T, D) step by step: every state, or the last."""

    parts = 1

    def __init__(self, every=False, reverse=False, rate=0.0):
        self.every, self.order, self.rate = every, slice(None, None, -1 if reverse else None), rate

    def forward(self, x, w, rng=None):
        self.x, shape = x[:, self.order].swapaxes(0, 1), (len(x), len(w["U"]))
        drops = self.rate > 0 and rng is not None
        self.drop = (rng.random(shape) >= self.rate).astype(x.dtype) / (1 - self.rate) if drops else 1
        state, self.seen, h = [np.zeros(shape, x.dtype)] * self.parts, [], []
        for a in self.x @ w["W"] + w["b"]:
            state, seen = self.step(a, state, w)
            self.seen.append(seen)
            h.append(state[0])
        return np.stack(h, axis=1)[:, self.order] if self.every else h[-1]
''',
        """
    def backward(self, dy, w):
        grads, da = {name: np.zeros_like(value) for name, value in w.items()}, []
        ds = [0 if self.every else dy] + [0] * (self.parts - 1)
        for t in reversed(range(len(self.seen))):
            ds[0] = ds[0] + (dy[:, self.order][:, t] if self.every else 0)
            a, ds, more = self.step_back(self.seen[t], ds, w)
            da.insert(0, a)
            for name, value in (more | {"W": self.x[t].T @ a, "b": a.sum(axis=0)}).items():
                grads[name] += value
        return (np.stack(da, axis=1) @ w["W"].T)[:, self.order], grads
""",
    ),
    "SimpleRNN": (
        """
class SimpleRNN(Recurrent):
    def step(self, a, state, w):
        before = state[0] * self.drop
        h = np.tanh(a + before @ w["U"])
        return [h], (before, h)
""",
        """
    def step_back(self, seen, ds, w):
        before, h = seen
        da = ds[0] * (1 - h**2)
        return da, [da @ w["U"].T * self.drop], {"U": before.T @ da}
""",
    ),
    "LSTM": (
        """
class LSTM(Recurrent):
    parts = 2

    def step(self, a, state, w):
        before, c = state[0] * self.drop, state[1]
        *gates, g = np.split(a + before @ w["U"], 4, axis=1)
        i, f, o = (0.5 * np.tanh(0.5 * z) + 0.5 for z in gates)
        g = np.tanh(g)
        new = f * c + i * g
        bend = np.tanh(new)
        return [o * bend, new], (before, c, i, f, o, g, bend)
""",
        """
    def step_back(self, seen, ds, w):
        before, c, i, f, o, g, bend = seen
        dh, dc = ds[0], ds[1] + ds[0] * o * (1 - bend**2)
        da = np.hstack([dc * g * i * (1 - i), dc * c * f * (1 - f), dh * bend * o * (1 - o), dc * i * (1 - g**2)])
        return da, [da @ w["U"].T * self.drop, dc * f], {"U": before.T @ da}
""",
    ),
    "GRU": (
        """
class GRU(Recurrent):
    def step(self, a, state, w):
        h, before = state[0], state[0] * self.drop
        (ar, az, ag), (ur, uz, ug) = np.split(a, 3, axis=1), np.split(before @ w["U"], 3, axis=1)
        r, z = (0.5 * np.tanh(0.5 * s) + 0.5 for s in (ar + ur, az + uz))
        q = ug + w["c"]
        g = np.tanh(ag + r * q)
        return [g + z * (h - g)], (before, h, r, z, q, g)
""",
        """
    def step_back(self, seen, ds, w):
        (before, h, r, z, q, g), dh = seen, ds[0]
        dg = dh * (1 - z) * (1 - g**2)
        dr, dz = dg * q * r * (1 - r), dh * (h - g) * z * (1 - z)
        du = np.hstack([dr, dz, dg * r])
        grads = {"U": before.T @ du, "c": (dg * r).sum(axis=0)}
        return np.hstack([dr, dz, dg]), [dh * z + du @ w["U"].T * self.drop], grads
""",
    ),
    "Bidirectional": (
        """
class Bidirectional:
    def __init__(self, ahead, back):
        self.ahead, self.back = ahead, back

    def forward(self, x, w, rng=None):
        f = self.ahead.forward(x, w["ahead"], rng)
        self.width = f.shape[-1]
        return np.concatenate([f, self.back.forward(x, w["back"], rng)], axis=-1)
""",
        """
    def backward(self, dy, w):
        dx, ahead = self.ahead.backward(dy[..., : self.width], w["ahead"])
        more, back = self.back.backward(dy[..., self.width :], w["back"])
        return dx + more, {"ahead": ahead, "back": back}
""",
    ),
    "SelfAttention": (
        """
class SelfAttention:
    def __init__(self, heads, causal=False):
        self.heads, self.causal = heads, causal

    def forward(self, x, w, rng=None):
        N, T, D = x.shape
        self.x, self.root = x, (D // self.heads) ** 0.5
        split = (x @ w["W"] + w["b"]).reshape(N, T, 3, self.heads, -1)
        self.q, self.k, self.v = split.transpose(2, 0, 3, 1, 4)
        s = self.q @ self.k.swapaxes(2, 3) / self.root
        s = np.where(np.tri(T, dtype=bool), s, -np.inf) if self.causal else s
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        self.p = e / e.sum(axis=-1, keepdims=True)
        self.o = (self.p @ self.v).swapaxes(1, 2).reshape(N, T, D)
        return self.o @ w["V"] + w["c"]
""",
        """
    def backward(self, dy, w):
        N, T, D = dy.shape
        do = (dy @ w["V"].T).reshape(N, T, self.heads, -1).swapaxes(1, 2)
        dp = do @ self.v.swapaxes(2, 3)
        ds = self.p * (dp - (dp * self.p).sum(axis=-1, keepdims=True)) / self.root
        parts = np.stack([ds @ self.k, ds.swapaxes(2, 3) @ self.q, self.p.swapaxes(2, 3) @ do])
        dz = parts.transpose(1, 3, 0, 2, 4).reshape(N, T, 3 * D)
        grads = {"W": np.einsum("ntd,ntk->dk", self.x, dz), "b": dz.sum(axis=(0, 1))}
        grads |= {"V": np.einsum("ntd,ntk->dk", self.o, dy), "c": dy.sum(axis=(0, 1))}
        return dz @ w["W"].T, grads
""",
    ),
    "Positions": (
        '''
class Positions:
    """Waves of each place, added to its values."""

    def forward(self, x, w, rng=None):
        i = np.arange(x.shape[2])
        angles = np.arange(x.shape[1])[:, None] / 10000 ** (i // 2 * 2 / x.shape[2])
        return x + np.where(i % 2, np.cos(angles), np.sin(angles)).astype(x.dtype)
''',
        """
    def backward(self, dy, w):
        return dy, {}
""",
    ),
    "LearnedPositions": (
        """
class LearnedPositions:
    def forward(self, x, w, rng=None):
        return x + w["P"]
""",
        """
    def backward(self, dy, w):
        return dy, {"P": dy.sum(axis=0)}
""",
    ),
    "Embedding": (
        """
class Embedding:
    def __init__(self, padding=None):
        self.padding = padding

    def forward(self, x, w, rng=None):
        self.x, self.there = x, 1 if self.padding is None else (x != self.padding)[..., None]
        return w["W"][x] * self.there
""",
        """
    def backward(self, dy, w):
        dW = np.zeros_like(w["W"])
        np.add.at(dW, self.x, dy * self.there)
        return np.zeros(self.x.shape, dy.dtype), {"W": dW}
""",
    ),
}
