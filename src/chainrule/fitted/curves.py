"""Curves: the pictures of a history, shown by a notebook and saved to a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from chainrule.errors import ConfigError, DataError
from chainrule.files import replace_file
from chainrule.report.plots import learning_curves
from chainrule.train import History


@dataclass(frozen=True)
class Curves:
    """Cost, metrics and learning rate against the epochs, as SVG."""

    svg: str = field(repr=False)

    @classmethod
    def of(cls, history: History) -> Curves:
        """Draw a history."""
        if not history.epochs:
            raise DataError("a network that has been trained", "no epochs to draw", "Call fit first.")
        best = history.ended.best_epoch if history.ended is not None and "valid" in history.scores else 0
        return cls(learning_curves(history.epochs, history.scores, history.rate, best))

    def _repr_svg_(self) -> str:
        """Show the picture in a notebook."""
        return self.svg

    def save(self, path: Path | str) -> None:
        """Write the picture as an .svg file."""
        path = Path(path)
        if path.suffix.lower() != ".svg":
            raise ConfigError("the name of an .svg file", f"{path.name!r}", f"Write {path.stem}.svg.")
        replace_file(path, self.svg)
