"""Environments by name: our own, and Gymnasium's where it is installed."""

from __future__ import annotations

from typing import Any

from chainrule.agents.environment import Guarded
from chainrule.agents.grid_world import GridWorld
from chainrule.agents.vector import Environments, Together
from chainrule.errors import ConfigError, did_you_mean

# Ours need nothing installed.
OWN = {
    "GridWorld": "4 × 3 cells, one wall, a goal and a pit",
    "SlipperyGridWorld": "the same, slipping one time in five",
}


def make(name: str, *, render: str | None = None) -> Guarded:
    """Return an environment by its name, such as `GridWorld` or `CartPole-v1`.

    Parameters
    ----------
    render : str, optional
        Gymnasium's `render_mode`.

    Raises
    ------
    ConfigError
        Where there is none of the name, or gymnasium is not installed.
    """
    if name in OWN:
        return Guarded(GridWorld(slip=0.1 if name.startswith("Slippery") else 0.0), name)
    gymnasium = _gymnasium(name)
    try:
        return Guarded(gymnasium.make(name, render_mode=render), name)
    except gymnasium.error.Error as error:
        raise _unmade(name, gymnasium, error) from error
    except ImportError as error:
        raise ConfigError(
            f"the packages that {name} needs", f"an installation without them ({error})", "Install them with pip."
        ) from error


def make_many(name: str, n: int) -> Environments:
    """Return n environments of a name side by side: in arrays where Gymnasium has it so, else one after the other."""
    if n < 1:
        raise ConfigError("at least one environment", f"{n}", "Set `envs` to a number such as 16.")
    if name in OWN or n == 1:
        return Together([make(name) for _ in range(n)])
    # Looks at name and spaces with messages of our own.
    make(name)
    gymnasium = _gymnasium(name)
    arrays = gymnasium.spec(name).vector_entry_point is not None
    mode = "vector_entry_point" if arrays else "sync"
    environments: Environments = gymnasium.make_vec(name, num_envs=n, vectorization_mode=mode)
    return environments


def names() -> list[tuple[str, str]]:
    """Return (name, what it is) of our own environments and, where it is installed, of Gymnasium's."""
    own = list(OWN.items())
    try:
        import gymnasium
    except ModuleNotFoundError:
        return own
    return own + [(name, "Gymnasium") for name in sorted(gymnasium.registry) if not name.startswith("GymV")]


def _gymnasium(name: str) -> Any:
    try:
        import gymnasium
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"gymnasium to be installed for {name}",
            "an installation without it",
            f"Run `pip install chainrule[rl]`, or take one of our own: {', '.join(OWN)}.",
        ) from error
    return gymnasium


def _unmade(name: str, gymnasium: Any, error: Exception) -> ConfigError:
    known = [*OWN, *gymnasium.registry]
    if name in known:
        return ConfigError(
            f"what {name} needs to be installed", f"{str(error).splitlines()[0]:.160}", "Install it with pip."
        )
    return ConfigError("the name of an environment", f"{name!r}", did_you_mean(name, known))
