"""Members: what the networks of an ensemble differ in, drawn at random with some that are always there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.constraints import Many, Options, Range, check_fields, constrained, option, real, whole
from chainrule.nn import ACTIVATIONS
from chainrule.seeds import Purpose, generator

# How an input becomes what the first layer reads; see `tables.network`.
ENCODINGS = ("plain", "clipped", "piecewise", "periodic")
_IN_WORDS = {
    "plain": "numbers as they are",
    "clipped": "numbers clipped smoothly",
    "piecewise": "piecewise linear numbers",
    "periodic": "periodic numbers",
}


@dataclass(frozen=True)
class Member:
    """A network and how it learns. Without a hidden layer it is fitted by L-BFGS to its optimum, else by steps of Adam.

    Parameters
    ----------
    encoding : str
        A name in `ENCODINGS`.
    hidden : tuple of int
        Units of each hidden layer; none: a linear model or, of piecewise linear numbers, an additive one.
    bins : int
        Of a piecewise linear number, at most.
    activation : str
        A name in `nn.ACTIVATIONS`.
    dropout : float
        Rate of dropping hidden values.
    learning_rate : float
        η of Adam.
    decay : float
        Penalty on the squares of the weights, in 1 / rows.
    average : float
        Share of the old in the moving average of the weights; 0: none.
    seed : int
        Of its weights, batches and noise.
    """

    encoding: str = option(*ENCODINGS, default="plain")
    hidden: tuple[int, ...] = constrained(Many(Range(int, 1)), default=())
    bins: int = whole(2, default=16)
    activation: str = constrained(Options(tuple(ACTIVATIONS)), default="silu")
    dropout: float = real(0.0, 1.0, high_open=True, default=0.0)
    learning_rate: float = real(0.0, low_open=True, default=0.001)
    decay: float = real(0.0, default=1.0)
    average: float = real(0.0, 1.0, high_open=True, default=0.0)
    seed: int = whole(0, default=0)

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        object.__setattr__(self, "hidden", tuple(self.hidden))
        check_fields(self)

    @property
    def is_linear(self) -> bool:
        """Whether it is a linear model of the columns."""
        return not self.hidden and self.encoding in ("plain", "clipped")

    @property
    def kind(self) -> str:
        """`linear`, `additive`, or `2 hidden layers`."""
        if self.is_linear:
            return "linear"
        if not self.hidden:
            return "additive"
        return f"{len(self.hidden)} hidden layer{'s' if len(self.hidden) > 1 else ''}"

    def describe(self) -> str:
        """Return it in a few words."""
        if not self.hidden:
            return f"{self.kind}, {_IN_WORDS[self.encoding]}, penalty {self.decay:.3g} / rows"
        units = "-".join(map(str, self.hidden))
        return (
            f"{units} {self.activation}, {_IN_WORDS[self.encoding]}, dropout {self.dropout:.2g}, "
            f"rate {self.learning_rate:.2g}, penalty {self.decay:.2g} / rows"
        )


LINEAR = (
    Member("plain", decay=1.0),
    Member("clipped", decay=10.0),
)
ADDITIVE = Member("piecewise", bins=12, decay=10.0)


# Of fewer rows the bins of piecewise linear numbers are learned by heart.
_FEW_ROWS = 400


@dataclass(frozen=True)
class Effort:
    """How much is tried: so many networks with hidden layers beside those without, on so many folds."""

    name: str
    networks: int
    most_epochs: int
    patience: int


QUICK = Effort("quick", 1, 200, 20)
EFFORTS: Mapping[str, Effort] = {
    "quick": QUICK,
    "standard": Effort("standard", 6, 200, 12),
    "best": Effort("best", 61, 400, 24),
}


def quick_member(shape: tuple[int, ...], seed: int, *, dense: bool = True) -> Member:
    """Return the one network of `quick`.

    Parameters
    ----------
    shape : (N, D)
        Of the inputs.
    seed : int
    dense : bool
        Whether they are an array.
    """
    encoding = "plain" if not dense else "clipped" if shape[0] < _FEW_ROWS else "piecewise"
    return Member(encoding, (128, 64), 16, "silu", 0.2, 0.001, 1.0, 0.99, seed)


def draw_members(n_networks: int, seed: int, *, dense: bool = True) -> tuple[Member, ...]:
    """Return the linear members, the additive one, and so many networks with sampled settings.

    Parameters
    ----------
    n_networks : int
        Those with hidden layers.
    seed : int
    dense : bool
        Whether the inputs are arrays; of sparse ones no encoding is made.
    """
    first: tuple[Member, ...] = (*LINEAR, ADDITIVE) if dense else (LINEAR[0], replace(LINEAR[0], decay=10.0))
    networks = [_drawn(generator(seed, Purpose.SAMPLE, 1 + i), i, dense=dense) for i in range(n_networks)]
    return tuple(replace(member, seed=seed + i) for i, member in enumerate((*first, *networks)))


def _drawn(rng: np.random.Generator, i: int, *, dense: bool) -> Member:
    """Return a network: the kinds of encoding and depth take turns, the rest is sampled."""
    settings: dict[str, Any] = {
        # In turns, so that a small population has each.
        "encoding": ("piecewise", "clipped", "piecewise", "periodic")[i % 4] if dense else "plain",
        "hidden": ((128, 64), (96,), (64, 64))[int(rng.integers(3))],
        "bins": (8, 16)[int(rng.integers(2))],
        "activation": ("silu", "silu", "relu")[int(rng.integers(3))],
        "dropout": round(float(rng.choice([0.0, 0.1, 0.2, 0.3])), 2),
        "learning_rate": float(math.exp(rng.uniform(math.log(1e-3), math.log(4e-3)))),
        "decay": float(math.exp(rng.uniform(math.log(0.3), math.log(10.0)))),
        "average": 0.99,
    }
    return Member(**settings)
