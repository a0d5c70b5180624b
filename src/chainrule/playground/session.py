"""The session: a Playground without transport. Commands go in, messages come out; it knows no socket and no thread."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chainrule.errors import ChainruleError, DataError
from chainrule.playground.build import carried_over, initial_weights, with_inputs
from chainrule.playground.data import Data
from chainrule.playground.fitting import fitted_to
from chainrule.playground.frame import Snapshot
from chainrule.playground.learner import WatchedLearner
from chainrule.playground.race import Race
from chainrule.playground.runs import Runs
from chainrule.playground.scene import Scene, scene_of
from chainrule.playground.sources import load_data
from chainrule.playground.spec import DEFAULT, Effect, Spec, effect_of, spec_to_json
from chainrule.playground.state import state_message
from chainrule.playground.storage import uploaded
from chainrule.playground.trainer import Position
from chainrule.playground.wire import Message, error_message
from chainrule.tree import leaves

if TYPE_CHECKING:
    from chainrule.sources.source import Source

MOST_UPLOADS = 8
# Of one page: forty may have theirs in one process.
MOST_HELD_BYTES = 256 << 20


class Session:
    """One Playground: a spec, its data, a network that learns, and what was kept of it.

    Parameters
    ----------
    spec : Spec
        Where it starts.
    sources : mapping, optional
        Tables by the names `upload:1`, …, which a spec may name as its data.
    """

    def __init__(self, spec: Spec = DEFAULT, sources: Mapping[str, Source] | None = None) -> None:
        self.sources: dict[str, Source] = dict(sources or {})
        self.drawn: list[tuple[float, float, float]] = []
        self.running = False
        self.runs = Runs()
        self.race: Race | None = None
        self.version = 0
        self._reset = ""
        self._news: list[Message] = []
        data = load_data(spec.data, self.sources, self.drawn)
        self.sha256 = data.sha256()
        scene = scene_of(fitted_to(spec, data, None), data)
        self.learner = WatchedLearner(scene, initial_weights(scene.spec, scene.network))

    def fork(self) -> Session:
        """Return another session at the same place, at rest: what never changes is shared, what learns is copied."""
        other = copy.copy(self)
        other.sources, other.drawn, other.runs = dict(self.sources), list(self.drawn), self.runs.fork()
        other.running, other.race, other.version = False, None, 0
        other._reset, other._news = "", []
        other.learner = self.learner.fork()
        return other

    # What a transport asks for

    def advance(self, seconds: float) -> float:
        """Train for about so long if it runs; return how long to rest after it."""
        if self.race is not None:
            self._race_on(self.race, seconds)
            return 0.0
        if not self.running:
            return 0.0
        rest = self.learner.advance(seconds)
        if self.learner.events:
            self._take_events()
        return rest

    @property
    def is_busy(self) -> bool:
        """Whether `advance` has something to do."""
        return self.running or self.race is not None

    def news(self) -> list[Message]:
        """Return the messages for all views that have come up since the last call."""
        self._take_events()
        news, self._news = self._news, []
        return news

    def tell(self, kind: str, text: str) -> None:
        """Tell all views of something that happened to this session."""
        epoch = self.learner.trainer.position.epoch
        self._news.append(Message("event", {"kind": kind, "epoch": epoch, "text": text}))

    def fail(self, error: ChainruleError) -> None:
        """Tell all views of a failure that no command caused."""
        self._news.append(error_message(error, "training"))
        self.changed()

    def snapshot(self) -> Snapshot:
        """Return a copy of what a frame shows."""
        learner = self.learner
        return Snapshot(
            learner.scene,
            learner.trainer.params.like(learner.trainer.params.flat.copy()),
            learner.serial,
            self.running,
            learner.trainer.position.to_json(learner.scene.spec.batch_size),
            learner.trainer.seconds,
            learner.trainer.rate,
            learner.epochs_per_second,
            learner.train,
            learner.test,
            learner.curve.tail(),
        )

    def state(self) -> Message:
        """Return the state as it is now."""
        return state_message(
            self.learner,
            running=self.running,
            kept=self.runs.to_json(),
            reset=self._reset,
            notes=self.scene.data.notes,
            sha256=self.sha256,
            drawn=self.drawn if self.spec.data.name == "drawn" else (),
            version=self.version,
        )

    @property
    def scene(self) -> Scene:
        """Return the learner's."""
        return self.learner.scene

    @property
    def spec(self) -> Spec:
        """Return the scene's."""
        return self.scene.spec

    # What commands do

    def run(self) -> None:
        """Train until told to pause."""
        self.running = True
        self.learner.begin()
        self.changed()

    def pause(self) -> None:
        """Stop training where it is."""
        self.running = False
        self.learner.rest()
        self.learner.measure()
        self.changed()

    def changed(self) -> None:
        """Say that views must get the state anew."""
        self.version += 1

    def change(self, spec: Spec, weights: Mapping[str, Any] | None = None) -> None:
        """Take another spec, with as little reset as it allows.

        Parameters
        ----------
        weights : mapping, optional
            Those to carry over into another shape, by the names that they are to have there.
        """
        effect = effect_of(self.spec, spec)
        if effect in (Effect.VIEW, Effect.LEARNING):
            self._reset = ""
            self.learner.look_from(scene_of(spec, self.scene.data, self.scene))
            self.changed()
        elif effect is Effect.NETWORK:
            self._use(self._grown(spec, weights), "the network has another shape; untouched weights are kept")
        elif effect is Effect.WEIGHTS:
            self.redraw(spec)
        elif effect is Effect.DATA:
            self.replace_data(spec)

    def redraw(self, spec: Spec) -> None:
        """Take new initial weights on the same data."""
        self._use(_fresh(scene_of(spec, self.scene.data, self.scene)), "new initial weights")

    def replace_spec(
        self, spec: Spec, drawn: list[tuple[float, float, float]] | None = None, sha256: str | None = None
    ) -> None:
        """Take a whole spec from elsewhere; only what is impossible with its data is adapted.

        Parameters
        ----------
        drawn : list, optional
            The drawn points that belong to it; those that are here if left out.
        sha256 : str, optional
            How the digest of its data begins: an upload's number is another table elsewhere.
        """
        points = self.drawn if drawn is None else drawn
        same = spec.data == self.spec.data and points == self.drawn
        data = self.scene.data if same else load_data(spec.data, self.sources, points)
        if sha256 is not None and not data.sha256().startswith(sha256):
            raise DataError("the table that this set-up was made with", "another one", "Upload that table first.")
        self._take_data(fitted_to(spec, data, None), data, "other settings")
        self.drawn, self.running = points, False

    def replace_data(self, spec: Spec) -> None:
        """Take other data, and new initial weights."""
        data = load_data(spec.data, self.sources, self.drawn)
        self._take_data(fitted_to(spec, data, self.scene.data), data, "other data")

    def _take_data(self, spec: Spec, data: Data, reason: str) -> None:
        self._use(_fresh(scene_of(spec, data)), reason)
        self.sha256 = data.sha256()

    def draw(self, drawn: list[tuple[float, float, float]]) -> None:
        """Take drawn points as the data; a network that fits them goes on with the weights that it has."""
        spec = replace(self.spec, data=replace(self.spec.data, name="drawn", target=None, kinds={}))
        data = load_data(spec.data, self.sources, drawn)
        scene = scene_of(fitted_to(spec, data, self.scene.data), data)
        before = self.learner
        learner = _fresh(scene)
        if [*leaves(scene.network.specs)] == [*leaves(self.scene.network.specs)]:
            learner.initial = before.initial
            learner.rewind()
            now = before.trainer.state()
            learner.resume(replace(now, position=Position(now.position.epoch, 0, now.position.step)))
        self.drawn = drawn
        self._use(learner, "other data")
        self.sha256 = data.sha256()

    def resume(self, learner: WatchedLearner, sha256: str) -> None:
        """Go on with the learner of a saved session."""
        self.running = False
        self._use(learner, "a saved session")
        self.sha256 = sha256

    def add_source(self, source: Source) -> Message:
        """Take in a table that was uploaded; a spec may name it from now on."""
        in_use = self.spec.data.name
        for name in [name for name in self.sources if name != in_use]:
            # The oldest give way; the one that is trained on stays.
            if len(self.sources) < MOST_UPLOADS and self._held + _bytes(source) <= MOST_HELD_BYTES:
                break
            del self.sources[name]
        if self._held + _bytes(source) > MOST_HELD_BYTES:
            came = f"{_bytes(source) >> 20:,} MiB beside the {self._held >> 20:,} MiB that are trained on"
            remedy = "Choose another data set first, upload a part of it, or use `chainrule train`."
            raise DataError(f"tables of at most {MOST_HELD_BYTES >> 20} MiB in memory", came, remedy)
        number = 1 + max((int(name.split(":")[1]) for name in self.sources), default=0)
        self.sources[f"upload:{number}"] = source
        return uploaded(f"upload:{number}", source)

    @property
    def _held(self) -> int:
        return sum(_bytes(source) for source in self.sources.values())

    def _use(self, learner: WatchedLearner, reason: str) -> None:
        learner.serial = self.learner.serial + 1
        self.learner = learner
        self.race = None
        self._reset = reason
        self.changed()

    def _grown(self, spec: Spec, weights: Mapping[str, Any] | None) -> WatchedLearner:
        """Return a learner of another shape, in which the weights live on that both have a place for."""
        named = dict(leaves(self.learner.trainer.params)) if weights is None else dict(weights)
        scene = scene_of(spec, self.scene.data, self.scene)
        fresh = initial_weights(spec, scene.network)
        if spec.inputs != self.spec.inputs:
            named = with_inputs(named, self.scene.features.names, scene.features.names, fresh)
        return WatchedLearner(scene, carried_over(fresh, named))

    def _take_events(self) -> None:
        events, self.learner.events = self.learner.events, []
        kinds = {event.content["kind"] for event in events}
        if self.running and ("stopped" in kinds or not math.isfinite(self.learner.train.cost)):
            self.pause()
        self._news += events

    def _race_on(self, race: Race, seconds: float) -> None:
        race.advance(seconds)
        if not race.is_over:
            return
        for name, scene, _, curve in race.lanes:
            self.runs.keep(f"{scene.data.name}: {name}", curve, spec_to_json(scene.spec))
        self._news.append(Message("event", {"kind": "decided", "epoch": race.epochs, "text": race.verdict()}))
        self._news.append(Message("history", {"runs": self.runs.to_json()}))
        self.race = None
        self.changed()


def _bytes(source: Source) -> int:
    # Column by column: pandas' own sum is a Series by name, and a name may be half a surrogate pair, which Arrow refuses.
    frame = source.frame
    return sum(int(frame.iloc[:, i].memory_usage(index=False, deep=True)) for i in range(frame.shape[1]))


def _fresh(scene: Scene) -> WatchedLearner:
    return WatchedLearner(scene, initial_weights(scene.spec, scene.network))
