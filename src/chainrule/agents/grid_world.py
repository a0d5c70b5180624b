"""GridWorld: a map of cells to walk in, drawn as text, whose dynamics are known exactly."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.agents.dynamics import Dynamics
from chainrule.agents.environment import Discrete
from chainrule.errors import ConfigError

# Rows down, columns right: up, right, down, left. A wind or slip turns to the neighbours in this circle.
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))
ARROWS = "↑→↓←"

_CLASSIC = ("...G", ".#.X", "S...")


@dataclass
class GridWorld:
    """Walk from S to G: `.` is free, `#` a wall, `G` an end with a reward, `X` an end with a penalty.

    States count the cells row by row, walls included; actions are up, right, down, left. Whoever walks into a wall or
    over the edge stays. The default is the 4 × 3 world of Russell and Norvig, 2020, fig. 17.1.

    Parameters
    ----------
    rows : tuple of str
        The map.
    reward : float
        Of each move that does not end.
    goal, pit : float
        Reward on reaching G, and on reaching X.
    slip : float
        Probability to turn to the left, and as much to the right, of where one wanted to go.
    limit : int
        Moves after which an episode is truncated.
    """

    rows: tuple[str, ...] = _CLASSIC
    reward: float = -0.04
    goal: float = 1.0
    pit: float = -1.0
    slip: float = 0.0
    limit: int = 200
    observation_space: Discrete = field(init=False)
    action_space: Discrete = field(init=False, default=Discrete(4))

    def __post_init__(self) -> None:
        """Read the map."""
        self._check()
        self._cells = "".join(self.rows)
        self._width = len(self.rows[0])
        self.observation_space = Discrete(len(self._cells))
        self.dynamics = self._dynamics()
        self._rng = np.random.default_rng(0)
        self._at = self.start
        self._moves = 0

    @property
    def start(self) -> int:
        """The state S."""
        return self._cells.index("S")

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[int, dict[str, Any]]:
        """Go to S."""
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        self._at, self._moves = self.start, 0
        return self._at, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Move up, right, down or left (0 to 3)."""
        turned = self._rng.random()
        turn = -1 if turned < self.slip else 1 if turned < 2 * self.slip else 0
        self._at = self._beside(self._at, (action + turn) % 4)
        self._moves += 1
        terminated = self._cells[self._at] in "GX"
        return self._at, self._reward(self._at), terminated, not terminated and self._moves >= self.limit, {}

    def render(self) -> str:
        """Return the map with the walker on it."""
        cells = self._cells[: self._at] + "@" + self._cells[self._at + 1 :]
        return "\n".join(cells[i : i + self._width] for i in range(0, len(cells), self._width))

    def arrows(self, actions: np.ndarray) -> str:
        """Return the map with each free cell's action as an arrow."""
        shown = [ARROWS[a] if cell in ".S" else cell for cell, a in zip(self._cells, actions, strict=True)]
        return "\n".join("".join(shown[i : i + self._width]) for i in range(0, len(shown), self._width))

    def _beside(self, state: int, action: int) -> int:
        row, column = state // self._width + MOVES[action][0], state % self._width + MOVES[action][1]
        if not (0 <= row < len(self.rows) and 0 <= column < self._width) or self.rows[row][column] == "#":
            return state
        return row * self._width + column

    def _reward(self, state: int) -> float:
        return {"G": self.goal, "X": self.pit}.get(self._cells[state], self.reward)

    def _dynamics(self) -> Dynamics:
        n = len(self._cells)
        p, r = np.zeros((n, 4, n)), np.zeros((n, 4))
        for state in (i for i, cell in enumerate(self._cells) if cell in ".S"):
            for action in range(4):
                for turn, probability in ((-1, self.slip), (0, 1 - 2 * self.slip), (1, self.slip)):
                    to = self._beside(state, (action + turn) % 4)
                    r[state, action] += probability * self._reward(to)
                    if self._cells[to] not in "GX":
                        p[state, action, to] += probability
        return Dynamics(p, r)

    def _check(self) -> None:
        rows = self.rows
        if not rows or len({len(row) for row in rows}) != 1 or set("".join(rows)) - set(".#SGX"):
            raise ConfigError(
                "a map of equally long rows of the signs . # S G X", f"{rows!r:.80}", 'Write rows=("S.", ".G").'
            )
        if "".join(rows).count("S") != 1:
            raise ConfigError("one S in the map, where to begin", f"{''.join(rows).count('S')}", "Mark one cell by S.")
        if not 0 <= self.slip <= 0.5 or self.limit < 1:
            raise ConfigError(
                "`slip` from 0 to 0.5 and `limit` of at least 1",
                f"slip={self.slip}, limit={self.limit}",
                "slip is the probability of each side.",
            )
