"""JAX: the same formulas compiled, many steps in one call. Only the files jax*.py of this folder import jax."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from chainrule.engine import jax_loops, jax_windows
from chainrule.engine.base import Carry, PerStep, Program
from chainrule.engine.held import held_dtype
from chainrule.engine.jax_sparse import SparseRows, sparse_rows, with_zeros
from chainrule.errors import ConfigError
from chainrule.seeds import require_key
from chainrule.tree import map_leaves, overlay
from chainrule.types import Array, Batch, Key, Namespace, Params, RowGradient, as_dense


def _beta(key: Key, a: float, shape: tuple[int, ...]) -> Array:
    return jax.random.beta(require_key(key), a, a, shape, dtype="float32")


def _bernoulli(key: Key, p: float, shape: tuple[int, ...]) -> Array:
    return jax.random.bernoulli(require_key(key), p, shape)


def _uniform(key: Key, shape: tuple[int, ...]) -> Array:
    return jax.random.uniform(require_key(key), shape, dtype="float32")


def _fold(key: Key, number: int) -> Key:
    return jax.random.fold_in(require_key(key), number)


JAX = cast(
    Namespace,
    SimpleNamespace(
        abs=jnp.abs,
        arange=jnp.arange,
        clip=jnp.clip,
        concatenate=jnp.concatenate,
        cos=jnp.cos,
        exp=jnp.exp,
        expm1=jnp.expm1,
        floor=jnp.floor,
        log=jnp.log,
        log1p=jnp.log1p,
        logaddexp=jnp.logaddexp,
        max=jnp.max,
        maximum=jnp.maximum,
        minimum=jnp.minimum,
        ones_like=jnp.ones_like,
        reshape=jnp.reshape,
        sign=jnp.sign,
        sin=jnp.sin,
        sqrt=jnp.sqrt,
        square=jnp.square,
        sum=jnp.sum,
        take_along_axis=jnp.take_along_axis,
        tanh=jnp.tanh,
        vdot=jnp.vdot,
        where=jnp.where,
        zeros=jnp.zeros,
        zeros_like=jnp.zeros_like,
        expit=jax.scipy.special.expit,
        erf=jax.scipy.special.erf,
        cast=lambda x, dtype: x.astype(dtype),
        bernoulli=_bernoulli,
        uniform=_uniform,
        beta=_beta,
        fold=_fold,
        scan=jax_loops.scan,
        take=jax_loops.take,
        add_at=jax_loops.add_at,
        conv=jax_windows.conv,
        conv_dx=jax_windows.conv_dx,
        conv_dW=jax_windows.conv_dW,
        taps=jax_windows.taps,
        spread=jax_windows.spread,
    ),
)


# Bytes.
_SMALL = 1 << 22


@lru_cache(maxsize=1)
def _process() -> int:
    """Return the process in which JAX was first used; a process that is forked inherits the answer."""
    return os.getpid()


def was_forked() -> bool:
    """Tell whether this process was forked after JAX had started: its threads are gone, and a call may never return."""
    return _process.cache_info().currsize > 0 and _process() != os.getpid()


def _require_unforked() -> None:
    if _process() != os.getpid():
        raise ConfigError(
            "a process of its own for the engine jax",
            "one that was forked after JAX had started, in which a call may hang for good",
            "Start processes by multiprocessing's `spawn` or `forkserver`, or use the engine numpy.",
        )


class JaxEngine:
    """The engine that is fast. Parameters stay a tree: one vector would be cut and glued again at every step."""

    name = "jax"
    xp = JAX

    def __init__(self, dtype: str = "float32") -> None:
        self.dtype = dtype
        # The program of the call before: the next call, as a rule, wants the same, and to hash a network takes time.
        self._latest: tuple[Any, ...] = ()

    def __eq__(self, other: object) -> bool:
        """Engines of one dtype are interchangeable, and share what has been compiled."""
        return isinstance(other, JaxEngine) and other.dtype == self.dtype

    def __hash__(self) -> int:
        """Hash as equality demands."""
        return hash((JaxEngine, self.dtype))

    def _precision(self) -> AbstractContextManager[Any]:
        """JAX rounds float64 to float32 unless told otherwise; tell it for our calls alone."""
        _require_unforked()
        return jax.enable_x64(True) if self.dtype == "float64" else nullcontext()

    def array(self, values: Any) -> Array:
        """Put an array on the device as it is held there (see `held_dtype`)."""
        if isinstance(values, SparseRows) or (isinstance(values, jax.Array) and values.dtype in (self.dtype, "int32")):
            return values
        if hasattr(values, "tocsr"):
            with self._precision():
                return sparse_rows(values.tocsr(), self.dtype)
        values = np.asarray(values)
        with self._precision():
            return self._put(values, held_dtype(values, self.dtype, wide=self.dtype == "float64"))

    def numpy(self, values: Array) -> np.ndarray:
        """Copy an array back from the device."""
        return np.array(values)

    def place(self, tree: Params) -> Params:
        """Copy a tree of parameters to the device."""
        with self._precision():
            return map_leaves(self._put, tree)

    def _put(self, values: Any, dtype: str = "") -> Array:
        """Put a copy of an array on the device; nobody else's memory becomes the device's.

        `jnp.array` compiles a small program for each shape, 30 to 80 milliseconds of two cores. A small array goes without
        it, by way of a copy on the host; of a large one a second copy would cost more than the program.
        """
        held = np.asarray(values, dtype=dtype or self.dtype)
        return jnp.array(held, copy=True) if held.nbytes > _SMALL else jax.device_put(held.copy())

    def zeros(self, params: Params) -> Params:
        """Return a tree of zeros of the same layout."""
        with self._precision():
            return map_leaves(lambda leaf: self._put(np.zeros(leaf.shape, self.dtype)), params)

    def key(self, *numbers: int) -> Key:
        """Return a JAX key, folded once for each number."""
        _require_unforked()
        key = jax.random.key(numbers[0] if numbers else 0)
        for number in numbers[1:]:
            key = jax.random.fold_in(key, number)
        return key

    def each(
        self,
        update: Callable[..., Any],
        params: Params,
        grads: Params,
        moments: Mapping[str, Params],
        c: Any,
        *,
        by_rows: bool = False,
        by_array: bool = False,
    ) -> tuple[Params, Mapping[str, Params]]:
        """Update leaf by leaf."""
        weights, structure = cast(tuple[list[Array], Any], jax.tree.flatten(dict(params)))
        gradients = structure.flatten_up_to(dict(grads))
        states = {name: structure.flatten_up_to(moment) for name, moment in moments.items()}
        # In the order in which JAX flattens a tree of dicts.
        names = [".".join(key.key for key in path) for path, _ in jax.tree_util.tree_flatten_with_path(dict(params))[0]]
        results = []
        for i, (w, g) in enumerate(zip(weights, gradients, strict=True)):
            state = {name: leaves[i] for name, leaves in states.items()}
            if by_array:
                results.append(update(self.xp, names[i], w, as_dense(self.xp, g), state, c))
            elif by_rows and isinstance(g, RowGradient):
                results.append(_updated_rows(update, w, g, state, c))
            else:
                results.append(update(self.xp, w, as_dense(self.xp, g), state, c))
        new = structure.unflatten([w for w, _ in results])
        return new, {name: structure.unflatten([state[name] for _, state in results]) for name in moments}

    def put(self, params: Params, values: Params) -> Params:
        """Return a tree with the values in it."""
        return overlay(params, values)

    def compile(self, program: Program) -> Callable[..., Any]:
        """Return the program compiled; an equal program is compiled once."""
        return partial(self._call, _compiled(self, program))

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        with self._precision():
            return function(*arguments)

    def run(self, step: Program, carry: Carry, data: Batch, rows: np.ndarray, per_step: PerStep) -> tuple[Carry, Array]:
        """Take the steps inside one compiled scan; the carry's memory is reused."""
        names = tuple(name for name in per_step if name != "t")
        # One array travels faster than one for each name; counts would be rounded in it, and travel by themselves.
        numbers = np.empty((len(rows), len(names)), self.dtype)
        for i, name in enumerate(names):
            numbers[:, i] = per_step[name]
        t = per_step["t"].astype(np.int32) if "t" in per_step else None
        padded = bool(rows[-1, -1] < 0)
        if not (self._latest and self._latest[0] is step and self._latest[1:3] == (names, padded)):
            self._latest = (step, names, padded, _scanned(self, step, names, padded))
        with self._precision():
            result: tuple[Carry, Array] = self._latest[3](carry, data, rows.astype(np.int32), numbers, t)
        return result

    @property
    def lanes(self) -> int:
        """How many populations run side by side; see `ManyEngine`."""
        if jax.default_backend() != "cpu":
            return 1
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    def run_many(
        self,
        step: Program,
        carry: Carry,
        keys: Sequence[Key] | None,
        data: Batch,
        rows: np.ndarray,
        per_step: PerStep,
        settings: Mapping[str, np.ndarray],
    ) -> tuple[Carry, Array]:
        """Take the steps of a population inside one compiled scan; see `ManyEngine`."""
        names = tuple(name for name in per_step if name != "t")
        numbers = np.stack([per_step[name] for name in names], axis=-1).astype(self.dtype)
        shape = Many(names, padded=bool((rows < 0).any()), uneven=bool((rows[..., 0] < 0).any()))
        with self._precision():
            result: tuple[Carry, Array] = _population(self, step, shape)(
                carry,
                None if keys is None else jnp.stack(keys),
                data,
                rows.transpose(2, 0, 1, 3).astype(np.int32),
                numbers.transpose(2, 0, 1, 3),
                per_step["t"].T.astype(np.int32),
                {name: np.asarray(values, self.dtype) for name, values in settings.items()},
            )
        return result

    def map_many(self, program: Program, params: Params, x: Array) -> Array:
        """Return the program's result for every member of a population; see `ManyEngine`."""
        with self._precision():
            return _mapped(self, program)(params, x)


