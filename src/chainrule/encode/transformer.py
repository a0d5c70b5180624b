"""The same preparation in scikit-learn's own words: a ColumnTransformer to look at, and to use in one's own code."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from chainrule.encode.category import Category, Ordinal
from chainrule.encode.dates import Date, circles, date_parts, days_since_1970
from chainrule.encode.encoder import Encoder
from chainrule.encode.numeric import Boolean, Numeric, finite_numbers
from chainrule.encode.sparse import as_dense
from chainrule.encode.words import Text
from chainrule.sources.kinds import cells_as_text

if TYPE_CHECKING:
    import pandas as pd

Step: TypeAlias = Any


class Group(NamedTuple):
    """Columns that are prepared alike: one entry of the ColumnTransformer, and its features in their order there."""

    name: str
    step: Step
    columns: str | list[str]
    features: list[str]


def column_transformer(encoders: Sequence[Encoder]) -> tuple[Any, list[str]]:
    """Return the ColumnTransformer that learns from training rows what the encoders have learned.

    It is not fitted: `fit` on the training rows finds the same numbers, and `transform` then gives what the encoders
    give, in float64 and in another order of columns.

    Returns
    -------
    transformer : sklearn.compose.ColumnTransformer
    features : list of str
        Names of its output's columns.
    """
    from sklearn.compose import ColumnTransformer

    groups = [_GROUPS[kind](members) for (kind, _), members in _alike(encoders).items()]
    names = [group.name for group in groups]
    # An entry's name is a key: two groups of numbers are numbers and numbers 2.
    numbered = [
        name if names.count(name) == 1 else f"{name} {names[: i + 1].count(name)}" for i, name in enumerate(names)
    ]
    entries = [(name, group.step, group.columns) for name, group in zip(numbered, groups, strict=True)]
    return ColumnTransformer(entries), [name for group in groups for name in group.features]


def largest_difference(encoders: Sequence[Encoder], x: Any, frame: pd.DataFrame) -> tuple[Any, float]:
    """Fit the ColumnTransformer on the training rows, and compare it with what the encoders made of them.

    Parameters
    ----------
    x : array or CSR matrix (N, D)
        The inputs that the encoders made of `frame`.

    Returns
    -------
    transformer : sklearn.compose.ColumnTransformer
        Fitted.
    difference : float
        The largest between any two numbers; of numbers above 1, as a share of them.
    """
    transformer, names = column_transformer(encoders)
    theirs = transformer.fit_transform(frame)
    place = {name: i for i, name in enumerate(name for encoder in encoders for name in encoder.features)}
    order = [place[name] for name in names]
    if theirs.shape != x.shape:
        return transformer, float("inf")
    largest = 0.0
    for start in range(0, len(frame), 1024):
        rows = slice(start, start + 1024)
        wanted = as_dense(theirs[rows])
        part = np.abs(wanted - as_dense(x[rows])[:, order]) / np.maximum(1, np.abs(wanted))
        largest = max(largest, float(part.max(initial=0.0)))
    return transformer, largest


def diagram(transformer: Any) -> str:
    """Return scikit-learn's own picture of a transformer as HTML, without its script: it needs none to be read."""
    from sklearn.utils import estimator_html_repr

    drawn = re.sub(r"<script>.*?</script>", "", estimator_html_repr(transformer), flags=re.DOTALL)
    # What the script would find out: that the page is light.
    return drawn.replace('class="sk-top-container"', 'class="sk-top-container light"')


def _alike(encoders: Iterable[Encoder]) -> dict[tuple[type[Encoder], Hashable], list[Any]]:
    """Group the encoders whose columns go through one and the same step."""
    groups: dict[tuple[type[Encoder], Hashable], list[Any]] = {}
    for encoder in encoders:
        groups.setdefault((type(encoder), _likeness(encoder)), []).append(encoder)
    return groups


def _likeness(encoder: Encoder) -> Hashable:
    if isinstance(encoder, Numeric):
        return encoder.scaling, encoder.is_of_range, encoder.winsorise, encoder.impute, encoder.indicator
    if isinstance(encoder, Boolean):
        return encoder.indicator, encoder.impute
    if isinstance(encoder, Category):
        return encoder.least, encoder.most, encoder.fill is None
    if isinstance(encoder, Ordinal):
        numeric = encoder.numeric
        return numeric.scaling, numeric.is_of_range, numeric.impute, numeric.indicator
    return encoder.name


def _numbers(members: list[Numeric]) -> Group:
    first = members[0]
    values = _pipeline(_imputer(first.impute), *_clip(members), *_scaler(members))
    step = _pipeline(_function(read_numbers), _with_indicator(values, first.indicator))
    return Group("numbers", step, [e.name for e in members], _names(members))


def _booleans(members: list[Boolean]) -> Group:
    ranks = _ranks([[e.false.lower(), e.true.lower()] for e in members])
    values = _imputer("mode" if isinstance(members[0].impute, str) else members[0].impute)
    step = _pipeline(_function(read_lower_case), ranks, _with_indicator(values, members[0].indicator))
    return Group("booleans", step, [e.name for e in members], _names(members))


def _categories(members: list[Category]) -> Group:
    from sklearn.preprocessing import OneHotEncoder

    first = members[0]
    onehot = OneHotEncoder(
        min_frequency=max(1, first.least), max_categories=first.most + 1, handle_unknown="infrequent_if_exist"
    )
    fill = () if first.fill is None else (_imputer("mode"),)
    step = _pipeline(_function(read_texts), *fill, onehot)
    return Group("categories", step, [e.name for e in members], [name for e in members for name in e.features])


