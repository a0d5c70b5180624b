"""The commands: what each of the protocol does to a session, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chainrule.errors import ChainruleError, ConfigError, DataError
from chainrule.playground import answers, derivations, exports, protocol, saved, storage
from chainrule.playground.build import renumbered
from chainrule.playground.catalogue import welcome
from chainrule.playground.protocol import Command, name_of
from chainrule.playground.race import Race
from chainrule.playground.session import Session
from chainrule.playground.spec import LayerSpec, spec_from_json, spec_to_json, spec_with
from chainrule.playground.wire import Message, error_message
from chainrule.tree import leaves

MOST_DRAWN = 5000


def _hello(session: Session, command: protocol.Hello) -> list[Message]:
    return [welcome(), session.state()]


def _set(session: Session, command: protocol.Set) -> list[Message]:
    session.change(spec_with(session.spec, command.path, command.value))
    return [session.state()]


def _spec(session: Session, command: protocol.SetSpec) -> list[Message]:
    drawn = None if command.drawn is None else _points_of(command.drawn)
    session.replace_spec(spec_from_json(command.spec), drawn, command.sha256)
    return [session.state()]


def _run(session: Session, command: protocol.TrainOn) -> list[Message]:
    session.run()
    return [session.state()]


def _pause(session: Session, command: protocol.Pause) -> list[Message]:
    session.pause()
    return [session.state()]


def _step(session: Session, command: protocol.TakeStep) -> list[Message]:
    session.running = False
    shown = session.learner.step(command.unit)
    session.changed()
    if shown is None:
        return [session.state()]
    position = session.learner.trainer.position.to_json(session.spec.batch_size)
    return [Message("substep", {**shown, "position": position})]


def _moved(session: Session, move: Callable[[], None]) -> list[Message]:
    move()
    session.running = False
    session.changed()
    return [session.state()]


def _back(session: Session, command: protocol.Back) -> list[Message]:
    return _moved(session, session.learner.back)


def _goto(session: Session, command: protocol.Goto) -> list[Message]:
    return _moved(session, lambda: session.learner.goto(command.checkpoint))


def _rewind(session: Session, command: protocol.Rewind) -> list[Message]:
    return _moved(session, session.learner.rewind)


def _reset(session: Session, command: protocol.Reset) -> list[Message]:
    seed = (session.spec.init_seed + 1) % 2**31 if command.seed is None else command.seed
    return _moved(session, lambda: session.redraw(spec_with(session.spec, "init_seed", seed)))


def _edit(session: Session, command: protocol.Edit) -> list[Message]:
    session.learner.edit(command.param, tuple(command.index), float(command.value))
    session.changed()
    return [session.state()]


def _add_layer(session: Session, command: protocol.AddLayer) -> list[Message]:
    layers = list(session.spec.layers)
    at = len(layers) if command.at is None else command.at
    if at > len(layers):
        raise ConfigError(f"a place from 0 to {len(layers)} for a layer", f"{at}", "Count from 0.")
    like = layers[min(at, len(layers) - 1)] if layers else LayerSpec(2)
    layers.insert(at, replace(like, dropout=0.0))
    return _with_layers(session, layers, at, 1)


def _remove_layer(session: Session, command: protocol.RemoveLayer) -> list[Message]:
    layers = list(session.spec.layers)
    at = len(layers) - 1 if command.at is None else command.at
    if not 0 <= at < len(layers):
        raise ConfigError("the number of a hidden layer", f"{at}", f"There are {len(layers)}, counted from 0.")
    del layers[at]
    return _with_layers(session, layers, at, -1)


def _with_layers(session: Session, layers: list[LayerSpec], at: int, change: int) -> list[Message]:
    named = renumbered(dict(leaves(session.learner.trainer.params)), at, change)
    session.change(replace(session.spec, layers=tuple(layers)), named)
    return [session.state()]


def _points(session: Session, command: protocol.Points) -> list[Message]:
    drawn = [] if command.clear else list(session.drawn)
    session.draw(_points_of([*drawn, *command.add]))
    return [session.state()]


def _points_of(drawn: Sequence[Sequence[float]]) -> list[tuple[float, float, float]]:
    if len(drawn) > MOST_DRAWN:
        raise DataError(f"at most {MOST_DRAWN:,} drawn points", f"{len(drawn):,}", "Clear some, or upload a table.")
    return [(float(x), float(y), float(t)) for x, y, t in drawn]


def _probe(session: Session, command: protocol.Probe) -> list[Message]:
    return [answers.probe(session.learner, command)]


def _derive(session: Session, command: protocol.Derive) -> list[Message]:
    return [derivations.derivation(session.learner, command)]


def _keep_run(session: Session, command: protocol.KeepRun) -> list[Message]:
    session.runs.keep(command.name, session.learner.curve, spec_to_json(session.spec))
    session.changed()
    return [session.state()]


def _drop_run(session: Session, command: protocol.DropRun) -> list[Message]:
    session.runs.drop(command.run)
    session.changed()
    return [session.state()]


def _race(session: Session, command: protocol.Race) -> list[Message]:
    race = Race(session.scene, session.learner.initial, tuple(command.optimizers), command.epochs)
    session.pause()
    session.race = race
    return [session.state()]


def _save(session: Session, command: protocol.Save) -> list[Message]:
    return [saved.saved(session)]


def _keep(session: Session, command: protocol.Keep) -> list[Message]:
    return [saved.kept(session)]


def _follow_me(session: Session, command: protocol.FollowMe) -> list[Message]:
    raise ConfigError("a page of `chainrule play`", "a view in a notebook", "Share the notebook instead.")


def _open(session: Session, command: protocol.Open) -> list[Message]:
    saved.open_session(session, command.session)
    return [session.state()]


def _export(session: Session, command: protocol.Export) -> list[Message]:
    return [exports.exported(session.learner, command)]


def _cell(session: Session, command: protocol.Cell) -> list[Message]:
    return [answers.cell(session.learner, command)]


def _upload(session: Session, command: protocol.Upload) -> list[Message]:
    return [session.add_source(storage.read_upload(command.name, command.data))]


def _nothing(session: Session, command: Command) -> list[Message]:
    """Acknowledge frames and show the budget: those are the transport's own."""
    return []


HANDLERS: Mapping[type[Command], Callable[[Session, Any], list[Message]]] = {
    protocol.Hello: _hello,
    protocol.Set: _set,
    protocol.SetSpec: _spec,
    protocol.TrainOn: _run,
    protocol.Pause: _pause,
    protocol.TakeStep: _step,
    protocol.Back: _back,
    protocol.Goto: _goto,
    protocol.Rewind: _rewind,
    protocol.Reset: _reset,
    protocol.Edit: _edit,
    protocol.AddLayer: _add_layer,
    protocol.RemoveLayer: _remove_layer,
    protocol.Points: _points,
    protocol.Probe: _probe,
    protocol.Derive: _derive,
    protocol.KeepRun: _keep_run,
    protocol.DropRun: _drop_run,
    protocol.Race: _race,
    protocol.Save: _save,
    protocol.Keep: _keep,
    protocol.FollowMe: _follow_me,
    protocol.Open: _open,
    protocol.Export: _export,
    protocol.Cell: _cell,
    protocol.Upload: _upload,
    protocol.Ack: _nothing,
    protocol.Budget: _nothing,
}


def handle(session: Session, command: Command) -> list[Message]:
    """Carry a command out and return its answers, or the error that tells why not."""
    try:
        found = HANDLERS[type(command)](session, command)
    except ChainruleError as error:
        found = [error_message(error, name_of(type(command)))]
    return [message.answering(command) for message in found]
