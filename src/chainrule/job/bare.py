"""The last resort: everything off and a small rate. Does it learn? Then the model is sound; if not, a ladder tells why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from chainrule.errors import ConfigError
from chainrule.job.advice import case_of, settings_of
from chainrule.job.config import Config, config_from
from chainrule.job.folder import RunFolder
from chainrule.job.prepare import Prepared, prepare_source
from chainrule.job.train import Job, read_data

# What is off: each setting that could be in the way, with the value at which it does nothing.
OFF: Mapping[str, Any] = {
    "l1": 0.0,
    "l2": 0.0,
    "dropout": 0.0,
    "ema": 0.0,
    "label_smoothing": 0.0,
    "clip_value": None,
    "clip_norm": None,
    "class_weight": "none",
    "augment": "none",
    "schedule": "constant",
    "schedule_settings": {},
    "optimizer": "adam",
    "optimizer_settings": {},
    "learning_rate": 0.001,
    "batch_size": None,
    "epochs": None,
    "patience": None,
    "plateau": 0,
    "time_limit": None,
    "loss": "auto",
    "precision": "float32",
    "scaling": "standard",
    "activation": "relu",
    "init": "auto",
    "norm": True,
}
# Of what knowing nothing costs: so much is left where rows were not learned, and where they were.
_NOT, _WELL = 0.9, 0.5


@dataclass(frozen=True)
class _Rung:
    """One training of the ladder: the network, and the shares of the baseline's cost that were left."""

    network: str
    train: float
    valid: float


def bare(config: Config) -> str:
    """Return what training with everything off says, in sentences.

    Sound model, a network that is too small, and data without a signal (or a mistake in them) are told apart.
    """
    prepared = read_data(config)
    if prepared.parts["train"].stream is not None:
        raise ConfigError("training rows that fit into memory", "a stream", "Give a part of them, with `stream=False`.")
    asked = config.resolve(prepared.parts["train"].n, prepared.preparation.input_shape)
    own = _off(asked)
    first = _climb(own, prepared)
    if first.valid < _NOT and first.train < _WELL:
        return _sound(config, asked, first)
    larger = _much_wider(own)
    if not larger:
        return _no_signal(first)
    second = _climb(config_from(settings_of(own) | larger), prepared)
    if second.valid < _NOT and (first.train - second.train > 0.1 or first.valid >= _NOT):
        why = "a line cannot cut this" if settings_of(own).get("hidden") == () else "it is too small for this"
        words = " and ".join(f"`{name}={_text(value)}`" for name, value in larger.items())
        return f"With everything off {_told(first)}: {why}. With {words}: {_told(second)}."
    if first.valid < _NOT:
        return f"With everything off it learns what there is to learn: {_told(first)}. A larger network learns no more: {_told(second)}."
    return _no_signal(second)


def _off(config: Config) -> Config:
    settings = settings_of(config)
    return config_from(
        {**settings, **{name: value for name, value in OFF.items() if name in settings}, "engine": "auto"}
    )


def _much_wider(config: Config) -> dict[str, Any]:
    """Return the usual size where that is larger, else what the recipe calls wider."""
    usual = type(config.model)()
    now, wider = config.model.settings, config.model.wider()
    return {
        name: max(usual.settings[name] or (), value, key=sum) if sum(now[name] or ()) < sum(value) else value
        for name, value in wider.items()
    }


def _climb(config: Config, prepared: Prepared) -> _Rung:
    """Train, and return what was left."""
    prepared = prepare_source(config, prepared.source)
    job = Job(config, RunFolder(Path()), prepared=prepared)
    case = case_of(job.config, prepared, job.learn())
    valid = case.best_valid / case.baseline if case.valid else case.left
    return _Rung(job.config.model.describe(), case.left, valid)


def _told(rung: _Rung) -> str:
    return f"{rung.train:.0%} of what knowing nothing costs are left on training rows, {rung.valid:.0%} on others"


def _sound(config: Config, asked: Config, rung: _Rung) -> str:
    """Return the word for a sound model, with what was switched off and had been asked for."""
    given, before = settings_of(config), settings_of(asked)
    silent = settings_of(replace(asked, model=type(asked.model)())) | {
        setting.name: setting.default for setting in fields(config) if setting.name != "model"
    }
    odd = [name for name in OFF if name in before and given.get(name, before[name]) not in (silent[name], OFF[name])]
    changed = " and ".join(f"`{name}={_text(before[name])}`" for name in odd)
    then = f" If the run itself does not, it is by {'one of ' if len(odd) > 1 else ''}{changed}." if changed else ""
    return f"With everything off and a small rate it learns: {_told(rung)}. The model and the data are sound.{then}"


def _no_signal(rung: _Rung) -> str:
    if rung.train < _WELL:
        return (
            f"With everything off it learns the training rows by heart and nothing of others: {_told(rung)}. There is no signal "
            "in these inputs, too few rows to find it, or targets that belong to other rows."
        )
    return (
        f"Even with everything off, and with {rung.network}, it does not learn the training rows: {_told(rung)}. Either nothing in "
        "these inputs tells the target, or there is a mistake: look at some rows and their targets by eye."
    )


def _text(value: Any) -> str:
    return (",".join(map(str, value)) or "0") if isinstance(value, (tuple, list)) else str(value)
