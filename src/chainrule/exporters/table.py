"""Tables: what an exporter knows of a family (layers, losses, rules, …), an entry for each class or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from chainrule.errors import ConfigError
from chainrule.nn import Columns, Ensemble, Periodic, PiecewiseLinear, Scale, SmoothClip

# Layers of tables that Keras has nothing like.
OF_TABLES = (Columns, Ensemble, Periodic, PiecewiseLinear, Scale, SmoothClip)

F = TypeVar("F", bound=Callable[..., Any])


class Table:
    """Entries by class. A subclass of a known class is not known: it may do something else.

    Parameters
    ----------
    exporter : str
        Whose table it is, as the exporter is called.
    noun : str
        What the entries are of: `layer`.

    Examples
    --------
    An entry for a layer of your own:

    >>> from chainrule.exporters.torch_layers import LAYERS, Module
    >>> @LAYERS.entry(PRelu)  # doctest: +SKIP
    ... def prelu(layer, shape, p):
    ...     return Module(f"nn.PReLU({shape[-1]})", weights={"weight": p["s"]})
    """

    def __init__(self, exporter: str, noun: str) -> None:
        self.exporter = exporter
        self.noun = noun
        self._entries: dict[type[Any], Callable[..., Any]] = {}
        self._refused: dict[type[Any], tuple[str, str]] = {}

    def entry(self, *kinds: type[Any]) -> Callable[[F], F]:
        """Enter a function for classes; it is called with the value and what the exporter gives."""

        def enter(function: F) -> F:
            for kind in kinds:
                self._entries[kind] = function
                self._refused.pop(kind, None)
            return function

        return enter

    def refuse(self, *kinds: type[Any], why: str, remedy: str) -> None:
        """Say why classes have no entry, and what to do instead."""
        self._refused |= dict.fromkeys(kinds, (why, remedy))

    def __contains__(self, kind: type[Any]) -> bool:
        """Tell whether the table says anything of a class: an entry, or a refusal of its own."""
        return kind in self._entries or kind in self._refused

    def __iter__(self) -> Iterator[type[Any]]:
        """Yield the classes that have an entry."""
        return iter(self._entries)

    def find(self, value: Any) -> Callable[..., Any]:
        """Return the entry of a value's class.

        Raises
        ------
        ConfigError
            If there is none; it names the class and what to do.
        """
        kind = type(value)
        if kind in self._entries and getattr(value, "layer_norm", False):
            raise ConfigError(
                f"a {self.noun} that {self.exporter} can express",
                f"{kind.__name__} with layer_norm",
                "Leave layer_norm out, or keep the model file, which has it.",
            )
        if kind in self._entries:
            return self._entries[kind]
        if kind in self._refused:
            why, remedy = self._refused[kind]
            raise ConfigError(f"a {self.noun} that {self.exporter} can express", f"{kind.__name__}: {why}", remedy)
        raise ConfigError(
            f"a {self.noun} with an entry in the exporter {self.exporter}",
            f"{kind.__name__}, which has none",
            f"Enter one: it is what `{self.noun.upper()}S.entry({kind.__name__})` of the exporter decorates.",
        )


# What every exporter says of series.
SERIES = {
    "why": "the windows of series have no entry yet",
    "remedy": "Keep the model file: `chainrule predict` and chainrule.forecast.forecast_table read it.",
}
# What every exporter says of samples that are read step by step.
IN_STEPS = {
    "why": "what prepares texts, tokens and the moments of sounds for a network along time has no entry yet",
    "remedy": "Export a network that was trained on arrays, or keep the model file.",
}
