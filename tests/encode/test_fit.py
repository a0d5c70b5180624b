"""Fitting an encoding by the sort of the samples, and adding one of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.encoder import Findings
from chainrule.encode.encoding import Encoding
from chainrule.encode.fit import FITS, Wanted, fit_encoding, register_encoding
from chainrule.encode.preparation import ENCODINGS, Preparation
from chainrule.encode.table import column_kinds
from chainrule.encode.target import Target
from chainrule.errors import ConfigError, DataError
from chainrule.sources.samples import Pictures, Recordings, Samples

FRAME = pd.DataFrame({"a": [1.5, 2.5, 4.0], "label": ["u", "v", "u"]})
SAMPLES: dict[str, Samples | None] = {
    "table": None,
    "images": Pictures(np.zeros((3, 4, 4, 1), np.uint8)),
    "sounds": Recordings(tuple(np.zeros((3, 4000), np.float32)), 8000),
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_sort_of_samples_has_its_encoding(kind: str) -> None:
    assert fit_encoding(SAMPLES[kind], FRAME, Wanted(column_kinds(FRAME, "label", {}))).kind == kind


@dataclass(frozen=True)
class Curves(Samples):
    """Curves of three points."""

    values: np.ndarray
    noun: ClassVar[str] = "curves"

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: np.ndarray) -> Curves:
        return Curves(self.values[rows])


@dataclass(frozen=True)
class CurveEncoding(Encoding):
    """The points as they are."""

    kind: ClassVar[str] = "curves"
    shape: ClassVar[tuple[int, ...]] = (3,)
    features: ClassVar[list[str]] = ["a", "b", "c"]
    used: ClassVar[list[str]] = []

    def encode(self, frame: Any, samples: Any, findings: Findings) -> np.ndarray:
        return np.asarray(samples.values, np.float32)

    def describe(self) -> str:
        return "curves of three points"

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind}

    @classmethod
    def from_json(cls, data: Any) -> CurveEncoding:
        return cls()


def test_samples_of_an_unknown_sort_are_refused_with_what_to_do() -> None:
    with pytest.raises(DataError, match=r"Curves.*register_encoding"):
        fit_encoding(Curves(np.zeros((3, 3))), FRAME, Wanted())


@pytest.fixture
def registered() -> Iterator[None]:
    register_encoding(Curves, CurveEncoding, lambda curves, frame, wanted: CurveEncoding())
    yield
    del FITS[Curves], ENCODINGS["curves"]


def test_an_encoding_of_ones_own_is_fitted_and_read_from_a_model_file(registered: None) -> None:
    encoding = fit_encoding(Curves(np.zeros((3, 3))), FRAME, Wanted())
    preparation = Preparation(encoding, Target("label", "classification", ("u", "v")))
    assert Preparation.from_json(preparation.to_json()) == preparation


def test_a_sort_has_one_encoding(registered: None) -> None:
    with pytest.raises(ConfigError, match="Curves, curves"):
        register_encoding(Curves, CurveEncoding, lambda *_: CurveEncoding())
