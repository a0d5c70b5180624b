"""Neural networks you can see through: every derivative derived by hand and proven by number.

The public names below are loaded when they are first asked for, so that `import chainrule` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from chainrule import (
        encode,
        engine,
        errors,
        explain,
        exporters,
        importers,
        models,
        network,
        nn,
        optim,
        select,
        sources,
        train,
    )
    from chainrule.errors import ChainruleError
    from chainrule.fitted.fitted import Fitted
    from chainrule.fitted.load import load
    from chainrule.job.arrays import load_data
    from chainrule.job.export import export
    from chainrule.job.importing import import_model
    from chainrule.job.look import read
    from chainrule.models.autoencoder import Autoencoder
    from chainrule.models.forecaster import Forecaster
    from chainrule.models.linear import LinearRegression
    from chainrule.models.logistic import LogisticRegression, SoftmaxRegression
    from chainrule.models.mlp import MLPClassifier, MLPRegressor
    from chainrule.models.network import NetworkClassifier, NetworkRegressor
    from chainrule.models.rbm import BernoulliRBM, GaussianRBM
    from chainrule.models.saved import load_estimator
    from chainrule.models.vectors import WordVectors
    from chainrule.models.word2vec import Word2Vec
    from chainrule.network.network import Network
    from chainrule.recipes.mlp import mlp
    from chainrule.saved.file import load_model, save_model
    from chainrule.saved.model import Model
    from chainrule.select.compare import compare
    from chainrule.select.crossval import cross_validate
    from chainrule.select.tune import tune
    from chainrule.tables.estimators import TableClassifier, TableRegressor

_SUBPACKAGES = (
    "encode",
    "engine",
    "errors",
    "explain",
    "exporters",
    "importers",
    "models",
    "network",
    "nn",
    "optim",
    "select",
    "sources",
    "train",
)
_HOMES = {
    "Autoencoder": "chainrule.models.autoencoder",
    "BernoulliRBM": "chainrule.models.rbm",
    "ChainruleError": "chainrule.errors",
    "Fitted": "chainrule.fitted.fitted",
    "Forecaster": "chainrule.models.forecaster",
    "GaussianRBM": "chainrule.models.rbm",
    "LinearRegression": "chainrule.models.linear",
    "LogisticRegression": "chainrule.models.logistic",
    "MLPClassifier": "chainrule.models.mlp",
    "MLPRegressor": "chainrule.models.mlp",
    "Model": "chainrule.saved.model",
    "Network": "chainrule.network.network",
    "NetworkClassifier": "chainrule.models.network",
    "NetworkRegressor": "chainrule.models.network",
    "Playground": "chainrule.playground.widget",
    "SoftmaxRegression": "chainrule.models.logistic",
    "TableClassifier": "chainrule.tables.estimators",
    "TableRegressor": "chainrule.tables.estimators",
    "Word2Vec": "chainrule.models.word2vec",
    "WordVectors": "chainrule.models.vectors",
    "compare": "chainrule.select.compare",
    "cross_validate": "chainrule.select.crossval",
    "export": "chainrule.job.export",
    "import_model": "chainrule.job.importing",
    "load_estimator": "chainrule.models.saved",
    "load": "chainrule.fitted.load",
    "load_data": "chainrule.job.arrays",
    "load_model": "chainrule.saved.file",
    "mlp": "chainrule.recipes.mlp",
    "read": "chainrule.job.look",
    "save_model": "chainrule.saved.file",
    "tune": "chainrule.select.tune",
}

__all__ = [
    "Autoencoder",
    "BernoulliRBM",
    "ChainruleError",
    "Fitted",
    "Forecaster",
    "GaussianRBM",
    "LinearRegression",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "Model",
    "Network",
    "NetworkClassifier",
    "NetworkRegressor",
    "Playground",
    "SoftmaxRegression",
    "TableClassifier",
    "TableRegressor",
    "Word2Vec",
    "WordVectors",
    "__version__",
    "compare",
    "cross_validate",
    "encode",
    "engine",
    "errors",
    "explain",
    "export",
    "exporters",
    "import_model",
    "importers",
    "load",
    "load_data",
    "load_estimator",
    "load_model",
    "mlp",
    "models",
    "network",
    "nn",
    "optim",
    "read",
    "save_model",
    "select",
    "sources",
    "train",
    "tune",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for."""
    if name in _SUBPACKAGES:
        return importlib.import_module(f"chainrule.{name}")
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'chainrule' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(__all__)
