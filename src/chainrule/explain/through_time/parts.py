"""What a derivation through time shows beside its sum: each step with its numbers, and how far an error reaches back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.explain.notation import mathml, plain


@dataclass(frozen=True)
class Moment:
    """One step of a sequence.

    Attributes
    ----------
    at : int
        Its number, from 0, in the order of the sequence.
    there : bool
        Whether the mask says that there is such a step.
    adds : float
        What the weight's use at this step adds to the derivative, over all rows.
    values : tuple of float
        Those that the unit's column names, in one row.
    factor : float
        ‖∂s[t]/∂s[t-1]‖: how much one step back can enlarge an error, the largest singular value; NaN at the first.
    product : float
        ‖∂s[T]/∂s[t]‖, the same from the last step that is read back to this one.
    """

    at: int
    there: bool
    adds: float
    values: tuple[float, ...]
    factor: float
    product: float

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "step": self.at,
            "there": self.there,
            "adds": self.adds,
            "values": list(self.values),
            "factor": self.factor,
            "product": self.product,
        }


@dataclass(frozen=True)
class Unrolled:
    """A recurrent layer along the steps of one row.

    Attributes
    ----------
    layer : str
    row : int
        The row that `values`, `factor` and `product` are of.
    unit : int
        The unit of the state that `values` are of.
    columns : tuple of str
        What `values` are, as LaTeX.
    state : str
        The state as LaTeX: h, or s where it is more.
    moments : tuple of Moment
        In the order in which the layer reads them.
    mean_factor : float
        Π to the power of 1 / (steps back): what one step back makes of an error, in the mean.
    """

    layer: str
    row: int
    unit: int
    columns: tuple[str, ...]
    state: str
    moments: tuple[Moment, ...]
    mean_factor: float

    @property
    def steps_back(self) -> int:
        """How many steps lie between the first and the last that is read."""
        return max(sum(moment.there for moment in self.moments) - 1, 0)

    def to_json(self) -> dict[str, Any]:
        """Return all of it, the letters in every notation."""
        return {
            "layer": self.layer,
            "row": self.row,
            "unit": self.unit,
            "columns": [{"latex": name, "text": plain(name), "mathml": mathml(name)} for name in self.columns],
            "state": plain(self.state),
            "mean_factor": self.mean_factor,
            "moments": [moment.to_json() for moment in self.moments],
        }
