"""A process that was forked after JAX had started is told so, and does not hang."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, warnings
warnings.simplefilter("ignore")
import numpy as np
from chainrule.engine import choose, engine_by_name
from chainrule.errors import ConfigError

many = dict(steps=10**9, operations=1e9)
assert choose("auto", "float32", **many).engine.name == "jax"
{before}
child = os.fork()
if child:
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
try:
    answer = float(engine_by_name("jax").array(np.ones(3)).sum())
except ConfigError as error:
    answer = str(error)
print(answer, "|", choose("auto", "float32", **many).reason, flush=True)
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize(
    ("before", "answer", "reason"),
    [
        ("engine_by_name('jax').array(np.ones(3))", "`spawn` or `forkserver`", "forked after JAX had started"),
        ("", "3.0 |", "worth compiling"),
    ],
)
def test_jax_in_a_forked_process(before: str, answer: str, reason: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(before=before)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, answer in done.stdout, reason in done.stdout) == (0, True, True), done
