"""Cells: the letters of each recurrent layer, and the slopes of its gates, as the layer's own equations have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from chainrule.explain.arithmetic import Writing, difference, factor, printed, readable
from chainrule.explain.letters import under
from chainrule.explain.notation import bracketed
from chainrule.nn import GRU, LSTM, SimpleRNN
from chainrule.nn.recurrent.recurrent import Recurrent


@dataclass(frozen=True)
class Place:
    """Where a letter stands: row, step, the step read before it, and unit, as LaTeX."""

    n: str
    t: str
    before: str
    m: str

    def put(self, letter: str) -> str:
        """Return a letter with its indices; one with a prime belongs to the step before."""
        t = self.before if letter.endswith("'") else self.t
        return rf"{letter.rstrip(chr(39))}_{{{under(self.n, t, self.m)}}}"


@dataclass(frozen=True)
class Slope:
    """A factor of a gate's derivative.

    `kind` says which function of its letters it is: the value x, a sigmoid's slope x (1 - x), the slope 1 - x² of tanh,
    what is left 1 - x, or a difference.
    """

    kind: Literal["value", "sigmoid", "tanh", "rest", "difference"]
    letters: tuple[str, ...]

    def symbol(self, place: Place) -> str:
        """Return it in letters."""
        x, *more = (place.put(letter) for letter in self.letters)
        return {
            "value": x,
            "sigmoid": rf"{x} (1 - {x})",
            "tanh": rf"(1 - {x}^2)",
            "rest": rf"(1 - {x})",
            "difference": rf"({x} - {''.join(more)})",
        }[self.kind]

    def value(self, values: Mapping[str, float]) -> float:
        """Return its value."""
        x, *more = (values[letter] for letter in self.letters)
        if self.kind == "difference":
            return x - more[0]
        return {"value": x, "sigmoid": x * (1 - x), "tanh": 1 - x * x, "rest": 1 - x}[self.kind]

    def figures(self, values: Mapping[str, float]) -> Writing:
        """Return how it is written in numbers."""
        x, *more = (values[letter] for letter in self.letters)
        if self.kind == "value":
            return factor(x)
        if self.kind == "difference":
            return difference(x, more[0], x - more[0])

        def write(digits: int) -> tuple[str, float]:
            text, p = bracketed(x, digits), printed(x, digits)
            if self.kind == "sigmoid":
                return f"{text} (1 - {text})", p * (1 - p)
            return (f"(1 - {text}^2)", 1 - p * p) if self.kind == "tanh" else (f"(1 - {text})", 1 - p)

        return readable(write, self.value(values))


@dataclass(frozen=True)
class Gate:
    """A block of columns: its letter, what its derivative starts from (h or c), and the slopes between."""

    letter: str
    above: str
    slopes: tuple[Slope, ...]
    # What stands between only where the way is through U.
    of_state: tuple[Slope, ...] = ()


@dataclass(frozen=True)
class Cell:
    """How a recurrent layer is told.

    Attributes
    ----------
    state : str
        s as LaTeX.
    gates : tuple of Gate
        By blocks of columns; empty for a layer of one's own, of which nothing between a and the gradient is known.
    columns : tuple of str
        Which values of a unit are shown step by step.
    straight : str
        The letter whose product over the steps is the way straight back, through no weight; nothing where there is none.
    meanings : mapping of str to str
    back : tuple of str
        What comes back to the state, with PLACES for what differs when a layer reads from the end.
    """

    state: str = "s"
    gates: tuple[Gate, ...] = ()
    columns: tuple[str, ...] = ()
    straight: str = ""
    meanings: Mapping[str, str] = field(default_factory=dict)
    back: tuple[str, ...] = ()


_H = r"\frac{\partial J}{\partial h_{ntm}} = \frac{\partial J}{\partial y_{ntm}} + "
SIMPLE = Cell(
    "h",
    (Gate("a", "h", (Slope("tanh", ("h",)),)),),
    ("h",),
    meanings={"h": "state"},
    back=(
        _H + r"\sum_j \frac{\partial J}{\partial h_{n,NEXT,j}} \frac{\partial h_{n,NEXT,j}}{\partial h_{ntm}}",
        r"\frac{\partial h_{n,NEXT,j}}{\partial h_{ntm}} = (1 - h_{n,NEXT,j}^2) U_{mj}",
    ),
)
LONG = Cell(
    "s",
    (
        Gate("i", "c", (Slope("value", ("g",)), Slope("sigmoid", ("i",)))),
        Gate("f", "c", (Slope("value", ("c'",)), Slope("sigmoid", ("f",)))),
        Gate("o", "h", (Slope("value", (r"\tanh c",)), Slope("sigmoid", ("o",)))),
        Gate("g", "c", (Slope("value", ("i",)), Slope("tanh", ("g",)))),
    ),
    ("i", "f", "o", "g", "c", "h"),
    "f",
    {
        "i": "gate that writes", "f": "gate that forgets", "o": "gate that shows", "g": "what may be written",
        "c": "memory", "h": "state",
    },
    (
        _H + r"\sum_j \frac{\partial J}{\partial a_{n,NEXT,j}} U_{mj}",
        r"\frac{\partial J}{\partial c_{ntm}} = \frac{\partial J}{\partial h_{ntm}} o_{ntm} (1 - \tanh^2 c_{ntm}) + "
        r"\frac{\partial J}{\partial c_{n,NEXT,m}} f_{n,NEXT,m}",
    ),
)  # fmt: skip
GATED = Cell(
    "h",
    (
        Gate("r", "h", (Slope("rest", ("z",)), Slope("tanh", ("g",)), Slope("value", ("q",)), Slope("sigmoid", ("r",)))),
        Gate("z", "h", (Slope("difference", ("h'", "g")), Slope("sigmoid", ("z",)))),
        Gate("g", "h", (Slope("rest", ("z",)), Slope("tanh", ("g",))), (Slope("value", ("r",)),)),
    ),
    ("r", "z", "g", "h"),
    "z",
    {
        "r": "gate that resets", "z": "gate that keeps", "g": "new state", "h": "state",
        "q": "what the state before says in g: h[t-1] U + c",
    },
    (
        _H + r"\frac{\partial J}{\partial h_{n,NEXT,m}} z_{n,NEXT,m} + \sum_j "
        r"\frac{\partial J}{\partial u_{n,NEXT,j}} U_{mj}",
    ),
)  # fmt: skip
CELLS: Mapping[type[Recurrent], Cell] = {SimpleRNN: SIMPLE, LSTM: LONG, GRU: GATED}


def cell_of(layer: Recurrent) -> Cell:
    """Return how a layer is told; one of one's own, and a normalised one, without the slopes before the state."""
    cell = CELLS.get(type(layer), Cell())
    return replace(cell, gates=(), back=()) if layer.layer_norm else cell


