"""A small step recorded once and played again: the same operations of NumPy on the same memory, without Python between.

Of a step of a few neurons, Python takes more time than the arithmetic: looking up, calling, making arrays. A step is a
pure function whose course does not depend on its numbers (JAX could not compile it otherwise), so its operations can be
written down while it runs once, and repeated. Each writes into the array that it made the first time; views of arrays
need no operation at all. The results are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeAlias, cast

import numpy as np

from chainrule.engine.base import Carry, Program
from chainrule.engine.store import Store
from chainrule.types import Batch, Namespace

Operation: TypeAlias = Callable[[], Any]

# Bytes that a tape may hold: of larger arrays the arithmetic takes the time, and to keep them takes memory.
_MOST = 4 << 20
# What Python's own numbers would give too; of the others NumPy makes a number with a dtype.
_PLAIN_ARITHMETIC = (np.add, np.subtract, np.multiply, np.divide, np.negative)


class UntraceableError(TypeError):
    """A step does what cannot be written down: it asks for a number, or leaves NumPy's functions."""


class Tape:
    """The operations of one step.

    Attributes
    ----------
    operations : list of callable
        In order; each reads and writes arrays that stay where they are.
    """

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._held = 0
        self._x: np.ndarray
        self._t: np.ndarray
        self._w: np.ndarray | None
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
        x, t, w = data
        for i, (row, *values) in enumerate(zip(rows, *numbers, strict=True)):
            # NumPy writes to `out` directly only in another mode than its first.
            x.take(row, 0, self._x, "clip")
            t.take(row, 0, self._t, "clip")
            if w is not None:
                w.take(row, 0, self._w, "clip")
            for slot, value in zip(self._numbers, values, strict=True):
                slot[()] = value
            for operation in self.operations:
                operation()
            costs[i] = self._cost

    def hold(self, result: np.ndarray, operation: Operation) -> np.ndarray:
        """Take up an operation that writes into an array of the tape's own."""
        self._held += result.nbytes
        if self._held > _MOST:
            raise UntraceableError("a step of large arrays")
        self.operations.append(operation)
        return result

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
        tape._x, tape._t = data.x.take(rows, axis=0), data.t.take(rows, axis=0)
        tape._w = None if data.w is None else data.w.take(rows, axis=0)
        tape._numbers = [np.zeros(()) for _ in names]
        values = [None if part is None else Value(tape, part) for part in (tape._x, tape._t, tape._w)]
        numbers = {name: Value(tape, slot, weak=True) for name, slot in zip(names, tape._numbers, strict=True)}
        traced = _traced(tape, carry)
        try:
            after, cost = step(cast(Any, _Recorder(engine)), traced, Batch(*cast(Any, values)), numbers)
        finally:
            for store, flat in zip(stores, before, strict=True):
                store.flat[...] = flat
        if not isinstance(cost, Value) or not _is_same(after, traced):
            raise UntraceableError("the step returns a new carry")
        tape._cost = cost.array
        return tape


