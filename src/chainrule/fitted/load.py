"""`chainrule.load`: a model file becomes a fitted network again, and training can go on."""

from __future__ import annotations

from pathlib import Path

from chainrule.fitted.fitted import Fitted
from chainrule.fitted.state import learning_of
from chainrule.saved.file import load_model


def load(path: Path | str) -> Fitted:
    """Return what `fitted.save` or `chainrule train` wrote.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged or foreign, or names a layer that is not registered.
    """
    model = load_model(path)
    return Fitted(model, learning_of(model))
