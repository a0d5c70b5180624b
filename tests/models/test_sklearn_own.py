"""scikit-learn's own tests of its multilayer perceptron, read from the installed package and run against our classes.

Their import is exchanged and nothing else. What cannot pass stands in `EXCEPTIONS`, with the reason, and must fail.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"
OURS = "from chainrule import MLPClassifier, MLPRegressor\n"

EXCEPTIONS = {
    "test_gradient": "calls the private _loss_grad_lbfgs; our gradients are proven in tests/contracts",
}

_SPEC = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
assert _SPEC is not None
assert _SPEC.origin is not None
_SOURCE = Path(_SPEC.origin).read_text()
assert _SOURCE.count(IMPORT) == 1, "scikit-learn imports its perceptron in another way than this test knows"
exec(compile(_SOURCE.replace(IMPORT, OURS), _SPEC.origin, "exec"), globals())

for _name, _reason in EXCEPTIONS.items():
    globals()[_name] = pytest.mark.xfail(reason=_reason, strict=True)(globals()[_name])

# scikit-learn lets its tests warn that they have not converged.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def global_random_seed() -> int:
    """Return the seed that scikit-learn's tests run with by default."""
    return 42
