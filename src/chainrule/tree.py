"""Trees of named arrays: {"hidden1": {"W": W}} to read, map, build, fill and overlay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chainrule.types import Params


def leaves(tree: Params, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf of a tree with its dotted name, such as `hidden1.W`, in the tree's order."""
    for name, value in tree.items():
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(value, Mapping):
            yield from leaves(value, path)
        else:
            yield path, value


def dotted(*names: str) -> str:
    """Return the dotted name of a leaf, such as `hidden1.W`, from the names on the way to it; empty ones are no step."""
    return ".".join(name for name in names if name)


def map_leaves(function: Callable[..., Any], tree: Params, *others: Params) -> dict[str, Any]:
    """Apply `function` to the leaves of `tree` and to the leaves of the same name in `others`."""
    return {
        name: map_leaves(function, value, *(other[name] for other in others))
        if isinstance(value, Mapping)
        else function(value, *(other[name] for other in others))
        for name, value in tree.items()
    }


def nest(named: Mapping[str, Any]) -> dict[str, Any]:
    """Build the tree that `leaves` reads: {"hidden1.W": W} becomes {"hidden1": {"W": W}}."""
    tree: dict[str, Any] = {}
    for path, value in named.items():
        *parents, last = path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
    return tree


def fill(tree: Params, named: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a tree of the layout of `tree`, layers without parameters included, with the values of `named`."""
    filled: dict[str, Any] = {}
    for name, value in tree.items():
        path = f"{prefix}.{name}" if prefix else name
        filled[name] = fill(value, named, path) if isinstance(value, Mapping) else named[path]
    return filled


def overlay(tree: Params, values: Params) -> dict[str, Any]:
    """Return a copy of a tree with those leaves replaced that `values`, a part of such a tree, has."""
    return {
        name: (overlay(value, values[name]) if isinstance(value, Mapping) else values[name])
        if name in values
        else value
        for name, value in tree.items()
    }


def leaf(tree: Params, path: str) -> Any:
    """Return the leaf called `path`, such as `hidden1.W`."""
    node: Any = tree
    for name in path.split("."):
        node = node[name]
    return node
