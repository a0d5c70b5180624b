"""A small step recorded once and played again: the same operations of NumPy on the same memory, without Python between.

Of a step of a few neurons, Python takes more time than the arithmetic: looking up, calling, making arrays. A step is a
pure function whose course does not depend on its numbers (JAX could not compile it otherwise), so its operations can be
written down while it runs once, and repeated. Each writes into the array that it made the first time; views of arrays
need no operation at all. The results are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from chainrule.engine.base import Carry, Program
from chainrule.engine.recorded import Record, UntraceableError, Value
from chainrule.engine.store import Store
from chainrule.types import Batch, Namespace, says


class Tape:
    """The operations of one step, and where its batch, its numbers and its cost lie."""

    def __init__(self) -> None:
        self._record = Record()
        self._batch: list[np.ndarray]
        self._numbers: list[np.ndarray]
        self._cost: np.ndarray

    def play(self, data: Batch, rows: np.ndarray, numbers: Sequence[Sequence[float]], costs: np.ndarray) -> None:
        """Take a step for each row of `rows`, whose costs go into `costs`.

        Parameters
        ----------
        data : Batch
        rows : int array (steps, batch size)
            All of them rows of `data`.
        numbers : sequence of sequence of float
            For each name, the number of each step.
        """
        # Whole arrays, and where the rows of a batch go.
        reads = [(array.take, slot) for array, slot in zip(data.arrays(), self._batch, strict=True)]
        operations = self._record.operations
        for i, (row, *values) in enumerate(zip(rows, *numbers, strict=True)):
            # NumPy writes to `out` directly only in another mode than its first.
            for take, slot in reads:
                take(row, 0, slot, "clip")
            for slot, value in zip(self._numbers, values, strict=True):
                slot[()] = value
            for operation in operations:
                operation()
            costs[i] = self._cost

    @classmethod
    def of(cls, engine: Any, step: Program, carry: Carry, data: Batch, rows: np.ndarray, names: Sequence[str]) -> Tape:
        """Record a step on the batch `rows`, and leave everything in the carry as it was.

        Raises
        ------
        UntraceableError
            Where the step cannot be recorded.
        """
        tape = cls()
        stores = [*stores_of(carry)]
        before = [store.flat.copy() for store in stores]
        batch = data.map(lambda array: array.take(rows, axis=0))
        tape._batch = [*batch.arrays()]
        tape._numbers = [np.zeros(()) for _ in names]
        numbers = {name: Value(tape._record, slot, weak=True) for name, slot in zip(names, tape._numbers, strict=True)}
        traced = _traced(tape._record, carry)
        try:
            after, cost = step(cast(Any, _Recorder(engine)), traced, batch.map(partial(Value, tape._record)), numbers)
        finally:
            for store, flat in zip(stores, before, strict=True):
                store.flat[...] = flat
        if not isinstance(cost, Value) or not _is_same(after, traced):
            raise UntraceableError("the step returns a new carry")
        tape._cost = cost.array
        return tape


def is_recordable(value: Any) -> bool:
    """Tell whether a step, an objective, a layer, a loss or a rule, and all that it is made of, may be recorded.

    What is recorded is not called again: a print, a counter, a random draw of one's own would happen once. So each
    class has to say of itself that none of it matters, and what it consists of (the fields of a frozen dataclass) has
    to say so too; a function among the fields says nothing. A field whose metadata say `in_step=False` has no part in it.
    """
    if isinstance(value, (tuple, list, frozenset)):
        return all(map(is_recordable, value))
    if value is None or isinstance(value, (bool, int, float, str)):
        return True
    if not says(value, "is_recordable"):
        return False
    taking_part = (field.name for field in fields(value) if field.metadata.get("in_step", True))
    return all(is_recordable(getattr(value, name)) for name in taking_part)


class _Recorder:
    """The engine of a step that is being recorded."""

    def __init__(self, engine: Any) -> None:
        self.name, self.dtype = engine.name, engine.dtype
        self.xp = cast(Namespace, SimpleNamespace(**{**vars(engine.xp), **dict.fromkeys(_EAGER, _refuse)}))
        self.each, self.put = engine.each, engine.put


# What these take time for is their arithmetic, or they depend on a key.
_EAGER = (
    *("bernoulli", "uniform", "beta", "fold"),
    *("scan", "take", "add_at"),
    *("conv", "conv_dx", "conv_dW", "taps", "spread"),
)


def _refuse(*_: Any, **__: Any) -> Any:
    raise UntraceableError("a function that is not recorded")


def stores_of(carry: Carry) -> Iterator[Store]:
    """Yield the stores that a step hands to the next."""
    if isinstance(carry, Store):
        yield carry
    elif isinstance(carry, tuple):
        for part in carry:
            yield from stores_of(part)
    elif isinstance(carry, Mapping):
        for part in carry.values():
            yield from stores_of(part)


def _traced(record: Record, carry: Carry) -> Carry:
    """Return the carry with its stores' memory as values."""
    if isinstance(carry, Store):
        return Store(carry.layout, carry.empty, cast(Any, Value(record, carry.flat)))
    if isinstance(carry, tuple):
        return tuple(_traced(record, part) for part in carry)
    if isinstance(carry, Mapping):
        return {name: _traced(record, part) for name, part in carry.items()}
    if hasattr(carry, "dtype"):
        raise UntraceableError("an array in the carry outside of a store")
    return carry


def _is_same(after: Carry, before: Carry) -> bool:
    """Tell whether a step handed on the memory that it was given."""
    if isinstance(before, tuple):
        return len(after) == len(before) and all(map(_is_same, after, before))
    if isinstance(before, Mapping) and not isinstance(before, Store):
        return set(after) == set(before) and all(_is_same(after[name], part) for name, part in before.items())
    return after is before
