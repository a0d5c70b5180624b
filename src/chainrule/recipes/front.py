"""The front of a network of a table: how its numbers, categories and indicators go in, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.constraints import check_fields, flag, option, real, whole
from chainrule.encode.category import Category
from chainrule.encode.encoder import Encoder
from chainrule.encode.sparse import is_sparse
from chainrule.errors import ConfigError
from chainrule.nn import Columns, Dense, Identity, Layer, Periodic, PiecewiseLinear, Scale, Sequential

NUMBERS = ("plain", "bins", "waves")


@dataclass(frozen=True)
class Front:
    """Choices for the layers in front of the first hidden one.

    Attributes
    ----------
    numbers : str
        `plain`: as they are prepared; `bins`: `PiecewiseLinear`; `waves`: `Periodic`.
    bins : int
        Most bins of a number.
    frequencies, units, sigma : int, int, float
        Of `Periodic`.
    most_indicators : int
        A category of more indicators than this becomes a vector that is learned, its embedding.
    embedding : int
        Values of that vector.
    scaled : bool
        Whether every input also has a factor that is learned, before anything else (see `Scale`).
    pace : float
        Of those factors.
    """

    numbers: str = option(*NUMBERS, default="plain")
    bins: int = whole(1, 48, default=16)
    frequencies: int = whole(1, default=16)
    units: int = whole(1, default=3)
    sigma: float = real(0.0, low_open=True, default=0.1)
    most_indicators: int = whole(1, default=9)
    embedding: int = whole(1, default=8)
    scaled: bool = flag(False)
    pace: float = real(0.0, low_open=True, default=1.0)

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self, owner="")

    def layers(self, encoders: Sequence[Encoder], x: Any) -> list[tuple[str, Layer]]:
        """Return the layers, by name; none where all goes in as it is prepared.

        Parameters
        ----------
        encoders : sequence of Encoder
            Of the columns, in the order of x.
        x : array (N, D)
            Training inputs, as prepared; bins are found in them, whatever the targets are.

        Raises
        ------
        ConfigError
            If x is a CSR matrix, or of another width than the encoders give.
        """
        width = sum(encoder.width for encoder in encoders)
        if is_sparse(x) or x.shape[1] != width:
            came = "a CSR matrix" if is_sparse(x) else f"{x.shape[1]}"
            raise ConfigError(
                f"the {width} prepared inputs of each row as an array", came, "Use `text=topics` for columns of texts."
            )
        numbers, wide, others = self._sorted(encoders)
        inputs, parts = {}, {}
        if numbers and self.numbers != "plain":
            inputs["numbers"], parts["numbers"] = numbers, self._of_numbers(np.asarray(x)[:, numbers])
            others = [place for place in others if place not in set(numbers)]
        for number, (start, end) in enumerate(wide.values(), start=1):
            # Not the column's own name, which may hold a dot, and whatever else people write.
            inputs[f"category{number}"] = list(range(start, end))
            parts[f"category{number}"] = Dense(self.embedding, init="normal", bias=False)
        scale: list[tuple[str, Layer]] = [("scale", Scale(self.pace))] if self.scaled else []
        if not parts:
            return scale
        if others:
            inputs["others"], parts["others"] = others, Identity()
        places = tuple(tuple(own) for own in inputs.values())
        front: list[tuple[str, Layer]] = [("columns", Columns(tuple(parts.values()), places, tuple(parts)))]
        # Bins are found in x itself, so that the factors come behind them.
        return front + scale if self.numbers == "bins" else scale + front

    def notes(self, encoders: Sequence[Encoder]) -> list[str]:
        """Return what people are told of it: which categories are embedded."""
        _, wide, _ = self._sorted(encoders)
        if not wide:
            return []
        named = ", ".join(f"{name} ({end - start})" for name, (start, end) in wide.items())
        return [
            f"categories of more than {self.most_indicators} indicators become vectors of {self.embedding} learned values: "
            f"{named}"
        ]

    def _sorted(self, encoders: Sequence[Encoder]) -> tuple[list[int], dict[str, tuple[int, int]], list[int]]:
        """Return the places of numbers, the ranges of wide categories, and the places of everything but these."""
        numbers: list[int] = []
        wide: dict[str, tuple[int, int]] = {}
        others: list[int] = []
        at = 0
        for encoder in encoders:
            end = at + encoder.width
            numbers += [at + place for place in encoder.numbers]
            if isinstance(encoder, Category) and encoder.width > self.most_indicators:
                wide[encoder.name] = (at, end)
            else:
                others += range(at, end)
            at = end
        return numbers, wide, others

    def _of_numbers(self, x: np.ndarray) -> Layer:
        if self.numbers == "bins":
            return PiecewiseLinear.of(x, self.bins)
        return Periodic(self.frequencies, self.units, self.sigma)


def fronted(front: Sequence[tuple[str, Layer]], layer: Layer) -> Layer:
    """Return a network's layer with a front before it."""
    if not front:
        return layer
    rest = list(layer.children().items()) if isinstance(layer, Sequential) else [("network", layer)]
    return Sequential.of([*front, *rest])
