"""Rivals: a linear model and boosted trees on the same rows, for the question whether a network is worth it here."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.encode.target import CLASSIFICATION, Target
from chainrule.inspection.subject import Predict
from chainrule.sources.kinds import LEFT_OUT, ColumnKind, as_dates, as_numbers, cells_as_text

if TYPE_CHECKING:
    import pandas as pd

LINEAR, TREES = "linear", "trees"
LABELS = {LINEAR: "linear model", TREES: "boosted trees"}
# Rows that they are fitted on at most, and cells: beyond, what they are told with stands for all.
_MOST_ROWS, _MOST_CELLS = 100_000, 20_000_000
_TREES, _TRIAL_TREES = 100, 5
# Trees need at most so many different categories; texts become so many numbers.
_MOST_CATEGORIES, _WORDS, _TOPICS = 250, 20_000, 50
_RARE = 5
_STEPS, _TRIAL_STEPS = 300, 20


@dataclass(frozen=True, eq=False)
class Rival:
    """Another package's model, fitted on the training rows.

    Attributes
    ----------
    name : str
        linear or trees.
    predict : function
        From raw rows to answers, as `Predict` has it.
    seconds : float
        That it took to fit.
    about : str
        What it is, in words, with what was left undone for lack of time.
    """

    name: str
    predict: Predict
    seconds: float
    about: str


def fit_rivals(
    columns: Sequence[ColumnKind], target: Target, frame: pd.DataFrame, truth: np.ndarray, seed: int, seconds: float
) -> tuple[list[Rival], list[str]]:
    """Return scikit-learn's linear model and boosted trees, each with its own defaults and a usual preparation.

    Parameters
    ----------
    columns : sequence of ColumnKind
        What each column is; those that are not learned from are left out.
    frame, truth
        The training rows, and their class numbers or values.
    seconds : float
        Of the processor, that both may take, about: what does not fit is ended early, and says so.

    Returns
    -------
    rivals : list of Rival
    notes : list of str
        Why one of them is missing, where it is.
    """
    used = [column for column in columns if column.kind not in LEFT_OUT and column.name in frame.columns]
    if not used:
        return [], []
    most = min(_MOST_ROWS, max(1000, _MOST_CELLS // len(used)))
    note = ""
    if len(frame) > most:
        rows = np.linspace(0, len(frame) - 1, most).astype(int)
        note = f", on {most:,} of the {len(frame):,} training rows"
        frame, truth = frame.iloc[rows], truth[rows]
    from threadpoolctl import threadpool_limits

    cells = _cells(frame, used)
    rivals, notes = [], []
    for name, fit in ((LINEAR, _linear), (TREES, _trees)):
        started = time.process_time()
        try:
            with warnings.catch_warnings(), threadpool_limits(1):
                # That it has not converged is told in words. One thread: what is counted is work, not a crowded machine.
                warnings.simplefilter("ignore")
                model, about = fit(used, target, cells, truth, seed, seconds / 2)
        except (ValueError, MemoryError) as error:
            notes.append(f"the {LABELS[name]} could not be fitted: {str(error).splitlines()[0]:.120}")
            continue
        took = time.process_time() - started
        rivals.append(Rival(name, _predict(model, used, target), took, about + note))
    return rivals, notes


def _predict(model: Any, used: list[ColumnKind], target: Target) -> Predict:
    """Return a fitted pipeline as a function of raw rows."""

    def predict(frame: pd.DataFrame) -> np.ndarray:
        cells = _cells(frame, used)
        if target.task != CLASSIFICATION:
            values: np.ndarray = np.asarray(model.predict(cells), float).reshape(-1, 1)
            return values
        y = np.zeros((len(frame), len(target.classes)))
        # A class without a training row has no probability.
        y[:, model.classes_.astype(int)] = model.predict_proba(cells)
        return y

    return predict


def _cells(frame: pd.DataFrame, used: list[ColumnKind]) -> pd.DataFrame:
    """Return raw rows as numbers with NaN for gaps, and texts: what scikit-learn's transformers take."""
    import pandas as pd

    cells: dict[str, Any] = {}
    for column in used:
        name, raw = column.name, frame[column.name]
        if column.kind == "numeric":
            cells[name] = as_numbers(raw).replace([np.inf, -np.inf], np.nan).to_numpy(float)
        elif column.kind == "date":
            dates = as_dates(raw)
            cells[f"{name} days"] = ((dates - pd.Timestamp(0)) / pd.Timedelta(days=1)).to_numpy(float)
            cells[f"{name} month"] = dates.dt.month.to_numpy(float)
            cells[f"{name} weekday"] = dates.dt.day_of_week.to_numpy(float)
        else:
            cells[name] = cells_as_text(raw).fillna("").astype(str).to_numpy(object)
    return pd.DataFrame(cells, index=frame.index)


