"""Grids: what the members of a population differ in, and what all of them share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from chainrule.errors import ConfigError, did_you_mean
from chainrule.network.network import Network
from chainrule.nn import Penalty
from chainrule.optim import Rule, Schedule
from chainrule.train import Settings

AXES = ("learning_rate", "l1", "l2", "seed")
_DEFAULTS = {"learning_rate": 0.001, "l1": 0.0, "l2": 0.0}


@dataclass(frozen=True)
class Plan:
    """What all members share."""

    network: Network
    rule: Rule
    schedule: Schedule
    epochs: int
    batch_size: int
    dtype: str


@dataclass(frozen=True)
class Grid:
    """Seeds, and settings other than seeds."""

    seeds: tuple[int, ...]
    settings: tuple[dict[str, float], ...]

    @property
    def members(self) -> list[dict[str, float]]:
        """Every seed with every setting, in the order of the axes (R, S)."""
        return [{**setting, "seed": seed} for seed, setting in product(self.seeds, self.settings)]

    def split(self, parts: int) -> list[Grid]:
        """Return the grid in at most so many parts, equal ones where that is possible."""
        size = math.ceil(len(self.settings) / max(1, parts))
        return [Grid(self.seeds, self.settings[i : i + size]) for i in range(0, len(self.settings), size)]

    def column(self, name: str) -> np.ndarray:
        """Return one number of each setting (S,)."""
        return np.array([setting[name] for setting in self.settings], dtype=float)


def grid_of(settings: Mapping[str, Sequence[float]]) -> Grid:
    """Return all combinations of the values; raise ConfigError for one that the ordinary loop would refuse."""
    for name, values in settings.items():
        if name not in AXES:
            raise ConfigError(
                "a setting that members of a population may differ in", f"{name!r}", did_you_mean(name, AXES)
            )
        if not len(values):
            raise ConfigError(f"values of {name} to try", "none", "Give some, such as [0.001, 0.01].")
    seeds = tuple(int(seed) for seed in settings.get("seed", (0,)))
    axes = {name: tuple(map(float, settings.get(name, (default,)))) for name, default in _DEFAULTS.items()}
    combined = tuple(dict(zip(axes, values, strict=True)) for values in product(*axes.values()))
    for setting in combined:
        # The declared ranges of the ordinary loop hold here too.
        Settings(learning_rate=setting["learning_rate"])
        Penalty(setting["l1"], setting["l2"])
    return Grid(seeds, combined)
