"""Exports: a model file, a script, a worksheet; each of the network as it is now."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.network.network import Network
from chainrule.nn import Flatten, Sequential
from chainrule.playground.derivations import worksheet
from chainrule.playground.learner import WatchedLearner
from chainrule.playground.protocol import Export
from chainrule.playground.script import script_of
from chainrule.playground.wire import Message


def exported(learner: WatchedLearner, asked: Export) -> Message:
    """Return the file that is asked for."""
    name = re.sub(r"\W", "", learner.scene.spec.data.name) or "network"
    if asked.kind == "python":
        return _file(f"{name}.py", "text/x-python", script_of(learner).encode())
    if asked.kind == "model":
        return _file(f"{name}.chainrule", "application/zip", _model_file(learner))
    text = worksheet(learner, asked)
    if asked.kind == "html":
        return _file(f"{name}-worksheet.html", "text/html", text.encode("utf-8", "backslashreplace"))
    return _file(f"{name}-worksheet.tex", "application/x-tex", text.encode("utf-8", "backslashreplace"))


def _file(name: str, mime: str, content: bytes) -> Message:
    return Message("file", {"name": name, "mime": mime}, (content,))


def _model_file(learner: WatchedLearner) -> bytes:
    from chainrule import __version__
    from chainrule.saved.file import save_model
    from chainrule.saved.model import Model

    scene, position = learner.scene, learner.trainer.position
    network, preparation = _as_the_file_has_it(learner)
    summary = {
        "data": scene.spec.data.name,
        "epochs": position.epoch,
        "seed": scene.spec.init_seed,
        "engine": "numpy",
        "chainrule": __version__,
    }
    params: dict[str, Any] = {"flatten": {}} if "flatten" in network.layer.params(network.input_shape) else {}
    params |= {
        name: {leaf: np.array(value) for leaf, value in values.items()}
        for name, values in learner.trainer.params.items()
    }
    with tempfile.TemporaryDirectory(prefix="chainrule-") as folder:
        path = Path(folder) / "network.chainrule"
        save_model(Model(network, params, preparation, summary), path)
        return path.read_bytes()


def _as_the_file_has_it(learner: WatchedLearner) -> tuple[Network, Any]:
    """Return the network and the preparation of a table that feeds it.

    A network on all columns of a table or on pictures keeps their own preparation. One on formulas has a column for each
    input, called as the formula is written, whose numbers go in as they are.
    """
    from chainrule.encode.numeric import Numeric
    from chainrule.encode.preparation import Preparation
    from chainrule.encode.table import TableEncoding
    from chainrule.sources.kinds import ColumnKind

    scene = learner.scene
    data, network = scene.data, scene.network
    if data.preparation is not None and scene.features.everything:
        shape = data.preparation.input_shape
        if len(shape) == 1:
            return network, data.preparation
        children = network.layer.children()
        layer = Sequential((Flatten(), *children.values()), ("flatten", *children))
        return replace(network, layer=layer, input_shape=shape), data.preparation
    names = scene.features.names
    kinds = tuple(ColumnKind(name, "numeric", "an input of the Playground") for name in names)
    encoders = tuple(Numeric(name, False, 0.0, 1.0, 0.0, [], "none", 0.0, "median") for name in names)
    return network, Preparation(TableEncoding(kinds, encoders), data.target)