def values(layer: Recurrent, kept: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return every letter's values at one step (S, H), from what the cell kept of it."""
    h = layer.units
    if type(layer) is SimpleRNN:
        return {"h": kept["h"]}
    if type(layer) is LSTM:
        i, f, o = (kept["gates"][:, block * h : (block + 1) * h] for block in range(3))
        c = f * kept["c_before"] + i * kept["g"]
        tanh_c = kept["tanh_c"]
        return {
            "i": i, "f": f, "o": o, "g": kept["g"], "c": c, "c'": kept["c_before"], r"\tanh c": tanh_c,
            "h": o * tanh_c,
        }  # fmt: skip
    if type(layer) is GRU:
        r, z, g = kept["gates"][:, :h], kept["gates"][:, h:], kept["g"]
        return {"r": r, "z": z, "g": g, "q": kept["q"], "h": g + z * kept["change"], "h'": kept["change"] + g}
    return {}


def above(layer: Recurrent, gate: Gate, ds: np.ndarray, letters: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return ∂J/∂h or ∂J/∂c of a step (S, H), from ∂J/∂s."""
    h = layer.units
    if gate.above == "h":
        return ds[:, :h]
    slope = letters["o"] * (1 - letters[r"\tanh c"] ** 2)
    found: np.ndarray = ds[:, h:] + ds[:, :h] * slope
    return found
