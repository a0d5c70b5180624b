"""The environment: what an agent acts in, by Gymnasium's interface, and a guard that tells what it does wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.types import Shape


class Environment(Protocol):
    """What Gymnasium calls an `Env`: anything with these four will do.

    `terminated` says that the task ends here, so that nothing is to come; `truncated` that somebody stopped counting,
    as a time limit does, so that what would have come still has a value.
    """

    observation_space: Any
    action_space: Any

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; return the first observation and whatever else there is to say."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Return the next observation, the reward, terminated, truncated, and whatever else there is to say."""


@dataclass(frozen=True)
class Discrete:
    """Whole numbers from 0 to n - 1."""

    n: int
    start: int = 0

    @property
    def shape(self) -> Shape:
        """Of a number: ()."""
        return ()


@dataclass(frozen=True)
class Box:
    """Arrays of numbers of one shape."""

    shape: Shape


class Stepped(NamedTuple):
    """What came of an action."""

    observation: Any
    reward: float
    terminated: bool
    truncated: bool

    @property
    def done(self) -> bool:
        """Whether the episode is over, for either reason."""
        return self.terminated or self.truncated


def count_of(space: Any, what: str) -> int:
    """Return n of a discrete space, or raise ConfigError that names the space.

    Parameters
    ----------
    what : str
        `actions` or `observations`, for the message.
    """
    if type(space).__name__ == "Discrete":
        return int(space.n)
    raise ConfigError(
        f"{what} from a Discrete space",
        f"the space {space!r:.120}",
        "Take another environment, or wrap this one so that it counts them."
        if what == "actions"
        else "Take a method with a network (reinforce, ppo), or wrap the environment so that it counts its states.",
    )


def width_of(space: Any) -> Shape:
    """Return the shape of the numbers that a network sees of an observation: n indicators, or the box's own shape."""
    if type(space).__name__ == "Discrete":
        return (int(space.n),)
    if type(space).__name__ == "Box" and len(space.shape) == 1:
        return tuple(int(size) for size in space.shape)
    raise ConfigError(
        "observations from a Discrete space or a Box of one axis",
        f"the space {space!r:.120}",
        "Wrap the environment, such as in gymnasium.wrappers.FlattenObservation.",
    )


def seen(space: Any, observations: Any) -> np.ndarray:
    """Return observations as a network sees them (N, D), float32.

    Raises
    ------
    DataError
        Where one is NaN or infinite.
    ShapeError
        Where they are not of the space that the environment declares.
    """
    if type(space).__name__ == "Discrete":
        numbers = np.asarray(observations).astype(np.int64) - int(space.start)
        return np.eye(int(space.n), dtype=np.float32)[numbers]
    values = np.asarray(observations, np.float32)
    if values.shape[1:] != tuple(space.shape):
        raise ShapeError(
            f"observations of the shape {tuple(space.shape)}, as the environment declares",
            f"one of the shape {values.shape[1:]}",
            "Mend the environment's observation_space.",
        )
    require_finite(values, "observations")
    return values


def require_finite(values: Any, what: str) -> None:
    """Raise DataError where a number of the environment's is NaN or infinite: it would go into every weight."""
    if not np.all(np.isfinite(values)):
        bad = np.asarray(values)[~np.isfinite(values)]
        raise DataError(f"finite {what} from the environment", f"{bad.flat[0]}", "Mend the environment.")


class Guarded:
    """An environment whose answers are looked at before anybody learns from them; states and actions count from 0."""

    def __init__(self, environment: Environment, name: str = "") -> None:
        self.inner = environment
        self.name = name or type(environment).__name__
        for part in ("reset", "step", "observation_space", "action_space"):
            if not hasattr(environment, part):
                raise ConfigError(
                    "an environment with reset, step, observation_space and action_space",
                    f"{type(environment).__name__} without {part}",
                    "Give it Gymnasium's interface.",
                )
        self.observation_space = environment.observation_space
        self.action_space = environment.action_space
        self.n_actions = count_of(self.action_space, "actions")
        self._first_action = int(self.action_space.start)
        self._steps = 0

    def reset(self, seed: int | None = None) -> Any:
        """Begin an episode; return the first observation."""
        answer = self._ask("reset", seed=seed)
        if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], dict)):
            raise self._old(f"reset that returns {type(answer).__name__}", "reset to return (observation, info)")
        self._steps = 0
        return self._observation(answer[0])

    def step(self, action: int) -> Stepped:
        """Take an action, 0 the first."""
        answer = self._ask("step", self._first_action + int(action))
        if not (isinstance(answer, tuple) and len(answer) == 5):
            came = f"{len(answer)} parts" if isinstance(answer, tuple) else type(answer).__name__
            wanted = "step to return (observation, reward, terminated, truncated, info)"
            raise self._old(f"{came} from step", wanted)
        self._steps += 1
        reward = float(answer[1])
        if not math.isfinite(reward):
            raise DataError(
                f"finite rewards from {self.name}", f"{reward} at step {self._steps}", "Mend the environment."
            )
        return Stepped(self._observation(answer[0]), reward, bool(answer[2]), bool(answer[3]))

    def _observation(self, observation: Any) -> Any:
        if type(self.observation_space).__name__ != "Discrete":
            return seen(self.observation_space, np.asarray(observation)[None])[0]
        number = int(observation) - int(self.observation_space.start)
        if not 0 <= number < int(self.observation_space.n):
            raise DataError(
                f"observations of the space {self.observation_space!r:.80} of {self.name}",
                f"{observation}",
                "Mend the environment's observation_space.",
            )
        return number

    def _ask(self, verb: str, *arguments: Any, **named: Any) -> Any:
        try:
            return getattr(self.inner, verb)(*arguments, **named)
        except TypeError as error:
            if verb == "reset" and "seed" in str(error):
                raise self._old("reset that takes no seed", "reset to take a seed") from error
            raise self._raised(verb, error) from error
        except Exception as error:
            raise self._raised(verb, error) from error

    def _raised(self, verb: str, error: Exception) -> DataError:
        return DataError(
            f"{verb} of {self.name} to answer",
            f"{type(error).__name__}: {error} (step {self._steps + 1} of an episode)",
            "Mend the environment; what it raised is the cause of this error.",
        )

    def _old(self, came: str, wanted: str) -> ConfigError:
        return ConfigError(
            f"{wanted}, as in Gymnasium",
            f"{came}, as of the old gym ({self.name})",
            "Port it to gymnasium, or wrap it with the package shimmy.",
        )
