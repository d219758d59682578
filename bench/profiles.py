"""Where the CPU time of a request goes: samples of one loaded worker, by py-spy, summed up as text."""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from load import burst
from subjects import Subject

SHOWN = 12
PY_SPY = Path(sys.executable).with_name("py-spy")
FRAME = re.compile(r".+ \((?:(?P<package>\w+)/)?(?P<module>.+?)(?:\.py)?\)")
OWN = "dvauth"


def print_profile(subject: Subject, seconds: int) -> None:
    packages, ours, others, total = Counter[str](), Counter[str](), Counter[str](), 0
    for frames, count in _samples(subject, seconds):
        total += count
        packages[_package(frames[-1])] += count
        for frame in set(frames):
            (ours if _package(frame) == OWN else others)[frame] += count
    print(f"{subject.name}: {total} samples of a worker under load")
    _print("By package, own time", packages, total)
    _print("By function of dvauth, with all that it calls", ours, total)
    _print("By function elsewhere, with all that it calls", others, total)


def _samples(subject: Subject, seconds: int) -> Iterator[tuple[list[str], int]]:
    """Call stacks, outermost first, and how often each was seen."""
    burst(subject, 2)  # until then every worker has started
    with tempfile.NamedTemporaryFile("r") as file, ThreadPoolExecutor() as pool:
        load = pool.submit(burst, subject, seconds + 2)
        command = [str(PY_SPY), "record", "--pid", str(subject.server.workers()[0]), "--output", file.name]
        command += ["--gil", "--function", "--format", "raw", "--rate", "250", "--duration", str(seconds)]
        subprocess.run(command, check=True, capture_output=True)
        load.result()
        for line in Path(file.name).read_text("utf-8").splitlines():
            stack, _, count = line.rpartition(" ")
            yield stack.split(";"), int(count)


def _package(frame: str) -> str:
    """The package that a frame such as ``full_dispatch_request (flask/app.py)`` is from; else its module."""
    match = FRAME.fullmatch(frame)
    return match["package"] or match["module"] if match else frame


def _print(title: str, counts: Counter[str], total: int) -> None:
    print(f"\n{title}")
    for name, count in counts.most_common(SHOWN):
        print(f"  {count / total:6.1%}  {name}")
