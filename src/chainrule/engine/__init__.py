"""Where it runs: NumPy to see it, JAX to run it fast."""

from chainrule.engine.base import Engine, Program
from chainrule.engine.choose import Choice, choose, engine_by_name, has_jax
from chainrule.engine.held import placed

__all__ = ["Choice", "Engine", "Program", "choose", "engine_by_name", "has_jax", "placed"]
