"""The estimator of series: it learns from the past of one or several, and says what comes next, and how sure it is."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from chainrule import optim, train
from chainrule.encode.encoder import Findings
from chainrule.encode.preparation import Preparation
from chainrule.encode.series.encoding import LEVELS, SeriesEncoding, quantiles_for
from chainrule.encode.series.fit import Wishes, fit_series, settle
from chainrule.encode.series.panel import Layout, panel_of
from chainrule.encode.series.windows import all_windows, cuts_at, distinct_times, parted
from chainrule.encode.target import REGRESSION, Target
from chainrule.errors import ConfigError, DataError
from chainrule.forecast.ahead import Forecast, forecast_table
from chainrule.forecast.bands import banded
from chainrule.forecast.naive import SEASONAL
from chainrule.forecast.scores import scored
from chainrule.models.histories import GROUP, TIME, VALUE, Histories, as_histories, known_columns
from chainrule.models.learning import engine_of
from chainrule.models.saved import Saved, register
from chainrule.models.values import Form, enter
from chainrule.network.network import Network
from chainrule.nn import Huber, Loss, Penalty, Pinball, SquaredError
from chainrule.recipes import Recipe, recipe_from
from chainrule.saved.model import Model
from chainrule.types import Batch

LOSSES = ("squared_error", "huber", "pinball")
_ROWS_A_STEP = 32


@register
class Forecaster(Saved, BaseEstimator):
    """Forecasts series from windows of their past.

    Parameters
    ----------
    horizon : int, default=1
        H, the steps that are forecast.
    window : int, optional
        W, the steps of history that are read; by default two seasons, or two horizons, as long as the series allow it.
    season : int, optional
        Steps after which a series is like itself; by default what its times or its autocorrelation say. It is what the
        seasonal-naive forecast goes by, which `score` compares with.
    model : str or Recipe, default="linear"
        What reads the window: linear, mlp, or another name in `recipes.MODELS`.
    level : {"last", "mean"}, default="last"
        What values are told from: the last one of the window, or the mean of the series in training.
    loss : {"squared_error", "huber", "pinball"}, default="squared_error"
        With pinball the network gives quantiles, and forecasts are medians.
    coverage : sequence of float, default=(0.8, 0.95)
        Shares of the values that the intervals are to hold.
    validation_fraction : float, default=0.2
        Share of the times, the latest, that training does not learn from: they say when it is enough, and how wide intervals
        must be.
    max_iter : int, default=500
        Most epochs.
    n_iter_no_change : int, default=50
        Epochs to wait for an improvement on the validation part.
    learning_rate_init : float, default=0.003
        η of Adam.
    alpha : float, default=0.001
        α, strength of the L2 penalty ½ α ΣW².
    random_state : int, RandomState or None
        Draws weights and the order of windows.
    engine : {"auto", "numpy", "jax"}, default="auto"
        Where to train.

    Attributes
    ----------
    network_ : Network
    params_ : dict
        Its weights as a tree.
    encoding_ : SeriesEncoding
        How windows are made, with the intervals.
    history_ : History
        The epochs.
    tail_ : Histories
        The end of the series of `fit`, which `predict` goes on from.
    n_series_, n_iter_ : int
    engine_ : str

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule import Forecaster
    >>> y = np.sin(np.arange(200) * 2 * np.pi / 12)
    >>> model = Forecaster(horizon=6, window=24, random_state=0).fit(y)
    >>> bool(np.abs(model.predict() - np.sin(np.arange(200, 206) * 2 * np.pi / 12)).max() < 0.1)
    True
    """

    _fitted: ClassVar[dict[str, tuple[type, ...]]] = {
        "network_": (Network,),
        "params_": (dict,),
        "encoding_": (SeriesEncoding,),
        "history_": (train.History,),
        "tail_": (Histories,),
        "n_series_": (int,),
        "n_iter_": (int,),
        "engine_": (str,),
    }
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "window": [Interval(Integral, 1, None, closed="left"), None],
        "season": [Interval(Integral, 1, None, closed="left"), None],
        "model": [str, Recipe],
        "level": [StrOptions(set(LEVELS))],
        "loss": [StrOptions(set(LOSSES))],
        "coverage": [tuple, list],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
        "engine": [StrOptions({"auto", "numpy", "jax"})],
    }

    def __init__(
        self,
        horizon: Any = 1,
        window: Any = None,
        *,
        season: Any = None,
        model: Any = "linear",
        level: Any = "last",
        loss: Any = "squared_error",
        coverage: Any = (0.8, 0.95),
        validation_fraction: Any = 0.2,
        max_iter: Any = 500,
        n_iter_no_change: Any = 50,
        learning_rate_init: Any = 0.003,
        alpha: Any = 0.001,
        random_state: Any = None,
        engine: Any = "auto",
    ) -> None:
        self.horizon = horizon
        self.window = window
        self.season = season
        self.model = model
        self.level = level
        self.loss = loss
        self.coverage = coverage
        self.validation_fraction = validation_fraction
        self.max_iter = max_iter
        self.n_iter_no_change = n_iter_no_change
        self.learning_rate_init = learning_rate_init
        self.alpha = alpha
        self.random_state = random_state
        self.engine = engine

    def fit(self, y: Any, X: Any = None) -> Self:
        """Learn from series.

        Parameters
        ----------
        y : array (T,), pandas Series, or list of them
            One series, or several, each in the order of its times; NaN where a value is missing. The index of a pandas Series,
            if it is one of dates or numbers, has the times.
        X : array (T, F), DataFrame, or list of them, optional
            What is known ahead, a row for each value.

        Raises
        ------
        DataError
            If the series are shorter than a window and a horizon, do not vary, or have times that are not one step apart.
        """
        self._validate_params()
        coverage = self._coverage()
        histories = as_histories(y, X)
        frame, known = histories.frame(), known_columns(histories.n_columns)
        layout = Layout(VALUE, TIME, GROUP)
        panel = panel_of(frame, layout)
        wishes = Wishes(
            window=None if self.window is None else int(self.window),
            horizon=int(self.horizon),
            season=None if self.season is None else int(self.season),
            known=known,
            level=self.level,
            coverage=coverage,
            quantiles=quantiles_for(coverage) if self.loss == "pinball" else (),
            kinds=dict.fromkeys(known, "numeric"),
        )
        cuts = cuts_at(panel, float(self.validation_fraction), 0.0, wishes.horizon or 1)
        spans = settle(panel, wishes, float((distinct_times(panel) <= cuts.train).mean()))
        windows = parted(panel, all_windows(panel, spans.window, spans.horizon), spans.horizon, cuts)
        if len(windows.get("train", ())) < 2 or "valid" not in windows:
            found = {name: len(part) for name, part in windows.items()}
            raise DataError(
                f"windows of {spans.window} and {spans.horizon} steps to train and to validate on",
                f"{found.get('train', 0)} and {found.get('valid', 0)}",
                "Give longer series, or choose a smaller window or horizon.",
            )
        encoding, _ = fit_series(panel, layout, cuts.train, spans, wishes)
        batches = {name: Batch(*encoding.samples(panel, part, Findings())) for name, part in windows.items()}
        self._train(encoding, batches)
        outputs = self._model(encoding).outputs_of(batches["valid"].x)
        self.encoding_ = banded(encoding, panel, windows["valid"], outputs)
        self.tail_ = histories.tail(max(spans.window, spans.season))
        self.n_series_ = len(histories.y)
        return self

    def predict(self, X: Any = None) -> np.ndarray:
        """Return the values (H,), or (S, H) of several series, of the steps after those of `fit`.

        Parameters
        ----------
        X : array (H, F), or list of them, optional
            What is known of those steps, where `fit` was given it.
        """
        return self.forecast(None, X)

    def predict_interval(self, X: Any = None, coverage: float | None = None) -> np.ndarray:
        """Return the ends (H, 2), or (S, H, 2), of the interval that is to hold this share of the values, the first by default."""
        check_is_fitted(self)
        share = self.encoding_.coverage[0] if coverage is None else float(coverage)
        known = [abs(share - one) < 1e-9 for one in self.encoding_.coverage]
        if not any(known):
            listed = ", ".join(f"{one:g}" for one in self.encoding_.coverage)
            raise ConfigError(
                f"a coverage that was fitted: {listed}",
                f"{share:g}",
                "Give it to Forecaster(coverage=…) and fit again.",
            )
        return _of_one(self._ahead(None, X).ends[:, known.index(True)])

    def forecast(self, y: Any, X: Any = None) -> np.ndarray:
        """Return the values of the steps after other histories `y`, at least a window long each.

        Parameters
        ----------
        y : as for `fit`
        X : as for `fit`, with H more rows for the steps to come
        """
        return _of_one(self._ahead(y, X).y)

    def score(self, y: Any, X: Any = None) -> float:
        """Return 1 - the network's squared error over that of the seasonal-naive forecast, of every window in `y`.

        Above 0 it is better than that forecast; without a season, than the last value.
        """
        check_is_fitted(self)
        histories = as_histories(y, X)
        self._require_columns(histories)
        panel = panel_of(histories.frame(), self.encoding_.layout, self.encoding_.clock)
        windows = all_windows(panel, self.encoding_.window, self.encoding_.horizon)
        if not len(windows):
            raise DataError(
                f"series of at least {self.encoding_.window + self.encoding_.horizon} values",
                "shorter ones",
                "Give longer ones.",
            )
        outputs = self._model(self.encoding_).outputs_of(self.encoding_.inputs(panel, windows, Findings()))
        seen = scored("data", self.encoding_, panel, windows, outputs)
        beside = seen.beside.get(SEASONAL, next(iter(seen.beside.values())))
        naive = float(np.square(beside - seen.truth).sum())
        own = float(np.square(seen.error).sum())
        if naive == 0:
            return 1.0 if own == 0 else -np.inf
        return 1 - own / naive

    def _train(self, encoding: SeriesEncoding, batches: dict[str, Batch]) -> None:
        recipe = self.model if isinstance(self.model, Recipe) else recipe_from(self.model, {})
        n = batches["train"].n_samples
        target = Target(VALUE, REGRESSION)
        network = recipe.resolved(n, encoding.shape).network(
            encoding.shape, encoding.outputs(target), self._loss(encoding)
        )
        rng = check_random_state(self.random_state)
        settings = train.Settings(
            epochs=int(self.max_iter),
            batch_size=min(_ROWS_A_STEP, n),
            learning_rate=float(self.learning_rate_init),
            seed=int(rng.randint(np.iinfo(np.int32).max)),
        )
        steps = settings.epochs * -(-n // settings.batch_size)
        choice = engine_of(self.engine, "float32", network, rows=settings.batch_size, steps=steps, sparse=False)
        run = train.run(
            train.Supervised(network, Penalty(0.0, float(self.alpha))),
            batches["train"],
            settings,
            optimizer=optim.Adam(),
            engine=choice.engine,
            policies=[
                train.StopOnNonFinite(),
                train.KeepBest(),
                train.EarlyStopping(patience=int(self.n_iter_no_change)),
            ],
            evaluate={"valid": batches["valid"]},
        ).finish()
        self.network_, self.params_, self.history_ = network, _tree(run.params), run.history
        self.n_iter_, self.engine_ = len(run.history.epochs), choice.engine.name

    def _loss(self, encoding: SeriesEncoding) -> Loss:
        if self.loss == "pinball":
            return Pinball(encoding.quantiles)
        return Huber() if self.loss == "huber" else SquaredError()

    def _coverage(self) -> tuple[float, ...]:
        shares = tuple(self.coverage)
        if not shares or not all(isinstance(one, Real) and 0 < float(one) < 1 for one in shares):
            raise ConfigError(
                "shares between 0 and 1 for coverage", f"{self.coverage!r}", "Write coverage=(0.8, 0.95)."
            )
        return tuple(float(one) for one in shares)

    def _model(self, encoding: SeriesEncoding) -> Model:
        return Model(self.network_, self.params_, Preparation(encoding, Target(VALUE, REGRESSION)))

    def _ahead(self, y: Any, X: Any) -> Forecast:
        check_is_fitted(self)
        if y is None:
            histories = self.tail_.with_future(X, self.encoding_.horizon, self.encoding_.clock)
        else:
            histories = as_histories(y, X, self.encoding_.horizon, self.encoding_.clock)
        self._require_columns(histories)
        found = forecast_table(self._model(self.encoding_), histories.frame())
        if len(found.y) != len(histories.y):
            raise DataError(
                "a window without a gap at the end of every series", found.notes[-1], "Leave these series out."
            )
        return found

    def _require_columns(self, histories: Histories) -> None:
        wanted = self.tail_.n_columns
        if histories.n_columns != wanted:
            came = f"{histories.n_columns} columns"
            raise DataError(
                f"X of {wanted} columns, as `fit` was given", came, "Give what is known of every step, or fit again."
            )

    def __sklearn_is_fitted__(self) -> bool:
        """Tell whether `fit` has been called."""
        return hasattr(self, "encoding_")


def _of_one(values: np.ndarray) -> np.ndarray:
    """Return the values of the only series, or those of all of them."""
    found: np.ndarray = values[0] if len(values) == 1 else values
    return found


def _tree(params: Any) -> Any:
    """Return the weights as plain dicts of arrays."""
    if isinstance(params, dict) or hasattr(params, "items"):
        return {name: _tree(value) for name, value in params.items()}
    return np.asarray(params)


enter(
    SeriesEncoding,
    Form(
        "series",
        lambda writer, value, where: value.to_json(),
        lambda reader, content, depth: SeriesEncoding.from_json(content),
    ),
)