class Value(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of a step that is being recorded: whatever is done with it is done, and written down.

    Parameters
    ----------
    tape : Tape
    array : array
        Where its numbers lie in every step.
    weak : bool
        Whether it is a number as Python has them, which takes the dtype of the array that it meets.
    """

    __slots__ = ("_cast", "array", "tape", "weak")

    def __init__(self, tape: Tape, array: np.ndarray, *, weak: bool = False) -> None:
        self.tape = tape
        self.array = array
        self.weak = weak
        self._cast: dict[Any, np.ndarray] = {}

    # What NumPy asks

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any) -> Value:
        """Record a ufunc, called or reduced."""
        if method not in ("__call__", "reduce") or ufunc.nout != 1:
            raise UntraceableError(f"{ufunc.__name__}.{method}")
        weak = all(part.weak if isinstance(part, Value) else isinstance(part, (int, float)) for part in inputs)
        if weak and (ufunc not in _PLAIN_ARITHMETIC or out is not None):
            raise UntraceableError("a function of a plain number")
        arrays = [*inputs] if weak else _strong(inputs)
        arrays = [part.array if isinstance(part, Value) else part for part in arrays]
        function: Callable[..., Any] = ufunc if method == "__call__" else ufunc.reduce
        result = np.asarray(function(*arrays, **options)) if out is None else self._into(function, arrays, out, options)
        # By position NumPy reads `out` sooner.
        if method == "reduce" and set(options) <= {"axis", "keepdims"} and len(arrays) <= 2:
            axis = arrays[1] if len(arrays) == 2 else options.get("axis", 0)
            called: Operation = partial(function, arrays[0], axis, None, result, options.get("keepdims", False))
        elif method == "__call__" and not options and ufunc not in (np.maximum, np.minimum):
            called = partial(function, *arrays, result)
        else:
            called = partial(function, *arrays, out=result, **options)
        if out is not None:
            self.tape.operations.append(called)
            return cast(Value, out[0])
        return Value(self.tape, self.tape.hold(result, called), weak=weak)

    @staticmethod
    def _into(function: Callable[..., Any], arrays: Sequence[Any], out: Any, options: Mapping[str, Any]) -> np.ndarray:
        """Compute into an array of the step's own."""
        if not isinstance(out[0], Value) or out[0].ndim == 0:
            # An array from outside would keep its numbers from step to step; a number cannot be changed, only replaced.
            raise UntraceableError("a result in an array that is not the step's")
        target: np.ndarray = out[0].array
        function(*arrays, out=target, **options)
        return target

    def __array_function__(self, function: Callable[..., Any], types: Any, arguments: Any, options: Any) -> Any:
        """Record another function of NumPy's."""
        arguments, options = _plain(arguments), _plain(options)
        if "out" in options:
            raise UntraceableError("a result in an array that is not the step's")
        if function is np.concatenate and not options:
            result = np.concatenate(*arguments)
            axis = arguments[1] if len(arguments) == 2 else 0
            return Value(self.tape, self.tape.hold(result, partial(np.concatenate, arguments[0], axis, result)))
        return self._made(partial(function, *arguments, **options), [*_arrays(arguments), *_arrays(options)])

    def _made(self, function: Operation, read: list[np.ndarray]) -> Value:
        """Return what a function without `out` makes: an array, or a view of what it reads."""
        result = function()
        if not isinstance(result, (np.ndarray, np.generic)):
            raise UntraceableError("a function that does not return an array")
        result = np.asarray(result)
        if not any(np.may_share_memory(result, part) for part in read):
            self.tape.hold(result, partial(_copy, result, function))
        return Value(self.tape, result)

    def __array__(self, *_: Any, **__: Any) -> Any:
        """Its numbers are not those of the next step."""
        raise UntraceableError("a step asks for an array's numbers")

    def _ask(self, *_: Any) -> Any:
        raise UntraceableError("a step asks for a number")

    __bool__ = __float__ = __int__ = __index__ = __complex__ = _ask

    def __getattr__(self, name: str) -> Any:
        """Refuse what an array has besides; the eager step has it."""
        if hasattr(np.ndarray, name):
            raise UntraceableError(f"an array's {name}")
        raise AttributeError(name)

    # What an array has

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's."""
        return self.array.shape

    @property
    def ndim(self) -> int:
        """The array's."""
        return self.array.ndim

    @property
    def size(self) -> int:
        """The array's."""
        return self.array.size

    @property
    def dtype(self) -> np.dtype:
        """The array's."""
        return self.array.dtype

    def __len__(self) -> int:
        """The array's."""
        return len(self.array)

    @property
    def T(self) -> Value:
        """A view."""
        return Value(self.tape, self.array.T)

    def transpose(self, *axes: Any) -> Value:
        """A view."""
        return Value(self.tape, self.array.transpose(*axes))

    def reshape(self, *shape: Any) -> Value:
        """A view, or a copy where there is none."""
        return self._made(partial(self.array.reshape, *shape), [self.array])

    def astype(self, dtype: Any, copy: bool = True) -> Value:
        """A copy in a dtype, or the array itself where it has it and no copy is asked for."""
        return self._made(partial(self.array.astype, dtype, copy=copy), [] if copy else [self.array])

    def dot(self, other: Any) -> Value:
        """A product of matrices."""
        right = _plain(other)
        result = np.asarray(self.array.dot(right))
        return Value(self.tape, self.tape.hold(result, partial(self.array.dot, right, result)))

    def __getitem__(self, key: Any) -> Value:
        """A view, or what is picked by an array of places."""
        return self._made(partial(self.array.__getitem__, _plain(key)), [self.array])

    def __setitem__(self, key: Any, value: Any) -> None:
        """Write."""
        write = partial(self.array.__setitem__, _plain(key), _plain(value))
        write()
        self.tape.operations.append(write)

    def __iter__(self) -> Iterator[Value]:
        """Row by row."""
        return (self[i] for i in range(len(self.array)))

    def cast(self, dtype: np.dtype) -> np.ndarray:
        """Return this number in the dtype of the arrays that it meets."""
        if dtype == self.array.dtype:
            return self.array
        if dtype not in self._cast:
            held = self.array.astype(dtype)
            self.tape.operations.append(partial(np.copyto, held, self.array, "same_kind"))
            self._cast[dtype] = held
        return self._cast[dtype]


class _Recorder:
    """The engine of a step that is being recorded."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.name, self.dtype = engine.name, engine.dtype
        self.xp = cast(Namespace, SimpleNamespace(**{**vars(engine.xp), **dict.fromkeys(_EAGER, _refuse)}))
        self.each, self.put = engine.each, engine.put


# What these take time for is their arithmetic, or they depend on a key.
_EAGER = ("conv", "conv_dx", "conv_dW", "taps", "spread", "bernoulli", "uniform", "beta", "fold")


def _refuse(*_: Any, **__: Any) -> Any:
    raise UntraceableError("a function that is not recorded")


def _strong(inputs: Sequence[Any]) -> list[Any]:
    """Return the inputs of a ufunc with its plain numbers as arrays, which NumPy reads sooner than Python's."""
    dtypes = {part.dtype for part in inputs if hasattr(part, "dtype") and not getattr(part, "weak", False)}
    dtype = dtypes.pop() if len(dtypes) == 1 else None
    floating = dtype is not None and dtype.kind == "f"
    found = []
    for part in inputs:
        if isinstance(part, Value) and part.weak:
            if dtype is None:
                raise UntraceableError("a number with arrays of several dtypes")
            found.append(part.cast(dtype))
        elif floating and type(part) in (int, float):
            found.append(np.array(part, dtype))
        else:
            found.append(part)
    return found


def _copy(target: np.ndarray, function: Operation) -> None:
    target[...] = function()


def _plain(tree: Any) -> Any:
    """Return arguments with the arrays themselves."""
    if isinstance(tree, Value):
        if tree.weak:
            raise UntraceableError("a number outside of arithmetic")
        return tree.array
    if isinstance(tree, (list, tuple)):
        return type(tree)(_plain(part) for part in tree)
    return {name: _plain(part) for name, part in tree.items()} if isinstance(tree, dict) else tree


def _arrays(tree: Any) -> Iterator[np.ndarray]:
    if isinstance(tree, np.ndarray):
        yield tree
    elif isinstance(tree, (list, tuple)):
        for part in tree:
            yield from _arrays(part)
    elif isinstance(tree, dict):
        yield from _arrays([*tree.values()])


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


def _traced(tape: Tape, carry: Carry) -> Carry:
    """Return the carry with its stores' memory as values."""
    if isinstance(carry, Store):
        return Store(carry.layout, carry.empty, cast(Any, Value(tape, carry.flat)))
    if isinstance(carry, tuple):
        return tuple(_traced(tape, part) for part in carry)
    if isinstance(carry, Mapping):
        return {name: _traced(tape, part) for name, part in carry.items()}
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
