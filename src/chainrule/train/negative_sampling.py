"""Negative sampling: what word vectors minimise, and its gradient by hand, for whole passages of text at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from chainrule.constraints import check_fields, option, real, whole
from chainrule.engine import Engine, placed
from chainrule.errors import DataError, ShapeError
from chainrule.types import PREDICT, Array, Batch, Context, Namespace, Params, RowGradient, as_dense

PARTS = ("words", "sentences", "reach", "noise")


@dataclass(frozen=True)
class NegativeSampling:
    r"""The cost of telling the words that stand near each other from words that were drawn at random.

    For a word c with the vector v of the table E, a word o near it with the vector u of the table U, and noise words k::

        skip-gram  J = -log σ(uₒ·v) - Σₖ log σ(-uₖ·v)        v = E[c], for each o near c
        CBOW       the same for o = c itself, with v the mean of E over the words near c

        backward   a = u·v, and ∂J/∂a = σ(a) - t             t = 1 for o, 0 for noise
                   dv = Σ ∂J/∂a · u      du = ∂J/∂a · v      dE = dv, in CBOW shared by the n words near: dv / n

    A sample is a passage: C words in a row as centres, with W words on either side. All pairs of a passage are products
    of the same few vectors, of which those that are no pairs are masked. A passage has K noise words, which its centres
    share; each pair counts them as `negative` of them, and leaves out one that is its own target.

    Mikolov et al., 2013, Distributed representations of words and phrases and their compositionality, eq. 4.

    Parameters
    ----------
    words : int
        V, the words of the vocabulary.
    units : int
        D, numbers in a vector.
    negative : int
        Noise words that a pair counts.
    model : str
        `skipgram` or `cbow`.
    share : float
        What a pair counts for in J: 1 for the sum over all pairs, 1 / pairs of a batch for their mean.

    Notes
    -----
    x of a batch is a mapping of int arrays: `words` (N, W + C + W) by number, `sentences` of the same shape (words of
    different ones are not near each other; -1 is padding), `reach` (N, C), how far each centre looks, from 0 for no
    centre to W, and `noise` (N, K).
    """

    words: int = whole(2)
    units: int = whole(1)
    negative: int = whole(1, default=5)
    model: str = option("skipgram", "cbow", default="skipgram")
    share: float = real(0.0, low_open=True, default=1.0)

    is_random: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self)

    @property
    def operations(self) -> int:
        """Of a passage of 16 centres that look at 5 words on either side, with 16 noise words."""
        return 16 * (26 + 16) * self.units

    @property
    def ignorant(self) -> float:
        """The cost of a pair where all vectors are zero: (1 + negative) log 2. More than this is worse than knowing nothing."""
        return float((1 + self.negative) * np.log(2.0))

    def init(self, rng: np.random.Generator) -> Params:
        """Return E (V, D), uniform within 1 / 2D of 0, and U (V, D), zeros."""
        half = 0.5 / self.units
        return {"E": rng.uniform(-half, half, (self.words, self.units)), "U": np.zeros((self.words, self.units))}

    def loss_and_grads(self, xp: Namespace, params: Params, batch: Batch, ctx: Context) -> tuple[Array, Params]:
        """J of the pairs of a batch, and dE and dU by rows."""
        x = batch.x
        centres = _centres(x["words"], x["reach"])
        near = self._near(xp, x, params["E"].dtype)
        # A passage of weight zero is none: an engine may pad a batch with such.
        w = xp.ones_like(near[:, :1, :1]) if batch.w is None else batch.w[:, None, None]
        gradients = self._skipgram if self.model == "skipgram" else self._cbow
        return gradients(xp, params, x["words"], centres, near, x["noise"], w)

    def _skipgram(
        self, xp: Namespace, params: Params, words: Array, centres: Array, near: Array, noise: Array, w: Array
    ) -> tuple[Array, Params]:
        """v (N, C, D) of the centres against u of the words around them and of the noise."""
        E, U, near = params["E"], params["U"], w * near
        v, u, u_noise = xp.take(E, centres), xp.take(U, words), xp.take(U, noise)
        # How often each centre counts each noise word: once for each word near it that is another one.
        other = xp.cast(words[:, :, None] != noise[:, None, :], near.dtype)
        told, apart = self._compared(xp, v @ _turned(u), near), self._apart(xp, v, u_noise, near @ other, noise)
        da, da_noise = told.da, apart.da
        dv = da @ u + da_noise @ u_noise
        du, du_noise = _turned(da) @ v, _turned(da_noise) @ v
        return told.cost + apart.cost, {
            "E": RowGradient(centres, dv, E.shape),
            "U": RowGradient(_beside(xp, words, noise), xp.concatenate((du, du_noise), axis=1), U.shape),
        }

    def _cbow(
        self, xp: Namespace, params: Params, words: Array, centres: Array, near: Array, noise: Array, w: Array
    ) -> tuple[Array, Params]:
        """v (N, C, D), the means of the words around the centres, against u of the centres and of the noise."""
        E, U = params["E"], params["U"]
        n = xp.sum(near, axis=2, keepdims=True)
        mean = near / xp.maximum(n, 1)
        v, u, u_noise = mean @ xp.take(E, words), xp.take(U, centres), xp.take(U, noise)
        counted = w * xp.cast(n > 0, near.dtype)
        other = xp.cast(centres[:, :, None] != noise[:, None, :], near.dtype)
        told = self._compared(xp, xp.sum(v * u, axis=2, keepdims=True), counted)
        apart = self._apart(xp, v, u_noise, counted * other, noise)
        dv = told.da * u + apart.da @ u_noise
        du, du_noise = told.da * v, _turned(apart.da) @ v
        return told.cost + apart.cost, {
            "E": RowGradient(words, _turned(mean) @ dv, E.shape),
            "U": RowGradient(_beside(xp, centres, noise), xp.concatenate((du, du_noise), axis=1), U.shape),
        }

    def _compared(self, xp: Namespace, a: Array, counts: Array) -> _Compared:
        """-log σ(a) for each pair, and σ(a) - 1."""
        sigmoid, softplus = _logistic(xp, -a)
        return _Compared(self.share * xp.sum(counts * softplus), -self.share * counts * sigmoid)

    def _apart(self, xp: Namespace, v: Array, u_noise: Array, counts: Array, noise: Array) -> _Compared:
        """-log σ(-a) for each pair of a centre and a noise word, as often as it counts, and σ(a)."""
        counts = counts * (self.share * self.negative / noise.shape[1])
        sigmoid, softplus = _logistic(xp, v @ _turned(u_noise))
        return _Compared(xp.sum(counts * softplus), counts * sigmoid)

    def _near(self, xp: Namespace, x: Array, dtype: str) -> Array:
        """Return (N, C, W + C + W), 1 where a word is near a centre: within its reach, in its sentence, not itself."""
        sentences, reach = x["sentences"], x["reach"]
        n = reach.shape[1]
        side = (sentences.shape[1] - n) // 2
        apart = xp.abs(xp.arange(sentences.shape[1])[None, :] - side - xp.arange(n)[:, None])
        near = (apart > 0)[None] & (apart[None] <= reach[:, :, None])
        return xp.cast(near & (sentences[:, None, :] == sentences[:, side : side + n, None]), dtype)

    def pairs(self, xp: Namespace, data: Batch) -> float:
        """Return how many pairs a batch has; of CBOW, how many centres with a word near them."""
        near = self._near(xp, data.x, "float32")
        return float(xp.sum(near if self.model == "skipgram" else xp.max(near, axis=2)))

    def check(self, data: Batch) -> None:
        """Look at the shapes, and for numbers that are no words."""
        x = data.x
        if not hasattr(x, "keys") or set(x) != set(PARTS):
            raise ShapeError(f"passages with {', '.join(PARTS)}", "something else", "Make them with large.Passages.")
        shapes = {name: np.shape(x[name]) for name in PARTS}
        around, n = shapes["words"][-1], shapes["reach"][-1]
        if shapes["sentences"] != shapes["words"] or around < n or (around - n) % 2:
            raise ShapeError(
                "words and sentences (N, W + C + W) and reach (N, C)", f"{shapes}", "Give W words on either side."
            )
        for name, least, most in (
            ("words", 0, self.words - 1),
            ("noise", 0, self.words - 1),
            ("reach", 0, (around - n) // 2),
        ):
            values = np.asarray(x[name])
            if values.dtype.kind not in "iu" or (values.size and not (least <= values.min() and values.max() <= most)):
                raise DataError(
                    f"{name} to be whole numbers from {least} to {most}",
                    f"{values.dtype} from {values.min()} to {values.max()}",
                    "Number the words by the vocabulary that the tables are for.",
                )

    def evaluate(self, engine: Engine, params: Params, data: Batch) -> dict[str, float]:
        """Return the mean cost of a pair."""
        cost, _ = self.loss_and_grads(engine.xp, params, placed(engine, data), PREDICT)
        pairs = self.pairs(engine.xp, placed(engine, data))
        return {"cost": float(engine.numpy(cost)) / self.share / max(1.0, pairs)}


class _Compared(NamedTuple):
    """What some scores cost together, and the derivative by each of them."""

    cost: Array
    da: Array


def _centres(words: Array, reach: Array) -> Array:
    side = (words.shape[1] - reach.shape[1]) // 2
    return words[:, side : side + reach.shape[1]]


def _turned(a: Array) -> Array:
    """Return (N, I, J) as (N, J, I)."""
    return a.transpose(0, 2, 1)


def _beside(xp: Namespace, words: Array, noise: Array) -> Array:
    return xp.concatenate((words, noise), axis=1)


def _logistic(xp: Namespace, a: Array) -> tuple[Array, Array]:
    """σ(a), and -log σ(-a) = log(1 + eᵃ), by one exponential that cannot overflow: e^-|a|."""
    e = xp.exp(-xp.abs(a))
    return xp.where(a >= 0, 1, e) / (1 + e), xp.maximum(a, 0) + xp.log1p(e)


def dense(xp: Namespace, grads: Params) -> dict[str, Array]:
    """Return gradients by rows as arrays of the tables' shapes."""
    return {name: as_dense(xp, value) for name, value in grads.items()}
