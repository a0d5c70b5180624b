"""The tally: what came in and how it was answered, counted; as JSON between processes, as text for Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chainrule.serve.asked import Asked
from chainrule.serve.columns import Column

# Upper ends, in seconds.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(eq=False)
class Tally:
    """Counts since the server started.

    Attributes
    ----------
    requests : counter by (path, status)
    latency : counter by the number of a bucket, of predictions
    seconds : float
        Of all predictions together.
    rows : int
        Samples that were answered for.
    unknown, missing, values, outside : counters by column
        Cells with a category that training did not see; without a value; with one; and with one outside of what
        training saw.
    reloads : counter by `done` or `failed`
    """

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    latency: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    rows: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    outside: Counter[str] = field(default_factory=Counter)
    reloads: Counter[str] = field(default_factory=Counter)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        self.requests[path, status] += 1
        if path == "/predict":
            self.latency[bisect_left(BUCKETS, seconds)] += 1
            self.seconds += seconds

    def predicted(self, asked: Asked, columns: Sequence[Column]) -> None:
        """Count the samples of a request, and the cells of each column."""
        self.rows += asked.n
        for column, filled, outside in zip(columns, asked.filled.tolist(), asked.outside.tolist(), strict=True):
            name = column.name
            self.missing[name] += asked.n - filled
            if column.tells_drift:
                self.values[name] += filled
                self.outside[name] += outside
        for name, count in asked.findings.unknown.items():
            self.unknown[name] += count

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON-able data."""
        counts = {name: dict(getattr(self, name)) for name in ("unknown", "missing", "values", "outside", "reloads")}
        return counts | {
            "requests": [[path, status, count] for (path, status), count in self.requests.items()],
            "latency": [[bucket, count] for bucket, count in self.latency.items()],
            "seconds": self.seconds,
            "rows": self.rows,
        }

    def add(self, other: Mapping[str, Any]) -> None:
        """Add the counts that another process's `to_json` returned."""
        for path, status, count in other["requests"]:
            self.requests[path, status] += count
        for bucket, count in other["latency"]:
            self.latency[bucket] += count
        for name in ("unknown", "missing", "values", "outside", "reloads"):
            getattr(self, name).update(other[name])
        self.seconds += other["seconds"]
        self.rows += other["rows"]

    def text(self, model: str) -> str:
        """Return all counts in Prometheus' text format."""
        total = sum(self.latency.values())
        parts = [
            _family(
                "requests_total",
                "counter",
                "Requests, by path and status.",
                (
                    (f'path="{path}",status="{status}"', count)
                    for (path, status), count in sorted(self.requests.items())
                ),
            ),
            _family("request_seconds", "histogram", "Time from a prediction's head to the end of its answer.", ()),
        ]
        below = 0
        for i, end in enumerate(BUCKETS):
            below += self.latency[i]
            parts.append(f'chainrule_request_seconds_bucket{{le="{end:g}"}} {below}\n')
        parts.append(f'chainrule_request_seconds_bucket{{le="+Inf"}} {total}\n')
        parts.append(f"chainrule_request_seconds_sum {self.seconds!r}\nchainrule_request_seconds_count {total}\n")
        parts.append(_family("rows_total", "counter", "Rows, pictures or sounds answered for.", [("", self.rows)]))
        for name, what in _BY_COLUMN.items():
            parts.append(_family(f"{name}_total", "counter", what, _labelled(getattr(self, _FIELDS[name]))))
        shares = {name: self.outside[name] / count for name, count in self.values.items() if count}
        parts.append(
            _family("drift", "gauge", "Share of a column's values outside of what training saw.", _labelled(shares))
        )
        reloads = ((f'result="{result}"', count) for result, count in sorted(self.reloads.items()))
        parts.append(_family("reloads_total", "counter", "Times that the model was read anew.", reloads))
        parts.append(_family("model_info", "gauge", "The model that answers.", [(f'model="{model}"', 1)]))
        return "".join(parts)


_BY_COLUMN = {
    "unknown_categories": "Cells with a category that training did not see.",
    "missing_cells": "Cells without a value.",
    "values": "Cells with a value, of columns whose range in training is known.",
    "values_outside_training": "Such cells outside of what training saw.",
}
_FIELDS = {
    "unknown_categories": "unknown",
    "missing_cells": "missing",
    "values": "values",
    "values_outside_training": "outside",
}


def _labelled(counts: Mapping[str, float]) -> Iterable[tuple[str, float]]:
    return ((f'column="{_escaped(name)}"', count) for name, count in sorted(counts.items()))


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").encode("utf-8", "replace").decode()


def _family(name: str, kind: str, what: str, samples: Iterable[tuple[str, float]]) -> str:
    full = f"chainrule_{name}"
    lines = [f"# HELP {full} {what}", f"# TYPE {full} {kind}"]
    lines += [f"{full}{{{labels}}} {value!r}" if labels else f"{full} {value!r}" for labels, value in samples]
    return "\n".join(lines) + "\n"
