"""Sessions as files: saved with every number that the next step depends on, and opened to go on from there."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.engine.numpy import NumpyEngine
from chainrule.engine.store import Store
from chainrule.errors import ChainruleError, ConfigError, DataError
from chainrule.network.network import Network
from chainrule.playground.build import initial_weights
from chainrule.playground.learner import WatchedLearner
from chainrule.playground.runs import MOST_POINTS, Curve, Runs
from chainrule.playground.scene import scene_of
from chainrule.playground.session import Session
from chainrule.playground.sources import load_data
from chainrule.playground.spec import Spec, spec_from_json, spec_to_json
from chainrule.playground.trainer import Position, TrainerState
from chainrule.playground.wire import Message, finite
from chainrule.tree import fill, leaves
from chainrule.web.guard import MOST_COMMAND_BYTES

FORMAT = "chainrule-playground"
_FIELDS = frozenset(
    {
        "format",
        "version",
        "spec",
        "drawn",
        "sha256",
        "position",
        "rule_step",
        "seconds",
        "initial",
        "weights",
        "moments",
    }
    | {"curve"}
)
# Beside these, the kept runs: files of before had none.
_OPTIONAL = frozenset({"runs"})
# A page asks for what it keeps every few seconds: of more weights that would cost more than it is good for.
MOST_KEPT_WEIGHTS = 20_000
_REMEDY = "Open a file that the Playground saved."


def saved(session: Session) -> Message:
    """Return the session as a file: spec, weights, the optimizer's memory, the position, and a digest of the data."""
    raw = json.dumps(finite(_content(session)), allow_nan=False).encode()
    if len(raw) > MOST_COMMAND_BYTES:
        remedy = "Export the network as a model file instead."
        raise ConfigError(f"a session of at most {MOST_COMMAND_BYTES >> 20} MiB", f"{len(raw) >> 20} MiB", remedy)
    return Message(
        "file",
        {"name": f"{session.spec.data.name.replace(':', '')}.playground.json", "mime": "application/json"},
        (raw,),
    )


def kept(session: Session) -> Message:
    """Return what a page keeps of its session, or why it had better not."""
    count = session.learner.trainer.params.flat.size
    if count > MOST_KEPT_WEIGHTS:
        why = f"{count:,} weights are too many to be kept in the page, which keeps {MOST_KEPT_WEIGHTS:,} at most"
        return Message("kept", {"session": None, "why": why})
    return Message("kept", {"session": _content(session), "why": ""})


def _content(session: Session) -> dict[str, Any]:
    learner = session.learner
    now = learner.trainer.state()
    like = learner.trainer.params.like
    return {
        "format": FORMAT,
        "version": 1,
        "spec": spec_to_json(session.spec),
        "drawn": [list(point) for point in session.drawn],
        "sha256": session.sha256,
        "position": {"epoch": now.position.epoch, "sample": now.position.sample, "step": now.position.step},
        "rule_step": now.rule_step,
        "seconds": now.seconds,
        "initial": _lists(like(learner.initial.weights)),
        "weights": _lists(like(now.weights)),
        "moments": {name: _lists(like(flat)) for name, flat in now.moments.items()},
        "curve": [list(point) for point in learner.curve.thinned()],
        "runs": [
            {"name": run.name, "curve": [list(point) for point in run.curve.thinned()], "spec": dict(run.spec)}
            for run in session.runs
        ],
    }


def _lists(store: Store) -> dict[str, Any]:
    # A float's shortest text reads back as the same float.
    return {path: np.asarray(value, np.float64).tolist() for path, value in leaves(store)}


