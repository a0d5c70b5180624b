"""Going on with a text: one token after the other, each drawn from what the model says may come next."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chainrule.encode.language import LanguageEncoding
from chainrule.encode.tokens import CHARACTERS, UNKNOWN, tokens_of
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError
from chainrule.network.carried import Carried, forward_carried, start_state
from chainrule.saved.model import Model
from chainrule.seeds import Purpose, generator
from chainrule.tree import leaves
from chainrule.types import PREDICT


def generated(model: Model, start: str, *, length: int = 200, temperature: float = 0.8, seed: int = 0) -> str:
    """Return a text that begins with `start`, and so many tokens more.

    Parameters
    ----------
    length : int
        Tokens that are written.
    temperature : float
        By which the logits are divided: below 1 surer, above 1 more varied; 0 takes the likeliest each time.
    seed : int
        Names what is drawn.

    Raises
    ------
    ConfigError
        If the model is no language model.
    """
    encoding = _language(model)
    if length < 0 or temperature < 0 or not np.isfinite(temperature):
        raise ConfigError("a `length` and a `temperature` of at least 0", f"{length} and {temperature:g}", "Change it.")
    given = encoding.vocabulary.ids_of(start)
    numbers = list(_numbers(model, given, length, temperature, seed))
    if encoding.vocabulary.unit == CHARACTERS:
        return start + encoding.text_of(numbers)
    # What was given stays as it was written; of words, what follows is parted from it.
    rest = encoding.text_of(numbers)
    return f"{start} {rest}" if start and numbers else start + rest


def unknown_in(model: Model, start: str) -> list[str]:
    """Return the tokens of a start that the model does not know."""
    vocabulary = _language(model).vocabulary
    tokens = tokens_of(start, vocabulary.unit)
    return [token for token, number in zip(tokens, vocabulary.ids(tokens), strict=True) if number <= UNKNOWN + 1]


def _language(model: Model) -> LanguageEncoding:
    encoding = model.prepared_by.encoding
    if not isinstance(encoding, LanguageEncoding):
        raise ConfigError(
            "a language model, trained with `task=next`",
            f"a model of {model.prepared_by.target.name!r}",
            "Name the run of one, or use `chainrule predict`.",
        )
    return encoding


def _numbers(model: Model, given: list[int], length: int, temperature: float, seed: int) -> Iterator[int]:
    """Yield the ids that are drawn; recurrent layers carry their state, others see the last T tokens."""
    network, encoding = model.network, _language(model)
    rng = generator(seed, Purpose.SAMPLE)
    dtype = next(str(value.dtype) for _, value in leaves(model.params))
    state: Carried = start_state(network, NUMPY, 1, dtype)
    # Where nothing is given, it begins after the likeliest place to begin: an unknown token says nothing.
    seen = given or [UNKNOWN]
    unread = list(seen)
    for _ in range(length):
        window = unread if state else seen[-network.input_shape[0] :]
        a, _, state = forward_carried(network, NUMPY, model.params, np.array([window], np.int32), PREDICT, state)
        number = _drawn(rng, np.asarray(a[0, -1], np.float64), temperature, encoding.never)
        seen.append(number)
        unread = [number]
        yield number


def _drawn(rng: np.random.Generator, a: np.ndarray, temperature: float, never: np.ndarray) -> int:
    a[never] = -np.inf
    if temperature == 0:
        return int(a.argmax())
    a = (a - a.max()) / temperature
    p = np.exp(a)
    return int(rng.choice(len(p), p=p / p.sum()))
