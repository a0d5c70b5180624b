"""The spec: everything that the Playground's controls say, as one frozen, checked value that JSON and a URL can carry."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeVar

from chainrule.constraints import Kind, Many, Options, Range, check_fields, constrained, flag, option, real, whole
from chainrule.errors import ConfigError, did_you_mean
from chainrule.nn import ACTIVATIONS, INITS
from chainrule.optim import RULES, SCHEDULES
from chainrule.optim.rules import rule_by_name
from chainrule.optim.schedule import schedule_by_name

MOST_LAYERS = 10
MOST_UNITS = 128
MOST_SAMPLES = 5000
MOST_INPUTS = 1024
MOST_FORMULA = 200

# Ascent on the log-likelihood is the same step as descent on the cost: the Playground offers it once.
# Uphill it is the same step; what moves whole matrices has no line for a single weight.
OPTIMIZERS = tuple(name for name in RULES if name not in ("gradient_ascent", "muon"))


@dataclass(frozen=True)
class DataSpec:
    """Which data: a built-in set, drawn points or an upload, and how it is drawn and divided."""

    name: str = constrained(Kind(str), default="circle")
    samples: int = whole(10, MOST_SAMPLES, default=500)
    noise: float = real(0.0, 50.0, default=0.0)
    train_share: float = real(0.1, 0.9, default=0.5)
    seed: int = whole(0, 2**31 - 1, default=1)
    target: str | None = constrained(Kind(str), default=None, optional=True)
    task: str | None = option("classification", "regression", default=None, optional=True)
    kinds: Mapping[str, str] = constrained(Kind(dict), default=None, optional=True)

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self, "data")
        object.__setattr__(self, "kinds", dict(self.kinds or {}))


@dataclass(frozen=True)
class LayerSpec:
    """One hidden layer."""

    units: int = whole(1, MOST_UNITS, default=4)
    activation: str = option(*ACTIVATIONS, default="tanh")
    dropout: float = real(0.0, 0.9, default=0.0)

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self, "layer")


@dataclass(frozen=True)
class StopSpec:
    """When to pause by itself: after so many epochs, at a training cost, after so many seconds of training."""

    epochs: int | None = whole(1, 10_000_000, default=None, optional=True)
    cost: float | None = real(0.0, default=None, optional=True)
    seconds: float | None = real(0.0, default=None, optional=True, low_open=True)

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self, "stop")


@dataclass(frozen=True)
class ViewSpec:
    """What is looked at and how fast: nothing here changes what is learned."""

    axes: Sequence[int] | str = constrained(Many(Range(int, 0, MOST_INPUTS), 2), Options(("pca",)), default=(0, 1))
    slices: Mapping[str, float] = constrained(Kind(dict), default=None, optional=True)
    discretise: bool = flag(False)
    show_test: bool = flag(False)
    hide: Sequence[str] = constrained(Many(Kind(str)), default=())
    speed: float | str = constrained(Options(("max",)), Range(float, 0.0, 100_000.0, low_open=True), default="max")

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints; slices are numbers by the name of an input."""
        check_fields(self, "view")
        if not isinstance(self.axes, str):
            if len(self.axes) != 2 or self.axes[0] == self.axes[1]:
                raise ConfigError("two different axes", f"{list(self.axes)}", 'Write [0, 1], or "pca".')
            object.__setattr__(self, "axes", tuple(self.axes))
        slices = dict(self.slices or {})
        for name, value in slices.items():
            if not Range(float).accepts(value):
                raise ConfigError(f"a number for the slice {name!r}", f"{value!r:.60}", "Give a finite number.")
        object.__setattr__(self, "slices", slices)
        object.__setattr__(self, "hide", tuple(self.hide))


