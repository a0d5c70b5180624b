"""The survey of a table larger than memory: its parts, a sample of its training rows, and all that its target holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from chainrule.encode.choices import ChoiceTable
from chainrule.encode.encoder import Findings
from chainrule.encode.preparation import Preparation
from chainrule.encode.split import row_lots
from chainrule.encode.table import TableEncoding
from chainrule.errors import DataError
from chainrule.large.block import Blocks
from chainrule.large.measure import Measure, measure_of
from chainrule.large.streamed import Streamed
from chainrule.seeds import Purpose
from chainrule.sources.kinds import as_numbers, cells_as_text
from chainrule.types import Batch

if TYPE_CHECKING:
    import pandas as pd

Tell = Callable[[str], None]
_MOST_CLASSES = 1000


@dataclass(frozen=True)
class Lots:
    """Which part each row of a table belongs to, by a number that is drawn for each row.

    Attributes
    ----------
    seed : int
    valid, test : float
        Shares of the rows.
    target : str
        Rows whose target is missing are left out where `drop` says so.
    """

    seed: int
    valid: float
    test: float
    target: str
    drop: bool = False

    def part(self, frame: pd.DataFrame, name: str) -> pd.DataFrame:
        """Return the rows of the part `train`, `valid` or `test`."""
        lots = row_lots(frame.index.to_numpy(), self.seed, int(Purpose.SPLIT))
        ends = {"test": (0.0, self.test), "valid": (self.test, self.test + self.valid), "train": (None, 1.0)}
        low, high = ends[name]
        chosen = (lots >= (self.test + self.valid if low is None else low)) & (lots < high)
        if self.drop:
            cells = frame[self.target]
            chosen &= ~(cells.isna() | cells.isin([np.inf, -np.inf])).to_numpy()
        return frame[chosen]

    def sample(self, train: pd.DataFrame, share: float) -> pd.DataFrame:
        """Return about a share of training rows."""
        return train[row_lots(train.index.to_numpy(), self.seed, int(Purpose.SAMPLE)) < share]


@dataclass
class Survey:
    """What one pass over a table finds.

    Attributes
    ----------
    sample, valid, test : DataFrame
        A sample of the training rows, and the parts that are held out.
    n_train : int
    classes : Counter or None
        How often each text is in the target's training cells; None where there are too many to be classes.
    """

    n_train: int = 0
    classes: Counter[str] | None = field(default_factory=Counter)
    parts: dict[str, list[pd.DataFrame]] = field(default_factory=lambda: {"sample": [], "valid": [], "test": []})
    _n: int = 0
    _mean: float = 0.0
    _squares: float = 0.0

    def frame(self, name: str) -> pd.DataFrame:
        """Return the rows of the sample, or of a part, numbered anew."""
        import pandas as pd

        parts = [part for part in self.parts[name] if len(part)]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def add(self, frame: pd.DataFrame, lots: Lots, share: float) -> None:
        """Take some rows in."""
        train = lots.part(frame, "train")
        self.n_train += len(train)
        self.parts["sample"].append(lots.sample(train, share))
        for name in ("valid", "test"):
            self.parts[name].append(lots.part(frame, name))
        self._add_target(train[lots.target])

    def _add_target(self, cells: pd.Series) -> None:
        if self.classes is not None:
            self.classes.update({str(name): int(n) for name, n in cells_as_text(cells).value_counts().items()})
            self.classes = self.classes if len(self.classes) <= _MOST_CLASSES else None
        values = as_numbers(cells).to_numpy()
        values = values[np.isfinite(values)]
        if len(values):
            # Chan, Golub & LeVeque, 1979, Updating formulae and a pairwise algorithm: two means and their squares.
            n, mean = len(values), float(values.mean())
            apart, both = mean - self._mean, self._n + n
            self._squares += float(((values - mean) ** 2).sum()) + apart * apart * self._n * n / both
            self._mean += apart * n / both
            self._n = both

    @property
    def target_moments(self) -> tuple[float, float]:
        """Mean and standard deviation of the target's training cells that are numbers."""
        return self._mean, float(np.sqrt(self._squares / max(1, self._n)))


def each_frame(blocks: Blocks, doing: str, tell: Tell) -> Iterator[pd.DataFrame]:
    """Yield all rows in order, and tell how far it is."""
    for block in range(blocks.n_blocks):
        tell(f"{doing}: {block / blocks.n_blocks:.0%}")
        yield from blocks.frames(block)
    tell(f"{doing}: 100%")


def survey(blocks: Blocks, lots: Lots, share: float, tell: Tell) -> Survey:
    """Return what one pass over a table finds."""
    found = Survey()
    for frame in each_frame(blocks, f"{blocks.path.name}, pass 1 of 2 (parts and a sample)", tell):
        found.add(frame, lots, share)
    return found


def measured(blocks: Blocks, lots: Lots, encoding: TableEncoding, choices: ChoiceTable, tell: Tell) -> TableEncoding:
    """Return the encoding of all training rows, given the one that was fitted on a sample of them."""
    measures: dict[str, Measure] = {
        encoder.name: measure_of(encoder, choices.of(encoder.name)) for encoder in encoding.encoders
    }
    for frame in each_frame(blocks, f"{blocks.path.name}, pass 2 of 2 (each column measured)", tell):
        train = lots.part(frame, "train")
        for name, measure in measures.items():
            _require(train, name, blocks)
            measure.add(train[name])
    encoders = tuple(measures[encoder.name].encoder() for encoder in encoding.encoders)
    return TableEncoding(encoding.columns, encoders)


def _require(frame: pd.DataFrame, name: str, blocks: Blocks) -> None:
    if name not in frame.columns:
        raise DataError(
            f"the column {name!r} in every block of {blocks.path.name}", "a block without it", "Write the file again."
        )


class StreamedTable(Streamed):
    """The training rows of a table on the disk."""

    def __init__(self, blocks: Blocks, lots: Lots, preparation: Preparation, n_samples: int) -> None:
        self._blocks = blocks
        self._lots = lots
        self._preparation = preparation
        self.n_samples = n_samples
        self.values = int(np.prod(preparation.input_shape))
        self.findings = Findings()

    def pieces(self, order: np.random.Generator | None) -> Iterator[Batch]:
        """Read, split and encode block by block; `findings` are those of the epoch in hand."""
        numbers = np.arange(self._blocks.n_blocks)
        self.findings = Findings()
        for block in numbers if order is None else order.permutation(numbers):
            for frame in self._blocks.frames(int(block)):
                train = self._lots.part(frame, "train")
                if len(train):
                    x = self._preparation.inputs(train, self.findings)
                    yield Batch(x, self._preparation.targets(train), mask=self._preparation.mask(x))
