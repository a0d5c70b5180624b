"""Where it runs: NumPy to see it, JAX to run it fast."""

from chainrule.engine.base import Engine, Program
from chainrule.engine.choose import EngineChoice, choose, engine_by_name, has_jax
from chainrule.engine.held import placed

__all__ = ["Engine", "EngineChoice", "Program", "choose", "engine_by_name", "has_jax", "placed"]
