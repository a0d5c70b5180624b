"""Samples that are no table: pictures or sounds, beside the rows of the frame that has their labels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np


class Samples(ABC):
    """Samples of one sort, in the order of the frame's rows."""

    noun: ClassVar[str]

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of samples."""

    @abstractmethod
    def take(self, rows: np.ndarray) -> Samples:
        """Return the samples of some rows."""


@dataclass(frozen=True, eq=False)
class Pictures(Samples):
    """Pictures of one shape, the first axis the sample's; never a column for each pixel.

    Attributes
    ----------
    values : array (N, H, W, C)
        Pixels as they were read, as a rule uint8; a memory map where they are more than the memory should hold.
    white : float
        The pixel value that becomes 1.
    rows : int array, optional
        Which of `values` these are, in their order; all if left out. So a part of a memory map stays on the disk.
    bits : int
        How many bits the pixels of 16-bit files used, of which the greatest number became white.
    """

    values: np.ndarray
    white: float = 255.0
    rows: np.ndarray | None = None
    bits: int = 16
    noun: ClassVar[str] = "pictures"

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.values) if self.rows is None else len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, H, W, C)."""
        return (len(self), *self.values.shape[1:])

    @property
    def is_mapped(self) -> bool:
        """Whether the pixels lie in a file."""
        return isinstance(self.values, np.memmap)

    def take(self, rows: np.ndarray) -> Pictures:
        """Return the pictures of some rows; nothing is copied."""
        return Pictures(self.values, self.white, rows if self.rows is None else self.rows[rows], self.bits)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Return the pixels of some rows."""
        pixels: np.ndarray = self.values[rows if self.rows is None else self.rows[rows]]
        return pixels


@dataclass(frozen=True, eq=False)
class Recordings(Samples):
    """Sounds of one rate and of any length.

    Attributes
    ----------
    waves : tuple of float32 array (n,)
        Each between -1 and 1.
    rate : int
        Samples a second.
    """

    waves: tuple[np.ndarray, ...]
    rate: int
    noun: ClassVar[str] = "sounds"

    def __len__(self) -> int:
        """Return the number of sounds."""
        return len(self.waves)

    def take(self, rows: np.ndarray) -> Recordings:
        """Return the sounds of some rows."""
        return Recordings(tuple(self.waves[row] for row in rows), self.rate)
