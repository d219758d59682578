"""Where the CPU time of a check goes: the application alone, without the server, in one thread, by cProfile."""

import cProfile
import pstats
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stage import Stage
from subjects import Subject
from werkzeug.test import EnvironBuilder, run_wsgi_app

from dvauth.app import create_app

SHOWN = 12
INSTALLED = "site-packages"
OURS = "dvauth"


def print_profile(stage: Stage, subject: Subject, times: int) -> None:
    app, environ = create_app(stage.parts), _environ(subject)
    profile = cProfile.Profile(time.process_time)  # CPU time: waiting for Redis does not count
    for _ in range(times // 10):
        _ask(app, environ)
    profile.runcall(lambda: [_ask(app, environ) for _ in range(times)])
    own, inclusive = Counter[str](), Counter[str]()
    for (file, _, function), (_, _, own_time, whole_time, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        own[_package(file, function)] += own_time
        if f"/{OURS}/" in file:
            inclusive[f"{function} ({file.rpartition(f'/{OURS}/')[2]})"] += whole_time
    total = sum(own.values())
    print(f"{subject.name}: {times} times in one thread, without a server")
    _print("By package, own time", own, total)
    _print("By function of dvauth, with all that it calls", inclusive, total)


def _ask(app: Callable[..., Any], environ: dict[str, Any]) -> None:
    _, status, _ = run_wsgi_app(app, dict(environ))
    if not status.startswith("200"):
        raise SystemExit(f"The application answers {status}.")


def _environ(subject: Subject) -> dict[str, Any]:
    line, *fields = subject.requests.read_bytes().split(b"\0")[0].decode().split("\r\n\r\n")[0].split("\r\n")
    headers = [tuple(each.split(": ", 1)) for each in fields]
    environ = EnvironBuilder(path=line.split()[1], headers=headers).get_environ()
    return environ | {"REMOTE_ADDR": "127.0.0.1"}


def _package(file: str, function: str) -> str:
    """The package of an installed file, or dvauth; else the standard library's module, or the builtin."""
    if file == "~":
        return f"{'socket' if 'socket' in function else 'other'} functions in C"
    path = Path(file)
    if INSTALLED in path.parts:
        return path.parts[path.parts.index(INSTALLED) + 1]
    return OURS if f"/{OURS}/" in file else f"standard library: {path.stem}"


def _print(title: str, seconds: Counter[str], total: float) -> None:
    print(f"\n{title}")
    for name, share in seconds.most_common(SHOWN):
        print(f"  {share / total:6.1%}  {name}")
