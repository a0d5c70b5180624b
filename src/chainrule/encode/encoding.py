"""What turns samples of one sort (rows of a table, pictures, sounds) into x; the closed family of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from chainrule.encode.encoder import Encoder, Findings
from chainrule.encode.target import Target
from chainrule.errors import ModelFileError
from chainrule.sources.kinds import ColumnKind
from chainrule.sources.samples import Samples
from chainrule.types import Array, Shape

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

DAMAGED = "The model file is damaged or was not written by Chainrule."


class Encoding(ABC):
    """A fitted preparation of inputs; a frozen dataclass whose fields are JSON-able.

    Attributes
    ----------
    kind : str
        The name under which a model file knows it.
    columns : tuple of ColumnKind
        Every column of a training table but the target, what it was taken for, and why; none for other sorts.
    encoders : tuple of Encoder
        Of the columns that are used, in the order of x; none for other sorts.
    """

    kind: ClassVar[str]
    columns: tuple[ColumnKind, ...] = ()
    encoders: tuple[Encoder, ...] = ()

    @property
    @abstractmethod
    def shape(self) -> Shape:
        """Shape of one sample's x."""

    @property
    @abstractmethod
    def features(self) -> list[str]:
        """Names of the numbers of a vector x; none where x is no vector."""

    @property
    @abstractmethod
    def used(self) -> list[str]:
        """Names of the columns that a table must have at predict."""

    @property
    def is_sparse(self) -> bool:
        """Whether x is a CSR matrix."""
        return False

    @property
    def ids(self) -> int | None:
        """How many ids there are, where x is ids, of which 0 is the padding; None where x is numbers."""
        return None

    def mask(self, x: Array) -> np.ndarray | None:
        """Return 1 for each step (N, T) of sequences x that there is, 0 for padding; None where x is no sequence."""
        return None

    @abstractmethod
    def encode(self, frame: pd.DataFrame, samples: Samples | None, findings: Findings) -> Array:
        """Return x (N, *shape) in float32 (ids in int32), as an array or, if `is_sparse`, as a CSR matrix.

        Raises
        ------
        DataError
            If the samples are not of the sort, or not of the shape, that training had.
        """

    def outputs(self, target: Target) -> int:
        """Return K, the number of outputs of a network that answers the target for one sample."""
        return target.outputs

    def pictures(self, x: np.ndarray) -> np.ndarray | None:
        """Return x (N, *shape) as pictures (N, height, width, channels) between 0 and 1, if it can be looked at."""
        return None

    def weights(self, values: np.ndarray) -> np.ndarray | None:
        """Return weights of x (N, *shape) as maps (N, height, width) that lie as `pictures` do, if there are any."""
        return None

    @property
    def becomes(self) -> dict[str, str]:
        """What the cells of each column that is used become, for people."""
        return {encoder.name: encoder.describe() for encoder in self.encoders}

    @abstractmethod
    def describe(self) -> str:
        """Return what a sample is, for people: `pictures of 28×28 pixels`."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return `kind` and the fields as JSON-able data."""


def require_fields(data: Any, kind: str, names: set[str]) -> None:
    """Raise ModelFileError unless `data` has the fields `names` of an encoding of this kind, and no others."""
    if not isinstance(data, dict) or set(data) != names | {"kind"}:
        listed = ", ".join(sorted(names))
        raise ModelFileError(f"the fields {listed} of inputs of the kind {kind}", f"{data!r:.80}", DAMAGED)
