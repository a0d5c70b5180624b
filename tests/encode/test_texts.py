"""Texts as ids: the vocabulary is that of the training rows, and what it does not know is told."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.choices import ChoiceTable
from chainrule.encode.encoder import Findings
from chainrule.encode.texts import TextEncoding
from chainrule.encode.tokens import NUMBER, UNKNOWN, Vocabulary, tokens_of
from chainrule.errors import DataError, ModelFileError
from chainrule.sources.kinds import ColumnKind

_TEXT = (ColumnKind("said", "text", "as asked"),)
_ROWS = pd.DataFrame({"said": ["the cat sat", "The dog sat on the mat!", "a cat"]})


def _fit(frame: pd.DataFrame = _ROWS, unit: str = "words", **options: object) -> TextEncoding:
    return TextEncoding.fit(frame, _TEXT, ChoiceTable(), unit=unit, **options)  # type: ignore[arg-type]


def test_words_are_small_letters_of_any_script_and_marks_stand_alone() -> None:
    assert tokens_of("Don't STOP, Zoë: 東京 5!", "words") == ["don't", "stop", ",", "zoë", ":", "東京", "5", "!"]
    assert tokens_of("Ab c", "characters") == ["A", "b", " ", "c"]


def test_the_most_frequent_word_has_the_first_id_and_rare_words_have_none() -> None:
    encoding = _fit()
    assert encoding.vocabulary.entries == ("the", "cat", "sat")
    x = encoding.encode(_ROWS, None, Findings())
    assert x.dtype == np.int32
    assert x.tolist() == [[3, 4, 5, 0, 0, 0, 0], [3, 1, 5, 1, 3, 1, 1], [1, 4, 0, 0, 0, 0, 0]]


def test_unknown_words_with_digits_are_told_from_those_without() -> None:
    assert Vocabulary("words", ("a",)).ids_of("a b 0800") == [3, UNKNOWN, NUMBER]


def test_unknown_empty_and_long_texts_are_told() -> None:
    findings = Findings()
    x = _fit(steps=2).encode(pd.DataFrame({"said": ["", None, "the zebra sat"]}), None, findings)
    assert x.tolist() == [[0, 0], [0, 0], [3, 1]]
    assert findings.lines() == [
        "texts without a token, whose answer is that of an empty one: 2",
        "texts are read up to step 2 and are longer (`steps`): 1",
        "1 of 3 tokens (33.3%) are not in the vocabulary",
    ]


def test_the_mask_is_of_the_tokens() -> None:
    encoding = _fit()
    x = encoding.encode(_ROWS, None, Findings())
    assert encoding.mask(x).sum(axis=1).tolist() == [3, 7, 2]


def test_several_columns_are_read_one_after_the_other() -> None:
    kinds = (*_TEXT, ColumnKind("n", "numeric", ""), ColumnKind("then", "text", ""))
    frame = pd.DataFrame({"said": ["a b", "a"], "n": [1, 2], "then": ["b", "a b"]})
    encoding = TextEncoding.fit(frame, kinds, ChoiceTable(), unit="words")
    assert encoding.used == ["said", "then"]
    assert encoding.encode(frame, None, Findings()).tolist() == [[3, 4, 4], [3, 3, 4]]


def test_a_file_of_it_gives_the_same_ids_and_a_damaged_one_is_refused() -> None:
    encoding = _fit(unit="characters")
    data = json.loads(json.dumps(encoding.to_json()))
    assert TextEncoding.from_json(data) == encoding
    for damage in (
        {"steps": 0},
        {"texts": ["other"]},
        {"texts": []},
        {"vocabulary": {"unit": "words"}},
        {"columns": 3},
    ):
        with pytest.raises(ModelFileError):
            TextEncoding.from_json(data | damage)


@pytest.mark.parametrize(
    ("frame", "kinds", "message"),
    [
        (pd.DataFrame({"n": [1, 2]}), (ColumnKind("n", "numeric", ""),), r"a column of texts.*none: n \(numeric\)"),
        (pd.DataFrame({"said": ["a", "b"]}), _TEXT, "words that 2 training rows have in common.*tokens=characters"),
        (pd.DataFrame({"said": ["", ""]}), _TEXT, "words that 2 training rows have in common"),
    ],
)
def test_what_has_no_text_to_learn_from_is_refused(
    frame: pd.DataFrame, kinds: tuple[ColumnKind, ...], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        TextEncoding.fit(frame, kinds, ChoiceTable(), unit="words")


def test_a_table_without_the_column_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(DataError, match="Rename 'sad' to 'said'"):
        _fit().encode(pd.DataFrame({"sad": ["the cat"]}), None, Findings())
