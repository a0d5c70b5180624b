"""Tests that take minutes: `make deep` sets CHAINRULE_DEEP to how many files are to be damaged, and runs killed in proportion."""

from __future__ import annotations

import os

FILES = int(os.environ.get("CHAINRULE_DEEP", "0"))
SEED = int(os.environ.get("CHAINRULE_SEED", "0"))
collect_ignore_glob = [] if FILES else ["test_*.py"]


def pytest_report_header() -> str:
    return f"deep: {FILES:,} damaged files from seed {SEED} (CHAINRULE_SEED)"
