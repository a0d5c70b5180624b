"""What was asked: the body of a request becomes the inputs of a network, or an error with its column and row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.encode.encoder import Findings
from chainrule.types import Array


@dataclass(eq=False)
class Asked:
    """Samples to be answered for.

    Attributes
    ----------
    n : int
        Number of them.
    x : array or CSR matrix (n, *shape)
        Inputs of the network.
    notes : list of str
        What was come upon while reading.
    ignored : list of str
        Columns that the model does not use and training did not have.
    findings : Findings
        Gaps and unknown categories, by column.
    filled, outside : int array (C,)
        Of each column that is used: cells with a value, and those outside of what training saw.
    """

    n: int
    x: Array
    notes: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    filled: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    outside: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def all_notes(self) -> list[Any]:
        """Return the notes on reading and on preparing, one sentence each."""
        return [*self.notes, *self.findings.lines()]
