"""What you fit: estimators with scikit-learn's manners."""

from chainrule.models.autoencoder import Autoencoder
from chainrule.models.features import LayerFeatures
from chainrule.models.forecaster import Forecaster
from chainrule.models.linear import LinearRegression
from chainrule.models.logistic import LogisticRegression, SoftmaxRegression
from chainrule.models.mlp import MLPClassifier, MLPRegressor
from chainrule.models.network import NetworkClassifier, NetworkRegressor
from chainrule.models.rbm import BernoulliRBM, GaussianRBM
from chainrule.models.saved import load_estimator
from chainrule.models.vectors import WordVectors
from chainrule.models.word2vec import Word2Vec

__all__ = [
    "Autoencoder",
    "BernoulliRBM",
    "Forecaster",
    "GaussianRBM",
    "LayerFeatures",
    "LinearRegression",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "NetworkClassifier",
    "NetworkRegressor",
    "SoftmaxRegression",
    "Word2Vec",
    "WordVectors",
    "load_estimator",
]
