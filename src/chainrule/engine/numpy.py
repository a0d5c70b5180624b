"""NumPy: each operation at once, on arrays that can be looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from chainrule.engine import functions, loops, windows
from chainrule.engine.base import Carry, PerStep, Program
from chainrule.engine.held import held_dtype
from chainrule.engine.store import Store
from chainrule.engine.tape import Tape, is_recordable, stores_of
from chainrule.tree import leaf, leaves
from chainrule.types import Array, Batch, Key, Namespace, Params, RowGradient, as_dense

# Values that an optimizer handles at a time: its ten or so temporaries then stay in a core's second-level cache.
BLOCK = 32768

# To record a step takes as long as some ten to thirty steps.
RECORD_FROM = 32

# A cost that explodes is told by the policy that stops for it, with advice; a warning for each operation is noise.
_SILENT: Any = {"over": "ignore", "invalid": "ignore", "divide": "ignore"}


NUMPY = cast(
    Namespace,
    SimpleNamespace(
        abs=np.abs,
        arange=np.arange,
        clip=np.clip,
        concatenate=np.concatenate,
        cos=np.cos,
        exp=np.exp,
        expm1=np.expm1,
        floor=np.floor,
        log=np.log,
        log1p=np.log1p,
        logaddexp=np.logaddexp,
        max=functions.largest,
        maximum=np.maximum,
        minimum=np.minimum,
        ones_like=np.ones_like,
        reshape=np.reshape,
        sign=np.sign,
        sin=np.sin,
        sqrt=np.sqrt,
        square=np.square,
        sum=functions.total,
        take_along_axis=np.take_along_axis,
        tanh=np.tanh,
        vdot=np.vdot,
        where=np.where,
        zeros=np.zeros,
        zeros_like=np.zeros_like,
        expit=functions.expit,
        erf=functions.erf,
        cast=functions.as_dtype,
        bernoulli=functions.bernoulli,
        uniform=functions.uniform,
        beta=functions.beta,
        fold=functions.fold,
        scan=loops.scan,
        take=loops.take,
        add_at=loops.add_at,
        conv=windows.conv,
        conv_dx=windows.conv_dx,
        conv_dW=windows.conv_dW,
        taps=windows.taps,
        spread=windows.spread,
    ),
)


class NumpyEngine:
    """The engine that shows its work. Parameters lie in a `Store` and are updated in place.

    Parameters
    ----------
    dtype : str
        `float32` or `float64`.
    tape : bool
        Whether small steps may be played from a tape, to the same bits (see `tape.py`). Without it every formula is
        called in every step, so that a debugger or a print sees each of them.
    """

    name = "numpy"
    xp = NUMPY

    def __init__(self, dtype: str = "float32", *, tape: bool = True) -> None:
        self.dtype = dtype
        self.tape = tape
        self._known: _Known | None = None

    def array(self, values: Any) -> Array:
        """Return `values` as they are held here (see `held_dtype`); a SciPy sparse matrix stays sparse, as CSR."""
        if hasattr(values, "tocsr"):
            return values.tocsr().astype(self.dtype, copy=False)
        values = np.asarray(values)
        return np.ascontiguousarray(values, dtype=held_dtype(values, self.dtype, wide=True))

    def numpy(self, values: Array) -> np.ndarray:
        """Return the array itself."""
        return np.asarray(values)

    def place(self, tree: Params) -> Store:
        """Copy a tree of parameters into one vector."""
        return Store.of(tree, self.dtype)

    def zeros(self, params: Params) -> Store:
        """Return a store of zeros of the same layout."""
        store = cast(Store, params)
        return store.like(np.zeros_like(store.flat))

    def key(self, *numbers: int) -> Key:
        """Return the numbers: they seed a NumPy generator where one is needed."""
        return tuple(numbers)

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
        """Update in place: a small network as one vector, a large one block by block (see `BLOCK`)."""
        store = cast(Store, params)
        stores = cast(Mapping[str, Store], moments)
        parts = store.parts(grads)
        if by_array:
            for i, (path, shape) in enumerate(store.layout):
                whole = {name: moment.views[i].reshape(shape) for name, moment in stores.items()}
                g, w = as_dense(self.xp, parts[i]).reshape(shape), store.views[i].reshape(shape)
                w[...], after = update(self.xp, path, w, g, whole, c)
                for name, m in whole.items():
                    m[...] = after[name]
            return params, moments
        rows = [isinstance(part, RowGradient) for part in parts]
        if any(rows) and not by_rows:
            parts, rows = [as_dense(self.xp, part).reshape(-1) for part in parts], []
        if store.flat.size <= BLOCK and not any(rows):
            w = store.flat
            new, state = update(self.xp, w, np.concatenate(parts), {name: m.flat for name, m in stores.items()}, c)
            w[...] = new
            for name, moment in stores.items():
                moment.flat[...] = state[name]
            return params, moments
        for i, (view, part) in enumerate(zip(store.views, parts, strict=True)):
            views = {name: moment.views[i] for name, moment in stores.items()}
            (_update_rows if isinstance(part, RowGradient) else _update_blocks)(update, view, part, views, c)
        return params, moments

    def put(self, params: Params, values: Params) -> Params:
        """Write the values into the store."""
        for path, value in leaves(values):
            leaf(params, path)[...] = value
        return params

    def compile(self, program: Program) -> Callable[..., Any]:
        """Return the program as it is, silent about infinities: they show in what it returns."""

        def call(*arguments: Any) -> Any:
            with np.errstate(**_SILENT):
                return program(self, *arguments)

        return call

    def run(
        self, step: Program, carry: Carry, data: Batch, rows: np.ndarray, per_step: PerStep
    ) -> tuple[Carry, np.ndarray]:
        """Take the steps in a Python loop; those of a small network from a tape (see `tape.py`)."""
        pick = data.map(_picker)
        names = list(per_step)
        # Python floats are weakly typed: a NumPy float64 would turn float32 arrays into float64 ones.
        numbers = [column.tolist() for column in per_step.values()]
        costs = np.empty(len(rows))
        # Padding is in the last batch alone.
        whole = len(rows) - bool(rows[-1, -1] < 0)
        with np.errstate(**_SILENT):
            tape = self._tape_of(step, carry, data, rows[:whole], names)
            if tape is not None:
                tape.play(data, rows[:whole], [column[:whole] for column in numbers], costs)
            for i in range(whole if tape is not None else 0, len(rows)):
                row = rows[i] if i < whole else rows[i][rows[i] >= 0]
                batch = pick.map(lambda rows_of, row=row: rows_of(row))
                c = {name: column[i] for name, column in zip(names, numbers, strict=True)}
                carry, costs[i] = step(self, carry, batch, c)
        return carry, costs

    def _tape_of(self, step: Program, carry: Carry, data: Batch, rows: np.ndarray, names: list[str]) -> Tape | None:
        """Return the tape of a small step; the one of the call before, where it is for the same memory."""
        arrays = [*data.arrays()]
        if not self.tape or len(rows) == 0 or not all(isinstance(array, np.ndarray) for array in arrays):
            return None
        stores = [*stores_of(carry)]
        inputs = sum(math.prod(array.shape[1:]) for array in Batch(data.x).arrays())
        size = sum(store.flat.size for store in stores) + rows.shape[1] * inputs
        if size > BLOCK or not all(isinstance(store.flat, np.ndarray) for store in stores):
            return None
        about = (rows.shape[1], names, data.map(lambda array: (array.shape[1:], array.dtype)))
        known = self._known
        if known is None or not known.is_of(step, about, stores):
            known = self._known = _Known(step, about, stores)
        known.steps += len(rows)
        if known.steps >= RECORD_FROM and not known.is_refused and known.tape is None:
            known.tape = self._recorded(step, carry, data, rows[0], names)
            known.is_refused = known.tape is None
        return known.tape

    def _recorded(self, step: Program, carry: Carry, data: Batch, row: np.ndarray, names: list[str]) -> Tape | None:
        """Record a step whose every part says that it may be."""
        if not is_recordable(step):
            return None
        # What cannot be recorded all the same (noise, a large array), the step does by itself, and tells its mistakes.
        try:
            return Tape.of(self, step, carry, data, row, names)
        except Exception:
            return None


def _update_blocks(
    update: Callable[..., Any], view: np.ndarray, part: np.ndarray, moments: Mapping[str, np.ndarray], c: Any
) -> None:
    """Update an array of weights, laid out as a vector, block by block in place."""
    for start in range(0, view.size, BLOCK):
        block = slice(start, start + BLOCK)
        state = {name: m[block] for name, m in moments.items()}
        new, after = update(NUMPY, view[block], part[block], state, c)
        view[block] = new
        for name, m in state.items():
            m[...] = after[name]


def _update_rows(
    update: Callable[..., Any], view: np.ndarray, gradient: RowGradient, moments: Mapping[str, np.ndarray], c: Any
) -> None:
    """Update the rows of a table that have a gradient, in place."""
    rows, sums = loops.summed_rows(gradient.rows, gradient.values, gradient.shape[0])
    table, states = view.reshape(gradient.shape), {name: m.reshape(gradient.shape) for name, m in moments.items()}
    table[rows], after = update(NUMPY, table[rows], sums, {name: m[rows] for name, m in states.items()}, c)
    for name, m in states.items():
        m[rows] = after[name]


def _picker(array: Any) -> Callable[[np.ndarray], Any]:
    """Return what picks rows. `take` is a microsecond faster than indexing, and sparse matrices do not have it."""
    return partial(array.take, axis=0) if isinstance(array, np.ndarray) else array.__getitem__


@dataclass
class _Known:
    """What the steps of the calls before were, and their tape."""

    step: Program
    about: tuple[Any, ...]
    stores: list[Store]
    steps: int = 0
    tape: Tape | None = None
    is_refused: bool = False

    def is_of(self, step: Program, about: tuple[Any, ...], stores: list[Store]) -> bool:
        """Tell whether it is for this step, such batches, and the memory of these stores."""
        same = len(stores) == len(self.stores) and all(a is b for a, b in zip(stores, self.stores, strict=True))
        return same and self.step is step and self.about == about
