"""Tagged sequences: every token has its label, and none is cut away."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from chainrule.encode.choices import DEFAULT
from chainrule.encode.encoder import Findings
from chainrule.encode.preparation import Preparation
from chainrule.encode.tags import TagEncoding
from chainrule.encode.target import Target, fit_target
from chainrule.errors import DataError, ModelFileError
from chainrule.sources.source import Reading, Source
from chainrule.sources.tagged import read_tagged

_LINES = "the\tDET\ncat\tNOUN\n\nThe\tDET\n\n\nthe\tDET\nold\tADJ\ncat\tNOUN\n"


def _source(tmp_path: Path, text: str = _LINES, **options: bool) -> Source:
    path = tmp_path / "tagged.tsv"
    path.write_text(text)
    return read_tagged(path, Reading(**options))  # type: ignore[arg-type]


def _preparation(source: Source) -> Preparation:
    return Preparation(TagEncoding.fit(source.frame, DEFAULT), fit_target(source.frame["label"], "tagging"))


def test_an_empty_line_ends_a_sequence_however_many_there_are(tmp_path: Path) -> None:
    frame = _source(tmp_path).frame
    assert frame["tokens"].tolist() == ["the\tcat", "The", "the\told\tcat"]
    assert frame["label"].tolist() == ["DET\tNOUN", "DET", "DET\tADJ\tNOUN"]


def test_blanks_part_the_fields_of_a_file_without_tabs(tmp_path: Path) -> None:
    frame = _source(tmp_path, "the x DET\ncat y NOUN\n").frame
    assert (frame["tokens"][0], frame["label"][0]) == ("the\tcat", "DET\tNOUN")


def test_each_token_has_its_class_and_padding_has_none(tmp_path: Path) -> None:
    source = _source(tmp_path)
    preparation = _preparation(source)
    x = preparation.inputs(source.frame)
    assert preparation.target.classes == ("ADJ", "DET", "NOUN")
    assert x.tolist() == [[4, 3, 0], [1, 0, 0], [4, 1, 3]]
    assert preparation.targets(source.frame).tolist() == [[1, 2, 0], [1, 0, 0], [1, 0, 2]]
    mask = preparation.mask(x)
    assert mask is not None
    assert mask.sum(axis=1).tolist() == [2, 1, 3]
    assert preparation.of_steps(x, x).tolist() == [4, 3, 1, 4, 1, 3]
    assert preparation.target.codes(source.frame["label"]).tolist() == [1, 2, 1, 1, 0, 2]


def test_a_model_file_keeps_it(tmp_path: Path) -> None:
    preparation = _preparation(_source(tmp_path))
    data = json.loads(json.dumps(preparation.to_json()))
    assert Preparation.from_json(data) == preparation
    with pytest.raises(ModelFileError):
        Target.from_json(data["target"] | {"every_step": "yes"})
    with pytest.raises(ModelFileError):
        TagEncoding.from_json(data["inputs"] | {"steps": -1})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("the\tDET\ncat\n", r"parted by a tab, in line 2 of tagged\.tsv; got 'cat'"),
        ("the\tDET\ncat\t\n", "in line 2"),
        ("\tDET\n", "in line 1"),
        ("\n\n", "lines of a token and its label"),
    ],
)
def test_a_line_without_a_label_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        _source(tmp_path, text)


def test_tokens_alone_are_enough_to_predict_but_not_mixed_with_labels(tmp_path: Path) -> None:
    source = _source(tmp_path, "the\ncat\n", labelled=False)
    assert (source.frame.columns.tolist(), source.target) == (["tokens"], None)
    with pytest.raises(DataError, match="in line 2"):
        _source(tmp_path, "the\tDET\ncat\n", labelled=False)


def test_a_longer_sequence_is_refused_with_its_number(tmp_path: Path) -> None:
    preparation = _preparation(_source(tmp_path))
    longer = _source(tmp_path, "a\tDET\n\n" + "the\tDET\n" * 4)
    with pytest.raises(DataError, match=r"at most 3 tokens.*4 tokens in sequence 2.*steps=4"):
        preparation.encoding.encode(longer.frame, None, Findings())


def test_a_label_that_training_did_not_have_is_refused(tmp_path: Path) -> None:
    preparation = _preparation(_source(tmp_path))
    with pytest.raises(DataError, match="'VERB'"):
        preparation.targets(_source(tmp_path, "sat\tVERB\n").frame)


def test_a_single_label_is_nothing_to_learn(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least two classes"):
        fit_target(_source(tmp_path, "a\tX\nb\tX\n").frame["label"], "tagging")


def test_padding_is_never_among_the_tokens() -> None:
    encoding = TagEncoding.from_json({"kind": "tags", "vocabulary": {"unit": "words", "entries": ["a"]}, "steps": 2})
    import pandas as pd

    x = encoding.encode(pd.DataFrame({"tokens": ["a\tb"]}), None, Findings())
    assert (x > 0).all()
    assert np.issubdtype(x.dtype, np.integer)