def _updated_rows(
    update: Callable[..., Any], w: Array, gradient: RowGradient, state: Mapping[str, Array], c: Any
) -> tuple[Array, dict[str, Array]]:
    """Return a table and its moments with the rows moved that have a gradient."""
    rows, sums = jax_loops.summed_rows(gradient.rows, gradient.values, gradient.shape[0])
    new, after = update(JAX, w[rows], sums, {name: m[rows] for name, m in state.items()}, c)

    def written(table: Array, values: Array) -> Array:
        # What stands for the row behind the last is dropped.
        return table.at[rows].set(values, mode="drop", indices_are_sorted=True)

    return written(w, new), {name: written(m, after[name]) for name, m in state.items()}


# On a CPU XLA hands convolutions to a library that runs them on one thread, and without AVX-512 several times slower
# than its own kernels; so it does with the many small products of a population. Large products are faster in it.
_LIBRARY = "xla_cpu_experimental_ynn_fusion_type"
_FOR_PRODUCTS = "LIBRARY_FUSION_TYPE_DOT"
_FOR_NOTHING = ""


def _jit(function: Callable[..., Any], library: str = _FOR_PRODUCTS, **options: Any) -> Callable[..., Any]:
    """Return the function compiled, with what XLA is told on this device."""
    return jax.jit(function, compiler_options={_LIBRARY: library} if _has_library() else None, **options)


