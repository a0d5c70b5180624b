"""Terms: the derivative by one parameter as a sum over rows and paths, expanded as far as it can be read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.explain.arithmetic import Writing, difference, factor, times
from chainrule.explain.chain import Chain, rows
from chainrule.explain.letters import Letters, grouped, under
from chainrule.explain.notation import latex_figure
from chainrule.explain.parts import Term
from chainrule.explain.touch import Touch, by_row, kernel_meets, touch
from chainrule.nn import Conv2D

# So many numbers are computed at most to find the summands that are largest.
_MOST = 2_000_000


@dataclass(frozen=True, eq=False)
class Paths:
    """All paths from one parameter to the cost.

    Parameters
    ----------
    chain : Chain
    index : tuple of int
        Of the number inside its array.
    """

    chain: Chain
    letters: Letters
    index: tuple[int, ...]

    @cached_property
    def touch(self) -> Touch | None:
        """How the layer depends on the parameter; None where no formula of one factor says it."""
        return touch(self.chain, self.index)

    @cached_property
    def hops(self) -> tuple[int, ...]:
        """The dense stages after the parameter's own, up to the first that no single weight leads through."""
        found = []
        for number in range(self.chain.at + 1, len(self.chain.stages)):
            stage = self.chain.stages[number]
            if not stage.is_dense and not stage.is_elementwise:
                break
            if stage.is_dense:
                found.append(number)
        return tuple(found)

    @cached_property
    def end(self) -> int:
        """The stage at which the paths end: the first that no single weight leads through, or one past the last."""
        after = range(self.chain.at + 1, len(self.chain.stages))
        return next(
            (
                number
                for number in after
                if not (self.chain.stages[number].is_dense or self.chain.stages[number].is_elementwise)
            ),
            len(self.chain.stages),
        )

    @property
    def reaches_cost(self) -> bool:
        """Whether the paths lead to the logits."""
        return self.end == len(self.chain.stages)

    def between(self, hop: int) -> range:
        """Return the elementwise stages after the `hop`-th dense stage (0: the parameter's own)."""
        start = self.hops[hop - 1] if hop else self.chain.at
        stop = self.hops[hop] if hop < len(self.hops) else self.end
        return range(start + 1, stop)

    def count(self, depth: int) -> int:
        """Return how many summands there are when paths are followed through `depth` layers."""
        units = 1 if self.touch is None else len(self.touch.units)
        sizes = [self.chain.stages[hop].weights.shape[1] for hop in self.hops[:depth]]
        return int(self.chain.n * units * math.prod(sizes))

    def depth(self, most: int) -> int:
        """Return the deepest expansion of at most `most` summands; 0 where even one layer is too many."""
        if self.touch is None:
            return 0
        return max((d for d in range(len(self.hops) + 1) if self.count(d) <= most), default=0)

    def values(self, depth: int) -> np.ndarray:
        """Return every summand: an array (N, units touched, units of each layer passed)."""
        chain, touch = self.chain, self.touch
        if touch is None:
            return by_row(self.chain, self.index)[:, None]
        whole, units = touch.slopes, touch.units
        for hop in range(depth + 1):
            is_last = hop == depth
            bends = self.between(hop) if not is_last or depth == len(self.hops) else range(0)
            for stage in bends:
                whole = whole * _spread(chain.stages[stage].local[:, units], whole.ndim, hop)
            if is_last:
                found: np.ndarray = whole * _spread(self._error(depth)[:, units], whole.ndim, hop)
                return found
            weights = chain.stages[self.hops[hop]].weights
            here = weights[units] if hop == 0 else weights
            whole = whole[..., None] * here.reshape((1,) * (whole.ndim - 1) + here.shape)
            units = np.arange(weights.shape[1])
        raise AssertionError("the loop returns")

    def _error(self, depth: int) -> np.ndarray:
        """What the last factor of each path is: ∂J/∂a of the layer where the expansion stops, or of the cost."""
        chain = self.chain
        if depth < len(self.hops):
            return rows(chain.stages[self.hops[depth - 1]].dy if depth else chain.owner.dy)
        return chain.da if self.reaches_cost else rows(chain.stages[self.end].dx)

    def by_neuron(self) -> tuple[tuple[str, float], ...]:
        """Return what comes through each unit of the next dense layer, over all rows."""
        if not self.hops or self.touch is None or self.count(1) > _MOST:
            return ()
        sums = self.values(1).sum(axis=(0, 1))
        name = self.chain.stages[self.hops[0]].path
        return tuple((f"{name}.{unit}", float(value)) for unit, value in enumerate(sums))

    def terms(self, depth: int, most: int, numbers: Sequence[int]) -> tuple[tuple[Term, ...], int, float, float]:
        """Return the summands to show, how many there are, the sum of the others, and the sum of all.

        Parameters
        ----------
        depth : int
            How many layers to follow the paths through.
        most : int
            So many are shown; of more, those that weigh most.
        numbers : sequence of int
            The number of each row.
        """
        values = self.values(depth)
        flat = values.ravel()
        shown = np.arange(flat.size)
        if flat.size > most:
            shown = np.sort(np.argsort(-np.abs(flat), kind="stable")[:most])
        places = zip(shown, *np.unravel_index(shown, values.shape), strict=True)
        terms = tuple(
            self._term(depth, int(n), [int(u) for u in units], float(flat[at]), numbers) for at, n, *units in places
        )
        total = math.fsum(flat)
        return terms, flat.size, math.fsum(np.delete(flat, shown)), total

    def _term(self, depth: int, n: int, at: list[int], value: float, numbers: Sequence[int]) -> Term:
        if self.touch is None:
            symbols = rf"\frac{{\partial J}}{{\partial y_{{{numbers[n]}}}}} \cdot \frac{{\partial y_{{{numbers[n]}}}}}"
            symbols += rf"{{\partial {self.letters.parameter(*map(str, self.index))}}}"
            return Term(
                numbers[n], (self.chain.owner.path,), self.chain.owner.path, symbols, latex_figure(value), value
            )
        units = [int(self.touch.units[at[0]]), *at[1:]]
        stages = [self.chain.at, *self.hops[:depth]]
        path = tuple(self.chain.stages[s].unit(u) for s, u in zip(stages, units, strict=True))
        symbols = " ".join(self.symbols(depth, str(numbers[n]), [str(u) for u in units]))
        figures = times(self._figures(depth, n, at[0], units), value)
        neuron = path[min(1, len(path) - 1)]
        given = tuple(self._given(depth, n, at[0], units, str(numbers[n])))
        return Term(numbers[n], path, neuron, symbols, rf"{figures} = {latex_figure(value)}", value, given)

    def symbols(self, depth: int, n: str, units: Sequence[str]) -> list[str]:
        """Return the factors of one path in letters, from the cost back to the parameter, as the course writes them."""
        letters, chain = self.letters, self.chain
        is_whole = depth == len(self.hops)
        factors = []
        if is_whole and self.reaches_cost:
            share = letters.share(n)
            factors += [share] if share else []
            factors.append(grouped(letters.error(n, units[-1])))
        elif is_whole:
            factors.append(rf"\frac{{\partial J}}{{\partial {letters.value(self.end - 1, n, units[-1])}}}")
        else:
            number = self.hops[depth - 1] if depth else chain.at
            factors.append(rf"\frac{{\partial J}}{{\partial {letters.value(number, n, units[-1])}}}")
        for hop in range(depth, -1, -1):
            if hop < depth or is_whole:
                for number in reversed(self.between(hop)):
                    factors.append(grouped(letters.local(number, n, units[hop])))
            if hop:
                stage = self.hops[hop - 1]
                weight = letters.weight(letters.block[stage])
                factors.append(rf"{weight}_{{{under(units[hop - 1], units[hop])}}}")
        factors.append(self.touch_symbol(n, units[0]))
        return [symbol for symbol in factors if symbol]

    def touch_symbol(self, n: str, unit: str) -> str:
        """Return ∂y/∂w in letters: x for a weight, nothing (1) for a bias."""
        chain, letters = self.chain, self.letters
        if isinstance(chain.owner.layer, Conv2D):
            return self._seen(n, unit) if chain.name == "W" else ""
        if not chain.owner.is_dense:
            parameter = letters.parameter(*map(str, self.index))
            return rf"\frac{{\partial {letters.value(chain.at, n, unit)}}}{{\partial {parameter}}}"
        if chain.name != "W":
            return ""
        d = str(self.index[0]) if n.isdigit() else letters.index(letters.block[chain.at] - 1)
        mask = ""
        if "mask" in chain.owner.cache:
            mask = rf"\mu^{{(W)}}_{{{under(d, str(self.index[1]) if n.isdigit() else unit)}}} "
        return mask + letters.value(chain.at - 1, n, d)

    @property
    def _is_bias(self) -> bool:
        """Whether ∂y/∂w is 1, and left out of every product."""
        owner = self.chain.owner
        return self.chain.name == "b" and (owner.is_dense or isinstance(owner.layer, Conv2D))

    def _seen(self, n: str, unit: str) -> str:
        """Return the value that a kernel's weight meets at the place of a unit."""
        before = self.chain.at - 1
        if not n.isdigit():
            return self.letters.value(before, n, r"is+ud-p,\, js+vd-p,\, c")
        h, w, c = kernel_meets(self.chain, self.index, int(unit))
        return self.letters.value(before, n, f"{h},{w},{c}")

    def _figures(self, depth: int, n: int, touched: int, units: Sequence[int]) -> list[Writing]:
        chain, is_whole = self.chain, depth == len(self.hops)
        factors: list[Writing | None] = []
        if is_whole and self.reaches_cost:
            factors += self._error_figures(n, units[-1])
        else:
            factors.append(factor(float(self._error(depth)[n, units[-1]])))
        for hop in range(depth, -1, -1):
            if hop < depth or is_whole:
                factors += [self.letters.local_figures(stage, n, units[hop]) for stage in reversed(self.between(hop))]
            if hop:
                weights = chain.stages[self.hops[hop - 1]].weights
                factors.append(factor(float(weights[units[hop - 1], units[hop]])))
        assert self.touch is not None  # noqa: S101 (the caller has looked)
        if not self._is_bias:
            factors.append(factor(float(self.touch.slopes[n, touched])))
        return [one for one in factors if one is not None]

    def _given(self, depth: int, n: int, touched: int, units: Sequence[int], name: str) -> Iterator[tuple[str, float]]:
        """Yield each letter of a path's product with its value."""
        chain, letters, is_whole = self.chain, self.letters, depth == len(self.hops)
        k = units[-1]
        if is_whole and self.reaches_cost and letters.error("n", "k") == "y_{nk} - t_{nk}":
            yield rf"y_{{{under(name, str(k))}}}", float(chain.y[n, k])
            yield rf"t_{{{under(name, str(k))}}}", float(chain.batch.t[n, k])
        elif is_whole and self.reaches_cost:
            slope = chain.da[n, k] / chain.share[n] if chain.share[n] else 0.0
            yield grouped(letters.error(name, str(k))), float(slope)
        else:
            yield self.symbols(depth, name, [str(u) for u in units])[0], float(self._error(depth)[n, k])
        for hop in range(depth, -1, -1):
            for number in reversed(self.between(hop)) if hop < depth or is_whole else ():
                stage, formula = chain.stages[number], chain.stages[number].layer.equations.local
                if letters.local(number, name, str(units[hop])) and "mask" in stage.cache:
                    yield letters.local(number, name, str(units[hop])), float(stage.local[n, units[hop]])
                for letter, at, values in (("x", number - 1, stage.x), ("y", number, stage.y)):
                    if "mask" not in stage.cache and re.search(rf"(?<![\\a-zA-Z]){letter}(?![a-zA-Z])", formula):
                        yield letters.value(at, name, str(units[hop])), float(rows(values)[n, units[hop]])
            if hop:
                stage = chain.stages[self.hops[hop - 1]]
                weight = letters.weight(letters.block[self.hops[hop - 1]])
                value = float(stage.weights[units[hop - 1], units[hop]])
                yield rf"{weight}_{{{under(str(units[hop - 1]), str(units[hop]))}}}", value
        own = self.touch_symbol(name, str(units[0]))
        if own and self.touch is not None:
            yield own, float(self.touch.slopes[n, touched])

    def _error_figures(self, n: int, k: int) -> list[Writing]:
        """Return 1/N and y - t in numbers."""
        chain = self.chain
        share = [factor(float(chain.share[n]))] if chain.n > 1 or chain.batch.w is not None else []
        if share and chain.batch.w is None:
            share = [lambda digits: (rf"\tfrac{{1}}{{{chain.n}}}", 1 / chain.n)]
        slope = float(chain.da[n, k] / chain.share[n]) if chain.share[n] else 0.0
        y, t = float(chain.y[n, k]), float(chain.batch.t[n, k])
        if self.letters.error("n", "k") == "y_{nk} - t_{nk}":
            return [*share, difference(y, t, slope if chain.share[n] else y - t)]
        return [*share, factor(slope)]


def _spread(values: np.ndarray, dimensions: int, axis: int) -> np.ndarray:
    """Return (N, U) as an array whose first axis is N, whose axis 1 + `axis` is U, and whose others are 1."""
    shape = [1] * dimensions
    shape[0], shape[1 + axis] = values.shape
    return values.reshape(shape)
