"""Lengths: sequences of a like length together, so that little of what is computed is padding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.network.network import Network

# Different lengths that sequences are padded to.
_LENGTHS = 4
# Where no more than this share of all steps is left out, nothing is gained.
_WORTH_IT = 0.8


def reads_any_length(network: Network) -> bool:
    """Tell whether a network with the same weights reads sequences that are shorter than its own.

    Dense layers over all steps, or learned positions, bind a network to one length.
    """
    steps, *rest = network.input_shape
    if steps < 2:
        return False
    shorter = (steps - 1, *rest)
    try:
        same = network.layer.params(shorter) == network.specs
        output = network.layer.output_shape(shorter)
    except ChainruleError:
        return False
    return same and output in (network.output_shape, (steps - 1, *network.output_shape[1:]))


def lengths_of(mask: Any) -> np.ndarray:
    """Return for each sample (N,) its steps up to the last one that there is."""
    there = np.asarray(mask) > 0
    steps = there.shape[1]
    return np.where(there.any(axis=1), steps - there[:, ::-1].argmax(axis=1), 0)


def padded_lengths(lengths: np.ndarray, steps: int) -> np.ndarray:
    """Return for each sample (N,) the length that it is to be padded to: T, or the next of T/2, T/4 and T/8 that holds it.

    The same few lengths for every part of the data: an engine that compiles does so once for each.
    """
    rungs = np.array(sorted({math.ceil(steps / 2**halved) for halved in range(_LENGTHS)}))
    fitting: np.ndarray = rungs[np.searchsorted(rungs, lengths)]
    return fitting


def own_lengths(network: Network, mask: Any) -> np.ndarray | None:
    """Return the lengths that samples may be padded to, each by its own steps alone; None where it must be T for all.

    Parameters
    ----------
    mask : array (N, T)
        1 for each step that there is.
    """
    if mask is None or len(np.shape(mask)) != 2 or np.shape(mask)[1] != network.input_shape[0]:
        return None
    if not reads_any_length(network):
        return None
    return padded_lengths(lengths_of(mask), np.shape(mask)[1])


def worth_shortening(network: Network, mask: Any) -> np.ndarray | None:
    """Return the lengths of `own_lengths`, or None where little would be gained by them."""
    lengths = own_lengths(network, mask)
    return lengths if lengths is not None and lengths.sum() < _WORTH_IT * np.size(mask) else None
