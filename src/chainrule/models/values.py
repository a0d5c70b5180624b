"""What an estimator is made of, as JSON and named arrays and back: by one closed table of types, without pickle."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from sklearn.preprocessing import LabelBinarizer

from chainrule.encode.augment import Augment
from chainrule.errors import ChainruleError, ConfigError, ModelFileError
from chainrule.models.learning import Optimizer
from chainrule.network.network import Network
from chainrule.nn import Layer, Loss, Penalty
from chainrule.optim import LBFGS, RULES, SCHEDULES, Averaged, Clip, Lazy, Rule, Schedule
from chainrule.recipes import MODELS, Recipe
from chainrule.saved.archive import REMEDY
from chainrule.saved.spec import layer_from_spec, loss_from_spec, network_from_spec, network_spec, to_spec
from chainrule.saved.tensors import KINDS
from chainrule.train import Checkpoint, FitEnded, FitStarted, History, Settings
from chainrule.tree import leaves

_MAX_DEPTH = 64
# Letters of an array of texts, which NumPy gives as much room each as the longest has.
_MOST_LETTERS = 1 << 21
_TEXT_DTYPE = re.compile(r"<U([1-9]\d{0,8})")
_TARGETS = ("binary", "multiclass", "multilabel-indicator")
_MT19937 = 624


@dataclass
class Writer:
    """Turns values into JSON-able data; arrays of numbers are kept aside, by names that say where they belong."""

    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def write(self, value: Any, where: str) -> Any:
        """Return `value` as JSON-able data; raise ConfigError, naming `where`, if no file can hold it."""
        if value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value)):
            return value
        if type(value) is list:
            return [self.write(item, f"{where}.{i}") for i, item in enumerate(value)]
        for kind in type(value).__mro__:
            if kind in FORMS:
                form = FORMS[kind]
                return {form.tag: form.write(self, value, where)}
        raise ConfigError(
            f"{where} to be made of numbers, texts, arrays, and Chainrule's own layers, losses, rules and schedules",
            f"{value!r:.80}",
            f"Set {where.partition('.')[0]} to None before saving, and give it again after loading.",
        )

    def keep(self, array: np.ndarray, where: str) -> str:
        """Keep an array aside; return its name."""
        name = where
        while name in self.arrays:
            name += "'"
        self.arrays[name] = array
        return name


@dataclass
class Reader:
    """Makes values of what a Writer wrote. Each array is handed out once."""

    arrays: dict[str, np.ndarray]

    def read(self, node: Any, depth: int = 0) -> Any:
        """Return the value, or raise ModelFileError."""
        if depth > _MAX_DEPTH:
            raise _bad(f"values nested at most {_MAX_DEPTH} deep", "deeper ones")
        if isinstance(node, list):
            return [self.read(item, depth + 1) for item in node]
        if not isinstance(node, dict):
            return node
        tag = next(iter(node), None)
        if len(node) != 1 or tag not in _BY_TAG:
            raise _bad(f"one of {', '.join(_BY_TAG)}", repr(list(node)[:3])[:80])
        try:
            return _BY_TAG[tag].read(self, node[tag], depth + 1)
        except (TypeError, ValueError, KeyError, OverflowError, AttributeError) as error:
            if isinstance(error, ModelFileError):
                raise
            raise _bad(f"a value of the kind {tag}", f"{error!s:.200}") from error

    def take(self, name: Any) -> np.ndarray:
        """Return the array of this name."""
        if not isinstance(name, str) or name not in self.arrays:
            raise _bad("the name of an array", f"{name!r:.60}")
        return self.arrays.pop(name)


@dataclass(frozen=True)
class Form:
    """How values of one type stand in a file: under `tag`, written and read by these."""

    tag: str
    write: Callable[[Writer, Any, str], Any]
    read: Callable[[Reader, Any, int], Any]


def _bad(expected: str, came: str) -> ModelFileError:
    return ModelFileError(expected, came, REMEDY)


def _write_items(writer: Writer, value: Any, where: str) -> list[Any]:
    return [writer.write(item, f"{where}.{i}") for i, item in enumerate(value)]


def _read_items(reader: Reader, content: Any, depth: int) -> list[Any]:
    if not isinstance(content, list):
        raise _bad("a list", f"{content!r:.60}")
    return [reader.read(item, depth) for item in content]


def _write_dict(writer: Writer, value: dict[Any, Any], where: str) -> list[Any]:
    pairs = value.items()
    return [[writer.write(key, f"{where} (a key)"), writer.write(item, f"{where}.{key!s:.60}")] for key, item in pairs]


def _read_dict(reader: Reader, content: Any, depth: int) -> dict[Any, Any]:
    pairs = [_read_items(reader, pair, depth) for pair in content]
    return {key: value for key, value in pairs}  # noqa: C416 (a pair of three must not pass)


def _write_array(writer: Writer, value: np.ndarray, where: str) -> dict[str, Any]:
    if type(value) is np.ndarray and value.dtype.char in KINDS:
        # A matrix is multiplied in the order in which it lies, to the bit.
        turned = value.flags.f_contiguous and not value.flags.c_contiguous
        return {"name": writer.keep(value.T if turned else value, where), "turned": bool(turned)}
    items = value.ravel().tolist() if type(value) is np.ndarray and value.dtype.kind in "UO" else [None]
    if value.dtype.kind not in "UO" or not all(type(item) in (str, int, float, bool) for item in items):
        raise ConfigError(
            f"{where} to be an array of numbers or texts", f"{value!r:.80}", "Convert it before fitting, with astype."
        )
    return {
        "dtype": value.dtype.str,
        "shape": list(value.shape),
        "items": [writer.write(item, where) for item in items],
    }


def _read_array(reader: Reader, content: Any, depth: int) -> np.ndarray:
    if "name" in content:
        array = reader.take(content["name"])
        return array.T if content["turned"] is True else array
    items, dtype, shape = _read_items(reader, content["items"], depth), content["dtype"], content["shape"]
    if math.prod(shape) != len(items) or not all(type(item) in (str, int, float, bool) for item in items):
        raise _bad(f"texts and numbers for the shape {shape!r:.60}", f"{len(items)} items")
    if dtype == "|O":
        array = np.empty(len(items), dtype=object)
        array[:] = items
        return array.reshape(shape)
    width = _TEXT_DTYPE.fullmatch(dtype)
    if width is None or not all(isinstance(item, str) for item in items):
        raise _bad("texts, or objects", f"dtype {dtype!r:.60}")
    if int(width[1]) * len(items) > _MOST_LETTERS + sum(map(len, items)):
        raise _bad(f"texts of {_MOST_LETTERS:,} letters in all", f"{len(items):,} of {int(width[1]):,}")
    return np.array(items, dtype).reshape(shape)


def _write_scalar(writer: Writer, value: np.generic, where: str) -> list[Any]:
    if value.dtype.char not in KINDS:
        raise ConfigError(f"{where} to be a number", f"{value!r:.80}", "Convert it to a number of Python's.")
    return [value.dtype.name, writer.write(value.item(), where)]


def _read_scalar(reader: Reader, content: Any, depth: int) -> Any:
    name, value = _read_items(reader, content, depth)
    dtype = np.dtype(name if isinstance(name, str) else "")
    if dtype.char not in KINDS or dtype.name != name or type(value) not in (bool, int, float):
        raise _bad("a number of NumPy's", f"{content!r:.60}")
    return dtype.type(value)


def _write_random(writer: Writer, value: np.random.RandomState, where: str) -> dict[str, Any]:
    state = value.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        raise ConfigError(
            f"{where} to be a RandomState as NumPy makes it", f"one on {state['bit_generator']}", "Give a whole number."
        )
    inner = state["state"]
    return {
        "key": writer.keep(inner["key"], where),
        "pos": int(inner["pos"]),
        "has_gauss": int(state["has_gauss"]),
        "gauss": float(state["gauss"]),
    }


def _read_random(reader: Reader, content: Any, depth: int) -> np.random.RandomState:
    key = reader.take(content["key"])
    pos, has_gauss, gauss = content["pos"], content["has_gauss"], content["gauss"]
    whole = type(pos) is int and 0 <= pos <= _MT19937 and has_gauss in (0, 1)
    if key.shape != (_MT19937,) or key.dtype != np.uint32 or not whole or type(gauss) is not float:
        raise _bad("the state of a RandomState", f"{content!r:.80}")
    state = np.random.RandomState()
    state.set_state(("MT19937", key, pos, has_gauss, gauss))
    return state


def _write_binarizer(writer: Writer, value: LabelBinarizer, where: str) -> dict[str, Any]:
    return {
        "classes": writer.write(value.classes_, f"{where}.classes_"),
        "targets": value.y_type_,
        "sparse": bool(value.sparse_input_),
    }


def _read_binarizer(reader: Reader, content: Any, depth: int) -> LabelBinarizer:
    classes, targets, sparse = reader.read(content["classes"], depth), content["targets"], content["sparse"]
    if not isinstance(classes, np.ndarray) or classes.ndim != 1 or targets not in _TARGETS or type(sparse) is not bool:
        raise _bad("classes, and what targets they are of", f"{targets!r:.60}")
    binarizer = LabelBinarizer()
    binarizer.classes_, binarizer.y_type_, binarizer.sparse_input_ = classes, targets, sparse
    return binarizer


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _are_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(map(_is_number, values))


def _is_history(value: Any) -> bool:
    """Tell whether a history that was read has curves of numbers: those of a file have any type."""
    curves = [curve for scores in value.scores.values() for curve in scores.values()]
    events = isinstance(value.started, FitStarted | None) and isinstance(value.ended, FitEnded | None)
    return events and all(map(_are_numbers, (value.epochs, value.cost, value.rate, *curves)))


def _is_optimizer(value: Any) -> bool:
    arrays = all(isinstance(name, str) and isinstance(array, np.ndarray) for name, array in value.state.items())
    return arrays and type(value.steps) is int and _is_number(value.learning_rate) and _is_number(value.scale)


def _is_checkpoint(value: Any) -> bool:
    trees = all(isinstance(tree, dict) for tree in (value.params, value.best or {}, value.state))
    arrays = all(isinstance(leaf, np.ndarray) for tree in (value.params, value.best or {}) for _, leaf in leaves(tree))
    counts = all(type(number) is int and number >= 0 for number in (value.epoch, value.number, value.best_epoch))
    memories = isinstance(value.memories, list) and all(isinstance(memory, dict) for memory in value.memories)
    return trees and arrays and counts and memories and _are_numbers([value.seconds, value.rate_scale])


def _is_event(value: Any) -> bool:
    return all(isinstance(getattr(value, item.name), str) == (item.type == "str") for item in fields(value))


def _dataclasses(
    tag: str,
    registry: Callable[[], Iterable[type[Any]]],
    remedy: str = "",
    is_right: Callable[[Any], bool] = lambda value: True,
) -> Form:
    """Return the form of dataclasses of a closed registry: the class's name, and its fields.

    `is_right` is asked of a value that was read, where its class does not look at its fields itself.
    """

    def known() -> Mapping[str, type[Any]]:
        return {kind.__name__: kind for kind in registry()}

    def write(writer: Writer, value: Any, where: str) -> dict[str, Any]:
        kind = type(value)
        if known().get(kind.__name__) is not kind:
            raise ConfigError(f"{where} to be of a class that can be looked up", f"{value!r:.80}", remedy)
        each = {item.name: getattr(value, item.name) for item in fields(kind)}
        return {"kind": kind.__name__} | {name: writer.write(part, f"{where}.{name}") for name, part in each.items()}

    def read(reader: Reader, content: Any, depth: int) -> Any:
        kind = known().get(content["kind"])
        if kind is None:
            raise _bad(f"a {tag} that Chainrule knows", f"the kind {content['kind']!r:.60}")
        settings = {name: reader.read(part, depth) for name, part in content.items() if name != "kind"}
        try:
            value = kind(**settings)
        except ChainruleError as error:
            raise _bad(error.expected[:300], error.came[:300]) from error
        if not is_right(value):
            raise _bad(f"the fields of {kind.__name__}", f"{content!r:.80}")
        return value

    return Form(tag, write, read)


_RULES = "Register it with chainrule.optim.rules.register, under a name; or take one of optim's own."
_SCHEDULES = "Register it with chainrule.optim.schedule.register, under a name; or take one of optim's own."

# All that a file may hold. What a type of another level brings along is entered by its own module.
FORMS: dict[type, Form] = {
    float: Form("float", lambda writer, value, where: str(value), lambda reader, content, depth: float(content)),
    str: Form("text", lambda writer, value, where: str(value), lambda reader, content, depth: str(content)),
    tuple: Form("tuple", _write_items, lambda reader, content, depth: tuple(_read_items(reader, content, depth))),
    dict: Form("dict", _write_dict, _read_dict),
    np.ndarray: Form("array", _write_array, _read_array),
    np.generic: Form("scalar", _write_scalar, _read_scalar),
    np.random.RandomState: Form("random_state", _write_random, _read_random),
    LabelBinarizer: Form("binarizer", _write_binarizer, _read_binarizer),
    Layer: Form(
        "layer", lambda writer, value, where: to_spec(value), lambda reader, content, depth: layer_from_spec(content)
    ),
    Loss: Form(
        "loss", lambda writer, value, where: to_spec(value), lambda reader, content, depth: loss_from_spec(content)
    ),
    Network: Form(
        "network",
        lambda writer, value, where: network_spec(value),
        lambda reader, content, depth: network_from_spec(content),
    ),
    Rule: _dataclasses("rule", lambda: (*RULES.values(), Averaged, Lazy), _RULES),
    LBFGS: _dataclasses("search", lambda: (LBFGS,), _RULES),
    Schedule: _dataclasses("schedule", SCHEDULES.values, _SCHEDULES),
    Augment: _dataclasses("augment", lambda: (Augment,), "Take Augment itself."),
    Recipe: _dataclasses("recipe", MODELS.values, "Register it with chainrule.recipes.register."),
    Clip: _dataclasses("clip", lambda: (Clip,)),
    Penalty: _dataclasses("penalty", lambda: (Penalty,)),
    Settings: _dataclasses("settings", lambda: (Settings,)),
    Checkpoint: _dataclasses("checkpoint", lambda: (Checkpoint,), is_right=_is_checkpoint),
    Optimizer: _dataclasses("optimizer", lambda: (Optimizer,), is_right=_is_optimizer),
    History: _dataclasses("history", lambda: (History,), is_right=_is_history),
    FitStarted: _dataclasses("started", lambda: (FitStarted,), is_right=_is_event),
    FitEnded: _dataclasses("ended", lambda: (FitEnded,), is_right=_is_event),
}
_BY_TAG: dict[str, Form] = {form.tag: form for form in FORMS.values()}


def enter(kind: type, form: Form) -> None:
    """Enter the form of a type into the table."""
    FORMS[kind] = _BY_TAG[form.tag] = form