@lru_cache(maxsize=1)
def _has_library() -> bool:
    """Tell whether this XLA takes the option: it is experimental, and another version may not know it."""
    if jax.default_backend() != "cpu":
        return False
    try:
        jax.jit(lambda: jnp.zeros(()), compiler_options={_LIBRARY: _FOR_PRODUCTS})()
    except jax.errors.JaxRuntimeError:
        return False
    return True


@lru_cache(maxsize=64)
def _compiled(engine: JaxEngine, program: Program) -> Callable[..., Any]:
    return _jit(lambda *arguments: program(engine, *map(with_zeros, arguments)))


@lru_cache(maxsize=64)
def _scanned(engine: JaxEngine, step: Program, names: tuple[str, ...], padded: bool) -> Callable[..., Any]:
    def chunk(carry: Carry, data: Batch, rows: Array, numbers: Array, t: Array | None) -> tuple[Carry, Array]:
        def body(carry: Carry, inputs: tuple[Array, Array, Array | None]) -> tuple[Carry, Array]:
            row, values, count = inputs
            c = {name: values[i] for i, name in enumerate(names)}
            if count is not None:
                c["t"] = count
            batch = with_zeros(data.take(row))
            if padded:
                batch = _without_padding(batch, row, engine.dtype)
            return cast(tuple[Carry, Array], step(engine, carry, batch, c))

        return lax.scan(body, carry, (rows, numbers, t))

    return _jit(chunk, donate_argnums=0)


