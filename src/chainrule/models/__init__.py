"""What you fit: estimators with scikit-learn's manners."""

from chainrule.models.mlp import MLPClassifier, MLPRegressor
from chainrule.models.network import NetworkClassifier, NetworkRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "NetworkClassifier", "NetworkRegressor"]
