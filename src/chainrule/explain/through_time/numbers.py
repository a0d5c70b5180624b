"""Numbers: the derivative by one number of a recurrent layer, taken apart by the steps that use it and that it reaches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.explain.chain import Chain
from chainrule.nn.recurrent.recurrent import Recurrent

# What the steps add up to must be the layer's own gradient, or nothing is told through time.
_EXACT = 1e-9
# So many rows go back at once.
_ROWS = 64


@dataclass(frozen=True, eq=False)
class Back:
    """Errors on their way back through the steps, several at once (S).

    Attributes
    ----------
    ds : mapping of int to array (S, P H)
        ∂J/∂s of each step, all that comes later included.
    da, du : mapping of int to array (S, G H)
        ∂J by x[t] W + b, and by h[t-1] U. No du where it was not asked for.
    """

    ds: Mapping[int, np.ndarray]
    da: Mapping[int, np.ndarray]
    du: Mapping[int, np.ndarray]


@dataclass(frozen=True, eq=False)
class Times:
    """The steps of a recurrent layer in a chain.

    Parameters
    ----------
    chain : Chain
        Whose owner is a `Recurrent`.
    index : tuple of int
        Of the number inside its array.
    """

    chain: Chain
    index: tuple[int, ...]

    @property
    def layer(self) -> Recurrent:
        """The layer."""
        layer = self.chain.owner.layer
        assert isinstance(layer, Recurrent)  # noqa: S101 (`times` has looked)
        return layer

    @property
    def by_state(self) -> bool:
        """Whether the number is read with the state before, as U and c are, and not with x, as W and b."""
        return self.chain.name in ("U", "c")

    @property
    def column(self) -> int:
        """The column of W and U that the number belongs to; of c, that of the new state's block."""
        shift = (self.layer.gates - 1) * self.layer.units if self.chain.name == "c" else 0
        return self.index[-1] + shift

    @property
    def unit(self) -> int:
        """The unit of the state that it acts on first."""
        return self.column % self.layer.units

    @property
    def block(self) -> int:
        """The gate that it belongs to."""
        return self.column // self.layer.units

    @property
    def size(self) -> int:
        """P H, values of the whole state."""
        return self.layer.parts * self.layer.units

    @cached_property
    def order(self) -> tuple[int, ...]:
        """All steps, as they are read."""
        steps = range(self.chain.owner.x.shape[1])
        return tuple(reversed(steps)) if self.layer.reverse else tuple(steps)

    def read(self, n: int) -> tuple[int, ...]:
        """Return the steps that there are in a row, as they are read."""
        there = self.chain.owner.cache["there"]
        return self.order if there is None else tuple(t for t in self.order if there[t, n, 0])

    def sources(self, n: int) -> tuple[int, ...]:
        """Return the steps of a row at which what comes after the layer reads the state."""
        read = self.read(n)
        return read if self.layer.return_sequences else read[-1:]

    def error(self, n: int, t: int) -> np.ndarray:
        """∂J/∂y of a step that is read by what comes after (H,)."""
        dy = self.chain.owner.dy
        found: np.ndarray = dy[n, t] if self.layer.return_sequences else dy[n]
        return found

    def cell(self, rows: np.ndarray, t: int, *, apart: bool) -> dict[str, np.ndarray]:
        """Return what the cell kept of one step of each of some rows.

        If `apart`, with a unit matrix for the state before: then the gradient h[t-1]ᵀ du of U is du.
        """
        kept = self.chain.owner.cache["cell"]
        cell = {name: np.asarray(value)[t, rows] for name, value in kept.items()}
        return cell | {"before": np.eye(len(rows)) if apart else np.zeros((len(rows), 1))}

    def back(
        self, rows: np.ndarray, start: np.ndarray, enters: Callable[[int], np.ndarray | None], *, apart: bool = True
    ) -> Back:
        """Follow errors back through the steps.

        Parameters
        ----------
        rows : array of int (S,)
            The row that each error is of.
        start : array (S, P H)
            What there is behind the last step.
        enters : function
            From a step to what comes in there by h, (S, H), or None.
        apart : bool
            Whether du is wanted.
        """
        layer, owner, h = self.layer, self.chain.owner, self.layer.units
        drop, there = owner.cache["drop"], owner.cache["there"]
        drop = None if drop is None else np.asarray(drop)[rows]
        found: tuple[dict[int, np.ndarray], ...] = ({}, {}, {})
        ds = start
        for t in reversed(self.order):
            new = enters(t)
            if new is not None:
                ds = ds + np.pad(new, ((0, 0), (0, self.size - h)))
            is_there = np.ones((len(rows), 1), bool) if there is None else np.asarray(there)[t, rows] > 0
            inside = np.where(is_there, ds, 0)
            parts = tuple(inside[:, i * h : (i + 1) * h] for i in range(layer.parts))
            da, before, grads = layer.cell_backward(NUMPY, owner.params, self.cell(rows, t, apart=apart), parts, drop)
            found[0][t], found[1][t] = ds, da
            if apart:
                found[2][t] = grads["U"]
            ds = np.where(is_there, np.concatenate(before, axis=1), ds)
        return Back(*found)

    def errors(self, rows: np.ndarray) -> Back:
        """Return the cost's errors in some rows on their way back."""

        def enters(t: int) -> np.ndarray:
            new = np.zeros((len(rows), self.layer.units))
            for at, n in enumerate(rows):
                if t in self.sources(int(n)):
                    new[at] = self.error(int(n), t)
            return new

        return self.back(rows, np.zeros((len(rows), self.size)), enters)

    def errors_apart(self, n: int) -> Back:
        """Return each error of one row on its way back by itself, in the order of `sources`."""
        sources = self.sources(n)

        def enters(t: int) -> np.ndarray:
            new = np.zeros((len(sources), self.layer.units))
            if t in sources:
                new[sources.index(t)] = self.error(n, t)
            return new

        return self.back(np.full(len(sources), n), np.zeros((len(sources), self.size)), enters)

    def meets(self, n: int, t: int) -> float:
        """What the number is multiplied by at a step: x of a weight of the input, h[t-1] of one of the state, 1 of a bias."""
        owner = self.chain.owner
        if self.chain.name == "W":
            return float(owner.x[n, t, self.index[0]])
        if self.chain.name == "U":
            return float(owner.cache["cell"]["before"][t, n, self.index[0]])
        return 1.0

    def adds(self, n: int, t: int, back: Back) -> np.ndarray:
        """Return what the number's use at a step of a row adds for each error (S,)."""
        slopes = back.du[t] if self.by_state else back.da[t]
        found: np.ndarray = slopes[:, self.column] * self.meets(n, t)
        return found

    @cached_property
    def by_step(self) -> np.ndarray:
        """What the number's use at each step adds in each row (N, T)."""
        found = np.zeros((self.chain.n, len(self.order)))
        for start in range(0, self.chain.n, _ROWS):
            rows = np.arange(start, min(start + _ROWS, self.chain.n))
            back = self.errors(rows)
            slopes = back.du if self.by_state else back.da
            for at, n in enumerate(rows):
                for t in self.read(int(n)):
                    found[n, t] = slopes[t][at, self.column] * self.meets(int(n), t)
        return found

    @cached_property
    def _of_rows(self) -> dict[int, Back]:
        return {}

    def errors_of(self, n: int) -> Back:
        """Return the errors of one row on their way back, as one."""
        if n not in self._of_rows:
            self._of_rows[n] = self.errors(np.array([n]))
        return self._of_rows[n]

    @cached_property
    def is_told(self) -> bool:
        """Whether the layer can be taken apart: its steps add up to what its own backward pass says."""
        if not self._reads_before:
            return False
        wanted, found = float(self.chain.gradient[self.index]), self.by_step
        return bool(abs(found.sum() - wanted) <= _EXACT * np.abs(found).sum() + 1e-300)

    @property
    def _reads_before(self) -> bool:
        """Whether the gradient of U is h[t-1]ᵀ du, as told by an h[t-1] of another shape."""
        layer, owner = self.layer, self.chain.owner
        if "before" not in owner.cache["cell"]:
            return False
        rows = np.zeros(layer.units + 1, int)
        drop = owner.cache["drop"]
        drop = None if drop is None else np.asarray(drop)[rows]
        nothing = (np.zeros((len(rows), layer.units)),) * layer.parts
        cell = self.cell(rows, self.order[0], apart=True)
        found = layer.cell_backward(NUMPY, owner.params, cell, nothing, drop)[2]["U"]
        return bool(found.shape == (len(rows), layer.gates * layer.units))

    def reach(self, n: int) -> Mapping[int, np.ndarray]:
        """Return ∂s[T]/∂s[t] (P H, P H) of each step of a row, T the last that is read."""
        return self.back(np.full(self.size, n), np.eye(self.size), lambda t: None, apart=False).ds

    def one_back(self, n: int, t: int) -> np.ndarray:
        """Return ∂s[t]/∂s[t-1] (P H, P H) of one step of a row."""
        layer, owner, h = self.layer, self.chain.owner, self.layer.units
        rows = np.full(self.size, n)
        drop = owner.cache["drop"]
        drop = None if drop is None else np.asarray(drop)[rows]
        parts = tuple(np.eye(self.size)[:, i * h : (i + 1) * h] for i in range(layer.parts))
        before = layer.cell_backward(NUMPY, owner.params, self.cell(rows, t, apart=False), parts, drop)[1]
        return np.concatenate(before, axis=1)


def times(chain: Chain, index: tuple[int, ...]) -> Times | None:
    """Return the steps of a chain whose parameter a recurrent layer owns and uses at each; None for all others."""
    layer = chain.owner.layer
    if not isinstance(layer, Recurrent) or chain.name not in ("W", "U", "b", "c"):
        return None
    found = Times(chain, index)
    return found if found.is_told else None


def norm(matrix: np.ndarray) -> float:
    """Return the largest singular value, of numbers however small."""
    most = float(np.abs(matrix).max(initial=0.0))
    if not most or not np.isfinite(most):
        return most
    scaled = matrix / most
    return most * float(np.sqrt(max(np.linalg.eigvalsh(scaled @ scaled.T)[-1], 0.0)))
