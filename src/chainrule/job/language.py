"""A language model: a text is parted by place, read in lanes, measured in bits beside n-grams, and written on from."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chainrule import __version__
from chainrule.encode.language import LanguageEncoding
from chainrule.encode.preparation import Preparation
from chainrule.encode.tokens import CHARACTERS, NUMBER
from chainrule.engine.numpy import NumpyEngine
from chainrule.errors import ConfigError, DataError, TrainingError
from chainrule.files import replace_file
from chainrule.job.build import build_settings
from chainrule.job.config import Config
from chainrule.job.folder import RunFolder
from chainrule.job.generate import generated
from chainrule.job.ngram import NGram
from chainrule.job.prepare import Part, Prepared, sha256
from chainrule.job.run_report import versions
from chainrule.job.running import Outcome, Resumption, RunningJob, to_nobody
from chainrule.job.settings import to_toml
from chainrule.large.language import LanguageStream, Tokens, in_lanes
from chainrule.large.survey import Tell
from chainrule.nn import Penalty
from chainrule.report.language import LanguageData, render_language
from chainrule.saved.file import save_model
from chainrule.saved.model import Model
from chainrule.sources.source import Source
from chainrule.train import EpochEnded, Event, FitEnded, History, Run, replay, run
from chainrule.train.language import NextToken, token_costs, without_state
from chainrule.tree import leaves

# Rows of a batch, and tokens of a piece, where nobody says otherwise.
LANES, STEPS = 32, 128
# The share of the text, at its end, that is measured on; before it as much to choose the weights by.
_SHARE = 0.05
# A token that comes less often than once in so many is unknown.
_RARE = 100_000
# The longest sequence that is counted for the baseline.
_ORDER = 5
# Tokens that a part is measured on at most while training, and those of the training part in all.
_MEASURED = 200_000
# What an unknown character costs beside being unknown: which of all characters it is.
_SPELLED = math.log2(0x110000)
_SAMPLE_TOKENS = {CHARACTERS: 300}
_MOST_SAMPLES = 8


@dataclass(frozen=True)
class Text(Part):
    """A part of a running text; its rows are pieces of T tokens.

    Attributes
    ----------
    ids : int array (L,)
    """

    ids: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))


def prepare_language(config: Config, tell: Tell = to_nobody) -> Prepared:
    """Return a text, parted by place: the first part is trained on, the last one measured."""
    path = Path(config.data)
    if config.optimizer == "lbfgs":
        raise ConfigError("an optimizer that takes a step for each batch", "lbfgs", "Use `optimizer=adam`.")
    tell(f"reading {path.name}")
    tokens = Tokens(path, config.tokens, config.file_encoding)
    total = len(tokens.numbers)
    shares = {name: _share(config, name) for name in ("valid", "test")}
    ends = np.cumsum([total - sum(int(share * total) for share in shares.values()), int(shares["valid"] * total)])
    least = max(config.choices.of("text").word_rows, int(ends[0]) // _RARE)
    vocabulary = tokens.vocabulary(int(ends[0]), least=least, most=config.choices.of("text").most_words)
    if not vocabulary.entries:
        raise DataError(f"{config.tokens} that come again in {path.name}", "none", "Give a longer text.")
    encoding = LanguageEncoding(vocabulary, config.steps or STEPS)
    ids = tokens.encoded(vocabulary)
    parts: dict[str, Part] = {}
    named = zip(("train", "valid", "test"), np.split(ids, ends), strict=True)
    for name, part in named:
        if not len(part):
            continue
        measured = in_lanes(part[:_MEASURED] if name != "test" else part, encoding.steps)
        stream = LanguageStream(part, config.batch_size or LANES, encoding.steps) if name == "train" else None
        parts[name] = Text(pd.DataFrame(index=range(measured.x.size // encoding.steps)), measured, stream, None, part)
    source = Source(path.name, parts["train"].frame, task="next")
    notes = [_told(name, part, vocabulary.unit) for name, part in parts.items() if isinstance(part, Text)]
    notes.append(f"{vocabulary.unit} that come less than {least} times in the training part are unknown")
    preparation = Preparation(encoding, encoding.target)
    return Prepared(source, preparation, parts, notes, sha256(parts["train"].batch))


def _share(config: Config, name: str) -> float:
    share = getattr(config, name)
    if isinstance(share, str) and share != "auto":
        raise ConfigError(f"a share of the text for `{name}`", f"{share!r}", "Write 0.05, for example.")
    return _SHARE if share == "auto" else float(share)


def _told(name: str, part: Text, unit: str) -> str:
    unknown = float((part.ids <= NUMBER).mean())
    return f"{name}: {len(part.ids):,} {unit}" + (f", {unknown:.2%} of them unknown" if unknown else "")


class LanguageJob(RunningJob):
    """A run on a text, to learn what comes next.

    Parameters
    ----------
    config, folder, resume
        As in `RunningJob`.
    tell : function
        Called with a few words on how far the reading is.
    """

    _objective: NextToken

    def __init__(
        self,
        config: Config,
        folder: RunFolder,
        *,
        resume: Resumption | None = None,
        tell: Callable[[str], None] = to_nobody,
    ) -> None:
        model, lanes, steps = config.model.looking_back(), config.batch_size or LANES, config.steps or STEPS
        config = replace(config, model=model, batch_size=lanes, steps=steps)
        super().__init__(config, folder, prepare_language(config, tell), resume)
        self._samples: list[tuple[int, str]] = []

    def _objective_of(self) -> NextToken:
        config = self.config
        assert config.batch_size is not None  # noqa: S101 (the constructor has set it)
        return NextToken(
            self.network, config.batch_size, Penalty(config.l1, config.l2 or 0.0, config.normalised_penalty)
        )

    def _make_run(self) -> Run:
        parts = self.prepared.parts
        stream = parts["train"].stream
        assert stream is not None  # noqa: S101 (prepare_language makes one)
        return run(
            self._objective,
            stream,
            build_settings(self.config),
            optimizer=self._optimizer,
            engine=self.choice.engine,
            policies=self._policies,
            evaluate={name: parts[name].batch for name in ("train", "valid") if name in parts},
            resume=self._resume,
        )

    def __iter__(self) -> Generator[Event, None, None]:
        """Train, and write a sample after each epoch."""
        for event in super().__iter__():
            if isinstance(event, EpochEnded):
                self._samples.append((event.epoch, self._sample()))
            yield event

    def _sample(self) -> str:
        model = Model(self.network, without_state(self._run.shown), self.prepared.preparation)
        length = _SAMPLE_TOKENS.get(self.config.tokens, 80)
        return generated(model, "", length=length, temperature=0.8, seed=self.config.seed)

    @property
    def model(self) -> Model:
        """The network with the weights that were kept so far."""
        return Model(self.network, without_state(self._run.params), self.prepared.preparation)

    def finish(self, *, replays: bool = True, rivals: bool = True) -> Outcome:
        """Measure the weights that were kept, beside n-grams; write the model, the samples and the report.

        Raises
        ------
        TrainingError
            If the cost became NaN or infinite before any weights were worth keeping.
        """
        history = History.of(replay(self.folder.journal))
        ended = history.ended
        assert ended is not None  # noqa: S101 (the journal of a run that was iterated to its end has it)
        params = without_state(self._run.params)
        if not all(np.isfinite(value).all() for _, value in leaves(params)):
            raise TrainingError(
                "a cost that stays finite",
                "weights that are NaN or infinite",
                "Try a `learning_rate` ten times smaller.",
            )
        metrics, orders = self._measure(params)
        model = Model(self.network, params, self.prepared.preparation, self._summary(ended, metrics))
        save_model(model, self.folder.model)
        samples = [*self._samples[:: max(1, len(self._samples) // _MOST_SAMPLES)][:_MOST_SAMPLES]]
        samples += [self._samples[-1]] if self._samples and self._samples[-1] not in samples else []
        replace_file(
            self.folder.path / "samples.jsonl",
            "".join(json.dumps({"epoch": epoch, "text": text}) + "\n" for epoch, text in self._samples),
        )
        replace_file(self.folder.report, self._page(model, history, metrics, orders, samples))
        self.release()
        advice = self._advice(metrics)
        return Outcome(
            self.folder, model, metrics, advice, ended.reason, self.choice.engine.name, ended.epochs, ended.seconds
        )

    def _measure(self, params: Any) -> tuple[dict[str, dict[str, float]], np.ndarray]:
        """Return bits of each part, and of the n-grams of each order on the last part."""
        engine = self.choice.engine
        parts = {name: part for name, part in self.prepared.parts.items() if isinstance(part, Text)}
        metrics = {}
        for name, part in parts.items():
            costs = token_costs(self.network, engine, engine.place(params), part.batch)
            metrics[name] = self._bits(float(costs.mean()) / math.log(2), part.batch.t)
        last = parts[next(name for name in ("test", "valid", "train") if name in parts)]
        grams = NGram.fit(parts["train"].ids, self.prepared.preparation.encoding.ids or 1, _ORDER)
        orders = grams.bits(last.ids)
        metrics["baseline"] = self._bits(float(orders.min()), last.ids)
        return metrics, orders

    def _bits(self, bits: float, ids: np.ndarray) -> dict[str, float]:
        found = {"bits": bits, "perplexity": 2.0**bits}
        if self.config.tokens == CHARACTERS:
            found["bits, unknown ones spelled out"] = bits + _SPELLED * float((ids <= NUMBER).mean())
        return found

    def _advice(self, metrics: dict[str, dict[str, float]]) -> str:
        seen = metrics[next(name for name in ("test", "valid", "train") if name in metrics)]["bits"]
        grams, unit = metrics["baseline"]["bits"], self.config.tokens.removesuffix("s")
        verdict = "fewer than" if seen < grams else "NOT fewer than"
        return (
            f"{seen:.3f} bits a {unit}, {verdict} the {grams:.3f} of the best n-gram. "
            f"Let it write: chainrule generate {self.folder.path}"
        )

    def _summary(self, ended: FitEnded, metrics: dict[str, dict[str, float]]) -> dict[str, Any]:
        return {
            "chainrule": __version__,
            "data": self.prepared.source.name,
            "epochs": ended.epochs,
            "best_epoch": ended.best_epoch,
            "seconds": round(ended.seconds, 3),
            "seed": self.config.seed,
            "engine": self.choice.engine.name,
            "samples": {name: part.n for name, part in self.prepared.parts.items()},
            "metrics": metrics,
        }

    def _page(
        self,
        model: Model,
        history: History,
        metrics: dict[str, dict[str, float]],
        orders: np.ndarray,
        samples: list[tuple[int, str]],
    ) -> str:
        last = self.prepared.parts[next(name for name in ("test", "valid", "train") if name in self.prepared.parts)]
        x, t = last.batch.x[:1, :400], last.batch.t[:1, :400]
        network = model.network
        steps = network.input_shape[0]
        whole = x.shape[1] // steps * steps
        costs = (
            token_costs(network, NumpyEngine(), model.params, last.batch._replace(x=x[:, :whole], t=t[:, :whole]))
            if whole
            else np.zeros((1, 0))
        )
        return render_language(
            LanguageData(
                title=self.prepared.source.name,
                model=model,
                history=history,
                metrics=metrics,
                orders=[float(bits) for bits in orders],
                samples=samples,
                reading=[
                    (model.prepared_by.target.classes[number], float(cost) / math.log(2))
                    for number, cost in zip(t[0, :whole], costs[0], strict=True)
                ],
                config=to_toml(self.config),
                notes=self.notes,
                versions={**versions(self.choice.engine.name), "seed": str(self.config.seed)},
                tokens={name: len(part.ids) for name, part in self.prepared.parts.items() if isinstance(part, Text)},
            )
        )