def _ordinals(members: list[Ordinal]) -> Group:
    numeric = members[0].numeric
    values = _pipeline(_imputer(numeric.impute), *_scaler([e.numeric for e in members]))
    ranks = _ranks([e.categories for e in members])
    step = _pipeline(_function(read_texts), ranks, _with_indicator(values, numeric.indicator))
    return Group("ranks", step, [e.name for e in members], _names(members))


def _dates(members: list[Date]) -> Group:
    from sklearn.pipeline import FeatureUnion

    (date,) = members
    numeric = date.numeric
    scaler = _scaler([numeric])
    days = _with_indicator(_pipeline(_imputer(numeric.impute), *scaler), numeric.indicator)
    positions = (
        _pipeline(_imputer(numeric.impute), _function(date_parts), *_scaler(date.part_encoders))
        if date.parts
        else _pipeline(_imputer(numeric.impute), _function(circles))
    )
    union = FeatureUnion([("days", days), ("parts" if date.parts else "circles", positions)])
    step = _pipeline(_function(read_days, day_first=date.day_first), union)
    return Group(f"date {date.name}", step, [date.name], date.features)


def _texts(members: list[Text]) -> Group:
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

    (text,) = members
    vectorizer = TfidfVectorizer if text.idf else CountVectorizer
    words = vectorizer(min_df=text.least, max_features=text.most, ngram_range=(1, text.ngrams), dtype=np.float64)
    # The very topics that were found: their directions depend on the last digits of a decomposition.
    topics = [_function(times, matrix=np.array(text.topics))] if text.topics else []
    return Group(f"text {text.name}", _pipeline(_function(read_text), words, *topics), text.name, text.features)


_GROUPS: dict[type[Encoder], Callable[[list[Any]], Group]] = {
    Numeric: _numbers,
    Boolean: _booleans,
    Category: _categories,
    Ordinal: _ordinals,
    Date: _dates,
    Text: _texts,
}


def read_numbers(cells: pd.DataFrame) -> pd.DataFrame:
    """Return cells as numbers; $1,200 is 1200, and an infinite cell is missing."""
    return cells.apply(finite_numbers)


def read_texts(cells: pd.DataFrame) -> pd.DataFrame:
    """Return cells as texts in one form: 3, 3.0 and "3" are one category; a missing one is NaN."""
    return cells.apply(lambda column: cells_as_text(column).where(column.notna(), np.nan)).astype(object)


def read_lower_case(cells: pd.DataFrame) -> pd.DataFrame:
    """Return cells as texts in small letters."""
    lower: pd.DataFrame = read_texts(cells).apply(lambda column: column.str.lower()).astype(object)
    return lower


def read_days(cells: pd.DataFrame, *, day_first: bool) -> pd.DataFrame:
    """Return dates as days since 1970."""
    return cells.apply(lambda column: days_since_1970(column, day_first=day_first))


def read_text(cells: pd.Series) -> pd.Series:
    """Return the texts of a column; a missing one is empty."""
    return cells_as_text(cells).fillna("")


def times(weights: Any, matrix: np.ndarray) -> np.ndarray:
    """Return weights of words as topics."""
    return np.asarray(weights @ matrix)


def _names(members: Sequence[Any]) -> list[str]:
    """Values of all columns first, then their indicators."""
    indicators = [f"{e.name} is missing" for e in members if e.indicator]
    return [e.name for e in members] + indicators


def _pipeline(*steps: Step) -> Step:
    from sklearn.pipeline import make_pipeline

    return make_pipeline(*steps) if len(steps) > 1 else steps[0]


def _function(function: Callable[..., Any], **arguments: Any) -> Step:
    from sklearn.preprocessing import FunctionTransformer

    return FunctionTransformer(function, kw_args=arguments or None)


def _imputer(impute: str | float) -> Step:
    from sklearn.impute import SimpleImputer

    if not isinstance(impute, str):
        return SimpleImputer(strategy="constant", fill_value=impute)
    return SimpleImputer(strategy="most_frequent" if impute == "mode" else impute)


def _clip(members: list[Numeric]) -> list[Step]:
    """scikit-learn has nothing that winsorises: its place has the bounds that we have found."""
    if not members[0].winsorise:
        return []
    low, high = (np.array([e.bounds[end] for e in members]) for end in (0, 1))
    return [_function(np.clip, a_min=low, a_max=high)]


def _scaler(members: Sequence[Numeric]) -> list[Step]:
    """Of what scikit-learn does not do as we do, or not at all, its place has the numbers that we have found."""
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    scaling = members[0].scaling
    if scaling in ("standard", "minmax"):
        return [StandardScaler() if scaling == "standard" else MinMaxScaler(clip=True)]
    if scaling == "none":
        return []
    # RobustScaler divides by 1 where the quartiles fall together.
    if scaling == "robust" and not any(e.is_of_range for e in members):
        return [RobustScaler()]
    return [_function(scaled_as_found, encoders=members)]


def scaled_as_found(values: np.ndarray, encoders: Sequence[Numeric]) -> np.ndarray:
    """Return columns of values, each scaled by its encoder."""
    return np.column_stack([e.scaled(column) for e, column in zip(encoders, np.asarray(values).T, strict=True)])


def _ranks(categories: list[list[str]]) -> Step:
    from sklearn.preprocessing import OrdinalEncoder

    return OrdinalEncoder(categories=categories, handle_unknown="use_encoded_value", unknown_value=np.nan)


def _with_indicator(values: Step, indicator: bool) -> Step:
    from sklearn.impute import MissingIndicator
    from sklearn.pipeline import FeatureUnion

    if not indicator:
        return values
    return FeatureUnion([("value", values), ("is missing", MissingIndicator(error_on_new=False))])
