"""The page that shows a table's preparation as scikit-learn's own transformers."""

from __future__ import annotations

from html import unescape

import numpy as np
import pytest

from chainrule.encode.encoder import Encoder
from chainrule.errors import DataError
from chainrule.job.config import Config
from chainrule.job.pipeline import render_pipeline
from chainrule.job.prepare import Part, Prepared, prepare
from chainrule.types import Batch
from tests.job.conftest import Train


@pytest.fixture(scope="module")
def iris() -> Prepared:
    return prepare(Config("iris", scaling={"*": "minmax", "sepal length (cm)": "robust"}))


def test_the_page_draws_the_transformers_and_says_how_they_compare(iris: Prepared) -> None:
    page = unescape(render_pipeline(iris))
    assert all(name in page for name in ("ColumnTransformer", "MinMaxScaler", "RobustScaler", "sepal length (cm)"))
    assert "Fitted by scikit-learn on the 90 training rows" in page
    difference = float(page.partition("largest difference is ")[2].split(".</p>")[0])
    assert difference < 1e-6


def test_the_page_needs_nothing_from_outside_and_runs_nothing(iris: Prepared) -> None:
    page = render_pipeline(iris)
    assert "<script" not in page
    assert 'src="' not in page


def test_inputs_that_are_prepared_otherwise_show_as_a_difference(iris: Prepared) -> None:
    part = iris.parts["train"]
    wrong = Part(part.frame, Batch(part.batch.x + np.float32(0.5), part.batch.t))
    page = render_pipeline(Prepared(iris.source, iris.preparation, {"train": wrong}))
    assert "the largest difference is 5" in unescape(page)


def test_pictures_have_no_such_page() -> None:
    digits = prepare(Config("digits"))
    assert render_pipeline(digits) == ""
    with pytest.raises(DataError, match="rows of a table"):
        digits.preparation.as_column_transformer()


def test_a_run_of_a_table_has_the_page(train: Train) -> None:
    outcome = train("iris", epochs=1)
    assert "ColumnTransformer" in outcome.folder.pipeline.read_text(encoding="utf-8")


def test_the_transformer_of_a_model_file_learns_the_same(iris: Prepared) -> None:
    transformer, features = iris.preparation.as_column_transformer()
    part = iris.parts["train"]
    order = [iris.preparation.features.index(name) for name in features]
    np.testing.assert_allclose(transformer.fit_transform(part.frame), part.batch.x[:, order], atol=1e-6)


def test_every_encoder_says_what_a_cell_becomes(iris: Prepared) -> None:
    encoder: Encoder = iris.preparation.encoders[1]
    assert encoder.describe().startswith("(sepal width (cm) − 2")
