"""Told: the derivative by one number of a recurrent layer, step by step, and how far its error reaches back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.explain import steps
from chainrule.explain.arithmetic import factor
from chainrule.explain.arithmetic import times as multiplied
from chainrule.explain.letters import Letters, under
from chainrule.explain.notation import figure, latex_figure, plain
from chainrule.explain.parts import Letter, Step
from chainrule.explain.steps import partial
from chainrule.explain.terms import Paths
from chainrule.explain.through_time.cells import SIMPLE, Place
from chainrule.explain.through_time.numbers import Times, norm
from chainrule.explain.through_time.parts import Moment, Unrolled
from chainrule.explain.through_time.summands import Summands

# Steps that are shown one by one; a longer sequence shows so many of them, the first and the last among them.
_SHOWN = 200
# What one step back makes of an error, in the mean, and the error hardly changes.
_KEEPS = 0.03


@dataclass(frozen=True, eq=False)
class Told:
    """What is said about the derivative by one number of a recurrent layer.

    Parameters
    ----------
    paths : Paths
        What leads on from the layer.
    summands : Summands
    """

    paths: Paths
    summands: Summands

    @property
    def times(self) -> Times:
        """The numbers."""
        return self.summands.times

    @property
    def letters(self) -> Letters:
        """The letters of the network."""
        return self.paths.letters

    @property
    def generic(self) -> Place:
        """A place in letters: row n, step t, unit m."""
        return Place("n", "t", "t+1" if self.times.layer.reverse else "t-1", "m")

    @property
    def number(self) -> str:
        """The number with letters for its indices."""
        name = self.times.chain.name
        row = {"W": "d", "U": "l"}.get(name, "")
        return rf"{name}_{{{under(*row, self._column)}}}"

    @property
    def _column(self) -> str:
        """The letter of the column: m, with the gate that its block belongs to."""
        gate = self.summands.gate
        return (
            "m"
            if gate is None or len(self.summands.cell.gates) == 1 or self.times.chain.name == "c"
            else rf"m^{{{gate.letter}}}"
        )

    def letters_of_time(self) -> Iterator[Letter]:
        """Yield what the letters stand for that only a recurrent layer has."""
        path, name = self.times.chain.owner.path, self.times.chain.name
        meanings = {
            "W": f"weight of {path} by which the input d is read",
            "U": f"weight of {path} by which the state before is read (the course's Wh)",
            "b": f"bias of {path}",
            "c": f"bias of {path}, beside the state before",
        }
        gate = self.summands.gate
        block = (
            f", block {gate.letter}: columns from {self.times.block * self.times.layer.units}"
            if "^" in self._column and gate
            else ""
        )
        yield Letter(self.number, meanings[name] + block)
        for letter, meaning in self.summands.cell.meanings.items():
            yield Letter(self.generic.put(letter), f"{meaning}, row n, step t, unit m")
        sum_of = "what the state before says" if self._sum_of.startswith("u") else "what is taken in"
        yield Letter(self._sum_of, f"{sum_of} at step t, before it bends")
        yield Letter("y_{ntm}", f"what {path} hands on at step t: the state h")
        if self.summands.cell.state == "s":
            whole = " and c" if self.times.layer.parts == 2 else ""
            yield Letter("s_{nt}", f"all that {path} hands to the next step: h{whole}")
        if name == "W":
            yield Letter("x_{ntd}", f"what {path} reads at step t")
        if self.times.chain.owner.cache["drop"] is not None:
            yield Letter(r"\mu_{nl}", f"mask of {path}, the same at all steps: 0, or 1 / (1 - rate)")

    # ------------------------------------------------------------------------------------------------ in letters

    @property
    def _sum_of(self) -> str:
        """What the number is added into, in letters: the pre-activation a, or the state's part u of it."""
        gate = self.summands.gate
        letter = "u" if self.times.by_state and self.summands.cell is not SIMPLE else "a"
        name = f"^{{{gate.letter}}}" if gate is not None and len(self.summands.cell.gates) > 1 else ""
        return rf"{letter}{name}_{{ntm}}"

    def total(self) -> Step:
        """The number is used again at every step: a sum over the steps."""
        sums = (r"\sum_n " if self.times.chain.n > 1 else "") + r"\sum_t "
        what = "bias" if self.times.chain.name in ("b", "c") else "weight"
        text = (
            f"{self.times.chain.owner.path} uses the {what} again at every step: it acts on the cost once for each of them, "
            "through the state there and through all that later steps make of it. So the derivative is a sum over the steps."
        )
        line = rf"{partial('J', self.number)} = {sums}{partial('J', self._sum_of)} {partial(self._sum_of, self.number)}"
        return Step("total", "The total derivative, through time", text, (line,))

    def factors(self) -> Step:
        """What each factor is, and what comes back from the step after."""
        met = self.summands.met(Place("n", "t", self.generic.before, "d" if self.times.chain.name == "W" else "l"))
        lines = [rf"{partial(self._sum_of, self.number)} = {met or '1'}"]
        gate, following = self.summands.gate, "t-1" if self.times.layer.reverse else "t+1"
        if gate is not None:
            slopes = " ".join(slope.symbol(self.generic) for slope in self.summands.slopes)
            lines.append(rf"{partial('J', self._sum_of)} = {partial('J', self.generic.put(gate.above))} {slopes}")
        lines += [line.replace("NEXT", following) for line in self.summands.cell.back]
        lines += self._behind()
        text = (
            "Each factor is the derivative of one line above by one letter in it. What reaches the state of a step is what "
            "the layers behind send to that very step, and what the next step sends back."
        )
        return Step("factors", "Factor by factor", text, tuple(dict.fromkeys(lines)))

    def _behind(self) -> Iterator[str]:
        """Yield what the layers behind send to the last step, where each way through them is one weight."""
        if self.times.layer.return_sequences:
            return
        last = "0" if self.times.layer.reverse else "T"
        block = self.letters.block[self.times.chain.at]
        out = self.letters.value(self.times.chain.at, "n", self.letters.index(block))
        yield rf"{out} = h_{{n,{last},{self.letters.index(block)}}}"
        if self.paths.reaches_cost:
            for above, below, what in steps.links(self.paths)[1][:-1]:
                yield rf"{partial(above, below)} = {what or '1'}"

    def formula(self) -> Step:
        """The sum over the steps, and each step's error as the product of all that lies behind it."""
        sums = (r"\sum_n " if self.times.chain.n > 1 else "") + r"\sum_t "
        gate = self.summands.gate
        between = [partial("J", self.generic.put(gate.above)) if gate else partial("J", self._sum_of)]
        between += [slope.symbol(self.generic) for slope in self.summands.slopes]
        met = self.summands.met(Place("n", "t", self.generic.before, "d" if self.times.chain.name == "W" else "l"))
        state = self.summands.cell.state
        order, first = (r"\tau \le t", "t-1") if self.times.layer.reverse else (r"\tau \ge t", "t+1")
        before = "k+1" if self.times.layer.reverse else "k-1"
        here, there = f"{state}_{{nt}}", rf"{state}_{{n,\tau}}"
        read = r"y_{n,\tau}"
        error = partial("J", read)
        if state != "h":
            error = rf"{error} {partial(read, there)}"
        step = partial(f"{state}_{{nk}}", f"{state}_{{n,{before}}}")
        lines = [
            rf"{partial('J', self.number)} = {sums}{' '.join([*between, met]).strip()}",
            rf"{partial('J', here)} = \sum_{{{order}}} {error} \prod_{{k={first}}}^{{\tau}} {step}",
        ]
        text = (
            "All of it together; and what reaches a step, unrolled: every later step that the cost reads sends an error, "
            "and each step on its way back multiplies it once more."
        )
        return Step("formula", "The derivative", text, tuple(lines), worked=True)

    # ------------------------------------------------------------------------------------------------ in numbers

    def numbers(self, symbol: str) -> Step:
        """The sum with its numbers."""
        terms, n_terms, rest, total = self.summands.terms()
        if not terms:
            line = f"{partial('J', symbol)} = 0"
            return Step("numbers", "With the numbers", self._text(0, 0), (line,), {"sum": 0.0}, worked=True)
        line = steps.summation(symbol, terms, rest, n_terms, total)
        return Step(
            "numbers", "With the numbers", self._text(n_terms, len(terms)), (line,), {"sum": total}, worked=True
        )

    def _text(self, n_terms: int, shown: int) -> str:
        what = {
            "paths": "One summand for each row, each step that uses the number, and each path of units from there to an error",
            "pairs": "One summand for each row, each step that uses the number, and each later step whose error comes back to it",
            "steps": "One summand for each row and each step that uses the number",
        }[self.summands.kind]
        text = f"{self._here()}{what}" + (f", {n_terms:,} in all." if n_terms > 1 else ".")
        if self.times.chain.name == "U":
            text += " At the first step that is read the state before is 0, and so is what the weight adds."
        if n_terms > shown:
            text += f" The {shown} that weigh most are listed."
        return text

    def _here(self) -> str:
        names = {"W": "dm", "U": "lm"}.get(self.times.chain.name, "m")
        numbers = [*self.times.index[:-1], self.times.unit]
        told = [f"{letter} = {at}" for letter, at in zip(names, numbers, strict=True)]
        if "^" in self._column and self.summands.gate is not None:
            told[-1] += f" of {self.summands.gate.letter}"
        return f"Here {', '.join(told)}. "

    @cached_property
    def unrolled(self) -> Unrolled:
        """The steps, with their numbers in the row that has most of them."""
        times, cell = self.times, self.summands.cell
        n = max(range(times.chain.n), key=lambda n: len(times.read(n)))
        read, reach = times.read(n), times.reach(n)
        adds = times.by_step.sum(axis=0)
        products = {t: norm(reach[t]) for t in self._chosen if t in read}
        moments = tuple(self._moment(n, t, read, float(adds[t]), products.get(t, math.nan)) for t in self._chosen)
        back = max(len(read) - 1, 0)
        whole = norm(reach[read[0]]) if read else 1.0
        straight = (rf"\prod {cell.straight}",) if cell.straight else ()
        return Unrolled(
            times.chain.owner.path, self.summands.rows[n], times.unit, (*cell.columns, *straight), cell.state, moments,
            whole ** (1 / back) if back and whole > 0 else float(bool(whole)),
        )  # fmt: skip

    @property
    def _chosen(self) -> tuple[int, ...]:
        order = self.times.order
        if len(order) <= _SHOWN:
            return order
        return tuple(order[int(at)] for at in np.linspace(0, len(order) - 1, _SHOWN).round())

    def _moment(self, n: int, t: int, read: tuple[int, ...], adds: float, reached: float) -> Moment:
        cell, unit = self.summands.cell, self.times.unit
        if t not in read:
            return Moment(t, False, adds, (), math.nan, math.nan)
        letters = self.summands.letters_at(n, t)
        shown = [float(letters[name][0, unit]) for name in cell.columns]
        if cell.straight:
            later = read[read.index(t) + 1 :]
            kept = [float(self.summands.letters_at(n, k)[cell.straight][0, unit]) for k in later]
            shown.append(math.prod(kept))
        one_back = math.nan if t == read[0] else norm(self.times.one_back(n, t))
        return Moment(t, True, adds, tuple(shown), one_back, reached)

    def through_time(self) -> Step:
        """How far an error reaches back: the product of the steps, which vanishes, explodes, or keeps its size."""
        unrolled, state = self.unrolled, self.summands.cell.state
        read = [moment for moment in unrolled.moments if moment.there]
        lines: list[str] = []
        if len(read) > 1:
            first, last = read[0], read[-1]
            whole = partial(rf"{state}_{{{last.at}}}", rf"{state}_{{{first.at}}}")
            if self.summands.cell is SIMPLE and self.times.size == 1 and len(read) <= 8:
                lines += self._scalar(whole, read)
            elif len(read) <= 8:
                bound = math.prod(moment.factor for moment in read[1:])
                factors = multiplied([factor(moment.factor) for moment in reversed(read[1:])], bound)
                lines.append(rf"\|{whole}\| = {latex_figure(first.product)} \le {factors} = {latex_figure(bound)}")
            else:
                lines.append(rf"\|{whole}\| = {latex_figure(first.product)}")
        return Step("time", "Back through time", self._reach_text(len(read)), tuple(lines), worked=True)

    def _scalar(self, whole: str, read: list[Moment]) -> tuple[str, str]:
        """The product of a single unit, in letters and as numbers."""
        n = self.summands.rows.index(self.unrolled.row)
        slope, writings, symbols = SIMPLE.gates[0].slopes[0], [], []
        weight = self.summands.weight(n, 0, 0)
        for moment in reversed(read[1:]):
            writings += [slope.figures({"h": moment.values[0]}), factor(weight)]
            symbols.append(rf"(1 - h_{{{moment.at}}}^2) U")
        value = float(self.times.reach(n)[read[0].at][0, 0])
        numbers = multiplied(writings, value)
        return rf"{whole} = {' '.join(symbols)}", rf"{whole} = {numbers} = {latex_figure(value)}"

    def _reach_text(self, n_read: int) -> str:
        unrolled = self.unrolled
        if n_read < 2:
            return "There is one step alone: nothing lies between it and the error."
        mean, back = unrolled.mean_factor, unrolled.steps_back
        state, before = (plain(rf"{self.summands.cell.state}_{{{t}}}") for t in ("t", "t'"))
        text = (
            f"Row {unrolled.row}, unit {unrolled.unit} of {unrolled.layer}. On its way back an error is multiplied at each "
            f"step t by ∂{state}/∂{before}, t' the step read before it; ‖·‖ is its largest singular value, by which it can grow at most. "
            f"From the last step to the first, {back} {'steps' if back > 1 else 'step'} back, it comes to "
            f"{figure(mean)} a step in the mean"
        )
        if mean < 1 - _KEEPS:
            gone = math.ceil(math.log(0.01) / math.log(mean)) if mean > 0 else 1
            return f"{text}: the error vanishes, to a hundredth after {gone:,} steps."
        if mean > 1 + _KEEPS:
            return f"{text}: the error explodes, to a hundredfold after {math.ceil(math.log(100) / math.log(mean)):,} steps."
        return f"{text}: the error keeps its size."
