"""Imports: no module needs, by whatever way round, a module that needs it."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp


def test_no_two_modules_import_each_other_in_a_circle() -> None:
    graph = grimp.build_graph("chainrule", exclude_type_checking_imports=True)
    needed = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(needed).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(reversed(error.args[1]))) from error