def open_session(session: Session, saved_session: Mapping[str, Any]) -> None:
    """Go on with a saved session, after everything in it has been checked; what is wrong changes nothing."""
    if (
        saved_session.get("format") != FORMAT
        or saved_session.get("version") != 1
        or set(saved_session) - _OPTIONAL != _FIELDS
    ):
        raise ConfigError("a session of the Playground, version 1", f"{sorted(saved_session)!r:.80}", _REMEDY)
    spec = spec_from_json(saved_session["spec"])
    drawn = _drawn(saved_session["drawn"])
    data = None
    # The number of an upload is of its day: any table here that gives the same numbers is the one.
    names = [spec.data.name, *session.sources] if spec.data.name.startswith("upload:") else [spec.data.name]
    for name in names:
        try:
            found = load_data(_named(spec, name).data, session.sources, drawn)
        except ChainruleError:
            if name == names[-1]:
                raise
            continue
        if found.sha256() == saved_session["sha256"]:
            spec, data = _named(spec, name), found
            break
    if data is None:
        remedy = (
            "Upload the same table first."
            if len(names) > 1 or ":" in spec.data.name
            else "Use the version that saved it."
        )
        raise DataError("the data that the session was saved with", "data with another digest", remedy)
    scene = scene_of(spec, data)
    initial, weights = (_weights(saved_session[name], scene.network, name) for name in ("initial", "weights"))
    learner = WatchedLearner(scene, initial_weights(spec, scene.network))
    engine = NumpyEngine(spec.dtype)

    def place(named: dict[str, np.ndarray]) -> np.ndarray:
        return engine.place(fill(scene.network.specs, named)).flat

    moments = {
        str(name): place(_weights(value, scene.network, name)) for name, value in _table(saved_session["moments"])
    }
    epoch, sample, step = (_whole(saved_session["position"], name) for name in ("epoch", "sample", "step"))
    position = Position(epoch, sample, step)
    if position.sample >= learner.trainer.n:
        raise ConfigError(f"a position below {learner.trainer.n} samples", f"{position.sample}", _REMEDY)
    learner.initial = TrainerState(Position(), 0, 0.0, place(initial), spec.optimizer, {})
    learner.rewind()
    seconds = saved_session["seconds"]
    if not isinstance(seconds, (int, float)) or not 0 <= seconds < 1e12:
        raise ConfigError("seconds in the session", f"{seconds!r:.40}", _REMEDY)
    rule_step = _whole(saved_session, "rule_step")
    learner.resume(TrainerState(position, rule_step, float(seconds), place(weights), spec.optimizer, moments))
    learner.continue_curve(_curve(saved_session["curve"]))
    runs = _runs(saved_session.get("runs", []))
    session.drawn, session.runs = drawn, runs
    session.resume(learner, saved_session["sha256"])


def _curve(points: Any) -> Curve:
    """Return a curve; a cost that was no number was saved as null."""
    right = isinstance(points, list) and all(isinstance(point, list) and len(point) == 3 for point in points)
    if not right or len(points) > 2 * MOST_POINTS:
        raise ConfigError("a curve of three numbers a point", f"{points!r:.60}", _REMEDY)
    found = [tuple(math.nan if value is None else value for value in point) for point in points]
    if not all(type(value) in (int, float) for point in found for value in point):
        raise ConfigError("numbers in a curve", f"{points!r:.60}", _REMEDY)
    return Curve([(float(e), float(a), float(b)) for e, a, b in found], len(found))


def _runs(saved_runs: Any) -> Runs:
    if not isinstance(saved_runs, list):
        raise ConfigError("a list of kept runs", f"{saved_runs!r:.60}", _REMEDY)
    runs = Runs()
    for run in saved_runs:
        if not isinstance(run, dict) or set(run) != {"name", "curve", "spec"} or not isinstance(run["name"], str):
            raise ConfigError("a kept run with its name, curve and spec", f"{run!r:.60}", _REMEDY)
        runs.keep(run["name"], _curve(run["curve"]), spec_to_json(spec_from_json(run["spec"])))
    return runs


def _named(spec: Spec, name: str) -> Spec:
    return spec_from_json(spec_to_json(spec) | {"data": spec_to_json(spec)["data"] | {"name": name}})


def _drawn(points: Any) -> list[tuple[float, float, float]]:
    right = isinstance(points, list) and all(
        isinstance(point, list) and len(point) == 3 and all(type(v) in (int, float) and abs(v) <= 1e6 for v in point)
        for point in points
    )
    if not right:
        raise ConfigError("drawn points of three numbers", f"{points!r:.60}", _REMEDY)
    return [(float(x), float(y), float(t)) for x, y, t in points]


def _table(value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise ConfigError("the optimizer's memory as a table", f"{value!r:.60}", _REMEDY)
    return list(value.items())


def _whole(table: Any, name: str) -> int:
    value = table.get(name) if isinstance(table, Mapping) else None
    if type(value) is not int or not 0 <= value < 2**53:
        raise ConfigError(f"{name} to be a whole number", f"{value!r:.40}", _REMEDY)
    return value


def _weights(named: Any, network: Network, what: str) -> dict[str, np.ndarray]:
    wanted = dict(leaves(network.specs))
    if not isinstance(named, dict) or set(named) != set(wanted):
        raise ConfigError(f"{what} with the parameters {', '.join(wanted)}", f"{named!r:.60}", _REMEDY)
    found = {}
    for path, values in named.items():
        try:
            array = np.asarray(values, dtype=np.float64)
        except (ValueError, TypeError) as error:
            raise ConfigError(f"numbers in {what} of {path}", f"{values!r:.60}", _REMEDY) from error
        if array.shape != wanted[path].shape or not np.isfinite(array).all():
            raise ConfigError(f"{what} of {path} as numbers of shape {wanted[path].shape}", f"{array.shape}", _REMEDY)
        found[path] = array
    return found
