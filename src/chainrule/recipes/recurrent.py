"""The recipes of recurrent networks: SimpleRNN, LSTM or GRU layers that read a sequence one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from chainrule.constraints import Many, Range, constrained, flag, option, real
from chainrule.errors import ConfigError
from chainrule.nn import GRU, LSTM, Bidirectional, Dropout, Layer, SimpleRNN
from chainrule.nn.recurrent.recurrent import Recurrent
from chainrule.recipes.mlp import MOST_UNITS
from chainrule.recipes.recipe import register
from chainrule.recipes.sequence import LAST, MAX, MEAN, Named, SequenceRecipe, in_words, pooled


@dataclass(frozen=True)
class RecurrentRecipe(SequenceRecipe):
    """Recurrent layers on top of each other; the last one's state after the last step is what the answer is made of."""

    layer: ClassVar[type[Recurrent]]

    hidden: tuple[int, ...] = constrained(
        Many(Range(int, 1, MOST_UNITS), at_least=1),
        default=(64,),
        about="units of each recurrent layer",
        search=((32,), (64,), (128,), (64, 64)),
    )
    bidirectional: bool = flag(False, about="read from both ends, by a layer each")
    pool: str = option(
        LAST, MEAN, MAX, default=LAST, about="what the answer is made of: the last state, or mean or max of all states"
    )
    recurrent_dropout: float = real(
        0.0, 1.0, high_open=True, default=0.0, about="rate of dropping values of the state, the same ones at all steps"
    )

    def readers(self, width: int, *, every_step: bool) -> Named:
        """Return the recurrent layers, with dropout between them."""
        named: Named = []
        for number, units in enumerate(self.hidden, start=1):
            is_last = number == len(self.hidden)
            every = every_step or not is_last or self.pool != LAST
            cell = self.layer(units, return_sequences=every, recurrent_dropout=self.recurrent_dropout)
            layer: Layer = Bidirectional(cell) if self.bidirectional else cell
            named.append((f"{self.name}{number}", layer))
            if self.dropout and not is_last:
                named.append((f"drop{number}", Dropout(self.dropout)))
        return named + pooled(self.pool, every_step=every_step)

    def looking_back(self) -> Self:
        """Return the recipe as it is; one that reads from both ends is refused."""
        if self.bidirectional:
            raise ConfigError(
                "layers that read ahead alone", "`bidirectional`", "Leave it out: they would see what comes."
            )
        return self

    def describe(self) -> str:
        """`lstm of 64 units, read from both ends`."""
        both = ", read from both ends" if self.bidirectional else ""
        answer = "" if self.pool == LAST else f", {self.pool} of all steps"
        return f"{self.name} of {in_words(self.hidden)} units{both}{answer}"

    def wider(self) -> dict[str, Any]:
        """Return twice the units."""
        return {"hidden": tuple(2 * units for units in self.hidden)}

    def calmer(self) -> dict[str, Any]:
        """Return more dropout, where there is little."""
        return {"dropout": 0.4} if self.dropout < 0.4 else {}


@register
@dataclass(frozen=True)
class Rnn(RecurrentRecipe):
    """Simple recurrent layers, h[t] = tanh(x[t] W + h[t-1] U + b), which forget fast."""

    name: ClassVar[str] = "rnn"
    about: ClassVar[str] = "simple recurrent layers, for short sequences"
    layer: ClassVar[type[Recurrent]] = SimpleRNN


@register
@dataclass(frozen=True)
class Lstm(RecurrentRecipe):
    """LSTM layers, whose gates keep what was read long ago."""

    name: ClassVar[str] = "lstm"
    about: ClassVar[str] = "LSTM layers that read step by step, for texts, sounds and other sequences"
    layer: ClassVar[type[Recurrent]] = LSTM


@register
@dataclass(frozen=True)
class Gru(RecurrentRecipe):
    """GRU layers: a gate less than LSTM, and as a rule as good."""

    name: ClassVar[str] = "gru"
    about: ClassVar[str] = "GRU layers that read step by step, a gate less than lstm"
    layer: ClassVar[type[Recurrent]] = GRU