@dataclass(frozen=True)
class Spec:
    """A whole Playground but for its numbers. A shared URL is its difference from the defaults."""

    data: DataSpec = field(default_factory=DataSpec)
    inputs: Sequence[str] = constrained(Many(Kind(str), at_least=1), default=("x1", "x2"))
    layers: Sequence[LayerSpec] = (LayerSpec(4), LayerSpec(2))
    loss: str = option("cross_entropy", "squared_error", default="cross_entropy")
    init: str = option("auto", *INITS, default="auto")
    init_seed: int = whole(0, 2**31 - 1, default=1)
    optimizer: str = option(*OPTIMIZERS, default="gradient_descent")
    optimizer_settings: Mapping[str, float] = constrained(Kind(dict), default=None, optional=True)
    schedule: str = option(*SCHEDULES, default="constant")
    schedule_settings: Mapping[str, float] = constrained(Kind(dict), default=None, optional=True)
    learning_rate: float = real(0.0, 1000.0, low_open=True, default=0.03)
    l1: float = real(0.0, 1000.0, default=0.0)
    l2: float = real(0.0, 1000.0, default=0.0)
    batch_size: int = whole(1, 100_000, default=10)
    dtype: str = option("float64", "float32", default="float64")
    stop: StopSpec = field(default_factory=StopSpec)
    view: ViewSpec = field(default_factory=ViewSpec)

    def __post_init__(self) -> None:
        """Check the fields, the settings of the rule and of the schedule, and how many of everything there are."""
        check_fields(self, "")
        for name in ("inputs", "layers"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        # Two ways to write a power are one input.
        object.__setattr__(self, "inputs", tuple(text.replace("**", "^") for text in self.inputs))
        for name in ("optimizer_settings", "schedule_settings"):
            object.__setattr__(self, name, dict(getattr(self, name) or {}))
        if len(self.layers) > MOST_LAYERS:
            came = f"{len(self.layers)}"
            raise ConfigError(f"at most {MOST_LAYERS} hidden layers", came, "Remove some, or use `chainrule train`.")
        if len(self.inputs) > MOST_INPUTS or any(len(text) > MOST_FORMULA for text in self.inputs):
            raise ConfigError(
                f"at most {MOST_INPUTS} inputs, each of at most {MOST_FORMULA} letters",
                f"{len(self.inputs)} inputs, the longest of {max(map(len, self.inputs))} letters",
                "Leave some out.",
            )
        if len(set(self.inputs)) != len(self.inputs):
            raise ConfigError("different inputs", f"{list(self.inputs)!r:.80}", "Name each input once.")
        known = [item.name for item in dataclasses.fields(RULES[self.optimizer])]  # type: ignore[arg-type]
        for key in self.optimizer_settings:
            if key not in known:
                remedy = did_you_mean(key, known) if known else "Leave it out."
                raise ConfigError(f"a setting of the optimizer {self.optimizer}", f"{key!r:.60}", remedy)
        rule_by_name(self.optimizer, **self.optimizer_settings)
        schedule_by_name(self.schedule, **self.schedule_settings)


DEFAULT = Spec()


class Effect(IntEnum):
    """What a change of the spec calls for; the greater includes the smaller."""

    NOTHING = 0
    VIEW = 1
    LEARNING = 2
    NETWORK = 3
    WEIGHTS = 4
    DATA = 5


_EFFECTS = {
    "view": Effect.VIEW,
    "stop": Effect.VIEW,
    "layers": Effect.NETWORK,
    "inputs": Effect.NETWORK,
    "loss": Effect.WEIGHTS,
    "init": Effect.WEIGHTS,
    "init_seed": Effect.WEIGHTS,
    "dtype": Effect.WEIGHTS,
    "data": Effect.DATA,
}


def effect_of(old: Spec, new: Spec) -> Effect:
    """Return the greatest effect of what differs between two specs."""
    changed = [f.name for f in dataclasses.fields(Spec) if getattr(old, f.name) != getattr(new, f.name)]
    effects = {name: _EFFECTS.get(name, Effect.LEARNING) for name in changed}
    if "layers" in effects and [(layer.units, layer.activation) for layer in old.layers] == [
        (layer.units, layer.activation) for layer in new.layers
    ]:
        # Dropout has no weights: it can change while the network learns.
        effects["layers"] = Effect.LEARNING
    return max(effects.values(), default=Effect.NOTHING)


def spec_to_json(spec: Spec) -> dict[str, Any]:
    """Return a spec as JSON-able data, every default written out."""
    data: dict[str, Any] = _plain(dataclasses.asdict(spec))
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def spec_from_json(data: Any) -> Spec:
    """Return the spec that JSON data describes; what is left out has its default.

    Raises
    ------
    ConfigError
        For the first name that a spec does not have, or value that breaks its declared constraints.
    """
    given = dict(_table(data, "spec", Spec))
    parts: dict[str, type[Any]] = {"data": DataSpec, "stop": StopSpec, "view": ViewSpec}
    for name, kind in parts.items():
        if name in given:
            given[name] = kind(**_table(given[name], name, kind))
    if "layers" in given:
        layers = given["layers"]
        if not isinstance(layers, (list, tuple)):
            raise ConfigError("a list of layers", f"{layers!r:.60}", 'Write [{"units": 4}].')
        given["layers"] = tuple(LayerSpec(**_table(layer, "layer", LayerSpec)) for layer in layers[: MOST_LAYERS + 1])
    return Spec(**given)


T = TypeVar("T")


def _table(data: Any, what: str, kind: type[T]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ConfigError(f"{what} to be a table of settings", f"{data!r:.60}", "Write it as a JSON object.")
    known = [item.name for item in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for name in data:
        if name not in known:
            raise ConfigError(f"a setting of {what}", f"{name!r:.60}", did_you_mean(str(name), known))
    return data


def spec_with(spec: Spec, path: str, value: Any) -> Spec:
    """Return the spec with one setting changed, named by a dotted path such as `layers.0.units`."""
    data = spec_to_json(spec)
    *parents, last = path.split(".")
    node: Any = data
    for name in parents:
        node = _inside(node, name, path)
    if isinstance(node, list):
        node[_index(node, last, path)] = value
    elif isinstance(node, dict):
        node[last] = value
    else:
        raise _no_such(path)
    if path == "optimizer":
        data["optimizer_settings"] = {}
    elif path == "data.name":
        # What was chosen for the columns of one table says nothing about another's.
        data["data"] |= {"target": None, "task": None, "kinds": {}}
    elif path == "schedule":
        data["schedule_settings"] = {}
    return spec_from_json(data)


def _inside(node: Any, name: str, path: str) -> Any:
    if isinstance(node, list):
        return node[_index(node, name, path)]
    if not isinstance(node, dict) or name not in node:
        raise _no_such(path)
    return node[name]


def _index(node: list[Any], name: str, path: str) -> int:
    if not name.isdecimal() or int(name) >= len(node):
        raise _no_such(path)
    return int(name)


def _no_such(path: str) -> ConfigError:
    return ConfigError(
        "the path of a setting, such as learning_rate or layers.0.units",
        f"{path!r:.80}",
        did_you_mean(path.split(".", maxsplit=1)[0], [item.name for item in dataclasses.fields(Spec)]),
    )
