"""Words: the run of word vectors, from a text to a folder with vectors and settings."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.constraints import check_fields
from chainrule.files import replace_file
from chainrule.job.folder import check_place, make
from chainrule.models.vectors import WordVectors
from chainrule.models.word2vec import Word2Vec
from chainrule.sources.sentences import files_of
from chainrule.train import Event

NAME = "words.chainrule"


@dataclass(frozen=True)
class Trained:
    """What a run came to."""

    path: Path
    vectors: WordVectors
    n_words: int
    reason: str
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return all of it but the vectors."""
        return {
            "run": str(self.path.parent),
            "vectors": str(self.path),
            "words": len(self.vectors),
            "units": self.vectors.units,
            "words_of_text": self.n_words,
            "reason": self.reason,
            "seconds": round(self.seconds, 3),
        }


class WordsJob:
    """A run, checked before anything is read.

    Parameters
    ----------
    text : str
        A file or a folder.
    settings : mapping
        Of `Word2Vec`.
    out, force
        See `job.folder.check_place`.
    word2vec : str, optional
        `text` or `binary`: write that format too.
    """

    def __init__(
        self,
        text: str,
        settings: dict[str, Any],
        *,
        out: str | None = None,
        force: bool = False,
        word2vec: str | None = None,
    ) -> None:
        self._text = Path(text)
        self._word2vec = word2vec
        self._model = Word2Vec(**settings)
        check_fields(self._model)
        files_of(self._text)
        self._folder = check_place(out, self._text.resolve().name.split(".")[0] or "words", force=force)

    def train(self, *, see: Sequence[Callable[[Event], Any]] = (), tell: Callable[[int], Any] | None = None) -> Trained:
        """Train, and write the folder."""
        started = time.perf_counter()
        folder, lock = make(self._folder)
        try:
            self._model.callbacks = see
            self._model.fit(self._text, tell)
            path = folder.path / NAME
            self._model.vectors_.save(path)
            settings = {"text": str(self._text), **self._model.settings()}
            replace_file(folder.path / "words.json", json.dumps(settings, indent=1))
            if self._word2vec is not None:
                binary = self._word2vec == "binary"
                self._model.vectors_.write_word2vec(
                    folder.path / ("words.bin" if binary else "words.vec"), binary=binary
                )
        finally:
            lock.release()
        ended = self._model.history_.ended
        reason = "" if ended is None else ended.reason
        return Trained(path, self._model.vectors_, self._model.n_words_, reason, time.perf_counter() - started)
