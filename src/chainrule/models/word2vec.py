"""Word2Vec: vectors of words, learned from the company that the words keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.constraints import Kind, check_fields, constrained, option, real, whole
from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError, TrainingError
from chainrule.large.corpus import Corpus, Vocabulary, corpus_of, vocabulary_of, with_phrases
from chainrule.large.passages import Passages
from chainrule.models.vectors import WordVectors
from chainrule.models.watch import interruptible, observers
from chainrule.optim import GradientDescent, Horizon, Schedule
from chainrule.sources.sentences import sentences_of
from chainrule.train import EpochEnded, Event, History, Policy, Run, Settings, StepsEnded, StopOnNonFinite
from chainrule.train.negative_sampling import NegativeSampling
from chainrule.train.policies import NOT_FINITE, Decision, Memory, Stop

# Centres of a passage: they share its noise words, and the products that give their scores.
_CENTRES = 16
# What the rate falls to, as word2vec has it.
_LEAST_RATE = 1e-4
_RATES = {"skipgram": 0.025, "cbow": 0.05}
# A number in a vector is of the size of 1; what is larger than this has run away.
_LARGEST = 1e3
# How the policies begin that say so.
_RAN_AWAY = ("a pair costs", NOT_FINITE)
_ADVICE = "Take a smaller `learning_rate`, or fewer words in a step (`batch_words`)."


@dataclass(frozen=True)
class Falling(Schedule):
    """1 at the first step, and then in a straight line to `least` at the last."""

    least: float = real(0.0, 1.0, default=_LEAST_RATE)

    def factor(self, step: np.ndarray, horizon: Horizon) -> np.ndarray:
        """Return 1 - step / steps."""
        return np.maximum(self.least, 1 - step / max(1, horizon.steps))


@dataclass(frozen=True)
class StopOnNonsense(Policy):
    """Stop where pairs cost far more than vectors of zeros would: the steps are too large, and the weights run away.

    Parameters
    ----------
    most : float
        The largest mean cost that is let pass.
    """

    most: float = real(0.0, low_open=True)

    def fold(self, memory: Memory, event: Event) -> tuple[Memory, tuple[Decision, ...]]:
        """Look at the cost of the latest steps."""
        if isinstance(event, (StepsEnded, EpochEnded)) and event.cost > self.most:
            return memory, (
                Stop(f"a pair costs {event.cost:.3g}, and would cost {self.most / 2:.3g} if nothing were known"),
            )
        return memory, ()


@dataclass(eq=False)
class Word2Vec:
    """Word vectors by skip-gram or CBOW with negative sampling.

    Mikolov et al., 2013, Efficient estimation of word representations in vector space; Distributed representations of
    words and phrases and their compositionality. See `train.negative_sampling.NegativeSampling` for the cost.

    Parameters
    ----------
    units : int
        D, numbers in a vector.
    model : str
        `skipgram` or `cbow`.
    window : int
        How far around a word others are near; for each place of the text a distance from 1 to this is drawn.
    min_count : int
        A word that is there less often has no vector.
    most_words : int, optional
        Of more words than this the most frequent have one.
    negative : int
        Noise words for each pair.
    shared : int
        Noise words that are drawn for 16 words in a row, which share them.
    subsample : float
        A word of frequency f stays with the probability √(s/f) + s/f; 0 keeps all.
    phrases : int
        How often words are joined that stand beside each other more often than by chance: 1 finds new_york, 2 also
        phrases of up to four words.
    phrase_score : float
        How many times as often as by chance.
    epochs : int
    learning_rate : float, optional
        η of a single pair, which falls to nothing; by default 0.025 for skip-gram, 0.05 for CBOW.
    batch_words : int
        Words of text in a step, whose gradients are summed. More are faster, and staler.
    engine : str
        `numpy` or `jax`.
    random_state : int
        Names every random number.
    encoding : str
        Of files.
    callbacks : sequence of callables
        Shown every event of the training.

    Attributes
    ----------
    vectors_ : WordVectors
        Of the words as centres, the table E: what is meant by a word's vector.
    context_ : WordVectors
        Of the words as company, the table U.
    objective_ : NegativeSampling
    history_ : History
    n_words_ : int
        Words of the text, each as often as it is there.
    """

    units: int = whole(1, 10_000, default=100)
    model: str = option("skipgram", "cbow", default="skipgram")
    window: int = whole(1, 1000, default=5)
    min_count: int = whole(1, default=5)
    most_words: int | None = whole(2, default=None, optional=True)
    negative: int = whole(1, 1000, default=5)
    shared: int = whole(1, 10_000, default=_CENTRES)
    subsample: float = real(0.0, 1.0, default=1e-3)
    phrases: int = whole(0, 8, default=0)
    phrase_score: float = real(0.0, default=100.0)
    epochs: int = whole(1, default=5)
    learning_rate: float | None = real(0.0, low_open=True, default=None, optional=True)
    batch_words: int = whole(1, default=256)
    engine: str = option("numpy", "jax", default="numpy")
    random_state: int = whole(0, default=0)
    encoding: str = constrained(Kind(str), default="utf-8")
    callbacks: Any = field(default=None, repr=False)

    def fit(self, text: str | Path | Iterable[Any], tell: Callable[[int], Any] | None = None) -> Word2Vec:
        """Learn from a text.

        Parameters
        ----------
        text : str, Path, or iterable
            A file, gzip-ed or not, or a folder of such, in which a line is a sentence; or an iterable of sentences, each
            a list of words or a text. It is read once; it may be larger than memory.
        tell : function, optional
            Told now and then how many words have been read.

        Raises
        ------
        DataError
            If there are fewer than two words that come often enough.
        TrainingError
            If the vectors run away.
        """
        check_fields(self)
        watching = observers(self.callbacks, verbose=False)
        corpus = corpus_of(sentences_of(text, encoding=self.encoding), tell)
        for _ in range(self.phrases):
            corpus = with_phrases(corpus, min_count=self.min_count, threshold=self.phrase_score)
        vocabulary = vocabulary_of(corpus, min_count=self.min_count, most_words=self.most_words)
        run = self._run(corpus, vocabulary)
        with interruptible(run):
            for event in run:
                for look in watching:
                    look(event)
                if isinstance(event, EpochEnded):
                    _require_tame(run)
        _require_tame(run)
        if run.reason.startswith(_RAN_AWAY):
            raise TrainingError("vectors that learn", run.reason, _ADVICE)
        tables = run.params
        self.n_words_ = corpus.n_words
        self.history_: History = run.history
        self.vectors_ = WordVectors(vocabulary.words, tables["E"], vocabulary.counts)
        self.context_ = WordVectors(vocabulary.words, tables["U"], vocabulary.counts)
        return self

    def _run(self, corpus: Corpus, vocabulary: Vocabulary) -> Run:
        """Return the run; η is one of a pair, and J the mean over the pairs of a batch."""
        batch = max(1, round(self.batch_words / _CENTRES))
        passages = Passages(
            corpus, vocabulary, window=self.window, subsample=self.subsample, centres=_CENTRES, noise=self.shared,
            batch_size=batch,
        )  # fmt: skip
        per_epoch = passages.pairs if self.model == "skipgram" else passages.kept
        pairs = max(1.0, per_epoch * batch / passages.n_samples)
        self.objective_ = NegativeSampling(len(vocabulary.words), self.units, self.negative, self.model, 1 / pairs)
        rate = _RATES[self.model] if self.learning_rate is None else self.learning_rate
        return Run(
            self.objective_,
            passages,
            Settings(self.epochs, batch, rate * pairs, Falling(), seed=self.random_state),
            optimizer=GradientDescent(),
            engine=engine_by_name(self.engine),
            policies=[StopOnNonFinite(), StopOnNonsense(2 * self.objective_.ignorant)],
        )

    def settings(self) -> dict[str, Any]:
        """Return every parameter by name, but for who looks on."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "callbacks"}

    def save(self, path: Path | str) -> None:
        """Write the vectors to a file that `WordVectors.load` reads."""
        if not hasattr(self, "vectors_"):
            raise ConfigError("a Word2Vec that has been fitted", "one that has not", "Call fit first.")
        self.vectors_.save(path)


def _require_tame(run: Run) -> None:
    """Look whether the weights are numbers of a sane size: summed gradients can run away while the cost looks well."""
    for name, table in run.latest.items():
        largest = float(np.abs(table).max())
        if not largest <= _LARGEST:
            run.close()
            raise TrainingError("vectors of numbers about as large as 1", f"{largest:.3g} in the table {name}", _ADVICE)
