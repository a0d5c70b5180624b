"""The first line that is wrong: everything it reads is right, nothing right is made of it, and the result is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.explain.why.recognise import Seen, recognise
from chainrule.explain.why.trace import Assigned, Source, Statement


@dataclass(frozen=True)
class Walk:
    """A run of the student's function, statement by statement.

    Attributes
    ----------
    assigned : tuple of Assigned
        In the order in which they ran first.
    seen : mapping
        What was recognised, by statement.
    first_wrong : Assigned or None
        The statement where it goes wrong.
    """

    assigned: tuple[Assigned, ...]
    seen: Mapping[Statement, Seen | None]
    first_wrong: Assigned | None

    @property
    def right(self) -> dict[str, Statement]:
        """What is right, by the derivation's name."""
        found: dict[str, Statement] = {}
        for one in self.assigned:
            seen = self.seen[one.statement]
            if seen is not None and seen.right:
                found.setdefault(seen.what, one.statement)
        return found


def walk(
    found: Mapping[Statement, Assigned], known: Mapping[str, Any], sizes: Mapping[str, int], source: Source, answer: str
) -> Walk:
    """Find the first statement that is wrong.

    Parameters
    ----------
    found : mapping
        What each statement assigned.
    known : mapping
        The derivation's values by name.
    sizes : mapping
    source : Source
    answer : str
        What is to be returned.
    """
    assigned = tuple(sorted(found.values(), key=lambda one: (one.first, one.statement.line)))
    seen = {one.statement: recognise(one, known, sizes) for one in assigned}
    last = max(assigned, key=lambda one: one.last).statement if assigned else None
    returned = seen[last] if last is not None else None
    if last is not None and not last.name and (returned is None or (returned.what, returned.how) != (answer, "same")):
        # Something of the derivation, but not what was asked for.
        seen[last] = None
    before = {one.statement: _before(one, assigned, source) for one in assigned}
    right = [statement for statement, what in seen.items() if what is not None and what.right]
    # What something right was made of was right enough, even where it is nothing of the derivation.
    fine = set(right) | _all_before(right, before)
    ends = [one.statement for one in assigned if not one.statement.name] or [one.statement for one in assigned[-1:]]
    reaching = _all_before([last], before) | {last} if last is not None else set(ends)
    for one in assigned:
        statement = one.statement
        wrong = statement not in fine and statement in reaching and one.values and not _begins(one, assigned)
        if wrong and all(earlier in fine or _begins(found[earlier], assigned) for earlier in before[statement]):
            return Walk(assigned, seen, _source_of(one, assigned, fine))
    wrong_ones = [one for one in assigned if one.statement in reaching and one.statement not in fine]
    return Walk(assigned, seen, wrong_ones[0] if wrong_ones else None)


def _source_of(one: Assigned, assigned: tuple[Assigned, ...], fine: set[Statement]) -> Assigned:
    """Return where a value arose that is only returned."""
    statement = one.statement
    if statement.name or not statement.copies:
        return one
    made = [other for other in assigned if other.statement.name in statement.reads and other.statement.name]
    return made[-1] if made and made[-1].statement not in fine else one


def _begins(one: Assigned, assigned: tuple[Assigned, ...]) -> bool:
    """Whether a statement only makes a place, such as dW = np.zeros(…), that others fill."""
    filled = any(
        other.statement.name == one.statement.name and other.first > one.first and other.statement is not one.statement
        for other in assigned
    )
    flat = all(value.size == 0 or float(abs(value - value.flat[0]).max()) == 0.0 for value in one.values[:1])
    return filled and flat and not one.statement.adds


def _before(one: Assigned, assigned: tuple[Assigned, ...], source: Source) -> set[Statement]:
    """Return the statements whose values a statement reads."""
    this = one.statement
    found = set()
    ranges = [
        (node.lineno, node.end_lineno or node.lineno)
        for name, node in source.functions.items()
        if name in this.calls and name != ""
    ]
    offset = source.offset
    for other in assigned:
        that = other.statement
        if that is this:
            continue
        if that.name and that.name in this.reads and other.first < one.last:
            found.add(that)
        elif that.name and that.name == this.name and other.first < one.first:
            # What the same array held before: filled entry by entry, or added to.
            found.add(that)
        elif not that.name and any(start + offset <= that.line <= end + offset for start, end in ranges):
            found.add(that)
    return found


def _all_before(statements: list[Statement], before: Mapping[Statement, set[Statement]]) -> set[Statement]:
    reached: set[Statement] = set()
    queue = list(statements)
    while queue:
        for earlier in before.get(queue.pop(), ()):
            if earlier not in reached:
                reached.add(earlier)
                queue.append(earlier)
    return reached
