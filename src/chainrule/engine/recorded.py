"""Values that are recorded: arrays that write down what is done with them, so that it can be done again (see `tape.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, cast

import numpy as np

Operation: TypeAlias = Callable[[], Any]

# Bytes that a record may hold: of larger arrays the arithmetic takes the time, and to keep them takes memory.
_MOST = 4 << 20
# What Python's own numbers would give too; of the others NumPy makes a number with a dtype.
_PLAIN_ARITHMETIC = (np.add, np.subtract, np.multiply, np.divide, np.negative)


class UntraceableError(TypeError):
    """A step does what cannot be written down: it asks for a number, or leaves NumPy's functions."""


class Record:
    """What has been written down.

    Attributes
    ----------
    operations : list of callable
        In order; each reads and writes arrays that stay where they are.
    """

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._held = 0

    def hold(self, result: np.ndarray, operation: Operation) -> np.ndarray:
        """Take up an operation that writes into an array of the record's own."""
        self._held += result.nbytes
        if self._held > _MOST:
            raise UntraceableError("a step of large arrays")
        self.operations.append(operation)
        return result


class Value(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of a step that is being recorded: whatever is done with it is done, and written down.

    Parameters
    ----------
    record : Record
    array : array
        Where its numbers lie in every step.
    weak : bool
        Whether it is a number as Python has them, which takes the dtype of the array that it meets.
    """

    __slots__ = ("_cast", "array", "record", "weak")

    def __init__(self, record: Record, array: np.ndarray, *, weak: bool = False) -> None:
        self.record = record
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
            self.record.operations.append(called)
            return cast(Value, out[0])
        return Value(self.record, self.record.hold(result, called), weak=weak)

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
            return Value(self.record, self.record.hold(result, partial(np.concatenate, arguments[0], axis, result)))
        return self._made(partial(function, *arguments, **options), [*_arrays(arguments), *_arrays(options)])

    def _made(self, function: Operation, read: list[np.ndarray]) -> Value:
        """Return what a function without `out` makes: an array, or a view of what it reads."""
        result = function()
        if not isinstance(result, (np.ndarray, np.generic)):
            raise UntraceableError("a function that does not return an array")
        result = np.asarray(result)
        if not any(np.may_share_memory(result, part) for part in read):
            self.record.hold(result, partial(_copy, result, function))
        return Value(self.record, result)

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
        return Value(self.record, self.array.T)

    def transpose(self, *axes: Any) -> Value:
        """A view."""
        return Value(self.record, self.array.transpose(*axes))

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
        return Value(self.record, self.record.hold(result, partial(self.array.dot, right, result)))

    def __getitem__(self, key: Any) -> Value:
        """A view, or what is picked by an array of places."""
        return self._made(partial(self.array.__getitem__, _plain(key)), [self.array])

    def __setitem__(self, key: Any, value: Any) -> None:
        """Write."""
        write = partial(self.array.__setitem__, _plain(key), _plain(value))
        write()
        self.record.operations.append(write)

    def __iter__(self) -> Iterator[Value]:
        """Row by row."""
        return (self[i] for i in range(len(self.array)))

    def cast(self, dtype: np.dtype) -> np.ndarray:
        """Return this number in the dtype of the arrays that it meets."""
        if dtype == self.array.dtype:
            return self.array
        if dtype not in self._cast:
            held = self.array.astype(dtype)
            self.record.operations.append(partial(np.copyto, held, self.array, "same_kind"))
            self._cast[dtype] = held
        return self._cast[dtype]


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
