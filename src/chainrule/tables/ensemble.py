"""The ensemble: the members that were picked, with their networks of all folds, as one network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.network.network import Network
from chainrule.nn import Ensemble
from chainrule.tables.learn import Learned
from chainrule.tables.member import Member
from chainrule.tree import fill, leaves
from chainrule.types import Params


@dataclass(frozen=True, eq=False)
class Picked:
    """What a search came to.

    Attributes
    ----------
    network : Network
        An ensemble: of each member that was picked, the network of every fold.
    params : tree of NumPy arrays
    members : tuple of Member
        That were picked, the weightiest first.
    weights : tuple of float
        Whose sum is 1.
    tried : int
        How many members had learned.
    folds : int
        Networks of each member.
    temperature : float
        By which the logits were divided; 1 of values.
    out_of_fold : array (N, K)
        What it would have said of each row by networks that did not learn from it; NaN of rows that no fold held out.
    cost, linear_cost : float
        Of these rows: its own, and the best linear member's alone.
    """

    network: Network
    params: Params
    members: tuple[Member, ...]
    weights: tuple[float, ...]
    tried: int
    folds: int
    temperature: float
    out_of_fold: np.ndarray
    cost: float
    linear_cost: float

    def __str__(self) -> str:
        """Return what was picked: `3 of 9 members: 1 linear, 2 with 2 hidden layers`."""
        kinds = Counter(member.kind for member in self.members)
        told = [f"{n} {'with ' if 'layer' in kind else ''}{kind}" for kind, n in sorted(kinds.items(), reverse=True)]
        return f"{len(self.members)} of {self.tried} members: {', '.join(told)}"

    def to_json(self) -> dict[str, Any]:
        """Return what was picked, for a model file's summary."""
        each = [
            {"member": member.describe(), "kind": member.kind, "weight": round(weight, 4)}
            for member, weight in zip(self.members, self.weights, strict=True)
        ]
        return {
            "picked": str(self),
            "tried": self.tried,
            "folds": self.folds,
            "temperature": round(self.temperature, 4),
            "cost": self.cost,
            "linear_cost": self.linear_cost,
            "members": each,
        }


def assemble(
    networks: Sequence[Network], learned: Sequence[Sequence[Learned]], weights: Sequence[float], temperature: float
) -> tuple[Network, Params]:
    """Return the ensemble of members, each with the networks that it learned on the folds.

    Parameters
    ----------
    networks : sequence of Network
        One for each member.
    learned : sequence of sequences
        For each member, one for each fold.
    weights : sequence of float
        One for each member; a member's networks share its weight.
    temperature : float
        The last layer's weights are divided by it.
    """
    loss = networks[0].loss
    flat = [
        (network.layer, _cooled(network, one.params, temperature), weight / len(of_folds))
        for network, of_folds, weight in zip(networks, learned, weights, strict=True)
        for one in of_folds
    ]
    layer = Ensemble.of([inside for inside, _, _ in flat], loss, [weight for _, _, weight in flat])
    params = {f"member{i}": own for i, (_, own, _) in enumerate(flat, start=1)}
    return replace(networks[0], layer=layer), params


def _cooled(network: Network, params: Params, temperature: float) -> Params:
    """Return the weights of a network whose logits are divided by a temperature, in the layers' own order."""
    # Whatever learned them may have put the names into another order, in which the last is not the last layer.
    named = fill(network.specs, dict(leaves(params)))
    *_, last = network.layer.children()
    if not named[last]:
        raise AssertionError(f"the last layer, {last}, has the weights of the logits")
    return {**named, last: {name: (w / temperature).astype(w.dtype) for name, w in named[last].items()}}
