"""A student's file in a process of its own, with limits of time and memory, in a folder that is thrown away."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

from chainrule.errors import ChainruleError, ConfigError, did_you_mean
from chainrule.explain.why.call import SECONDS, TooLong, limit, line_of
from chainrule.explain.why.judge import judge
from chainrule.explain.why.question import Question
from chainrule.explain.why.trace import Source
from chainrule.explain.why.verdict import Verdict

# Bytes that the student's code may take beside what Python and NumPy have.
MEMORY = 1 << 30
# Bytes of a file that it may write, into a folder that is removed.
WRITTEN = 1 << 24


def judge_file(
    path: Path,
    function: str,
    question: Question,
    *,
    arguments: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Verdict:
    """Judge a function of a file, which is run apart.

    Its prints go nowhere, and files that it names without a folder are removed with the folder it runs in. That is a
    guard against accidents, not against malice: it runs with the user's own rights.

    Parameters
    ----------
    path : Path
    function : str
        Its name in the file.
    question : Question
    arguments : mapping, optional
        As for `judge`.
    seconds : float
        For each call.

    Raises
    ------
    ConfigError
        If the file cannot be read, or an argument is none that the question has.
    """
    text = read(path)
    job = {
        "path": str(path.resolve()),
        "text": text,
        "function": function,
        "question": question.to_dict(),
        "arguments": dict(arguments or {}),
        "seconds": seconds,
    }
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(entry or os.getcwd() for entry in sys.path)  # noqa: PTH109
    with tempfile.TemporaryDirectory(prefix="chainrule-", ignore_cleanup_errors=True) as folder:
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "chainrule.explain.why.apart"],
                input=json.dumps(job),
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                cwd=folder,
                env=environment,
                timeout=8 * seconds + 20,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Verdict(
                "not valid", 0.0, f"it did not end, nor could it be interrupted, within {8 * seconds + 20:g} s"
            )
        wrote = sorted(one.name for one in Path(folder).iterdir())
    verdict = _read(ended.stdout, ended.returncode)
    if wrote:
        note = f"it writes {', '.join(wrote[:3])}: a derivative needs no file, and none was kept"
        verdict = Verdict.from_json(json.dumps({**json.loads(verdict.to_json()), "notes": [*verdict.notes, note]}))
    return verdict


def read(path: Path) -> str:
    """Return a student's file as text.

    Raises
    ------
    ConfigError
        If there is none, or it is no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError("a Python file in UTF-8", f"{path}: {error.reason}", "Save it as UTF-8.") from error
    except OSError as error:
        raise ConfigError("a Python file", f"{path}: {error.strerror}", "Name a file that can be read.") from error


def _read(answer: str, code: int) -> Verdict:
    try:
        held = json.loads(answer)
    except json.JSONDecodeError:
        why = "it takes more memory than it may have" if code in (-9, 137) else f"its process ended with code {code}"
        return Verdict("not valid", 0.0, f"{why}, and no answer came")
    if "judge" in held:
        raise RuntimeError(f"the judge failed:\n{held['judge']}")
    if "expected" in held:
        raise ConfigError(held["expected"], held["came"], held["remedy"])
    return Verdict.from_json(answer)


def main() -> None:
    """Judge what stdin describes, and write the verdict to what stdout was at the start."""
    job = json.load(sys.stdin)
    answers = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    try:
        answer = _judged(job).to_json()
    except ChainruleError as error:
        answer = json.dumps({"expected": error.expected, "came": error.came, "remedy": error.remedy})
    except Exception:
        # A fault of the judge, not of what is judged: it must not be taken for one.
        answer = json.dumps({"judge": traceback.format_exc()})
    with os.fdopen(answers, "w", encoding="utf-8") as stream:
        stream.write(answer)
        stream.flush()
    # Threads that the student's code has started do not keep the process.
    os._exit(0)


def _judged(job: Mapping[str, Any]) -> Verdict:
    _limit_process()
    text, path = job["text"], job["path"]
    try:
        code = compile(text, path, "exec")
        source = Source(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        shown = text.splitlines()[line - 1].strip() if line and line <= len(text.splitlines()) else ""
        return Verdict("not valid", 0.0, f"Python cannot read the file: {getattr(error, 'msg', error)}", line, shown)
    names: dict[str, Any] = {"__name__": "student", "__file__": path}
    sys.path.insert(0, str(Path(path).parent))
    try:
        with limit(job["seconds"]):
            exec(code, names)  # noqa: S102 (the student's file, which is what is asked about)
    except TooLong as error:
        line = line_of(error, path)
        return Verdict("not valid", 0.0, "running the file itself does not end", line, source.line(line or 0))
    except (Exception, SystemExit) as error:
        line = line_of(error, path)
        said = f"running the file raises {type(error).__name__}: {error}"
        return Verdict("not valid", 0.0, said, line, source.line(line or 0))
    function = names.get(job["function"])
    if not isinstance(function, FunctionType):
        there = [name for name, value in names.items() if isinstance(value, FunctionType)]
        remedy = did_you_mean(job["function"], there) if there else "Define it: def NAME(…): …"
        raise ConfigError(f"a function {job['function']} in the file", ", ".join(there) or "no function", remedy)
    question = Question.from_dict(job["question"])
    return judge(function, question, arguments=job["arguments"], seconds=job["seconds"], source=source)


def _limit_process() -> None:
    """Limit memory and the size of files, where the platform can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))


if __name__ == "__main__":
    main()
