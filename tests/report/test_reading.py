"""The texts of a report: escaped, coloured, and no longer than one can read."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chainrule.encode.choices import ChoiceTable
from chainrule.encode.encoder import Findings
from chainrule.encode.preparation import Preparation
from chainrule.encode.target import Target
from chainrule.encode.texts import TextEncoding
from chainrule.nn import SoftmaxCrossEntropy
from chainrule.recipes import recipe_from
from chainrule.report.reading import readings
from chainrule.saved.model import Model
from chainrule.sources.kinds import ColumnKind


def _model(texts: pd.DataFrame, kind: str = "gru", **settings: object) -> Model:
    encoding = TextEncoding.fit(texts, (ColumnKind("said", "text", ""),), ChoiceTable(), unit="words")
    network = recipe_from(kind, {"embedding": 4, **settings}).sequence_network(
        encoding.shape, 2, SoftmaxCrossEntropy(), ids=encoding.ids
    )
    preparation = Preparation(encoding, Target("t", "classification", ("no", "yes")))
    return Model(network, network.init(np.random.default_rng(0)), preparation)


def test_mistakes_and_one_right_answer_of_each_class_are_shown() -> None:
    texts = pd.DataFrame({"said": ["a b c " * 40, "", "c b", "b c a"] * 2})
    model = _model(texts, hidden=(4,))
    x = model.prepared_by.inputs(texts, Findings())
    y = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.6, 0.4]] * 2)
    truth = np.array([1, 0, 1, 0] * 2)
    told, maps = readings(model, x, truth, y, [0, 4])
    assert [text.head for text in told] == [
        "no (90% sure), but it is yes",
        "no (90% sure), but it is yes",
        "yes (90% sure), rightly",
        "no (80% sure), rightly",
    ]
    assert len(told[0].tokens) in (61, 62)
    assert told[3].tokens == (("⟨nothing⟩", 0.0),)
    for text in told[:3]:
        assert max(abs(share) for _, share in text.tokens) == 1
    assert maps == ""


def test_a_transformer_has_maps_of_its_attention() -> None:
    texts = pd.DataFrame({"said": ["a b c", "c b", "b c a", "a a"]})
    model = _model(texts, "transformer", width=8, heads=2, blocks=1)
    x = model.prepared_by.inputs(texts, Findings())
    _, maps = readings(model, x, np.array([0, 1, 0, 1]), np.tile([0.7, 0.3], (4, 1)), [1])
    assert maps.startswith("<svg")
    assert "Where attention looked" in maps
