"""Counts of several processes: whoever is asked, they never fall."""

from __future__ import annotations

from pathlib import Path

from chainrule.serve.counts import Counts


def test_what_one_process_has_told_another_tells_too(tmp_path: Path) -> None:
    one, other = Counts(tmp_path), Counts(tmp_path)
    one.tally.reloads["done"] += 3
    other.tally.reloads["done"] += 2
    other.write()
    assert one.all().reloads["done"] == 5
    # Without a second's wait: a scrape that comes to the other process sees no less.
    assert other.all().reloads["done"] == 5