def _split(used: list[ColumnKind], cells: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """Return the names of numbers, categories and texts; a number that no training row has is left out."""
    kinds = {column.name: column.kind for column in used}
    texts = [name for name in cells.columns if kinds.get(name) == "text"]
    categories = [name for name in cells.columns if kinds.get(name) in ("category", "boolean")]
    others = [name for name in cells.columns if name not in {*texts, *categories}]
    return [name for name in others if cells[name].notna().any()], categories, texts


def _linear(
    used: list[ColumnKind], target: Target, cells: pd.DataFrame, truth: np.ndarray, seed: int, seconds: float
) -> tuple[Any, str]:
    """Return logistic regression, or ridge regression, over standardised numbers, indicators and TF-IDF."""
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers, categories, texts = _split(used, cells)
    inputs = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), numbers),
            ("categories", OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=_RARE), categories),
            *((f"text {name}", TfidfVectorizer(max_features=_WORDS), name) for name in texts),
        ]
    )
    if target.task != CLASSIFICATION:
        return make_pipeline(inputs, Ridge()).fit(cells, truth), "scikit-learn's Ridge"
    x = inputs.fit_transform(cells)
    model = LogisticRegression(warm_start=True)

    def fit(steps: int) -> bool:
        model.set_params(max_iter=steps).fit(x, truth)
        return int(np.max(model.n_iter_)) < steps

    asked = _within(seconds, _TRIAL_STEPS, _STEPS, fit)
    ended = f", ended after {asked} steps by the time" if 0 < asked < _STEPS else ""
    return make_pipeline(inputs, model), f"scikit-learn's LogisticRegression{ended}"


def _trees(
    used: list[ColumnKind], target: Target, cells: pd.DataFrame, truth: np.ndarray, seed: int, seconds: float
) -> tuple[Any, str]:
    """Return boosted trees over numbers with their gaps, categories as such, and topics of texts."""
    from sklearn.compose import ColumnTransformer
    from sklearn.decomposition import TruncatedSVD
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    numbers, categories, texts = _split(used, cells)
    ordinal = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=_MOST_CATEGORIES, dtype=float
    )

    def topics(name: str) -> Any:
        words = TfidfVectorizer(max_features=_WORDS)
        n = len(words.fit(cells[name]).vocabulary_)
        # Of few words each is a topic.
        return words if n <= _TOPICS else make_pipeline(words, TruncatedSVD(_TOPICS, random_state=seed))

    inputs = ColumnTransformer(
        [
            ("categories", ordinal, categories),
            ("numbers", "passthrough", numbers),
            *((f"text {name}", topics(name), name) for name in texts),
        ],
        sparse_threshold=0.0,
    )
    x = np.asarray(inputs.fit_transform(cells), float)
    kind = HistGradientBoostingClassifier if target.task == CLASSIFICATION else HistGradientBoostingRegressor
    model = kind(random_state=seed, warm_start=True, categorical_features=list(range(len(categories))))

    def fit(rounds: int) -> bool:
        model.set_params(max_iter=rounds).fit(x, truth)
        # It may find by itself that more rounds do not help.
        return int(model.n_iter_) < rounds

    asked = _within(seconds, _TRIAL_TREES, _TREES, fit)
    ended = f", ended after {asked} of {_TREES} rounds by the time" if 0 < asked < _TREES else ""
    return make_pipeline(inputs, model), f"scikit-learn's {kind.__name__}{ended}"


def _within(seconds: float, trial: int, most: int, fit: Callable[[int], bool]) -> int:
    """Fit a few rounds, and go on for as many as there is time for.

    Parameters
    ----------
    fit : function
        Brings the model to so many rounds in all, and tells whether it needed fewer.

    Returns
    -------
    int
        How many rounds were asked for; 0 where the model needed fewer.
    """
    started = time.process_time()
    if fit(trial):
        return 0
    took = time.process_time() - started
    more = min(most, int(trial * (seconds - took) / max(took, 1e-6)))
    if more <= trial:
        return trial
    return 0 if fit(more) else more
