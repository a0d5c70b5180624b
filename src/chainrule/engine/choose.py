"""Which engine: the one that was named, or the one that will be done first."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass

from chainrule.engine.base import Engine
from chainrule.errors import ConfigError, did_you_mean

ENGINES = ("numpy", "jax")
DTYPES = ("float32", "float64")

# Measured on two cores with AVX-512: what a NumPy step costs before the arithmetic, how fast its arithmetic is,
# and how long JAX takes to be imported and to compile a small network.
_STEP_SECONDS = 60e-6
_OPERATIONS_PER_SECOND = 60e9
_COMPILE_SECONDS = 2.5
# And what a step through time, with its way back, costs on NumPy beside its arithmetic.
_TURN_SECONDS = 100e-6


@dataclass(frozen=True)
class EngineChoice:
    """An engine and the reason for it, in a sentence that can be printed."""

    engine: Engine
    reason: str


def engine_by_name(name: str, dtype: str = "float32", *, tape: bool = True) -> Engine:
    """Return the engine `numpy` or `jax`.

    Parameters
    ----------
    tape : bool
        Of NumPy: whether small steps may be played from a tape (see `NumpyEngine`).
    """
    if dtype not in DTYPES:
        raise ConfigError(f"a dtype of {' or '.join(DTYPES)}", f"{dtype!r}", did_you_mean(str(dtype), DTYPES))
    if name == "numpy":
        from chainrule.engine.numpy import NumpyEngine

        return NumpyEngine(dtype, tape=tape)
    if name == "jax":
        if not tape:
            raise ConfigError(
                "tape=False on the engine numpy", "it on the engine jax, which has no tape", "Leave it out."
            )
        if not has_jax():
            raise ConfigError("jax to be installed for the engine jax", "no package jax", "Run `pip install jax`.")
        from chainrule.engine.jax import JaxEngine

        return JaxEngine(dtype)
    raise ConfigError("the name of an engine", f"{name!r}", did_you_mean(name, [*ENGINES, "auto"]))


def choose(
    name: str, dtype: str, *, steps: int, operations: float, in_turn: int = 0, sparse: bool = False
) -> EngineChoice:
    """Return the engine called `name`, or for `auto` the faster one.

    Parameters
    ----------
    steps : int
        Steps of training to be taken.
    operations : float
        Multiplications and additions of one step.
    in_turn : int
        Steps through time, each of which waits for the one before.
    sparse : bool
        Whether the input is sparse, which NumPy alone can multiply.
    """
    if name != "auto":
        return EngineChoice(engine_by_name(name, dtype), "as asked")
    seconds = steps * (_STEP_SECONDS + in_turn * _TURN_SECONDS + operations / _OPERATIONS_PER_SECOND)
    estimate = f"about {seconds:.1f} s of work on NumPy"
    if sparse:
        return EngineChoice(engine_by_name("numpy", dtype), "the input is sparse")
    if not has_jax():
        return EngineChoice(engine_by_name("numpy", dtype), "jax is not installed")
    if _is_forked():
        return EngineChoice(engine_by_name("numpy", dtype), "this process was forked after JAX had started")
    if seconds <= _COMPILE_SECONDS:
        return EngineChoice(engine_by_name("numpy", dtype), f"{estimate}, less than JAX needs to start")
    return EngineChoice(engine_by_name("jax", dtype), f"{estimate}, worth compiling")


def _is_forked() -> bool:
    """Tell whether JAX must not be used here; where it has not been imported, it may."""
    jax = sys.modules.get("chainrule.engine.jax")
    return jax is not None and bool(jax.was_forked())


def has_jax() -> bool:
    """Tell whether jax is installed, without importing it."""
    return importlib.util.find_spec("jax") is not None
