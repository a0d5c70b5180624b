"""A table of an exporter refuses what it would write wrongly, by name."""

from __future__ import annotations

import pytest

from chainrule.errors import ConfigError
from chainrule.exporters.table import Table
from chainrule.nn import GRU


def test_a_normalised_cell_is_refused_by_every_entry() -> None:
    layers = Table("numpy", "layer")

    @layers.entry(GRU)
    def gru(layer: GRU) -> str:
        return "gru"

    assert layers.find(GRU(2)) is gru
    with pytest.raises(ConfigError, match=r"a layer that numpy can express; got GRU with layer_norm"):
        layers.find(GRU(2, layer_norm=True))
