"""The widget: the same view in a notebook, over the notebook's own wire."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ChainruleError, ConfigError
from chainrule.playground.bundle import joined_style, linked
from chainrule.playground.commands import handle
from chainrule.playground.frames import Frames
from chainrule.playground.protocol import Command, Hello, command_from
from chainrule.playground.runner import Runner
from chainrule.playground.server import static_files
from chainrule.playground.session import Session
from chainrule.playground.spec import DEFAULT, spec_from_json, spec_to_json
from chainrule.playground.start import first_session
from chainrule.playground.viewer import Viewer
from chainrule.playground.wire import Message, decode, error_message
from chainrule.tree import leaves

try:
    import anywidget
    import traitlets
except ImportError as missing:
    raise ConfigError(
        "anywidget, which shows the Playground in a notebook",
        "an installation without it",
        "Install it with: pip install 'chainrule[notebook]'.",
    ) from missing

if TYPE_CHECKING:
    import pandas as pd


class Playground(anywidget.AnyWidget):
    """The Playground in Jupyter, marimo, or wherever else anywidget shows.

    Parameters
    ----------
    data : str, Path or DataFrame, optional
        The name of a data set, a table's file, or a table in memory.
    target : str, optional
        The column to predict.
    model : str or Path, optional
        A model file of dense layers to look into.
    **settings
        Settings of the spec: `layers=[{"units": 8}]`, `learning_rate=0.1`, `optimizer="adam"`.

    Examples
    --------
    >>> playground = chainrule.Playground("spiral", layers=[{"units": 8}, {"units": 8}])  # doctest: +SKIP
    """

    _is_open = False
    # A page of its own could upload by HTTP; a notebook's view sends a table as a buffer.
    features = traitlets.Dict({"standalone": False, "uploads": None}).tag(sync=True)

    def __init__(
        self,
        data: str | Path | pd.DataFrame | None = None,
        *,
        target: str | None = None,
        model: str | Path | None = None,
        **settings: Any,
    ) -> None:
        session = _session(data, target, model, settings)
        files = static_files()
        self._pumping: asyncio.Task[None] | None = None
        self._runner = Runner(session, self._on_change)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="playground-views", daemon=True)
        self._thread.start()
        self._viewer = self._in_loop(self._view())
        self._is_open = True
        self._esm = linked(files)
        self._css = joined_style(files)
        super().__init__()
        self.on_msg(self._on_message)

    async def _view(self) -> Viewer:
        self._frames = Frames(self._runner)
        return Viewer(_Comm(self), self._runner, self._frames)

    def _in_loop(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=60)

    def _on_change(self, news: list[Message], version: int) -> None:
        """Called in the runner's thread."""
        if self._is_open and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._tell, news, version)

    def _tell(self, news: list[Message], version: int) -> None:
        self._frames.forget()
        self._viewer.tell(news, version)

    def _on_message(self, widget: Any, content: Any, buffers: Sequence[Any] | None) -> None:
        """Take a command of the view; the kernel's thread does not wait for it."""
        try:
            command = command_from(content, [bytes(part) for part in buffers or ()])
        except ChainruleError as error:
            self._loop.call_soon_threadsafe(self._viewer.say, [error_message(error, "command")])
            return
        asyncio.run_coroutine_threadsafe(self._carry_out(command), self._loop)

    async def _carry_out(self, command: Command) -> None:
        await self._viewer.carry_out(command)
        if self._pumping is None and isinstance(command, Hello):
            # A view that has not said hello could make nothing of a frame.
            self._pumping = asyncio.ensure_future(self._viewer.pump())

    def ask(self, kind: str, /, **fields: Any) -> dict[str, Any]:
        """Carry out a command of the protocol, as a click in the view would, and return its answer.

        Raises
        ------
        ConfigError
            Where the view would show an error.
        """
        command = command_from({"type": kind, **fields})
        answers = self._runner.ask(lambda session: handle(session, command)).result(timeout=600)
        answer = answers[-1].header() if answers else {}
        if answer.get("type") == "error":
            raise ConfigError(answer["expected"], answer["came"], answer["remedy"])
        return answer

    def run(self) -> None:
        """Train until told to pause; the notebook is free meanwhile."""
        self.ask("run")

    def pause(self) -> None:
        """Stop training where it is."""
        self.ask("pause")

    @property
    def spec(self) -> dict[str, Any]:
        """What the controls say now."""
        return self._runner.ask(lambda session: spec_to_json(session.spec)).result(timeout=600)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """Copies of the weights as they are now, by name."""

        def copies(session: Session) -> dict[str, np.ndarray]:
            return {name: np.array(value) for name, value in leaves(session.learner.trainer.params)}

        return self._runner.ask(copies).result(timeout=600)

    def close(self) -> None:
        """End training and the view."""
        if self._is_open:
            self._is_open = False
            self._in_loop(self._end())
            self._runner.close()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=5)
            self._loop.close()
        super().close()

    async def _end(self) -> None:
        if self._pumping is not None:
            self._pumping.cancel()
            await asyncio.gather(self._pumping, return_exceptions=True)


class _Comm:
    """The notebook's wire as a viewer's: content and buffers travel apart there."""

    def __init__(self, widget: Playground) -> None:
        self._widget = widget

    async def send(self, data: str | bytes) -> None:
        if isinstance(data, str):
            self._widget.send(json.loads(data))
            return
        content, buffers = decode(data)
        self._widget.send(content, buffers)


def _session(
    data: str | Path | pd.DataFrame | None, target: str | None, model: str | Path | None, settings: Mapping[str, Any]
) -> Session:
    spec = spec_to_json(spec_from_json(settings)) if settings else spec_to_json(DEFAULT)
    if target is not None:
        spec["data"]["target"] = target
    known = spec_from_json(spec)
    path = None if model is None else Path(model)
    if data is None or isinstance(data, (str, Path)):
        return first_session(None if data is None else str(data), path, spec=known)
    from chainrule.sources.source import Source

    frame = data.rename(columns=str).reset_index(drop=True)
    return first_session(None, path, spec=known, source=Source("table", frame))
