"""Summands: one for each step that uses the number, for each pair of steps, or for each path of units between them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal

import numpy as np

from chainrule.explain.arithmetic import Writing, factor
from chainrule.explain.arithmetic import times as multiplied
from chainrule.explain.letters import under
from chainrule.explain.notation import latex_figure
from chainrule.explain.parts import Term
from chainrule.explain.through_time.cells import SIMPLE, Cell, Gate, Place, Slope, above, cell_of, values
from chainrule.explain.through_time.numbers import Back, Times

# So many steps long is a path whose slopes are written as 1 - h².
_WRITTEN_OUT = 2

Kind = Literal["paths", "pairs", "steps"]


@dataclass(frozen=True)
class Way:
    """A summand before it is written: row, the step of use, the step of the error (or None: all), the units on the way."""

    n: int
    t: int
    error: int | None
    units: tuple[int, ...]
    value: float


@dataclass(frozen=True, eq=False)
class Summands:
    """All summands of the derivative by one number of a recurrent layer.

    Parameters
    ----------
    times : Times
    rows : tuple of int
        The number of each row.
    most : int
        So many are shown.
    """

    times: Times
    rows: tuple[int, ...]
    most: int

    @property
    def cell(self) -> Cell:
        """How the layer is told."""
        return cell_of(self.times.layer)

    @property
    def gate(self) -> Gate | None:
        """The gate that the number belongs to; None in a layer of one's own."""
        return self.cell.gates[self.times.block] if self.cell.gates else None

    @property
    def slopes(self) -> tuple[Slope, ...]:
        """What stands between the state and what the number is added into."""
        if self.gate is None:
            return ()
        return self.gate.slopes + (self.gate.of_state if self.times.by_state else ())

    @cached_property
    def kind(self) -> Kind:
        """How far the sum is taken apart: as far as it can be read."""
        times = self.times
        if times.layer.return_sequences or self.cell is SIMPLE:
            reads = [times.read(n) for n in range(times.chain.n)]
            if self.cell is SIMPLE and sum(self._n_paths(read) for read in reads) <= self.most:
                return "paths"
            if times.layer.return_sequences and sum(len(r) * (len(r) + 1) // 2 for r in reads) <= self.most:
                return "pairs"
        return "steps"

    def _n_paths(self, read: tuple[int, ...]) -> int:
        units, last = self.times.layer.units, len(read)
        if units > 1 and last > 30:
            return self.most + 1
        first_error = range(last) if self.times.layer.return_sequences else range(last - 1, last)
        return sum(units ** (end - start) for start in range(last) for end in first_error if end >= start)

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """All summands; those in which the number meets the state before the first step, which is 0, are none."""
        return tuple(way for n in range(self.times.chain.n) for way in self._of_row(n))

    def _of_row(self, n: int) -> Iterator[Way]:
        times, read = self.times, self.times.read(n)
        used = read[1:] if times.chain.name == "U" else read
        if self.kind == "steps":
            yield from (Way(n, t, None, (), float(times.by_step[n, t])) for t in used)
        elif self.kind == "pairs":
            sources = times.sources(n)
            for t in used:
                values = times.adds(n, t, self._apart(n))
                ahead = [s for s in sources if read.index(s) >= read.index(t)]
                yield from (Way(n, t, s, (), float(values[sources.index(s)])) for s in ahead)
        else:
            for t in used:
                for s in times.sources(n):
                    if read.index(s) >= read.index(t):
                        yield from self._paths(n, t, s)

    def _paths(self, n: int, t: int, s: int) -> Iterator[Way]:
        """Yield each path of units from step t to step s of a simple layer, with its product."""
        between = self._between(n, t, s)
        for later in product(range(self.times.layer.units), repeat=len(between) - 1):
            units = (self.times.unit, *later)
            yield Way(n, t, s, units, math.prod(self._factors(n, between, units)))

    def _between(self, n: int, t: int, s: int) -> tuple[int, ...]:
        read = self.times.read(n)
        return read[read.index(t) : read.index(s) + 1]

    def _factors(self, n: int, steps: tuple[int, ...], units: tuple[int, ...]) -> Iterator[float]:
        """Yield the factors of a path, from the error back to the number."""
        yield float(self.times.error(n, steps[-1])[units[-1]])
        for at in range(len(steps) - 1, -1, -1):
            yield float(1 - self.letters_at(n, steps[at])["h"][0, units[at]] ** 2)
            if at:
                yield self.weight(n, units[at - 1], units[at])
        yield self.times.meets(n, steps[0])

    def weight(self, n: int, before: int, after: int) -> float:
        """Return one number of U, by what dropout leaves of the state before."""
        owner = self.times.chain.owner
        drop = owner.cache["drop"]
        return float(owner.params["U"][before, after]) * (1.0 if drop is None else float(drop[n, before]))

    def _apart(self, n: int) -> Back:
        if n not in self._backs:
            self._backs[n] = self.times.errors_apart(n)
        return self._backs[n]

    @cached_property
    def _backs(self) -> dict[int, Back]:
        return {}

    def letters_at(self, n: int, t: int) -> dict[str, np.ndarray]:
        """Return every letter's values at a step of a row (1, H)."""
        kept = self.times.chain.owner.cache["cell"]
        return values(self.times.layer, {name: np.asarray(value)[t, n][None] for name, value in kept.items()})

    def terms(self) -> tuple[tuple[Term, ...], int, float, float]:
        """Return the summands to show, how many there are, the sum of the others, and the sum of all."""
        found = np.array([way.value for way in self.ways])
        shown = np.arange(found.size)
        if found.size > self.most:
            shown = np.sort(np.argsort(-np.abs(found), kind="stable")[: self.most])
        terms = tuple(self._term(self.ways[at]) for at in shown)
        return terms, found.size, math.fsum(np.delete(found, shown)), math.fsum(found)

    def place(self, n: str, t: int, m: str, read: tuple[int, ...]) -> Place:
        """Return the place of a letter at a step of a row."""
        at = read.index(t)
        return Place(n, str(t), str(read[at - 1]) if at else ("T" if self.times.layer.reverse else "-1"), m)

    def _term(self, way: Way) -> Term:
        name = str(self.rows[way.n])
        factors = list(self._path_factors(way, name) if self.kind == "paths" else self._factors_of(way, name))
        symbols = " ".join(symbol for symbol, _, _ in factors)
        figures = multiplied([writing for _, writing, _ in factors], way.value)
        given = tuple(pair for _, _, pairs in factors for pair in pairs)
        path = self.times.chain.owner.path
        if self.kind == "paths":
            steps = self._between(way.n, way.t, way.error if way.error is not None else way.t)
            units = tuple(f"{path}[{t},{m}]" for t, m in zip(steps, way.units, strict=True))
        else:
            ends = (way.t,) if way.error is None or way.error == way.t else (way.t, way.error)
            units = tuple(f"{path}[{t},{self.times.unit}]" if not at else f"{path}[{t}]" for at, t in enumerate(ends))
        return Term(
            self.rows[way.n],
            units,
            units[0],
            symbols,
            rf"{figures} = {latex_figure(way.value)}",
            way.value,
            given,
            way.t,
        )

    def _path_factors(self, way: Way, name: str) -> Iterator[tuple[str, Writing, list[tuple[str, float]]]]:
        """Yield symbol, figures and given values of each factor of a path through a simple layer."""
        assert way.error is not None  # noqa: S101 (a path ends somewhere)
        read, steps = self.times.read(way.n), self._between(way.n, way.t, way.error)
        error = self._partial(f"y_{{{self._y(name, way.error, str(way.units[-1]))}}}")
        value = float(self.times.error(way.n, way.error)[way.units[-1]])
        yield error, factor(value), [(error, value)]
        slope = SIMPLE.gates[0].slopes[0]
        for at in range(len(steps) - 1, -1, -1):
            unit = way.units[at]
            place = self.place(name, steps[at], str(unit), read)
            here = {"h": float(self.letters_at(way.n, steps[at])["h"][0, unit])}
            # A long way is read more easily with each slope worked out.
            figures = slope.figures(here) if len(steps) <= _WRITTEN_OUT else factor(slope.value(here))
            yield slope.symbol(place), figures, [(place.put("h"), here["h"])]
            if at:
                weight = rf"U_{{{under(str(way.units[at - 1]), str(unit))}}}"
                value = self.weight(way.n, way.units[at - 1], unit)
                if self.times.chain.owner.cache["drop"] is not None:
                    weight = rf"\mu_{{{under(name, str(way.units[at - 1]))}}} {weight}"
                yield weight, factor(value), [(weight, value)]
        yield from self._met(way, name)

    def _factors_of(self, way: Way, name: str) -> Iterator[tuple[str, Writing, list[tuple[str, float]]]]:
        """Yield symbol, figures and given values: what arrives at the step, the gate's slopes, and what the number meets."""
        times, read = self.times, self.times.read(way.n)
        place = self.place(name, way.t, str(times.unit), read)
        letters = self.letters_at(way.n, way.t)
        back = times.errors_of(way.n) if way.error is None else self._apart(way.n)
        at = 0 if way.error is None else times.sources(way.n).index(way.error)
        if self.gate is None:
            letter = "u" if times.by_state else "a"
            slopes = back.du if times.by_state else back.da
            value = float(slopes[way.t][at, times.column])
            symbol = self._partial(f"{letter}_{{{under(name, str(way.t), str(times.column))}}}")
        else:
            state = place.put(self.gate.above)
            spread = {key: np.repeat(value, len(back.ds[way.t]), axis=0) for key, value in letters.items()}
            value = float(above(times.layer, self.gate, back.ds[way.t], spread)[at, times.unit])
            symbol = self._partial(state)
            if way.error is not None and way.error != way.t:
                error = f"y_{{{under(name, str(way.error))}}}"
                symbol = (
                    rf"{self._partial(error)} \frac{{\partial y_{{{under(name, str(way.error))}}}}}{{\partial {state}}}"
                )
        yield symbol, factor(value), [(symbol, value)]
        for slope in self.slopes:
            here = {letter: float(letters[letter][0, times.unit]) for letter in slope.letters}
            yield slope.symbol(place), slope.figures(here), [(place.put(letter), here[letter]) for letter in here]
        yield from self._met(way, name)

    def _met(self, way: Way, name: str) -> Iterator[tuple[str, Writing, list[tuple[str, float]]]]:
        """Yield what the number is multiplied by, unless it is 1."""
        if self.times.chain.name in ("b", "c"):
            return
        value = self.times.meets(way.n, way.t)
        symbol = self.met(self.place(name, way.t, str(self.times.index[0]), self.times.read(way.n)))
        yield symbol, factor(value), [(symbol, value)]

    def met(self, place: Place) -> str:
        """Return in letters what the number is multiplied by, at a place whose unit is its row."""
        if self.times.chain.name == "W":
            return place.put("x")
        if self.times.chain.name != "U":
            return ""
        mask = "" if self.times.chain.owner.cache["drop"] is None else rf"\mu_{{{under(place.n, place.m)}}} "
        return mask + place.put("h'")

    def _y(self, n: str, t: int, m: str) -> str:
        return under(n, str(t), m)

    def _partial(self, below: str) -> str:
        return rf"\frac{{\partial J}}{{\partial {below}}}"
