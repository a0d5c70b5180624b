"""What all recipes for sequences share: steps become vectors, something reads them, and dense logits come out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from chainrule.constraints import real, whole
from chainrule.errors import ShapeError
from chainrule.network.network import Network, as_shape
from chainrule.nn import Dense, Dropout, Embedding, GlobalAvgPool, GlobalMaxPool, Layer, Loss, Reshape, Sequential
from chainrule.recipes.mlp import MOST_UNITS
from chainrule.recipes.recipe import Pace, Recipe
from chainrule.types import Shape

Named = list[tuple[str, Layer]]

LAST, MEAN, MAX = "last", "mean", "max"
_POOLS: dict[str, Layer] = {MEAN: GlobalAvgPool(), MAX: GlobalMaxPool()}


@dataclass(frozen=True)
class SequenceRecipe(Recipe):
    """A network that reads its inputs step by step: words, characters, moments of a sound, rows of a picture."""

    reads_sequences: ClassVar[bool] = True

    embedding: int = whole(1, MOST_UNITS, default=32, about="values of the vector that each word or character becomes")
    dropout: float = real(
        0.0,
        1.0,
        high_open=True,
        default=0.2,
        about="rate of dropping values between the layers",
        search_between=(0.0, 0.5),
    )

    def pace(self, n_train: int) -> Pace:
        """Return few epochs, for each has a step for every word; and a gradient that cannot explode through time.

        No penalty: it pulls the weights of the state below what keeps it, and a network forgets.
        """
        return Pace(30, 8, 0.003, "one_cycle", 1.0, 0.0)

    def network(self, input_shape: Shape, outputs: int, loss: Loss) -> Network:
        """Return the network for sequences of numbers (T, D), or pictures, whose rows are its steps."""
        return self.sequence_network(input_shape, outputs, loss)

    def sequence_network(
        self, input_shape: Shape, outputs: int, loss: Loss, *, ids: int | None = None, every_step: bool = False
    ) -> Network:
        """Return a network that reads sequences, and answers at every step or once."""
        shape = as_shape(input_shape)
        named = self._entrance(shape, ids)
        named += self.readers(self._width(named, shape), every_step=every_step)
        if self.dropout:
            named.append(("drop", Dropout(self.dropout)))
        named.append(("output", Dense(outputs)))
        names, layers = zip(*named, strict=True)
        return Network(Sequential(layers, names), shape, loss)

    @abstractmethod
    def readers(self, width: int, *, every_step: bool) -> Named:
        """Return the layers that read steps of `width` values, and give a vector at every step or one of all."""

    def _entrance(self, shape: Shape, ids: int | None) -> Named:
        """Return what makes steps of vectors of the inputs."""
        if ids is not None:
            named: Named = [("words", Embedding(ids, self.embedding, padding=0))]
            return named + ([("drop_words", Dropout(self.dropout))] if self.dropout else [])
        if len(shape) == 3:
            return [("rows", Reshape((shape[0], shape[1] * shape[2])))]
        if len(shape) != 2:
            raise ShapeError(
                f"sequences for the model {self.name}: texts, sounds, pictures by their rows, or steps (T, D)",
                f"inputs of shape {shape}",
                "Choose `model=mlp` for rows of numbers.",
            )
        return []

    @staticmethod
    def _width(named: Named, shape: Shape) -> int:
        for _, layer in named:
            shape = layer.output_shape(shape)
        return shape[-1]


def pooled(pool: str, *, every_step: bool) -> Named:
    """Return the layer that makes one vector of all steps, where one is wanted."""
    return [] if every_step or pool == LAST else [("pool", _POOLS[pool])]


def in_words(counts: Sequence[int]) -> str:
    """`64 and 32`."""
    return " and ".join(map(str, counts))
