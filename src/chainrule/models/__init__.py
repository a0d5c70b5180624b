"""What you fit: estimators with scikit-learn's manners."""

from chainrule.models.features import LayerFeatures
from chainrule.models.forecaster import Forecaster
from chainrule.models.linear import LinearRegression
from chainrule.models.logistic import LogisticRegression, SoftmaxRegression
from chainrule.models.mlp import MLPClassifier, MLPRegressor
from chainrule.models.network import NetworkClassifier, NetworkRegressor
from chainrule.models.saved import load_estimator

__all__ = [
    "Forecaster",
    "LayerFeatures",
    "LinearRegression",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "NetworkClassifier",
    "NetworkRegressor",
    "SoftmaxRegression",
    "load_estimator",
]