def _without_padding(batch: Batch, row: Array, dtype: str) -> Batch:
    """Return the batch in which rows that are padding have no weight."""
    real = (row >= 0).astype(dtype)
    if batch.w is not None:
        # A weight may be one of each place.
        real = batch.w * jnp.reshape(real, (-1,) + (1,) * (batch.w.ndim - 1))
    return batch._replace(w=real)


@dataclass(frozen=True)
class Many:
    """What a population's program is compiled for besides its arrays' shapes."""

    names: tuple[str, ...]
    padded: bool
    uneven: bool


@lru_cache(maxsize=16)
def _population(engine: JaxEngine, step: Program, shape: Many) -> Callable[..., Any]:
    """Return the scan over steps of a map over folds, over seeds and over settings."""

    def member(carry: Carry, key: Key, batch: Batch, real: Array, values: Array, t: Array, own: Any) -> Any:
        c = {name: values[i] for i, name in enumerate(shape.names)} | own
        after, cost = step(engine, (*carry, key), batch, c if key is None else c | {"t": t})
        after = after[:-1]
        if shape.uneven:
            # A fold with fewer rows may have a step less in each epoch: it stands still meanwhile.
            after = jax.tree.map(partial(jnp.where, real[0]), after, carry)
        return after, cost

    def of_seed(carry: Carry, key: Key, data: Batch, row: Array, values: Array, t: Array, own: Any) -> Any:
        real = row >= 0
        # All settings share the batch: it is gathered once, and one product with all their weights serves them.
        batch = data.take(row)
        if shape.padded:
            batch = _without_padding(batch, row, engine.dtype)
        return jax.vmap(member, in_axes=(0, None, None, None, 0, None, 0))(carry, key, batch, real, values, t, own)

    def of_fold(carry: Carry, keys: Array, data: Batch, rows: Array, values: Array, t: Array, own: Any) -> Any:
        seeds = jax.vmap(of_seed, in_axes=(0, None if keys is None else 0, None, 0, None, None, None))
        return seeds(carry, keys, data, rows, values, t, own)

    def chunk(carry: Carry, keys: Array, data: Batch, rows: Array, numbers: Array, t: Array, own: Any) -> Any:
        folds = jax.vmap(of_fold, in_axes=(0, None, 0, 0, 0, 0, None))

        def body(carry: Carry, inputs: tuple[Array, Array, Array]) -> tuple[Carry, Array]:
            row, values, count = inputs
            return cast(tuple[Carry, Array], folds(carry, keys, data, row, values, count, own))

        return lax.scan(body, carry, (rows, numbers, t))

    return _jit(chunk, _FOR_NOTHING, donate_argnums=0)


@lru_cache(maxsize=16)
def _mapped(engine: JaxEngine, program: Program) -> Callable[..., Any]:
    of_setting = jax.vmap(partial(program, engine), in_axes=(0, None))
    of_seed = jax.vmap(of_setting, in_axes=(0, None))
    return _jit(jax.vmap(of_seed, in_axes=(0, 0)), _FOR_NOTHING)
