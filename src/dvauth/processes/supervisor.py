"""The supervisor of ``dvauth serve``: starts the children, starts again what dies, stops all in order.

One thread, the main one: it starts the children, so the kernel ends them when it ends (see ``lifeline``). It waits
for signals and does nothing else, so whatever happens to a child is handled in one place, ``watch``.
"""

import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType
from typing import Self

from dvauth.explained import Explained

STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
STEADY_SECONDS = 10.0  # a child that lived this long was well: it is started again at once
LONGEST_PAUSE_SECONDS = 10.0
NOTHING_TO_DO_SECONDS = 3600.0

Process = subprocess.Popen[bytes]


class CannotStart(Explained):
    """The sentence is for the operator."""


class Child:
    """One program that is kept running.

    ``spawn`` starts it; ``grace_seconds`` is how long it may finish its work when it is asked to stop.
    """

    def __init__(self, name: str, spawn: Callable[[], Process], *, grace_seconds: float = 5.0) -> None:
        self.name = name
        self._spawn = spawn
        self._grace_seconds = grace_seconds
        self._early_ends = 0
        self.start()

    def start(self) -> None:
        self._started_at = time.monotonic()
        self._start_again_at: float | None = None
        self.process = self._spawn()

    def tend(self, say: Callable[[str], None]) -> float:
        """Start it again if it has ended and its pause is over; returns seconds until the next look."""
        if self.process.poll() is None:
            return NOTHING_TO_DO_SECONDS
        if self._start_again_at is None:
            self._start_again_at = self._next_start(say, f"ended ({_cause(self.process.returncode)})")
        left = self._start_again_at - time.monotonic()
        if left > 0:
            return left
        try:
            self.start()
        except OSError as error:  # such as no process left to be had
            self._start_again_at = self._next_start(say, f"cannot be started ({error})")
            return 0.0
        return NOTHING_TO_DO_SECONDS

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(self._grace_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _next_start(self, say: Callable[[str], None], what: str) -> float:
        pause = self._pause()
        say(f"{self.name} {what}; {_plan(pause)}")
        return time.monotonic() + pause

    def _pause(self) -> float:
        """None after a steady life or a first early end; then half a second, doubled by each early end in a row."""
        lived = time.monotonic() - self._started_at
        self._early_ends = 0 if lived >= STEADY_SECONDS else self._early_ends + 1
        return 0.0 if self._early_ends < 2 else min(LONGEST_PAUSE_SECONDS, 0.25 * 2 ** (self._early_ends - 1))


class Supervisor(ExitStack):
    """Keeps children running; leaving its ``with`` block stops them, the last started first."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        for number in STOP_SIGNALS:  # while we start; once we watch, they are waited for
            signal.signal(number, _leave)
        return self

    def start(self, name: str, spawn: Callable[[], Process], *, grace_seconds: float = 5.0) -> Process:
        child = Child(name, spawn, grace_seconds=grace_seconds)
        self.callback(child.stop)
        self._children.append(child)
        return child.process

    def watch(self) -> None:
        """Tend the children until somebody asks us to stop. Signals are blocked, so none is lost between two looks."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, *STOP_SIGNALS})
        try:
            while not self._stop_asked_within(min(child.tend(self._say) for child in self._children)):
                pass
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @staticmethod
    def _stop_asked_within(seconds: float) -> bool:
        heard = signal.sigtimedwait({signal.SIGCHLD, *STOP_SIGNALS}, seconds)
        return heard is not None and heard.si_signo in STOP_SIGNALS


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Unwind the ``with`` block, which stops the children."""
    raise SystemExit(0)


def _cause(returncode: int) -> str:
    return f"exit status {returncode}" if returncode >= 0 else signal.Signals(-returncode).name


def _plan(pause: float) -> str:
    return f"it keeps ending, next start in {pause:g} s." if pause else "starting it again."
