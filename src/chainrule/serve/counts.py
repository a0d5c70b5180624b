"""Counts of several processes: each writes its own into a folder, and whoever is asked adds them up.

The file of a process that has ended stays, so that no count ever falls.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from chainrule.serve.tally import Tally


class Counts:
    """The counts of this process, and the last ones of its siblings.

    Parameters
    ----------
    folder : Path, optional
        Where all of them write; None for a process without siblings.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.tally = Tally()
        self._folder = folder
        self._mine = None if folder is None else folder / f"{os.getpid()}-{os.urandom(4).hex()}.json"
        self._written = ""

    def write(self) -> None:
        """Let the siblings see the counts, where they have changed."""
        if self._mine is None:
            return
        text = json.dumps(self.tally.to_json())
        if text == self._written:
            return
        beside = self._mine.with_suffix(".new")
        with contextlib.suppress(OSError):
            beside.write_text(text, encoding="utf-8")
            beside.replace(self._mine)
            self._written = text

    def all(self) -> Tally:
        """Return the counts of all processes: of the siblings, those of up to a second ago.

        What is told here is written first, so that a sibling that is asked next tells no less: a count that falls is taken for
        a process that has begun anew.
        """
        self.write()
        found = Tally()
        found.add(self.tally.to_json())
        if self._folder is not None:
            for file in self._folder.glob("*.json"):
                if file != self._mine:
                    with contextlib.suppress(OSError, ValueError):
                        found.add(json.loads(file.read_text(encoding="utf-8")))
        return found
